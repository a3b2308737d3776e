/* Virtual hosts: each has a policy of its own, in a TOML file of clientcert's options. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "requests.h"

static clientcert_verifier *verifier_from(const char *file) {
    clientcert_config *config = clientcert_config_new();
    clientcert_verifier *verifier = NULL;
    clientcert_error *error = NULL;

    if (clientcert_config_load(config, file, &error) != CLIENTCERT_OK ||
        clientcert_verifier_new(config, &verifier, &error) != CLIENTCERT_OK)
        fail(clientcert_error_message(error));
    clientcert_config_free(config);
    return verifier;
}

/* What a policy says that is worth a look. */
static void print_warnings(const char *name, const clientcert_verifier *verifier) {
    clientcert_policy *policy = clientcert_verifier_policy(verifier);

    for (size_t i = 0; i < clientcert_policy_warning_count(policy); i++)
        fprintf(stderr, "requests_server: %s: warning: %s\n", name, clientcert_policy_warning(policy, i));
    clientcert_policy_free(policy);
}

void host_add(struct server *server, const char *name, const char *file) {
    struct host *host = &server->hosts[server->host_count];

    if (server->host_count == sizeof(server->hosts) / sizeof(server->hosts[0]))
        fail("too many hosts");
    host->name = name;
    host->verifier = verifier_from(file);
    host->context = tls_context(server, host);
    print_warnings(name, host->verifier);
    server->host_count++;
}

/* The host of a name, which may have a port; the first one where there is none of that name, as servers do. */
const struct host *host_named(const struct server *server, const char *authority, size_t length) {
    const char *colon = authority == NULL ? NULL : memchr(authority, ':', length);

    if (colon != NULL)
        length = (size_t)(colon - authority);
    for (size_t i = 0; authority != NULL && i < server->host_count; i++)
        if (strlen(server->hosts[i].name) == length && strncasecmp(server->hosts[i].name, authority, length) == 0)
            return &server->hosts[i];
    return &server->hosts[0];
}

/* Options become verifiers: ours, and where they say nothing, what mod_ssl's directives mean. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mod_clientcert.h"

/* Virtual hosts with the same options share a verifier, and what it remembers. */
struct policy {
    const char *options;
    clientcert_verifier *verifier;
};

static apr_array_header_t *policies;

static apr_status_t forget(void *unused) {
    (void)unused;
    for (int i = 0; policies != NULL && i < policies->nelts; i++)
        clientcert_verifier_free(APR_ARRAY_IDX(policies, i, struct policy).verifier);
    policies = NULL;
    return APR_SUCCESS;
}

void policy_forget(apr_pool_t *pool) {
    if (policies != NULL)
        apr_pool_cleanup_run(policies->pool, NULL, forget);
    policies = apr_array_make(pool, 4, sizeof(struct policy));
    apr_pool_cleanup_register(pool, NULL, forget, apr_pool_cleanup_null);
}

size_t policy_count(void) {
    return policies == NULL ? 0 : (size_t)policies->nelts;
}

const clientcert_verifier *policy_at(size_t index) {
    return APR_ARRAY_IDX(policies, index, struct policy).verifier;
}

int policy_in_use(void) {
    return policy_count() > 0;
}

/* What can go wrong is told by the place of the setting that the message names, else by that of ClientCert. */
static int complain(const struct host *host, const char *message) {
    const struct setting *at = &host->at;
    const apr_array_header_t *both[] = {host->theirs, host->own};

    for (size_t i = 0; i < 2; i++)
        for (int j = 0; j < both[i]->nelts; j++) {
            const struct setting *setting = &APR_ARRAY_IDX(both[i], j, struct setting);
            const char *named[] = {apr_pstrcat(both[i]->pool, "'", setting->name, "'", NULL),
                                   apr_pstrcat(both[i]->pool, "`", setting->name, "`", NULL),
                                   apr_pstrcat(both[i]->pool, "'", setting->value, "'", NULL)};

            if (strstr(message, named[0]) != NULL || strstr(message, named[1]) != NULL ||
                strstr(message, named[2]) != NULL || (setting->value[0] == '/' && strstr(message, setting->value) != NULL))
                at = setting;
        }
    return configuration_complain(at, message);
}

static int set(clientcert_config *config, const char *name, const char *value, clientcert_error **error) {
    return clientcert_config_set(config, name, value, error) == CLIENTCERT_OK;
}

/* The file of options, then ClientCertOption: the last setting counts. */
static int set_own(clientcert_config *config, const struct host *host, clientcert_error **error) {
    if (host->config_file != NULL && clientcert_config_load(config, host->config_file, error) != CLIENTCERT_OK)
        return 0;
    for (int i = 0; i < host->own->nelts; i++)
        if (!set(config, APR_ARRAY_IDX(host->own, i, struct setting).name,
                 APR_ARRAY_IDX(host->own, i, struct setting).value, error))
            return 0;
    return 1;
}

/* Whether a dump of options has one that is not at its default, and perhaps this value. */
static int has(const char *dump, const char *name, const char *value) {
    size_t length = strlen(name);

    for (const char *line = dump; line != NULL && *line != '\0';
         line = strchr(line, '\n'), line = line == NULL ? NULL : line + 1)
        if (strncmp(line, name, length) == 0 && strncmp(line + length, " = ", 3) == 0)
            return value == NULL || strncmp(line + length + 3, value, strlen(value)) == 0;
    return 0;
}

/* Sets what a directive of mod_ssl means here, under the name that it has there. */
static int take(clientcert_config *config, const struct host *host, const char *directive, clientcert_error **error) {
    const struct setting *setting = setting_find(host->theirs, directive);

    return setting == NULL || set(config, directive, setting->value, error);
}

static int is_on(const struct setting *setting) {
    return setting != NULL && strcasecmp(setting->value, "off") != 0;
}

/* Who asks is this module, after the handshake: a client that is refused gets a page. */
static int set_ocsp(clientcert_config *config, const struct host *host, clientcert_error **error) {
    const struct setting *responder = setting_find(host->theirs, "SSLOCSPDefaultResponder");
    const struct setting *age = setting_find(host->theirs, "SSLOCSPResponseMaxAge");

    if (!is_on(setting_find(host->theirs, "SSLOCSPEnable")))
        return 1;
    if (is_on(setting_find(host->theirs, "SSLOCSPOverrideResponder")) && responder != NULL &&
        !set(config, "ocsp_responder", responder->value, error))
        return 0;
    return take(config, host, "SSLOCSPEnable", error) && set(config, "enforcement", "request", error) &&
           take(config, host, "SSLOCSPResponseTimeSkew", error) &&
           (age == NULL || strcmp(age->value, "-1") == 0 || set(config, "ocsp_max_age", age->value, error)) &&
           (!is_on(setting_find(host->theirs, "SSLOCSPUseRequestNonce")) || set(config, "ocsp_nonce", "true", error));
}

/* The SSLVerifyDepth of the server. Who takes mod_ssl's CAs has its default, too: no intermediate CA. -1: ours counts. */
int policy_depth(const struct host *host) {
    const struct setting *depth = setting_find(host->theirs, "SSLVerifyDepth");

    if (depth != NULL)
        return atoi(depth->value);
    return setting_find(host->theirs, "SSLCACertificateFile") || setting_find(host->theirs, "SSLCACertificatePath") ? 1 : -1;
}

static int set_depth(clientcert_config *config, const struct host *host, clientcert_error **error) {
    int depth = policy_depth(host);
    char text[16];

    if (depth < 0)
        return 1;
    apr_snprintf(text, sizeof(text), "%d", host->deepest > depth ? host->deepest : depth);
    return set(config, "SSLVerifyDepth", text, error);
}

/* mod_ssl's directives, where ours do not say it. `own` is a dump of ours alone. */
static int set_theirs(clientcert_config *config, const struct host *host, const char *own, clientcert_error **error) {
    const struct setting *mode = setting_find(host->theirs, "SSLVerifyClient");
    const struct setting *check = setting_find(host->theirs, "SSLCARevocationCheck");
    int has_cas = setting_find(host->theirs, "SSLCACertificateFile") || setting_find(host->theirs, "SSLCACertificatePath");
    int has_crls = setting_find(host->theirs, "SSLCARevocationFile") || setting_find(host->theirs, "SSLCARevocationPath");

    /* Without SSLVerifyClient, or with none, mod_ssl asks where a directory says so. CAs of our own have our own default. */
    if (mode != NULL && strcasecmp(mode->value, "none") != 0) {
        if (!set(config, "SSLVerifyClient", mode->value, error))
            return 0;
    } else if (!has(own, "ca", NULL) && !has(own, "registry", NULL)) {
        if (!set(config, "mode", has_cas ? "deferred" : "off", error))
            return 0;
        /* mod_ssl binds a late certificate and its request to one another: it insists on RFC 5746, and closes a
           connection on which another request is waiting. */
        if (has_cas && has(own, "mode", "\"deferred\"") && !set(config, "late_request", "attribute", error))
            return 0;
    }
    if (has_cas && !has(own, "ca", NULL)) {
        if (!take(config, host, "SSLCACertificateFile", error) || !take(config, host, "SSLCACertificatePath", error))
            return 0;
    }
    if (!set_depth(config, host, error) || !set_ocsp(config, host, error))
        return 0;
    if (check == NULL || strcasecmp(check->value, "none") == 0 || has(own, "crl", NULL))
        return 1;
    if (has_crls && (!take(config, host, "SSLCARevocationFile", error) || !take(config, host, "SSLCARevocationPath", error)))
        return 0;
    return set(config, "SSLCARevocationCheck", check->value, error);
}

/* What the module cannot do must not be left undone in silence. */
static const char *unsupported(const struct host *host, const char *dump) {
    static const char *const directives[] = {"SSLOCSPProxyURL", "SSLOCSPNoverify", "SSLOCSPResponderCertificateFile"};
    int asks = has(dump, "ocsp", "\"leaf\"") || has(dump, "ocsp", "\"chain\"");

    for (size_t i = 0; asks && i < 3; i++)
        if (is_on(setting_find(host->theirs, directives[i])))
            return apr_pstrcat(host->own->pool, "'", directives[i], "' cannot be kept where ClientCert is On", NULL);
    if (asks && setting_find(host->theirs, "SSLOCSPDefaultResponder") != NULL &&
        !is_on(setting_find(host->theirs, "SSLOCSPOverrideResponder")))
        return "'SSLOCSPDefaultResponder' needs SSLOCSPOverrideResponder On where ClientCert is On";
    if (asks && has(dump, "enforcement", "\"handshake\""))
        return "'ocsp': responders are asked after the handshake, which needs enforcement = request";
    if (has(dump, "registry", "\"external\""))
        return "'registry': this module has no database of its own";
    if (has(dump, "certificate_host", NULL))
        return "'certificate_host': this module takes no identity back from another host";
    return NULL;
}

static void print_warnings(const struct host *host, const server_rec *server) {
    clientcert_policy *policy = clientcert_verifier_policy(host->verifier);

    for (size_t i = 0; i < clientcert_policy_warning_count(policy); i++)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server, "clientcert: %s", clientcert_policy_warning(policy, i));
    if (clientcert_policy_enforcement(policy) == CLIENTCERT_ENFORCEMENT_REQUEST &&
        setting_find(host->theirs, "SSLVerifyClient") != NULL &&
        strcasecmp(setting_find(host->theirs, "SSLVerifyClient")->value, "require") == 0)
        ap_log_error(APLOG_MARK, APLOG_WARNING, 0, server,
                     "clientcert: mod_ssl closes the connection of a client without a certificate before a page can say "
                     "why; write `ClientCertOption mode require` in place of `SSLVerifyClient require`");
    clientcert_policy_free(policy);
}

static int share(struct host *host, const server_rec *server, const clientcert_config *config, const char *dump,
                 clientcert_error **error) {
    struct policy *policy;

    for (int i = 0; i < policies->nelts; i++)
        if (strcmp(APR_ARRAY_IDX(policies, i, struct policy).options, dump) == 0) {
            host->verifier = APR_ARRAY_IDX(policies, i, struct policy).verifier;
            return 1;
        }
    if (clientcert_verifier_new(config, &host->verifier, error) != CLIENTCERT_OK)
        return 0;
    policy = apr_array_push(policies);
    policy->options = dump;
    policy->verifier = host->verifier;
    print_warnings(host, server);
    return 1;
}

int policy_make(apr_pool_t *pool, struct host *host, const server_rec *server) {
    clientcert_config *own = clientcert_config_new(), *config = clientcert_config_new();
    clientcert_error *error = NULL;
    const char *dump = NULL, *wrong = NULL;
    int status = OK, made = 0;

    /* A mode that is still `deferred` after our own settings is one that they do not say. */
    if (set(own, "mode", "deferred", &error) && set_own(own, host, &error) &&
        set_theirs(config, host, clientcert_config_dump(own, NULL), &error) && set_own(config, host, &error) &&
        (dump = clientcert_config_dump(config, NULL)) != NULL) {
        dump = apr_pstrdup(pool, dump);
        wrong = unsupported(host, dump);
        made = wrong == NULL && share(host, server, config, dump, &error);
    }
    if (!made)
        status = complain(host, wrong != NULL ? wrong : error != NULL ? clientcert_error_message(error) : "no policy");
    clientcert_error_free(error);
    clientcert_config_free(config);
    clientcert_config_free(own);
    return status;
}

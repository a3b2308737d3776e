/* The directives: ours, and those of mod_ssl that we read along to take their meaning over. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mod_clientcert.h"

void *host_create(apr_pool_t *pool, server_rec *server) {
    struct host *host = apr_pcalloc(pool, sizeof(*host));

    (void)server;
    host->enabled = host->refresh = -1;
    host->own = apr_array_make(pool, 8, sizeof(struct setting));
    host->theirs = apr_array_make(pool, 8, sizeof(struct setting));
    return host;
}

const struct setting *setting_find(const apr_array_header_t *settings, const char *name) {
    for (int i = settings->nelts - 1; i >= 0; i--)
        if (strcasecmp(APR_ARRAY_IDX(settings, i, struct setting).name, name) == 0)
            return &APR_ARRAY_IDX(settings, i, struct setting);
    return NULL;
}

/* What the main server says, but for the names that the virtual host says anew. */
static apr_array_header_t *settings_merge(apr_pool_t *pool, const apr_array_header_t *base,
                                          const apr_array_header_t *added) {
    apr_array_header_t *merged = apr_array_make(pool, base->nelts + added->nelts, sizeof(struct setting));

    for (int i = 0; i < base->nelts; i++)
        if (setting_find(added, APR_ARRAY_IDX(base, i, struct setting).name) == NULL)
            APR_ARRAY_PUSH(merged, struct setting) = APR_ARRAY_IDX(base, i, struct setting);
    apr_array_cat(merged, added);
    return merged;
}

void *host_merge(apr_pool_t *pool, void *base_host, void *added_host) {
    const struct host *base = base_host, *added = added_host;
    struct host *host = apr_pmemdup(pool, added, sizeof(*added));

    if (added->enabled < 0) {
        host->enabled = base->enabled;
        host->at = base->at;
        host->said_by = base->said_by;
    }
    if (added->refresh < 0)
        host->refresh = base->refresh;
    if (added->config_file == NULL)
        host->config_file = base->config_file;
    if (base->deepest > host->deepest)
        host->deepest = base->deepest;
    host->own = settings_merge(pool, base->own, added->own);
    host->theirs = settings_merge(pool, base->theirs, added->theirs);
    return host;
}

struct host *host_of(const server_rec *server) {
    return ap_get_module_config(server->module_config, &clientcert_module);
}

void *place_create(apr_pool_t *pool, char *path) {
    struct place *place = apr_pcalloc(pool, sizeof(*place));

    (void)path;
    place->verify_depth = place->log_out = -1;
    place->dialect = -2;
    return place;
}

void *place_merge(apr_pool_t *pool, void *base_place, void *added_place) {
    const struct place *base = base_place, *added = added_place;
    struct place *place = apr_pmemdup(pool, added, sizeof(*added));

    if (added->verify_client == NULL)
        place->verify_client = base->verify_client;
    if (added->verify_depth < 0)
        place->verify_depth = base->verify_depth;
    if (added->required == NULL)
        place->required = base->required;
    if (added->fallback == NULL)
        place->fallback = base->fallback;
    if (added->log_out < 0)
        place->log_out = base->log_out;
    if (added->dialect == -2) {
        place->dialect = base->dialect;
        place->forwarded = base->forwarded;
    }
    return place;
}

static struct setting setting_make(const cmd_parms *command, const char *name, const char *value) {
    struct setting setting = {name, value, command->directive->filename, command->directive->line_num};

    return setting;
}

static const char *set_enabled(cmd_parms *command, void *unused, int on) {
    struct host *host = host_of(command->server);

    (void)unused;
    host->enabled = on;
    host->at = setting_make(command, command->cmd->name, on ? "On" : "Off");
    host->said_by = command->server;
    return NULL;
}

/* Whether the library has an option by exactly this name, and what it takes. */
static const char *option_type(const char *name) {
    for (size_t i = 0; i < clientcert_option_count(); i++)
        if (strcmp(clientcert_option_name(i), name) == 0)
            return clientcert_option_type(i);
    return NULL;
}

/* Files are named from the ServerRoot, as everywhere in Apache. */
static const char *absolute_value(apr_pool_t *pool, const char *name, const char *value) {
    static const char *const schemes[] = {"file:", "sqlite:"};

    if (strncmp(option_type(name), "file", 4) == 0 && strncmp(value, "-----BEGIN", 10) != 0 &&
        strncmp(value, "hex:", 4) != 0)
        return ap_server_root_relative(pool, value);
    for (size_t i = 0; i < 2 && strcmp(name, "registry") == 0; i++) {
        size_t length = strlen(schemes[i]);

        if (strncmp(value, schemes[i], length) == 0)
            return apr_pstrcat(pool, schemes[i], ap_server_root_relative(pool, value + length), NULL);
    }
    return value;
}

/* Has the library look at one option by itself: NULL, or what is wrong with it. */
static const char *option_check(apr_pool_t *pool, const char *name, const char *value) {
    clientcert_config *config = clientcert_config_new();
    clientcert_error *error = NULL;
    const char *wrong = NULL;

    if (clientcert_config_set(config, name, value, &error) != CLIENTCERT_OK)
        wrong = apr_pstrdup(pool, clientcert_error_message(error));
    clientcert_error_free(error);
    clientcert_config_free(config);
    return wrong;
}

static const char *set_option(cmd_parms *command, void *unused, const char *name, const char *value) {
    const char *own = apr_pstrdup(command->pool, name);
    const char *wrong;

    (void)unused;
    ap_str_tolower((char *)own);
    for (char *at = (char *)own; *at != '\0'; at++)
        if (*at == '-')
            *at = '_';
    if (option_type(own) == NULL) {
        wrong = option_check(command->pool, name, value);
        return wrong != NULL ? wrong
                             : apr_pstrcat(command->pool, "'", name, "' is another system's name: clientcert has its own",
                                           NULL);
    }
    value = absolute_value(command->pool, own, value);
    if (value == NULL)
        return apr_pstrcat(command->pool, "invalid path for ", name, NULL);
    wrong = option_check(command->pool, own, value);
    if (wrong == NULL)
        APR_ARRAY_PUSH(host_of(command->server)->own, struct setting) = setting_make(command, own, value);
    return wrong;
}

static const char *set_config_file(cmd_parms *command, void *unused, const char *file) {
    clientcert_config *config = clientcert_config_new();
    clientcert_error *error = NULL;
    const char *wrong = NULL, *path = ap_server_root_relative(command->pool, file);

    (void)unused;
    if (path == NULL || clientcert_config_load(config, path, &error) != CLIENTCERT_OK)
        wrong = apr_pstrdup(command->pool, path == NULL ? "invalid path" : clientcert_error_message(error));
    clientcert_error_free(error);
    clientcert_config_free(config);
    host_of(command->server)->config_file = path;
    return wrong;
}

static const char *set_refresh(cmd_parms *command, void *unused, const char *seconds) {
    char *end;
    apr_int64_t number = apr_strtoi64(seconds, &end, 10);

    (void)unused;
    if (end == seconds || *end != '\0' || number < 0 || number > 86400)
        return "ClientCertRefresh takes seconds from 1 to 86400, or 0 for never";
    host_of(command->server)->refresh = (int)number;
    return NULL;
}

/* A directive of mod_ssl, which Apache gives to every module that knows its name. */
static const char *read_along(cmd_parms *command, const char *value) {
    struct host *host = host_of(command->server);

    if (ap_find_linked_module("mod_ssl.c") == NULL)
        return apr_pstrcat(command->pool, "mod_ssl, which has ", command->cmd->name, ", is not loaded", NULL);
    APR_ARRAY_PUSH(host->theirs, struct setting) =
        setting_make(command, command->cmd->name, apr_pstrdup(command->pool, value));
    return NULL;
}

static const char *read_server_setting(cmd_parms *command, void *unused, const char *value) {
    (void)unused;
    while (apr_isspace(*value))
        value++;
    return read_along(command, value);
}

static const char *read_file_setting(cmd_parms *command, void *unused, const char *value) {
    const char *path = ap_server_root_relative(command->pool, value);

    (void)unused;
    return path == NULL ? "invalid path" : read_along(command, path);
}

static const char *read_verify_client(cmd_parms *command, void *of, const char *value) {
    if (strcasecmp(value, "on") == 0)
        value = "require";
    if (strcasecmp(value, "off") == 0)
        value = "none";
    if (command->path == NULL)
        return read_along(command, value);
    ((struct place *)of)->verify_client = value;
    return NULL;
}

/* A connection is judged by the greatest depth that any place takes; the others look how deep its path was. */
static const char *read_verify_depth(cmd_parms *command, void *of, const char *value) {
    struct host *host = host_of(command->server);
    struct place *place = of;

    if (command->path == NULL)
        return read_along(command, value);
    place->verify_depth = atoi(value);
    /* An .htaccess comes too late for that: it can only take less. */
    if (host->verifier == NULL && place->verify_depth > host->deepest)
        host->deepest = place->verify_depth;
    return NULL;
}

static const char *set_required(cmd_parms *command, void *of, const char *line) {
    struct requirement *required = NULL;
    const char *wrong = requirement_parse(command->pool, line, &required);

    ((struct place *)of)->required = required;
    return wrong;
}

static const char *set_fallback(cmd_parms *command, void *of, const char *value) {
    (void)command;
    if (strcasecmp(value, "on") != 0 && strcasecmp(value, "off") != 0 && value[0] != '/' && !ap_is_url(value))
        return "ClientCertFallback takes On, Off, or the URL of another log-in";
    ((struct place *)of)->fallback = value;
    return NULL;
}

static const char *set_log_out(cmd_parms *command, void *of, int on) {
    (void)command;
    ((struct place *)of)->log_out = on;
    return NULL;
}

static int32_t dialect_named(const char *name) {
    for (int32_t dialect = 0; dialect < 64; dialect++)
        if (dialect != CLIENTCERT_DIALECT_PROXY_PROTOCOL && strcasecmp(clientcert_dialect_name(dialect), name) == 0 &&
            strcasecmp(name, "unknown") != 0)
            return dialect;
    return -1;
}

static const char *set_forward(cmd_parms *command, void *of, const char *line) {
    struct place *place = of;
    const char *word = ap_getword_conf(command->pool, &line);

    place->dialect = dialect_named(word);
    place->forwarded = 0;
    if (place->dialect < 0 && strcasecmp(word, "off") != 0)
        return apr_pstrcat(command->pool, "ClientCertForward takes Off or a dialect, not '", word, "'", NULL);
    while (*(word = ap_getword_conf(command->pool, &line)) != '\0')
        if (strcasecmp(word, "chain") == 0)
            place->forwarded |= CLIENTCERT_FORWARD_CHAIN;
        else if (strcasecmp(word, "details") == 0)
            place->forwarded |= CLIENTCERT_FORWARD_DETAILS;
        else if (strcasecmp(word, "unverified") == 0)
            place->forwarded |= CLIENTCERT_FORWARD_UNVERIFIED;
        else
            return apr_pstrcat(command->pool, "a dialect takes chain, details and unverified, not '", word, "'", NULL);
    return NULL;
}

int configuration_complain(const struct setting *at, const char *message) {
    ap_log_error(APLOG_MARK, APLOG_EMERG | APLOG_STARTUP, 0, NULL, "Syntax error on line %d of %s: %s", at->line, at->file,
                 message);
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* Makes the verifier of each virtual host, also for `apachectl -t`: what cannot be verified with is found out here. */
int configuration_check(apr_pool_t *config, apr_pool_t *log, apr_pool_t *scratch, server_rec *server) {
    (void)log, (void)scratch;
    policy_forget(config);
    for (; server != NULL; server = server->next) {
        struct host *host = host_of(server);
        int status;

        host->verifier = NULL;
        host->in_tls = 0;
        if (host->enabled != 1)
            continue;
        status = policy_make(config, host, server);
        if (status != OK)
            return status;
    }
    return OK;
}

/* A host that says ClientCert On and has no TLS would protect nothing; one that only inherits it is left in peace. */
int configuration_check_tls(apr_pool_t *config, apr_pool_t *log, apr_pool_t *scratch, server_rec *server) {
    server_rec *main_server = server;

    (void)config, (void)log, (void)scratch;
    for (; server != NULL; server = server->next) {
        const struct host *host = host_of(server);

        if (host->verifier != NULL && !host->in_tls && host->said_by == server && server != main_server)
            return configuration_complain(&host->at, "ClientCert On needs SSLEngine On in the same virtual host");
    }
    return OK;
}

#define SERVER(name, take, function, help) AP_INIT_##take(name, function, NULL, RSRC_CONF, help)
#define PLACE(name, take, function, help) AP_INIT_##take(name, function, NULL, RSRC_CONF | OR_AUTHCFG, help)
#define OF_MOD_SSL "read along, for clientcert to keep its meaning"

const command_rec clientcert_directives[] = {
    SERVER("ClientCert", FLAG, set_enabled, "whether clientcert verifies the clients of this virtual host"),
    SERVER("ClientCertOption", TAKE2, set_option, "an option of clientcert, and its value"),
    SERVER("ClientCertConfig", TAKE1, set_config_file, "a file of options"),
    SERVER("ClientCertRefresh", TAKE1, set_refresh, "every how many seconds files and registrations are looked at"),
    PLACE("ClientCertRequire", RAW_ARGS, set_required, "what is required: none, certificate, verified or user"),
    PLACE("ClientCertFallback", TAKE1, set_fallback, "On: a certificate or AuthType; or the URL of another log-in"),
    PLACE("ClientCertLogOut", FLAG, set_log_out, "whether visiting this place logs the user out"),
    PLACE("ClientCertForward", RAW_ARGS, set_forward, "the headers that tell a back end who the client is"),
    SERVER("SSLCACertificateFile", TAKE1, read_file_setting, OF_MOD_SSL),
    SERVER("SSLCACertificatePath", TAKE1, read_file_setting, OF_MOD_SSL),
    SERVER("SSLCADNRequestFile", TAKE1, read_file_setting, OF_MOD_SSL),
    SERVER("SSLCADNRequestPath", TAKE1, read_file_setting, OF_MOD_SSL),
    SERVER("SSLCARevocationFile", TAKE1, read_file_setting, OF_MOD_SSL),
    SERVER("SSLCARevocationPath", TAKE1, read_file_setting, OF_MOD_SSL),
    SERVER("SSLCARevocationCheck", RAW_ARGS, read_server_setting, OF_MOD_SSL),
    SERVER("SSLOCSPEnable", RAW_ARGS, read_server_setting, OF_MOD_SSL),
    SERVER("SSLOCSPDefaultResponder", TAKE1, read_server_setting, OF_MOD_SSL),
    SERVER("SSLOCSPOverrideResponder", TAKE1, read_server_setting, OF_MOD_SSL),
    SERVER("SSLOCSPResponseTimeSkew", TAKE1, read_server_setting, OF_MOD_SSL),
    SERVER("SSLOCSPResponseMaxAge", TAKE1, read_server_setting, OF_MOD_SSL),
    SERVER("SSLOCSPResponderTimeout", TAKE1, read_server_setting, OF_MOD_SSL),
    SERVER("SSLOCSPUseRequestNonce", TAKE1, read_server_setting, OF_MOD_SSL),
    SERVER("SSLOCSPProxyURL", TAKE1, read_server_setting, OF_MOD_SSL),
    SERVER("SSLOCSPNoverify", TAKE1, read_server_setting, OF_MOD_SSL),
    SERVER("SSLOCSPResponderCertificateFile", TAKE1, read_server_setting, OF_MOD_SSL),
    PLACE("SSLVerifyClient", TAKE1, read_verify_client, OF_MOD_SSL),
    PLACE("SSLVerifyDepth", TAKE1, read_verify_depth, OF_MOD_SSL),
    {NULL, {NULL}, NULL, 0, RAW_ARGS, NULL},
};

/* Policies: made of our options and nginx's own directives, when the configuration is read, and put into contexts. */
#include "ngx_clientcert.h"

/* For create_main_conf. */
void *ngx_clientcert_create_set(ngx_conf_t *cf) {
    ngx_clientcert_set_t *set = ngx_pcalloc(cf->pool, sizeof(*set));

    return set == NULL || ngx_array_init(&set->policies, cf->pool, 4, sizeof(ngx_clientcert_policy_t *)) != NGX_OK
               ? NULL
               : set;
}

static int32_t take(ngx_conf_t *cf, clientcert_config *config, const char *name, ngx_str_t value,
                    clientcert_error **error) {
    if (value.len == 0)
        return CLIENTCERT_OK;
    if (ngx_conf_full_name(cf->cycle, &value, 1) != NGX_OK)
        return CLIENTCERT_INTERNAL;
    return clientcert_config_set(config, name, (char *)value.data, error);
}

/* The options of a server: ours, and of nginx's those that ours do not say. */
static clientcert_config *configure(ngx_conf_t *cf, const ngx_clientcert_conf_t *conf,
                                    const ngx_clientcert_stock_t *stock, int *names_differ, clientcert_error **error) {
    static const char *const words[] = {"off", "on", "optional", "optional_no_ca"};
    clientcert_config *config = clientcert_config_new();
    ngx_clientcert_setting_t *settings = conf->settings == NULL ? NULL : conf->settings->elts;
    ngx_uint_t i, count = conf->settings == NULL ? 0 : conf->settings->nelts;
    int32_t status = config == NULL ? CLIENTCERT_INTERNAL : CLIENTCERT_OK;
    int mode = ngx_clientcert_given(conf, "mode", "ssl_verify_client");
    int ca = ngx_clientcert_given(conf, "ca", "ssl_client_certificate");
    int known = stock->client_certificate.len != 0 || stock->trusted_certificate.len != 0;
    u_char depth[NGX_INT_T_LEN + 1];

    for (i = 0; i < count && status == CLIENTCERT_OK; i++)
        status = ngx_strcmp(settings[i].name.data, "config") == 0
                     ? clientcert_config_load(config, (char *)settings[i].value.data, error)
                     : clientcert_config_set(config, (char *)settings[i].name.data, (char *)settings[i].value.data,
                                             error);
    /* A file of options says everything. */
    if (status != CLIENTCERT_OK || ngx_clientcert_given(conf, "config", NULL))
        goto done;
    if (!mode && stock->verify == 0 && !ca && !ngx_clientcert_given(conf, "registry", NULL)) {
        status = clientcert_config_set(config, "mode", "off", error);
        goto done;
    }
    if (!mode && stock->verify != 0)
        status = stock->verify == 3 && !known && !ca
                     ? clientcert_config_set(config, "mode", "request_any", error)
                     : clientcert_config_set(config, "ssl_verify_client", words[stock->verify & 3], error);
    if (status == CLIENTCERT_OK && !ca && known) {
        status = take(cf, config, "ca", stock->client_certificate, error);
        if (status == CLIENTCERT_OK)
            status = take(cf, config, "ca", stock->trusted_certificate, error);
        *names_differ = stock->trusted_certificate.len != 0 && !ngx_clientcert_given(conf, "ca_hints", NULL);
        if (status == CLIENTCERT_OK && *names_differ && stock->client_certificate.len == 0)
            status = clientcert_config_set(config, "ca_hints", "none", error);
    }
    if (status == CLIENTCERT_OK && !ngx_clientcert_given(conf, "crl", "ssl_crl"))
        status = take(cf, config, "crl", stock->crl, error);
    if (status == CLIENTCERT_OK && !ngx_clientcert_given(conf, "depth", "ssl_verify_depth") &&
        (stock->verify != 0 || stock->depth != 1)) {
        ngx_sprintf(depth, "%ui%Z", stock->depth);
        status = clientcert_config_set(config, "depth", (char *)depth, error);
    }
done:
    if (status == CLIENTCERT_OK)
        return config;
    clientcert_config_free(config);
    return NULL;
}

static void free_policy(void *data) {
    ngx_clientcert_policy_t *policy = data;
    ngx_clientcert_context_t *contexts = policy->contexts.elts;
    ngx_uint_t i;

    for (i = 0; i < policy->contexts.nelts; i++)
        sk_X509_NAME_pop_free(contexts[i].names, X509_NAME_free);
    clientcert_verifier_free(policy->verifier);
}

static void log_warnings(ngx_conf_t *cf, const clientcert_verifier *verifier) {
    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    size_t i;

    for (i = 0; i < clientcert_policy_warning_count(policy); i++)
        ngx_log_error(NGX_LOG_WARN, cf->log, 0, "clientcert: %s", clientcert_policy_warning(policy, i));
    clientcert_policy_free(policy);
}

/* The policy of some options: one that there is, or a new one. */
static ngx_clientcert_policy_t *policy_of(ngx_conf_t *cf, ngx_clientcert_set_t *set, clientcert_config *config,
                                          const ngx_clientcert_conf_t *conf, clientcert_error **error) {
    ngx_clientcert_policy_t **known = set->policies.elts, *policy;
    ngx_pool_cleanup_t *cleanup;
    ngx_str_t options;
    ngx_uint_t i;

    options.data = (u_char *)clientcert_config_dump(config, &options.len);
    for (i = 0; options.data != NULL && i < set->policies.nelts; i++)
        if (known[i]->refresh == conf->refresh && known[i]->options.len == options.len &&
            ngx_memcmp(known[i]->options.data, options.data, options.len) == 0) {
            known[i]->thread |= conf->thread;
            return known[i];
        }
    policy = ngx_pcalloc(cf->pool, sizeof(*policy));
    cleanup = ngx_pool_cleanup_add(cf->pool, 0);
    known = ngx_array_push(&set->policies);
    if (policy == NULL || cleanup == NULL || known == NULL)
        return NULL;
    set->policies.nelts--;
    if (ngx_array_init(&policy->contexts, cf->pool, 1, sizeof(ngx_clientcert_context_t)) != NGX_OK ||
        clientcert_verifier_new(config, &policy->verifier, error) != CLIENTCERT_OK)
        return NULL;
    cleanup->handler = free_policy;
    cleanup->data = policy;
    policy->refresh = conf->refresh;
    policy->thread = conf->thread;
    if (options.data != NULL && (policy->options.data = ngx_pstrdup(cf->pool, &options)) != NULL)
        policy->options.len = options.len;
    log_warnings(cf, policy->verifier);
    *known = policy;
    set->policies.nelts++;
    return policy;
}

/* Where the option is whose file cannot be read; what only the whole shows is said of `clientcert on`. */
static void log_failure(ngx_conf_t *cf, const ngx_clientcert_conf_t *conf, const char *message) {
    ngx_clientcert_setting_t *settings = conf->settings == NULL ? NULL : conf->settings->elts;
    ngx_uint_t i, count = conf->settings == NULL ? 0 : conf->settings->nelts, line = conf->line;
    u_char *file = conf->file;

    for (i = 0; i < count; i++)
        if (settings[i].value.data[0] == '/' && ngx_strstr(message, settings[i].value.data) != NULL) {
            file = settings[i].file;
            line = settings[i].line;
        }
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "clientcert: %s in %s:%ui", message, file, line);
}

static ngx_int_t install(ngx_conf_t *cf, ngx_clientcert_policy_t *policy, SSL_CTX *context,
                         STACK_OF(X509_NAME) *names, const ngx_str_t *host) {
    ngx_clientcert_context_t *added = ngx_array_push(&policy->contexts);
    u_char *name = ngx_pnalloc(cf->pool, host->len + 1);

    if (added != NULL) {
        added->context = context;
        added->names = names;
    }
    if (added == NULL || name == NULL) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return NGX_ERROR;
    }
    ngx_cpystrn(name, host->data, host->len + 1);
    if (clientcert_openssl_install(context, policy->verifier) && clientcert_openssl_set_host(context, (char *)name) &&
        ngx_clientcert_update(added))
        return NGX_OK;
    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "clientcert: cannot verify the clients of server \"%V\"", host);
    return NGX_ERROR;
}

static int32_t mode_of(const clientcert_verifier *verifier) {
    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    int32_t mode = clientcert_policy_mode(policy);

    clientcert_policy_free(policy);
    return mode;
}

ngx_int_t ngx_clientcert_take_over(ngx_conf_t *cf, ngx_clientcert_set_t *set, ngx_clientcert_conf_t *conf,
                                   const ngx_clientcert_stock_t *stock, SSL_CTX *context, const ngx_str_t *host) {
    clientcert_error *error = NULL;
    clientcert_config *config;
    ngx_clientcert_policy_t *policy = NULL;
    STACK_OF(X509_NAME) *names = NULL;
    int names_differ = 0;

    if (!conf->enable)
        return context == NULL || clientcert_openssl_share(context) ? NGX_OK : NGX_ERROR;
    /* nginx asks responders about the path that it finds itself. */
    if (stock->ocsp && (stock->verify == 0 || ngx_clientcert_given(conf, "ca", "ssl_client_certificate") ||
                        ngx_clientcert_given(conf, "config", NULL))) {
        log_failure(cf, conf, "\"ssl_ocsp\" needs \"ssl_verify_client\" and \"ssl_client_certificate\"");
        return NGX_ERROR;
    }
    config = configure(cf, conf, stock, &names_differ, &error);
    if (config != NULL)
        policy = policy_of(cf, set, config, conf, &error);
    clientcert_config_free(config);
    if (policy == NULL) {
        if (context != NULL)
            log_failure(cf, conf, clientcert_error_message(error));
        clientcert_error_free(error);
        return context == NULL ? NGX_OK : NGX_ERROR;
    }
    conf->verifier = policy->verifier;
    conf->asks = mode_of(policy->verifier) != CLIENTCERT_MODE_OFF;
    /* nginx asks them about the certificate of the handshake alone. */
    if (stock->ocsp && mode_of(policy->verifier) == CLIENTCERT_MODE_DEFERRED) {
        log_failure(cf, conf, "\"ssl_ocsp\" does not know certificates that are asked for late: mode deferred");
        return NGX_ERROR;
    }
    if (context == NULL)
        return NGX_OK;
    /* nginx has read them for the handshake already: those of ssl_client_certificate alone. */
    if (names_differ && SSL_CTX_get_client_CA_list(context) != NULL &&
        (names = SSL_dup_CA_list(SSL_CTX_get_client_CA_list(context))) == NULL)
        return NGX_ERROR;
    conf->context = context;
    return install(cf, policy, context, names, host);
}

int ngx_clientcert_update(const ngx_clientcert_context_t *context) {
    STACK_OF(X509_NAME) *names;

    if (!clientcert_openssl_update(context->context))
        return 0;
    if (context->names == NULL)
        return 1;
    names = SSL_dup_CA_list(context->names);
    if (names == NULL)
        return 0;
    SSL_CTX_set_client_CA_list(context->context, names);
    return 1;
}

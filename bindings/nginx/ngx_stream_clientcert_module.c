/* The module for stream: the same verification; what is required is enforced before the content of a connection. */
#include <ngx_stream.h>
#include <ngx_stream_ssl_module.h>

#include "ngx_clientcert.h"

/* nginx 1.25.5 gave stream virtual servers, and the configuration of TLS its name. */
#if nginx_version >= 1025005
typedef ngx_stream_ssl_srv_conf_t ssl_conf_t;
#else
typedef ngx_stream_ssl_conf_t ssl_conf_t;
#endif

typedef struct {
    ngx_clientcert_conf_t common; /* first: the handlers of directives know this part alone */
    ngx_clientcert_requirement_t requirement;
} server_conf_t;

extern ngx_module_t ngx_stream_clientcert_module;

static void *create_srv_conf(ngx_conf_t *cf) {
    server_conf_t *conf = ngx_pcalloc(cf->pool, sizeof(*conf));

    if (conf == NULL)
        return NULL;
    ngx_clientcert_init_conf(&conf->common);
    conf->requirement.requirement = NGX_CONF_UNSET_UINT;
    conf->requirement.max_age = -1;
    return conf;
}

static char *merge_srv_conf(ngx_conf_t *cf, void *parent, void *child) {
    server_conf_t *from = parent, *conf = child;

    if (conf->requirement.requirement == NGX_CONF_UNSET_UINT)
        conf->requirement = from->requirement;
    if (conf->requirement.requirement == NGX_CONF_UNSET_UINT)
        conf->requirement.requirement = CLIENTCERT_REQUIREMENT_NONE;
    if (ngx_clientcert_merge_conf(cf, &from->common, &conf->common) != NGX_CONF_OK)
        return NGX_CONF_ERROR;
    if (conf->requirement.requirement != CLIENTCERT_REQUIREMENT_NONE && !conf->common.enable) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"clientcert_require\" needs \"clientcert on\"");
        return NGX_CONF_ERROR;
    }
    return NGX_CONF_OK;
}

static char *require(ngx_conf_t *cf, ngx_command_t *cmd, void *data) {
    server_conf_t *conf = data;

    return ngx_clientcert_require(cf, &conf->requirement);
}

static const clientcert_verdict *verdict_of(ngx_stream_session_t *s) {
    return s->connection->ssl == NULL ? NULL : clientcert_openssl_verdict(s->connection->ssl->connection);
}

static ngx_int_t enforce(ngx_stream_session_t *s) {
    server_conf_t *conf = ngx_stream_get_module_srv_conf(s, ngx_stream_clientcert_module);
    ngx_connection_t *c = s->connection;
    clientcert_request *facts;
    clientcert_decision *decision;
    const char *status;
    ngx_int_t allowed;

    if (!conf->common.enable)
        return NGX_DECLINED;
    if (c->ssl == NULL)
        return conf->requirement.requirement == CLIENTCERT_REQUIREMENT_NONE ? NGX_DECLINED : NGX_STREAM_FORBIDDEN;
    facts = clientcert_request_new();
    ngx_clientcert_describe(facts, &conf->requirement, c->ssl->connection);
    decision = clientcert_decide(conf->common.verifier, verdict_of(s), facts, CLIENTCERT_NOW);
    clientcert_request_free(facts);
    allowed = clientcert_decision_action(decision) == CLIENTCERT_ACTION_ALLOW;
    if (allowed) {
        SSL_set_verify_result(c->ssl->connection, clientcert_verdict_x509_error(clientcert_decision_verdict(decision)));
        allowed = ngx_ssl_ocsp_get_status(c, &status) == NGX_OK;
    }
    if (!allowed) {
        ngx_log_error(NGX_LOG_INFO, c->log, 0, "clientcert: %s", clientcert_decision_audit(decision, NULL));
        ngx_ssl_remove_cached_session(c->ssl->session_ctx, SSL_get0_session(c->ssl->connection));
    }
    clientcert_decision_free(decision);
    return allowed ? NGX_DECLINED : NGX_STREAM_FORBIDDEN;
}

static ngx_int_t init(ngx_conf_t *cf) {
    ngx_stream_core_main_conf_t *core = ngx_stream_conf_get_module_main_conf(cf, ngx_stream_core_module);
    ngx_clientcert_set_t *set = ngx_stream_conf_get_module_main_conf(cf, ngx_stream_clientcert_module);
    ngx_stream_core_srv_conf_t **servers = core->servers.elts;
    ngx_str_t host = ngx_null_string;
    ngx_stream_handler_pt *handler;
    server_conf_t *conf;
    ssl_conf_t *ssl;
    ngx_uint_t i;

    for (i = 0; i < core->servers.nelts; i++) {
        conf = servers[i]->ctx->srv_conf[ngx_stream_clientcert_module.ctx_index];
        set->enabled += conf->common.enable != 0;
    }
    for (i = 0; set->enabled != 0 && i < core->servers.nelts; i++) {
        conf = servers[i]->ctx->srv_conf[ngx_stream_clientcert_module.ctx_index];
        ssl = servers[i]->ctx->srv_conf[ngx_stream_ssl_module.ctx_index];
        ngx_clientcert_stock_t stock = {ssl->verify, ssl->verify_depth, ssl->client_certificate,
                                        ssl->trusted_certificate, ssl->crl, 0};

#if nginx_version >= 1025005
        host = servers[i]->server_name;
#endif
#if nginx_version >= 1027002
        stock.ocsp = ssl->ocsp;
#endif
        if (ngx_clientcert_take_over(cf, set, &conf->common, &stock, ssl->ssl.ctx, &host) != NGX_OK)
            return NGX_ERROR;
        if (conf->common.enable)
            ssl->verify = 0;
    }
    if (set->enabled == 0)
        return NGX_OK;
    /* The handshake is in the phase SSL, after ACCESS; this is the first one after it. */
    handler = ngx_array_push(&core->phases[NGX_STREAM_PREREAD_PHASE].handlers);
    if (handler == NULL)
        return NGX_ERROR;
    *handler = enforce;
    return NGX_OK;
}

static ngx_int_t variable(ngx_stream_session_t *s, ngx_stream_variable_value_t *value, uintptr_t data) {
    server_conf_t *conf = ngx_stream_get_module_srv_conf(s, ngx_stream_clientcert_module);
    ngx_str_t name = *(ngx_str_t *)data, text = ngx_null_string;
    ngx_int_t result;

    name.data += sizeof("clientcert_") - 1;
    name.len -= sizeof("clientcert_") - 1;
    value->not_found = 1;
    if (!conf->common.enable || s->connection->ssl == NULL)
        return NGX_OK;
    result = ngx_clientcert_variable(verdict_of(s), &name, s->connection->pool, &text);
    if (result != NGX_OK)
        return result == NGX_ERROR ? NGX_ERROR : NGX_OK;
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;
    value->data = text.data;
    value->len = text.len;
    return NGX_OK;
}

static ngx_int_t add_variables(ngx_conf_t *cf) {
    ngx_str_t prefix = ngx_string("clientcert_");
    ngx_stream_variable_t *added =
        ngx_stream_add_variable(cf, &prefix, NGX_STREAM_VAR_PREFIX | NGX_STREAM_VAR_NOCACHEABLE);

    if (added == NULL)
        return NGX_ERROR;
    added->get_handler = variable;
    return NGX_OK;
}

static ngx_int_t init_process(ngx_cycle_t *cycle) {
    if (ngx_get_conf(cycle->conf_ctx, ngx_stream_module) == NULL)
        return NGX_OK;
    return ngx_clientcert_start(cycle, ngx_stream_cycle_get_module_main_conf(cycle, ngx_stream_clientcert_module));
}

static ngx_command_t commands[] = {
    NGX_CLIENTCERT_COMMANDS(NGX_STREAM_MAIN_CONF | NGX_STREAM_SRV_CONF, NGX_STREAM_SRV_CONF_OFFSET),
    {ngx_string("clientcert_require"), NGX_STREAM_MAIN_CONF | NGX_STREAM_SRV_CONF | NGX_CONF_1MORE, require,
     NGX_STREAM_SRV_CONF_OFFSET, 0, NULL},
    ngx_null_command};

static ngx_stream_module_t context = {add_variables, init,           ngx_clientcert_create_set,
                                      NULL,          create_srv_conf, merge_srv_conf};

ngx_module_t ngx_stream_clientcert_module = {
    NGX_MODULE_V1, &context, commands, NGX_STREAM_MODULE, NULL, NULL, init_process, NULL, NULL, NULL, NULL,
    NGX_MODULE_V1_PADDING};

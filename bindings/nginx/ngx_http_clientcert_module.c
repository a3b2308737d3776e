/* Directives of http, and how servers and phases are taken over. */
#include "ngx_http_clientcert.h"

static void *create_srv_conf(ngx_conf_t *cf) {
    ngx_clientcert_conf_t *conf = ngx_pcalloc(cf->pool, sizeof(*conf));

    if (conf != NULL)
        ngx_clientcert_init_conf(conf);
    return conf;
}

static char *merge_srv_conf(ngx_conf_t *cf, void *parent, void *child) {
    return ngx_clientcert_merge_conf(cf, parent, child);
}

static void *create_loc_conf(ngx_conf_t *cf) {
    ngx_http_clientcert_loc_conf_t *conf = ngx_pcalloc(cf->pool, sizeof(*conf));

    if (conf == NULL)
        return NULL;
    conf->requirement.requirement = NGX_CONF_UNSET_UINT;
    conf->requirement.max_age = -1;
    conf->log_out = NGX_CONF_UNSET;
    return conf;
}

static char *merge_loc_conf(ngx_conf_t *cf, void *parent, void *child) {
    ngx_http_clientcert_loc_conf_t *from = parent, *conf = child;
    ngx_clientcert_conf_t *server = ngx_http_conf_get_module_srv_conf(cf, ngx_http_clientcert_module);

    if (conf->requirement.requirement == NGX_CONF_UNSET_UINT)
        conf->requirement = from->requirement;
    if (conf->requirement.requirement == NGX_CONF_UNSET_UINT)
        conf->requirement.requirement = CLIENTCERT_REQUIREMENT_NONE;
    ngx_conf_merge_str_value(conf->login, from->login, "");
    ngx_conf_merge_value(conf->log_out, from->log_out, 0);
    if ((conf->requirement.requirement != CLIENTCERT_REQUIREMENT_NONE || conf->log_out) && !server->enable) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"clientcert_require\" and \"clientcert_log_out\" need \"clientcert on\"");
        return NGX_CONF_ERROR;
    }
    return NGX_CONF_OK;
}

static char *require(ngx_conf_t *cf, ngx_command_t *cmd, void *data) {
    ngx_http_clientcert_loc_conf_t *conf = data;

    return ngx_clientcert_require(cf, &conf->requirement);
}

#if nginx_version < 1029002
/* nginx selects the host after OpenSSL has read the ticket; selected here, it is the host itself that judges its own.
   Hosts that only a regular expression finds are selected later, and their tickets end in full handshakes. */
static int select_host(SSL *ssl, int *alert, void *unused) {
    ngx_connection_t *c = ngx_ssl_get_connection(ssl);
    ngx_http_connection_t *hc = c->data;
    ngx_http_core_srv_conf_t *server;
    ngx_clientcert_conf_t *conf;
    ngx_http_ssl_srv_conf_t *selected;
    u_char host[256];
    size_t length;
    const char *name = clientcert_openssl_server_name(ssl, &length);

    if (c->ssl->handshaked || name == NULL || length >= sizeof(host) || hc->addr_conf->virtual_names == NULL)
        return SSL_CLIENT_HELLO_SUCCESS;
    ngx_strlow(host, (u_char *)name, length);
    length -= host[length - 1] == '.';
    server = ngx_hash_find_combined(&hc->addr_conf->virtual_names->names, ngx_hash_key(host, length), host, length);
    if (server == NULL)
        return SSL_CLIENT_HELLO_SUCCESS;
    conf = server->ctx->srv_conf[ngx_http_clientcert_module.ctx_index];
    selected = server->ctx->srv_conf[ngx_http_ssl_module.ctx_index];
    if (selected->ssl.ctx == NULL ||
        (conf->verifier == NULL && clientcert_openssl_verifier(SSL_get_SSL_CTX(ssl)) == NULL) ||
        clientcert_openssl_select(ssl, selected->ssl.ctx))
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
}
#endif

/* Servers with `clientcert on` are taken over; those without share their addresses. */
static ngx_int_t init_servers(ngx_conf_t *cf, ngx_clientcert_set_t *set) {
    ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    ngx_http_core_srv_conf_t **servers = core->servers.elts;
    ngx_clientcert_conf_t *conf;
    ngx_http_ssl_srv_conf_t *ssl;
    ngx_uint_t i;

    for (i = 0; i < core->servers.nelts; i++) {
        conf = servers[i]->ctx->srv_conf[ngx_http_clientcert_module.ctx_index];
        set->enabled += conf->enable != 0;
    }
    for (i = 0; set->enabled != 0 && i < core->servers.nelts; i++) {
        conf = servers[i]->ctx->srv_conf[ngx_http_clientcert_module.ctx_index];
        ssl = servers[i]->ctx->srv_conf[ngx_http_ssl_module.ctx_index];
        ngx_clientcert_stock_t stock = {ssl->verify, ssl->verify_depth, ssl->client_certificate,
                                        ssl->trusted_certificate, ssl->crl, ssl->ocsp};

        if (ngx_clientcert_take_over(cf, set, conf, &stock, ssl->ssl.ctx, &servers[i]->server_name) != NGX_OK)
            return NGX_ERROR;
        /* nginx's own look at the verify result would refuse what a policy tolerates; POST_READ does it instead. */
        if (conf->enable)
            ssl->verify = 0;
#if nginx_version < 1029002
        if (ssl->ssl.ctx != NULL)
            SSL_CTX_set_client_hello_cb(ssl->ssl.ctx, select_host, NULL);
#endif
    }
    return NGX_OK;
}

/* Configuration is read: every context exists, and no phase has its handlers yet. */
static ngx_int_t init(ngx_conf_t *cf) {
    ngx_clientcert_set_t *set = ngx_http_conf_get_module_main_conf(cf, ngx_http_clientcert_module);
    ngx_http_core_main_conf_t *core = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    static const ngx_uint_t phases[] = {NGX_HTTP_REWRITE_PHASE, NGX_HTTP_ACCESS_PHASE};
    ngx_http_handler_pt *handler;
    ngx_uint_t i;

    if (init_servers(cf, set) != NGX_OK)
        return NGX_ERROR;
    if (set->enabled == 0)
        return NGX_OK;
    /* In a phase, what is registered last runs first: ahead of the rewrite module, whose `return` ends the phase. */
    for (i = 0; i < 2; i++) {
        handler = ngx_array_push(&core->phases[phases[i]].handlers);
        if (handler == NULL)
            return NGX_ERROR;
        *handler = ngx_http_clientcert_location;
    }
    handler = ngx_array_push(&core->phases[NGX_HTTP_POST_READ_PHASE].handlers);
    if (handler == NULL)
        return NGX_ERROR;
    *handler = ngx_http_clientcert_post_read;
    ngx_http_clientcert_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_clientcert_header_filter;
    return NGX_OK;
}

static ngx_int_t init_process(ngx_cycle_t *cycle) {
    if (ngx_get_conf(cycle->conf_ctx, ngx_http_module) == NULL)
        return NGX_OK;
    return ngx_clientcert_start(cycle, ngx_http_cycle_get_module_main_conf(cycle, ngx_http_clientcert_module));
}

#define ANYWHERE NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF | NGX_HTTP_LOC_CONF

static ngx_command_t commands[] = {
    NGX_CLIENTCERT_COMMANDS(NGX_HTTP_MAIN_CONF | NGX_HTTP_SRV_CONF, NGX_HTTP_SRV_CONF_OFFSET),
    {ngx_string("clientcert_require"), ANYWHERE | NGX_CONF_1MORE, require, NGX_HTTP_LOC_CONF_OFFSET, 0, NULL},
    {ngx_string("clientcert_login"), ANYWHERE | NGX_CONF_TAKE1, ngx_conf_set_str_slot, NGX_HTTP_LOC_CONF_OFFSET,
     offsetof(ngx_http_clientcert_loc_conf_t, login), NULL},
    {ngx_string("clientcert_log_out"), NGX_HTTP_LOC_CONF | NGX_CONF_FLAG, ngx_conf_set_flag_slot,
     NGX_HTTP_LOC_CONF_OFFSET, offsetof(ngx_http_clientcert_loc_conf_t, log_out), NULL},
    ngx_null_command};

static ngx_http_module_t context = {
    ngx_http_clientcert_add_variables, init,           ngx_clientcert_create_set, NULL, create_srv_conf,
    merge_srv_conf,                    create_loc_conf, merge_loc_conf};

ngx_module_t ngx_http_clientcert_module = {
    NGX_MODULE_V1, &context, commands, NGX_HTTP_MODULE, NULL, NULL, init_process, NULL, NULL, NULL, NULL,
    NGX_MODULE_V1_PADDING};

/* Who may go on. What holds for the whole server is in POST_READ, what a location requires in REWRITE and ACCESS. */
#include "ngx_http_clientcert.h"

#define TOO_EARLY 425

ngx_http_output_header_filter_pt ngx_http_clientcert_next_header_filter;

/* Marks what a request keeps in its pool, which frees it. */
static void keep_request(void *data) {
}

static ngx_http_clientcert_request_t *begin(ngx_http_request_t *r) {
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_clientcert_request_t));

    if (cleanup == NULL)
        return NULL;
    cleanup->handler = keep_request;
    ngx_memzero(cleanup->data, sizeof(ngx_http_clientcert_request_t));
    return cleanup->data;
}

static ngx_int_t end(ngx_http_request_t *r, const clientcert_decision *decision, ngx_int_t status) {
    ngx_http_clientcert_request_t *request = ngx_http_clientcert_request(r);

    if (r == r->main)
        request->located = 1;
    return ngx_http_clientcert_answer(r, decision, status);
}

static void number(clientcert_request *facts, int32_t field, int64_t value) {
    (void)!clientcert_request_set_number(facts, field, value, NULL);
}

static void free_connection(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long number, void *pointer) {
    ngx_http_clientcert_connection_t *connection = data;

    if (connection == NULL)
        return;
    OPENSSL_free(connection->identity);
    OPENSSL_free(connection->answered_421);
    OPENSSL_free(connection);
}

/* NULL where memory fails. Of HTTP/2 and /3 all streams have the same. */
static ngx_http_clientcert_connection_t *connection_of(SSL *ssl) {
    static int index = -1;
    ngx_http_clientcert_connection_t *connection;

    if (index < 0)
        index = SSL_get_ex_new_index(0, NULL, NULL, NULL, free_connection);
    if (index < 0)
        return NULL;
    connection = SSL_get_ex_data(ssl, index);
    if (connection != NULL)
        return connection;
    connection = OPENSSL_zalloc(sizeof(*connection));
    if (connection != NULL && SSL_set_ex_data(ssl, index, connection) != 1) {
        OPENSSL_free(connection);
        return NULL;
    }
    return connection;
}

static int32_t http_version(const ngx_http_request_t *r) {
    switch (r->http_version) {
    case NGX_HTTP_VERSION_9:
    case NGX_HTTP_VERSION_10:
        return CLIENTCERT_HTTP_1_0;
    case NGX_HTTP_VERSION_11:
        return CLIENTCERT_HTTP_1_1;
    case NGX_HTTP_VERSION_20:
        return CLIENTCERT_HTTP_2;
#ifdef NGX_HTTP_VERSION_30
    case NGX_HTTP_VERSION_30:
        return CLIENTCERT_HTTP_3;
#endif
    default:
        return CLIENTCERT_HTTP_UNKNOWN;
    }
}

/* The name anywhere in a cookie counts: the separators that nginx's own parser takes differ between versions, and nobody
   gains by it. */
static int logged_out(ngx_http_request_t *r) {
    ngx_list_part_t *part;
    ngx_table_elt_t *headers;
    ngx_uint_t i;

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next)
        for (headers = part->elts, i = 0; i < part->nelts; i++)
            if (headers[i].key.len == 6 && ngx_strncasecmp(headers[i].key.data, (u_char *)"cookie", 6) == 0 &&
                ngx_strnstr(headers[i].value.data, "__Host-logged-out", headers[i].value.len) != NULL)
                return 1;
    return 0;
}

static void text(clientcert_request *facts, int32_t field, const u_char *value, size_t length) {
    size_t i;

    /* What no name, path or origin can hold would have every decision refuse. Without it, those do that need it. */
    for (i = 0; i < length; i++)
        if (value[i] < ' ' || value[i] > '~')
            return;
    if (length != 0)
        (void)!clientcert_request_set_text(facts, field, (const char *)value, length, NULL);
}

static void header(clientcert_request *facts, int32_t field, ngx_http_request_t *r, const char *name) {
    ngx_str_t value = ngx_http_clientcert_header(r, name);

    text(facts, field, value.data, value.len);
}

static void describe(ngx_http_request_t *r, const ngx_http_clientcert_loc_conf_t *place,
                     const ngx_http_clientcert_request_t *request, clientcert_request *facts) {
    const ngx_http_clientcert_connection_t *connection = request->connection;
    ngx_clientcert_conf_t *conf = ngx_http_get_module_srv_conf(r, ngx_http_clientcert_module);
    ngx_http_core_srv_conf_t *core = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    SSL *ssl = r->connection->ssl->connection;
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    ngx_str_t host = r->headers_in.server, authority = ngx_null_string;
    int elsewhere = conf->context != NULL && SSL_get_SSL_CTX(ssl) != conf->context;

    ngx_clientcert_describe(facts, &place->requirement, ssl);
    number(facts, CLIENTCERT_REQUEST_HTTP_VERSION, http_version(r));
    number(facts, CLIENTCERT_REQUEST_REUSED, connection->requests > 1 || elsewhere);
    number(facts, CLIENTCERT_REQUEST_PREFLIGHT_OPENED, connection->preflight_opened != 0);
    number(facts, CLIENTCERT_REQUEST_ANSWERED_421,
           connection->answered_421 != NULL && ngx_strlen(connection->answered_421) == host.len &&
               ngx_strncmp(connection->answered_421, host.data, host.len) == 0);
    number(facts, CLIENTCERT_REQUEST_OFFERS_POST_HANDSHAKE_AUTH, ngx_http_clientcert_may_ask(r, connection));
    number(facts, CLIENTCERT_REQUEST_LATE, connection->late);
    number(facts, CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE, request->asked);
    number(facts, CLIENTCERT_REQUEST_LOG_OUT, place->log_out == 1);
    number(facts, CLIENTCERT_REQUEST_LOGGED_OUT, logged_out(r));
    text(facts, CLIENTCERT_REQUEST_METHOD, r->method_name.data, r->method_name.len);
    text(facts, CLIENTCERT_REQUEST_TARGET, r->unparsed_uri.data, r->unparsed_uri.len);
    if (r->headers_in.host != NULL)
        authority = r->headers_in.host->value;
    else
        authority = host; /* :authority */
    text(facts, CLIENTCERT_REQUEST_AUTHORITY, authority.data, authority.len);
    if (core->server_name.len != 0 && core->server_name.data[0] != '~')
        text(facts, CLIENTCERT_REQUEST_VIRTUAL_HOST, core->server_name.data, core->server_name.len);
    /* Names of one server are of one virtual host. */
    if (name != NULL && !elsewhere && host.len != 0)
        text(facts, CLIENTCERT_REQUEST_SERVER_NAME, host.data, host.len);
    else if (name != NULL)
        text(facts, CLIENTCERT_REQUEST_SERVER_NAME, (const u_char *)name, ngx_strlen(name));
    /* RFC 8470: of a proxy, whatever its value is. */
    number(facts, CLIENTCERT_REQUEST_EARLY_DATA, ngx_http_clientcert_header(r, "early-data").data != NULL);
    header(facts, CLIENTCERT_REQUEST_ORIGIN, r, "origin");
    header(facts, CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_METHOD, r, "access-control-request-method");
    header(facts, CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_HEADERS, r, "access-control-request-headers");
    text(facts, CLIENTCERT_REQUEST_OTHER_LOGIN_URL, place->login.data, place->login.len);
    if (connection->identity != NULL)
        (void)!clientcert_request_set_text(facts, CLIENTCERT_REQUEST_IDENTITY_BEFORE, connection->identity,
                                           ngx_strlen(connection->identity), NULL);
}

static void free_decision(void *data) {
    clientcert_decision_free(data);
}

static void replace(char **place, const u_char *value, size_t length) {
    OPENSSL_free(*place);
    *place = OPENSSL_strndup((const char *)value, length);
}

static void remember(ngx_http_request_t *r, ngx_http_clientcert_connection_t *connection,
                     const clientcert_decision *decision) {
    const char *identity = clientcert_decision_identity(decision);

    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_PREFLIGHT)
        connection->preflight_opened |= connection->requests == 1;
    else if (*identity != '\0' && (connection->identity == NULL || ngx_strcmp(connection->identity, identity) != 0))
        replace(&connection->identity, (const u_char *)identity, ngx_strlen(identity));
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_MISDIRECTED)
        replace(&connection->answered_421, r->headers_in.server.data, r->headers_in.server.len);
}

/* Decides, and keeps what there is to keep. It lives as long as the request; NULL where memory fails. */
static clientcert_decision *decide(ngx_http_request_t *r, const ngx_http_clientcert_loc_conf_t *place,
                                   ngx_http_clientcert_request_t *request) {
    static clientcert_request *facts; /* of this worker, which decides about one request at a time */
    ngx_clientcert_conf_t *conf = ngx_http_get_module_srv_conf(r, ngx_http_clientcert_module);
    ngx_pool_cleanup_t *cleanup = ngx_pool_cleanup_add(r->pool, 0);
    clientcert_decision *decision;
    SSL *ssl = r->connection->ssl->connection;

    if (cleanup == NULL)
        return NULL;
    if (facts == NULL)
        facts = clientcert_request_new();
    clientcert_request_clear(facts);
    describe(r, place, request, facts);
    decision = clientcert_decide(conf->verifier, ngx_http_clientcert_verdict(r), facts, CLIENTCERT_NOW);
    cleanup->handler = free_decision;
    cleanup->data = decision;
    if (r != r->main)
        return decision;
    request->decision = decision;
    remember(r, request->connection, decision);
    ngx_http_clientcert_set_verify_result(r, decision);
    /* Whoever is asked now may have a session when he has answered. */
    if (!clientcert_decision_session_cacheable(decision) &&
        clientcert_decision_action(decision) != CLIENTCERT_ACTION_ASK_POST_HANDSHAKE)
        (void)!clientcert_openssl_keep_session(ssl, 0);
    return decision;
}

/* Allowed, or a preflight that the application answers. */
static int passes(const clientcert_decision *decision) {
    int32_t action = clientcert_decision_action(decision);

    return action == CLIENTCERT_ACTION_ALLOW ||
           (action == CLIENTCERT_ACTION_PREFLIGHT && clientcert_decision_status(decision) == 0);
}

/* nginx's number for a client that is refused for what is wrong with its certificate; 0 for any other cause. */
static ngx_int_t refused_as(const clientcert_decision *decision) {
    const clientcert_verdict *verdict = clientcert_decision_verdict(decision);
    const char *cause = clientcert_decision_cause(decision);
    size_t i;

    if (cause == NULL || clientcert_decision_action(decision) != CLIENTCERT_ACTION_FORBID)
        return 0;
    for (i = 0; i < clientcert_verdict_reason_count(verdict); i++)
        if (ngx_strcmp(cause, clientcert_reason_name(clientcert_verdict_reason(verdict, i))) == 0)
            return clientcert_verdict_nginx_status(verdict);
    return 0;
}

/* What holds for the whole server. */
ngx_int_t ngx_http_clientcert_post_read(ngx_http_request_t *r) {
    static const ngx_http_clientcert_loc_conf_t anywhere = {
        {CLIENTCERT_REQUIREMENT_NONE, NULL, 0, -1}, ngx_null_string, 0};
    ngx_clientcert_conf_t *conf = ngx_http_get_module_srv_conf(r, ngx_http_clientcert_module);
    ngx_http_clientcert_request_t *request;
    clientcert_decision *decision;
    const char *status;
    ngx_int_t refused;
    SSL *ssl;

    if (!conf->enable)
        return NGX_DECLINED;
    request = begin(r);
    if (request == NULL || ngx_http_clientcert_scrub(r) != NGX_OK)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    /* Without TLS there is no client to know; locations that require one refuse. */
    if (r->connection->ssl == NULL)
        return NGX_DECLINED;
    ssl = r->connection->ssl->connection;
    /* Early data, which anybody may have sent again: for what asks for no client alone. */
    if (!SSL_is_init_finished(ssl))
        return conf->asks || conf->verifier == NULL ? end(r, NULL, TOO_EARLY) : NGX_DECLINED;
    if (clientcert_openssl_verifier(SSL_get_SSL_CTX(ssl)) == NULL) /* of a server that nginx verifies */
        return end(r, NULL, NGX_HTTP_MISDIRECTED_REQUEST);
    request->connection = connection_of(ssl);
    if (request->connection == NULL)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    request->connection->requests++;
    decision = decide(r, &anywhere, request);
    if (decision == NULL)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_ALLOW) {
        if (ngx_ssl_ocsp_get_status(r->connection, &status) == NGX_OK)
            return NGX_DECLINED;
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "client SSL certificate verify error: %s", status);
        ngx_ssl_remove_cached_session(r->connection->ssl->session_ctx, SSL_get0_session(ssl));
        return end(r, NULL, NGX_HTTPS_CERT_ERROR);
    }
    if (passes(decision))
        return NGX_DECLINED;
    refused = refused_as(decision);
    if (refused == 0)
        return end(r, decision, clientcert_decision_status(decision));
    ngx_ssl_remove_cached_session(r->connection->ssl->session_ctx, SSL_get0_session(ssl));
    return end(r, decision, refused);
}

/* What a location requires, and every location that the request comes to. */
ngx_int_t ngx_http_clientcert_location(ngx_http_request_t *r) {
    ngx_clientcert_conf_t *conf = ngx_http_get_module_srv_conf(r, ngx_http_clientcert_module);
    ngx_http_clientcert_loc_conf_t *place = ngx_http_get_module_loc_conf(r, ngx_http_clientcert_module);
    ngx_http_clientcert_request_t *request;
    clientcert_decision *decision;

    if (!conf->enable)
        return NGX_DECLINED;
    request = ngx_http_clientcert_request(r);
    if (request == NULL)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (r == r->main)
        request->located = 1;
    if (place->requirement.requirement == CLIENTCERT_REQUIREMENT_NONE && !place->log_out)
        return NGX_DECLINED;
    if (r == r->main && request->place == place)
        return NGX_DECLINED;
    if (request->connection == NULL)
        return end(r, NULL, r->connection->ssl == NULL ? NGX_HTTP_FORBIDDEN : TOO_EARLY);
    decision = decide(r, place, request);
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_ASK_POST_HANDSHAKE) {
        ngx_int_t asked = ngx_http_clientcert_ask(r, request);

        if (asked == NGX_OK)
            return NGX_DONE;
        if (asked == NGX_ERROR)
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        decision = decide(r, place, request);
    }
    if (decision == NULL)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (passes(decision)) {
        if (r == r->main)
            request->place = place;
        return NGX_DECLINED;
    }
    return end(r, decision, clientcert_decision_status(decision));
}

/* A `return` of the server itself answers before a location is found. What the server requires holds for it, too. */
ngx_int_t ngx_http_clientcert_header_filter(ngx_http_request_t *r) {
    ngx_clientcert_conf_t *conf = ngx_http_get_module_srv_conf(r, ngx_http_clientcert_module);
    ngx_http_clientcert_request_t *request = conf->enable ? ngx_http_clientcert_request(r) : NULL;
    ngx_http_core_srv_conf_t *core = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    ngx_http_clientcert_loc_conf_t *place;
    clientcert_decision *decision = NULL;

    if (request == NULL || request->located || r != r->main)
        return ngx_http_clientcert_next_header_filter(r);
    request->located = 1;
    place = core->ctx->loc_conf[ngx_http_clientcert_module.ctx_index];
    if (place->requirement.requirement == CLIENTCERT_REQUIREMENT_NONE)
        return ngx_http_clientcert_next_header_filter(r);
    if (request->connection != NULL) {
        decision = decide(r, place, request);
        if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_ALLOW)
            return ngx_http_clientcert_next_header_filter(r);
    }
    return ngx_http_filter_finalize_request(r, &ngx_http_clientcert_module, NGX_HTTP_FORBIDDEN);
}

ngx_http_clientcert_request_t *ngx_http_clientcert_request(ngx_http_request_t *r) {
    ngx_pool_cleanup_t *cleanup;

    /* Contexts of modules are gone after an internal redirect, and subrequests have none of the main request's. */
    for (cleanup = r->main->pool->cleanup; cleanup != NULL; cleanup = cleanup->next)
        if (cleanup->handler == keep_request)
            return cleanup->data;
    return NULL;
}

void ngx_http_clientcert_set_verify_result(ngx_http_request_t *r, const clientcert_decision *decision) {
    const clientcert_verdict *verdict = clientcert_decision_verdict(decision);

    SSL_set_verify_result(r->connection->ssl->connection, clientcert_verdict_certificate_count(verdict) == 0
                                                              ? X509_V_ERR_APPLICATION_VERIFICATION
                                                              : clientcert_verdict_x509_error(verdict));
}

const clientcert_verdict *ngx_http_clientcert_verdict(ngx_http_request_t *r) {
    return r->connection->ssl == NULL ? NULL : clientcert_openssl_verdict(r->connection->ssl->connection);
}

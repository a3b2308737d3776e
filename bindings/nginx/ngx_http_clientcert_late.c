/* Asking for a certificate when a location needs one (RFC 8446 section 4.6.2), while the request waits. */
#include "ngx_http_clientcert.h"

/* Counts the client's Finished messages: the next one ends the answer, whatever that is. */
static void on_message(int written, int version, int type, const void *bytes, size_t length, SSL *ssl, void *data) {
    ngx_http_clientcert_connection_t *connection = data;

    if (!written && type == SSL3_RT_HANDSHAKE && length > 0 && *(const u_char *)bytes == SSL3_MT_FINISHED)
        connection->answered = 1;
}

static void go_on(ngx_http_request_t *r, ngx_http_clientcert_connection_t *connection, int32_t late) {
    ngx_event_t *read = r->connection->read;

    connection->late = late;
    SSL_set_msg_callback(r->connection->ssl->connection, NULL);
    if (read->timer_set)
        ngx_del_timer(read);
    read->timedout = 0;
    read->ready = 1; /* OpenSSL may hold what came behind the answer */
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}

static void wait_for_answer(ngx_http_request_t *r) {
    ngx_http_clientcert_connection_t *connection = ngx_http_clientcert_request(r)->connection;
    ngx_connection_t *c = r->connection;
    X509 *certificate;
    u_char byte;
    int got, error;

    if (c->read->timedout) {
        go_on(r, connection, CLIENTCERT_LATE_TIMED_OUT);
        return;
    }
    ERR_clear_error();
    got = SSL_peek(c->ssl->connection, &byte, 1);
    error = SSL_get_error(c->ssl->connection, got);
    ERR_clear_error();
    if (connection->answered) {
        certificate = SSL_get_peer_certificate(c->ssl->connection);
        X509_free(certificate);
        go_on(r, connection, certificate == NULL ? CLIENTCERT_LATE_DECLINED : CLIENTCERT_LATE_ANSWERED);
    } else if (got > 0) { /* a request before the answer: that cannot be told apart from one after it */
        go_on(r, connection, CLIENTCERT_LATE_TIMED_OUT);
    } else if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        c->error = 1;
        ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    } else {
        c->read->ready = 0;
        if (ngx_handle_read_event(c->read, 0) != NGX_OK)
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}

int ngx_http_clientcert_may_ask(ngx_http_request_t *r, const ngx_http_clientcert_connection_t *connection) {
    /* A body that is on its way would be taken for the answer. */
    return r == r->main && !connection->cannot_ask && r->http_version <= NGX_HTTP_VERSION_11 &&
           r->headers_in.content_length_n <= 0 && !r->headers_in.chunked && r->header_in->pos == r->header_in->last;
}

ngx_int_t ngx_http_clientcert_ask(ngx_http_request_t *r, ngx_http_clientcert_request_t *request) {
    ngx_http_core_srv_conf_t *core = ngx_http_get_module_srv_conf(r, ngx_http_core_module);
    ngx_http_clientcert_connection_t *connection = request->connection;
    ngx_connection_t *c = r->connection;

    connection->answered = 0;
    SSL_set_msg_callback(c->ssl->connection, on_message);
    SSL_set_msg_callback_arg(c->ssl->connection, connection);
    ERR_clear_error();
    if (!clientcert_openssl_request(c->ssl->connection)) {
        ERR_clear_error();
        SSL_set_msg_callback(c->ssl->connection, NULL);
        connection->cannot_ask = 1;
        return NGX_DECLINED;
    }
    request->asked = 1;
    r->read_event_handler = wait_for_answer;
    r->write_event_handler = ngx_http_request_empty_handler;
    ngx_add_timer(c->read, core->client_header_timeout);
    c->read->ready = 0;
    return ngx_handle_read_event(c->read, 0) == NGX_OK ? NGX_OK : NGX_ERROR;
}

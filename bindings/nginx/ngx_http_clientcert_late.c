/* Asking for a certificate when a location needs one (RFC 8446 section 4.6.2), while the request waits. */
#include "ngx_http_clientcert.h"

/* Counts the client's Finished messages: the next one ends the answer, whatever that is. */
static void on_message(int written, int version, int type, const void *bytes, size_t length, SSL *ssl, void *data) {
    ngx_http_clientcert_connection_t *connection = data;

    if (!written && type == SSL3_RT_HANDSHAKE && length > 0 && *(const u_char *)bytes == SSL3_MT_FINISHED)
        connection->answered = 1;
}

/* On every way out, and when the request ends while it waits. */
static void stop_waiting(void *data) {
    ngx_http_request_t *r = data;
    ngx_http_clientcert_request_t *request = ngx_http_clientcert_request(r);
    ngx_event_t *read = r->connection->read;

    if (request == NULL || !request->waits)
        return;
    request->waits = 0;
    SSL_set_msg_callback(r->connection->ssl->connection, NULL);
    if (read->timer_set)
        ngx_del_timer(read);
    read->timedout = 0;
    r->read_event_handler = ngx_http_block_reading;
    r->write_event_handler = ngx_http_core_run_phases;
}

static void go_on(ngx_http_request_t *r, int32_t late) {
    stop_waiting(r);
    ngx_http_clientcert_request(r)->connection->late = late;
    r->connection->read->ready = 1; /* OpenSSL may hold what came behind the answer */
    ngx_http_core_run_phases(r);
}

static void give_up(ngx_http_request_t *r, ngx_int_t status) {
    stop_waiting(r);
    /* A question that is under way cannot be put again, which `post_action` would try. */
    ngx_http_clientcert_request(r)->connection->cannot_ask = 1;
    ngx_http_finalize_request(r, status);
}

static void wait_for_answer(ngx_http_request_t *r) {
    ngx_http_clientcert_connection_t *connection = ngx_http_clientcert_request(r)->connection;
    ngx_connection_t *c = r->connection;
    SSL *ssl = c->ssl->connection;
    X509 *certificate;
    u_char byte;
    int got, error;

    if (c->read->timedout) {
        if (SSL_is_init_finished(ssl)) {
            go_on(r, CLIENTCERT_LATE_TIMED_OUT);
            return;
        }
        /* Half a question, or half an answer: nothing can be written. */
        c->timedout = 1;
        give_up(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }
    ERR_clear_error();
    got = SSL_peek(ssl, &byte, 1);
    error = SSL_get_error(ssl, got);
    if (got <= 0 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        ngx_ssl_error(NGX_LOG_INFO, c->log, 0, "clientcert: no certificate, the client has gone");
        c->ssl->no_wait_shutdown = c->ssl->no_send_shutdown = 1;
        c->error = 1;
        give_up(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    } else if (connection->answered && SSL_is_init_finished(ssl)) {
        certificate = SSL_get_peer_certificate(ssl);
        X509_free(certificate);
        go_on(r, certificate == NULL ? CLIENTCERT_LATE_DECLINED : CLIENTCERT_LATE_ANSWERED);
    } else if (got > 0) { /* a request before the answer: that cannot be told apart from one after it */
        go_on(r, CLIENTCERT_LATE_TIMED_OUT);
    } else {
        if (error == SSL_ERROR_WANT_WRITE)
            c->write->ready = 0;
        c->read->ready = 0;
        if (ngx_handle_read_event(c->read, 0) != NGX_OK || ngx_handle_write_event(c->write, 0) != NGX_OK)
            give_up(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
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
    ngx_http_cleanup_t *cleanup = ngx_http_cleanup_add(r, 0);
    ngx_connection_t *c = r->connection;
    SSL *ssl = c->ssl->connection;

    if (cleanup == NULL)
        return NGX_ERROR;
    cleanup->handler = stop_waiting;
    cleanup->data = r;
    connection->answered = 0;
    SSL_set_msg_callback(ssl, on_message);
    SSL_set_msg_callback_arg(ssl, connection);
    ERR_clear_error();
    /* What of the question does not fit into the socket now goes out while the request waits. */
    if (!clientcert_openssl_request(ssl) && !SSL_want_write(ssl)) {
        ERR_clear_error();
        SSL_set_msg_callback(ssl, NULL);
        connection->cannot_ask = 1;
        return NGX_DECLINED;
    }
    request->asked = request->waits = 1;
    request->place = NULL; /* whoever was allowed there is another one now */
    r->read_event_handler = r->write_event_handler = wait_for_answer;
    ngx_add_timer(c->read, core->client_header_timeout);
    ngx_post_event(c->read, &ngx_posted_events); /* what has come already raises no event */
    return NGX_OK;
}

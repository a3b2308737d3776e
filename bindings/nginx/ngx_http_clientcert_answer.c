/* Answers that a decision made: status, headers, page, and the end of the connection. */
#include "ngx_http_clientcert.h"

static ngx_int_t add_header(ngx_http_request_t *r, const char *name, const char *value, size_t length) {
    ngx_table_elt_t *header = ngx_list_push(&r->headers_out.headers);

    if (header == NULL)
        return NGX_ERROR;
    ngx_memzero(header, sizeof(*header));
    header->hash = 1;
    header->key.data = (u_char *)name;
    header->key.len = ngx_strlen(name);
    header->value.data = (u_char *)value;
    header->value.len = length;
    return NGX_OK;
}

static void close_connection(ngx_http_request_t *r) {
    r->keepalive = 0;
#if (NGX_HTTP_V2)
    if (r->stream != NULL) {
        /* As nginx does it for a worker that ends: GOAWAY, and the streams that there are. */
        r->stream->connection->connection->close = 1;
        ngx_post_event(r->stream->connection->connection->read, &ngx_posted_events);
    }
#endif
#if (NGX_HTTP_V3)
    if (r->connection->quic != NULL)
        ngx_http_v3_shutdown(r->connection);
#endif
}

/* Whether nginx would take an error page of the administrator's for a status, by its own rules. */
static int has_error_page(ngx_http_request_t *r, ngx_int_t status) {
    ngx_http_core_loc_conf_t *core = ngx_http_get_module_loc_conf(r, ngx_http_core_module);
    ngx_http_err_page_t *pages;
    ngx_uint_t i;

    if (r->error_page || core->error_pages == NULL || r->uri_changes == 0)
        return 0;
    pages = core->error_pages->elts;
    for (i = 0; i < core->error_pages->nelts; i++)
        if (pages[i].status == status)
            return 1;
    return 0;
}

/* The decision's page, in the format that the client prefers. */
static ngx_int_t send_page(ngx_http_request_t *r, const clientcert_decision *decision, ngx_int_t status) {
    static const ngx_str_t types[] = {ngx_string("text/plain; charset=utf-8"), ngx_string("text/html; charset=utf-8"),
                                      ngx_string("application/json")};
    ngx_str_t accept = ngx_http_clientcert_header(r, "accept");
    int32_t format = CLIENTCERT_BODY_TEXT;
    ngx_chain_t out;
    ngx_buf_t *page;
    ngx_int_t result;
    size_t length = 0;

    if (accept.len != 0 && ngx_strlcasestrn(accept.data, accept.data + accept.len, (u_char *)"text/html", 8) != NULL)
        format = CLIENTCERT_BODY_HTML;
    else if (accept.len != 0 &&
             ngx_strlcasestrn(accept.data, accept.data + accept.len, (u_char *)"application/json", 15) != NULL)
        format = CLIENTCERT_BODY_JSON;
    result = ngx_http_discard_request_body(r);
    if (result != NGX_OK)
        return result;
    page = ngx_calloc_buf(r->pool);
    if (page == NULL)
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    page->pos = (u_char *)clientcert_decision_body(decision, format, &length);
    page->last = page->pos + length;
    page->memory = length != 0;
    page->last_buf = page->last_in_chain = 1;
    /* nginx's own numbers are for error_page alone, and `error_page 403 =200` for the page that it names. */
    r->err_status = 0;
    if (status == NGX_HTTPS_CERT_ERROR || status == NGX_HTTPS_NO_CERT)
        status = NGX_HTTP_BAD_REQUEST;
    r->headers_out.status = status;
    r->headers_out.content_length_n = length;
    if (length != 0) {
        r->headers_out.content_type = types[format];
        r->headers_out.content_type_len = types[format].len;
    }
    r->expect_tested = 1;
    result = ngx_http_send_header(r);
    if (result == NGX_ERROR || result > NGX_OK || r->header_only)
        return result;
    out.buf = page;
    out.next = NULL;
    return ngx_http_output_filter(r, &out);
}

ngx_int_t ngx_http_clientcert_answer(ngx_http_request_t *r, const clientcert_decision *decision, ngx_int_t status) {
    static const char logged_out[] = "__Host-logged-out=1; Path=/; Secure; HttpOnly; SameSite=None";
    const char *name, *value;
    size_t i, length = 0;

    if (r != r->main)
        return NGX_HTTP_FORBIDDEN;
    if (decision == NULL) {
        ngx_http_finalize_request(r, status);
        return NGX_DONE;
    }
    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0, "clientcert: %s", clientcert_decision_audit(decision, NULL));
    if (status <= 0)
        status = NGX_HTTP_FORBIDDEN;
    for (i = 0; i < clientcert_decision_header_count(decision); i++) {
        name = clientcert_decision_header_name(decision, i);
        value = clientcert_decision_header_value(decision, i, &length);
        /* The end of the connection is nginx's to announce. */
        if (ngx_strcasecmp((u_char *)name, (u_char *)"connection") != 0 && add_header(r, name, value, length) != NGX_OK)
            status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_LOG_OUT &&
        add_header(r, "Set-Cookie", logged_out, sizeof(logged_out) - 1) != NGX_OK)
        status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    if (clientcert_decision_closes(decision))
        close_connection(r);
    if (!has_error_page(r, status))
        status = send_page(r, decision, status);
    ngx_http_finalize_request(r, status);
    return NGX_DONE;
}

ngx_str_t ngx_http_clientcert_header(ngx_http_request_t *r, const char *name) {
    ngx_list_part_t *part;
    ngx_table_elt_t *headers;
    ngx_str_t none = ngx_null_string;
    ngx_uint_t i;

    for (part = &r->headers_in.headers.part; part != NULL; part = part->next)
        for (headers = part->elts, i = 0; i < part->nelts; i++)
            if (headers[i].key.len == ngx_strlen(name) && ngx_strncasecmp(headers[i].key.data, (u_char *)name,
                                                                          headers[i].key.len) == 0)
                return headers[i].value;
    return none;
}

/* Variables, and the headers of clients that must not reach a back end. */
#include "ngx_http_clientcert.h"

static ngx_int_t variable(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t data) {
    ngx_str_t name = *(ngx_str_t *)data, text = ngx_null_string;
    ngx_clientcert_conf_t *conf = ngx_http_get_module_srv_conf(r, ngx_http_clientcert_module);
    ngx_http_clientcert_request_t *request = ngx_http_clientcert_request(r);
    const clientcert_decision *decision = request == NULL ? NULL : request->decision;
    const clientcert_verdict *verdict =
        decision == NULL ? ngx_http_clientcert_verdict(r) : clientcert_decision_verdict(decision);

    name.data += sizeof("clientcert_") - 1;
    name.len -= sizeof("clientcert_") - 1;
    value->not_found = 1;
    if (!conf->enable)
        return NGX_OK;
    if (name.len == 5 && ngx_strncmp(name.data, "audit", 5) == 0) {
        text.data = (u_char *)clientcert_decision_audit(decision, &text.len);
    } else if (name.len == 5 && ngx_strncmp(name.data, "cause", 5) == 0) {
        text.data = decision == NULL ? NULL : (u_char *)clientcert_decision_cause(decision);
        text.len = text.data == NULL ? 0 : ngx_strlen(text.data);
    } else if (verdict == NULL && r->connection->ssl == NULL) {
        if (name.len == 7 && ngx_strncmp(name.data, "outcome", 7) == 0) {
            ngx_str_set(&text, "NONE");
        }
    } else if (ngx_clientcert_variable(verdict, &name, r->pool, &text) == NGX_ERROR) {
        return NGX_ERROR;
    }
    if (text.data == NULL)
        return NGX_OK;
    value->valid = 1;
    value->no_cacheable = 0;
    value->not_found = 0;
    value->data = text.data;
    value->len = text.len;
    return NGX_OK;
}

/* nginx's own handler of $ssl_client_verify. */
static ngx_http_get_variable_pt verify_result;

/* OpenSSL has one result for a connection, whose requests over HTTP/2 are decided about one between the other. */
static ngx_int_t own_verify_result(ngx_http_request_t *r, ngx_http_variable_value_t *value, uintptr_t data) {
    ngx_http_clientcert_request_t *request = ngx_http_clientcert_request(r);

    if (request != NULL && request->decision != NULL)
        ngx_http_clientcert_set_verify_result(r, request->decision);
    return verify_result(r, value, data);
}

ngx_int_t ngx_http_clientcert_add_variables(ngx_conf_t *cf) {
    ngx_str_t prefix = ngx_string("clientcert_"), verify = ngx_string("ssl_client_verify");
    ngx_http_variable_t *added =
        ngx_http_add_variable(cf, &prefix, NGX_HTTP_VAR_PREFIX | NGX_HTTP_VAR_NOCACHEABLE | NGX_HTTP_VAR_NOHASH);
    ngx_http_variable_t *stock = ngx_http_add_variable(cf, &verify, NGX_HTTP_VAR_CHANGEABLE);

    if (added == NULL || stock == NULL)
        return NGX_ERROR;
    added->get_handler = variable;
    if (stock->get_handler == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "clientcert: the module of \"ssl\" has to be before it");
        return NGX_ERROR;
    }
    verify_result = stock->get_handler;
    stock->get_handler = own_verify_result;
    return NGX_OK;
}

/* A name need not end with NUL. What cannot be looked at is taken for one. */
static int is_forwarded(ngx_http_request_t *r, const ngx_table_elt_t *header) {
    u_char *name = ngx_pnalloc(r->pool, header->key.len + 1);

    if (name == NULL)
        return 1;
    ngx_cpystrn(name, header->key.data, header->key.len + 1);
    return clientcert_is_forwarded_header((char *)name) != 0;
}

ngx_int_t ngx_http_clientcert_scrub(ngx_http_request_t *r) {
    ngx_list_part_t all = r->headers_in.headers.part, *part;
    ngx_table_elt_t *headers, *kept;
    ngx_uint_t i, found = 0;

    for (part = &all; part != NULL; part = part->next)
        for (headers = part->elts, i = 0; i < part->nelts; i++)
            found += is_forwarded(r, &headers[i]);
    if (found == 0)
        return NGX_OK;
    /* A new list: nginx has pointers into the old one. */
    if (ngx_list_init(&r->headers_in.headers, r->pool, 20, sizeof(ngx_table_elt_t)) != NGX_OK)
        return NGX_ERROR;
    for (part = &all; part != NULL; part = part->next)
        for (headers = part->elts, i = 0; i < part->nelts; i++) {
            if (is_forwarded(r, &headers[i]))
                continue;
            kept = ngx_list_push(&r->headers_in.headers);
            if (kept == NULL)
                return NGX_ERROR;
            *kept = headers[i];
        }
    return NGX_OK;
}

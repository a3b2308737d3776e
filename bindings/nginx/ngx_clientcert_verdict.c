/* Verdicts as variables, and connections as they are described to a decision. */
#include "ngx_clientcert.h"

/* A header of RFC 9440; there is none for a client that was not verified. */
static ngx_int_t forwarded(const clientcert_verdict *verdict, const char *header, ngx_pool_t *pool, ngx_str_t *value) {
    clientcert_headers *headers = clientcert_headers_new();
    ngx_str_t found = ngx_null_string;
    ngx_int_t result = NGX_DECLINED;
    size_t i;

    if (clientcert_forward_headers(verdict, CLIENTCERT_DIALECT_RFC9440, CLIENTCERT_FORWARD_CHAIN, headers, NULL) ==
        CLIENTCERT_OK)
        for (i = 0; i < clientcert_headers_count(headers); i++)
            if (ngx_strcmp(clientcert_headers_name(headers, i), header) == 0) {
                found.data = (u_char *)clientcert_headers_value(headers, i, &found.len);
                value->len = found.len;
                value->data = ngx_pstrdup(pool, &found);
                result = value->data == NULL ? NGX_ERROR : NGX_OK;
            }
    clientcert_headers_free(headers);
    return result;
}

ngx_int_t ngx_clientcert_variable(const clientcert_verdict *verdict, const ngx_str_t *variable, ngx_pool_t *pool,
                                  ngx_str_t *value) {
    static const struct {
        const char *variable, *name;
    } aliases[] = {{"spki", "spki_sha256"}, {"x5t_s256", "x5t#S256"}};
    char name[128];
    size_t i;

    if (variable->len >= sizeof(name))
        return NGX_DECLINED;
    ngx_cpystrn((u_char *)name, variable->data, variable->len + 1);
    if (ngx_strcmp(name, "client_cert") == 0)
        return forwarded(verdict, "Client-Cert", pool, value);
    if (ngx_strcmp(name, "client_cert_chain") == 0)
        return forwarded(verdict, "Client-Cert-Chain", pool, value);
    if (ngx_strcmp(name, "json") == 0) {
        value->data = (u_char *)clientcert_verdict_json(verdict, &value->len);
        return value->data == NULL ? NGX_DECLINED : NGX_OK;
    }
    for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
        if (ngx_strcmp(name, aliases[i].variable) == 0)
            ngx_cpystrn((u_char *)name, (u_char *)aliases[i].name, sizeof(name));
    value->data = (u_char *)clientcert_verdict_get(verdict, name, &value->len);
    if (value->data != NULL)
        return NGX_OK;
    /* nginx writes names of variables in lower case, Apache in upper case. */
    for (i = 0; name[i] != '\0'; i++)
        name[i] = ngx_toupper(name[i]);
    value->data = (u_char *)clientcert_verdict_get(verdict, name, &value->len);
    return value->data == NULL ? NGX_DECLINED : NGX_OK;
}

void ngx_clientcert_describe(clientcert_request *facts, const ngx_clientcert_requirement_t *requirement, SSL *ssl) {
    ngx_str_t *users = requirement->users == NULL ? NULL : requirement->users->elts;
    ngx_uint_t i, count = requirement->users == NULL ? 0 : requirement->users->nelts;

    /* Where a fact is not taken, every decision about the request refuses it. */
    (void)!clientcert_request_set_number(facts, CLIENTCERT_REQUEST_REQUIREMENT, requirement->requirement, NULL);
    (void)!clientcert_request_set_number(facts, CLIENTCERT_REQUEST_STRONG, requirement->strong, NULL);
    (void)!clientcert_request_set_number(facts, CLIENTCERT_REQUEST_MAXIMUM_AGE, requirement->max_age, NULL);
    (void)!clientcert_request_set_number(facts, CLIENTCERT_REQUEST_TLS_VERSION, SSL_version(ssl), NULL);
    (void)!clientcert_request_set_number(facts, CLIENTCERT_REQUEST_HANDSHAKE_TIME,
                                         clientcert_openssl_handshake_time(ssl), NULL);
    (void)!clientcert_request_set_number(facts, CLIENTCERT_REQUEST_RESUMED, SSL_session_reused(ssl), NULL);
    for (i = 0; i < count; i++)
        (void)!clientcert_request_set_text(facts, CLIENTCERT_REQUEST_USER, (char *)users[i].data, users[i].len, NULL);
}

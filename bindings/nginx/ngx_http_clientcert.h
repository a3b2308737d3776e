/* The parts of the module for http. */
#ifndef NGX_HTTP_CLIENTCERT_H
#define NGX_HTTP_CLIENTCERT_H

#include <ngx_http.h>
#include <ngx_http_ssl_module.h>

#include "ngx_clientcert.h"

#if !(NGX_HTTP_SSL)
#error "the module for http needs --with-http_ssl_module"
#endif

#pragma GCC visibility push(hidden)

typedef struct {
    ngx_clientcert_requirement_t requirement;
    ngx_str_t login;
    ngx_flag_t log_out;
} ngx_http_clientcert_loc_conf_t;

/* What one request leaves for the next of its connection. */
typedef struct {
    ngx_uint_t requests;
    ngx_uint_t preflight_opened;
    char *identity;     /* of the last request that had one */
    char *answered_421; /* the host */
    int32_t late;       /* what came of the latest question for a certificate */
    ngx_uint_t answered;
    ngx_uint_t cannot_ask;
} ngx_http_clientcert_connection_t;

/* A request. It outlives internal redirects, and is that of the main request in subrequests. */
typedef struct {
    const clientcert_decision *decision;         /* the last */
    const ngx_http_clientcert_loc_conf_t *place; /* for which it allowed the main request */
    ngx_http_clientcert_connection_t *connection;
    int located; /* a location has decided, or the request was answered */
    int asked;   /* it waited for a certificate */
    int waits;   /* it does so now */
} ngx_http_clientcert_request_t;

extern ngx_module_t ngx_http_clientcert_module;

/* Handlers of phases, and the filter that sees what a server answers before there is a location. */
ngx_int_t ngx_http_clientcert_post_read(ngx_http_request_t *r);
ngx_int_t ngx_http_clientcert_location(ngx_http_request_t *r);
ngx_int_t ngx_http_clientcert_header_filter(ngx_http_request_t *r);
extern ngx_http_output_header_filter_pt ngx_http_clientcert_next_header_filter;

/* Whether a client of TLS 1.3 can be asked for a certificate now, if it offered that. */
int ngx_http_clientcert_may_ask(ngx_http_request_t *r, const ngx_http_clientcert_connection_t *connection);

/* Asks. The request waits for the answer, and then runs its phase again. NGX_DECLINED where the client cannot be asked. */
ngx_int_t ngx_http_clientcert_ask(ngx_http_request_t *r, ngx_http_clientcert_request_t *request);

/* NULL before the handler of POST_READ. */
ngx_http_clientcert_request_t *ngx_http_clientcert_request(ngx_http_request_t *r);

/* Of the connection, whatever was decided; NULL without TLS, and while there is none. */
const clientcert_verdict *ngx_http_clientcert_verdict(ngx_http_request_t *r);

/* Tells OpenSSL what came of a decision. Without it, it has what once was of a resumed client, and SUCCESS of who logged
   out. */
void ngx_http_clientcert_set_verify_result(ngx_http_request_t *r, const clientcert_decision *decision);

/* Answers as a decision says, with a status that may be nginx's own, and ends the request. */
ngx_int_t ngx_http_clientcert_answer(ngx_http_request_t *r, const clientcert_decision *decision, ngx_int_t status);

ngx_str_t ngx_http_clientcert_header(ngx_http_request_t *r, const char *name);

/* Takes out of a request what could be taken for a certificate that a proxy forwards. */
ngx_int_t ngx_http_clientcert_scrub(ngx_http_request_t *r);

ngx_int_t ngx_http_clientcert_add_variables(ngx_conf_t *cf);

#pragma GCC visibility pop

#endif

/* What the modules for http and stream share: options, policies, and their reload. */
#ifndef NGX_CLIENTCERT_H
#define NGX_CLIENTCERT_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include <pthread.h>

#include <clientcert_openssl.h>

/* nginx opens modules with RTLD_GLOBAL: each must keep to its own copy of this. */
#pragma GCC visibility push(hidden)

/* One directive that sets an option. */
typedef struct {
    ngx_str_t name;
    ngx_str_t value;
    u_char *file;
    ngx_uint_t line;
} ngx_clientcert_setting_t;

/* What `http`, `stream` or `server` say. */
typedef struct {
    ngx_flag_t enable;
    ngx_array_t *settings; /* of ngx_clientcert_setting_t, in the order of the file; NULL: none */
    time_t refresh;
    int thread; /* refreshes, however little there is to read */
    u_char *file; /* where `clientcert on` is */
    ngx_uint_t line;
    clientcert_verifier *verifier; /* NULL: off, or without a policy, which refuses */
    int asks;                      /* for a certificate */
    SSL_CTX *context;              /* NULL: plain, or served with that of the first server of the address */
} ngx_clientcert_conf_t;

/* What nginx's own directives say. */
typedef struct {
    ngx_uint_t verify; /* as nginx counts: off, on, optional, optional_no_ca */
    ngx_uint_t depth;
    ngx_str_t client_certificate;
    ngx_str_t trusted_certificate;
    ngx_str_t crl;
    ngx_uint_t ocsp;
} ngx_clientcert_stock_t;

/* A context that a policy decides for. */
typedef struct {
    SSL_CTX *context;
    STACK_OF(X509_NAME) *names; /* the CAs to name, where they are not those of the policy; NULL: the policy's */
} ngx_clientcert_context_t;

/* A verifier, which servers with equal options share. */
typedef struct {
    clientcert_verifier *verifier;
    ngx_str_t options;
    ngx_array_t contexts; /* of ngx_clientcert_context_t */
    time_t refresh;       /* in seconds; 0: never */
    int thread;           /* refreshes, however little there is to read */
    time_t due;           /* of the thread alone, once it was started */
    int changed;          /* from here on under the mutex of the set */
    char failure[512], reported[512];
    int failed;
} ngx_clientcert_policy_t;

/* All of them, and what refreshes them in a worker: the timer, or the thread once it was started. */
typedef struct {
    ngx_array_t policies; /* of ngx_clientcert_policy_t * */
    ngx_uint_t enabled;   /* servers */
    pthread_t thread;
    int started;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    int stop;
    ngx_event_t timer;
    ngx_connection_t dummy;
} ngx_clientcert_set_t;

/* Handlers of directives; `conf` is a ngx_clientcert_conf_t, or begins with one. */
char *ngx_clientcert_enable(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_clientcert_option(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_clientcert_values(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_clientcert_rule(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_clientcert_refresh(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* The directives of both modules. */
#define NGX_CLIENTCERT_COMMANDS(where, offset)                                                                         \
    {ngx_string("clientcert"), (where) | NGX_CONF_FLAG, ngx_clientcert_enable, offset,                                 \
     offsetof(ngx_clientcert_conf_t, enable), NULL},                                                                   \
        {ngx_string("clientcert_option"), (where) | NGX_CONF_TAKE2, ngx_clientcert_option, offset, 0, NULL},           \
        {ngx_string("clientcert_mode"), (where) | NGX_CONF_TAKE1, ngx_clientcert_values, offset, 0, NULL},             \
        {ngx_string("clientcert_ca"), (where) | NGX_CONF_1MORE, ngx_clientcert_values, offset, 0, NULL},               \
        {ngx_string("clientcert_crl"), (where) | NGX_CONF_1MORE, ngx_clientcert_values, offset, 0, NULL},              \
        {ngx_string("clientcert_registry"), (where) | NGX_CONF_TAKE1, ngx_clientcert_values, offset, 0, NULL},         \
        {ngx_string("clientcert_config"), (where) | NGX_CONF_TAKE1, ngx_clientcert_values, offset, 0, NULL},           \
        {ngx_string("clientcert_identity"), (where) | NGX_CONF_1MORE, ngx_clientcert_rule, offset, 0, NULL}, {         \
        ngx_string("clientcert_refresh"), (where) | NGX_CONF_TAKE12, ngx_clientcert_refresh, offset,                   \
            offsetof(ngx_clientcert_conf_t, refresh), NULL                                                             \
    }

void ngx_clientcert_init_conf(ngx_clientcert_conf_t *conf);
char *ngx_clientcert_merge_conf(ngx_conf_t *cf, ngx_clientcert_conf_t *parent, ngx_clientcert_conf_t *conf);

/* Whether an option was set by a directive of ours, under its own name or nginx's (which may be NULL). */
int ngx_clientcert_given(const ngx_clientcert_conf_t *conf, const char *name, const char *stock);

void *ngx_clientcert_create_set(ngx_conf_t *cf);

/* Makes the policy of a server, and has it decide for its context. Without `clientcert on` nginx goes on to
   verify; OpenSSL takes the callbacks of tickets from the context that a connection starts with, so it gets those. */
ngx_int_t ngx_clientcert_take_over(ngx_conf_t *cf, ngx_clientcert_set_t *set, ngx_clientcert_conf_t *conf,
                                   const ngx_clientcert_stock_t *stock, SSL_CTX *context, const ngx_str_t *host);

/* Starts what refreshes in a worker, which ends before the cycle's pool is freed. NULL has nothing to refresh. */
ngx_int_t ngx_clientcert_start(ngx_cycle_t *cycle, ngx_clientcert_set_t *set);

/* Sets what a context takes from its policy anew. */
int ngx_clientcert_update(const ngx_clientcert_context_t *context);

/* A variable, without its prefix; the value lives as long as the verdict or the pool. NGX_DECLINED: there is none. */
ngx_int_t ngx_clientcert_variable(const clientcert_verdict *verdict, const ngx_str_t *name, ngx_pool_t *pool,
                                  ngx_str_t *value);

/* What a place requires. */
typedef struct {
    ngx_uint_t requirement; /* a CLIENTCERT_REQUIREMENT_, or NGX_CONF_UNSET_UINT */
    ngx_array_t *users;     /* of ngx_str_t */
    ngx_uint_t strong;
    time_t max_age; /* -1: any */
} ngx_clientcert_requirement_t;

char *ngx_clientcert_require(ngx_conf_t *cf, ngx_clientcert_requirement_t *requirement);

/* Describes a place and the TLS connection to a request that is asked about. */
void ngx_clientcert_describe(clientcert_request *facts, const ngx_clientcert_requirement_t *requirement, SSL *ssl);

#pragma GCC visibility pop

#endif

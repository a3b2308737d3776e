/*
 * What the files of this module share. From the top: mod_clientcert.c registers the hooks, configuration.c has the
 * directives, policy.c makes verifiers of them, tls.c joins those to mod_ssl, ocsp.c asks responders, decision.c asks
 * clientcert about each request, authentication.c is AuthType and Require, variables.c tells applications who the client
 * is, and reload.c keeps CRLs, CAs and registrations fresh.
 */
#ifndef MOD_CLIENTCERT_H
#define MOD_CLIENTCERT_H

#include <pthread.h>

#include <httpd.h>
#include <http_config.h>
#include <http_core.h>
#include <http_log.h>
#include <http_protocol.h>
#include <http_request.h>
#include <apr_lib.h>
#include <apr_strings.h>

#include <clientcert_openssl.h>

extern module AP_MODULE_DECLARE_DATA clientcert_module __attribute__((visibility("default")));
APLOG_USE_MODULE(clientcert);

/* A directive's name and value, and where it stands: one of ours, or one of mod_ssl's that we read along. */
struct setting {
    const char *name, *value;
    const char *file;
    int line;
};

/* What a virtual host has. */
struct host {
    int enabled;                /* -1: not said */
    int refresh;                /* seconds; -1: not said */
    const char *config_file;    /* of options, in TOML */
    apr_array_header_t *own;    /* of struct setting: ClientCertOption */
    apr_array_header_t *theirs; /* of struct setting: what mod_ssl has, by its directives' names */
    struct setting at;          /* the ClientCert that applies */
    const server_rec *said_by;  /* the server that it stands in */
    int deepest;                /* the greatest SSLVerifyDepth of its places; 0: none has one */
    clientcert_verifier *verifier; /* NULL: mod_ssl decides alone */
    int in_tls;                    /* a context of mod_ssl has the verifier */
};

/* What a place requires of a client. */
struct requirement {
    int32_t what;
    int strong;
    apr_int64_t max_age; /* -1: any */
    apr_array_header_t *users;
};

/* What a directory, location or file has. */
struct place {
    const char *verify_client; /* mod_ssl's SSLVerifyClient; NULL: not said */
    int verify_depth;          /* mod_ssl's SSLVerifyDepth; -1: not said */
    const struct requirement *required;
    const char *fallback; /* "on", "off", or the URL of another log-in; NULL: not said */
    int log_out;          /* -1: not said */
    int dialect;          /* of the headers for a back end; -1: none, -2: not said */
    int32_t forwarded;    /* CLIENTCERT_FORWARD_... */
};

/* A TLS connection, and what its earlier requests leave for the next one. Requests of HTTP/2 run in other threads than
   their connection: they read what was settled after the handshake, and take the lock for the rest. */
struct connection {
    SSL *ssl;
    int settled;
    clientcert_verdict *verdict;
    int64_t handshake_time;
    int tls_version, resumed;
    const char *server_name;
    pthread_mutex_t lock;
    unsigned long requests;
    int preflight_opened;
    char *identity, *answered_421; /* by malloc */
};

/* A request of a client. Subrequests and internal redirects share that of the first. */
struct request {
    apr_pool_t *pool;
    struct connection *connection;
    const clientcert_verdict *verdict; /* the decision's: what applications learn */
    const clientcert_decision *denied; /* why `Require clientcert` did not grant */
    const clientcert_decision *answer; /* what is being answered in place of the request */
    int late;                          /* its certificate came after it */
    int reused, answered_421;          /* its connection served others before; and misdirected one like it */
    int granted;                       /* by `Require clientcert` */
    const char *authorization;         /* as the client sent it */
};

/* configuration.c */
extern const command_rec clientcert_directives[];
void *host_create(apr_pool_t *pool, server_rec *server);
void *host_merge(apr_pool_t *pool, void *base, void *added);
void *place_create(apr_pool_t *pool, char *path);
void *place_merge(apr_pool_t *pool, void *base, void *added);
struct host *host_of(const server_rec *server);
const struct setting *setting_find(const apr_array_header_t *settings, const char *name);
int configuration_complain(const struct setting *at, const char *message);
int configuration_check(apr_pool_t *config, apr_pool_t *log, apr_pool_t *scratch, server_rec *server);
int configuration_check_tls(apr_pool_t *config, apr_pool_t *log, apr_pool_t *scratch, server_rec *server);

/* policy.c */
int policy_make(apr_pool_t *pool, struct host *host, const server_rec *server);
int policy_depth(const struct host *host);
int policy_in_use(void);
size_t policy_count(void);
const clientcert_verifier *policy_at(size_t index);
void policy_forget(apr_pool_t *pool);

/* tls.c */
void tls_register_hooks(void);
int tls_handshake_done(conn_rec *of);
struct connection *connection_of(conn_rec *of);
int connection_settle(conn_rec *of, struct connection *connection);
void tls_tell_mod_ssl(const struct connection *connection);

/* ocsp.c */
clientcert_verdict *ocsp_ask(conn_rec *of, const struct host *host, const clientcert_verdict *waiting);

/* decision.c */
const char *requirement_parse(apr_pool_t *pool, const char *line, struct requirement **out);
const clientcert_decision *decide(request_rec *request, const struct request *of, const struct requirement *required);
int goes_on(const clientcert_decision *decision);
int answer(request_rec *request, struct request *of, const clientcert_decision *decision);
int decision_read_request(request_rec *request);
int decision_before_mod_ssl(request_rec *request);
int decision_after_mod_ssl(request_rec *request);
int decision_fixups(request_rec *request);
void decision_error(request_rec *request);
void decision_register_filter(void);
struct request *request_of(request_rec *request);
const struct place *place_of(const request_rec *request);

/* authentication.c */
void authentication_register(apr_pool_t *pool);

/* variables.c */
void variables_register(apr_pool_t *pool);
void variables_scrub(request_rec *request);
void variables_set(request_rec *request, const clientcert_verdict *verdict);
int variables_forward(request_rec *request, const clientcert_verdict *verdict);

/* reload.c */
void reload_start(apr_pool_t *child, server_rec *server);

#endif

/* Joins verifiers to mod_ssl: its contexts, its handshakes, and what it believes of a client. */
#include <stdlib.h>

#include "mod_clientcert.h"

#include <apr_optional_hooks.h>

/* Optional hooks of mod_ssl, as mod_ssl_openssl.h declares them, which distributions seldom install. */
typedef int ssl_HOOK_init_server_t(server_rec *server, apr_pool_t *pool, int is_proxy, SSL_CTX *context);
typedef int ssl_HOOK_pre_handshake_t(conn_rec *connection, SSL *ssl, int is_proxy);

/* Whether clientcert decides in a context, and whose SSL it is. */
static CRYPTO_ONCE once = CRYPTO_ONCE_STATIC_INIT;
static int context_index = -1, connection_index = -1;

/* mod_ssl frees the SSL of a handshake that failed while its connection goes on. */
static void on_free(void *parent, void *data, CRYPTO_EX_DATA *all, int index, long number, void *pointer) {
    (void)parent, (void)all, (void)index, (void)number, (void)pointer;
    if (data != NULL)
        ((struct connection *)data)->ssl = NULL;
}

static void start(void) {
    context_index = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, NULL);
    connection_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, on_free);
}

static int is_ours(const SSL *ssl) {
    return ssl != NULL && context_index >= 0 && SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index) != NULL;
}

static int refuse_context(const server_rec *server) {
    ap_log_error(APLOG_MARK, APLOG_EMERG, 0, server, "clientcert: the verifier cannot be joined to the TLS context");
    return HTTP_INTERNAL_SERVER_ERROR;
}

/* For each virtual host with TLS, after mod_ssl has set its context up. */
static int on_context(server_rec *server, apr_pool_t *pool, int is_proxy, SSL_CTX *context) {
    struct host *host = host_of(server);
    STACK_OF(X509_NAME) *names = NULL;

    (void)pool;
    if (is_proxy || !policy_in_use())
        return OK;
    if (CRYPTO_THREAD_run_once(&once, start) != 1 || context_index < 0 || connection_index < 0)
        return refuse_context(server);
    if (host->verifier != NULL) {
        /* Who names other CAs to clients than he trusts keeps to that. */
        if (setting_find(host->theirs, "SSLCADNRequestFile") || setting_find(host->theirs, "SSLCADNRequestPath"))
            names = SSL_dup_CA_list(SSL_CTX_get_client_CA_list(context));
        if (clientcert_openssl_install(context, host->verifier) != 1 ||
            clientcert_openssl_set_host(context, server->server_hostname) != 1 ||
            SSL_CTX_set_ex_data(context, context_index, host) != 1)
            return refuse_context(server);
        if (names != NULL)
            SSL_CTX_set0_CA_list(context, names);
        host->in_tls = 1;
    } else if (clientcert_openssl_share(context) != 1) {
        return refuse_context(server);
    }
    return OK;
}

/* mod_ssl ends a connection after a handshake whose verify result is an error. Where the handshake may complete, that is
   for the answer to a request to say: the result that is true is set again as soon as mod_ssl has looked at it. */
static void on_progress(const SSL *ssl, int where, int value) {
    void (*theirs)(const SSL *, int, int) = SSL_CTX_get_info_callback(SSL_get_SSL_CTX(ssl));
    const struct connection *connection;

    if (theirs != NULL)
        theirs(ssl, where, value);
    if (!(where & SSL_CB_HANDSHAKE_DONE) || !is_ours(ssl))
        return;
    connection = SSL_get_ex_data(ssl, connection_index);
    if (connection != NULL && !connection->settled)
        SSL_set_verify_result((SSL *)ssl, X509_V_OK);
}

static apr_status_t connection_free(void *of) {
    struct connection *connection = of;

    if (connection->ssl != NULL)
        SSL_set_ex_data(connection->ssl, connection_index, NULL);
    clientcert_verdict_free(connection->verdict);
    free(connection->identity);
    free(connection->answered_421);
    pthread_mutex_destroy(&connection->lock);
    return APR_SUCCESS;
}

static int on_connection(conn_rec *of, SSL *ssl, int is_proxy) {
    struct connection *connection;

    if (is_proxy || !policy_in_use())
        return OK;
    connection = apr_pcalloc(of->pool, sizeof(*connection));
    connection->ssl = ssl;
    if (SSL_set_ex_data(ssl, connection_index, connection) != 1 || pthread_mutex_init(&connection->lock, NULL) != 0)
        return HTTP_INTERNAL_SERVER_ERROR;
    apr_pool_cleanup_register(of->pool, connection, connection_free, apr_pool_cleanup_null);
    ap_set_module_config(of->conn_config, &clientcert_module, connection);
    SSL_set_info_callback(ssl, on_progress);
    return OK;
}

/* NULL where there is no TLS. The streams of HTTP/2 have connections of their own, and the master's TLS. */
struct connection *connection_of(conn_rec *of) {
    if (of == NULL)
        return NULL;
    return ap_get_module_config((of->master != NULL ? of->master : of)->conn_config, &clientcert_module);
}

/* SSL_CLIENT_VERIFY, `Require ssl-verify-client` and the rest of mod_ssl go by the verify result. */
void tls_tell_mod_ssl(const struct connection *connection) {
    if (connection->settled && is_ours(connection->ssl))
        SSL_set_verify_result(connection->ssl, clientcert_verdict_x509_error(connection->verdict));
}

/* Asks the OCSP responders that a verdict waits for, which takes its time, as in mod_ssl. */
static const clientcert_verdict *ocsp_complete(conn_rec *of, SSL *ssl, const clientcert_verdict *waiting) {
    const struct host *host = SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), context_index);
    clientcert_verdict *complete = ocsp_ask(of, host, waiting);

    if (clientcert_openssl_set_verdict(ssl, complete) != 1)
        ap_log_cerror(APLOG_MARK, APLOG_ERR, 0, of, "clientcert: the OCSP answer cannot be kept");
    clientcert_verdict_free(complete);
    return clientcert_openssl_verdict(ssl);
}

/* Takes the verdict on the client as it is now: 1 where it is a new one. Only in the thread of the connection itself. */
int connection_settle(conn_rec *of, struct connection *connection) {
    const clientcert_verdict *verdict;
    int changed;

    if (of->master != NULL || !is_ours(connection->ssl) || !SSL_is_init_finished(connection->ssl))
        return 0;
    verdict = clientcert_openssl_verdict(connection->ssl);
    if (clientcert_verdict_ocsp_count(verdict) > 0)
        verdict = ocsp_complete(of, connection->ssl, verdict);
    changed = verdict != connection->verdict;
    if (changed) {
        clientcert_verdict_free(connection->verdict);
        connection->verdict = clientcert_verdict_ref(verdict);
    }
    connection->handshake_time = clientcert_openssl_handshake_time(connection->ssl);
    connection->tls_version = SSL_version(connection->ssl);
    connection->resumed = SSL_session_reused(connection->ssl);
    if (connection->server_name == NULL)
        connection->server_name =
            apr_pstrdup(of->pool, SSL_get_servername(connection->ssl, TLSEXT_NAMETYPE_host_name));
    connection->settled = 1;
    tls_tell_mod_ssl(connection);
    return changed;
}

/* After mod_ssl's handshake, before HTTP/2 starts. */
int tls_handshake_done(conn_rec *of) {
    struct connection *connection = of->master == NULL ? connection_of(of) : NULL;

    if (connection != NULL && !connection->settled)
        connection_settle(of, connection);
    return DECLINED;
}

void tls_register_hooks(void) {
    APR_OPTIONAL_HOOK(ssl, init_server, on_context, NULL, NULL, APR_HOOK_MIDDLE);
    APR_OPTIONAL_HOOK(ssl, pre_handshake, on_connection, NULL, NULL, APR_HOOK_MIDDLE);
}

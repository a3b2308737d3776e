/* A server and a client of OpenSSL, in memory: what the test programs of clientcert_openssl.h share. */

#include "common.h"

#include <openssl/err.h>

#include <clientcert_openssl.h>

static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};

/* One connection, and what came of it. */
struct connection {
    SSL *server, *client;
    bool complete; /* on the server's side */
    int alert;     /* that the client received; -1: none */
};

static inline clientcert_verifier *verifier_by(char **argv, const char *mode, const char *enforcement, const char *ca) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = config_with(argv, mode, ca);

    CHECK_OK(clientcert_config_set(config, "enforcement", enforcement, &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    return verifier;
}

static inline SSL_CTX *plain_server(char **argv) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    char *server = path_of(argv, "server.pem");

    CHECK(context != NULL && SSL_CTX_use_certificate_chain_file(context, server) == 1);
    CHECK(SSL_CTX_use_PrivateKey_file(context, server, SSL_FILETYPE_PEM) == 1);
    free(server);
    return context;
}

static inline SSL_CTX *server_by(char **argv, const char *mode, const char *enforcement) {
    SSL_CTX *context = plain_server(argv);
    clientcert_verifier *verifier = verifier_by(argv, mode, enforcement, "ca.pem");

    CHECK(clientcert_openssl_install(context, verifier) == 1);
    clientcert_verifier_free(verifier);
    return context;
}

/* A client that presents the chain in `file`, or nothing. */
static inline SSL_CTX *client_with(char **argv, const char *file) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    CHECK(context != NULL);
    SSL_CTX_set_post_handshake_auth(context, 1);
    if (file != NULL) {
        char *path = path_of(argv, file);

        CHECK(SSL_CTX_use_certificate_chain_file(context, path) == 1);
        CHECK(SSL_CTX_use_PrivateKey_file(context, path, SSL_FILETYPE_PEM) == 1);
        free(path);
    }
    return context;
}

static inline void note_alert(const SSL *ssl, int where, int what) {
    struct connection *connection = SSL_get_app_data(ssl);

    if (where == SSL_CB_READ_ALERT && (what >> 8) == SSL3_AL_FATAL)
        connection->alert = what & 0xff;
}

/* Lets both sides read and write until nothing moves. */
static inline void pump(struct connection *connection) {
    char byte;

    for (int round = 0; round < 10; round++) {
        SSL_do_handshake(connection->client);
        SSL_do_handshake(connection->server);
        if (SSL_is_init_finished(connection->client))
            SSL_peek(connection->client, &byte, 1);
        if (SSL_is_init_finished(connection->server))
            SSL_peek(connection->server, &byte, 1);
    }
    ERR_clear_error();
}

static inline void connect_with(struct connection *connection, SSL_CTX *server, SSL_CTX *client, int version,
                         SSL_SESSION *session, const char *host) {
    BIO *near_end, *far_end;

    connection->server = SSL_new(server);
    connection->client = SSL_new(client);
    connection->alert = -1;
    CHECK(connection->server != NULL && connection->client != NULL);
    CHECK(BIO_new_bio_pair(&near_end, 1 << 18, &far_end, 1 << 18) == 1);
    SSL_set_bio(connection->server, near_end, near_end);
    SSL_set_bio(connection->client, far_end, far_end);
    SSL_set_accept_state(connection->server);
    SSL_set_connect_state(connection->client);
    CHECK(SSL_set_min_proto_version(connection->client, version) == 1);
    CHECK(SSL_set_max_proto_version(connection->client, version) == 1);
    SSL_set_app_data(connection->client, connection);
    SSL_set_info_callback(connection->client, note_alert);
    if (session != NULL)
        CHECK(SSL_set_session(connection->client, session) == 1);
    if (host != NULL)
        CHECK(SSL_set_tlsext_host_name(connection->client, host) == 1);
    CHECK(clientcert_openssl_verdict(connection->server) == NULL);
    pump(connection);
    connection->complete = SSL_is_init_finished(connection->server) && connection->alert == -1;
}

static inline void close_both(struct connection *connection) {
    SSL_shutdown(connection->client);
    SSL_shutdown(connection->server);
    SSL_free(connection->client);
    SSL_free(connection->server);
}

static inline bool primary_is(const clientcert_verdict *verdict, const char *name) {
    if (name == NULL)
        return clientcert_verdict_reason_count(verdict) == 0;
    return equal(clientcert_reason_name(clientcert_verdict_reason(verdict, 0)), name);
}

/* The newest session that a server gave to a client; of several tickets the last. */
static SSL_SESSION *kept;

static inline int keep_session(SSL *ssl, SSL_SESSION *session) {
    (void)ssl;
    SSL_SESSION_free(kept);
    kept = session;
    return 1;
}

static inline void forget_session(void) {
    SSL_SESSION_free(kept);
    kept = NULL;
}

/* A client that keeps what it is given to resume. */
static inline SSL_CTX *keeping_client(char **argv, const char *file) {
    SSL_CTX *context = client_with(argv, file);

    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    return context;
}

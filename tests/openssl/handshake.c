/* clientcert_openssl.h in handshakes between a server and a client of OpenSSL, in memory. */

#include "peers.h"

/* In the translation unit elsewhere.cpp. */
const clientcert_verdict *verdict_elsewhere(SSL *ssl);

/* What a client sees and a server is told, by policy and by what is presented. */
struct expectation {
    const char *mode, *enforcement, *presents;
    int alert_12, alert_13; /* 0: the handshake completes, and the rest applies */
    int outcome;
    bool accepted;
    int error;
    const char *reason;
};

static const struct expectation expectations[] = {
    {"off", "handshake", "good.pem", 0, 0, CLIENTCERT_NONE, true, X509_V_OK, NULL},
    {"optional", "request", NULL, 0, 0, CLIENTCERT_NONE, true, X509_V_OK, NULL},
    {"optional", "request", "good.pem", 0, 0, CLIENTCERT_SUCCESS, true, X509_V_OK, NULL},
    {"optional", "request", "chain.pem", 0, 0, CLIENTCERT_SUCCESS, true, X509_V_OK, NULL},
    {"optional", "request", "expired.pem", 0, 0, CLIENTCERT_FAILED, false, X509_V_ERR_CERT_HAS_EXPIRED,
     "certificate_expired"},
    {"optional", "request", "stranger.pem", 0, 0, CLIENTCERT_FAILED, false,
     X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "leaf_issuer_unknown"},
    {"optional_no_ca", "request", "stranger.pem", 0, 0, CLIENTCERT_FAILED, true,
     X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "leaf_issuer_unknown"},
    {"optional_no_ca", "handshake", "stranger.pem", 0, 0, CLIENTCERT_FAILED, true,
     X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, "leaf_issuer_unknown"},
    {"optional_no_ca", "handshake", "expired.pem", 45, 45, 0, false, 0, NULL},
    {"optional", "handshake", NULL, 0, 0, CLIENTCERT_NONE, true, X509_V_OK, NULL},
    {"optional", "handshake", "expired.pem", 45, 45, 0, false, 0, NULL},
    {"require", "request", NULL, 0, 0, CLIENTCERT_NONE, false, X509_V_OK, "certificate_required"},
    {"require", "request", "expired.pem", 0, 0, CLIENTCERT_FAILED, false, X509_V_ERR_CERT_HAS_EXPIRED,
     "certificate_expired"},
    {"require", "handshake", NULL, 40, 116, 0, false, 0, NULL},
    {"require", "handshake", "good.pem", 0, 0, CLIENTCERT_SUCCESS, true, X509_V_OK, NULL},
    {"require", "handshake", "chain.pem", 0, 0, CLIENTCERT_SUCCESS, true, X509_V_OK, NULL},
    {"require", "handshake", "expired.pem", 45, 45, 0, false, 0, NULL},
    {"require", "handshake", "future.pem", 42, 42, 0, false, 0, NULL},
    {"require", "handshake", "purpose.pem", 43, 43, 0, false, 0, NULL},
    {"require", "handshake", "stranger.pem", 48, 48, 0, false, 0, NULL},
    /* Expired too, which is nothing that a stranger is told. */
    {"require", "handshake", "stranger_expired.pem", 48, 48, 0, false, 0, NULL},
    {"require", "handshake", "self.pem", 48, 48, 0, false, 0, NULL},
    /* Its own error, a wrong signature, would make OpenSSL send decrypt_error. */
    {"require", "handshake", "forged.pem", 48, 48, 0, false, 0, NULL},
    {"require_any", "handshake", NULL, 40, 116, 0, false, 0, NULL},
    {"require_any", "handshake", "stranger.pem", 0, 0, CLIENTCERT_FAILED, true, X509_V_ERR_APPLICATION_VERIFICATION,
     "not_verified"},
    {"request_any", "request", NULL, 0, 0, CLIENTCERT_NONE, true, X509_V_OK, NULL},
    {"deferred", "request", "good.pem", 0, 0, CLIENTCERT_NONE, true, X509_V_OK, NULL},
};

static void modes(char **argv) {
    for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++) {
        const struct expectation *expected = &expectations[i];
        SSL_CTX *server = server_by(argv, expected->mode, expected->enforcement);
        SSL_CTX *client = client_with(argv, expected->presents);

        for (size_t v = 0; v < 2; v++) {
            int alert = v == 0 ? expected->alert_12 : expected->alert_13;
            struct connection connection;
            const clientcert_verdict *verdict;

            printf("%s, %s, %s, %s\n", expected->mode, expected->enforcement,
                   expected->presents == NULL ? "nothing" : expected->presents, v == 0 ? "TLS 1.2" : "TLS 1.3");
            connect_with(&connection, server, client, versions[v], NULL, NULL);
            verdict = clientcert_openssl_verdict(connection.server);
            CHECK(verdict == verdict_elsewhere(connection.server));
            CHECK(connection.alert == (alert == 0 ? -1 : alert));
            CHECK(connection.complete == (alert == 0));
            if (alert != 0) {
                CHECK(!clientcert_verdict_accepted(verdict) && !clientcert_verdict_verified(verdict));
                /* Without a certificate the verdict has no say, and OpenSSL sets no error. */
                CHECK(expected->presents == NULL || SSL_get_verify_result(connection.server) != X509_V_OK);
            } else {
                CHECK(verdict != NULL);
                CHECK(clientcert_verdict_outcome(verdict) == expected->outcome);
                CHECK(clientcert_verdict_accepted(verdict) == (expected->accepted ? 1 : 0));
                CHECK(SSL_get_verify_result(connection.server) == expected->error);
                CHECK(primary_is(verdict, expected->reason));
                CHECK(verdict == clientcert_openssl_verdict(connection.server));
            }
            close_both(&connection);
        }
        SSL_CTX_free(server);
        SSL_CTX_free(client);
    }
}

/* Each certificate is handed over once, the leaf first, and the verdict can outlive the connection. */
static void chain(char **argv) {
    SSL_CTX *server = server_by(argv, "require", "request"), *client = client_with(argv, "chain.pem");
    struct connection connection;
    clientcert_verdict *verdict;

    connect_with(&connection, server, client, TLS1_3_VERSION, NULL, NULL);
    verdict = clientcert_verdict_ref(clientcert_openssl_verdict(connection.server));
    close_both(&connection);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
    CHECK(clientcert_verdict_verified(verdict) && clientcert_verdict_certificate_count(verdict) == 2);
    CHECK(equal(clientcert_verdict_get(verdict, "ssl_client_s_dn", NULL), "CN=chained"));
    clientcert_verdict_free(verdict);
}

static int wrong_error;

static int refuse_with_wrong_error(X509_STORE_CTX *store, void *unused) {
    (void)unused;
    X509_STORE_CTX_set_error(store, wrong_error);
    return 0;
}

/* For every reason there is, OpenSSL sends the alert that the reason wants; the table in the header is OpenSSL's. */
static void alerts(char **argv) {
    SSL_CTX *server = plain_server(argv), *client = client_with(argv, "good.pem");

    SSL_CTX_set_verify(server, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(server, refuse_with_wrong_error, NULL);
    for (size_t i = 0; i < clientcert_reason_count(); i++) {
        int32_t reason = clientcert_reason_at(i);

        for (size_t v = 0; v < 2; v++) {
            int32_t alert = clientcert_reason_alert(reason, versions[v]);
            struct connection connection;

            wrong_error = clientcert_openssl_error_for_alert(clientcert_reason_x509_error(reason), alert);
            connect_with(&connection, server, client, versions[v], NULL, NULL);
            printf("%s: alert %d, sent %d\n", clientcert_reason_name(reason), alert, connection.alert);
            /* OpenSSL has no error for these two: the first it sends where no certificate comes, by itself. */
            if (alert == SSL_AD_CERTIFICATE_REQUIRED || alert == SSL_AD_ACCESS_DENIED)
                alert = SSL_AD_BAD_CERTIFICATE;
            CHECK(connection.alert == alert);
            close_both(&connection);
        }
    }
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static int present_nothing(SSL *ssl, void *unused) {
    (void)unused;
    SSL_certs_clear(ssl);
    return 1;
}

/* `mode = deferred`: asked when it matters. A later answer replaces the former, also where it is no certificate. */
static void deferred(char **argv) {
    SSL_CTX *server = server_by(argv, "deferred", "request"), *client = client_with(argv, "good.pem");
    struct connection connection;

    connect_with(&connection, server, client, TLS1_3_VERSION, NULL, NULL);
    CHECK(clientcert_verdict_outcome(clientcert_openssl_verdict(connection.server)) == CLIENTCERT_NONE);
    CHECK(clientcert_openssl_request(connection.server) == 1);
    CHECK(clientcert_verdict_outcome(clientcert_openssl_verdict(connection.server)) == CLIENTCERT_NONE);
    pump(&connection);
    CHECK(clientcert_verdict_verified(clientcert_openssl_verdict(connection.server)));
    SSL_set_cert_cb(connection.client, present_nothing, NULL);
    CHECK(clientcert_openssl_request(connection.server) == 1);
    pump(&connection);
    CHECK(clientcert_verdict_outcome(clientcert_openssl_verdict(connection.server)) == CLIENTCERT_NONE);
    close_both(&connection);

    connect_with(&connection, server, client, TLS1_2_VERSION, NULL, NULL);
    CHECK(clientcert_openssl_request(connection.server) == 0);
    CHECK(clientcert_verdict_outcome(clientcert_openssl_verdict(connection.server)) == CLIENTCERT_NONE);
    close_both(&connection);

    SSL_CTX_set_post_handshake_auth(client, 0);
    connect_with(&connection, server, client, TLS1_3_VERSION, NULL, NULL);
    CHECK(clientcert_openssl_request(connection.server) == 0);
    ERR_clear_error();
    close_both(&connection);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

static int select_host(SSL *ssl, int *alert, void *protected_context) {
    const char *host = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)alert;
    if (!equal(host, "protected.example"))
        return SSL_TLSEXT_ERR_OK;
    return clientcert_openssl_select(ssl, protected_context) == 1 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

/* A host by name whose policy asks, on a listener whose policy does not. */
static void hosts(char **argv) {
    SSL_CTX *front = server_by(argv, "off", "request"), *protected_context = server_by(argv, "require", "handshake");
    SSL_CTX *client = client_with(argv, "good.pem"), *nobody = client_with(argv, NULL);

    SSL_CTX_set_tlsext_servername_callback(front, select_host);
    SSL_CTX_set_tlsext_servername_arg(front, protected_context);
    for (size_t v = 0; v < 2; v++) {
        struct connection connection;

        connect_with(&connection, front, client, versions[v], NULL, "open.example");
        CHECK(clientcert_verdict_outcome(clientcert_openssl_verdict(connection.server)) == CLIENTCERT_NONE);
        close_both(&connection);
        connect_with(&connection, front, client, versions[v], NULL, "protected.example");
        CHECK(clientcert_verdict_verified(clientcert_openssl_verdict(connection.server)));
        close_both(&connection);
        connect_with(&connection, front, nobody, versions[v], NULL, "protected.example");
        CHECK(!connection.complete && connection.alert == (v == 0 ? 40 : 116));
        close_both(&connection);
    }
    SSL_CTX_free(front);
    SSL_CTX_free(protected_context);
    SSL_CTX_free(client);
    SSL_CTX_free(nobody);
}

static int names_sent(SSL_CTX *server, SSL_CTX *client, const char *name) {
    struct connection connection;
    const STACK_OF(X509_NAME) *names;
    char line[256] = "";
    int count;

    connect_with(&connection, server, client, TLS1_3_VERSION, NULL, NULL);
    CHECK(connection.complete);
    names = SSL_get0_peer_CA_list(connection.client);
    count = names == NULL ? 0 : sk_X509_NAME_num(names);
    if (count > 0)
        X509_NAME_oneline(sk_X509_NAME_value(names, 0), line, sizeof(line));
    CHECK(count == 0 || equal(line, name));
    close_both(&connection);
    return count;
}

/* The client is told the names of the pinned CAs, unless the policy keeps them; a reload changes them with an update. */
static void hints(char **argv) {
    SSL_CTX *server = plain_server(argv), *client = client_with(argv, NULL);
    struct bytes ca = contents_of(argv, "ca.pem"), other = contents_of(argv, "stranger_ca.pem");
    clientcert_error *error = NULL;
    clientcert_config *config;
    clientcert_verifier *verifier;

    write_file(argv, "changing.pem", ca);
    verifier = verifier_by(argv, "optional", "request", "changing.pem");
    CHECK(clientcert_openssl_install(server, verifier) == 1);
    CHECK(names_sent(server, client, "/CN=ca") == 1);
    write_file(argv, "changing.pem", other);
    CHECK_OK(clientcert_verifier_reload(verifier, &error), error);
    CHECK(names_sent(server, client, "/CN=ca") == 1);
    CHECK(clientcert_openssl_update(server) == 1);
    CHECK(names_sent(server, client, "/CN=stranger ca") == 1);
    clientcert_verifier_free(verifier);

    verifier = NULL;
    config = config_with(argv, "optional", "ca.pem");
    CHECK_OK(clientcert_config_set(config, "ca_hints", "none", &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    CHECK(clientcert_openssl_install(server, verifier) == 1);
    CHECK(names_sent(server, client, NULL) == 0);
    clientcert_verifier_free(verifier);

    /* More names than fit into a handshake: none are sent, and it completes. */
    verifier = verifier_by(argv, "optional", "request", "many_cas.pem");
    CHECK(clientcert_openssl_install(server, verifier) == 1);
    CHECK(names_sent(server, client, NULL) == 0);
    clientcert_verifier_free(verifier);
    free(ca.data);
    free(other.data);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* The host says whose a key is after the handshake, and the connection goes on by that. */
static void completed(char **argv) {
    static const char answer[] = "{\"user\": \"alice\"}", none[] = "null";
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = config_with(argv, "require", "ca.pem");
    SSL_CTX *server = plain_server(argv), *client = client_with(argv, "good.pem");

    CHECK_OK(clientcert_config_set(config, "registry", "external", &error), error);
    CHECK_OK(clientcert_config_set(config, "trust", "ca+key", &error), error);
    CHECK_OK(clientcert_config_set(config, "enforcement", "request", &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    CHECK(clientcert_openssl_install(server, verifier) == 1);
    for (size_t v = 0; v < 2; v++) {
        struct connection connection;
        const clientcert_verdict *waits;
        clientcert_verdict *verdict, *nobody;

        connect_with(&connection, server, client, versions[v], NULL, NULL);
        waits = clientcert_openssl_verdict(connection.server);
        CHECK(primary_is(waits, "registration_pending") && !clientcert_verdict_accepted(waits));
        CHECK(SSL_get_verify_result(connection.server) != X509_V_OK);

        /* About somebody else, or nobody. */
        nobody = clientcert_verify(verifier, NULL, 0, CLIENTCERT_NOW);
        CHECK(clientcert_openssl_set_verdict(connection.server, nobody) == 0);
        CHECK(clientcert_openssl_set_verdict(connection.server, NULL) == 0);
        CHECK(clientcert_openssl_set_verdict(NULL, waits) == 0);
        CHECK(clientcert_openssl_verdict(connection.server) == waits);

        verdict = clientcert_verdict_resolve(verifier, waits, (const uint8_t *)none, strlen(none), CLIENTCERT_NOW);
        CHECK(clientcert_openssl_set_verdict(connection.server, verdict) == 1);
        clientcert_verdict_free(verdict);
        verdict = (clientcert_verdict *)clientcert_openssl_verdict(connection.server);
        CHECK(!clientcert_verdict_accepted(verdict) && SSL_get_verify_result(connection.server) != X509_V_OK);
        close_both(&connection);

        connect_with(&connection, server, client, versions[v], NULL, NULL);
        waits = clientcert_openssl_verdict(connection.server);
        verdict = clientcert_verdict_resolve(verifier, waits, (const uint8_t *)answer, strlen(answer), CLIENTCERT_NOW);
        CHECK(clientcert_openssl_set_verdict(connection.server, verdict) == 1);
        CHECK(clientcert_openssl_verdict(connection.server) == verdict);
        clientcert_verdict_free(verdict);
        CHECK(clientcert_verdict_verified(clientcert_openssl_verdict(connection.server)));
        CHECK(equal(clientcert_verdict_get(clientcert_openssl_verdict(connection.server), "user", NULL), "alice"));
        CHECK(SSL_get_verify_result(connection.server) == X509_V_OK);
        CHECK(clientcert_openssl_handshake_time(connection.server) > 1700000000);
        close_both(&connection);

        /* A client without a certificate stays one. */
        SSL_CTX *anonymous = client_with(argv, NULL);
        connect_with(&connection, server, anonymous, versions[v], NULL, NULL);
        CHECK(clientcert_openssl_set_verdict(connection.server, nobody) == 1);
        CHECK(SSL_get_verify_result(connection.server) == X509_V_OK);
        CHECK(!clientcert_verdict_accepted(clientcert_openssl_verdict(connection.server)));
        close_both(&connection);
        SSL_CTX_free(anonymous);
        clientcert_verdict_free(nobody);
    }
    clientcert_config_free(config);
    clientcert_verifier_free(verifier);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

/* Used wrongly, it refuses. */
static void misuse(char **argv) {
    SSL_CTX *server = plain_server(argv), *client = client_with(argv, "good.pem");
    clientcert_verifier *verifier = verifier_by(argv, "optional", "request", "ca.pem");
    struct connection connection;

    CHECK(clientcert_openssl_install(NULL, verifier) == 0 && clientcert_openssl_update(NULL) == 0);
    CHECK(clientcert_openssl_verdict(NULL) == NULL && clientcert_openssl_request(NULL) == 0);
    CHECK(clientcert_openssl_select(NULL, server) == 0);
    CHECK(clientcert_openssl_update(server) == 0);
    connect_with(&connection, server, client, TLS1_3_VERSION, NULL, NULL);
    CHECK(connection.complete && clientcert_openssl_verdict(connection.server) == NULL);
    close_both(&connection);

    /* Without a verifier no certificate is good. */
    CHECK(clientcert_openssl_install(server, NULL) == 0);
    SSL_CTX_set_verify(server, SSL_VERIFY_PEER, NULL);
    connect_with(&connection, server, client, TLS1_3_VERSION, NULL, NULL);
    CHECK(!connection.complete && connection.alert == SSL_AD_INTERNAL_ERROR);
    close_both(&connection);

    /* A client without a certificate of X.509, such as a raw public key, is not taken for one without any. */
    CHECK(clientcert_openssl_install(server, verifier) == 1);
    SSL *ssl = SSL_new(server);
    X509_STORE_CTX *store = X509_STORE_CTX_new();
    CHECK(X509_STORE_CTX_init(store, SSL_CTX_get_cert_store(server), NULL, NULL) == 1);
    CHECK(X509_STORE_CTX_set_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx(), ssl) == 1);
    CHECK(clientcert_openssl_callback(store, NULL) == 0 && X509_STORE_CTX_get_error(store) != X509_V_OK);
    X509_STORE_CTX_free(store);
    SSL_free(ssl);

    /* A connection that is used again has no verdict of its former client, and neither has its copy. */
    CHECK(clientcert_openssl_install(server, verifier) == 1 && clientcert_openssl_install(server, verifier) == 1);
    connect_with(&connection, server, client, TLS1_3_VERSION, NULL, NULL);
    CHECK(clientcert_verdict_verified(clientcert_openssl_verdict(connection.server)));
    SSL_shutdown(connection.server);
    CHECK(SSL_clear(connection.server) == 1);
    CHECK(clientcert_openssl_verdict(connection.server) == NULL);
    SSL *copy = SSL_dup(connection.server);
    CHECK(copy != NULL && copy != connection.server && clientcert_openssl_verdict(copy) == NULL);
    SSL_free(copy);
    close_both(&connection);
    clientcert_verifier_free(verifier);
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    modes(argv);
    chain(argv);
    alerts(argv);
    deferred(argv);
    hosts(argv);
    hints(argv);
    completed(argv);
    misuse(argv);
    return 0;
}

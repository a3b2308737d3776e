/* clientcert_openssl.h and resumption: sessions of every kind, and what may have happened before they come back. */

#include "peers.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

/* How OpenSSL keeps sessions, and whether a session can still be refused when it comes back. */
struct kind {
    const char *name;
    int version;
    bool tickets; /* else the server keeps them */
};

static const struct kind kinds[] = {
    {"TLS 1.2, session ids", TLS1_2_VERSION, false},
    {"TLS 1.2, tickets", TLS1_2_VERSION, true},
    {"TLS 1.3, kept by the server", TLS1_3_VERSION, false},
    {"TLS 1.3, tickets", TLS1_3_VERSION, true},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

/* An option; a value that begins with `@` names files of this run. */
struct option {
    const char *name, *value;
};

static clientcert_verifier *verifier_of(char **argv, const char *mode, const char *ca, const struct option *options) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = config_with(argv, mode, ca);

    for (; options != NULL && options->name != NULL; options++) {
        const char *at = strchr(options->value, '@');
        char value[4096];

        snprintf(value, sizeof(value), "%.*s%s%s%s", (int)(at == NULL ? strlen(options->value) : (size_t)(at - options->value)),
                 options->value, at == NULL ? "" : argv[1], at == NULL ? "" : "/", at == NULL ? "" : at + 1);
        CHECK_OK(clientcert_config_set(config, options->name, value, &error), error);
    }
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    return verifier;
}

/* Takes the verifier. */
static SSL_CTX *server_of(char **argv, const struct kind *kind, clientcert_verifier *verifier) {
    SSL_CTX *context = plain_server(argv);

    CHECK(clientcert_openssl_install(context, verifier) == 1);
    clientcert_verifier_free(verifier);
    if (!kind->tickets)
        SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    return context;
}

/* What a connection came to. */
struct came {
    bool resumed;
    int outcome;
    char reason[64]; /* empty: none */
    int64_t handshake_time;
};

static struct came came_of(struct connection *connection) {
    struct came came = {0};
    const clientcert_verdict *verdict = clientcert_openssl_verdict(connection->server);

    CHECK(connection->complete && verdict != NULL);
    came.resumed = SSL_session_reused(connection->server) == 1;
    came.outcome = clientcert_verdict_outcome(verdict);
    if (clientcert_verdict_reason_count(verdict) != 0)
        snprintf(came.reason, sizeof(came.reason), "%s",
                 clientcert_reason_name(clientcert_verdict_reason(verdict, 0)));
    came.handshake_time = clientcert_openssl_handshake_time(connection->server);
    CHECK(verdict == clientcert_openssl_verdict(connection->server));
    return came;
}

/* Connects, with the session kept so far where there is one, and keeps the newest after that. */
static struct came visit(SSL_CTX *server, SSL_CTX *client, const struct kind *kind, const char *host) {
    struct connection connection;
    struct came came;
    SSL_SESSION *session = kept;

    kept = NULL;
    connect_with(&connection, server, client, kind->version, session, host);
    came = came_of(&connection);
    close_both(&connection);
    if (kept == NULL)
        kept = session;
    else
        SSL_SESSION_free(session);
    printf("  %s, %d %s\n", came.resumed ? "resumed" : "full handshake", came.outcome, came.reason);
    return came;
}

static bool succeeds(struct came came, bool resumed) {
    return came.outcome == CLIENTCERT_SUCCESS && came.resumed == resumed && came.reason[0] == '\0';
}

static bool fails(struct came came, const char *reason) {
    return came.outcome == CLIENTCERT_FAILED && strcmp(came.reason, reason) == 0;
}

/* On by default, again and again, with the certificates that the handshake brought, and with its time. */
static void resumption(char **argv) {
    const char *const files[] = {"good.pem", "chain.pem"};

    for (size_t k = 0; k < KINDS; k++) {
        for (size_t f = 0; f < 2; f++) {
            SSL_CTX *server = server_of(argv, &kinds[k], verifier_of(argv, "require", "ca.pem", NULL));
            SSL_CTX *client = keeping_client(argv, files[f]);

            printf("%s, %s\n", kinds[k].name, files[f]);
            struct came first = visit(server, client, &kinds[k], NULL);
            CHECK(succeeds(first, false) && first.handshake_time > 1700000000);
            for (int i = 0; i < 3; i++) {
                struct came again = visit(server, client, &kinds[k], NULL);
                CHECK(succeeds(again, true) && again.handshake_time == first.handshake_time);
            }
            forget_session();
            SSL_CTX_free(server);
            SSL_CTX_free(client);
        }
    }
}

/* Without a certificate: resumed where that is accepted, and asked again where it is not. */
static void nobody(char **argv) {
    for (size_t k = 0; k < KINDS; k++) {
        SSL_CTX *client = keeping_client(argv, NULL);
        SSL_CTX *open = server_of(argv, &kinds[k], verifier_of(argv, "optional", "ca.pem", NULL));
        SSL_CTX *closed = server_of(argv, &kinds[k], verifier_of(argv, "require", "ca.pem", NULL));

        printf("%s, nobody\n", kinds[k].name);
        struct came first = visit(open, client, &kinds[k], NULL), again;
        CHECK(first.outcome == CLIENTCERT_NONE && first.handshake_time > 1700000000);
        for (int i = 0; i < 3; i++) {
            if (i == 1)
                sleep(2);
            again = visit(open, client, &kinds[k], NULL);
            CHECK(again.outcome == CLIENTCERT_NONE && again.resumed && again.handshake_time == first.handshake_time);
        }
        forget_session();
        CHECK(visit(closed, client, &kinds[k], NULL).outcome == CLIENTCERT_NONE);
        again = visit(closed, client, &kinds[k], NULL);
        CHECK(again.outcome == CLIENTCERT_NONE && strcmp(again.reason, "certificate_required") == 0);
        CHECK(!again.resumed);
        forget_session();
        SSL_CTX_free(open);
        SSL_CTX_free(closed);
        SSL_CTX_free(client);
    }
}

static void copy(char **argv, const char *from, const char *to) {
    struct bytes bytes = contents_of(argv, from);

    write_file(argv, to, bytes);
    free(bytes.data);
}

/* A file that the policy is made of changes between handshake and resumption. */
static void change(char **argv, const struct option *options, const char *ca, const char *file, const char *before,
                   const char *after, const char *reason) {
    for (size_t k = 0; k < KINDS; k++) {
        clientcert_error *error = NULL;
        SSL_CTX *server, *client = keeping_client(argv, "good.pem");
        clientcert_verifier *verifier;

        printf("%s: %s instead of %s\n", kinds[k].name, after, before);
        copy(argv, before, file);
        verifier = verifier_of(argv, "require", ca, options);
        server = server_of(argv, &kinds[k], clientcert_verifier_ref(verifier));
        CHECK(succeeds(visit(server, client, &kinds[k], NULL), false));
        CHECK(succeeds(visit(server, client, &kinds[k], NULL), true));
        copy(argv, after, file);
        CHECK_OK(clientcert_verifier_reload(verifier, &error), error);
        struct came came = visit(server, client, &kinds[k], NULL);
        /* Another policy makes the session foreign, which is all that is said where it cannot be refused. */
        if (strcmp(file, ca) == 0 && came.resumed)
            CHECK(fails(came, "session_invalid"));
        else
            CHECK(fails(came, reason));
        CHECK(!came.resumed || !kinds[k].tickets);
        /* It is not tried again. */
        came = visit(server, client, &kinds[k], NULL);
        CHECK(fails(came, reason) && !came.resumed);
        CHECK(clientcert_openssl_update(server) == 1);
        copy(argv, before, file);
        CHECK_OK(clientcert_verifier_reload(verifier, &error), error);
        CHECK(clientcert_openssl_update(server) == 1);
        CHECK(succeeds(visit(server, client, &kinds[k], NULL), false));
        CHECK(succeeds(visit(server, client, &kinds[k], NULL), true));
        forget_session();
        clientcert_verifier_free(verifier);
        SSL_CTX_free(server);
        SSL_CTX_free(client);
    }
}

/* A context whose id is that of a policy which has changed since: full handshakes, whatever keeps the sessions. */
static void updated(char **argv) {
    for (size_t k = 0; k < KINDS; k++) {
        clientcert_error *error = NULL;
        SSL_CTX *client = keeping_client(argv, "good.pem");

        copy(argv, "ca.pem", "changing.pem");
        clientcert_verifier *verifier = verifier_of(argv, "require", "changing.pem", NULL);
        SSL_CTX *server = server_of(argv, &kinds[k], clientcert_verifier_ref(verifier));
        CHECK(succeeds(visit(server, client, &kinds[k], NULL), false));
        copy(argv, "stranger_ca.pem", "changing.pem");
        CHECK_OK(clientcert_verifier_reload(verifier, &error), error);
        CHECK(clientcert_openssl_update(server) == 1);
        struct came came = visit(server, client, &kinds[k], NULL);
        CHECK(fails(came, "leaf_issuer_unknown") && !came.resumed);
        forget_session();
        clientcert_verifier_free(verifier);
        SSL_CTX_free(server);
        SSL_CTX_free(client);
    }
}

/* A certificate that is good for `seconds` from now on. */
static void write_brief(char **argv, const char *name, int seconds) {
    char *key_path = path_of(argv, "ca.key"), *leaf_path = path_of(argv, "good.pem"), *path = path_of(argv, name);
    FILE *file = fopen(key_path, "r");
    EVP_PKEY *ca = PEM_read_PrivateKey(file, NULL, NULL, NULL), *key;
    X509 *certificate;

    fclose(file);
    file = fopen(leaf_path, "r");
    certificate = PEM_read_X509(file, NULL, NULL, NULL);
    rewind(file);
    key = PEM_read_PrivateKey(file, NULL, NULL, NULL);
    fclose(file);
    CHECK(ca != NULL && key != NULL && certificate != NULL);
    CHECK(X509_gmtime_adj(X509_getm_notAfter(certificate), seconds) != NULL);
    CHECK(X509_sign(certificate, ca, EVP_sha256()) > 0);
    file = fopen(path, "w");
    CHECK(PEM_write_X509(file, certificate) == 1);
    CHECK(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1 && fclose(file) == 0);
    X509_free(certificate);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(key);
    free(key_path);
    free(leaf_path);
    free(path);
}

/* Time passes: a certificate ends, and so does the age of a handshake, which no resumption renews. */
static void time_passes(char **argv) {
    static const struct option short_lived[] = {{"session_max_age", "8"}, {NULL, NULL}};
    struct {
        SSL_CTX *ends, *ages;
        SSL_SESSION *ended, *aged;
        int64_t handshake_time;
    } sites[KINDS];
    SSL_CTX *brief, *good = keeping_client(argv, "good.pem");
    int64_t last = 0;

    write_brief(argv, "brief.pem", 8);
    brief = keeping_client(argv, "brief.pem");
    for (size_t k = 0; k < KINDS; k++) {
        sites[k].ends = server_of(argv, &kinds[k], verifier_of(argv, "require", "ca.pem", NULL));
        sites[k].ages = server_of(argv, &kinds[k], verifier_of(argv, "require", "ca.pem", short_lived));
        CHECK(succeeds(visit(sites[k].ends, brief, &kinds[k], NULL), false));
        CHECK(succeeds(visit(sites[k].ends, brief, &kinds[k], NULL), true));
        sites[k].ended = kept;
        kept = NULL;
        struct came first = visit(sites[k].ages, good, &kinds[k], NULL);
        CHECK(succeeds(first, false));
        sites[k].aged = kept;
        kept = NULL;
        sites[k].handshake_time = first.handshake_time;
    }
    sleep(2);
    for (size_t k = 0; k < KINDS; k++) {
        kept = sites[k].aged;
        struct came again = visit(sites[k].ages, good, &kinds[k], NULL);
        CHECK(succeeds(again, true) && again.handshake_time == sites[k].handshake_time);
        sites[k].aged = kept;
        kept = NULL;
        last = sites[k].handshake_time;
    }
    while (time(NULL) <= last + 9)
        sleep(1);
    for (size_t k = 0; k < KINDS; k++) {
        printf("%s, later\n", kinds[k].name);
        kept = sites[k].ended;
        struct came came = visit(sites[k].ends, brief, &kinds[k], NULL);
        CHECK(fails(came, "certificate_expired") && (!came.resumed || !kinds[k].tickets));
        forget_session();
        kept = sites[k].aged;
        came = visit(sites[k].ages, good, &kinds[k], NULL);
        if (kinds[k].tickets)
            CHECK(succeeds(came, false) && came.handshake_time > sites[k].handshake_time);
        else
            CHECK(came.resumed && fails(came, "session_expired") && came.handshake_time == sites[k].handshake_time);
        CHECK(succeeds(visit(sites[k].ages, good, &kinds[k], NULL), kinds[k].tickets));
        forget_session();
        SSL_CTX_free(sites[k].ends);
        SSL_CTX_free(sites[k].ages);
    }
    SSL_CTX_free(brief);
    SSL_CTX_free(good);
}

static bool is_named(SSL *ssl, const char *wanted) {
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    return equal(name, wanted);
}

static int select_by_name(SSL *ssl, int *alert, void *other) {
    (void)alert;
    if (!is_named(ssl, "b.example"))
        return SSL_TLSEXT_ERR_OK;
    return clientcert_openssl_select(ssl, other) == 1 ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static int select_early(SSL *ssl, int *alert, void *other) {
    size_t length = 0;
    const char *name = clientcert_openssl_server_name(ssl, &length);

    (void)alert;
    if (name == NULL || length != 9 || memcmp(name, "b.example", 9) != 0)
        return SSL_CLIENT_HELLO_SUCCESS;
    return clientcert_openssl_select(ssl, other) == 1 ? SSL_CLIENT_HELLO_SUCCESS : SSL_CLIENT_HELLO_ERROR;
}

/* The session of one host is offered to another: early and late selection, hosts with one policy and with two, names. */
static void hosts(char **argv) {
    static const struct option demanding[] = {{"depth", "3"}, {NULL, NULL}};

    for (size_t k = 0; k < KINDS; k++) {
        for (int early = 0; early < 2; early++) {
            for (int variant = 0; variant < 3; variant++) {
                bool one_policy = variant != 0, named = variant == 2;
                SSL_CTX *client = keeping_client(argv, "good.pem");
                SSL_CTX *a = server_of(argv, &kinds[k], verifier_of(argv, "require", "ca.pem", NULL));
                SSL_CTX *b = server_of(argv, &kinds[k],
                                       verifier_of(argv, "require", "ca.pem", one_policy ? NULL : demanding));

                printf("%s, hosts selected %s, %s, %s\n", kinds[k].name, early ? "early" : "late",
                       one_policy ? "one policy" : "two policies", named ? "with names" : "without names");
                if (named) {
                    CHECK(clientcert_openssl_set_host(a, "A.example.") == 1);
                    CHECK(clientcert_openssl_set_host(b, "b.example") == 1);
                }
                if (early) {
                    SSL_CTX_set_client_hello_cb(a, select_early, b);
                } else {
                    SSL_CTX_set_tlsext_servername_callback(a, select_by_name);
                    SSL_CTX_set_tlsext_servername_arg(a, b);
                }
                /* Each host resumes its own, but for one that is selected late and differs from the first. */
                CHECK(succeeds(visit(a, client, &kinds[k], "a.example"), false));
                CHECK(succeeds(visit(a, client, &kinds[k], "a.example"), true));
                forget_session();
                CHECK(succeeds(visit(a, client, &kinds[k], "b.example"), false));
                struct came came = visit(a, client, &kinds[k], "b.example");
                if (early || (one_policy && !named) || !kinds[k].tickets)
                    CHECK(succeeds(came, true));
                else
                    CHECK(succeeds(came, false));
                forget_session();

                /* Without a name the client is at the first host. */
                CHECK(succeeds(visit(a, client, &kinds[k], NULL), false));
                CHECK(succeeds(visit(a, client, &kinds[k], NULL), true));
                /* And now to the other, with that session. */
                struct connection connection;
                connect_with(&connection, a, client, kinds[k].version, kept, "b.example");
                came = came_of(&connection);
                bool at_b = SSL_get_SSL_CTX(connection.server) == b;
                close_both(&connection);
                printf("  %s, %d %s, at %s\n", came.resumed ? "resumed" : "full handshake", came.outcome, came.reason,
                       at_b ? "b" : "a");
                if (!at_b)
                    /* TLS 1.2 keeps to the name of the session: the verdict is that of the first host. */
                    CHECK(kinds[k].version == TLS1_2_VERSION && !early && came.resumed);
                else if (one_policy && !named)
                    CHECK(succeeds(came, true) || succeeds(came, false));
                else if (came.resumed)
                    CHECK(!early && fails(came, "session_invalid"));
                else
                    CHECK(succeeds(came, false));
                CHECK(!at_b || !(one_policy && !named) || came.resumed);
                forget_session();
                SSL_CTX_free(a);
                SSL_CTX_free(b);
                SSL_CTX_free(client);
            }
        }
    }
}

/* The host that a socket starts with verifies nobody by clientcert, and another does: each resumes what is its own. */
static void shared(char **argv) {
    static const struct option listed[] = {{"crl", "@changing.crl"}, {NULL, NULL}};

    for (size_t k = 0; k < KINDS; k++) {
        SSL_CTX *client = keeping_client(argv, "good.pem"), *first = plain_server(argv);
        clientcert_verifier *verifier;
        SSL_CTX *other;

        printf("%s, a host without a verifier first\n", kinds[k].name);
        copy(argv, "empty.crl", "changing.crl");
        verifier = verifier_of(argv, "require", "ca.pem", listed);
        other = server_of(argv, &kinds[k], clientcert_verifier_ref(verifier));
        CHECK(clientcert_openssl_share(first) == 1);
        if (!kinds[k].tickets)
            SSL_CTX_set_options(first, SSL_OP_NO_TICKET);
        SSL_CTX_set_tlsext_servername_callback(first, select_by_name);
        SSL_CTX_set_tlsext_servername_arg(first, other);

        /* The first one's own sessions are as without this library. */
        for (int visits = 0; visits < 3; visits++) {
            struct connection connection;
            SSL_SESSION *session = kept;

            kept = NULL;
            connect_with(&connection, first, client, kinds[k].version, session, "a.example");
            CHECK(connection.complete && SSL_get_SSL_CTX(connection.server) == first);
            CHECK(SSL_session_reused(connection.server) == (visits > 0));
            CHECK(clientcert_openssl_verdict(connection.server) == NULL);
            close_both(&connection);
            if (kept == NULL)
                kept = session;
            else
                SSL_SESSION_free(session);
        }
        /* They are worth nothing to the other. TLS 1.2 keeps to the host of the session. */
        struct connection connection;
        connect_with(&connection, first, client, kinds[k].version, kept, "b.example");
        const clientcert_verdict *verdict = clientcert_openssl_verdict(connection.server);
        CHECK(SSL_get_SSL_CTX(connection.server) == first ? verdict == NULL
                                                          : !SSL_session_reused(connection.server) ||
                                                                !clientcert_verdict_accepted(verdict));
        close_both(&connection);
        forget_session();

        CHECK(succeeds(visit(first, client, &kinds[k], "b.example"), false));
        struct came came = visit(first, client, &kinds[k], "b.example");
        CHECK(came.outcome == CLIENTCERT_SUCCESS);
        printf("  the other's %s\n", came.resumed ? "are resumed" : "are not resumed");
        copy(argv, "revoked.crl", "changing.crl");
        CHECK_OK(clientcert_verifier_reload(verifier, NULL), NULL);
        CHECK(fails(visit(first, client, &kinds[k], "b.example"), "certificate_revoked"));
        forget_session();
        clientcert_verifier_free(verifier);
        SSL_CTX_free(first);
        SSL_CTX_free(other);
        SSL_CTX_free(client);
    }
    CHECK(clientcert_openssl_share(NULL) == 0);
}

static int take_anyone(X509_STORE_CTX *store, void *unused) {
    (void)store, (void)unused;
    return 1;
}

/* A session with a certificate that no verifier has seen, in a context that has one now. */
static void without_record(char **argv) {
    for (size_t k = 0; k < KINDS; k++) {
        SSL_CTX *client = keeping_client(argv, "good.pem"), *server = plain_server(argv);
        clientcert_verifier *verifier = verifier_of(argv, "require", "ca.pem", NULL);
        struct connection connection;
        unsigned char id[32];

        printf("%s, without a record\n", kinds[k].name);
        if (!kinds[k].tickets)
            SSL_CTX_set_options(server, SSL_OP_NO_TICKET);
        CHECK(clientcert_verifier_policy_id(verifier, NULL, id, NULL) == CLIENTCERT_OK);
        CHECK(SSL_CTX_set_session_id_context(server, id, sizeof(id)) == 1);
        SSL_CTX_set_verify(server, SSL_VERIFY_PEER, NULL);
        SSL_CTX_set_cert_verify_callback(server, take_anyone, NULL);
        connect_with(&connection, server, client, kinds[k].version, NULL, NULL);
        CHECK(connection.complete && kept != NULL);
        close_both(&connection);
        CHECK(clientcert_openssl_install(server, verifier) == 1);
        struct came came = visit(server, client, &kinds[k], NULL);
        if (kinds[k].tickets)
            CHECK(succeeds(came, false));
        else
            CHECK(came.resumed && fails(came, "session_invalid") && came.handshake_time == 0);
        CHECK(succeeds(visit(server, client, &kinds[k], NULL), kinds[k].tickets));
        forget_session();
        clientcert_verifier_free(verifier);
        SSL_CTX_free(server);
        SSL_CTX_free(client);
    }
}

/* A cache outside of the process: sessions as bytes, by id. */
static struct {
    unsigned char id[SSL_MAX_SSL_SESSION_ID_LENGTH];
    unsigned char *data;
    long length;
} outside;

static int store_outside(SSL *ssl, SSL_SESSION *session) {
    unsigned int length = 0;
    const unsigned char *id = SSL_SESSION_get_id(session, &length);
    unsigned char *end;

    (void)ssl;
    free(outside.data);
    memset(outside.id, 0, sizeof(outside.id));
    memcpy(outside.id, id, length);
    outside.length = i2d_SSL_SESSION(session, NULL);
    outside.data = end = malloc((size_t)outside.length);
    CHECK(outside.data != NULL && i2d_SSL_SESSION(session, &end) == outside.length);
    return 0;
}

static SSL_SESSION *find_outside(SSL *ssl, const unsigned char *id, int length, int *copies) {
    const unsigned char *data = outside.data;

    (void)ssl;
    *copies = 0;
    if (data == NULL || memcmp(outside.id, id, (size_t)length) != 0)
        return NULL;
    return d2i_SSL_SESSION(NULL, &data, outside.length);
}

/* Two servers of a fleet: with the same session key they resume each other's sessions, with different ones they do not. */
static void fleet(char **argv) {
    static const unsigned char ticket_keys[80] = {7};
    static const struct option keys[][3] = {
        {{"session_key", "@session.key"}, {NULL, NULL}},
        {{"session_key", "@other.key"}, {"session_key", "@session.key"}, {NULL, NULL}},
        {{"session_key", "@other.key"}, {NULL, NULL}},
    };

    for (size_t k = 0; k < KINDS; k++) {
        for (size_t to = 0; to < 3; to++) {
            SSL_CTX *client = keeping_client(argv, "chain.pem"), *servers[2];

            printf("%s, to server %zu\n", kinds[k].name, to);
            for (int i = 0; i < 2; i++) {
                servers[i] = server_of(argv, &kinds[k], verifier_of(argv, "require", "ca.pem", keys[i == 0 ? 0 : to]));
                SSL_CTX_set_session_cache_mode(servers[i], SSL_SESS_CACHE_SERVER | SSL_SESS_CACHE_NO_INTERNAL);
                SSL_CTX_sess_set_new_cb(servers[i], store_outside);
                SSL_CTX_sess_set_get_cb(servers[i], find_outside);
                CHECK(SSL_CTX_set_tlsext_ticket_keys(servers[i], (void *)(uintptr_t)ticket_keys,
                                                     sizeof(ticket_keys)) == 1);
            }
            struct came first = visit(servers[0], client, &kinds[k], NULL);
            CHECK(succeeds(first, false));
            struct came came = visit(servers[1], client, &kinds[k], NULL);
            if (to != 2)
                CHECK(succeeds(came, true) && came.handshake_time == first.handshake_time);
            else if (kinds[k].tickets)
                CHECK(succeeds(came, false));
            else
                CHECK(came.resumed && fails(came, "session_invalid"));
            forget_session();
            SSL_CTX_free(servers[0]);
            SSL_CTX_free(servers[1]);
            SSL_CTX_free(client);
            free(outside.data);
            outside.data = NULL;
        }
    }
}

/* A connection whose session may not be kept, and tickets that wait until a request says that it may. */
static void keeping(char **argv) {
    struct connection connection;

    for (size_t k = 0; k < KINDS; k++) {
        SSL_CTX *client = keeping_client(argv, "good.pem");
        SSL_CTX *server = server_of(argv, &kinds[k], verifier_of(argv, "require", "ca.pem", NULL));

        printf("%s, held back\n", kinds[k].name);
        if (kinds[k].version == TLS1_3_VERSION)
            CHECK(SSL_CTX_set_num_tickets(server, 0) == 1);
        for (int allowed = 0; allowed < 2; allowed++) {
            connect_with(&connection, server, client, kinds[k].version, NULL, NULL);
            CHECK(connection.complete && (kept == NULL || kinds[k].version == TLS1_2_VERSION));
            CHECK(clientcert_openssl_keep_session(connection.server, allowed) == 1);
            CHECK(clientcert_openssl_keep_session(connection.server, 1) == 1);
            CHECK(SSL_write(connection.server, "x", 1) == 1);
            pump(&connection);
            close_both(&connection);
            if (kinds[k].version == TLS1_3_VERSION)
                CHECK((kept != NULL) == (allowed == 1));
            if (kept != NULL && !(kinds[k].tickets && kinds[k].version == TLS1_2_VERSION))
                CHECK(succeeds(visit(server, client, &kinds[k], NULL), allowed == 1));
            forget_session();
        }
        SSL_CTX_free(server);
        SSL_CTX_free(client);
    }
    CHECK(clientcert_openssl_keep_session(NULL, 1) == 0 && clientcert_openssl_handshake_time(NULL) == 0);
    CHECK(clientcert_openssl_set_host(NULL, "a") == 0);
}

static int present_nothing(SSL *ssl, void *unused) {
    (void)unused;
    SSL_certs_clear(ssl);
    return 1;
}

/* A resumed connection that is asked anew: the answer counts, and not the session. */
static void asked_anew(char **argv) {
    const struct kind *kind = &kinds[3];
    SSL_CTX *client = keeping_client(argv, "good.pem");
    SSL_CTX *server = server_of(argv, kind, verifier_of(argv, "deferred", "ca.pem", NULL));
    struct connection connection;

    printf("asked anew\n");
    connect_with(&connection, server, client, kind->version, NULL, NULL);
    CHECK(came_of(&connection).outcome == CLIENTCERT_NONE);
    CHECK(clientcert_openssl_request(connection.server) == 1);
    pump(&connection);
    CHECK(came_of(&connection).outcome == CLIENTCERT_SUCCESS);
    close_both(&connection);
    struct came came = visit(server, client, kind, NULL);
    CHECK(succeeds(came, true));

    SSL_SESSION *session = kept;
    kept = NULL;
    connect_with(&connection, server, client, kind->version, session, NULL);
    came = came_of(&connection);
    CHECK(succeeds(came, true));
    SSL_set_cert_cb(connection.client, present_nothing, NULL);
    forget_session();
    CHECK(clientcert_openssl_request(connection.server) == 1);
    pump(&connection);
    CHECK(came_of(&connection).outcome == CLIENTCERT_NONE);
    close_both(&connection);
    CHECK(kept != NULL);
    CHECK(visit(server, client, kind, NULL).outcome == CLIENTCERT_NONE);
    SSL_SESSION_free(session);
    forget_session();
    SSL_CTX_free(server);
    SSL_CTX_free(client);
}

int main(int argc, char **argv) {
    static const struct option crl[] = {{"crl", "@changing.crl"}, {NULL, NULL}};
    static const struct option registry[] = {
        {"registry", "file:@changing.keys"}, {"trust", "ca+key"}, {NULL, NULL}};

    CHECK(argc == 2);
    resumption(argv);
    nobody(argv);
    change(argv, crl, "ca.pem", "changing.crl", "empty.crl", "revoked.crl", "certificate_revoked");
    change(argv, registry, "ca.pem", "changing.keys", "registered.keys", "disabled.keys", "registration_disabled");
    change(argv, NULL, "changing.pem", "changing.pem", "ca.pem", "stranger_ca.pem", "leaf_issuer_unknown");
    updated(argv);
    hosts(argv);
    shared(argv);
    without_record(argv);
    fleet(argv);
    keeping(argv);
    asked_anew(argv);
    time_passes(argv);
    return 0;
}

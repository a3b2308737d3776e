/*
 * A small HTTPS server that knows its clients by their certificates: OpenSSL speaks TLS, clientcert decides.
 *
 *     https_server CERTIFICATE KEY [PORT] [NAME=VALUE...]
 *     https_server server.pem server.key 8443 ca=clients-ca.pem mode=optional
 *
 * CERTIFICATE and KEY are the server's own, in PEM. PORT 0 is a free one; the first line printed says which. Every
 * NAME=VALUE is an option of clientcert (`clientcert options` lists them). It answers, on the loopback interface:
 *
 *     GET /           who you are, in words: 200, or 403 where the policy does not accept you
 *     GET /verified   the same, but only for verified clients
 *     GET /json       the whole verdict, as JSON
 *
 * One connection at a time, to stay readable; the verifier itself serves any number of threads.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <clientcert_openssl.h>

static void fail(const char *what) {
    fprintf(stderr, "https_server: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* Step 1: the options, by name, and from them the verifier: it reads the CA files now, and refuses what would let
   everybody in. */
static clientcert_verifier *verifier_from(char **options, int count) {
    clientcert_config *config = clientcert_config_new();
    clientcert_verifier *verifier = NULL;
    clientcert_error *error = NULL;
    int32_t status = CLIENTCERT_OK;

    for (int i = 0; i < count && status == CLIENTCERT_OK; i++) {
        char *equals = strchr(options[i], '=');

        if (equals == NULL)
            fail("options are written NAME=VALUE");
        *equals = '\0';
        status = clientcert_config_set(config, options[i], equals + 1, &error);
    }
    if (status == CLIENTCERT_OK)
        status = clientcert_verifier_new(config, &verifier, &error);
    if (status != CLIENTCERT_OK)
        fail(clientcert_error_message(error));
    clientcert_config_free(config);
    return verifier;
}

/* What a policy says that is worth a look: a CA that expires soon, two that are the same. */
static void print_warnings(const clientcert_verifier *verifier) {
    clientcert_policy *policy = clientcert_verifier_policy(verifier);

    for (size_t i = 0; i < clientcert_policy_warning_count(policy); i++)
        fprintf(stderr, "https_server: warning: %s\n", clientcert_policy_warning(policy, i));
    clientcert_policy_free(policy);
}

/* Step 2: a TLS server as always, and one call that hands its clients to the verifier. */
static SSL_CTX *context_with(const char *certificate, const char *key, const clientcert_verifier *verifier) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1)
        fail("no TLS");
    if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
        fail("the server's certificate or key cannot be used");
    if (clientcert_openssl_install(context, verifier) != 1)
        fail("the verifier cannot be installed");
    return context;
}

/* Every reason, the one to fix first at the top. What a client wrote itself is never printed as it came: the variables
   are escaped. */
static void describe(BIO *page, const clientcert_verdict *verdict) {
    static const char *const outcomes[] = {"NONE", "SUCCESS", "FAILED"};
    int32_t outcome = clientcert_verdict_outcome(verdict);
    const char *subject = clientcert_verdict_get(verdict, "ssl_client_s_dn", NULL);

    BIO_printf(page, "outcome: %s\n", outcome >= 0 && outcome <= 2 ? outcomes[outcome] : "FAILED");
    for (size_t i = 0; i < clientcert_verdict_reason_count(verdict); i++) {
        int32_t reason = clientcert_verdict_reason(verdict, i);
        int32_t certificate = clientcert_verdict_reason_certificate(verdict, i);

        BIO_printf(page, "reason: %s: %s", clientcert_reason_name(reason), clientcert_reason_text(reason));
        if (certificate >= 0)
            BIO_printf(page, " (certificate %d of those presented)", (int)certificate);
        BIO_printf(page, "\n");
    }
    if (subject != NULL && *subject != '\0')
        BIO_printf(page, "subject: %s\n", subject);
}

/* Step 3: a verdict for each request. `accepted` says that the connection may go on; only `verified` says who it is. */
static void answer(SSL *ssl, const char *request) {
    const clientcert_verdict *verdict = clientcert_openssl_verdict(ssl);
    const char *status = "200 OK", *type = "text/plain; charset=utf-8";
    BIO *page = BIO_new(BIO_s_mem()), *response = BIO_new(BIO_s_mem());
    char *body, *bytes;
    long length;

    if (page == NULL || response == NULL)
        fail("no memory");
    if (!clientcert_verdict_accepted(verdict)) {
        status = "403 Forbidden";
        describe(page, verdict);
    } else if (strncmp(request, "GET / ", 6) == 0) {
        describe(page, verdict);
    } else if (strncmp(request, "GET /verified ", 14) == 0) {
        if (!clientcert_verdict_verified(verdict))
            status = "403 Forbidden";
        describe(page, verdict);
    } else if (strncmp(request, "GET /json ", 10) == 0) {
        type = "application/json";
        BIO_printf(page, "%s\n", clientcert_verdict_json(verdict, NULL));
    } else {
        status = "404 Not Found";
        BIO_printf(page, "GET /, /verified or /json\n");
    }
    length = BIO_get_mem_data(page, &body);
    BIO_printf(response, "HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %ld\r\nConnection: close\r\n\r\n", status,
               type, length);
    BIO_write(response, body, (int)length);
    length = BIO_get_mem_data(response, &bytes);
    SSL_write(ssl, bytes, (int)length);
    BIO_free(page);
    BIO_free(response);
}

/* Reads the head of one request; what it does not hold is not asked for here. */
static int read_head(SSL *ssl, char *head, int size) {
    int length = 0;

    while (length < size - 1) {
        int got = SSL_read(ssl, head + length, size - 1 - length);

        if (got <= 0)
            return 0;
        head[length += got] = '\0';
        if (strstr(head, "\r\n\r\n") != NULL)
            return 1;
    }
    return 0;
}

static void serve(SSL_CTX *context, int socket) {
    SSL *ssl = SSL_new(context);
    char head[8192];

    ERR_clear_error();
    if (ssl != NULL && SSL_set_fd(ssl, socket) == 1 && SSL_accept(ssl) == 1) {
        if (read_head(ssl, head, sizeof(head)))
            answer(ssl, head);
        SSL_shutdown(ssl);
    }
    SSL_free(ssl);
    /* Bytes that nobody read would turn this close into a reset, which can overtake the alert or the answer. */
    shutdown(socket, SHUT_WR);
    while (read(socket, head, sizeof(head)) > 0)
        ;
    close(socket);
}

static int listen_on(uint16_t port) {
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(listener, (struct sockaddr *)&address, size) != 0 || listen(listener, 64) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        fail("cannot listen");
    printf("https://127.0.0.1:%d/\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int main(int argc, char **argv) {
    struct timeval patience = {5, 0};
    int options = argc > 3 && strchr(argv[3], '=') == NULL ? 4 : 3;

    if (argc < 3)
        fail("usage: https_server CERTIFICATE KEY [PORT] [NAME=VALUE...]");
    signal(SIGPIPE, SIG_IGN);

    clientcert_verifier *verifier = verifier_from(argv + options, argc > options ? argc - options : 0);
    print_warnings(verifier);
    SSL_CTX *context = context_with(argv[1], argv[2], verifier);
    clientcert_verifier_free(verifier); /* the context keeps its own reference */
    int listener = listen_on((uint16_t)(options == 4 ? atoi(argv[3]) : 8443));

    for (;;) {
        int socket = accept(listener, NULL, NULL);

        if (socket < 0)
            continue;
        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        serve(context, socket);
    }
}

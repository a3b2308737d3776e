/*
 * Keys for passwords: an HTTPS server whose users log in by a password once, register the key of their client certificate,
 * and are known by it from then on. No CA is needed: self-signed certificates will do.
 *
 *     enrol CERTIFICATE KEY REGISTRY USER:PASSWORD [PORT]
 *     enrol server.pem server.key file:/var/lib/app/users alice:wonderland 8443
 *
 * CERTIFICATE and KEY are the server's own, in PEM. REGISTRY is where registrations are kept; docs/registry.md says what it
 * can be. One user will do to show how it goes; yours come out of your database. It answers, on the loopback interface:
 *
 *     GET /         who you are: by your certificate, or by nothing
 *     POST /enrol   with the user's password (HTTP Basic) and the header `X-Enrol: yes`: the key of this connection is
 *                   registered to the user
 *
 *     openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=me -keyout me.key -out me.crt
 *     curl --cacert server.pem --cert me.crt --key me.key --user alice:wonderland -H 'X-Enrol: yes' -X POST https://localhost:8443/enrol
 *     curl --cacert server.pem --cert me.crt --key me.key https://localhost:8443/
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
#include <openssl/evp.h>
#include <openssl/ssl.h>

#include <clientcert_openssl.h>

static void fail(const char *what) {
    fprintf(stderr, "enrol: %s\n", what);
    exit(1);
}

/* Step 1: ask every client for a certificate, insist on none, and accept it by its registered key alone. A certificate
   whose key is not registered does not end the connection, because its user may be about to register it. */
static clientcert_verifier *verifier_with(const char *registry) {
    clientcert_config *config = clientcert_config_new();
    clientcert_verifier *verifier = NULL;
    clientcert_error *error = NULL;

    if (clientcert_config_set(config, "mode", "optional_no_ca", &error) != CLIENTCERT_OK ||
        clientcert_config_set(config, "trust", "key", &error) != CLIENTCERT_OK ||
        clientcert_config_set(config, "tolerate", "key_not_registered", &error) != CLIENTCERT_OK ||
        clientcert_config_set(config, "registry", registry, &error) != CLIENTCERT_OK ||
        clientcert_verifier_new(config, &verifier, &error) != CLIENTCERT_OK)
        fail(clientcert_error_message(error));
    clientcert_config_free(config);
    return verifier;
}

/* Step 2: whoever knows the password registers the key of this very connection. The verdict is the proof: TLS has
   established that the client holds the key, and nothing else may be wrong with its certificate. */
static const char *enrol(const clientcert_verifier *verifier, const clientcert_verdict *verdict, const char *user,
                         BIO *page) {
    clientcert_registry *registry = clientcert_verifier_registry(verifier);
    clientcert_error *error = NULL;
    int32_t status = clientcert_registry_act_as(registry, user, &error); /* for the audit record */

    if (status == CLIENTCERT_OK)
        status = clientcert_registry_enrol_verdict(registry, verdict, user, "registered by myself", &error);
    /* Here at once; other processes notice within a second of their next clientcert_verifier_refresh. */
    if (status == CLIENTCERT_OK)
        status = clientcert_verifier_reload(verifier, &error);
    clientcert_registry_free(registry);
    if (status == CLIENTCERT_OK) {
        BIO_printf(page, "welcome, %s: from now on your certificate will do\n", user);
        return "201 Created";
    }
    /* The message names no other user. Those of files and databases are for the log. */
    fprintf(stderr, "enrol: %s\n", clientcert_error_message(error));
    BIO_printf(page, "not registered: %s\n",
               status == CLIENTCERT_NOT_ENTITLED || status == CLIENTCERT_KEY_TAKEN || status == CLIENTCERT_KEY_REVOKED
                   ? clientcert_error_message(error)
                   : clientcert_status_name(status));
    clientcert_error_free(error);
    return "409 Conflict";
}

/* Whether the request has this header, as it stands here. */
static int has_header(const char *request, const char *header) {
    const char *found = strstr(request, header);

    return found != NULL && strncmp(found + strlen(header), "\r\n", 2) == 0;
}

/* Whether it has the right password; a comparison that says nothing about where it fails. */
static int has_password(const char *request, const char *password) {
    static const char name[] = "\r\nAuthorization: Basic ";
    const char *found = strstr(request, name);
    char wanted[512];
    size_t length;

    if (found == NULL || strlen(password) > 300)
        return 0;
    length = (size_t)EVP_EncodeBlock((unsigned char *)wanted, (const unsigned char *)password, (int)strlen(password));
    found += sizeof(name) - 1;
    return strcspn(found, "\r\n") == length && CRYPTO_memcmp(found, wanted, length) == 0;
}

/* Step 3: a registered key is a user. Only `verified` says who it is. */
static void answer(SSL *ssl, const clientcert_verifier *verifier, const char *request, const char *password) {
    const clientcert_verdict *verdict = clientcert_openssl_verdict(ssl);
    const char *status = "200 OK", *more = "";
    BIO *page = BIO_new(BIO_s_mem()), *response = BIO_new(BIO_s_mem());
    char user[128], *body, *bytes;
    long length;

    if (page == NULL || response == NULL)
        fail("no memory");
    snprintf(user, sizeof(user), "%.*s", (int)strcspn(password, ":"), password);
    if (!clientcert_verdict_accepted(verdict)) {
        status = "403 Forbidden";
        BIO_printf(page, "%s\n", clientcert_reason_text(clientcert_verdict_reason(verdict, 0)));
    } else if (strncmp(request, "POST /enrol ", 12) == 0) {
        /* A form on another site can send the password that the browser remembers, but no header of its own. */
        if (!has_header(request, "\r\nX-Enrol: yes") || !has_password(request, password)) {
            status = "401 Unauthorized";
            more = "WWW-Authenticate: Basic realm=\"enrol\"\r\n";
            BIO_printf(page, "log in by your password\n");
        } else {
            status = enrol(verifier, verdict, user, page);
        }
    } else if (strncmp(request, "GET / ", 6) == 0) {
        if (clientcert_verdict_verified(verdict))
            BIO_printf(page, "you are %s\n", clientcert_verdict_get(verdict, "user", NULL));
        else if (clientcert_verdict_outcome(verdict) == CLIENTCERT_NONE)
            BIO_printf(page, "you are nobody, and have no certificate\n");
        else
            BIO_printf(page, "you are nobody, and could register your certificate\n");
    } else {
        status = "404 Not Found";
        BIO_printf(page, "GET / or POST /enrol\n");
    }
    length = BIO_get_mem_data(page, &body);
    BIO_printf(response,
               "HTTP/1.1 %s\r\n%sContent-Type: text/plain; charset=utf-8\r\nContent-Length: %ld\r\n"
               "Connection: close\r\n\r\n",
               status, more, length);
    BIO_write(response, body, (int)length);
    length = BIO_get_mem_data(response, &bytes);
    SSL_write(ssl, bytes, (int)length);
    BIO_free(page);
    BIO_free(response);
}

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
    char head[8192];

    if (argc < 5 || strchr(argv[4], ':') == NULL)
        fail("usage: enrol CERTIFICATE KEY REGISTRY USER:PASSWORD [PORT]");
    signal(SIGPIPE, SIG_IGN);
    clientcert_verifier *verifier = verifier_with(argv[3]);
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL || SSL_CTX_use_certificate_chain_file(context, argv[1]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1 ||
        clientcert_openssl_install(context, verifier) != 1)
        fail("the server's certificate or key cannot be used");
    int listener = listen_on((uint16_t)(argc > 5 ? atoi(argv[5]) : 8443));

    for (;;) {
        int socket = accept(listener, NULL, NULL);
        SSL *ssl = SSL_new(context);

        setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        ERR_clear_error();
        if (ssl != NULL && SSL_set_fd(ssl, socket) == 1 && SSL_accept(ssl) == 1 && read_head(ssl, head, sizeof(head))) {
            answer(ssl, verifier, head, argv[4]);
            SSL_shutdown(ssl);
        }
        SSL_free(ssl);
        shutdown(socket, SHUT_WR);
        while (read(socket, head, sizeof(head)) > 0)
            ;
        close(socket);
    }
}

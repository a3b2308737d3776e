/*
 * An HTTPS server that asks clientcert about every request: HTTP/1.1 and HTTP/2, virtual hosts, certificates that are
 * asked for late.
 *
 *     requests_server [OPTION...] CERTIFICATE KEY PORT HOST=FILE...
 *     requests_server server.pem server.key 8443 www.localhost=www.toml login.localhost=login.toml
 *
 * CERTIFICATE and KEY are the server's own, in PEM, for all its names. PORT 0 is a free one; the first line printed
 * says which. Every HOST is a virtual host with a policy of its own: FILE has the options of clientcert in TOML. The
 * first one serves whoever names no host, or another.
 *
 *     --http1               offers no HTTP/2
 *     --coalesce            lets browsers use one connection over HTTP/2 for several hosts
 *     --tls1.2              caps TLS
 *     --patience SECONDS    how long a client may take to answer a question
 *     --origin ORIGIN       whose scripts may read what is answered
 *
 *     /                        anybody whom the policy accepts
 *     /certificate             whoever has a certificate
 *     /verified                whoever has one that was verified
 *     /user                    whoever is a user
 *     /login-or-certificate    verified, or else the log-in page
 *     /log-in, /log-out        forgets that somebody logged out; logs out
 *
 * Every place also tells another host who the client is, where that sent the browser because it cannot ask for a
 * certificate.
 *
 * Every request is logged: connection and request, TLS, HTTP, host, method, target, and the audit record of the
 * decision.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <openssl/err.h>

#include "requests.h"

struct task {
    const struct server *server;
    unsigned long number;
    int socket;
};

void fail(const char *what) {
    fprintf(stderr, "requests_server: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

/* One thread for each connection; the verifiers serve any number of threads. */
static void *serve(void *argument) {
    struct task *task = argument;
    struct connection connection = {.number = task->number, .server = task->server, .host = &task->server->hosts[0]};
    struct timeval second = {1, 0}, minute = {60, 0};
    char rest[4096];

    /* What waits longer, waits in a loop with an end of its own. */
    setsockopt(task->socket, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
    setsockopt(task->socket, SOL_SOCKET, SO_SNDTIMEO, &minute, sizeof(minute));
    connection.ssl = SSL_new(connection.host->context);
    if (connection.ssl != NULL && SSL_set_app_data(connection.ssl, &connection) == 1 &&
        SSL_set_fd(connection.ssl, task->socket) == 1 &&
        tls_accept(connection.ssl, 60)) {
        if (tls_is_http2(connection.ssl))
            http2_serve(&connection);
        else
            http1_serve(&connection);
        SSL_shutdown(connection.ssl);
    }
    SSL_free(connection.ssl);
    free(connection.answered_421);
    free(connection.identity);
    /* Bytes that nobody read would turn this close into a reset, which can overtake the alert or the answer. */
    shutdown(task->socket, SHUT_WR);
    for (int i = 0; i < 5 && read(task->socket, rest, sizeof(rest)) > 0; i++)
        ;
    close(task->socket);
    free(task);
    return NULL;
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

static void accept_all(const struct server *server, int listener) {
    for (unsigned long number = 1;; number++) {
        struct task *task = malloc(sizeof(*task));
        pthread_t thread;

        if (task == NULL)
            fail("no memory");
        task->server = server;
        task->number = number;
        do
            task->socket = accept(listener, NULL, NULL);
        while (task->socket < 0);
        if (pthread_create(&thread, NULL, serve, task) != 0)
            fail("no thread");
        pthread_detach(thread);
    }
}

int main(int argc, char **argv) {
    static struct server server = {.http2 = 1, .newest_tls = TLS1_3_VERSION, .patience = 30};

    for (; argc > 1 && strncmp(argv[1], "--", 2) == 0; argc--, argv++) {
        if (strcmp(argv[1], "--http1") == 0)
            server.http2 = 0;
        else if (strcmp(argv[1], "--coalesce") == 0)
            server.coalesce = 1;
        else if (strcmp(argv[1], "--tls1.2") == 0)
            server.newest_tls = TLS1_2_VERSION;
        else if (argc > 2 && strcmp(argv[1], "--origin") == 0)
            server.origin = argv[2], argc--, argv++;
        else if (argc > 2 && strcmp(argv[1], "--patience") == 0)
            server.patience = atoi(argv[2]), argc--, argv++;
        else
            fail("unknown argument");
    }
    if (argc < 5)
        fail("usage: requests_server [--http1] [--coalesce] [--tls1.2] [--patience SECONDS] [--origin ORIGIN] "
             "CERTIFICATE KEY PORT HOST=FILE...");
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    server.certificate = argv[1];
    server.key = argv[2];
    for (int i = 4; i < argc; i++) {
        char *equals = strchr(argv[i], '=');

        if (equals == NULL)
            fail("a host is written HOST=FILE");
        *equals = '\0';
        host_add(&server, argv[i], equals + 1);
    }
    accept_all(&server, listen_on((uint16_t)atoi(argv[3])));
}

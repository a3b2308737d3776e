/* How many handshakes with a client certificate a server does: handshakes PORT CLIENT.pem CHAIN.pem 1.2|1.3
   full|resumed SECONDS PROCESSES. Each connection does one request, and reads its answer. Prints how many there were. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

static SSL_SESSION *session; /* the newest */

static void fail(const char *what) {
    fprintf(stderr, "handshakes: %s\n", what);
    ERR_print_errors_fp(stderr);
    exit(1);
}

static int keep_session(SSL *ssl, SSL_SESSION *fresh) {
    (void)ssl;
    SSL_SESSION_free(session);
    session = fresh;
    return 1;
}

static double now(void) {
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static int connect_to(int port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0), on = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        fail("cannot connect");
    /* What ends a resumed handshake must not wait for the acknowledgement of what began it. */
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0)
        fail("cannot set TCP_NODELAY");
    return fd;
}

/* One connection and one request. */
static void visit(SSL_CTX *context, int port, int resume) {
    static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    char answer[4096];
    SSL *ssl = SSL_new(context);
    int fd = connect_to(port), length, total = 0;

    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1 || SSL_set_tlsext_host_name(ssl, "localhost") != 1)
        fail("no connection");
    if (resume && session != NULL && SSL_set_session(ssl, session) != 1)
        fail("no session");
    if (SSL_connect(ssl) != 1 || SSL_write(ssl, request, sizeof(request) - 1) <= 0)
        fail("no handshake");
    while ((length = SSL_read(ssl, answer + total, (int)sizeof(answer) - total)) > 0)
        total += length;
    if (total < 12 || memcmp(answer + 9, "200", 3) != 0)
        fail("the server refused");
    if (resume == 2 && !SSL_session_reused(ssl))
        fail("the session was not resumed");
    SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
    SSL_free(ssl);
    close(fd);
}

int main(int argc, char **argv) {
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    int port, version, resume, processes, pipes[2];
    long count = 0, part, all = 0;
    double seconds, end;

    if (argc != 8 || context == NULL)
        fail("PORT CLIENT.pem CHAIN.pem 1.2|1.3 full|resumed SECONDS PROCESSES");
    port = atoi(argv[1]);
    version = strcmp(argv[4], "1.2") == 0 ? TLS1_2_VERSION : TLS1_3_VERSION;
    resume = strcmp(argv[5], "resumed") == 0;
    seconds = atof(argv[6]);
    processes = atoi(argv[7]);
    if (SSL_CTX_use_certificate_chain_file(context, argv[3]) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, argv[2], SSL_FILETYPE_PEM) != 1 || pipe(pipes) != 0)
        fail("no certificate");
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, keep_session);
    for (int i = 0; i < processes; i++) {
        if (fork() != 0)
            continue;
        visit(context, port, resume);
        for (end = now() + seconds; now() < end; count++)
            visit(context, port, resume * 2);
        if (write(pipes[1], &count, sizeof(count)) != sizeof(count))
            fail("cannot tell");
        exit(0);
    }
    for (int i = 0, status; i < processes; i++) {
        if (wait(&status) < 0 || status != 0 || read(pipes[0], &part, sizeof(part)) != sizeof(part))
            fail("a client failed");
        all += part;
    }
    printf("%ld\n", all);
    return 0;
}

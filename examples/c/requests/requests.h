/*
 * What the files of this example share. From the top: main.c listens, host.c has the virtual hosts, tls.c speaks TLS,
 * http1.c and http2.c speak HTTP, answer.c asks clientcert about each request, hand_back.c lets one host ask for
 * another, and sign_in.c remembers who came back.
 */
#ifndef REQUESTS_H
#define REQUESTS_H

#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <clientcert_openssl.h>

/* A virtual host: a name, its own policy, and the TLS context that asks for certificates as the policy says. */
struct host {
    const char *name;
    clientcert_verifier *verifier;
    SSL_CTX *context;
};

/* What the server itself can do; the policies of its hosts say the rest. */
struct server {
    const char *certificate, *key;
    int http2;       /* offer it in ALPN */
    int coalesce;    /* let a connection over HTTP/2 serve other hosts than that of its handshake */
    int newest_tls;  /* TLS1_2_VERSION or TLS1_3_VERSION */
    const char *origin; /* whose scripts may read the answers; NULL: none */
    int patience;    /* seconds for a client to answer a question */
    struct host hosts[16];
    size_t host_count;
};

/* A connection, and what its earlier requests leave for the next one. */
struct connection {
    unsigned long number;
    const struct server *server;
    const struct host *host; /* whose policy judged the certificate: by SNI, else the first */
    SSL *ssl;
    int offers_post_handshake_auth;
    int finished_messages;      /* counts the Finished messages of the client */
    int late;                /* CLIENTCERT_LATE_...: what came of asking late */
    int preflight_opened;
    unsigned long requests;
    char *answered_421;      /* the authority that was last answered so */
    char *identity;          /* of the earlier requests; NULL before the first */
};

/* A request, as both versions of HTTP have it. Texts that are missing are NULL. */
struct request {
    int http_version; /* CLIENTCERT_HTTP_... */
    int before_certificate; /* it arrived before the certificate that was asked for */
    int64_t body;           /* bytes to keep while a certificate is asked for */
    char *method, *target, *authority;
    char *origin, *access_control_request_method, *access_control_request_headers;
    char *accept, *cookie;
};

/* What is sent. */
struct response {
    int status;
    struct {
        char *name, *value;
    } headers[24];
    size_t header_count;
    char *body;
    size_t length;
    int closes; /* the connection ends with this response */
};

/* What a request needs. */
enum step {
    STEP_RESPOND,      /* send the response */
    STEP_ASK,          /* ask for the certificate on this connection, then decide again */
    STEP_USE_HTTP_1_1, /* reset the stream with HTTP_1_1_REQUIRED (RFC 9113 section 7) */
};

/* host.c */
void host_add(struct server *server, const char *name, const char *file);
const struct host *host_named(const struct server *server, const char *authority, size_t length);

/* tls.c */
SSL_CTX *tls_context(struct server *server, const struct host *host);
int tls_accept(SSL *ssl, int seconds);
int tls_read(SSL *ssl, void *bytes, int size, int seconds);
int tls_write(SSL *ssl, const void *bytes, size_t length);
int tls_ask(struct connection *connection);
int tls_is_http2(const SSL *ssl);

/* http1.c, http2.c: serve all requests of a connection */
void http1_serve(struct connection *connection);
void http2_serve(struct connection *connection);

/* answer.c */
enum step answer(struct connection *connection, const struct request *request, struct response *response);
int is_visible(const char *text);
void response_add(struct response *response, const char *name, const char *value);
void response_free(struct response *response);
void request_free(struct request *request);

/* sign_in.c: who came back from the host that asks in its handshake; a cookie stands for the verdict */
int sign_in_begin(const clientcert_verdict *verdict, int64_t handshake_time, char *cookie, size_t size);
clientcert_verdict *sign_in_find(const char *cookies, int64_t *handshake_time);
const char *cookie_value(const char *cookies, const char *name, size_t *length);

/* hand_back.c */
int is_question(const char *target);
void vouch(const struct host *host, const clientcert_verdict *verdict, int64_t handshake_time,
           const struct request *request, struct response *response);
clientcert_verdict *redeem(const struct host *host, const struct request *request, struct response *response);

/* main.c */
void fail(const char *what);

#endif

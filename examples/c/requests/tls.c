/* TLS by OpenSSL: which host's policy applies, and how a certificate is asked for after the handshake. */
#include <string.h>

#include <openssl/err.h>

#include "requests.h"

static struct connection *connection_of(const SSL *ssl) {
    return (struct connection *)SSL_get_app_data(ssl);
}

/* The client's first message says whether it can be asked after the handshake (RFC 8446 section 4.2.6), and names a
   host: its policy decides whether a certificate is asked for, and judges it. Here, and not in the callback for server
   names, so that sessions are resumed under the policy of their host. */
static int on_client_hello(SSL *ssl, int *alert, void *server) {
    struct connection *connection = connection_of(ssl);
    const unsigned char *extension;
    const char *name;
    size_t length;

    /* A renegotiation is for the host of the first handshake, and asks what that host wants to know now. */
    if (connection->finished_messages > 0)
        return SSL_CLIENT_HELLO_SUCCESS;
    connection->offers_post_handshake_auth =
        SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_post_handshake_auth, &extension, &length);
    name = clientcert_openssl_server_name(ssl, &length);
    connection->host = host_named((const struct server *)server, name, length);
    if (clientcert_openssl_select(ssl, connection->host->context))
        return SSL_CLIENT_HELLO_SUCCESS;
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
}

/* Without it OpenSSL does not tell the client that its name was understood, nor later which one it was. */
static int on_server_name(SSL *ssl, int *alert, void *unused) {
    (void)ssl;
    (void)alert;
    (void)unused;
    return SSL_TLSEXT_ERR_OK;
}

static int on_protocols(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *in,
                        unsigned int in_length, void *server) {
    static const unsigned char both[] = "\x02h2\x08http/1.1", old[] = "\x08http/1.1";
    int http2 = ((const struct server *)server)->http2;

    (void)ssl;
    if (SSL_select_next_proto((unsigned char **)out, out_length, http2 ? both : old,
                              http2 ? sizeof(both) - 1 : sizeof(old) - 1, in, in_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    return SSL_TLSEXT_ERR_OK;
}

/* Counts the client's Finished messages: the second one ends the answer to a late question, whatever the answer is. */
static void on_message(int written, int version, int type, const void *bytes, size_t length, SSL *ssl, void *unused) {
    (void)version;
    (void)unused;
    if (!written && type == SSL3_RT_HANDSHAKE && length > 0 && *(const unsigned char *)bytes == SSL3_MT_FINISHED)
        connection_of(ssl)->finished_messages++;
}

SSL_CTX *tls_context(struct server *server, const struct host *host) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_max_proto_version(context, server->newest_tls) != 1)
        fail("no TLS");
    if (SSL_CTX_use_certificate_chain_file(context, server->certificate) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, server->key, SSL_FILETYPE_PEM) != 1)
        fail("the server's certificate or key cannot be used");
    if (clientcert_openssl_install(context, host->verifier) != 1 ||
        clientcert_openssl_set_host(context, host->name) != 1)
        fail("the verifier cannot be installed");
    SSL_CTX_set_client_hello_cb(context, on_client_hello, server);
    SSL_CTX_set_tlsext_servername_callback(context, on_server_name);
    SSL_CTX_set_alpn_select_cb(context, on_protocols, server);
    SSL_CTX_set_msg_callback(context, on_message);
    /* Only a request tells whether its session may be kept (clientcert_openssl_keep_session): TLS 1.3 can send the
       ticket then. */
    SSL_CTX_set_num_tickets(context, 0);
    /* SSL_read returns where only a message of the handshake came: a question can end before the next request. */
    SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    return context;
}

int tls_accept(SSL *ssl, int seconds) {
    time_t end = time(NULL) + seconds;

    for (;;) {
        int done;

        ERR_clear_error();
        done = SSL_accept(ssl);
        if (done == 1)
            return 1;
        if (SSL_get_error(ssl, done) != SSL_ERROR_WANT_READ || time(NULL) >= end)
            return 0;
    }
}

/* Reads some bytes: their number, or 0 where the connection or the patience ended. */
int tls_read(SSL *ssl, void *bytes, int size, int seconds) {
    time_t end = time(NULL) + seconds;

    for (;;) {
        int got;

        ERR_clear_error();
        got = SSL_read(ssl, bytes, size);
        if (got > 0)
            return got;
        if (SSL_get_error(ssl, got) != SSL_ERROR_WANT_READ || time(NULL) >= end)
            return 0;
    }
}

int tls_write(SSL *ssl, const void *bytes, size_t length) {
    size_t written = 0;

    ERR_clear_error();
    return length == 0 || SSL_write_ex(ssl, bytes, length, &written) == 1;
}

/* Sends the question: by post-handshake authentication in TLS 1.3, by renegotiation before. */
static int send_question(SSL *ssl) {
    if (SSL_version(ssl) == TLS1_3_VERSION)
        return clientcert_openssl_request(ssl);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    return SSL_renegotiate(ssl) == 1 && SSL_do_handshake(ssl) == 1;
}

/* Asks for a certificate, and waits for the answer: what the request says as CLIENTCERT_REQUEST_LATE. The whole request
   was read before: bytes of HTTP are not expected now. */
int tls_ask(struct connection *connection) {
    SSL *ssl = connection->ssl;
    int before = connection->finished_messages;
    time_t end = time(NULL) + connection->server->patience;
    X509 *certificate;
    char byte;

    ERR_clear_error();
    if (!send_question(ssl))
        return CLIENTCERT_LATE_DECLINED;
    while (connection->finished_messages == before) {
        int got = SSL_peek(ssl, &byte, 1);

        if (got > 0) /* a request before the answer: that cannot be told apart from one after it */
            return CLIENTCERT_LATE_TIMED_OUT;
        if (SSL_get_error(ssl, got) != SSL_ERROR_WANT_READ)
            return CLIENTCERT_LATE_DECLINED;
        if (connection->finished_messages == before && time(NULL) >= end)
            return CLIENTCERT_LATE_TIMED_OUT;
    }
    certificate = SSL_get_peer_certificate(ssl);
    X509_free(certificate);
    return certificate == NULL ? CLIENTCERT_LATE_DECLINED : CLIENTCERT_LATE_ANSWERED;
}

int tls_is_http2(const SSL *ssl) {
    const unsigned char *protocol;
    unsigned int length;

    SSL_get0_alpn_selected(ssl, &protocol, &length);
    return length == 2 && memcmp(protocol, "h2", 2) == 0;
}

/**
 * Joins a clientcert_verifier to a server's SSL_CTX (OpenSSL 1.1.1 and 3.x).
 *
 * Everything here is a static inline function: libclientcert itself links no OpenSSL. A server needs three calls:
 *
 *     clientcert_openssl_install(context, verifier);            once, at start
 *     verdict = clientcert_openssl_verdict(ssl);                after SSL_accept, and for each request
 *     if (!clientcert_verdict_verified(verdict)) ...            the question that protects a page
 *
 * What it takes over. OpenSSL proves that the client holds the key of its certificate; the verifier decides what the
 * certificate is worth. X509_verify_cert does not run: the X509_STORE of the context, its CRLs, its verify depth, its
 * purpose, the verify callback and the security level's rules on certificates play no part, and
 * SSL_get0_verified_chain returns NULL. SSL_get_verify_result is X509_V_OK for a verified client or for none at all. For
 * others it is the error of the primary reason, even where the connection goes on; where the handshake is refused, it is
 * the one that makes OpenSSL send the verdict's alert.
 *
 * Resumption. OpenSSL does not ask verify callbacks about a resumed session, so installing puts a record of the client
 * into every session (clientcert_session_export, as the ticket's application data, which OpenSSL keeps for tickets and
 * cached sessions alike). A ticket whose record does not count now, because the client was revoked, the policy changed,
 * the host is another, or the handshake is too long ago, is not accepted, and a full handshake follows. Where OpenSSL
 * gives nobody the choice (the session ids of TLS 1.2, tickets of TLS 1.3 with SSL_OP_NO_TICKET, a host that is selected
 * after the ticket was read), the session is resumed, and the verdict is FAILED for session_invalid or for what is wrong
 * with the client: under `enforcement = handshake`, too, so look at the verdict of every connection. A resumed session with
 * a certificate and without a record is FAILED for session_invalid.
 *
 * The callbacks of SSL_CTX_set_session_ticket_cb are taken by this. OpenSSL calls those of the context that the connection
 * started with, before the callback of SSL_CTX_set_tlsext_servername_callback runs, so that context needs a verifier, too
 * (with `mode = off`, if nothing else). To have the sessions of hosts with different policies resumed, select the context
 * in the callback of SSL_CTX_set_client_hello_cb (with clientcert_openssl_server_name). Selected later, hosts whose policy
 * or name is not that of the first context are safe, and their sessions are not resumed. Sessions can be resumed by other
 * processes where they have the same `session_key` and ticket keys. docs/sessions.md has more.
 *
 * Sharing. Several translation units of one program or shared library may use this header together. Another shared
 * library sees none of it: let one of them install the verifier and read the verdicts. OpenSSL keeps pointers to these
 * functions for as long as it is loaded, so a plugin that includes this header must never be unloaded: link it with
 * -z nodelete.
 */
#ifndef CLIENTCERT_OPENSSL_H
#define CLIENTCERT_OPENSSL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "clientcert.h"

#if OPENSSL_VERSION_NUMBER < 0x10101000L
#error "clientcert_openssl.h needs OpenSSL 1.1.1 or later"
#endif

#if defined(_MSC_VER)
#define CLIENTCERT_OPENSSL_SHARED __declspec(selectany)
#else
#define CLIENTCERT_OPENSSL_SHARED __attribute__((weak, visibility("hidden")))
#endif

/* What OpenSSL passes to the function that copies ex_data: in 1.1.1 it is untyped. */
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
#define CLIENTCERT_OPENSSL_EX_DATA void *
#else
#define CLIENTCERT_OPENSSL_EX_DATA void
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Lets a verifier decide about the clients of a server's context.
 *
 * Sets, as the policy of this moment says: whether a certificate is asked for and whether the handshake fails without
 * one (SSL_CTX_set_verify), the names of the CAs that are sent to clients, and the session id context, which is the
 * policy's identity with the context's host name (clientcert_verifier_policy_id). Takes the callbacks of tickets, so that
 * sessions are resumed as said above; which kinds of them are is for the server's own settings to say: tickets and the
 * session cache are on unless it turns them off. A renegotiation resumes no session, so that it can ask for a certificate.
 *
 * Under `enforcement = handshake` a client that is not accepted gets an alert and no connection. Under
 * `enforcement = request` every handshake completes, and the server must look at the verdict of each request.
 *
 * Like the setters of OpenSSL that it uses, it must not run while another thread uses the context. Connections that
 * exist already (SSL_new) keep the mode that they had.
 *
 * @param[in] context A context of a server, before it serves.
 * @param[in] verifier Borrowed. The context keeps a reference of its own until it is freed, or another is installed.
 * @return 1, or 0 where an argument is NULL or memory fails: do not use the context then. Until a verifier is installed
 * it refuses every certificate.
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline int clientcert_openssl_install(SSL_CTX *context, const clientcert_verifier *verifier);

/**
 * Sets anew what clientcert_openssl_install takes from the policy: for use after clientcert_verifier_reload or
 * clientcert_verifier_refresh. Verdicts follow these without it; the mode in the handshake and the names sent do not.
 *
 * Threads as for clientcert_openssl_install.
 *
 * @param[in] context A context with a verifier.
 * @return 1, or 0 where no verifier is installed or memory fails; the context then keeps what it had.
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline int clientcert_openssl_update(SSL_CTX *context);

/**
 * For a context without a verifier whose connections may move to one that has one: the host that a listening socket
 * starts with, where only others verify their clients by clientcert.
 *
 * OpenSSL takes the callbacks of tickets from the context that a connection started with. Without them the tickets of the
 * other hosts hold no record, and whoever resumes by one is FAILED. This takes these callbacks, and nothing else: what
 * verifies the clients of the context itself goes on, and its own tickets are as OpenSSL makes them.
 *
 * Threads as for clientcert_openssl_install, which may still be called for the context, before or after.
 *
 * @param[in] context A context of a server, before it serves.
 * @return 1, or 0 where it is NULL or memory fails.
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline int clientcert_openssl_share(SSL_CTX *context);

/**
 * Names the virtual host that a context is for. Sessions are resumed only by contexts of the same name whose policies are
 * equal; without a name, which is the default, by all contexts whose policies are equal. Hosts that must not share clients'
 * sessions get each a name of its own.
 *
 * Threads as for clientcert_openssl_install.
 *
 * @param[in] context A context with a verifier.
 * @param[in] host As it is configured, never what a client sent. Copied. NULL is the same as an empty name.
 * @return 1, or 0 where no verifier is installed, the name is no UTF-8, or memory fails; the context then keeps what it had.
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline int clientcert_openssl_set_host(SSL_CTX *context, const char *host);

/**
 * The host that a client names (RFC 6066 section 3), for the callback of SSL_CTX_set_client_hello_cb, where
 * SSL_get_servername does not know it yet.
 *
 * @param[in] ssl A connection inside of that callback.
 * @param[out] length In bytes.
 * @return The name as the client sent it, which may hold anything and does not end with NUL. It lives until the callback
 * returns. NULL, and a length of 0, where there is none.
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline const char *clientcert_openssl_server_name(SSL *ssl, size_t *length);

/**
 * Moves a connection to another context, as SSL_set_SSL_CTX does, with all that decides about its client: for use in the
 * callback of SSL_CTX_set_client_hello_cb or SSL_CTX_set_tlsext_servername_callback. SSL_set_SSL_CTX alone leaves the
 * verify mode of the first context, so that a client of a host with `mode = require` may never be asked.
 *
 * Not for a renegotiation, in which both callbacks run again: it would take back the question that the server asks by it.
 *
 * @param[in] ssl A connection in its handshake.
 * @param[in] context The context of the host that the client named.
 * @return 1, or 0 where it failed: end the handshake then (SSL_CLIENT_HELLO_ERROR, SSL_TLSEXT_ERR_ALERT_FATAL).
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline int clientcert_openssl_select(SSL *ssl, SSL_CTX *context);

/**
 * The verdict on the client of a connection. A client that presented no certificate has one too, in every mode.
 *
 * Reads no files. Not to run while another thread uses the connection.
 *
 * @param[in] ssl A connection of a context with a verifier.
 * @return Borrowed from the connection: it lives until that is freed or its client authenticates anew (after
 * clientcert_openssl_request or a renegotiation); clientcert_verdict_ref keeps it longer. NULL, which every accessor
 * reads as FAILED and not accepted, where the handshake is not complete, no verifier is installed, memory fails, or `ssl`
 * is NULL.
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline const clientcert_verdict *clientcert_openssl_verdict(SSL *ssl);

/**
 * Puts a verdict that was completed in the place of the one that waited: what clientcert_verdict_ocsp_response or
 * clientcert_verdict_resolve made of the verdict of this connection.
 *
 * Tickets that went out before hold the record of the verdict that waited, which is none. To have the session resumed, hold
 * them back as clientcert_openssl_keep_session says. SSL_get_verify_result follows the verdict.
 *
 * @param[in] ssl A connection whose handshake is complete.
 * @param[in] verdict By the verifier of the connection's context, on the client that it has now. Borrowed: the connection
 * keeps a reference of its own.
 * @return 1, or 0 where the verdict is about another certificate, an argument is NULL, the handshake is not complete, no
 * verifier is installed, or memory fails; the connection then keeps the verdict that it had.
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline int clientcert_openssl_set_verdict(SSL *ssl, const clientcert_verdict *verdict);

/**
 * Asks for a certificate now, on a connection whose handshake is complete: for `mode = deferred`, when a request needs it.
 *
 * @param[in] ssl A connection of a context with a verifier.
 * @return 1 where the question is sent: the answer arrives while the server reads (SSL_read), and the verdict of the
 * connection changes with it. 0 where the client cannot be asked: it offered no post-handshake authentication (RFC 8446
 * section 4.6.2), or speaks TLS 1.2 or below, where only a renegotiation would do; OpenSSL's error queue then says why.
 * 0 also where a non-blocking socket takes no bytes now: SSL_want_write tells, and SSL_do_handshake goes on.
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline int clientcert_openssl_request(SSL *ssl);

/**
 * When the handshake was in which the client proved that it holds its key: for a resumed session the first of all that
 * were resumed from one another. For a client without a certificate, when it presented none.
 *
 * @param[in] ssl As for clientcert_openssl_verdict.
 * @return In seconds since 1970-01-01T00:00:00Z. 0, which is too long ago for every purpose, where it is not known: where
 * clientcert_openssl_verdict returns NULL, and where the record of a resumed session is none of ours.
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline int64_t clientcert_openssl_handshake_time(SSL *ssl);

/**
 * Says whether the session of a connection may be kept for resumption: the answer of a decision
 * (clientcert_decision_session_cacheable), which is no for a preflight, a log-out, and a client that is to be asked again.
 *
 * With 0, the tickets that are still to be sent hold no record, so that no server resumes by them, and the session is taken
 * out of the cache of the connection's context. What was sent cannot be taken back: OpenSSL sends tickets at the end of the
 * handshake. A server that has to decide by the request turns the early ones off, for TLS 1.3 by
 * `SSL_CTX_set_num_tickets(context, 0)`, for TLS 1.2 by SSL_OP_NO_TICKET, which leaves it session ids.
 *
 * With 1, a ticket is sent, once, where the context sends none by itself (SSL_CTX_set_num_tickets with 0), the connection
 * speaks TLS 1.3, and 0 was not said before. OpenSSL 1.1.1 cannot do that. Where a non-blocking socket takes no bytes now,
 * the ticket goes out with the response, and until then there is no verdict: ask for that first.
 *
 * @param[in] ssl A connection whose handshake is complete.
 * @param[in] cacheable 1 or 0; what is neither counts as 0.
 * @return 1, or 0 where it could not be done (now): no verifier is installed, memory fails, the handshake is not complete,
 * OpenSSL is too old to send tickets later, or the socket takes no bytes. No harm is done where that is ignored.
 * @since 1
 */
CLIENTCERT_MUST_USE
static inline int clientcert_openssl_keep_session(SSL *ssl, int cacheable);

/* What follows serves the functions above; call none of it. */

/* What a context holds. */
typedef struct clientcert_openssl_host {
    clientcert_verifier *verifier;
    char *name; /* NULL: none */
} clientcert_openssl_host;

/* What came of a ticket that a client brought, for the verdict on the connection that is resumed by it. */
typedef struct clientcert_openssl_ticket {
    clientcert_verdict *verdict; /* NULL: none */
    const clientcert_openssl_host *host; /* who judged it, and by which verifier; only compared */
    const clientcert_verifier *verifier;
    int64_t handshake_time;
    unsigned char random[SSL3_RANDOM_SIZE];
    X509 *leaf; /* that of the session; only compared */
    unsigned char *data; /* the record */
    size_t length;
} clientcert_openssl_ticket;

/* What a connection holds: whom its client was judged as (NULL: without a certificate), in which handshake, and what came
   of it. */
typedef struct clientcert_openssl_record {
    X509 *leaf;
    clientcert_verdict *verdict; /* NULL: not judged yet */
    int64_t handshake_time;
    unsigned char random[SSL3_RANDOM_SIZE];
    int forbidden, sent; /* may no session be kept; was a ticket sent late */
    clientcert_openssl_ticket ticket;
} clientcert_openssl_record;

/* One for all translation units that are linked together. */
CLIENTCERT_OPENSSL_SHARED CRYPTO_ONCE clientcert_openssl_once = CRYPTO_ONCE_STATIC_INIT;
CLIENTCERT_OPENSSL_SHARED int clientcert_openssl_context_index = -1;
CLIENTCERT_OPENSSL_SHARED int clientcert_openssl_connection_index = -1;

static inline void clientcert_openssl_ticket_clear(clientcert_openssl_ticket *ticket) {
    clientcert_verdict_free(ticket->verdict);
    X509_free(ticket->leaf);
    OPENSSL_free(ticket->data);
    memset(ticket, 0, sizeof(*ticket));
}

static inline void clientcert_openssl_record_free(clientcert_openssl_record *record) {
    if (record == NULL)
        return;
    clientcert_openssl_ticket_clear(&record->ticket);
    X509_free(record->leaf);
    clientcert_verdict_free(record->verdict);
    OPENSSL_free(record);
}

static inline void clientcert_openssl_free_context(void *parent, void *data, CRYPTO_EX_DATA *all, int index,
                                                   long number, void *pointer) {
    clientcert_openssl_host *host = (clientcert_openssl_host *)data;

    (void)parent, (void)all, (void)index, (void)number, (void)pointer;
    if (host == NULL)
        return;
    clientcert_verifier_free(host->verifier);
    OPENSSL_free(host->name);
    OPENSSL_free(host);
}

static inline void clientcert_openssl_free_connection(void *parent, void *data, CRYPTO_EX_DATA *all, int index,
                                                      long number, void *pointer) {
    (void)parent, (void)all, (void)index, (void)number, (void)pointer;
    clientcert_openssl_record_free((clientcert_openssl_record *)data);
}

/* SSL_dup would copy the pointer, and free it twice. A duplicate starts without a verdict. */
static inline int clientcert_openssl_dup_connection(CRYPTO_EX_DATA *to, const CRYPTO_EX_DATA *from,
                                                    CLIENTCERT_OPENSSL_EX_DATA *data, int index, long number,
                                                    void *pointer) {
    (void)to, (void)from, (void)index, (void)number, (void)pointer;
    *(void **)data = NULL;
    return 1;
}

static inline void clientcert_openssl_start(void) {
    clientcert_openssl_context_index =
        SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, clientcert_openssl_free_context);
    clientcert_openssl_connection_index = SSL_get_ex_new_index(
        0, NULL, NULL, clientcert_openssl_dup_connection, clientcert_openssl_free_connection);
}

static inline int clientcert_openssl_started(void) {
    return CRYPTO_THREAD_run_once(&clientcert_openssl_once, clientcert_openssl_start) == 1 &&
           clientcert_openssl_context_index >= 0 && clientcert_openssl_connection_index >= 0;
}

static inline clientcert_openssl_host *clientcert_openssl_host_of(const SSL_CTX *context) {
    if (context == NULL || !clientcert_openssl_started())
        return NULL;
    return (clientcert_openssl_host *)SSL_CTX_get_ex_data(context, clientcert_openssl_context_index);
}

static inline const clientcert_verifier *clientcert_openssl_verifier(const SSL_CTX *context) {
    const clientcert_openssl_host *host = clientcert_openssl_host_of(context);

    return host == NULL ? NULL : host->verifier;
}

/* The DER of the leaf and of the others, one after the other; NULL where memory fails. OpenSSL caps what it takes from
   a client (SSL_CTX_set_max_cert_list, 100 kB); the policy's `max_chain_bytes` makes a verdict of what is too much. */
static inline unsigned char *clientcert_openssl_encode(X509 *leaf, STACK_OF(X509) *others, size_t *length) {
    int count = others == NULL ? 0 : sk_X509_num(others);
    unsigned char *chain, *end;
    size_t total;
    int i, size = i2d_X509(leaf, NULL);

    if (size <= 0)
        return NULL;
    total = (size_t)size;
    for (i = 0; i < count; i++) {
        if (sk_X509_value(others, i) == leaf)
            continue;
        size = i2d_X509(sk_X509_value(others, i), NULL);
        if (size <= 0)
            return NULL;
        total += (size_t)size;
    }
    chain = end = (unsigned char *)OPENSSL_malloc(total);
    if (chain == NULL)
        return NULL;
    i2d_X509(leaf, &end);
    for (i = 0; i < count; i++) {
        if (sk_X509_value(others, i) != leaf)
            i2d_X509(sk_X509_value(others, i), &end);
    }
    if (end != chain + total) {
        OPENSSL_free(chain);
        return NULL;
    }
    *length = total;
    return chain;
}

/* The record of a connection, a new one where there is none; NULL where memory fails. */
static inline clientcert_openssl_record *clientcert_openssl_record_of(SSL *ssl) {
    clientcert_openssl_record *record =
        (clientcert_openssl_record *)SSL_get_ex_data(ssl, clientcert_openssl_connection_index);

    if (record != NULL)
        return record;
    record = (clientcert_openssl_record *)OPENSSL_zalloc(sizeof(*record));
    if (record != NULL && SSL_set_ex_data(ssl, clientcert_openssl_connection_index, record) != 1) {
        OPENSSL_free(record);
        return NULL;
    }
    return record;
}

/* Leaves a verdict, which is taken, with the connection in place of an older one; 0 where memory fails. */
static inline int clientcert_openssl_keep(SSL *ssl, X509 *leaf, clientcert_verdict *verdict, int64_t handshake_time) {
    clientcert_openssl_record *record = clientcert_openssl_record_of(ssl);
    unsigned char random[SSL3_RANDOM_SIZE] = {0};

    if (record == NULL || verdict == NULL || (leaf != NULL && X509_up_ref(leaf) != 1)) {
        clientcert_verdict_free(verdict);
        return 0;
    }
    X509_free(record->leaf);
    clientcert_verdict_free(record->verdict);
    record->leaf = leaf;
    record->verdict = verdict;
    record->handshake_time = handshake_time;
    SSL_get_client_random(ssl, random, sizeof(random));
    if (memcmp(record->random, random, sizeof(random)) != 0)
        record->forbidden = record->sent = 0;
    memcpy(record->random, random, sizeof(random));
    return 1;
}

/* Verifies what was presented just now. NULL where memory fails. */
static inline clientcert_verdict *clientcert_openssl_judge(const clientcert_verifier *verifier, X509 *leaf,
                                                           STACK_OF(X509) *others) {
    clientcert_verdict *verdict;
    unsigned char *chain = NULL;
    size_t length = 0;

    if (leaf != NULL && (chain = clientcert_openssl_encode(leaf, others, &length)) == NULL)
        return NULL;
    verdict = clientcert_verify(verifier, chain, length, CLIENTCERT_NOW);
    OPENSSL_free(chain);
    return verdict;
}

/* Whether a verdict is about this leaf, or about no certificate where that is NULL. */
static inline int clientcert_openssl_is_about(const clientcert_verdict *verdict, X509 *leaf) {
    size_t length = 0;
    const uint8_t *der = clientcert_verdict_certificate(verdict, 0, &length);
    unsigned char *own = NULL;
    int size, same;

    if (leaf == NULL || der == NULL)
        return leaf == NULL && der == NULL;
    size = i2d_X509(leaf, &own);
    same = size > 0 && (size_t)size == length && memcmp(own, der, length) == 0;
    OPENSSL_free(own);
    return same;
}

/* Judges the client of a resumed session by the record in it. Owned by the caller. */
static inline clientcert_verdict *clientcert_openssl_resume(const clientcert_openssl_host *host, SSL_SESSION *session,
                                                            X509 *leaf, int64_t *handshake_time) {
    void *data = NULL;
    size_t length = 0;
    clientcert_verdict *verdict;

    if (SSL_SESSION_get0_ticket_appdata(session, &data, &length) != 1 || data == NULL)
        length = 0;
    verdict = clientcert_session_resume(host->verifier, host->name, length == 0 ? NULL : (const uint8_t *)data, length,
                                        CLIENTCERT_NOW, handshake_time);
    /* OpenSSL keeps the leaf, too: where the two differ, neither counts. */
    if (clientcert_verdict_outcome(verdict) == CLIENTCERT_NONE
            ? leaf != NULL
            : clientcert_verdict_certificate_count(verdict) != 0 && !clientcert_openssl_is_about(verdict, leaf)) {
        clientcert_verdict_free(verdict);
        verdict = clientcert_session_resume(host->verifier, host->name, NULL, 0, CLIENTCERT_NOW, handshake_time);
    }
    return verdict;
}

/* Keeps what came of a ticket; the verdict is taken. Where memory fails it is judged again. */
static inline void clientcert_openssl_ticket_keep(SSL *ssl, const clientcert_openssl_host *host, SSL_SESSION *session,
                                                  clientcert_verdict *verdict, int64_t handshake_time) {
    clientcert_openssl_record *record = clientcert_openssl_record_of(ssl);
    X509 *leaf = SSL_SESSION_get0_peer(session);
    void *data = NULL;
    size_t length = 0;
    unsigned char *copy = NULL;

    if (record == NULL || SSL_SESSION_get0_ticket_appdata(session, &data, &length) != 1 || data == NULL ||
        length == 0 || (copy = (unsigned char *)OPENSSL_malloc(length)) == NULL ||
        (leaf != NULL && X509_up_ref(leaf) != 1)) {
        OPENSSL_free(copy);
        clientcert_verdict_free(verdict);
        return;
    }
    memcpy(copy, data, length);
    clientcert_openssl_ticket_clear(&record->ticket);
    record->ticket.leaf = leaf;
    record->ticket.verdict = verdict;
    record->ticket.host = host;
    record->ticket.verifier = host->verifier;
    record->ticket.handshake_time = handshake_time;
    record->ticket.data = copy;
    record->ticket.length = length;
    SSL_get_client_random(ssl, record->ticket.random, sizeof(record->ticket.random));
}

/* What was kept, once, if it is about the record of this session, in this handshake, by the verifier of its host; owned by
   the caller. NULL: none. */
static inline clientcert_verdict *clientcert_openssl_ticket_take(SSL *ssl, const clientcert_openssl_host *host,
                                                                 SSL_SESSION *session, X509 *leaf,
                                                                 int64_t *handshake_time) {
    clientcert_openssl_record *record =
        (clientcert_openssl_record *)SSL_get_ex_data(ssl, clientcert_openssl_connection_index);
    unsigned char random[SSL3_RANDOM_SIZE] = {0};
    clientcert_verdict *verdict = NULL;
    void *data = NULL;
    size_t length = 0;

    if (record == NULL || record->ticket.verdict == NULL)
        return NULL;
    SSL_get_client_random(ssl, random, sizeof(random));
    if (SSL_SESSION_get0_ticket_appdata(session, &data, &length) == 1 && data != NULL &&
        length == record->ticket.length && memcmp(data, record->ticket.data, length) == 0 &&
        memcmp(random, record->ticket.random, sizeof(random)) == 0 && record->ticket.host == host &&
        record->ticket.verifier == host->verifier && record->ticket.leaf == leaf) {
        verdict = record->ticket.verdict;
        record->ticket.verdict = NULL;
        *handshake_time = record->ticket.handshake_time;
    }
    clientcert_openssl_ticket_clear(&record->ticket);
    return verdict;
}

/* The record of a connection, with the verdict on its present client; NULL where there is no verifier or memory fails. */
static inline clientcert_openssl_record *clientcert_openssl_current(SSL *ssl) {
    const clientcert_openssl_host *host = clientcert_openssl_host_of(SSL_get_SSL_CTX(ssl));
    clientcert_openssl_record *record;
    clientcert_verdict *verdict = NULL;
    unsigned char random[SSL3_RANDOM_SIZE] = {0};
    SSL_SESSION *session = SSL_get_session(ssl);
    int64_t handshake_time = 0;
    X509 *leaf;
    int done = 1;

    if (host == NULL || session == NULL)
        return NULL;
    /* What is stored may be about another client: of a handshake before this one, or of this one before it was asked anew
       and presented nothing. */
    leaf = SSL_get_peer_certificate(ssl);
    SSL_get_client_random(ssl, random, sizeof(random));
    record = (clientcert_openssl_record *)SSL_get_ex_data(ssl, clientcert_openssl_connection_index);
    if (record == NULL || record->verdict == NULL || memcmp(record->random, random, sizeof(random)) != 0 ||
        (record->leaf != leaf && (record->leaf == NULL || leaf == NULL || X509_cmp(record->leaf, leaf) != 0))) {
        if (SSL_session_reused(ssl) &&
            (verdict = clientcert_openssl_ticket_take(ssl, host, session, leaf, &handshake_time)) == NULL)
            verdict = clientcert_openssl_resume(host, session, leaf, &handshake_time);
        if (verdict == NULL || (leaf == NULL && clientcert_verdict_outcome(verdict) != CLIENTCERT_NONE)) {
            clientcert_verdict_free(verdict);
            verdict = clientcert_openssl_judge(host->verifier, leaf, NULL);
            /* A resumed session of TLS 1.3 says when its last ticket was made. */
            if (!SSL_session_reused(ssl) || SSL_version(ssl) != TLS1_3_VERSION)
                handshake_time = (int64_t)SSL_SESSION_get_time(session);
        }
        /* From a cache it would come back again and again, and the client would never be asked. */
        if (!clientcert_verdict_accepted(verdict))
            SSL_CTX_remove_session(SSL_get_SSL_CTX(ssl), session);
        done = clientcert_openssl_keep(ssl, leaf, verdict, handshake_time);
    }
    X509_free(leaf);
    return done ? (clientcert_openssl_record *)SSL_get_ex_data(ssl, clientcert_openssl_connection_index) : NULL;
}

/* Puts the record of the client into a session that nobody else has yet; none where it may not be resumed, and then it
   goes into no cache. */
static inline int clientcert_openssl_export(SSL *ssl, SSL_SESSION *session, const clientcert_openssl_record *record) {
    const clientcert_openssl_host *host = clientcert_openssl_host_of(SSL_get_SSL_CTX(ssl));
    unsigned char usual[4096], *data = usual, *larger = NULL;
    size_t length = 0;
    int done;

    if (host != NULL && record != NULL && !record->forbidden) {
        length = clientcert_session_export(host->verifier, record->verdict, host->name, record->handshake_time, usual,
                                           sizeof(usual));
        if (length > sizeof(usual)) {
            data = larger = (unsigned char *)OPENSSL_malloc(length);
            /* A policy that changes in between makes another record, or none. */
            if (data == NULL || clientcert_session_export(host->verifier, record->verdict, host->name,
                                                          record->handshake_time, data, length) != length)
                length = 0;
        }
    }
    done = SSL_SESSION_set1_ticket_appdata(session, length == 0 ? NULL : data, length);
    OPENSSL_free(larger);
    if (length == 0)
        SSL_CTX_remove_session(SSL_get_SSL_CTX(ssl), session);
    return done;
}

/* Before a ticket is sent: the client is known, and has proved its key. */
static inline int clientcert_openssl_generate_ticket(SSL *ssl, void *unused) {
    SSL_SESSION *session = SSL_get_session(ssl);

    (void)unused;
    if (clientcert_openssl_host_of(SSL_get_SSL_CTX(ssl)) == NULL)
        return 1;
    /* Below TLS 1.3 other connections may have the same session, which holds the record of its handshake already. */
    if (session == NULL || (SSL_session_reused(ssl) && SSL_version(ssl) != TLS1_3_VERSION))
        return 1;
    return clientcert_openssl_export(ssl, session, clientcert_openssl_current(ssl));
}

/* When a ticket comes back: whether it may be used. */
static inline SSL_TICKET_RETURN clientcert_openssl_decrypt_ticket(SSL *ssl, SSL_SESSION *session,
                                                                  const unsigned char *key_name, size_t key_name_length,
                                                                  SSL_TICKET_STATUS status, void *unused) {
    const clientcert_openssl_host *host = clientcert_openssl_host_of(SSL_get_SSL_CTX(ssl));
    clientcert_verdict *verdict;
    int64_t handshake_time = 0;
    int accepted;

    (void)key_name, (void)key_name_length, (void)unused;
    if (session == NULL || (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW))
        return SSL_TICKET_RETURN_IGNORE_RENEW;
    /* Where no verifier decides, or one that is selected later: it judges the record then. */
    if (host != NULL) {
        verdict = clientcert_openssl_resume(host, session, SSL_SESSION_get0_peer(session), &handshake_time);
        accepted = clientcert_verdict_accepted(verdict);
        if (!accepted) {
            clientcert_verdict_free(verdict);
            return SSL_TICKET_RETURN_IGNORE_RENEW;
        }
        clientcert_openssl_ticket_keep(ssl, host, session, verdict, handshake_time);
    }
    return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

/* The X509_V_ERR that makes OpenSSL send `alert`: `error` itself where it does. OpenSSL derives the alert from the
   error, by its table in statem_lib.c; these are its rows for the errors that verdicts have, the plainest of each alert
   first. What OpenSSL cannot send, such as access_denied, becomes bad_certificate. */
static inline int clientcert_openssl_error_for_alert(int error, int alert) {
    static const struct {
        int error;
        int alert;
    } sent[] = {
        {X509_V_ERR_CERT_REJECTED, SSL_AD_BAD_CERTIFICATE},
        {X509_V_ERR_CERT_NOT_YET_VALID, SSL_AD_BAD_CERTIFICATE},
        {X509_V_ERR_EE_KEY_TOO_SMALL, SSL_AD_BAD_CERTIFICATE},
        {X509_V_ERR_CA_KEY_TOO_SMALL, SSL_AD_BAD_CERTIFICATE},
        {X509_V_ERR_CA_MD_TOO_WEAK, SSL_AD_BAD_CERTIFICATE},
        {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, SSL_AD_UNKNOWN_CA},
        {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, SSL_AD_UNKNOWN_CA},
        {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, SSL_AD_UNKNOWN_CA},
        {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, SSL_AD_UNKNOWN_CA},
        {X509_V_ERR_CERT_CHAIN_TOO_LONG, SSL_AD_UNKNOWN_CA},
        {X509_V_ERR_PATH_LENGTH_EXCEEDED, SSL_AD_UNKNOWN_CA},
        {X509_V_ERR_INVALID_CA, SSL_AD_UNKNOWN_CA},
        {X509_V_ERR_CERT_HAS_EXPIRED, SSL_AD_CERTIFICATE_EXPIRED},
        {X509_V_ERR_CERT_REVOKED, SSL_AD_CERTIFICATE_REVOKED},
        {X509_V_ERR_INVALID_PURPOSE, SSL_AD_UNSUPPORTED_CERTIFICATE},
        {X509_V_ERR_NO_EXPLICIT_POLICY, SSL_AD_CERTIFICATE_UNKNOWN},
        {X509_V_ERR_INVALID_POLICY_EXTENSION, SSL_AD_CERTIFICATE_UNKNOWN},
        {X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION, SSL_AD_CERTIFICATE_UNKNOWN},
        {X509_V_ERR_PERMITTED_VIOLATION, SSL_AD_CERTIFICATE_UNKNOWN},
        {X509_V_ERR_EXCLUDED_VIOLATION, SSL_AD_CERTIFICATE_UNKNOWN},
        {X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE, SSL_AD_CERTIFICATE_UNKNOWN},
        {X509_V_ERR_CERT_SIGNATURE_FAILURE, SSL_AD_DECRYPT_ERROR},
        {X509_V_ERR_OUT_OF_MEM, SSL_AD_INTERNAL_ERROR},
        {X509_V_ERR_APPLICATION_VERIFICATION, SSL_AD_HANDSHAKE_FAILURE},
    };
    int found = X509_V_ERR_CERT_REJECTED;
    size_t i = sizeof(sent) / sizeof(sent[0]);

    while (i-- > 0) {
        if (sent[i].alert != alert)
            continue;
        if (sent[i].error == error)
            return error;
        found = sent[i].error;
    }
    return found;
}

/* The verify result that stands for a verdict on a client with a certificate: X509_V_OK for a verified one alone. */
static inline int clientcert_openssl_result(const clientcert_verdict *verdict) {
    int error = clientcert_verdict_x509_error(verdict);

    if (clientcert_verdict_verified(verdict))
        return X509_V_OK;
    return error <= X509_V_OK ? X509_V_ERR_APPLICATION_VERIFICATION : error;
}

static inline int clientcert_openssl_enforced_in_handshake(const clientcert_verifier *verifier) {
    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    int enforced = clientcert_policy_enforcement(policy) != CLIENTCERT_ENFORCEMENT_REQUEST;

    clientcert_policy_free(policy);
    return enforced;
}

/* Stands in for X509_verify_cert: 1 lets the handshake go on. The error in the store becomes the verify result, and
   the alert where the handshake does not. */
static inline int clientcert_openssl_callback(X509_STORE_CTX *store, void *unused) {
    SSL *ssl = (SSL *)X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    X509 *leaf = X509_STORE_CTX_get0_cert(store);
    const clientcert_openssl_host *host = ssl == NULL ? NULL : clientcert_openssl_host_of(SSL_get_SSL_CTX(ssl));
    const clientcert_openssl_record *record;
    const clientcert_verdict *verdict;
    int error;

    (void)unused;
    X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
    /* Without a leaf (a raw public key) the verdict would be the one on a client without a certificate. */
    if (host == NULL || leaf == NULL)
        return 0;
    if (!clientcert_openssl_keep(
            ssl, leaf, clientcert_openssl_judge(host->verifier, leaf, X509_STORE_CTX_get0_untrusted(store)),
            (int64_t)time(NULL)))
        return 0;
    record = clientcert_openssl_record_of(ssl);
    verdict = record->verdict;
    /* Sessions without a ticket go into the cache, if they go there, with what they have when the handshake ends. */
    if (SSL_version(ssl) != TLS1_3_VERSION && SSL_get_session(ssl) != NULL &&
        clientcert_openssl_export(ssl, SSL_get_session(ssl), record) != 1)
        return 0;
    error = clientcert_openssl_result(verdict);
    if (clientcert_verdict_accepted(verdict) || !clientcert_openssl_enforced_in_handshake(host->verifier)) {
        X509_STORE_CTX_set_error(store, error);
        return 1;
    }
    X509_STORE_CTX_set_error(
        store, clientcert_openssl_error_for_alert(error, clientcert_verdict_alert(verdict, SSL_version(ssl))));
    return 0;
}

static inline int clientcert_openssl_verify_mode(const clientcert_policy *policy) {
    int in_handshake = clientcert_policy_enforcement(policy) != CLIENTCERT_ENFORCEMENT_REQUEST;

    switch (clientcert_policy_mode(policy)) {
    case CLIENTCERT_MODE_OFF:
    case CLIENTCERT_MODE_DEFERRED:
        return SSL_VERIFY_NONE;
    case CLIENTCERT_MODE_OPTIONAL:
    case CLIENTCERT_MODE_OPTIONAL_NO_CA:
    case CLIENTCERT_MODE_REQUEST_ANY:
        return SSL_VERIFY_PEER;
    default: /* require, require_any, and what a later version may add */
        return SSL_VERIFY_PEER | (in_handshake ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0);
    }
}

/* The names of the CAs for the CertificateRequest; NULL where memory fails. */
static inline STACK_OF(X509_NAME) *clientcert_openssl_ca_names(const clientcert_policy *policy) {
    STACK_OF(X509_NAME) *names = sk_X509_NAME_new_null();
    size_t i, length = 0, count = clientcert_policy_ca_name_count(policy);

    for (i = 0; names != NULL && i < count; i++) {
        const unsigned char *der = clientcert_policy_ca_name(policy, i, &length);
        X509_NAME *name = der == NULL ? NULL : d2i_X509_NAME(NULL, &der, (long)length);

        if (name == NULL || sk_X509_NAME_push(names, name) <= 0) {
            X509_NAME_free(name);
            sk_X509_NAME_pop_free(names, X509_NAME_free);
            return NULL;
        }
    }
    return names;
}

static inline int clientcert_openssl_update(SSL_CTX *context) {
    const clientcert_openssl_host *host = clientcert_openssl_host_of(context);
    clientcert_policy *policy;
    STACK_OF(X509_NAME) *names;
    unsigned char identity[SSL_MAX_SID_CTX_LENGTH];
    int done = 0;

    if (host == NULL || (policy = clientcert_verifier_policy(host->verifier)) == NULL)
        return 0;
    names = clientcert_openssl_ca_names(policy);
    if (names != NULL &&
        clientcert_verifier_policy_id(host->verifier, host->name, identity, NULL) == CLIENTCERT_OK &&
        SSL_CTX_set_session_id_context(context, identity, sizeof(identity)) == 1) {
        SSL_CTX_set_verify(context, clientcert_openssl_verify_mode(policy), NULL);
        SSL_CTX_set_client_CA_list(context, NULL);
        SSL_CTX_set0_CA_list(context, names);
        names = NULL;
        done = 1;
    }
    sk_X509_NAME_pop_free(names, X509_NAME_free);
    clientcert_policy_free(policy);
    return done;
}

static inline int clientcert_openssl_share(SSL_CTX *context) {
    return context != NULL && clientcert_openssl_started() &&
           SSL_CTX_set_session_ticket_cb(context, clientcert_openssl_generate_ticket,
                                         clientcert_openssl_decrypt_ticket, NULL) == 1;
}

static inline int clientcert_openssl_install(SSL_CTX *context, const clientcert_verifier *verifier) {
    clientcert_openssl_host *host;
    clientcert_verifier *reference;

    if (context == NULL)
        return 0;
    SSL_CTX_set_cert_verify_callback(context, clientcert_openssl_callback, NULL);
    /* A client that is asked by renegotiation would resume its session instead, and be asked nothing. */
    SSL_CTX_set_options(context, SSL_OP_NO_SESSION_RESUMPTION_ON_RENEGOTIATION);
    if (verifier == NULL || !clientcert_openssl_share(context))
        return 0;
    host = clientcert_openssl_host_of(context);
    if (host == NULL) {
        host = (clientcert_openssl_host *)OPENSSL_zalloc(sizeof(*host));
        if (host == NULL)
            return 0;
        if (SSL_CTX_set_ex_data(context, clientcert_openssl_context_index, host) != 1) {
            OPENSSL_free(host);
            return 0;
        }
    }
    reference = clientcert_verifier_ref(verifier);
    if (reference == NULL)
        return 0;
    clientcert_verifier_free(host->verifier);
    host->verifier = reference;
    return clientcert_openssl_update(context);
}

static inline int clientcert_openssl_set_host(SSL_CTX *context, const char *name) {
    clientcert_openssl_host *host = clientcert_openssl_host_of(context);
    char *former, *copy = NULL;

    if (host == NULL || host->verifier == NULL)
        return 0;
    if (name != NULL && (copy = OPENSSL_strdup(name)) == NULL)
        return 0;
    former = host->name;
    host->name = copy;
    if (!clientcert_openssl_update(context)) {
        host->name = former;
        OPENSSL_free(copy);
        return 0;
    }
    OPENSSL_free(former);
    return 1;
}

static inline const char *clientcert_openssl_server_name(SSL *ssl, size_t *length) {
    const unsigned char *data = NULL;
    size_t size = 0;

    *length = 0;
    /* A list of names in two bytes of length, of which the first is of the kind host name, in two bytes of length. */
    if (ssl == NULL || SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &data, &size) != 1 || size < 5 ||
        data[2] != TLSEXT_NAMETYPE_host_name || (size_t)(data[0] << 8 | data[1]) != size - 2 ||
        (size_t)(data[3] << 8 | data[4]) != size - 5 || size == 5)
        return NULL;
    *length = size - 5;
    return (const char *)data + 5;
}

static inline int clientcert_openssl_select(SSL *ssl, SSL_CTX *context) {
    if (ssl == NULL || context == NULL || SSL_set_SSL_CTX(ssl, context) != context)
        return 0;
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(context), SSL_CTX_get_verify_callback(context));
    SSL_set_options(ssl, SSL_CTX_get_options(context) & SSL_OP_NO_TICKET);
    return SSL_set_num_tickets(ssl, SSL_CTX_get_num_tickets(context)) == 1;
}

static inline const clientcert_verdict *clientcert_openssl_verdict(SSL *ssl) {
    const clientcert_openssl_record *record;

    if (ssl == NULL || !SSL_is_init_finished(ssl))
        return NULL;
    record = clientcert_openssl_current(ssl);
    return record == NULL ? NULL : record->verdict;
}

static inline int clientcert_openssl_set_verdict(SSL *ssl, const clientcert_verdict *verdict) {
    clientcert_openssl_record *record;
    clientcert_verdict *reference;

    if (ssl == NULL || verdict == NULL || !SSL_is_init_finished(ssl) ||
        (record = clientcert_openssl_current(ssl)) == NULL || !clientcert_openssl_is_about(verdict, record->leaf) ||
        (reference = clientcert_verdict_ref(verdict)) == NULL)
        return 0;
    clientcert_verdict_free(record->verdict);
    record->verdict = reference;
    if (record->leaf != NULL)
        SSL_set_verify_result(ssl, clientcert_openssl_result(reference));
    return 1;
}

static inline int64_t clientcert_openssl_handshake_time(SSL *ssl) {
    const clientcert_openssl_record *record;

    if (ssl == NULL || !SSL_is_init_finished(ssl))
        return 0;
    record = clientcert_openssl_current(ssl);
    return record == NULL ? 0 : record->handshake_time;
}

static inline int clientcert_openssl_keep_session(SSL *ssl, int cacheable) {
    clientcert_openssl_record *record;

    if (ssl == NULL || !SSL_is_init_finished(ssl) || (record = clientcert_openssl_current(ssl)) == NULL)
        return 0;
    if (cacheable != 1) {
        record->forbidden = 1;
        SSL_CTX_remove_session(SSL_get_SSL_CTX(ssl), SSL_get_session(ssl));
        return 1;
    }
    if (record->forbidden || record->sent || SSL_version(ssl) != TLS1_3_VERSION || SSL_get_num_tickets(ssl) != 0)
        return 1;
#if OPENSSL_VERSION_NUMBER >= 0x30000000L
    record->sent = 1;
    return SSL_new_session_ticket(ssl) == 1 && SSL_do_handshake(ssl) == 1;
#else
    return 0;
#endif
}

static inline int clientcert_openssl_request(SSL *ssl) {
    if (ssl == NULL || clientcert_openssl_verifier(SSL_get_SSL_CTX(ssl)) == NULL || SSL_version(ssl) != TLS1_3_VERSION)
        return 0;
    SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
    return SSL_verify_client_post_handshake(ssl) == 1 && SSL_do_handshake(ssl) == 1;
}

#ifdef __cplusplus
}
#endif

#undef CLIENTCERT_OPENSSL_SHARED
#undef CLIENTCERT_OPENSSL_EX_DATA

#endif /* CLIENTCERT_OPENSSL_H */

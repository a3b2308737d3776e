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
 * Resumption. OpenSSL does not ask the verifier about a resumed session. Installing therefore turns tickets and the
 * session cache off for the context. Where a server turns them on again, clientcert_openssl_verdict verifies the
 * certificate of a resumed session anew, under the policy of that moment; sessions hold no intermediate certificates,
 * so only clients whose issuer is a pinned CA are then verified, and no handshake is refused for it.
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
 * policy's identity. Turns tickets and the session cache off.
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
 * Moves a connection to another context, as SSL_set_SSL_CTX does, with all that decides about its client: for use in the
 * callback of SSL_CTX_set_tlsext_servername_callback. SSL_set_SSL_CTX alone leaves the verify mode of the first context,
 * so that a client of a host with `mode = require` may never be asked.
 *
 * @param[in] ssl A connection in its handshake.
 * @param[in] context The context of the host that the client named.
 * @return 1, or 0 where it failed: end the handshake then (SSL_TLSEXT_ERR_ALERT_FATAL).
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

/* What follows serves the functions above; call none of it. */

/* The judgement that a connection holds: whom it is about (NULL: no certificate), and what it says. */
typedef struct clientcert_openssl_record {
    X509 *leaf;
    clientcert_verdict *verdict;
} clientcert_openssl_record;

/* One for all translation units that are linked together. */
CLIENTCERT_OPENSSL_SHARED CRYPTO_ONCE clientcert_openssl_once = CRYPTO_ONCE_STATIC_INIT;
CLIENTCERT_OPENSSL_SHARED int clientcert_openssl_context_index = -1;
CLIENTCERT_OPENSSL_SHARED int clientcert_openssl_connection_index = -1;

static inline void clientcert_openssl_record_free(clientcert_openssl_record *record) {
    if (record == NULL)
        return;
    X509_free(record->leaf);
    clientcert_verdict_free(record->verdict);
    OPENSSL_free(record);
}

static inline void clientcert_openssl_free_context(void *parent, void *data, CRYPTO_EX_DATA *all, int index,
                                                   long number, void *pointer) {
    (void)parent, (void)all, (void)index, (void)number, (void)pointer;
    clientcert_verifier_free((clientcert_verifier *)data);
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

static inline const clientcert_verifier *clientcert_openssl_verifier(const SSL_CTX *context) {
    if (context == NULL || !clientcert_openssl_started())
        return NULL;
    return (const clientcert_verifier *)SSL_CTX_get_ex_data(context, clientcert_openssl_context_index);
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

/* Verifies, and leaves the verdict with the connection in place of an older one. NULL where memory fails. */
static inline const clientcert_verdict *clientcert_openssl_judge(SSL *ssl, const clientcert_verifier *verifier,
                                                                 X509 *leaf, STACK_OF(X509) *others) {
    clientcert_openssl_record *record, *former;
    unsigned char *chain = NULL;
    size_t length = 0;

    if (leaf != NULL && (chain = clientcert_openssl_encode(leaf, others, &length)) == NULL)
        return NULL;
    record = (clientcert_openssl_record *)OPENSSL_zalloc(sizeof(*record));
    if (record != NULL) {
        record->verdict = clientcert_verify(verifier, chain, length, CLIENTCERT_NOW);
        if (leaf != NULL && X509_up_ref(leaf) == 1)
            record->leaf = leaf;
    }
    OPENSSL_free(chain);
    if (record == NULL || record->leaf != leaf) {
        clientcert_openssl_record_free(record);
        return NULL;
    }
    former = (clientcert_openssl_record *)SSL_get_ex_data(ssl, clientcert_openssl_connection_index);
    if (SSL_set_ex_data(ssl, clientcert_openssl_connection_index, record) != 1) {
        clientcert_openssl_record_free(record);
        return NULL;
    }
    clientcert_openssl_record_free(former);
    return record->verdict;
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
    const clientcert_verifier *verifier = ssl == NULL ? NULL : clientcert_openssl_verifier(SSL_get_SSL_CTX(ssl));
    const clientcert_verdict *verdict;
    int error;

    (void)unused;
    X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
    /* Without a leaf (a raw public key) the verdict would be the one on a client without a certificate. */
    if (verifier == NULL || leaf == NULL)
        return 0;
    verdict = clientcert_openssl_judge(ssl, verifier, leaf, X509_STORE_CTX_get0_untrusted(store));
    if (verdict == NULL)
        return 0;
    if (clientcert_verdict_verified(verdict)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    error = clientcert_verdict_x509_error(verdict);
    if (error <= X509_V_OK)
        error = X509_V_ERR_APPLICATION_VERIFICATION;
    if (clientcert_verdict_accepted(verdict) || !clientcert_openssl_enforced_in_handshake(verifier)) {
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
    const clientcert_verifier *verifier = clientcert_openssl_verifier(context);
    clientcert_policy *policy;
    STACK_OF(X509_NAME) *names;
    const unsigned char *identity;
    size_t length = 0;
    int done = 0;

    if (verifier == NULL || (policy = clientcert_verifier_policy(verifier)) == NULL)
        return 0;
    names = clientcert_openssl_ca_names(policy);
    identity = clientcert_policy_identity(policy, &length);
    if (names != NULL && identity != NULL && length <= SSL_MAX_SID_CTX_LENGTH &&
        SSL_CTX_set_session_id_context(context, identity, (unsigned int)length) == 1) {
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

static inline int clientcert_openssl_install(SSL_CTX *context, const clientcert_verifier *verifier) {
    clientcert_verifier *reference, *former;

    if (context == NULL)
        return 0;
    SSL_CTX_set_cert_verify_callback(context, clientcert_openssl_callback, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    if (verifier == NULL || !clientcert_openssl_started() || SSL_CTX_set_num_tickets(context, 0) != 1)
        return 0;
    reference = clientcert_verifier_ref(verifier);
    if (reference == NULL)
        return 0;
    former = (clientcert_verifier *)SSL_CTX_get_ex_data(context, clientcert_openssl_context_index);
    if (SSL_CTX_set_ex_data(context, clientcert_openssl_context_index, reference) != 1) {
        clientcert_verifier_free(reference);
        return 0;
    }
    clientcert_verifier_free(former);
    return clientcert_openssl_update(context);
}

static inline int clientcert_openssl_select(SSL *ssl, SSL_CTX *context) {
    if (ssl == NULL || context == NULL || SSL_set_SSL_CTX(ssl, context) != context)
        return 0;
    SSL_set_verify(ssl, SSL_CTX_get_verify_mode(context), SSL_CTX_get_verify_callback(context));
    SSL_set_options(ssl, SSL_CTX_get_options(context) & SSL_OP_NO_TICKET);
    return SSL_set_num_tickets(ssl, SSL_CTX_get_num_tickets(context)) == 1;
}

static inline const clientcert_verdict *clientcert_openssl_verdict(SSL *ssl) {
    const clientcert_verifier *verifier;
    const clientcert_openssl_record *record;
    const clientcert_verdict *verdict;
    X509 *leaf;

    if (ssl == NULL || !SSL_is_init_finished(ssl))
        return NULL;
    verifier = clientcert_openssl_verifier(SSL_get_SSL_CTX(ssl));
    if (verifier == NULL)
        return NULL;
    /* What is stored may be about another client: of a connection before SSL_clear, or of this one before it was asked
       anew and presented nothing. */
    leaf = SSL_get_peer_certificate(ssl);
    record = (const clientcert_openssl_record *)SSL_get_ex_data(ssl, clientcert_openssl_connection_index);
    if (record != NULL && (record->leaf == leaf ||
                           (record->leaf != NULL && leaf != NULL && X509_cmp(record->leaf, leaf) == 0)))
        verdict = record->verdict;
    else
        verdict = clientcert_openssl_judge(ssl, verifier, leaf, NULL);
    X509_free(leaf);
    return verdict;
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

/* OpenSSL's opinion of the chains that tests/differential.rs writes to standard input.
 *
 * A record: how many pinned CAs, each as DER, how many presented certificates, each as DER, leaf first, and the time. A line of
 * output: the X509_V_ERR number (0 accepts) and its depth, or -1 and the index of the presented certificate that cannot be read. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static void give_up(const char *problem)
{
    fprintf(stderr, "verify: %s\n", problem);
    exit(2);
}

static int read_number(uint64_t *number)
{
    unsigned char bytes[8];
    if (fread(bytes, 1, sizeof bytes, stdin) != sizeof bytes)
        return 0;
    *number = 0;
    for (int i = 7; i >= 0; i--)
        *number = *number << 8 | bytes[i];
    return 1;
}

static uint64_t need_number(void)
{
    uint64_t number;
    if (!read_number(&number))
        give_up("a record ends early");
    return number;
}

/* NULL where the bytes are not exactly one certificate. */
static X509 *read_certificate(void)
{
    uint64_t length = need_number();
    unsigned char *bytes = malloc((size_t)length + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)length, stdin) != length)
        give_up("a record ends early");

    const unsigned char *end = bytes;
    X509 *certificate = d2i_X509(NULL, &end, (long)length);
    if (certificate != NULL && end != bytes + length) {
        X509_free(certificate);
        certificate = NULL;
    }
    free(bytes);
    return certificate;
}

static void verify(X509_STORE *store, X509 *leaf, STACK_OF(X509) *others, time_t time)
{
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    if (context == NULL || !X509_STORE_CTX_init(context, store, leaf, others))
        give_up("no memory");
    X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_CLIENT);
    X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK);
    X509_VERIFY_PARAM_set_time(parameters, time);
    X509_VERIFY_PARAM_set_depth(parameters, 10);
    X509_VERIFY_PARAM_add0_policy(parameters, OBJ_nid2obj(NID_any_policy));

    int accepted = X509_verify_cert(context) == 1;
    int error = X509_STORE_CTX_get_error(context);
    if (!accepted && error == X509_V_OK)
        error = X509_V_ERR_UNSPECIFIED;
    printf("%d %d\n", accepted ? 0 : error, X509_STORE_CTX_get_error_depth(context));
    X509_STORE_CTX_free(context);
}

int main(void)
{
    uint64_t anchors;
    while (read_number(&anchors)) {
        X509_STORE *store = X509_STORE_new();
        for (uint64_t i = 0; i < anchors; i++) {
            X509 *anchor = read_certificate();
            if (anchor != NULL)
                X509_STORE_add_cert(store, anchor);
            X509_free(anchor);
        }
        STACK_OF(X509) *others = sk_X509_new_null();
        X509 *leaf = NULL;
        int64_t unreadable = -1;
        uint64_t presented = need_number();
        for (uint64_t i = 0; i < presented; i++) {
            X509 *certificate = read_certificate();
            if (certificate == NULL && unreadable < 0)
                unreadable = (int64_t)i;
            if (i == 0)
                leaf = certificate;
            else if (certificate != NULL)
                sk_X509_push(others, certificate);
        }
        int64_t time = (int64_t)need_number();

        if (unreadable >= 0)
            printf("-1 %d\n", (int)unreadable);
        else
            verify(store, leaf, others, (time_t)time);
        ERR_clear_error();
        X509_free(leaf);
        sk_X509_pop_free(others, X509_free);
        X509_STORE_free(store);
    }
    return 0;
}

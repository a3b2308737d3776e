// A second translation unit, in another language, that reads the verdicts of a verifier installed in the first.

#include <clientcert_openssl.h>

extern "C" const clientcert_verdict *verdict_elsewhere(SSL *ssl);

const clientcert_verdict *verdict_elsewhere(SSL *ssl) {
    return clientcert_openssl_verdict(ssl);
}

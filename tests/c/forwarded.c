/* Headers that proxies forward: read, written, and refused. */

#include "common.h"

static clientcert_verifier *verifier_for(char **argv, const char *proxies) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = config_with(argv, "optional", "ca.pem");
    CHECK_OK(clientcert_config_set(config, "trusted_proxies", proxies, &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    return verifier;
}

static void add(clientcert_headers *headers, const char *name, const char *value, size_t length) {
    clientcert_error *error = NULL;
    char *copy = malloc(length + 1);
    CHECK(copy != NULL);
    memcpy(copy, value, length);
    CHECK_OK(clientcert_headers_add(headers, name, copy, length, &error), error);
    memset(copy, 0xff, length);
    free(copy);
}

static int32_t reason_of(const clientcert_verifier *verifier, int32_t dialect, const char *peer,
                         const clientcert_headers *headers) {
    clientcert_verdict *verdict = clientcert_verify_forwarded(verifier, dialect, peer, headers, moment);
    CHECK(verdict != NULL);
    int32_t reason = clientcert_verdict_reason(verdict, 0);
    CHECK(reason == 0 || clientcert_verdict_verified(verdict) == 0);
    clientcert_verdict_free(verdict);
    return reason;
}

/* Every dialect: what is written is read again, and means the same client. */
static void what_is_written_is_read(char **argv) {
    clientcert_verifier *verifier = verifier_for(argv, "10.0.0.0/8,unix");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    CHECK(clientcert_verdict_verified(verdict) == 1);
    clientcert_headers *headers = clientcert_headers_new();
    clientcert_error *error = NULL;
    size_t dialects = 0;
    for (int32_t dialect = 0; dialect < 100; dialect++) {
        if (equal(clientcert_dialect_name(dialect), "unknown")) {
            CHECK(equal(clientcert_dialect_vary(dialect), "*"));
            continue;
        }
        dialects++;
        CHECK_OK(clientcert_forward_headers(verdict, dialect, CLIENTCERT_FORWARD_CHAIN, headers, &error), error);
        size_t count = clientcert_headers_count(headers);
        CHECK(count > 0);
        for (size_t i = 0; i < count; i++) {
            size_t length = 0;
            CHECK(clientcert_headers_value(headers, i, &length) != NULL && length > 0);
            CHECK(dialect == CLIENTCERT_DIALECT_PROXY_PROTOCOL ||
                  clientcert_is_forwarded_header(clientcert_headers_name(headers, i)) == 1);
        }
        clientcert_verdict *again = clientcert_verify_forwarded(verifier, dialect, "10.1.2.3", headers, moment);
        CHECK(clientcert_verdict_verified(again) == 1);
        CHECK(equal(clientcert_verdict_get(again, "subject", NULL), clientcert_verdict_get(verdict, "subject", NULL)));
        CHECK(equal(clientcert_verdict_get(again, "verified_by", NULL), "own"));
        clientcert_verdict_free(again);
        CHECK(reason_of(verifier, dialect, "unix", headers) == 0);
        CHECK(reason_of(verifier, dialect, "192.0.2.1", headers) == CLIENTCERT_REASON_UNTRUSTED_PROXY);
        CHECK(reason_of(verifier, dialect, NULL, headers) == CLIENTCERT_REASON_UNTRUSTED_PROXY);
    }
    CHECK(dialects == 11);
    clientcert_headers_free(headers);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void names_can_be_changed(char **argv) {
    clientcert_verifier *verifier = verifier_for(argv, "127.0.0.1");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    clientcert_headers *headers = clientcert_headers_new();
    clientcert_error *error = NULL;
    CHECK_OK(clientcert_headers_rename(headers, CLIENTCERT_HEADER_CERTIFICATE, "X-Mine", &error), error);
    CHECK_OK(clientcert_headers_rename(headers, CLIENTCERT_HEADER_VERIFY, "X-Said", &error), error);
    CHECK_OK(clientcert_forward_headers(verdict, CLIENTCERT_DIALECT_NGINX, 0, headers, &error), error);
    CHECK(clientcert_headers_count(headers) == 2);
    CHECK(equal(clientcert_headers_name(headers, 0), "X-Mine"));
    CHECK(equal(clientcert_headers_name(headers, 1), "X-Said"));
    CHECK(equal(clientcert_headers_value(headers, 1, NULL), "SUCCESS"));
    CHECK(equal(clientcert_headers_value(headers, 0, NULL), clientcert_verdict_get(verdict, "ssl_client_escaped_cert", NULL)));
    CHECK(reason_of(verifier, CLIENTCERT_DIALECT_NGINX, "127.0.0.1", headers) == 0);
    CHECK_OK(clientcert_headers_rename(headers, CLIENTCERT_HEADER_CERTIFICATE, NULL, &error), error);
    CHECK(reason_of(verifier, CLIENTCERT_DIALECT_NGINX, "127.0.0.1", headers) == CLIENTCERT_REASON_FORWARDED_INCOMPLETE);

    CHECK(clientcert_headers_rename(headers, 0, "x", NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_headers_rename(headers, CLIENTCERT_HEADER_CHAIN, "", NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_headers_rename(headers, CLIENTCERT_HEADER_BY, "a\r\nb: c", NULL) == CLIENTCERT_INVALID_ARGUMENT);
    clientcert_headers_free(headers);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void what_cannot_be_read_is_refused(char **argv) {
    clientcert_verifier *verifier = verifier_for(argv, "127.0.0.1");
    clientcert_headers *headers = clientcert_headers_new();
    clientcert_verdict *nobody =
        clientcert_verify_forwarded(verifier, CLIENTCERT_DIALECT_RFC9440, "127.0.0.1", headers, moment);
    CHECK(clientcert_verdict_outcome(nobody) == CLIENTCERT_NONE && clientcert_verdict_accepted(nobody) == 1);
    clientcert_verdict_free(nobody);

    add(headers, "client_cert", "x", 1);
    CHECK(clientcert_headers_count(headers) == 1);
    CHECK(reason_of(verifier, CLIENTCERT_DIALECT_RFC9440, "127.0.0.1", headers) == CLIENTCERT_REASON_FORWARDED_MALFORMED);
    CHECK(reason_of(verifier, CLIENTCERT_DIALECT_ENVOY, "127.0.0.1", headers) == 0);
    CHECK(reason_of(verifier, 0, "127.0.0.1", headers) == CLIENTCERT_REASON_INTERNAL_ERROR);
    CHECK(reason_of(verifier, 99, "127.0.0.1", headers) == CLIENTCERT_REASON_INTERNAL_ERROR);
    add(headers, "Client-Cert", "y", 1);
    clientcert_verdict *twice =
        clientcert_verify_forwarded(verifier, CLIENTCERT_DIALECT_RFC9440, "127.0.0.1", headers, moment);
    CHECK(equal(clientcert_verdict_reason_detail(twice, 0), "Client-Cert is there more than once"));
    clientcert_verdict_free(twice);

    clientcert_headers_clear(headers);
    CHECK(clientcert_headers_count(headers) == 0);
    add(headers, ":proxy-protocol", "\r\n\r\n\0\r\nQUIT\n\x20\0\0\0", 16);
    CHECK(reason_of(verifier, CLIENTCERT_DIALECT_PROXY_PROTOCOL, "127.0.0.1", headers) == 0);
    clientcert_headers_clear(headers);
    add(headers, ":proxy-protocol", "\r\n\r\n\0\r\nQUIT\n\x21\0\0\1", 16);
    CHECK(reason_of(verifier, CLIENTCERT_DIALECT_PROXY_PROTOCOL, "127.0.0.1", headers) ==
          CLIENTCERT_REASON_FORWARDED_MALFORMED);
    clientcert_headers_free(headers);
    clientcert_verifier_free(verifier);
}

static void who_is_not_verified_is_not_forwarded(char **argv) {
    clientcert_verifier *verifier = verifier_for(argv, "127.0.0.1");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "expired.der");
    CHECK(clientcert_verdict_verified(verdict) == 0);
    clientcert_headers *headers = clientcert_headers_new();
    clientcert_error *error = NULL;
    add(headers, "left", "over", 4);
    CHECK(clientcert_forward_headers(verdict, CLIENTCERT_DIALECT_NGINX, 0, headers, &error) == CLIENTCERT_NOT_ENTITLED);
    CHECK(strstr(clientcert_error_message(error), "not verified") != NULL);
    clientcert_error_free(error);
    error = NULL;
    CHECK(clientcert_headers_count(headers) == 0);
    CHECK_OK(clientcert_forward_headers(verdict, CLIENTCERT_DIALECT_NGINX, CLIENTCERT_FORWARD_UNVERIFIED, headers, &error), error);
    CHECK(strncmp(clientcert_headers_value(headers, 1, NULL), "FAILED:", 7) == 0);
    CHECK(clientcert_forward_headers(verdict, CLIENTCERT_DIALECT_NGINX, 8, headers, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_forward_headers(verdict, 99, 1, headers, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    clientcert_headers_free(headers);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void names_to_remove_are_listed(void) {
    size_t count = 0;
    bool found = false;
    for (const char *name; (name = clientcert_forwarded_header_at(count)) != NULL; count++) {
        CHECK(clientcert_is_forwarded_header(name) == 1);
        found = found || equal(name, "ssl_client_cert");
    }
    CHECK(count > 50 && found);
    CHECK(clientcert_forwarded_header_at(SIZE_MAX) == NULL);
    CHECK(clientcert_is_forwarded_header("X-SSL_Client-CERT") == 1);
    CHECK(clientcert_is_forwarded_header("Authorization") == 0);
    CHECK(equal(clientcert_dialect_vary(CLIENTCERT_DIALECT_RFC9440), "Client-Cert"));
    CHECK(equal(clientcert_dialect_name(CLIENTCERT_DIALECT_RFC9440), "rfc9440"));
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    what_is_written_is_read(argv);
    names_can_be_changed(argv);
    what_cannot_be_read_is_refused(argv);
    who_is_not_verified_is_not_forwarded(argv);
    names_to_remove_are_listed();
    return 0;
}

/* OCSP: questions, answers, and what becomes of a verdict. */

#include "common.h"

static clientcert_verifier *verifier_for(char **argv, const char *ocsp, const char *missing) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = config_with(argv, "require", "ca.pem");
    CHECK_OK(clientcert_config_set(config, "ocsp", ocsp, &error), error);
    CHECK_OK(clientcert_config_set(config, "ocsp_missing", missing, &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    return verifier;
}

/* The new verdict on a response in a file, whose bytes are gone when this returns. */
static clientcert_verdict *answered(char **argv, const clientcert_verifier *verifier, const clientcert_verdict *verdict,
                                    const char *name) {
    struct bytes response = contents_of(argv, name);
    clientcert_verdict *again =
        clientcert_verdict_ocsp_response(verifier, verdict, 0, response.data, response.length, moment);
    memset(response.data, 0xff, response.length);
    free(response.data);
    CHECK(again != NULL);
    return again;
}

static void a_client_is_pending_until_there_is_an_answer(char **argv) {
    clientcert_verifier *verifier = verifier_for(argv, "leaf", "fail");
    clientcert_verdict *pending = verdict_on(argv, verifier, "ocsp.der");
    CHECK(clientcert_verdict_verified(pending) == 0 && clientcert_verdict_accepted(pending) == 0);
    CHECK(clientcert_verdict_outcome(pending) == CLIENTCERT_FAILED);
    CHECK(clientcert_verdict_reason_count(pending) == 1);
    CHECK(clientcert_verdict_reason(pending, 0) == CLIENTCERT_REASON_OCSP_PENDING);
    CHECK(clientcert_verdict_ocsp_count(pending) == 2);
    CHECK(equal(clientcert_verdict_ocsp_url(pending, 0), "http://one.example/ocsp"));
    CHECK(equal(clientcert_verdict_ocsp_url(pending, 1), "http://two.example/"));
    CHECK(clientcert_verdict_ocsp_url(pending, 0) == clientcert_verdict_ocsp_url(pending, 0));
    struct bytes expected = contents_of(argv, "ocsp_request.der");
    for (size_t i = 0; i < 2; i++) {
        size_t length = 0;
        const uint8_t *request = clientcert_verdict_ocsp_request(pending, i, &length);
        CHECK(length == expected.length && memcmp(request, expected.data, length) == 0);
        CHECK(clientcert_verdict_ocsp_request(pending, i, NULL) == request);
        CHECK(clientcert_verdict_ocsp_certificate(pending, i) == 0);
    }
    free(expected.data);
    size_t length = 99;
    CHECK(clientcert_verdict_ocsp_url(pending, 2) == NULL);
    CHECK(clientcert_verdict_ocsp_request(pending, 2, &length) == NULL && length == 0);
    CHECK(clientcert_verdict_ocsp_certificate(pending, SIZE_MAX) == SIZE_MAX);

    clientcert_verdict *refused = answered(argv, verifier, pending, "good.der");
    CHECK(clientcert_verdict_reason(refused, 0) == CLIENTCERT_REASON_OCSP_MALFORMED);
    CHECK(clientcert_verdict_reason_detail(refused, 0)[0] != '\0');
    CHECK(clientcert_verdict_verified(refused) == 0 && clientcert_verdict_ocsp_count(refused) == 0);
    clientcert_verdict_free(refused);

    clientcert_verdict *silence = clientcert_verdict_ocsp_response(verifier, pending, 0, NULL, 0, moment);
    CHECK(clientcert_verdict_reason(silence, 0) == CLIENTCERT_REASON_OCSP_MISSING);
    clientcert_verdict_free(silence);

    clientcert_verdict *other = clientcert_verdict_ocsp_response(verifier, pending, SIZE_MAX, NULL, 0, moment);
    CHECK(clientcert_verdict_reason(other, 0) == CLIENTCERT_REASON_OCSP_PENDING);
    clientcert_verdict_free(other);

    clientcert_verdict *success = answered(argv, verifier, pending, "ocsp_good.der");
    CHECK(clientcert_verdict_verified(success) == 1 && clientcert_verdict_ocsp_count(success) == 0);
    CHECK(equal(clientcert_verdict_get(success, "ocsp_status", NULL), "good"));
    CHECK(equal(clientcert_verdict_get(success, "ocsp_responder", NULL), "CN=root"));
    CHECK(clientcert_verdict_valid_until(success) < moment + 86400);
    /* What is immutable stays so. */
    CHECK(clientcert_verdict_reason(pending, 0) == CLIENTCERT_REASON_OCSP_PENDING);
    clientcert_verdict_free(pending);
    clientcert_verdict_free(success);

    /* Whoever comes next need not ask. */
    clientcert_verdict *next = verdict_on(argv, verifier, "ocsp.der");
    CHECK(clientcert_verdict_verified(next) == 1);
    clientcert_verdict_free(next);
    clientcert_verifier_free(verifier);
}

static void revoked_is_revoked(char **argv) {
    clientcert_verifier *verifier = verifier_for(argv, "leaf", "allow");
    clientcert_verdict *pending = verdict_on(argv, verifier, "ocsp.der");
    clientcert_verdict *silence = clientcert_verdict_ocsp_response(verifier, pending, 0, NULL, 0, moment);
    CHECK(clientcert_verdict_verified(silence) == 1);
    clientcert_verdict *revoked = answered(argv, verifier, pending, "ocsp_revoked.der");
    CHECK(clientcert_verdict_verified(revoked) == 0);
    CHECK(clientcert_verdict_reason(revoked, 0) == CLIENTCERT_REASON_CERTIFICATE_REVOKED);
    CHECK(strstr(clientcert_verdict_reason_detail(revoked, 0), "keyCompromise") != NULL);
    CHECK(clientcert_verdict_alert(revoked, 0x0304) == 44);
    CHECK(equal(clientcert_verdict_get(revoked, "ocsp_status", NULL), "revoked"));
    CHECK(equal(clientcert_verdict_get(revoked, "revocation_reason", NULL), "keyCompromise"));
    clientcert_verdict *next = verdict_on(argv, verifier, "ocsp.der");
    CHECK(clientcert_verdict_reason(next, 0) == CLIENTCERT_REASON_CERTIFICATE_REVOKED);
    clientcert_verdict *again = answered(argv, verifier, pending, "ocsp_good.der");
    CHECK(clientcert_verdict_reason(again, 0) == CLIENTCERT_REASON_CERTIFICATE_REVOKED);
    clientcert_verdict_free(again);
    clientcert_verdict_free(next);
    clientcert_verdict_free(revoked);
    clientcert_verdict_free(silence);
    clientcert_verdict_free(pending);
    clientcert_verifier_free(verifier);
}

static void a_stapled_response_counts(char **argv) {
    clientcert_verifier *verifier = verifier_for(argv, "if_given", "fail");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "ocsp.der");
    CHECK(clientcert_verdict_verified(verdict) == 1 && clientcert_verdict_ocsp_count(verdict) == 0);
    clientcert_verdict *good = answered(argv, verifier, verdict, "ocsp_good.der");
    CHECK(clientcert_verdict_verified(good) == 1);
    clientcert_verdict *revoked = answered(argv, verifier, good, "ocsp_revoked.der");
    CHECK(clientcert_verdict_reason(revoked, 0) == CLIENTCERT_REASON_CERTIFICATE_REVOKED);
    clientcert_verdict_free(revoked);
    clientcert_verdict_free(good);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void who_names_no_responder_is_refused(char **argv) {
    clientcert_verifier *verifier = verifier_for(argv, "chain", "fail");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    CHECK(clientcert_verdict_reason(verdict, 0) == CLIENTCERT_REASON_OCSP_MISSING);
    CHECK(clientcert_verdict_ocsp_count(verdict) == 0);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    a_client_is_pending_until_there_is_an_answer(argv);
    revoked_is_revoked(argv);
    a_stapled_response_counts(argv);
    who_names_no_responder_is_refused(argv);
    return 0;
}

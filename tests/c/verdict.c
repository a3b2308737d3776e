/* Verdicts: on good clients, bad clients, and no client. */

#include "common.h"

#include <time.h>

static void a_good_client(char **argv) {
    static const char *const chains[] = {"good.der", "good.pem", "chain.der", "chain.pem"};
    clientcert_verifier *verifier = verifier_with(argv, "require");
    for (size_t i = 0; i < sizeof chains / sizeof chains[0]; i++) {
        clientcert_verdict *verdict = verdict_on(argv, verifier, chains[i]);
        size_t length = 0;
        CHECK(clientcert_verdict_verified(verdict) == 1);
        CHECK(clientcert_verdict_accepted(verdict) == 1);
        CHECK(clientcert_verdict_outcome(verdict) == CLIENTCERT_SUCCESS);
        CHECK(clientcert_verdict_reason_count(verdict) == 0);
        CHECK(clientcert_verdict_reason(verdict, 0) == 0);
        CHECK(clientcert_verdict_alert(verdict, 0x0304) == -1);
        CHECK(clientcert_verdict_x509_error(verdict) == 0);
        CHECK(clientcert_verdict_nginx_status(verdict) == 0);
        CHECK(clientcert_verdict_valid_until(verdict) > moment);
        CHECK(equal(clientcert_verdict_get(verdict, "ssl_client_s_dn", &length), "CN=alice") && length == 8);
        CHECK(equal(clientcert_verdict_get(verdict, "SSL_CLIENT_VERIFY", NULL), "SUCCESS"));
        clientcert_verdict_free(verdict);
    }
    clientcert_verifier_free(verifier);
}

static void bad_clients(char **argv) {
    static const struct {
        const char *chain;
        int32_t reason, x509_error, alert;
    } cases[] = {
        {"expired.der", CLIENTCERT_REASON_CERTIFICATE_EXPIRED, 10, 45},
        {"future.der", CLIENTCERT_REASON_CERTIFICATE_NOT_YET_VALID, 9, 42},
        {"stranger.der", CLIENTCERT_REASON_LEAF_ISSUER_UNKNOWN, 21, 48},
        {"self_signed.der", CLIENTCERT_REASON_SELF_SIGNED, 18, 48},
        {"server.der", CLIENTCERT_REASON_EXTENDED_KEY_USAGE, 26, 43},
        {"key.pem", CLIENTCERT_REASON_CHAIN_MALFORMED, 1, 42},
    };
    clientcert_verifier *verifier = verifier_with(argv, "optional");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        clientcert_verdict *verdict = verdict_on(argv, verifier, cases[i].chain);
        CHECK(clientcert_verdict_verified(verdict) == 0);
        CHECK(clientcert_verdict_accepted(verdict) == 0);
        CHECK(clientcert_verdict_outcome(verdict) == CLIENTCERT_FAILED);
        CHECK(clientcert_verdict_reason_count(verdict) >= 1);
        if (clientcert_verdict_reason(verdict, 0) != cases[i].reason)
            fprintf(stderr, "%s: %s\n", cases[i].chain, clientcert_reason_name(clientcert_verdict_reason(verdict, 0)));
        CHECK(clientcert_verdict_reason(verdict, 0) == cases[i].reason);
        CHECK(clientcert_verdict_reason_tolerated(verdict, 0) == 0);
        CHECK(clientcert_verdict_x509_error(verdict) == cases[i].x509_error);
        CHECK(clientcert_verdict_alert(verdict, 0x0303) == cases[i].alert);
        CHECK(clientcert_verdict_alert(verdict, 0x0304) == cases[i].alert);
        CHECK(clientcert_verdict_nginx_status(verdict) == 495);
        clientcert_verdict_free(verdict);
    }
    clientcert_verifier_free(verifier);
}

static void every_reason_is_told(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "expired_server.der");
    bool expired = false, usage = false;
    size_t count = clientcert_verdict_reason_count(verdict);
    for (size_t i = 0; i < count; i++) {
        expired |= clientcert_verdict_reason(verdict, i) == CLIENTCERT_REASON_CERTIFICATE_EXPIRED;
        usage |= clientcert_verdict_reason(verdict, i) == CLIENTCERT_REASON_EXTENDED_KEY_USAGE;
        CHECK(clientcert_verdict_reason_depth(verdict, i) == 0);
        CHECK(clientcert_verdict_reason_certificate(verdict, i) == 0);
    }
    CHECK(count == 2 && expired && usage);
    CHECK(clientcert_verdict_reason(verdict, count) == 0);
    CHECK(clientcert_verdict_reason_depth(verdict, count) == -1);
    CHECK(clientcert_verdict_reason_certificate(verdict, SIZE_MAX) == CLIENTCERT_CULPRIT_NONE);
    CHECK(clientcert_verdict_reason_tolerated(verdict, count) == 0);
    CHECK(clientcert_verdict_reason_detail(verdict, count) == NULL);
    clientcert_verdict_free(verdict);

    verdict = verdict_on(argv, verifier, "truncated.der");
    CHECK(clientcert_verdict_verified(verdict) == 0);
    CHECK(clientcert_verdict_reason_count(verdict) >= 1);
    CHECK(clientcert_verdict_reason_detail(verdict, 0)[0] != '\0');
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void no_client(char **argv) {
    clientcert_verifier *optional = verifier_with(argv, "optional"), *require = verifier_with(argv, "require");
    clientcert_verdict *verdict = clientcert_verify(optional, NULL, 0, CLIENTCERT_NOW);
    CHECK(clientcert_verdict_outcome(verdict) == CLIENTCERT_NONE);
    CHECK(clientcert_verdict_accepted(verdict) == 1);
    CHECK(clientcert_verdict_verified(verdict) == 0);
    CHECK(clientcert_verdict_certificate_count(verdict) == 0);
    CHECK(equal(clientcert_verdict_get(verdict, "ssl_client_verify", NULL), "NONE"));
    clientcert_verdict_free(verdict);

    verdict = clientcert_verify(require, (const uint8_t *)"", 0, CLIENTCERT_NOW);
    CHECK(clientcert_verdict_outcome(verdict) == CLIENTCERT_NONE);
    CHECK(clientcert_verdict_accepted(verdict) == 0);
    CHECK(clientcert_verdict_verified(verdict) == 0);
    CHECK(clientcert_verdict_reason(verdict, 0) == CLIENTCERT_REASON_CERTIFICATE_REQUIRED);
    CHECK(clientcert_verdict_reason_depth(verdict, 0) == -1);
    CHECK(clientcert_verdict_reason_certificate(verdict, 0) == CLIENTCERT_CULPRIT_NONE);
    CHECK(clientcert_verdict_alert(verdict, 0x0304) == 116);
    CHECK(clientcert_verdict_alert(verdict, 0x0303) == 40);
    CHECK(clientcert_verdict_alert(verdict, 0xfefd) == 40);
    CHECK(clientcert_verdict_alert(verdict, 12345) == 116);
    CHECK(clientcert_verdict_nginx_status(verdict) == 496);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(optional);
    clientcert_verifier_free(require);
}

static void tolerance_is_no_verification(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "optional_no_ca");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "self_signed.der");
    CHECK(clientcert_verdict_accepted(verdict) == 1);
    CHECK(clientcert_verdict_verified(verdict) == 0);
    CHECK(clientcert_verdict_outcome(verdict) == CLIENTCERT_FAILED);
    CHECK(clientcert_verdict_reason_tolerated(verdict, 0) == 1);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void times_decide(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    struct bytes chain = contents_of(argv, "good.der");
    static const int64_t wrong[] = {INT64_MIN, INT64_MAX, 0, -1, CLIENTCERT_NOW - INT64_C(1), CLIENTCERT_NOW + INT64_C(1), INT64_C(4102444800)};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        clientcert_verdict *verdict = clientcert_verify(verifier, chain.data, chain.length, wrong[i]);
        CHECK(clientcert_verdict_verified(verdict) == 0);
        CHECK(clientcert_verdict_accepted(verdict) == 0);
        clientcert_verdict_free(verdict);
    }
    clientcert_verdict *now = clientcert_verify(verifier, chain.data, chain.length, CLIENTCERT_NOW);
    clientcert_verdict *named = clientcert_verify(verifier, chain.data, chain.length, (int64_t)time(NULL));
    CHECK(clientcert_verdict_verified(now) == 1 && clientcert_verdict_verified(named) == 1);
    clientcert_verdict_free(now);
    clientcert_verdict_free(named);
    free(chain.data);
    clientcert_verifier_free(verifier);
}

static void texts_live_as_long_as_the_verdict(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    clientcert_verifier_free(verifier);
    const char *early = clientcert_verdict_get_at(verdict, "ssl_client_v_remain", moment, NULL);
    const char *late = clientcert_verdict_get_at(verdict, "ssl_client_v_remain", moment + 10 * 86400, NULL);
    const char *subject = clientcert_verdict_get(verdict, "ssl_client_s_dn", NULL);
    size_t length = 0;
    const char *json = clientcert_verdict_json(verdict, &length);
    CHECK(json != NULL && strlen(json) == length && json[0] == '{' && strstr(json, "\"verified\":true") != NULL);
    for (int i = 0; i < 100; i++) {
        CHECK(clientcert_verdict_get_at(verdict, "ssl_client_v_remain", moment + i * 86400, NULL) != NULL);
        CHECK(clientcert_verdict_json(verdict, NULL) != NULL);
    }
    CHECK(early != NULL && late != NULL && atoi(early) == atoi(late) + 10);
    CHECK(equal(subject, "CN=alice"));
    CHECK(strlen(json) == length);
    CHECK(clientcert_verdict_get(verdict, "no_such_variable", &length) == NULL && length == 0);
    CHECK(clientcert_verdict_get(verdict, "\xff", &length) == NULL && length == 0);
    clientcert_verdict_free(verdict);
}

static void a_nul_in_a_name_is_seen(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "nul.der");
    size_t length = 0;
    const char *name = clientcert_verdict_get(verdict, "SSL_CLIENT_S_DN_CN", &length);
    CHECK(name != NULL && name[length] == '\0');
    CHECK(length != strlen("alice") || memcmp(name, "alice", length) != 0);
    CHECK(!equal(clientcert_verdict_get(verdict, "ssl_client_s_dn", NULL), "CN=alice"));
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void what_was_presented_can_be_had(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    struct bytes chain = contents_of(argv, "chain.der"), leaf = contents_of(argv, "chain_leaf.der");
    clientcert_verdict *verdict = clientcert_verify(verifier, chain.data, chain.length, moment);
    clientcert_verdict *reference = clientcert_verdict_ref(verdict);
    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    size_t length = 0;
    CHECK(reference == verdict);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
    CHECK(clientcert_verdict_certificate_count(reference) == 2);
    const uint8_t *der = clientcert_verdict_certificate(reference, 0, &length);
    CHECK(length == leaf.length && memcmp(der, leaf.data, length) == 0);
    der = clientcert_verdict_certificate(reference, 1, &length);
    CHECK(length == chain.length - leaf.length && memcmp(der, chain.data + leaf.length, length) == 0);
    CHECK(clientcert_verdict_certificate(reference, 2, &length) == NULL && length == 0);
    CHECK(memcmp(clientcert_verdict_policy_identity(reference, &length), clientcert_policy_identity(policy, NULL), 32) == 0);
    CHECK(length == 32);
    clientcert_verdict_free(reference);
    clientcert_policy_free(policy);
    free(chain.data);
    free(leaf.data);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    a_good_client(argv);
    bad_clients(argv);
    every_reason_is_told(argv);
    no_client(argv);
    tolerance_is_no_verification(argv);
    times_decide(argv);
    texts_live_as_long_as_the_verdict(argv);
    a_nul_in_a_name_is_seen(argv);
    what_was_presented_can_be_had(argv);
    return 0;
}

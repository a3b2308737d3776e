/* CRLs: what they say of clients, what is refused, and what happens when they change. */

#include "common.h"

static clientcert_config *config_for(char **argv, const char *crl) {
    clientcert_error *error = NULL;
    clientcert_config *config = config_with(argv, "require", "ca.pem");
    char *path = path_of(argv, crl);
    CHECK_OK(clientcert_config_set(config, "crl", path, &error), error);
    free(path);
    return config;
}

static clientcert_verifier *verifier_of(clientcert_config *config) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    return verifier;
}

/* The first reason for a client, 0 where there is none. */
static int32_t reason_for(char **argv, const clientcert_verifier *verifier, const char *chain) {
    clientcert_verdict *verdict = verdict_on(argv, verifier, chain);
    int32_t reason = clientcert_verdict_reason_count(verdict) == 0 ? 0 : clientcert_verdict_reason(verdict, 0);
    CHECK((reason == 0) == (clientcert_verdict_verified(verdict) == 1));
    CHECK(clientcert_verdict_accepted(verdict) == clientcert_verdict_verified(verdict));
    clientcert_verdict_free(verdict);
    return reason;
}

static void each_case_has_its_reason(char **argv) {
    static const struct {
        const char *crl, *chain;
        int32_t reason;
    } cases[] = {
        {"empty.crl", "good.der", 0},
        {"revoked.crl", "good.der", CLIENTCERT_REASON_CERTIFICATE_REVOKED},
        {"elsewhere.crl", "good.der", CLIENTCERT_REASON_CRL_MISSING},
        {"expired.crl", "good.der", CLIENTCERT_REASON_CRL_EXPIRED},
        {"future.crl", "good.der", CLIENTCERT_REASON_CRL_NOT_YET_VALID},
        {"by_other_key.crl", "good.der", CLIENTCERT_REASON_CRL_SIGNATURE_INVALID},
        {"unfit.crl", "unfit.der", CLIENTCERT_REASON_CRL_ISSUER_UNFIT},
        {"by_other_key.crl", "signer.der", CLIENTCERT_REASON_CRL_ISSUER_UNKNOWN},
        {"unsupported.crl", "good.der", CLIENTCERT_REASON_CRL_UNSUPPORTED},
        {"attributes.crl", "good.der", CLIENTCERT_REASON_CRL_SCOPE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        clientcert_config *config = config_for(argv, cases[i].crl);
        CHECK(clientcert_config_set(config, "crl_check", "leaf", NULL) == CLIENTCERT_OK);
        clientcert_verifier *verifier = verifier_of(config);
        int32_t reason = reason_for(argv, verifier, cases[i].chain);
        if (reason != cases[i].reason)
            fprintf(stderr, "%s, %s: %s\n", cases[i].crl, cases[i].chain, clientcert_reason_name(reason));
        CHECK(reason == cases[i].reason);
        clientcert_verifier_free(verifier);
    }
}

static void a_revocation_is_told_whole(char **argv) {
    clientcert_verifier *verifier = verifier_of(config_for(argv, "revoked.crl"));
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    CHECK(clientcert_verdict_reason_count(verdict) == 1);
    CHECK(clientcert_verdict_reason_depth(verdict, 0) == 0);
    CHECK(equal(clientcert_verdict_reason_detail(verdict, 0), "keyCompromise, since 2026-04-01T00:00:00Z"));
    CHECK(clientcert_verdict_alert(verdict, 0x0304) == 44);
    CHECK(clientcert_verdict_x509_error(verdict) == 23);
    CHECK(equal(clientcert_verdict_get(verdict, "crl_number", NULL), "03"));
    CHECK(equal(clientcert_verdict_get(verdict, "crl_issuer", NULL), "CN=root"));
    CHECK(equal(clientcert_verdict_get(verdict, "crl_next_update", NULL), "2030-01-01T00:00:00Z"));
    CHECK(strstr(clientcert_verdict_get(verdict, "crl_source", NULL), "revoked.crl, CRL 1") != NULL);
    clientcert_verdict_free(verdict);

    /* The intermediate has the serial number, too; nobody speaks for its client. */
    verdict = verdict_on(argv, verifier, "chain.der");
    CHECK(clientcert_verdict_reason_count(verdict) == 2);
    CHECK(clientcert_verdict_reason(verdict, 0) == CLIENTCERT_REASON_CERTIFICATE_REVOKED);
    CHECK(clientcert_verdict_reason_depth(verdict, 0) == 1);
    CHECK(clientcert_verdict_reason(verdict, 1) == CLIENTCERT_REASON_CRL_MISSING);
    CHECK(clientcert_verdict_reason_depth(verdict, 1) == 0);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

/* What cannot be used says where it is, and makes no verifier. */
static void refused(clientcert_config *config, int32_t status, const char *words) {
    clientcert_verifier *verifier = NULL;
    clientcert_error *error = NULL;
    CHECK(clientcert_verifier_new(config, &verifier, &error) == status);
    CHECK(verifier == NULL && clientcert_error_status(error) == status);
    CHECK(strstr(clientcert_error_message(error), words) != NULL);
    clientcert_error_free(error);
    clientcert_config_free(config);
}

static void bad_input_is_refused(char **argv) {
    refused(config_for(argv, "absent.crl"), CLIENTCERT_IO, "absent.crl");
    refused(config_for(argv, "empty"), CLIENTCERT_NO_CRL, "holds no CRL");
    refused(config_for(argv, "good.der"), CLIENTCERT_MALFORMED, "good.der, CRL 1");
    refused(config_for(argv, "key.pem"), CLIENTCERT_MALFORMED, "private key");
    refused(config_for(argv, "forged.crl"), CLIENTCERT_UNUSABLE_CRL, "forged.crl, CRL 1");

    struct bytes crl = contents_of(argv, "revoked.crl");
    clientcert_config *config = config_with(argv, "require", "ca.pem");
    for (size_t length = 0; length < crl.length; length++) {
        clientcert_error *error = NULL;
        int32_t status = clientcert_config_set_bytes(config, "crl", crl.data, length, &error);
        CHECK(status == (length == 0 ? CLIENTCERT_NO_CRL : CLIENTCERT_MALFORMED));
        CHECK(clientcert_error_status(error) == status);
        clientcert_error_free(error);
    }
    CHECK(clientcert_config_set_bytes(config, "crl", NULL, 10, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_config_set_bytes(config, "crl", crl.data, crl.length, NULL) == CLIENTCERT_OK);
    memset(crl.data, 0xff, crl.length);
    free(crl.data);
    clientcert_verifier *verifier = verifier_of(config);
    CHECK(reason_for(argv, verifier, "good.der") == CLIENTCERT_REASON_CERTIFICATE_REVOKED);
    clientcert_verifier_free(verifier);
}

static void publish(char **argv, const char *crl) {
    struct bytes bytes = contents_of(argv, crl);
    write_file(argv, "published.crl", bytes);
    free(bytes.data);
}

static void a_reload_swaps_all_or_nothing(char **argv) {
    clientcert_error *error = NULL;
    publish(argv, "empty.crl");
    clientcert_verifier *verifier = verifier_of(config_for(argv, "published.crl"));
    clientcert_policy *before = clientcert_verifier_policy(verifier);
    clientcert_verdict *established = verdict_on(argv, verifier, "good.der");
    CHECK(clientcert_verdict_verified(established) == 1);
    clientcert_verdict *again = clientcert_verdict_recheck(verifier, established, moment);
    CHECK(clientcert_verdict_verified(again) == 1);
    clientcert_verdict_free(again);

    publish(argv, "revoked.crl");
    CHECK_OK(clientcert_verifier_reload(verifier, &error), error);
    CHECK(reason_for(argv, verifier, "good.der") == CLIENTCERT_REASON_CERTIFICATE_REVOKED);
    again = clientcert_verdict_recheck(verifier, established, moment);
    CHECK(clientcert_verdict_verified(again) == 0 && clientcert_verdict_accepted(again) == 0);
    CHECK(clientcert_verdict_reason(again, 0) == CLIENTCERT_REASON_CERTIFICATE_REVOKED);
    CHECK(clientcert_verdict_verified(established) == 1);
    clientcert_verdict_free(again);

    /* A CRL is no option: the policy is the same one. */
    clientcert_policy *after = clientcert_verifier_policy(verifier);
    size_t length = 0;
    const uint8_t *identity = clientcert_policy_identity(before, &length);
    CHECK(length == 32 && memcmp(identity, clientcert_policy_identity(after, NULL), length) == 0);
    clientcert_policy_free(before);
    clientcert_policy_free(after);

    /* Broken, forged or older: what revokes stays. */
    static const struct {
        const char *crl;
        int32_t status;
    } attempts[] = {
        {"broken.pem", CLIENTCERT_NO_CRL},
        {"good.der", CLIENTCERT_MALFORMED},
        {"forged.crl", CLIENTCERT_UNUSABLE_CRL},
        {"by_other_key.crl", CLIENTCERT_UNUSABLE_CRL},
        {"older.crl", CLIENTCERT_OK},
    };
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        publish(argv, attempts[i].crl);
        int32_t status = clientcert_verifier_reload(verifier, &error);
        if (status != attempts[i].status)
            fprintf(stderr, "%s: %s\n", attempts[i].crl, clientcert_status_name(status));
        CHECK(status == attempts[i].status);
        CHECK(status == CLIENTCERT_OK || strstr(clientcert_error_message(error), "published.crl") != NULL);
        clientcert_error_free(error);
        error = NULL;
        CHECK(reason_for(argv, verifier, "good.der") == CLIENTCERT_REASON_CERTIFICATE_REVOKED);
    }
    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    CHECK(clientcert_policy_warning_count(policy) == 1);
    CHECK(strstr(clientcert_policy_warning(policy, 0), "crl_older") != NULL);

    /* What is in use is what the report says. */
    clientcert_crl_report *report = clientcert_policy_crl_report(policy, moment);
    CHECK(clientcert_crl_report_count(report) == 1);
    CHECK(equal(clientcert_crl_report_get(report, 0, "number", NULL), "03"));
    CHECK(equal(clientcert_crl_report_get(report, 0, "entries", NULL), "1"));
    CHECK(equal(clientcert_crl_report_get(report, 0, "verified", NULL), "1"));
    clientcert_policy_free(policy);
    CHECK(equal(clientcert_crl_report_get(report, 0, "this_update", NULL), "2026-05-01T00:00:00Z"));
    clientcert_crl_report_free(report);

    clientcert_verdict_free(established);
    clientcert_verifier_free(verifier);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    each_case_has_its_reason(argv);
    a_revocation_is_told_whole(argv);
    bad_input_is_refused(argv);
    a_reload_swaps_all_or_nothing(argv);
    return 0;
}

/* Keys that are registered: every trust, the user, and the host's own database. */

#include "common.h"

static const char *const trusts[] = {"ca", "key", "ca+key", "ca|key"};
enum { TRUSTS = sizeof trusts / sizeof trusts[0] };

static bool is(const clientcert_verdict *verdict, const char *variable, const char *value) {
    size_t length = 0;
    const char *found = clientcert_verdict_get(verdict, variable, &length);
    return value == NULL ? found == NULL : equal(found, value);
}

static bool fails_for(const clientcert_verdict *verdict, const char *reason) {
    return clientcert_verdict_verified(verdict) == 0 && clientcert_verdict_accepted(verdict) == 0
        && clientcert_verdict_outcome(verdict) == CLIENTCERT_FAILED && is(verdict, "reason", reason)
        && is(verdict, "user", NULL) && is(verdict, "registration_label", NULL);
}

static clientcert_verifier *verifier_by(char **argv, const char *trust, const char *registry) {
    clientcert_config *config = config_with(argv, "require", "ca.pem");
    clientcert_verifier *verifier = NULL;
    clientcert_error *error = NULL;
    CHECK_OK(clientcert_config_set(config, "trust", trust, &error), error);
    if (equal(registry, "external")) {
        CHECK_OK(clientcert_config_set(config, "registry", registry, &error), error);
    } else {
        CHECK_OK(clientcert_config_set_bytes(config, "registry", (const uint8_t *)registry, strlen(registry), &error), error);
    }
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    return verifier;
}

/* A registration of the key of a file's certificate, with something before it. */
static char *registration(char **argv, const char *file, const char *options) {
    clientcert_verifier *verifier = verifier_by(argv, "ca", "");
    clientcert_verdict *verdict = verdict_on(argv, verifier, file);
    size_t length = 0;
    const char *spki = clientcert_verdict_get(verdict, "spki_sha256", &length);
    char *line = malloc(256);
    CHECK(length == 64 && line != NULL);
    snprintf(line, 256, "%s spki:sha256:%s alice laptop\n", options, spki);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
    return line;
}

static void a_registered_key_is_its_user(char **argv) {
    /* Good by the CA, and of no CA; both have one key. */
    static const char *const files[] = {"good.der", "self_signed.der"};
    char *line = registration(argv, "good.der", "");
    for (int trust = 0; trust < TRUSTS; trust++) {
        clientcert_verifier *verifier = verifier_by(argv, trusts[trust], line);
        for (int file = 0; file < 2; file++) {
            clientcert_verdict *verdict = verdict_on(argv, verifier, files[file]);
            bool by_key = trust == 1 || trust == 3;
            if (file == 0 || by_key) {
                CHECK(clientcert_verdict_verified(verdict) == 1);
                CHECK(is(verdict, "user", trust == 0 ? NULL : "alice"));
                CHECK(is(verdict, "user_rule", trust == 0 ? NULL : "registration"));
                CHECK(is(verdict, "user_strength", trust == 0 ? NULL : "strong"));
                CHECK(is(verdict, "registration_label", trust == 0 ? NULL : "laptop"));
            } else {
                CHECK(fails_for(verdict, "self_signed"));
            }
            clientcert_verdict_free(verdict);
        }
        clientcert_verifier_free(verifier);
    }
    free(line);
}

static void a_registration_that_does_not_count_says_why(char **argv) {
    static const struct {
        const char *options, *reason;
        int32_t code;
    } cases[] = {
        {"disabled", "registration_disabled", CLIENTCERT_REASON_REGISTRATION_DISABLED},
        {"revoked=2026-01-01", "registration_revoked", CLIENTCERT_REASON_REGISTRATION_REVOKED},
        {"not-before=2026-07-01", "registration_not_yet_valid", CLIENTCERT_REASON_REGISTRATION_NOT_YET_VALID},
        {"not-after=2026-05-01", "registration_expired", CLIENTCERT_REASON_REGISTRATION_EXPIRED},
        {"ca=sha256:0000000000000000000000000000000000000000000000000000000000000000", "registration_other_ca",
         CLIENTCERT_REASON_REGISTRATION_OTHER_CA},
    };
    for (size_t at = 0; at < sizeof cases / sizeof cases[0]; at++) {
        char *line = registration(argv, "good.der", cases[at].options);
        clientcert_verifier *verifier = verifier_by(argv, "key", line);
        clientcert_verdict *verdict = verdict_on(argv, verifier, "self_signed.der");
        CHECK(fails_for(verdict, cases[at].reason));
        CHECK(clientcert_verdict_reason(verdict, 0) == cases[at].code);
        clientcert_verdict_free(verdict);
        clientcert_verifier_free(verifier);
        free(line);
    }
    clientcert_verifier *verifier = verifier_by(argv, "key", "");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "self_signed.der");
    CHECK(fails_for(verdict, "key_not_registered"));
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static clientcert_verdict *answered(clientcert_verifier *verifier, clientcert_verdict *verdict, const char *answer) {
    const uint8_t *bytes = (const uint8_t *)answer;
    return clientcert_verdict_resolve(verifier, verdict, bytes, answer == NULL ? 0 : strlen(answer), moment);
}

static void the_host_is_asked(char **argv) {
    static const char *const no_answers[] = {
        NULL, "", "alice", "{", "[]", "true", "{}", "{\"user\": \"\"}", "{\"user\": null}", "{\"user\": 7}",
        "{\"user\": \"alice\", \"disabled\": \"no\"}", "{\"user\": \"alice\", \"expires\": 7}",
        "{\"user\": \"alice\", \"key\": \"spki:sha256:00\"}", "{\"user\": \"alice\\u0000\"}",
        "{\"user\": \"alice\", \"key\": \"spki:sha256:0000000000000000000000000000000000000000000000000000000000000000\"}",
        "null null", "\xff",
    };
    clientcert_verifier *verifier = verifier_by(argv, "key", "external");
    clientcert_verdict *pending = verdict_on(argv, verifier, "self_signed.der");
    CHECK(fails_for(pending, "registration_pending"));
    CHECK(clientcert_verdict_reason(pending, 0) == CLIENTCERT_REASON_REGISTRATION_PENDING);
    size_t length = 0;
    const char *asked = clientcert_verdict_get(pending, "pending_fingerprint", &length);
    CHECK(length == 76 && strncmp(asked, "spki:sha256:", 12) == 0);

    clientcert_verdict *known = answered(verifier, pending, "{\"user\": \"alice\", \"label\": \"laptop\"}");
    CHECK(clientcert_verdict_verified(known) == 1 && is(known, "user", "alice") && is(known, "registration_label", "laptop"));
    CHECK(is(known, "pending_fingerprint", NULL));
    /* What asks nothing stays what it is. */
    clientcert_verdict *same = answered(verifier, known, "null");
    CHECK(same == known);
    clientcert_verdict_free(same);
    clientcert_verdict *still = clientcert_verdict_recheck(verifier, known, moment);
    CHECK(is(still, "user", "alice"));
    clientcert_verdict_free(still);
    clientcert_verdict_free(known);

    char *line = registration(argv, "good.der", "");
    known = answered(verifier, pending, line);
    CHECK(is(known, "user", "alice"));
    clientcert_verdict_free(known);
    free(line);

    static const struct {
        const char *answer, *reason;
    } refusals[] = {
        {"null", "key_not_registered"},
        {"{\"user\": \"alice\", \"disabled\": true}", "registration_disabled"},
        {"{\"user\": \"alice\", \"revoked\": 1}", "registration_revoked"},
        {"{\"user\": \"alice\", \"not_after\": 1780271999}", "registration_expired"},
        {"{\"user\": \"alice\", \"not_before\": \"2026-06-01T00:00:01Z\"}", "registration_not_yet_valid"},
    };
    for (size_t at = 0; at < sizeof refusals / sizeof refusals[0]; at++) {
        clientcert_verdict *refused = answered(verifier, pending, refusals[at].answer);
        CHECK(fails_for(refused, refusals[at].reason));
        clientcert_verdict_free(refused);
    }
    for (size_t at = 0; at < sizeof no_answers / sizeof no_answers[0]; at++) {
        clientcert_verdict *refused = answered(verifier, pending, no_answers[at]);
        CHECK(fails_for(refused, "registry_unavailable"));
        clientcert_verdict_free(refused);
    }
    clientcert_verdict *none = clientcert_verdict_resolve(verifier, pending, NULL, 7, moment);
    CHECK(fails_for(none, "registry_unavailable"));
    clientcert_verdict_free(none);
    clientcert_verdict_free(pending);
    clientcert_verifier_free(verifier);
}

static void a_rule_names_the_user(char **argv) {
    clientcert_config *config = config_with(argv, "require", "ca.pem");
    clientcert_verifier *verifier = NULL;
    clientcert_error *error = NULL;
    CHECK(clientcert_config_set(config, "identity", "subject.cm", &error) == CLIENTCERT_INVALID_VALUE);
    CHECK(strstr(clientcert_error_message(error), "column 1") != NULL);
    clientcert_error_free(error);
    error = NULL;
    CHECK_OK(clientcert_config_set(config, "identity", "san.email", &error), error);
    CHECK_OK(clientcert_config_set(config, "identity", "subject.cn match=\"(a).*\" user=\"corp/\\1\"", &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    CHECK(is(verdict, "user", "corp/a") && is(verdict, "user_strength", "weak"));
    clientcert_verdict_free(verdict);
    verdict = verdict_on(argv, verifier, "nul.der");
    CHECK(fails_for(verdict, "ambiguous_identity"));
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    a_registered_key_is_its_user(argv);
    a_registration_that_does_not_count_says_why(argv);
    the_host_is_asked(argv);
    a_rule_names_the_user(argv);
    return 0;
}

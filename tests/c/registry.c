/* Registries: opened, changed, listed; and tokens that are bound to a certificate. */

#include "common.h"

#define ZEROS "spki:sha256:0000000000000000000000000000000000000000000000000000000000000000"
#define ONES "cert:sha256:1111111111111111111111111111111111111111111111111111111111111111"

static clientcert_registry *opened(const char *url) {
    clientcert_error *error = NULL;
    clientcert_registry *registry = NULL;
    CHECK_OK(clientcert_registry_new(url, &registry, &error), error);
    CHECK(registry != NULL);
    return registry;
}

/* The list, which lives until the next one. */
static const char *list(clientcert_registry *registry, const char *what, const char *value) {
    clientcert_error *error = NULL;
    const char *text = NULL;
    CHECK_OK(clientcert_registry_list(registry, what, value, &text, &error), error);
    CHECK(text != NULL);
    return text;
}

/* Whether a change is refused with this status, and says so. */
static bool refused(int32_t status, int32_t expected, clientcert_error **error) {
    bool same = status == expected && clientcert_error_status(*error) == expected;
    if (!same)
        fprintf(stderr, "%d, not %d: %s\n", status, expected, clientcert_error_message(*error));
    clientcert_error_free(*error);
    *error = NULL;
    return same;
}

static void a_file_is_changed_by_its_verbs(char **argv) {
    char url[4096];
    snprintf(url, sizeof url, "file:%s/users", argv[1]);
    clientcert_error *error = NULL;
    clientcert_registry *registry = opened(url);
    CHECK_OK(clientcert_registry_act_as(registry, "root", &error), error);
    CHECK_OK(clientcert_registry_enrol_fingerprint(registry, "alice", ZEROS, "{\"label\": \"laptop\"}", &error), error);
    CHECK(strstr(clientcert_registry_audit(registry), "\"actor\":\"root\",\"action\":\"enrol\",\"user\":\"alice\"") != NULL);

    struct bytes good = contents_of(argv, "good.pem");
    CHECK_OK(clientcert_registry_enrol_certificate(registry, "bob", good.data, good.length,
                                                   "{\"by\": \"certificate\", \"no_manage\": true}", &error), error);
    CHECK(refused(clientcert_registry_enrol_certificate(registry, "alice", good.data, good.length, NULL, &error),
                  CLIENTCERT_KEY_TAKEN, &error));
    CHECK(equal(clientcert_registry_audit(registry), "[]"));
    CHECK(refused(clientcert_registry_enrol_certificate(registry, "alice", good.data, good.length, "{\"by\": 1}", &error),
                  CLIENTCERT_INVALID_ARGUMENT, &error));
    CHECK(refused(clientcert_registry_enrol_certificate(registry, "alice", good.data, 9, NULL, &error),
                  CLIENTCERT_MALFORMED, &error));
    free(good.data);

    CHECK(refused(clientcert_registry_enrol_fingerprint(registry, "mallory", ZEROS, NULL, &error), CLIENTCERT_KEY_TAKEN,
                  &error));
    CHECK_OK(clientcert_registry_change(registry, "rename", ZEROS, "phone", &error), error);
    CHECK_OK(clientcert_registry_change(registry, "disable", ZEROS, NULL, &error), error);
    CHECK(strstr(list(registry, "user", "alice"), "\"label\":\"phone\"") != NULL);
    CHECK(strstr(list(registry, "key", ZEROS), "\"disabled\":true") != NULL);
    CHECK_OK(clientcert_registry_change(registry, "enable", ZEROS, NULL, &error), error);
    CHECK_OK(clientcert_registry_used(registry, ZEROS, moment, &error), error);
    CHECK(strstr(list(registry, "all", NULL), "\"last_used\":\"2026-06-01T00:00:00Z\"") != NULL);
    CHECK_OK(clientcert_registry_change(registry, "rename_user", "alice", "alicia", &error), error);
    CHECK(equal(list(registry, "user", "alice"), "[]"));
    CHECK(strstr(list(registry, "text", NULL), " alicia phone\n") != NULL);
    CHECK(strstr(list(registry, "expiring", "36500"), "\"days_left\":") != NULL);
    CHECK(equal(list(registry, "expiring", "0"), "[]"));

    CHECK_OK(clientcert_registry_change(registry, "revoke", ZEROS, NULL, &error), error);
    CHECK(refused(clientcert_registry_change(registry, "enable", ZEROS, NULL, &error), CLIENTCERT_KEY_REVOKED, &error));
    CHECK(refused(clientcert_registry_change(registry, "remove", ZEROS, NULL, &error), CLIENTCERT_KEY_REVOKED, &error));
    CHECK(refused(clientcert_registry_enrol_fingerprint(registry, "alicia", ZEROS, NULL, &error), CLIENTCERT_KEY_REVOKED,
                  &error));
    CHECK(refused(clientcert_registry_change(registry, "disable", ONES, NULL, &error), CLIENTCERT_NOT_REGISTERED, &error));

    /* Another handle sees what was done. */
    clientcert_registry *other = opened(url);
    CHECK(strstr(list(other, "user", "alicia"), "\"revoked\":\"20") != NULL);
    clientcert_registry_free(other);
    clientcert_registry_free(registry);
}

static void many_are_imported_at_once(void) {
    static const char text[] = "# two\n" ZEROS " alice\n" ONES " bob his key\n";
    static const char jwks[] = "{\"keys\": [{\"kty\": \"EC\", \"kid\": \"one\","
                               " \"x5t#S256\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}]}";
    clientcert_error *error = NULL;
    clientcert_registry *registry = opened("memory:");
    CHECK_OK(clientcert_registry_import(registry, "text", (const uint8_t *)text, sizeof text - 1, NULL, &error), error);
    CHECK(strstr(list(registry, "user", "alice"), ZEROS) != NULL);
    CHECK(strstr(list(registry, "key", ONES), "\"user\":\"bob\",\"key\":\"" ONES "\",\"label\":\"his key\"") != NULL);
    CHECK(refused(clientcert_registry_import(registry, "text", (const uint8_t *)text, sizeof text - 1, NULL, &error),
                  CLIENTCERT_KEY_TAKEN, &error));
    CHECK_OK(clientcert_registry_import(registry, "jwks", (const uint8_t *)jwks, sizeof jwks - 1, "carol", &error), error);
    CHECK(strstr(list(registry, "user", "carol"), "\"key\":\"cert:sha256:0000") != NULL);
    CHECK(refused(clientcert_registry_import(registry, "jwks", (const uint8_t *)jwks, 9, "carol", &error),
                  CLIENTCERT_MALFORMED, &error));
    CHECK(refused(clientcert_registry_import(registry, "jwks", (const uint8_t *)jwks, 9, NULL, &error),
                  CLIENTCERT_INVALID_ARGUMENT, &error));
    CHECK(refused(clientcert_registry_import(registry, "csv", (const uint8_t *)jwks, 9, NULL, &error),
                  CLIENTCERT_INVALID_ARGUMENT, &error));
    clientcert_registry_free(registry);
}

static void a_verifier_lends_its_registry(char **argv) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = config_with(argv, "require", "ca.pem");
    CHECK(clientcert_verifier_registry(NULL) == NULL);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    CHECK(clientcert_verifier_registry(verifier) == NULL);
    clientcert_verifier_free(verifier);
    static const char text[] = ZEROS " alice\n";
    CHECK_OK(clientcert_config_set_bytes(config, "registry", (const uint8_t *)text, sizeof text - 1, &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    clientcert_registry *registry = clientcert_verifier_registry(verifier);
    CHECK_OK(clientcert_registry_change(registry, "remove", ZEROS, NULL, &error), error);
    clientcert_registry *again = clientcert_verifier_registry(verifier);
    clientcert_verifier_free(verifier);
    clientcert_registry_free(registry);
    CHECK(equal(list(again, "all", NULL), "[]"));
    clientcert_registry_free(again);
}

/* A user logs in with a password, registers the key of the connection, and comes back with it. */
static void users_enrol_themselves(char **argv) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = clientcert_config_new();
    CHECK_OK(clientcert_config_set(config, "mode", "optional_no_ca", &error), error);
    CHECK_OK(clientcert_config_set(config, "trust", "key", &error), error);
    static const char text[] = "# nobody yet\n" ZEROS " root\n";
    CHECK_OK(clientcert_config_set_bytes(config, "registry", (const uint8_t *)text, sizeof text - 1, &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    clientcert_registry *registry = clientcert_verifier_registry(verifier);

    clientcert_verdict *before = verdict_on(argv, verifier, "self_signed.der");
    CHECK(clientcert_verdict_verified(before) == 0);
    CHECK(clientcert_verdict_reason(before, 0) == CLIENTCERT_REASON_KEY_NOT_REGISTERED);
    CHECK(clientcert_verdict_reason_count(before) == 1);
    clientcert_verdict *expired = verdict_on(argv, verifier, "expired.der");
    CHECK(refused(clientcert_registry_enrol_verdict(registry, expired, "alice", NULL, &error), CLIENTCERT_NOT_ENTITLED,
                  &error));
    CHECK(refused(clientcert_registry_renew_beside(registry, before, expired, NULL, &error), CLIENTCERT_NOT_ENTITLED,
                  &error));
    clientcert_verdict_free(expired);

    CHECK_OK(clientcert_registry_act_as(registry, "alice", &error), error);
    CHECK_OK(clientcert_registry_enrol_verdict(registry, before, "alice", "laptop", &error), error);
    CHECK(strstr(clientcert_registry_audit(registry), "\"action\":\"enrol_self\",\"user\":\"alice\"") != NULL);
    CHECK(refused(clientcert_registry_enrol_verdict(registry, before, "mallory", NULL, &error), CLIENTCERT_KEY_TAKEN,
                  &error));
    CHECK_OK(clientcert_verifier_reload(verifier, &error), error);
    clientcert_verdict *after = verdict_on(argv, verifier, "self_signed.der");
    CHECK(clientcert_verdict_verified(after) == 1);
    CHECK(equal(clientcert_verdict_get(after, "user", NULL), "alice"));
    CHECK(refused(clientcert_registry_enrol_verdict(registry, after, "alice", NULL, &error), CLIENTCERT_NOT_ENTITLED,
                  &error));

    clientcert_verdict_free(after);
    clientcert_verdict_free(before);
    clientcert_registry_free(registry);
    clientcert_verifier_free(verifier);
}

static void tokens_are_confirmed(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "optional");
    clientcert_verdict *good = verdict_on(argv, verifier, "good.der");
    clientcert_verdict *bad = verdict_on(argv, verifier, "expired.der");
    clientcert_verdict *none = clientcert_verify(verifier, NULL, 0, moment);
    const char *thumbprint = clientcert_verdict_get(good, "x5t#S256", NULL);
    char cnf[256];
    int length = snprintf(cnf, sizeof cnf, "{\"x5t#S256\":\"%s\"}", thumbprint);
    CHECK(clientcert_verdict_confirms(good, (const uint8_t *)cnf, (size_t)length) == 1);
    CHECK(clientcert_verdict_confirms(good, (const uint8_t *)thumbprint, strlen(thumbprint)) == 1);
    CHECK(clientcert_verdict_confirms(good, (const uint8_t *)thumbprint, strlen(thumbprint) - 1) == 0);
    CHECK(clientcert_verdict_confirms(good, (const uint8_t *)cnf, (size_t)length - 1) == 0);
    cnf[length - 4] ^= 1;
    CHECK(clientcert_verdict_confirms(good, (const uint8_t *)cnf, (size_t)length) == 0);
    CHECK(clientcert_verdict_confirms(good, NULL, 0) == 0);
    CHECK(clientcert_verdict_confirms(good, NULL, 1) == 0);
    CHECK(clientcert_verdict_confirms(none, (const uint8_t *)thumbprint, strlen(thumbprint)) == 0);
    CHECK(clientcert_verdict_confirms(NULL, (const uint8_t *)thumbprint, strlen(thumbprint)) == 0);
    const char *other = clientcert_verdict_get(bad, "x5t#S256", NULL);
    CHECK(clientcert_verdict_confirms(bad, (const uint8_t *)other, strlen(other)) == 0);
    clientcert_verdict_free(none);
    clientcert_verdict_free(bad);
    clientcert_verdict_free(good);
    clientcert_verifier_free(verifier);
}

static void nothing_crashes_on_null(void) {
    clientcert_error *error = NULL;
    clientcert_registry *registry = NULL;
    const char *text = "";
    CHECK(refused(clientcert_registry_new(NULL, &registry, &error), CLIENTCERT_INVALID_ARGUMENT, &error));
    CHECK(registry == NULL);
    CHECK(refused(clientcert_registry_new("memory:", NULL, &error), CLIENTCERT_INVALID_ARGUMENT, &error));
    CHECK(refused(clientcert_registry_new("ldap://host", &registry, &error), CLIENTCERT_INVALID_VALUE, &error));
    CHECK(refused(clientcert_registry_act_as(NULL, "root", &error), CLIENTCERT_INVALID_ARGUMENT, &error));
    CHECK(refused(clientcert_registry_list(NULL, "all", NULL, &text, &error), CLIENTCERT_INVALID_ARGUMENT, &error));
    CHECK(text == NULL);
    CHECK(clientcert_registry_audit(NULL) == NULL);
    CHECK(clientcert_registry_used(NULL, ZEROS, moment, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_change(NULL, "disable", ZEROS, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_import(NULL, "text", NULL, 0, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_enrol_verdict(NULL, NULL, "alice", NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_enrol_certificate(NULL, "alice", NULL, 0, NULL, NULL) == CLIENTCERT_MALFORMED);
    CHECK(clientcert_registry_enrol_fingerprint(NULL, "alice", ZEROS, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_renew_beside(NULL, NULL, NULL, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_renew_signed(NULL, NULL, NULL, 0, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    registry = opened("memory:");
    CHECK(clientcert_registry_list(registry, "all", NULL, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_list(registry, "user", NULL, &text, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_list(registry, "all", "x", &text, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_list(registry, "expiring", "soon", &text, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_change(registry, "delete", ZEROS, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_change(registry, "rename", ZEROS, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_change(registry, "remove", ZEROS, "x", NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_registry_change(registry, "remove", "alice", NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    clientcert_registry_free(registry);
    clientcert_registry_free(NULL);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    a_file_is_changed_by_its_verbs(argv);
    many_are_imported_at_once();
    a_verifier_lends_its_registry(argv);
    users_enrol_themselves(argv);
    tokens_are_confirmed(argv);
    nothing_crashes_on_null();
    return 0;
}

/* Policies: what a handshake needs to know, as a snapshot. */

#include "common.h"

static clientcert_policy *policy_with(char **argv, const char *mode, const char *option, const char *value) {
    clientcert_error *error = NULL;
    clientcert_config *config = config_with(argv, mode, "ca.pem");
    clientcert_verifier *verifier = NULL;
    if (option != NULL)
        CHECK_OK(clientcert_config_set(config, option, value, &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    CHECK(policy != NULL);
    clientcert_verifier_free(verifier);
    clientcert_config_free(config);
    return policy;
}

static void modes_have_numbers(char **argv) {
    static const struct {
        const char *name;
        int32_t number;
    } modes[] = {
        {"off", CLIENTCERT_MODE_OFF},
        {"optional", CLIENTCERT_MODE_OPTIONAL},
        {"optional_no_ca", CLIENTCERT_MODE_OPTIONAL_NO_CA},
        {"require", CLIENTCERT_MODE_REQUIRE},
        {"request_any", CLIENTCERT_MODE_REQUEST_ANY},
        {"require_any", CLIENTCERT_MODE_REQUIRE_ANY},
        {"deferred", CLIENTCERT_MODE_DEFERRED},
    };
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        clientcert_policy *policy = policy_with(argv, modes[i].name, NULL, NULL);
        CHECK(clientcert_policy_mode(policy) == modes[i].number);
        CHECK(clientcert_policy_enforcement(policy) == CLIENTCERT_ENFORCEMENT_REQUEST);
        clientcert_policy_free(policy);
    }
    clientcert_policy *policy = policy_with(argv, "require", "enforcement", "handshake");
    CHECK(clientcert_policy_enforcement(policy) == CLIENTCERT_ENFORCEMENT_HANDSHAKE);
    clientcert_policy_free(policy);
}

static void identities_differ_where_it_decides(char **argv) {
    clientcert_policy *first = policy_with(argv, "require", NULL, NULL);
    clientcert_policy *same = policy_with(argv, "require", NULL, NULL);
    clientcert_policy *other = policy_with(argv, "require", "depth", "3");
    size_t length = 0;
    const uint8_t *identity = clientcert_policy_identity(first, &length);
    CHECK(identity != NULL && length == 32);
    CHECK(memcmp(identity, clientcert_policy_identity(same, NULL), 32) == 0);
    CHECK(memcmp(identity, clientcert_policy_identity(other, NULL), 32) != 0);
    clientcert_policy_free(first);
    clientcert_policy_free(same);
    clientcert_policy_free(other);
}

static void ca_names_are_der(char **argv) {
    clientcert_policy *policy = policy_with(argv, "require", NULL, NULL);
    size_t length = 0;
    CHECK(clientcert_policy_ca_name_count(policy) == 1);
    const uint8_t *name = clientcert_policy_ca_name(policy, 0, &length);
    CHECK(name != NULL && length > 2 && name[0] == 0x30 && name[1] == length - 2);
    CHECK(clientcert_policy_ca_name(policy, 1, &length) == NULL && length == 0);
    CHECK(clientcert_policy_ca_name(policy, SIZE_MAX, NULL) == NULL);
    clientcert_policy_free(policy);

    policy = policy_with(argv, "require", "ca_hints", "none");
    CHECK(clientcert_policy_ca_name_count(policy) == 0);
    clientcert_policy_free(policy);
}

static void doubtful_files_give_warnings(char **argv) {
    clientcert_policy *policy = policy_with(argv, "require", NULL, NULL);
    CHECK(clientcert_policy_warning_count(policy) == 0);
    CHECK(clientcert_policy_warning(policy, 0) == NULL);
    clientcert_policy_free(policy);

    char *twice = path_of(argv, "ca.der");
    policy = policy_with(argv, "require", "ca", twice);
    free(twice);
    CHECK(clientcert_policy_warning_count(policy) == 1);
    CHECK(strstr(clientcert_policy_warning(policy, 0), "ca.der") != NULL);
    CHECK(clientcert_policy_warning(policy, 1) == NULL);
    clientcert_policy_free(policy);

    char *expired = path_of(argv, "expired_ca.pem");
    policy = policy_with(argv, "require", "ca", expired);
    free(expired);
    CHECK(clientcert_policy_warning_count(policy) == 1);
    CHECK(strstr(clientcert_policy_warning(policy, 0), "expired_ca.pem") != NULL);
    CHECK(strstr(clientcert_policy_warning(policy, 0), "anchor_expired") != NULL);
    clientcert_policy_free(policy);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    modes_have_numbers(argv);
    identities_differ_where_it_decides(argv);
    ca_names_are_der(argv);
    doubtful_files_give_warnings(argv);
    return 0;
}

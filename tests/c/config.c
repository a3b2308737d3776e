/* Options: set, refused, loaded, dumped, listed. */

#include "common.h"

static int32_t set(clientcert_config *config, const char *name, const char *value) {
    return clientcert_config_set(config, name, value, NULL);
}

static bool dumps(clientcert_config *config, const char *text) {
    size_t length = 0;
    const char *dump = clientcert_config_dump(config, &length);
    CHECK(dump != NULL && strlen(dump) == length);
    return strstr(dump, text) != NULL;
}

static void values_are_checked(void) {
    clientcert_config *config = clientcert_config_new();
    CHECK(set(config, "mode", "optional") == CLIENTCERT_OK);
    CHECK(set(config, "mode", "perhaps") == CLIENTCERT_INVALID_VALUE);
    CHECK(set(config, "depth", "many") == CLIENTCERT_INVALID_VALUE);
    CHECK(set(config, "depth", "-1") == CLIENTCERT_INVALID_VALUE);
    CHECK(set(config, "depth", "99999999999999999999") == CLIENTCERT_INVALID_VALUE);
    CHECK(set(config, "accept_v1", "maybe") == CLIENTCERT_INVALID_VALUE);
    CHECK(set(config, "", "") == CLIENTCERT_UNKNOWN_OPTION);
    CHECK(set(config, "mode", "\xff\xfe") == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(set(config, "\xff\xfe", "optional") == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(dumps(config, "optional"));
    clientcert_config_free(config);
}

static void bytes_are_for_some_options_only(char **argv) {
    clientcert_config *config = clientcert_config_new();
    struct bytes ca = contents_of(argv, "ca.der");
    CHECK(clientcert_config_set_bytes(config, "ca", ca.data, ca.length, NULL) == CLIENTCERT_OK);
    CHECK(clientcert_config_set_bytes(config, "mode", ca.data, ca.length, NULL) != CLIENTCERT_OK);
    CHECK(clientcert_config_set_bytes(config, "nothing", ca.data, ca.length, NULL) == CLIENTCERT_UNKNOWN_OPTION);
    CHECK(clientcert_config_set_bytes(config, "ca", ca.data, SIZE_MAX, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    memset(ca.data, 0, ca.length);
    free(ca.data);
    clientcert_verifier *verifier = NULL;
    CHECK(clientcert_verifier_new(config, &verifier, NULL) == CLIENTCERT_OK);
    clientcert_config_free(config);
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    CHECK(clientcert_verdict_verified(verdict) == 1);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void files_are_loaded_and_dumped(char **argv) {
    clientcert_config *config = clientcert_config_new();
    clientcert_error *error = NULL;
    char *path = path_of(argv, "config.toml");
    CHECK_OK(clientcert_config_load(config, path, &error), error);
    free(path);
    CHECK(dumps(config, "require_any"));

    size_t length;
    const char *dump = clientcert_config_dump(config, &length);
    struct bytes bytes = {(uint8_t *)strdup(dump), length};
    write_file(argv, "dumped.toml", bytes);
    clientcert_config *again = clientcert_config_new();
    path = path_of(argv, "dumped.toml");
    CHECK_OK(clientcert_config_load(again, path, &error), error);
    free(path);
    CHECK(dumps(again, (const char *)bytes.data));
    free(bytes.data);
    clientcert_config_free(again);

    path = path_of(argv, "absent.toml");
    CHECK(clientcert_config_load(config, path, &error) == CLIENTCERT_IO);
    CHECK(strstr(clientcert_error_message(error), "absent.toml") != NULL);
    clientcert_error_free(error);
    error = NULL;
    free(path);

    path = path_of(argv, "good.der");
    CHECK(clientcert_config_load(config, path, &error) == CLIENTCERT_MALFORMED);
    clientcert_error_free(error);
    free(path);
    clientcert_config_free(config);
}

static void options_are_listed(void) {
    size_t count = clientcert_option_count(), seen = 0;
    CHECK(count > 20);
    for (size_t i = 0; i < count; i++) {
        CHECK(clientcert_option_name(i)[0] != '\0');
        CHECK(clientcert_option_type(i)[0] != '\0');
        CHECK(clientcert_option_default(i) != NULL);
        CHECK(clientcert_option_help(i)[0] != '\0');
        if (equal(clientcert_option_name(i), "mode")) {
            CHECK(equal(clientcert_option_default(i), "require"));
            seen++;
        }
        /* What is called a default can be set. */
        if (clientcert_option_default(i)[0] != '\0') {
            clientcert_config *config = clientcert_config_new();
            CHECK(set(config, clientcert_option_name(i), clientcert_option_default(i)) == CLIENTCERT_OK);
            clientcert_config_free(config);
        }
    }
    CHECK(seen == 1);
    CHECK(clientcert_option_name(count) == NULL);
    CHECK(clientcert_option_type(SIZE_MAX) == NULL);
    CHECK(clientcert_option_default(count) == NULL);
    CHECK(clientcert_option_help(count) == NULL);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    values_are_checked();
    bytes_are_for_some_options_only(argv);
    files_are_loaded_and_dumped(argv);
    options_are_listed();
    return 0;
}

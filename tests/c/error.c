/* Errors: numbers, names and messages. */

#include "common.h"

static void statuses_have_names(void) {
    CHECK(CLIENTCERT_OK == 0);
    CHECK(equal(clientcert_status_name(CLIENTCERT_OK), "ok"));
    CHECK(equal(clientcert_status_name(CLIENTCERT_INVALID_ARGUMENT), "invalid_argument"));
    CHECK(equal(clientcert_status_name(CLIENTCERT_UNKNOWN_OPTION), "unknown_option"));
    CHECK(equal(clientcert_status_name(CLIENTCERT_INTERNAL), "internal"));
    CHECK(equal(clientcert_status_name(-1), "unknown"));
    CHECK(equal(clientcert_status_name(INT32_MAX), "unknown"));
    CHECK(equal(clientcert_status_name(INT32_MIN), "unknown"));
}

static void an_error_says_what_is_wrong(void) {
    clientcert_error *error = NULL;
    clientcert_config *config = clientcert_config_new();
    int32_t status = clientcert_config_set(config, "dept", "1", &error);
    clientcert_config_free(config);
    CHECK(status == CLIENTCERT_UNKNOWN_OPTION);
    CHECK(clientcert_error_status(error) == status);
    CHECK(strstr(clientcert_error_message(error), "'dept'") != NULL);
    CHECK(strstr(clientcert_error_message(error), "'depth'") != NULL);
    clientcert_error_free(error);
}

static void success_writes_no_error(void) {
    clientcert_error *error = NULL;
    clientcert_config *config = clientcert_config_new();
    CHECK(clientcert_config_set(config, "depth", "3", &error) == CLIENTCERT_OK);
    CHECK(error == NULL);
    clientcert_config_free(config);
}

int main(void) {
    statuses_have_names();
    an_error_says_what_is_wrong();
    success_writes_no_error();
    return 0;
}

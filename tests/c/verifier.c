/* Verifiers: made, refused, reloaded, counted. */

#include "common.h"

#include <time.h>

static int32_t status_of(clientcert_config *config) {
    clientcert_verifier *verifier = (clientcert_verifier *)config;
    clientcert_error *error = NULL;
    int32_t status = clientcert_verifier_new(config, &verifier, &error);
    CHECK((status == CLIENTCERT_OK) == (verifier != NULL));
    CHECK((status == CLIENTCERT_OK) == (error == NULL));
    if (error != NULL) {
        CHECK(clientcert_error_status(error) == status);
        CHECK(clientcert_error_message(error)[0] != '\0');
    }
    clientcert_error_free(error);
    clientcert_verifier_free(verifier);
    clientcert_config_free(config);
    return status;
}

static void what_cannot_verify_is_not_made(char **argv) {
    CHECK(status_of(clientcert_config_new()) == CLIENTCERT_INVALID_CONFIG);
    CHECK(status_of(config_with(argv, "require", "ca.pem")) == CLIENTCERT_OK);
    CHECK(status_of(config_with(argv, "require", "absent.pem")) == CLIENTCERT_IO);
    CHECK(status_of(config_with(argv, "require", "key.pem")) == CLIENTCERT_MALFORMED);
    CHECK(status_of(config_with(argv, "require", "empty")) == CLIENTCERT_NO_CERTIFICATE);
    CHECK(status_of(config_with(argv, "require", "broken.pem")) == CLIENTCERT_MALFORMED);

    clientcert_config *config = config_with(argv, "require", "good.pem");
    CHECK(clientcert_config_set(config, "accept_pinned_leaf", "false", NULL) == CLIENTCERT_OK);
    CHECK(status_of(config) == CLIENTCERT_UNUSABLE_ANCHOR);

    config = config_with(argv, "require", "ca.pem");
    CHECK(clientcert_config_set(config, "trust", "key", NULL) == CLIENTCERT_OK);
    CHECK(status_of(config) == CLIENTCERT_INVALID_CONFIG);
}

static int32_t verified(char **argv, const clientcert_verifier *verifier, const char *name) {
    clientcert_verdict *verdict = verdict_on(argv, verifier, name);
    int32_t verified = clientcert_verdict_verified(verdict);
    clientcert_verdict_free(verdict);
    return verified;
}

/* A refresh looks at the files once a second at most. */
static void pause_for_refresh(void) {
    const struct timespec pause = {1, 100000000};
    CHECK(nanosleep(&pause, NULL) == 0);
}

static void reload_swaps_all_or_nothing(char **argv) {
    struct bytes ours = contents_of(argv, "ca.pem"), other = contents_of(argv, "other_ca.pem");
    struct bytes broken = contents_of(argv, "broken.pem");
    write_file(argv, "changing.pem", ours);
    clientcert_config *config = config_with(argv, "require", "changing.pem");
    clientcert_verifier *verifier = NULL;
    clientcert_error *error = NULL;
    int32_t changed = -1;
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    CHECK(verified(argv, verifier, "good.der") == 1 && verified(argv, verifier, "stranger.der") == 0);

    pause_for_refresh();
    CHECK_OK(clientcert_verifier_refresh(verifier, &changed, &error), error);
    CHECK(changed == 0);
    CHECK(clientcert_verifier_unread(verifier) == 0);

    write_file(argv, "changing.pem", broken);
    CHECK(clientcert_verifier_unread(verifier) == broken.length);
    CHECK(clientcert_verifier_reload(verifier, &error) == CLIENTCERT_MALFORMED);
    CHECK(strstr(clientcert_error_message(error), "changing.pem") != NULL);
    clientcert_error_free(error);
    error = NULL;
    CHECK(verified(argv, verifier, "good.der") == 1 && verified(argv, verifier, "stranger.der") == 0);

    write_file(argv, "changing.pem", other);
    CHECK(clientcert_verifier_unread(verifier) == other.length);
    pause_for_refresh();
    CHECK_OK(clientcert_verifier_refresh(verifier, &changed, &error), error);
    CHECK(changed == 1);
    CHECK(clientcert_verifier_unread(verifier) == 0);
    CHECK(verified(argv, verifier, "good.der") == 0 && verified(argv, verifier, "stranger.der") == 1);

    write_file(argv, "changing.pem", ours);
    CHECK_OK(clientcert_verifier_reload(verifier, &error), error);
    CHECK(verified(argv, verifier, "good.der") == 1 && verified(argv, verifier, "stranger.der") == 0);

    clientcert_verifier_free(verifier);
    free(ours.data);
    free(other.data);
    free(broken.data);
}

static void statistics_count(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    CHECK(clientcert_verifier_statistic(verifier, CLIENTCERT_STATISTIC_MISSES) == 0);
    CHECK(verified(argv, verifier, "good.der") == 1);
    CHECK(clientcert_verifier_statistic(verifier, CLIENTCERT_STATISTIC_MISSES) == 1);
    CHECK(clientcert_verifier_statistic(verifier, CLIENTCERT_STATISTIC_ENTRIES) == 1);
    CHECK(verified(argv, verifier, "good.der") == 1);
    CHECK(clientcert_verifier_statistic(verifier, CLIENTCERT_STATISTIC_HITS) == 1);
    CHECK(clientcert_verifier_statistic(verifier, CLIENTCERT_STATISTIC_EVICTIONS) == 0);
    CHECK(clientcert_verifier_statistic(verifier, -1) == 0);
    CHECK(clientcert_verifier_statistic(verifier, INT32_MAX) == 0);
    clientcert_verifier_free(verifier);
}

static void a_reference_keeps_it_alive(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    clientcert_verifier *reference = clientcert_verifier_ref(verifier);
    clientcert_verifier_free(verifier);
    clientcert_verdict *verdict = verdict_on(argv, reference, "good.der");
    clientcert_verifier_free(reference);
    CHECK(clientcert_verdict_verified(verdict) == 1);
    CHECK(equal(clientcert_verdict_get(verdict, "ssl_client_verify", NULL), "SUCCESS"));
    clientcert_verdict_free(verdict);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    what_cannot_verify_is_not_made(argv);
    reload_swaps_all_or_nothing(argv);
    statistics_count(argv);
    a_reference_keeps_it_alive(argv);
    return 0;
}

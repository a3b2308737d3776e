/* Sessions: records, and what comes back with them. */

#include "common.h"

#include <sys/wait.h>
#include <unistd.h>

/* The record of a verdict, whose time is `moment`; the caller frees it. */
static struct bytes record_of(const clientcert_verifier *verifier, const clientcert_verdict *verdict, const char *host) {
    struct bytes record;

    record.length = clientcert_session_export(verifier, verdict, host, moment, NULL, 0);
    CHECK(record.length > 100);
    record.data = malloc(record.length);
    CHECK(record.data != NULL);
    memset(record.data, 0x55, record.length);
    /* Too little room: nothing is written. */
    CHECK(clientcert_session_export(verifier, verdict, host, moment, record.data, record.length - 1) == record.length);
    for (size_t i = 0; i < record.length; i++)
        CHECK(record.data[i] == 0x55);
    CHECK(clientcert_session_export(verifier, verdict, host, moment, record.data, record.length) == record.length);
    return record;
}

/* What comes back `seconds` later, as the only reason or 0; every kind of record is given from memory of its own. */
static int32_t resumed(const clientcert_verifier *verifier, const char *host, struct bytes record, size_t length,
                       int64_t seconds, int64_t expected_time) {
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    int64_t handshake_time = 99;

    CHECK(copy != NULL);
    memcpy(copy, record.data, length);
    clientcert_verdict *verdict =
        clientcert_session_resume(verifier, host, copy, length, moment + seconds, &handshake_time);
    free(copy);
    CHECK(verdict != NULL && handshake_time == expected_time);
    int32_t reason = clientcert_verdict_reason_count(verdict) == 0 ? 0 : clientcert_verdict_reason(verdict, 0);
    CHECK(clientcert_verdict_verified(verdict) == (reason == 0));
    CHECK(clientcert_verdict_accepted(verdict) == (reason == 0));
    clientcert_verdict_free(verdict);
    return reason;
}

static void a_client_comes_back(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");

    CHECK(clientcert_verdict_verified(verdict) == 1);
    struct bytes record = record_of(verifier, verdict, "a.example");
    clientcert_verdict_free(verdict);
    CHECK(resumed(verifier, "A.EXAMPLE.", record, record.length, 3600, moment) == 0);
    CHECK(resumed(verifier, "b.example", record, record.length, 0, 0) == CLIENTCERT_REASON_SESSION_INVALID);
    CHECK(resumed(verifier, NULL, record, record.length, 0, 0) == CLIENTCERT_REASON_SESSION_INVALID);
    CHECK(resumed(verifier, "a.example", record, record.length, 86401, moment) == CLIENTCERT_REASON_SESSION_EXPIRED);
    CHECK(resumed(verifier, "a.example", record, record.length, -1, 0) == CLIENTCERT_REASON_SESSION_INVALID);
    for (size_t length = 0; length < record.length; length++)
        CHECK(resumed(verifier, "a.example", record, length, 0, 0) == CLIENTCERT_REASON_SESSION_INVALID);
    record.data[record.length / 2] ^= 1;
    CHECK(resumed(verifier, "a.example", record, record.length, 0, 0) == CLIENTCERT_REASON_SESSION_INVALID);
    record.data[record.length / 2] ^= 1;
    CHECK(resumed(verifier, "a.example", record, record.length, 0, moment) == 0);
    free(record.data);
    clientcert_verifier_free(verifier);
}

static void who_is_not_accepted_has_no_record(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    clientcert_verdict *verdict = clientcert_verify(verifier, NULL, 0, moment);
    uint8_t out[8];

    CHECK(clientcert_session_export(verifier, verdict, NULL, moment, out, sizeof(out)) == 0);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void identities(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require"), *other = verifier_with(argv, "optional");
    clientcert_error *error = NULL;
    uint8_t id[4][32];

    CHECK_OK(clientcert_verifier_policy_id(verifier, NULL, id[0], &error), error);
    CHECK_OK(clientcert_verifier_policy_id(verifier, "", id[1], &error), error);
    CHECK_OK(clientcert_verifier_policy_id(verifier, "a.example", id[2], &error), error);
    CHECK_OK(clientcert_verifier_policy_id(other, "", id[3], &error), error);
    CHECK(memcmp(id[0], id[1], 32) == 0 && memcmp(id[0], id[2], 32) != 0 && memcmp(id[0], id[3], 32) != 0);
    CHECK(clientcert_verifier_policy_id(verifier, "\xff", id[0], &error) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(strstr(clientcert_error_message(error), "host") != NULL);
    clientcert_error_free(error);
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    CHECK(clientcert_session_export(verifier, verdict, "\xff", moment, NULL, 0) == 0);
    clientcert_verdict_free(verdict);
    verdict = clientcert_session_resume(verifier, "\xff", id[0], 32, moment, NULL);
    CHECK(clientcert_verdict_reason(verdict, 0) == CLIENTCERT_REASON_INTERNAL_ERROR);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
    clientcert_verifier_free(other);
}

/* The key of a process is that of the children that it forks. */
static void children_resume_for_each_other(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    clientcert_error *error = NULL;
    int ends[2];
    CHECK(pipe(ends) == 0);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
        struct bytes record = record_of(verifier, verdict, NULL);
        bool written = write(ends[1], record.data, record.length) == (ssize_t)record.length;
        free(record.data);
        clientcert_verdict_free(verdict);
        clientcert_verifier_free(verifier);
        _exit(written ? 0 : 1);
    }
    int status = 1;
    CHECK(waitpid(child, &status, 0) == child && status == 0);
    uint8_t data[8192];
    ssize_t length = read(ends[0], data, sizeof(data));
    CHECK(length > 0);
    struct bytes record = {data, (size_t)length};
    CHECK(resumed(verifier, NULL, record, record.length, 1, moment) == 0);
    CHECK_OK(clientcert_verifier_reload(verifier, &error), error);
    CHECK(resumed(verifier, NULL, record, record.length, 1, moment) == 0);
    close(ends[0]);
    close(ends[1]);
    clientcert_verifier_free(verifier);
}

static void keys_in_memory(char **argv) {
    const uint8_t secret[40] = {1};
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL, *drawn = verifier_with(argv, "require");
    clientcert_config *config = config_with(argv, "require", "ca.pem");

    CHECK(clientcert_config_set_bytes(config, "session_key", secret, 31, NULL) == CLIENTCERT_INVALID_VALUE);
    CHECK_OK(clientcert_config_set_bytes(config, "session_key", secret, sizeof(secret), &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    struct bytes record = record_of(verifier, verdict, NULL);
    CHECK(resumed(verifier, NULL, record, record.length, 0, moment) == 0);
    CHECK(resumed(drawn, NULL, record, record.length, 0, 0) == CLIENTCERT_REASON_SESSION_INVALID);
    clientcert_verdict_free(verdict);
    free(record.data);
    clientcert_verifier_free(verifier);
    clientcert_verifier_free(drawn);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    a_client_comes_back(argv);
    who_is_not_accepted_has_no_record(argv);
    identities(argv);
    children_resume_for_each_other(argv);
    keys_in_memory(argv);
    return 0;
}

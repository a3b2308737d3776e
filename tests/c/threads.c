/* Handles used by several threads, while one of them reloads. */

#include "common.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 200 };

struct job {
    char **argv;
    clientcert_verifier *verifier;
    clientcert_verdict *shared;
};

static void *verify(void *argument) {
    struct job *job = argument;
    static const char *const names[] = {"good.der", "expired.der", "chain.der", "stranger.der"};
    struct bytes chains[4];
    for (int i = 0; i < 4; i++)
        chains[i] = contents_of(job->argv, names[i]);
    for (int i = 0; i < ROUNDS; i++) {
        clientcert_verdict *verdict = clientcert_verify(job->verifier, chains[i % 4].data, chains[i % 4].length, moment);
        CHECK(clientcert_verdict_verified(verdict) == (i % 2 == 0));
        CHECK(clientcert_verdict_get(verdict, "ssl_client_s_dn", NULL) != NULL);
        clientcert_verdict_free(verdict);

        clientcert_verdict *reference = clientcert_verdict_ref(job->shared);
        CHECK(equal(clientcert_verdict_get(reference, "ssl_client_s_dn", NULL), "CN=alice"));
        CHECK(clientcert_verdict_get_at(reference, "ssl_client_v_remain", moment + i % 7 * 86400, NULL) != NULL);
        CHECK(clientcert_verdict_json(reference, NULL) != NULL);
        clientcert_verdict_free(reference);
    }
    for (int i = 0; i < 4; i++)
        free(chains[i].data);
    return NULL;
}

static void *reload(void *argument) {
    struct job *job = argument;
    for (int i = 0; i < ROUNDS / 10; i++) {
        clientcert_error *error = NULL;
        CHECK_OK(clientcert_verifier_reload(job->verifier, &error), error);
        clientcert_policy *policy = clientcert_verifier_policy(job->verifier);
        CHECK(clientcert_policy_mode(policy) == CLIENTCERT_MODE_REQUIRE);
        clientcert_policy_free(policy);
    }
    return NULL;
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    pthread_t threads[THREADS + 1];
    struct job job = {argv, verifier_with(argv, "require"), NULL};
    job.shared = verdict_on(argv, job.verifier, "good.der");
    for (int i = 0; i <= THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, i < THREADS ? verify : reload, &job) == 0);
    for (int i = 0; i <= THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    clientcert_verifier_free(job.verifier);
    CHECK(clientcert_verdict_verified(job.shared) == 1);
    clientcert_verdict_free(job.shared);
    return 0;
}

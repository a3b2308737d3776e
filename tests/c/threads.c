/* Handles used by several threads, while one of them reloads, and verdicts used after the cache forgot them. */

#include "common.h"

#include <pthread.h>

enum { THREADS = 4, ROUNDS = 200, CHAINS = 12 };

/* Every other one is good. */
static const char *const names[CHAINS] = {"good.der", "expired.der", "chain.der", "stranger.der",
                                          "good.pem", "server.der",  "chain.pem", "self_signed.der",
                                          "nul.der",  "future.der",  "nul.pem",   "expired.pem"};

struct job {
    char **argv;
    clientcert_verifier *verifier;
    clientcert_verdict *shared;
};

static void *verify(void *argument) {
    struct job *job = argument;
    struct bytes chains[CHAINS];
    for (int i = 0; i < CHAINS; i++)
        chains[i] = contents_of(job->argv, names[i]);
    for (int i = 0; i < ROUNDS; i++) {
        struct bytes chain = chains[i % CHAINS];
        clientcert_verdict *verdict = clientcert_verify(job->verifier, chain.data, chain.length, moment);
        CHECK(clientcert_verdict_verified(verdict) == (i % 2 == 0));
        CHECK(clientcert_verdict_get(verdict, "ssl_client_s_dn", NULL) != NULL);
        clientcert_verdict_free(verdict);

        clientcert_verdict *reference = clientcert_verdict_ref(job->shared);
        CHECK(equal(clientcert_verdict_get(reference, "ssl_client_s_dn", NULL), "CN=alice"));
        CHECK(clientcert_verdict_get_at(reference, "ssl_client_v_remain", moment + i % 7 * 86400, NULL) != NULL);
        CHECK(clientcert_verdict_json(reference, NULL) != NULL);
        clientcert_verdict_free(reference);
    }
    for (int i = 0; i < CHAINS; i++)
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

/* With room for fewer verdicts than there are chains. */
static clientcert_verifier *verifier_that_forgets(char **argv) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = config_with(argv, "require", "ca.pem");
    CHECK_OK(clientcert_config_set(config, "cache_size", "1", &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    return verifier;
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    pthread_t threads[THREADS + 1];
    struct job job = {argv, verifier_that_forgets(argv), NULL};
    job.shared = verdict_on(argv, job.verifier, "good.der");
    for (int i = 0; i <= THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, i < THREADS ? verify : reload, &job) == 0);
    for (int i = 0; i <= THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    for (int i = 0; i < CHAINS; i++)
        clientcert_verdict_free(verdict_on(argv, job.verifier, names[i]));
    CHECK(clientcert_verifier_statistic(job.verifier, CLIENTCERT_STATISTIC_EVICTIONS) > 0);
    clientcert_verifier_free(job.verifier);
    CHECK(clientcert_verdict_verified(job.shared) == 1);
    clientcert_verdict_free(job.shared);
    return 0;
}

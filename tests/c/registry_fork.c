/* A registry in a database, opened before fork(): the children and the parent read and change it after that, all at once. */

#include "common.h"

#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILDREN 3

static const char *const keys[CHILDREN] = {
    "spki:sha256:0000000000000000000000000000000000000000000000000000000000000000",
    "spki:sha256:1111111111111111111111111111111111111111111111111111111111111111",
    "spki:sha256:2222222222222222222222222222222222222222222222222222222222222222",
};

/* Refreshes until a certificate is verified, or is not any more; that looks once a second at most. */
static void await(char **argv, const clientcert_verifier *verifier, int32_t verified) {
    const struct timespec pause = {0, 20 * 1000 * 1000};
    for (int left = 1500; left > 0; left--) {
        clientcert_error *error = NULL;
        CHECK_OK(clientcert_verifier_refresh(verifier, NULL, &error), error);
        clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
        int32_t now = clientcert_verdict_verified(verdict);
        clientcert_verdict_free(verdict);
        if (now == verified)
            return;
        nanosleep(&pause, NULL);
    }
    CHECK(!"nothing comes of it");
}

static clientcert_verifier *verifier_on(const char *url) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = clientcert_config_new();
    CHECK_OK(clientcert_config_set(config, "trust", "key", &error), error);
    CHECK_OK(clientcert_config_set(config, "registry", url, &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    return verifier;
}

int main(int argc, char **argv) {
    CHECK(argc == 2 || argc == 3);
    char url[4096], subject[128];
    snprintf(url, sizeof url, "sqlite:%s/fork.db", argv[1]);
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = verifier_on(argc == 3 ? argv[2] : url);
    clientcert_registry *registry = clientcert_verifier_registry(verifier);
    CHECK_OK(clientcert_registry_act_as(registry, "root", &error), error);
    struct bytes good = contents_of(argv, "good.der");
    CHECK_OK(clientcert_registry_enrol_certificate(registry, "alice", good.data, good.length, NULL, &error), error);
    free(good.data);
    await(argv, verifier, 1);
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    const char *fingerprint = clientcert_verdict_get(verdict, "spki_sha256", NULL);
    CHECK(fingerprint != NULL);
    snprintf(subject, sizeof subject, "spki:sha256:%s", fingerprint);
    clientcert_verdict_free(verdict);

    pid_t children[CHILDREN];
    for (int i = 0; i < CHILDREN; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0) {
            CHECK_OK(clientcert_registry_enrol_fingerprint(registry, "bob", keys[i], NULL, &error), error);
            await(argv, verifier, 0);
            clientcert_registry_free(registry);
            clientcert_verifier_free(verifier);
            exit(0);
        }
    }
    CHECK_OK(clientcert_registry_change(registry, "disable", subject, NULL, &error), error);
    await(argv, verifier, 0);
    for (int i = 0; i < CHILDREN; i++) {
        int status = -1;
        CHECK(waitpid(children[i], &status, 0) == children[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    const char *bobs = NULL;
    CHECK_OK(clientcert_registry_list(registry, "user", "bob", &bobs, &error), error);
    for (int i = 0; i < CHILDREN; i++)
        CHECK(strstr(bobs, keys[i]) != NULL);
    CHECK_OK(clientcert_registry_change(registry, "enable", subject, NULL, &error), error);
    await(argv, verifier, 1);
    clientcert_registry_free(registry);
    clientcert_verifier_free(verifier);
    return 0;
}

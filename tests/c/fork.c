/* Handles made before fork() work in the children and in the parent. */

#include "common.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void use(char **argv, const clientcert_verifier *verifier, const clientcert_verdict *early) {
    clientcert_error *error = NULL;
    clientcert_verdict *good = verdict_on(argv, verifier, "good.der");
    clientcert_verdict *expired = verdict_on(argv, verifier, "expired.der");
    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    CHECK(clientcert_verdict_verified(early) == 1);
    CHECK(equal(clientcert_verdict_get(early, "ssl_client_s_dn", NULL), "CN=alice"));
    CHECK(clientcert_verdict_verified(good) == 1);
    CHECK(clientcert_verdict_verified(expired) == 0);
    CHECK(clientcert_policy_mode(policy) == CLIENTCERT_MODE_REQUIRE);
    CHECK_OK(clientcert_verifier_reload(verifier, &error), error);
    clientcert_policy_free(policy);
    clientcert_verdict_free(expired);
    clientcert_verdict_free(good);
}

static void copy(char **argv, const char *from, const char *to) {
    struct bytes bytes = contents_of(argv, from);
    write_file(argv, to, bytes);
    free(bytes.data);
}

/* A worker that may not read the session key that root read before it still learns what was revoked. */
static void without_root(char **argv) {
    static const char *const options[][2] = {{"crl", "changing.crl"}, {"session_key", "session.key"}};
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = config_with(argv, "require", "ca.pem");
    uint8_t secret[64] = {7};
    char *key = path_of(argv, "session.key");
    copy(argv, "empty.crl", "changing.crl");
    write_file(argv, "session.key", (struct bytes){secret, sizeof secret});
    for (size_t i = 0; i < 2; i++) {
        char *path = path_of(argv, options[i][1]);
        CHECK_OK(clientcert_config_set(config, options[i][0], path, &error), error);
        free(path);
    }
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    CHECK(chmod(argv[1], 0755) == 0 && chmod(key, geteuid() == 0 ? 0600 : 0) == 0);
    copy(argv, "revoked.crl", "changing.crl");
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        const struct timespec second = {1, 100000000};
        int32_t changed = 0;
        CHECK(geteuid() != 0 || (setgid(65534) == 0 && setuid(65534) == 0));
        CHECK(fopen(key, "rb") == NULL);
        clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
        CHECK(clientcert_verdict_verified(verdict) == 1);
        clientcert_verdict_free(verdict);
        nanosleep(&second, NULL);
        CHECK_OK(clientcert_verifier_refresh(verifier, &changed, &error), error);
        CHECK(changed == 1);
        verdict = verdict_on(argv, verifier, "good.der");
        CHECK(clientcert_verdict_reason(verdict, 0) == CLIENTCERT_REASON_CERTIFICATE_REVOKED);
        clientcert_verdict_free(verdict);
        CHECK(clientcert_verifier_reload(verifier, NULL) != CLIENTCERT_OK);
        clientcert_verifier_free(verifier);
        free(key);
        exit(0);
    }
    int status = -1;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    clientcert_verifier_free(verifier);
    free(key);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    without_root(argv);
    clientcert_verifier *verifier = verifier_with(argv, "require");
    clientcert_verdict *early = verdict_on(argv, verifier, "good.der");
    pid_t children[3];
    for (int i = 0; i < 3; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0) {
            use(argv, verifier, early);
            clientcert_verdict_free(early);
            clientcert_verifier_free(verifier);
            exit(0);
        }
    }
    use(argv, verifier, early);
    for (int i = 0; i < 3; i++) {
        int status = -1;
        CHECK(waitpid(children[i], &status, 0) == children[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    clientcert_verdict_free(early);
    clientcert_verifier_free(verifier);
    return 0;
}

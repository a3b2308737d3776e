/* Handles made before fork() work in the children and in the parent. */

#include "common.h"

#include <sys/wait.h>
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

int main(int argc, char **argv) {
    CHECK(argc == 2);
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

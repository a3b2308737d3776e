/* Good manners in a host: no threads, no descriptors kept open, no signal handlers. */

#include "common.h"

#include <dirent.h>
#include <signal.h>

static int entries(const char *path) {
    DIR *folder = opendir(path);
    int count = 0;
    CHECK(folder != NULL);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    int descriptors = entries("/proc/self/fd"), threads = entries("/proc/self/task");

    clientcert_error *error = NULL;
    clientcert_verifier *verifier = verifier_with(argv, "require");
    clientcert_verdict *good = verdict_on(argv, verifier, "good.der"), *bad = verdict_on(argv, verifier, "expired.der");
    CHECK(clientcert_verdict_verified(good) == 1 && clientcert_verdict_verified(bad) == 0);
    CHECK(clientcert_verdict_json(bad, NULL) != NULL);
    CHECK_OK(clientcert_verifier_reload(verifier, &error), error);

    CHECK(entries("/proc/self/fd") == descriptors);
    CHECK(entries("/proc/self/task") == threads);
    for (int number = 1; number < 32; number++) {
        struct sigaction action;
        if (number == SIGKILL || number == SIGSTOP)
            continue;
        CHECK(sigaction(number, NULL, &action) == 0);
        /* Those that sanitizers take for themselves are not asked about. */
        CHECK(action.sa_handler == SIG_DFL || number == SIGSEGV || number == SIGBUS || number == SIGFPE);
    }
    clientcert_verdict_free(good);
    clientcert_verdict_free(bad);
    clientcert_verifier_free(verifier);
    return 0;
}

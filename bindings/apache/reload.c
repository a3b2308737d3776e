/* One thread in each child looks at files and registrations, so that no request waits for a disk or a database. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mod_clientcert.h"

struct reload {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t stop;
    int stopping, seconds;
    server_rec *server;
    size_t failed; /* verifiers that could not be refreshed the last time */
};

static void refresh(struct reload *reload) {
    size_t failed = 0;

    for (size_t i = 0; i < policy_count(); i++) {
        clientcert_error *error = NULL;
        int32_t changed = 0;

        if (clientcert_verifier_refresh(policy_at(i), &changed, &error) != CLIENTCERT_OK) {
            /* Once, and not again until it worked. */
            if (failed++ >= reload->failed)
                ap_log_error(APLOG_MARK, APLOG_ERR, 0, reload->server,
                             "clientcert: the policy before stays in force: %s", clientcert_error_message(error));
        } else if (changed) {
            ap_log_error(APLOG_MARK, APLOG_INFO, 0, reload->server, "clientcert: a new policy is in force");
        }
        clientcert_error_free(error);
    }
    reload->failed = failed;
}

static void *run(void *of) {
    struct reload *reload = of;

    pthread_mutex_lock(&reload->lock);
    while (!reload->stopping) {
        struct timespec until;

        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += reload->seconds;
        if (pthread_cond_timedwait(&reload->stop, &reload->lock, &until) != ETIMEDOUT || reload->stopping)
            continue;
        pthread_mutex_unlock(&reload->lock);
        refresh(reload);
        pthread_mutex_lock(&reload->lock);
    }
    pthread_mutex_unlock(&reload->lock);
    return NULL;
}

static apr_status_t stop(void *of) {
    struct reload *reload = of;

    pthread_mutex_lock(&reload->lock);
    reload->stopping = 1;
    pthread_cond_signal(&reload->stop);
    pthread_mutex_unlock(&reload->lock);
    pthread_join(reload->thread, NULL);
    return APR_SUCCESS;
}

/* The most often that a virtual host wants it; 0 where none does. */
static int interval(const server_rec *server) {
    int seconds = 0;

    for (; server != NULL; server = server->next) {
        const struct host *host = host_of(server);
        int wanted = host->refresh < 0 ? 10 : host->refresh;

        if (host->verifier != NULL && wanted > 0 && (seconds == 0 || wanted < seconds))
            seconds = wanted;
    }
    return seconds;
}

void reload_start(apr_pool_t *child, server_rec *server) {
    struct reload *reload = apr_pcalloc(child, sizeof(*reload));
    sigset_t all, before;
    int wrong;

    reload->seconds = interval(server);
    reload->server = server;
    if (reload->seconds == 0)
        return;
    /* Signals are for the threads of the MPM. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    wrong = pthread_mutex_init(&reload->lock, NULL) != 0 || pthread_cond_init(&reload->stop, NULL) != 0 ||
            pthread_create(&reload->thread, NULL, run, reload) != 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (wrong) {
        ap_log_error(APLOG_MARK, APLOG_ALERT, 0, server, "clientcert: no thread to look for new CRLs");
        exit(APEXIT_CHILDSICK);
    }
    apr_pool_cleanup_register(child, reload, stop, apr_pool_cleanup_null);
}

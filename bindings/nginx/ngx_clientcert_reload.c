/* Files, CRLs and registrations are looked at by a timer of the event loop, and read there where they are small, as
   nginx reads files of its own. Where much is to be read, or a database to be asked, a thread is started, and does all
   of it from then on. Not sooner: once a process has had a thread, glibc locks for all memory, in every handshake. */
#include "ngx_clientcert.h"

#include <signal.h>
#include <time.h>

/* How many bytes the event loop reads for a policy: some milliseconds, as a few handshakes take. */
#define MOST_ON_THE_LOOP (1024 * 1024)

/* Of a clock that nobody sets: one that goes back would put off what is due. */
static time_t seconds(void) {
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Without the mutex. */
static void refresh(ngx_clientcert_set_t *set, ngx_clientcert_policy_t *policy) {
    clientcert_error *error = NULL;
    int32_t changed = 0, status = clientcert_verifier_refresh(policy->verifier, &changed, &error);

    policy->due = seconds() + policy->refresh;
    pthread_mutex_lock(&set->mutex);
    policy->changed |= changed == 1;
    if (status != CLIENTCERT_OK) {
        policy->failed = 1;
        ngx_cpystrn((u_char *)policy->failure, (u_char *)clientcert_error_message(error), sizeof(policy->failure));
    } else if (changed == 1 || set->started) {
        /* Where nothing changed the event loop may have come too soon to look; it asks again what is unread. */
        policy->failed = 0;
    }
    pthread_mutex_unlock(&set->mutex);
    clientcert_error_free(error);
}

static void *run(void *data) {
    ngx_clientcert_set_t *set = data;
    ngx_clientcert_policy_t **policies = set->policies.elts;
    struct timespec next;
    ngx_uint_t i;

    pthread_mutex_lock(&set->mutex);
    while (!set->stop) {
        for (i = 0; i < set->policies.nelts && !set->stop; i++) {
            if (policies[i]->refresh == 0 || policies[i]->due > seconds())
                continue;
            pthread_mutex_unlock(&set->mutex);
            refresh(set, policies[i]);
            pthread_mutex_lock(&set->mutex);
        }
        clock_gettime(CLOCK_MONOTONIC, &next);
        next.tv_sec++;
        if (!set->stop)
            pthread_cond_timedwait(&set->wake, &set->mutex, &next);
    }
    pthread_mutex_unlock(&set->mutex);
    return NULL;
}

/* Signals are for the event loop. */
static ngx_err_t start_thread(ngx_clientcert_set_t *set) {
    sigset_t all, former;
    int failure;

    sigfillset(&all);
    pthread_mutex_lock(&set->mutex);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    failure = pthread_create(&set->thread, NULL, run, set);
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    set->started = failure == 0;
    pthread_mutex_unlock(&set->mutex);
    return failure;
}

/* On the event loop, as long as there is no thread. */
static void look(ngx_clientcert_set_t *set, ngx_clientcert_policy_t *policy, ngx_log_t *log) {
    uint64_t unread;
    ngx_err_t failure;

    if (policy->refresh == 0 || policy->due > seconds())
        return;
    unread = clientcert_verifier_unread(policy->verifier);
    if (unread != 0 && unread <= MOST_ON_THE_LOOP) {
        refresh(set, policy);
        return;
    }
    if (unread > MOST_ON_THE_LOOP) {
        failure = start_thread(set);
        if (failure == 0) {
            ngx_log_error(NGX_LOG_NOTICE, log, 0, "clientcert: much is to be read, from now on by a thread");
            return;
        }
        ngx_log_error(NGX_LOG_ALERT, log, failure,
                      "clientcert: cannot start the thread that reads files; what was read before stays in use");
    } else {
        policy->failed = 0;
    }
    policy->due = seconds() + policy->refresh;
}

/* On the event loop, where no handshake is under way in a call of OpenSSL. */
static void apply(ngx_event_t *event) {
    ngx_clientcert_set_t *set = ((ngx_connection_t *)event->data)->data;
    ngx_clientcert_policy_t **policies = set->policies.elts, *policy;
    ngx_clientcert_context_t *contexts;
    ngx_uint_t i, k;

    for (i = 0; i < set->policies.nelts && !set->started; i++)
        look(set, policies[i], event->log);
    pthread_mutex_lock(&set->mutex);
    for (i = 0; i < set->policies.nelts; i++) {
        policy = policies[i];
        if (policy->failed && ngx_strcmp(policy->failure, policy->reported) != 0) {
            ngx_log_error(NGX_LOG_ERR, event->log, 0, "clientcert: %s; what was read before stays in use",
                          policy->failure);
            ngx_memcpy(policy->reported, policy->failure, sizeof(policy->failure));
        }
        if (!policy->failed)
            policy->reported[0] = '\0';
        if (!policy->changed)
            continue;
        policy->changed = 0;
        ngx_log_error(NGX_LOG_NOTICE, event->log, 0, "clientcert: what changed is in use now");
        contexts = policy->contexts.elts;
        for (k = 0; k < policy->contexts.nelts; k++)
            if (!ngx_clientcert_update(&contexts[k]))
                ngx_log_error(NGX_LOG_ALERT, event->log, 0,
                              "clientcert: the mode in the handshake and the names of CAs could not be changed");
    }
    pthread_mutex_unlock(&set->mutex);
    /* Also in a worker that is to end: connections that it still has are judged by what there is now. */
    ngx_add_timer(event, 1000);
}

/* With the pool of the cycle, before what the thread looks at. */
static void stop(void *data) {
    ngx_clientcert_set_t *set = data;

    if (set->started) {
        pthread_mutex_lock(&set->mutex);
        set->stop = 1;
        pthread_cond_signal(&set->wake);
        pthread_mutex_unlock(&set->mutex);
        pthread_join(set->thread, NULL);
    }
    if (set->timer.timer_set)
        ngx_del_timer(&set->timer);
}

static int prepare(ngx_clientcert_set_t *set) {
    pthread_condattr_t attributes;
    int prepared;

    if (pthread_condattr_init(&attributes) != 0)
        return 0;
    prepared = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC) == 0 &&
               pthread_mutex_init(&set->mutex, NULL) == 0 && pthread_cond_init(&set->wake, &attributes) == 0;
    pthread_condattr_destroy(&attributes);
    return prepared;
}

ngx_int_t ngx_clientcert_start(ngx_cycle_t *cycle, ngx_clientcert_set_t *set) {
    ngx_clientcert_policy_t **policies;
    ngx_pool_cleanup_t *cleanup;
    ngx_err_t failure;
    ngx_uint_t i, wanted = 0, thread = 0;

    if (set == NULL || (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE))
        return NGX_OK;
    policies = set->policies.elts;
    for (i = 0; i < set->policies.nelts; i++) {
        if (policies[i]->refresh == 0)
            continue;
        wanted = 1;
        policies[i]->due = seconds() + policies[i]->refresh;
        thread |= policies[i]->thread || clientcert_verifier_unread(policies[i]->verifier) == UINT64_MAX;
    }
    if (!wanted)
        return NGX_OK;
    cleanup = ngx_pool_cleanup_add(cycle->pool, 0);
    failure = cleanup == NULL || !prepare(set) ? NGX_ENOMEM : thread ? start_thread(set) : 0;
    if (failure != 0) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, failure, "clientcert: cannot start what looks at files");
        return NGX_ERROR;
    }
    cleanup->handler = stop;
    cleanup->data = set;
    set->dummy.fd = (ngx_socket_t)-1;
    set->dummy.data = set;
    set->timer.data = &set->dummy;
    set->timer.handler = apply;
    set->timer.log = cycle->log;
    set->timer.cancelable = 1;
    ngx_add_timer(&set->timer, 1000);
    return NGX_OK;
}

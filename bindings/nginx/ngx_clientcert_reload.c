/* Files, CRLs and registrations are looked at by a thread of each worker, so that the event loop waits for none. */
#include "ngx_clientcert.h"

#include <signal.h>
#include <time.h>

static void *refresh(void *data) {
    ngx_clientcert_set_t *set = data;
    ngx_clientcert_policy_t **policies = set->policies.elts, *policy;
    struct timespec next;
    clientcert_error *error;
    int32_t changed, status;
    ngx_uint_t i;

    pthread_mutex_lock(&set->mutex);
    while (!set->stop) {
        clock_gettime(CLOCK_MONOTONIC, &next);
        next.tv_sec++;
        pthread_cond_timedwait(&set->wake, &set->mutex, &next);
        for (i = 0; i < set->policies.nelts && !set->stop; i++) {
            policy = policies[i];
            if (policy->refresh == 0 || policy->due > time(NULL))
                continue;
            pthread_mutex_unlock(&set->mutex);
            error = NULL;
            changed = 0;
            status = clientcert_verifier_refresh(policy->verifier, &changed, &error);
            policy->due = time(NULL) + policy->refresh;
            pthread_mutex_lock(&set->mutex);
            policy->changed |= changed == 1;
            policy->failed = status != CLIENTCERT_OK;
            if (policy->failed)
                ngx_cpystrn((u_char *)policy->failure, (u_char *)clientcert_error_message(error),
                            sizeof(policy->failure));
            clientcert_error_free(error);
        }
    }
    pthread_mutex_unlock(&set->mutex);
    return NULL;
}

/* Signals are for the event loop. */
static int start_thread(ngx_clientcert_set_t *set) {
    pthread_condattr_t attributes;
    sigset_t all, former;
    int started;

    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    if (pthread_mutex_init(&set->mutex, NULL) != 0 || pthread_cond_init(&set->wake, &attributes) != 0)
        return 0;
    pthread_condattr_destroy(&attributes);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &former);
    started = pthread_create(&set->thread, NULL, refresh, set) == 0;
    pthread_sigmask(SIG_SETMASK, &former, NULL);
    return started;
}

/* On the event loop, where no handshake is under way in a call of OpenSSL. */
static void apply(ngx_event_t *event) {
    ngx_clientcert_set_t *set = ((ngx_connection_t *)event->data)->data;
    ngx_clientcert_policy_t **policies = set->policies.elts, *policy;
    ngx_clientcert_context_t *contexts;
    ngx_uint_t i, k;

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
    if (!ngx_exiting)
        ngx_add_timer(event, 1000);
}

/* With the pool of the cycle, before what the thread looks at. */
static void stop(void *data) {
    ngx_clientcert_set_t *set = data;

    pthread_mutex_lock(&set->mutex);
    set->stop = 1;
    pthread_cond_signal(&set->wake);
    pthread_mutex_unlock(&set->mutex);
    pthread_join(set->thread, NULL);
    if (set->timer.timer_set)
        ngx_del_timer(&set->timer);
}

ngx_int_t ngx_clientcert_start(ngx_cycle_t *cycle, ngx_clientcert_set_t *set) {
    ngx_clientcert_policy_t **policies;
    ngx_pool_cleanup_t *cleanup;
    ngx_uint_t i, wanted = 0;

    if (set == NULL || (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE))
        return NGX_OK;
    policies = set->policies.elts;
    for (i = 0; i < set->policies.nelts; i++) {
        policies[i]->due = ngx_time() + policies[i]->refresh;
        wanted |= policies[i]->refresh != 0;
    }
    if (!wanted)
        return NGX_OK;
    cleanup = ngx_pool_cleanup_add(cycle->pool, 0);
    if (cleanup == NULL || !start_thread(set)) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, 0, "clientcert: cannot start the thread that looks at files");
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

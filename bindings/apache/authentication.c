/* AuthType ClientCert, ClientCertFallback, and `Require clientcert`: who the user is, and whether he may. */
#include <string.h>
#include <strings.h>

#include <ap_provider.h>
#include <mod_auth.h>

#include "mod_clientcert.h"

static const struct requirement a_user = {CLIENTCERT_REQUIREMENT_USER, 0, -1, NULL};

/* FakeBasicAuth makes a password of any certificate: here of a verified one only. */
static void undo_fake_basic_auth(request_rec *request, const struct request *of) {
    if (of == NULL || clientcert_verdict_verified(of->verdict) ||
        apr_table_get(request->headers_in, "Authorization") == of->authorization)
        return;
    if (of->authorization == NULL)
        apr_table_unset(request->headers_in, "Authorization");
    else
        apr_table_setn(request->headers_in, "Authorization", of->authorization);
}

/* Who the client is, where AuthType is ClientCert, or where a certificate stands in for it (ClientCertFallback On). */
static int check_user(request_rec *request) {
    struct request *of = request_of(request);
    const char *type = ap_auth_type(request), *fallback = place_of(request)->fallback;
    int ours = type != NULL && strcasecmp(type, "ClientCert") == 0;
    const clientcert_decision *decision;

    undo_fake_basic_auth(request, of);
    if (!ours && (type == NULL || of == NULL || fallback == NULL || strcasecmp(fallback, "on") != 0))
        return DECLINED;
    decision = decide(request, of, &a_user);
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_ALLOW) {
        request->user =
            apr_pstrdup(request->pool, clientcert_verdict_get(clientcert_decision_verdict(decision), "user", NULL));
        request->ap_auth_type = "ClientCert";
        return request->user != NULL ? OK : HTTP_FORBIDDEN;
    }
    return ours ? answer(request, of, decision) : DECLINED;
}

static const char *parse(cmd_parms *command, const char *line, const void **parsed) {
    struct requirement *required = NULL;
    const char *wrong = requirement_parse(command->pool, line, &required);

    *parsed = required;
    return wrong;
}

static authz_status check(request_rec *request, const char *line, const void *parsed) {
    struct request *of = request_of(request);
    const clientcert_decision *decision = decide(request, of, parsed);

    (void)line;
    if (goes_on(decision)) {
        of->granted = 1;
        return AUTHZ_GRANTED;
    }
    if (of != NULL)
        of->denied = decision;
    return AUTHZ_DENIED;
}

static const authz_provider provider = {check, parse};

void authentication_register(apr_pool_t *pool) {
    static const char *const after[] = {"mod_ssl.c", NULL};

    ap_register_auth_provider(pool, AUTHZ_PROVIDER_GROUP, "clientcert", AUTHZ_PROVIDER_VERSION, &provider,
                              AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_authn(check_user, after, NULL, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
}

/* What applications learn of the client: environment variables, expressions, and headers for back ends. */
#include <string.h>

#include <ap_expr.h>
#include <http_ssl.h>

#include "mod_clientcert.h"

static const char prefix[] = "CLIENTCERT_";

/* Of the library's own names, those that say who the client is, and why not. */
static const char *const names[] = {
    "outcome",    "verified",      "reason",        "reasons",           "reason_text",
    "user",       "user_rule",     "user_strength", "registration_label", "subject",
    "issuer",     "serial",        "not_before",    "not_after",         "days_left",
    "fingerprint_sha256", "spki_sha256", "policy_identity",
};
static const char *const alternative_names[] = {"san_email", "san_dns", "san_uri", "san_ip", "san_upn"};

static const char *own_name(apr_pool_t *pool, const char *name) {
    char *own = apr_pstrdup(pool, name);

    ap_str_tolower(own);
    return own;
}

static const char *upper_name(apr_pool_t *pool, const char *name) {
    char *upper = apr_pstrcat(pool, prefix, name, NULL);

    ap_str_toupper(upper);
    return upper;
}

/* A value that ends at a NUL of its own would be another one. */
static const char *value_of(apr_pool_t *pool, const clientcert_verdict *verdict, const char *name) {
    size_t length = 0;
    const char *value = strcmp(name, "json") == 0 ? clientcert_verdict_json(verdict, &length)
                                                  : clientcert_verdict_get(verdict, name, &length);

    return value == NULL || memchr(value, '\0', length) != NULL ? NULL : apr_pstrmemdup(pool, value, length);
}

static void set(request_rec *request, const clientcert_verdict *verdict, const char *name) {
    const char *value = value_of(request->pool, verdict, name);

    if (value == NULL)
        apr_table_unset(request->subprocess_env, upper_name(request->pool, name));
    else
        apr_table_setn(request->subprocess_env, upper_name(request->pool, name), value);
}

void variables_set(request_rec *request, const clientcert_verdict *verdict) {
    apr_pool_t *pool = request->pool;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        set(request, verdict, names[i]);
    for (size_t i = 0; i < sizeof(alternative_names) / sizeof(alternative_names[0]); i++) {
        const char *count = clientcert_verdict_get(verdict, apr_pstrcat(pool, alternative_names[i], "_count", NULL), NULL);
        const char *name = apr_psprintf(pool, "%s_0", alternative_names[i]);

        /* Those of an earlier verdict go, too: behind its last one there is none. */
        for (int j = 0; (count != NULL && j < atoi(count)) ||
                        apr_table_get(request->subprocess_env, upper_name(pool, name)) != NULL;) {
            set(request, verdict, name);
            name = apr_psprintf(pool, "%s_%d", alternative_names[i], ++j);
        }
    }
}

static int collect(void *names_of, const char *name, const char *value) {
    (void)value;
    if (clientcert_is_forwarded_header(name))
        APR_ARRAY_PUSH((apr_array_header_t *)names_of, const char *) = name;
    return 1;
}

/* What back ends could take for the certificate of a client must not come from the client. */
void variables_scrub(request_rec *request) {
    apr_array_header_t *found = apr_array_make(request->pool, 2, sizeof(const char *));

    apr_table_do(collect, found, request->headers_in, NULL);
    for (int i = 0; i < found->nelts; i++)
        apr_table_unset(request->headers_in, APR_ARRAY_IDX(found, i, const char *));
}

/* ClientCertForward: the headers that its dialect has, for a back end. A client who may not be forwarded has none. */
int variables_forward(request_rec *request, const clientcert_verdict *verdict) {
    const struct place *place = place_of(request);
    clientcert_headers *headers;
    clientcert_error *error = NULL;
    int32_t status;

    if (place->dialect < 0)
        return DECLINED;
    headers = clientcert_headers_new();
    status = clientcert_forward_headers(verdict, place->dialect, place->forwarded, headers, &error);
    for (size_t i = 0; status == CLIENTCERT_OK && i < clientcert_headers_count(headers); i++)
        apr_table_addn(request->headers_in, apr_pstrdup(request->pool, clientcert_headers_name(headers, i)),
                       apr_pstrdup(request->pool, clientcert_headers_value(headers, i, NULL)));
    clientcert_headers_free(headers);
    if (status != CLIENTCERT_OK && status != CLIENTCERT_NOT_ENTITLED)
        ap_log_rerror(APLOG_MARK, APLOG_ERR, 0, request, "clientcert: %s", clientcert_error_message(error));
    clientcert_error_free(error);
    return status == CLIENTCERT_OK || status == CLIENTCERT_NOT_ENTITLED ? DECLINED : HTTP_FORBIDDEN;
}

/* The verdict of a request, else of its connection; NULL where clientcert does not decide. */
static const clientcert_verdict *verdict_of(conn_rec *of, request_rec *request) {
    const struct request *mine = request == NULL ? NULL : request_of(request);
    const struct connection *connection;

    if (mine != NULL)
        return mine->verdict;
    connection = connection_of(request != NULL ? request->connection : of);
    return connection == NULL ? NULL : connection->verdict;
}

/* %{CLIENTCERT_…} in expressions: every variable of the library, and json. */
static const char *evaluate(ap_expr_eval_ctx_t *context, const void *name) {
    const clientcert_verdict *verdict = verdict_of(context->c, context->r);

    return verdict == NULL ? NULL : value_of(context->p, verdict, name);
}

/* %{SSL_CLIENT_VERIFY}: SSLRequire asks before mod_ssl can be told what the client is. */
static const char *evaluate_verify(ap_expr_eval_ctx_t *context, const void *name) {
    const clientcert_verdict *verdict = verdict_of(context->c, context->r);

    if (verdict != NULL)
        return value_of(context->p, verdict, name);
    return ap_ssl_var_lookup(context->p, context->s, context->c, context->r, name);
}

static int find_function(ap_expr_lookup_parms *wanted) {
    size_t length = sizeof(prefix) - 1;

    if (wanted->type != AP_EXPR_FUNC_VAR)
        return DECLINED;
    if (strncasecmp(wanted->name, prefix, length) == 0) {
        *wanted->func = evaluate;
        *wanted->data = own_name(wanted->pool, wanted->name + length);
        return OK;
    }
    if (strcmp(wanted->name, "SSL_CLIENT_VERIFY") == 0 && ap_find_linked_module("mod_ssl.c") != NULL) {
        *wanted->func = evaluate_verify;
        *wanted->data = "SSL_CLIENT_VERIFY";
        return OK;
    }
    return DECLINED;
}

/* SSL_CLIENT_VERIFY for the other modules that ask mod_ssl. */
static const char *find_verify(apr_pool_t *pool, server_rec *server, conn_rec *of, request_rec *request, const char *name) {
    const clientcert_verdict *verdict;

    (void)server;
    if (strcmp(name, "SSL_CLIENT_VERIFY") != 0 || (verdict = verdict_of(of, request)) == NULL)
        return NULL;
    return value_of(pool, verdict, name);
}

/* mod_ssl has put its own view there, by StdEnvVars. */
static int fix_verify(request_rec *request) {
    const struct request *of = request_of(request);

    if (of != NULL && apr_table_get(request->subprocess_env, "SSL_CLIENT_VERIFY") != NULL)
        apr_table_setn(request->subprocess_env, "SSL_CLIENT_VERIFY",
                       value_of(request->pool, of->verdict, "SSL_CLIENT_VERIFY"));
    return DECLINED;
}

void variables_register(apr_pool_t *pool) {
    static const char *const mod_ssl[] = {"mod_ssl.c", NULL}, *const mod_headers[] = {"mod_headers.c", NULL};

    (void)pool;
    ap_hook_expr_lookup(find_function, NULL, mod_ssl, APR_HOOK_FIRST);
    ap_hook_ssl_var_lookup(find_verify, NULL, NULL, APR_HOOK_FIRST);
    ap_hook_fixups(fix_verify, mod_ssl, mod_headers, APR_HOOK_MIDDLE);
}

/* What a request gets: the facts of the connection and the request go in, and clientcert says what to do. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <mod_core.h>

#include "mod_clientcert.h"

static const struct requirement nothing = {CLIENTCERT_REQUIREMENT_NONE, 0, -1, NULL};
static const struct requirement a_verified_client = {CLIENTCERT_REQUIREMENT_VERIFIED, 0, -1, NULL};

static const char page_filter[] = "CLIENTCERT_PAGE";
static const char log_out_cookie[] = "__Host-logged-out";

/* `none`, `certificate`, `verified` or `user NAME…`, and `strength=strong`, `max_age=SECONDS`. */
const char *requirement_parse(apr_pool_t *pool, const char *line, struct requirement **out) {
    static const char *const words[] = {"none", "certificate", "verified", "user"};
    struct requirement *required = apr_pcalloc(pool, sizeof(*required));
    const char *word = ap_getword_conf(pool, &line);
    int32_t what = 0;
    char *end;

    while (what < 4 && strcasecmp(words[what], word) != 0)
        what++;
    if (what == 4)
        return apr_pstrcat(pool, "what is required is none, certificate, verified or user, not '", word, "'", NULL);
    required->what = what;
    required->max_age = -1;
    required->users = apr_array_make(pool, 2, sizeof(const char *));
    for (word = ap_getword_conf(pool, &line); *word != '\0'; word = ap_getword_conf(pool, &line)) {
        if (strcasecmp(word, "strength=strong") == 0) {
            required->strong = 1;
        } else if (strncasecmp(word, "strength=", 9) == 0) {
            return "strength is strong, or not said";
        } else if (strncasecmp(word, "max_age=", 8) == 0) {
            required->max_age = apr_strtoi64(word + 8, &end, 10);
            if (end == word + 8 || *end != '\0' || required->max_age < 0)
                return "max_age takes seconds";
        } else if (what != CLIENTCERT_REQUIREMENT_USER) {
            return apr_pstrcat(pool, "only 'user' takes names, such as '", word, "'", NULL);
        } else {
            APR_ARRAY_PUSH(required->users, const char *) = word;
        }
    }
    if (what == CLIENTCERT_REQUIREMENT_NONE && (required->strong || required->max_age >= 0))
        return "'none' takes neither strength nor max_age";
    *out = required;
    return NULL;
}

/* Subrequests and internal redirects belong to the request of the client. NULL where clientcert does not decide. */
struct request *request_of(request_rec *request) {
    while (request != NULL) {
        struct request *of = ap_get_module_config(request->request_config, &clientcert_module);

        if (of != NULL)
            return of;
        request = request->prev != NULL ? request->prev : request->main;
    }
    return NULL;
}

const struct place *place_of(const request_rec *request) {
    return ap_get_module_config(request->per_dir_config, &clientcert_module);
}

/* Where a fact is not taken, because a client wrote what is no UTF-8, every decision about the request refuses it. */
static void text(clientcert_request *facts, int32_t field, const char *value) {
    if (value != NULL)
        (void)!clientcert_request_set_text(facts, field, value, strlen(value), NULL);
}

static void number(clientcert_request *facts, int32_t field, int64_t value) {
    (void)!clientcert_request_set_number(facts, field, value, NULL);
}

static int has_cookie(const request_rec *request, const char *name) {
    const char *at = apr_table_get(request->headers_in, "Cookie");
    size_t length = strlen(name);

    while (at != NULL) {
        at += strspn(at, " \t;,");
        if (strncmp(at, name, length) == 0 && at[length] == '=')
            return 1;
        at = strpbrk(at, ";,"); /* Apache joins fields of one name by commas */
    }
    return 0;
}

static int32_t http_version(const request_rec *request) {
    if (request->connection->master != NULL)
        return CLIENTCERT_HTTP_2;
    return request->proto_num >= HTTP_VERSION(1, 1) ? CLIENTCERT_HTTP_1_1 : CLIENTCERT_HTTP_1_0;
}

static apr_status_t decision_free(void *decision) {
    clientcert_decision_free(decision);
    return APR_SUCCESS;
}

/* What the server, or a place, says to a request: a decision that lives as long as the client's request. mod_ssl asks for
   late certificates, where SSLVerifyClient of a place says so: this module never does, so it does not say that the client
   could be asked. */
const clientcert_decision *decide(request_rec *request, const struct request *of, const struct requirement *required) {
    struct connection *connection = of == NULL ? NULL : of->connection;
    const struct host *host = host_of(request->server);
    const struct place *place = place_of(request);
    const apr_table_t *headers = request->headers_in;
    clientcert_request *facts;
    clientcert_decision *decision;

    if (connection == NULL || host->verifier == NULL)
        return NULL;
    facts = clientcert_request_new();
    number(facts, CLIENTCERT_REQUEST_REQUIREMENT, required->what);
    number(facts, CLIENTCERT_REQUEST_STRONG, required->strong);
    number(facts, CLIENTCERT_REQUEST_MAXIMUM_AGE, required->max_age);
    for (int i = 0; required->users != NULL && i < required->users->nelts; i++)
        text(facts, CLIENTCERT_REQUEST_USER, APR_ARRAY_IDX(required->users, i, const char *));
    number(facts, CLIENTCERT_REQUEST_TLS_VERSION, connection->tls_version);
    number(facts, CLIENTCERT_REQUEST_HTTP_VERSION, http_version(request));
    number(facts, CLIENTCERT_REQUEST_HANDSHAKE_TIME, connection->handshake_time);
    number(facts, CLIENTCERT_REQUEST_RESUMED, connection->resumed);
    number(facts, CLIENTCERT_REQUEST_REUSED, of->reused);
    number(facts, CLIENTCERT_REQUEST_ANSWERED_421, of->answered_421);
    number(facts, CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE, of->late);
    number(facts, CLIENTCERT_REQUEST_LATE, of->late ? CLIENTCERT_LATE_ANSWERED : CLIENTCERT_LATE_NOT_ASKED);
    number(facts, CLIENTCERT_REQUEST_LOG_OUT, place != NULL && place->log_out == 1 && required != &nothing);
    number(facts, CLIENTCERT_REQUEST_LOGGED_OUT, has_cookie(request, log_out_cookie));
    /* RFC 8470: of a proxy, whatever its value is. */
    number(facts, CLIENTCERT_REQUEST_EARLY_DATA, apr_table_get(headers, "Early-Data") != NULL);
    text(facts, CLIENTCERT_REQUEST_METHOD, request->method);
    text(facts, CLIENTCERT_REQUEST_TARGET, request->unparsed_uri);
    text(facts, CLIENTCERT_REQUEST_AUTHORITY, apr_table_get(headers, "Host"));
    text(facts, CLIENTCERT_REQUEST_VIRTUAL_HOST, request->server->server_hostname);
    text(facts, CLIENTCERT_REQUEST_SERVER_NAME, connection->server_name);
    text(facts, CLIENTCERT_REQUEST_ORIGIN, apr_table_get(headers, "Origin"));
    text(facts, CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_METHOD, apr_table_get(headers, "Access-Control-Request-Method"));
    text(facts, CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_HEADERS,
         apr_table_get(headers, "Access-Control-Request-Headers"));
    if (place != NULL && place->fallback != NULL && (place->fallback[0] == '/' || ap_is_url(place->fallback)))
        text(facts, CLIENTCERT_REQUEST_OTHER_LOGIN_URL, place->fallback);
    pthread_mutex_lock(&connection->lock);
    number(facts, CLIENTCERT_REQUEST_PREFLIGHT_OPENED, connection->preflight_opened);
    text(facts, CLIENTCERT_REQUEST_IDENTITY_BEFORE, connection->identity);
    pthread_mutex_unlock(&connection->lock);
    decision = clientcert_decide(host->verifier, connection->verdict, facts, CLIENTCERT_NOW);
    clientcert_request_free(facts);
    apr_pool_cleanup_register(of->pool, decision, decision_free, apr_pool_cleanup_null);
    return decision;
}

/* The request goes on, or is answered, and this is what the application learns. */
static void learn(request_rec *request, struct request *of, const clientcert_decision *decision) {
    of->verdict = clientcert_decision_verdict(decision);
    variables_set(request, of->verdict);
}

int goes_on(const clientcert_decision *decision) {
    int32_t action = clientcert_decision_action(decision);

    return action == CLIENTCERT_ACTION_ALLOW ||
           (action == CLIENTCERT_ACTION_PREFLIGHT && clientcert_decision_status(decision) == 0);
}

static void replace(char **place, const char *value) {
    free(*place);
    *place = value == NULL ? NULL : strdup(value);
}

/* What a request of the client leaves for the next one of its connection. */
static void remember(request_rec *request, const struct request *of, const clientcert_decision *decision) {
    struct connection *connection = of->connection;

    pthread_mutex_lock(&connection->lock);
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_PREFLIGHT)
        connection->preflight_opened |= !of->reused;
    else if (*clientcert_decision_identity(decision) != '\0')
        replace(&connection->identity, clientcert_decision_identity(decision));
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_MISDIRECTED)
        replace(&connection->answered_421, apr_table_get(request->headers_in, "Host"));
    pthread_mutex_unlock(&connection->lock);
    /* In HTTP/2 the connection belongs to another thread. */
    if (request->connection->master == NULL && !clientcert_decision_session_cacheable(decision))
        (void)!clientcert_openssl_keep_session(connection->ssl, 0);
}

/* Answers in place of the request: with the decision's status, headers and page. */
int answer(request_rec *request, struct request *of, const clientcert_decision *decision) {
    int status = clientcert_decision_status(decision);

    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, request, "clientcert: %s",
                  decision == NULL ? "no verdict" : clientcert_decision_audit(decision, NULL));
    for (size_t i = 0; i < clientcert_decision_header_count(decision); i++)
        if (strcasecmp(clientcert_decision_header_name(decision, i), "Connection") != 0)
            apr_table_addn(request->err_headers_out, clientcert_decision_header_name(decision, i),
                           clientcert_decision_header_value(decision, i, NULL));
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_LOG_OUT)
        apr_table_addn(request->err_headers_out, "Set-Cookie",
                       apr_pstrcat(request->pool, log_out_cookie, "=1; Path=/; Secure; HttpOnly; SameSite=None", NULL));
    if (clientcert_decision_closes(decision))
        request->connection->keepalive = AP_CONN_CLOSE;
    /* Apache 2.4 has no words for it, and would send 500. */
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_TOO_EARLY)
        request->status_line = "425 Too Early";
    if (of != NULL && decision != NULL) {
        of->answer = decision;
        learn(request, of, decision);
        remember(request, of, decision);
    }
    return ap_is_HTTP_VALID_RESPONSE(status) && status >= 200 ? status : HTTP_FORBIDDEN;
}

static int misdirected(request_rec *request) {
    ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, request,
                  "clientcert: the connection was made for a virtual host that verifies clients otherwise");
    return HTTP_MISDIRECTED_REQUEST;
}

/* Ahead of everything that a place could say: nobody goes on whose verdict is not accepted. */
int decision_read_request(request_rec *request) {
    const struct host *host = host_of(request->server);
    struct connection *connection = connection_of(request->connection);
    struct request *of = request_of(request);
    const clientcert_decision *decision;
    const char *authority = apr_table_get(request->headers_in, "Host");

    if (!ap_is_initial_req(request)) {
        if (of != NULL)
            variables_set(request, of->verdict);
        return DECLINED;
    }
    if (host->verifier != NULL)
        variables_scrub(request);
    if (connection == NULL)
        return DECLINED;
    connection_settle(request->connection, connection);
    if ((host->verifier != NULL) != connection->settled)
        return misdirected(request);
    if (host->verifier == NULL)
        return DECLINED;
    of = apr_pcalloc(request->pool, sizeof(*of));
    of->pool = request->pool;
    of->connection = connection;
    of->authorization = apr_table_get(request->headers_in, "Authorization");
    ap_set_module_config(request->request_config, &clientcert_module, of);
    pthread_mutex_lock(&connection->lock);
    of->reused = connection->requests++ > 0;
    of->answered_421 =
        connection->answered_421 != NULL && authority != NULL && strcmp(connection->answered_421, authority) == 0;
    pthread_mutex_unlock(&connection->lock);
    decision = decide(request, of, &nothing);
    if (!goes_on(decision))
        return answer(request, of, decision);
    learn(request, of, decision);
    remember(request, of, decision);
    return DECLINED;
}

static int is_required(const char *verify_client) {
    return verify_client != NULL && strcasecmp(verify_client, "require") == 0;
}

/* How far the pinned CA is from the client's certificate, as mod_ssl counts: only certificates of the path have an
   `anchor`. */
static int depth_of(const clientcert_verdict *verdict) {
    int depth = -1;

    for (const char *at = clientcert_verdict_json(verdict, NULL); at != NULL; at = strstr(at + 1, "\"anchor\":"))
        depth++;
    return depth - 1;
}

/* Whether a path is deeper than this place takes, where another place of the host takes a deeper one. */
static int is_too_deep(const request_rec *request, const struct request *of) {
    const struct host *host = host_of(request->server);
    const struct place *place = place_of(request);
    int limit = place->verify_depth;

    if (limit < 0 && host->deepest > policy_depth(host))
        limit = policy_depth(host);
    return limit >= 0 && (place->verify_client != NULL || setting_find(host->theirs, "SSLVerifyClient") != NULL) &&
           clientcert_verdict_verified(of->verdict) && depth_of(of->verdict) > limit;
}

/* What one requirement says; a request without a client of ours meets none. */
static int meet(request_rec *request, struct request *of, const struct requirement *required) {
    const clientcert_decision *decision;

    if (of == NULL && required->what == CLIENTCERT_REQUIREMENT_NONE)
        return DECLINED;
    decision = decide(request, of, required);
    if (!goes_on(decision))
        return answer(request, of, decision);
    learn(request, of, decision);
    return DECLINED;
}

/* What the place requires, whatever Satisfy and Require say. */
static int enforce(request_rec *request, struct request *of) {
    const struct place *place = place_of(request);
    int status = DECLINED;

    if (of != NULL && is_too_deep(request, of)) {
        ap_log_rerror(APLOG_MARK, APLOG_INFO, 0, request, "clientcert: the path is deeper than SSLVerifyDepth");
        return HTTP_FORBIDDEN;
    }
    if (is_required(place->verify_client) && host_of(request->server)->verifier != NULL)
        status = meet(request, of, &a_verified_client);
    if (status == DECLINED && place->required != NULL)
        status = meet(request, of, place->required);
    else if (status == DECLINED && place->log_out == 1 && of != NULL)
        status = meet(request, of, apr_pmemdup(request->pool, &nothing, sizeof(nothing)));
    if (status == DECLINED)
        apr_table_setn(request->notes, "clientcert-met", "1");
    return status;
}

/* mod_ssl asks again where SSLVerifyClient of a place is stricter than the handshake. Who is verified has nothing to add. */
int decision_before_mod_ssl(request_rec *request) {
    const struct request *of = request_of(request);

    /* In HTTP/2, too, where this is another thread than the connection's: mod_ssl sets it there itself, and would refuse. */
    if (of != NULL && of->connection->ssl != NULL && clientcert_verdict_verified(of->verdict))
        SSL_set_verify(of->connection->ssl,
                       SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT | SSL_VERIFY_CLIENT_ONCE,
                       SSL_get_verify_callback(of->connection->ssl));
    return DECLINED;
}

/* The client may have presented a certificate just now, and mod_ssl has overwritten what it believes of him. */
int decision_after_mod_ssl(request_rec *request) {
    struct request *of = request_of(request);

    if (of != NULL) {
        if (connection_settle(request->connection, of->connection)) {
            const clientcert_decision *decision;

            of->late = 1;
            decision = decide(request, of, &nothing);
            if (!goes_on(decision))
                return answer(request, of, decision);
            learn(request, of, decision);
            remember(request, of, decision);
        }
        if (request->connection->master == NULL)
            tls_tell_mod_ssl(of->connection);
        /* SSLUserName takes the name out of any certificate. */
        if (!clientcert_verdict_verified(of->verdict))
            request->user = NULL;
    }
    return enforce(request, of);
}

/* Ahead of the other fixups. Apache does not ask who may access where it believes to know that already: we do. */
int decision_fixups(request_rec *request) {
    struct request *of = request_of(request);

    if (apr_table_get(request->notes, "clientcert-met") == NULL) {
        int status = enforce(request, of);

        if (status != DECLINED)
            return status;
    }
    if (of == NULL)
        return DECLINED;
    of->denied = NULL;
    variables_set(request, of->verdict);
    if (of->granted && request->user == NULL && clientcert_verdict_verified(of->verdict)) {
        request->user = apr_pstrdup(request->pool, clientcert_verdict_get(of->verdict, "user", NULL));
        request->ap_auth_type = "ClientCert";
    }
    return variables_forward(request, of->verdict);
}

static apr_status_t send_page(ap_filter_t *filter, apr_bucket_brigade *brigade) {
    static const char *const types[] = {"text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"};
    const clientcert_decision **decision = filter->ctx;
    const char *accept = apr_table_get(filter->r->headers_in, "Accept"), *body;
    int32_t format = CLIENTCERT_BODY_TEXT;
    size_t length = 0;

    apr_brigade_cleanup(brigade);
    if (*decision == NULL) /* the page is out, and this is the rest of the one in its place */
        return APR_SUCCESS;
    if (accept != NULL && strstr(accept, "text/html") != NULL)
        format = CLIENTCERT_BODY_HTML;
    else if (accept != NULL && strstr(accept, "application/json") != NULL)
        format = CLIENTCERT_BODY_JSON;
    body = clientcert_decision_body(*decision, format, &length);
    *decision = NULL;
    ap_set_content_type(filter->r, types[format]);
    ap_set_content_length(filter->r, (apr_off_t)length);
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_pool_create(body, length, filter->r->pool, brigade->bucket_alloc));
    APR_BRIGADE_INSERT_TAIL(brigade, apr_bucket_eos_create(brigade->bucket_alloc));
    return ap_pass_brigade(filter->next, brigade);
}

/* When an error is sent: what `Require clientcert` has to say, and the page, where there is no ErrorDocument. */
void decision_error(request_rec *request) {
    struct request *of = request_of(request);
    const clientcert_decision **page;
    const char *type = ap_auth_type(request);
    size_t length = 0;

    if (of == NULL)
        return;
    /* mod_ssl refuses some late certificates itself, and others for what it alone knows. */
    if (of->answer == NULL && request->status == HTTP_FORBIDDEN && connection_settle(request->connection, of->connection)) {
        const clientcert_decision *late = decide(request, of, &a_verified_client);

        of->denied = goes_on(late) ? NULL : late;
    }
    if (of->answer == NULL && of->denied != NULL && request->status == HTTP_FORBIDDEN)
        request->status = answer(request, of, of->denied);
    /* A 401 without a challenge is none (RFC 9110 section 15.5.2). */
    if (request->status == HTTP_UNAUTHORIZED && type != NULL && strcasecmp(type, "ClientCert") == 0 &&
        apr_table_get(request->err_headers_out, "WWW-Authenticate") == NULL)
        request->status = HTTP_FORBIDDEN;
    if (of->answer == NULL || request->status != clientcert_decision_status(of->answer) ||
        clientcert_decision_body(of->answer, CLIENTCERT_BODY_TEXT, &length) == NULL || length == 0 ||
        ap_response_code_string(request, ap_index_of_response(request->status)) != NULL)
        return;
    page = apr_palloc(request->pool, sizeof(const clientcert_decision *));
    *page = of->answer;
    ap_add_output_filter(page_filter, (void *)page, request, request->connection);
}

void decision_register_filter(void) {
    ap_register_output_filter(page_filter, send_page, NULL, AP_FTYPE_CONTENT_SET);
}

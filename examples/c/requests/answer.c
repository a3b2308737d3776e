/* What a request gets: the facts of the connection and the request go in, and clientcert says what to do. */
#include <stdlib.h>
#include <string.h>

#include "requests.h"

/* The places of this server, and what each requires. */
static const struct place {
    const char *path;
    int32_t requirement;
    const char *other_login; /* where else a person can prove who he is */
    int log_out;
} places[] = {
    {"/", CLIENTCERT_REQUIREMENT_NONE, NULL, 0},
    {"/certificate", CLIENTCERT_REQUIREMENT_CERTIFICATE, NULL, 0},
    {"/verified", CLIENTCERT_REQUIREMENT_VERIFIED, NULL, 0},
    {"/user", CLIENTCERT_REQUIREMENT_USER, NULL, 0},
    {"/login-or-certificate", CLIENTCERT_REQUIREMENT_VERIFIED, "/log-in", 0},
    {"/log-in", CLIENTCERT_REQUIREMENT_NONE, NULL, 0},
    {"/log-out", CLIENTCERT_REQUIREMENT_NONE, NULL, 1},
};

/* Where another host sent the browser because it cannot ask for a certificate itself, whatever the path. */
static const struct place vouching = {"", CLIENTCERT_REQUIREMENT_VERIFIED, NULL, 0};

static const struct place *place_of(const char *target) {
    size_t length = strcspn(target, "?");

    if (is_question(target))
        return &vouching;
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strlen(places[i].path) == length && memcmp(places[i].path, target, length) == 0)
            return &places[i];
    return NULL;
}

/* Whether a method or a target is what HTTP lets it be (RFC 9110 section 5.6.2, RFC 3986): printable, and ASCII. */
int is_visible(const char *text) {
    while (*text > ' ' && *text < 127)
        text++;
    return *text == '\0';
}

void response_add(struct response *response, const char *name, const char *value) {
    if (response->header_count == sizeof(response->headers) / sizeof(response->headers[0]))
        fail("too many headers");
    response->headers[response->header_count].name = strdup(name);
    response->headers[response->header_count].value = strdup(value);
    response->header_count++;
}

void response_free(struct response *response) {
    for (size_t i = 0; i < response->header_count; i++) {
        free(response->headers[i].name);
        free(response->headers[i].value);
    }
    free(response->body);
    memset(response, 0, sizeof(*response));
}

void request_free(struct request *request) {
    free(request->method);
    free(request->target);
    free(request->authority);
    free(request->origin);
    free(request->access_control_request_method);
    free(request->access_control_request_headers);
    free(request->accept);
    free(request->cookie);
    memset(request, 0, sizeof(*request));
}

static void set_body(struct response *response, const char *type, const char *body, size_t length) {
    free(response->body);
    response->body = malloc(length + 1);
    if (response->body == NULL)
        fail("no memory");
    memcpy(response->body, body, length);
    response->length = length;
    response_add(response, "Content-Type", type);
}

/* The facts that clientcert decides by. What is not said counts as what refuses. */
struct facts {
    const struct host *host;   /* of the request */
    const struct place *place; /* NULL: there is none, which only those learn who may be here at all */
    const clientcert_verdict *verdict;
    int64_t handshake_time;
    int signed_in; /* the verdict comes from a cookie, not from the connection */
};

/* Where a fact is not taken, because a client wrote what is no UTF-8, every decision about the request refuses it. */
static void text_of(clientcert_request *facts, int32_t field, const char *value, size_t length) {
    if (value != NULL)
        (void)!clientcert_request_set_text(facts, field, value, length, NULL);
}

static void text(clientcert_request *facts, int32_t field, const char *value) {
    text_of(facts, field, value, value == NULL ? 0 : strlen(value));
}

static void number(clientcert_request *facts, int32_t field, int64_t value) {
    (void)!clientcert_request_set_number(facts, field, value, NULL);
}

static clientcert_decision *decide(const struct connection *connection, const struct request *request,
                                   const struct facts *known) {
    clientcert_request *facts = clientcert_request_new();
    clientcert_decision *decision;
    const char *nonce;
    size_t length = 0;

    number(facts, CLIENTCERT_REQUEST_REQUIREMENT,
           known->place == NULL ? CLIENTCERT_REQUIREMENT_NONE : known->place->requirement);
    number(facts, CLIENTCERT_REQUEST_TLS_VERSION, SSL_version(connection->ssl));
    number(facts, CLIENTCERT_REQUEST_HTTP_VERSION, request->http_version);
    number(facts, CLIENTCERT_REQUEST_HANDSHAKE_TIME, known->handshake_time);
    number(facts, CLIENTCERT_REQUEST_OFFERS_POST_HANDSHAKE_AUTH, connection->offers_post_handshake_auth);
    number(facts, CLIENTCERT_REQUEST_SECURE_RENEGOTIATION, SSL_get_secure_renegotiation_support(connection->ssl));
    number(facts, CLIENTCERT_REQUEST_LATE, connection->late);
    number(facts, CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE, request->before_certificate);
    number(facts, CLIENTCERT_REQUEST_RESUMED, SSL_session_reused(connection->ssl));
    number(facts, CLIENTCERT_REQUEST_REUSED, connection->requests > 1);
    number(facts, CLIENTCERT_REQUEST_PREFLIGHT_OPENED, connection->preflight_opened);
    number(facts, CLIENTCERT_REQUEST_BODY_READ, request->body);
    number(facts, CLIENTCERT_REQUEST_ANSWERED_421,
           connection->answered_421 != NULL && request->authority != NULL &&
               strcmp(connection->answered_421, request->authority) == 0);
    number(facts, CLIENTCERT_REQUEST_LOG_OUT, known->place != NULL && known->place->log_out);
    number(facts, CLIENTCERT_REQUEST_LOGGED_OUT, cookie_value(request->cookie, "__Host-logged-out", &length) != NULL);
    nonce = cookie_value(request->cookie, "__Host-clientcert", &length);
    text_of(facts, CLIENTCERT_REQUEST_NONCE, nonce, length);
    text(facts, CLIENTCERT_REQUEST_METHOD, request->method);
    text(facts, CLIENTCERT_REQUEST_TARGET, request->target);
    text(facts, CLIENTCERT_REQUEST_AUTHORITY, request->authority);
    text(facts, CLIENTCERT_REQUEST_VIRTUAL_HOST, known->host->name);
    text(facts, CLIENTCERT_REQUEST_SERVER_NAME, SSL_get_servername(connection->ssl, TLSEXT_NAMETYPE_host_name));
    text(facts, CLIENTCERT_REQUEST_ORIGIN, request->origin);
    text(facts, CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_METHOD, request->access_control_request_method);
    text(facts, CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_HEADERS, request->access_control_request_headers);
    if (known->place != NULL && known->place->other_login != NULL)
        text(facts, CLIENTCERT_REQUEST_OTHER_LOGIN_URL, known->place->other_login);
    if (!known->signed_in)
        text(facts, CLIENTCERT_REQUEST_IDENTITY_BEFORE, connection->identity);
    decision = clientcert_decide(known->host->verifier, known->verdict, facts, CLIENTCERT_NOW);
    clientcert_request_free(facts);
    return decision;
}

/* Who the client is, in words. The variables are escaped: what a client wrote itself is never printed as it came. */
static void describe(const clientcert_verdict *verdict, const struct request *request, struct response *response) {
    static const char *const outcomes[] = {"NONE", "SUCCESS", "FAILED"};
    int32_t outcome = clientcert_verdict_outcome(verdict);
    const char *subject = clientcert_verdict_get(verdict, "ssl_client_s_dn", NULL);
    const char *user = clientcert_verdict_get(verdict, "user", NULL);
    BIO *page = BIO_new(BIO_s_mem());
    char *bytes;
    long length;

    if (page == NULL)
        fail("no memory");
    BIO_printf(page, "outcome: %s\n", outcome >= 0 && outcome <= 2 ? outcomes[outcome] : "FAILED");
    if (subject != NULL && *subject != '\0')
        BIO_printf(page, "subject: %s\n", subject);
    if (user != NULL && *user != '\0')
        BIO_printf(page, "user: %s\n", user);
    BIO_printf(page, "method: %s\n", request->method);
    length = BIO_get_mem_data(page, &bytes);
    set_body(response, "text/plain; charset=utf-8", bytes, (size_t)length);
    response_add(response, "Cache-Control", "no-store");
    BIO_free(page);
}

/* The scripts of one other origin may read what is answered to them, and send the client's certificate. */
static void allow_origin(const struct connection *connection, const struct request *request,
                         struct response *response) {
    const char *origin = connection->server->origin;

    response_add(response, "Vary", "Origin");
    if (origin == NULL || request->origin == NULL || strcmp(origin, request->origin) != 0)
        return;
    response_add(response, "Access-Control-Allow-Origin", origin);
    response_add(response, "Access-Control-Allow-Credentials", "true");
}

/* What the server itself answers, now that the client may be here. The verdict is the decision's: what was looked at
   again now, and nobody's where the request is not to be attributed to the client. */
static void serve(const struct facts *known, const clientcert_verdict *verdict, const struct request *request,
                  struct response *response) {
    static const char login[] = "log-in page\n", nothing[] = "There is nothing here.\n";

    response->status = 200;
    if (known->place == NULL) {
        response->status = 404;
        set_body(response, "text/plain", nothing, sizeof(nothing) - 1);
    } else if (strcmp(known->place->path, "/log-in") == 0) {
        response_add(response, "Set-Cookie", "__Host-logged-out=; Path=/; Secure; Max-Age=0");
        set_body(response, "text/plain", login, sizeof(login) - 1);
    } else if (known->place == &vouching) {
        vouch(known->host, verdict, known->handshake_time, request, response);
    } else {
        describe(verdict, request, response);
    }
}

/* A preflight that was passed on: the server's own answer, which names no client (it carries no certificate). */
static void serve_preflight(const struct connection *connection, const struct request *request,
                            struct response *response) {
    response->status = 204;
    allow_origin(connection, request, response);
    response_add(response, "Access-Control-Allow-Methods", "PUT");
    response_add(response, "Access-Control-Allow-Headers", "Content-Type");
}

/* The answer that the library made: its status, its headers, and its page in the format that the client prefers. */
static void refuse(const clientcert_decision *decision, const struct request *request, struct response *response) {
    static const char *const types[] = {"text/plain; charset=utf-8", "text/html; charset=utf-8", "application/json"};
    int32_t format = CLIENTCERT_BODY_TEXT;
    size_t length = 0;
    const char *body;

    if (request->accept != NULL && strstr(request->accept, "text/html") != NULL)
        format = CLIENTCERT_BODY_HTML;
    else if (request->accept != NULL && strstr(request->accept, "application/json") != NULL)
        format = CLIENTCERT_BODY_JSON;
    response_free(response);
    response->status = clientcert_decision_status(decision);
    for (size_t i = 0; i < clientcert_decision_header_count(decision); i++)
        response_add(response, clientcert_decision_header_name(decision, i),
                     clientcert_decision_header_value(decision, i, NULL));
    body = clientcert_decision_body(decision, format, &length);
    if (length > 0)
        set_body(response, types[format], body, length);
}

/* One line for each request: neither spaces nor line ends are in a method or a target (is_visible). */
static void log_request(const struct connection *connection, const struct host *host, const struct request *request,
                        const clientcert_decision *decision) {
    const char *http = request->http_version == CLIENTCERT_HTTP_2     ? "HTTP/2"
                       : request->http_version == CLIENTCERT_HTTP_1_1 ? "HTTP/1.1"
                                                                      : "HTTP/1.0";

    printf("request %lu.%lu %s %s %s %s %s %s\n", connection->number, connection->requests,
           SSL_get_version(connection->ssl), http, host->name, request->method, request->target,
           clientcert_decision_audit(decision, NULL));
}

static void replace(char **place, const char *value) {
    free(*place);
    *place = value == NULL ? NULL : strdup(value);
}

/* What this request leaves for the next one of its connection. */
static void remember(struct connection *connection, const struct request *request, const struct facts *known,
                     const clientcert_decision *decision) {
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_PREFLIGHT)
        connection->preflight_opened |= connection->requests == 1;
    else if (!known->signed_in && *clientcert_decision_identity(decision) != '\0')
        replace(&connection->identity, clientcert_decision_identity(decision));
    if (clientcert_decision_action(decision) == CLIENTCERT_ACTION_MISDIRECTED)
        replace(&connection->answered_421, request->authority);
}

enum step answer(struct connection *connection, const struct request *request, struct response *response) {
    const struct host *host =
        host_named(connection->server, request->authority, request->authority == NULL ? 0 : strlen(request->authority));
    struct facts known = {.host = host, .place = place_of(request->target)};
    clientcert_verdict *signed_in = redeem(host, request, response);
    clientcert_decision *decision;
    enum step step = STEP_RESPOND;
    int32_t action;

    connection->requests += !request->before_certificate;
    known.handshake_time = clientcert_openssl_handshake_time(connection->ssl);
    if (signed_in == NULL)
        signed_in = sign_in_find(request->cookie, &known.handshake_time);
    known.signed_in = signed_in != NULL;
    known.verdict = known.signed_in ? signed_in : clientcert_openssl_verdict(connection->ssl);
    decision = decide(connection, request, &known);
    action = clientcert_decision_action(decision);
    log_request(connection, host, request, decision);
    remember(connection, request, &known, decision);

    if (action == CLIENTCERT_ACTION_ASK_RENEGOTIATE || action == CLIENTCERT_ACTION_ASK_POST_HANDSHAKE)
        step = STEP_ASK;
    else if (action == CLIENTCERT_ACTION_USE_HTTP_1_1)
        step = STEP_USE_HTTP_1_1;
    else if (action == CLIENTCERT_ACTION_PREFLIGHT && clientcert_decision_status(decision) == 0)
        serve_preflight(connection, request, response);
    else if (action != CLIENTCERT_ACTION_ALLOW)
        refuse(decision, request, response);
    else if (response->status == 0) /* no redirect of who came back just now */
        serve(&known, clientcert_decision_verdict(decision), request, response);
    if (step == STEP_RESPOND && action != CLIENTCERT_ACTION_PREFLIGHT)
        allow_origin(connection, request, response);
    if (action == CLIENTCERT_ACTION_LOG_OUT)
        response_add(response, "Set-Cookie", "__Host-logged-out=1; Path=/; Secure; HttpOnly; SameSite=None");
    response->closes = clientcert_decision_closes(decision);
    if (step == STEP_RESPOND) /* nothing but a ticket is at stake */
        (void)!clientcert_openssl_keep_session(connection->ssl, clientcert_decision_session_cacheable(decision));
    clientcert_decision_free(decision);
    clientcert_verdict_free(signed_in);
    return step;
}

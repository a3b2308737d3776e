/* Decisions: what a server in C does with a request, from the fields to the bytes that it sends. */

#include "common.h"

static clientcert_verifier *verifier_of(char **argv, const char *mode, const char *const (*options)[2], size_t count) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = config_with(argv, mode, "ca.pem");
    CHECK_OK(clientcert_config_set(config, "identity", "subject.cn", &error), error);
    for (size_t i = 0; i < count; i++)
        CHECK_OK(clientcert_config_set(config, options[i][0], options[i][1], &error), error);
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    return verifier;
}

static void text(clientcert_request *request, int32_t field, const char *value) {
    CHECK(clientcert_request_set_text(request, field, value, strlen(value), NULL) == CLIENTCERT_OK);
}

static void number(clientcert_request *request, int32_t field, int64_t value) {
    CHECK(clientcert_request_set_number(request, field, value, NULL) == CLIENTCERT_OK);
}

/* A usual request over HTTP/1.1 and TLS 1.3. */
static void fill(clientcert_request *request) {
    clientcert_request_clear(request);
    text(request, CLIENTCERT_REQUEST_METHOD, "GET");
    text(request, CLIENTCERT_REQUEST_SERVER_NAME, "www.example.com");
    text(request, CLIENTCERT_REQUEST_AUTHORITY, "www.example.com");
    text(request, CLIENTCERT_REQUEST_VIRTUAL_HOST, "www.example.com");
    text(request, CLIENTCERT_REQUEST_TARGET, "/a?b=c");
    number(request, CLIENTCERT_REQUEST_TLS_VERSION, 0x0304);
    number(request, CLIENTCERT_REQUEST_HTTP_VERSION, CLIENTCERT_HTTP_1_1);
    number(request, CLIENTCERT_REQUEST_HANDSHAKE_TIME, moment - 5);
}

/* The value of the first header of a name; NULL where there is none. */
static const char *header(const clientcert_decision *decision, const char *name) {
    for (size_t i = 0; i < clientcert_decision_header_count(decision); i++)
        if (equal(clientcert_decision_header_name(decision, i), name)) {
            size_t length = 0;
            const char *value = clientcert_decision_header_value(decision, i, &length);
            CHECK(value != NULL && strlen(value) == length);
            return value;
        }
    return NULL;
}

static void is_allowed(const clientcert_decision *decision) {
    size_t length = 9;
    CHECK(clientcert_decision_action(decision) == CLIENTCERT_ACTION_ALLOW);
    CHECK(clientcert_decision_status(decision) == 0);
    CHECK(clientcert_decision_header_count(decision) == 0);
    CHECK(clientcert_decision_header_name(decision, 0) == NULL);
    CHECK(clientcert_decision_body(decision, CLIENTCERT_BODY_HTML, &length) == NULL && length == 0);
    CHECK(clientcert_decision_cause(decision) == NULL);
    CHECK(clientcert_decision_alert(decision, 0x0304) == 0);
    CHECK(clientcert_decision_closes(decision) == 0);
    CHECK(clientcert_decision_http2_error(decision) == 0);
}

static void a_user_is_let_in_where_he_may(char **argv) {
    clientcert_verifier *verifier = verifier_of(argv, "optional", NULL, 0);
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    clientcert_request *request = clientcert_request_new();
    fill(request);
    clientcert_decision *decision = clientcert_decide(verifier, verdict, request, moment);
    is_allowed(decision);
    CHECK(clientcert_decision_session_cacheable(decision) == 1);
    CHECK(equal(clientcert_verdict_get(clientcert_decision_verdict(decision), "user", NULL), "alice"));
    CHECK(strstr(clientcert_decision_audit(decision, NULL), "\"user\":\"alice\"") != NULL);

    /* The identity goes back with the next request; another one ends the connection. */
    const char *identity = clientcert_decision_identity(decision);
    CHECK(strlen(identity) > 64);
    fill(request);
    text(request, CLIENTCERT_REQUEST_IDENTITY_BEFORE, identity);
    clientcert_decision_free(decision);
    decision = clientcert_decide(verifier, verdict, request, moment);
    is_allowed(decision);
    clientcert_decision_free(decision);
    text(request, CLIENTCERT_REQUEST_IDENTITY_BEFORE, "somebody");
    decision = clientcert_decide(verifier, verdict, request, moment);
    CHECK(clientcert_decision_action(decision) == CLIENTCERT_ACTION_REAUTHENTICATE);
    CHECK(clientcert_decision_closes(decision) == 1 && equal(header(decision, "Connection"), "close"));
    clientcert_decision_free(decision);

    fill(request);
    text(request, CLIENTCERT_REQUEST_USER, "bob");
    text(request, CLIENTCERT_REQUEST_USER, "carol");
    decision = clientcert_decide(verifier, verdict, request, moment);
    CHECK(clientcert_decision_action(decision) == CLIENTCERT_ACTION_FORBID);
    CHECK(clientcert_decision_status(decision) == 403);
    CHECK(equal(clientcert_decision_cause(decision), "user_not_allowed"));
    clientcert_decision_free(decision);
    text(request, CLIENTCERT_REQUEST_USER, "alice");
    decision = clientcert_decide(verifier, verdict, request, moment);
    is_allowed(decision);
    clientcert_decision_free(decision);
    clientcert_request_free(request);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void an_answer_outlives_what_it_was_made_of(char **argv) {
    clientcert_verifier *verifier = verifier_of(argv, "optional", NULL, 0);
    clientcert_verdict *verdict = verdict_on(argv, verifier, "expired.der");
    clientcert_request *request = clientcert_request_new();
    fill(request);
    number(request, CLIENTCERT_REQUEST_REQUIREMENT, CLIENTCERT_REQUIREMENT_NONE);
    number(request, CLIENTCERT_REQUEST_HANDSHAKE_OPEN, 1);
    clientcert_decision *decision = clientcert_decide(verifier, verdict, request, moment);
    clientcert_request_free(request);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);

    CHECK(clientcert_decision_action(decision) == CLIENTCERT_ACTION_FORBID);
    CHECK(clientcert_decision_status(decision) == 403);
    CHECK(equal(clientcert_decision_cause(decision), "certificate_expired"));
    CHECK(clientcert_decision_alert(decision, 0x0304) == 45 && clientcert_decision_alert(decision, 0x0303) == 45);
    CHECK(clientcert_decision_session_cacheable(decision) == 0);
    CHECK(equal(header(decision, "Cache-Control"), "no-store"));
    size_t length = 0;
    const char *page = clientcert_decision_body(decision, CLIENTCERT_BODY_TEXT, &length);
    CHECK(page != NULL && strlen(page) == length && strstr(page, "The certificate has expired.") != NULL);
    CHECK(strstr(clientcert_decision_body(decision, CLIENTCERT_BODY_HTML, NULL), "<h1>Forbidden</h1>") != NULL);
    CHECK(strstr(clientcert_decision_body(decision, CLIENTCERT_BODY_JSON, NULL), "\"403.17\"") != NULL);
    CHECK(clientcert_decision_body(decision, 3, &length) == NULL && length == 0);
    CHECK(clientcert_decision_body(decision, -1, NULL) == NULL);
    const char *audit = clientcert_decision_audit(decision, &length);
    CHECK(strlen(audit) == length && strchr(audit, '\n') == NULL);
    CHECK(audit == clientcert_decision_audit(decision, NULL));
    CHECK(strncmp(clientcert_decision_identity(decision), "unverified:", 11) == 0);
    clientcert_verdict *kept = clientcert_verdict_ref(clientcert_decision_verdict(decision));
    clientcert_decision_free(decision);
    CHECK(clientcert_verdict_outcome(kept) == CLIENTCERT_FAILED);
    clientcert_verdict_free(kept);
}

static void a_client_is_asked_late_or_sent_elsewhere(char **argv) {
    static const char *const options[][2] = {{"certificate_host", "certs.example.com"}};
    clientcert_verifier *verifier = verifier_of(argv, "deferred", options, 1);
    clientcert_verdict *nobody = clientcert_verify(verifier, NULL, 0, moment);
    clientcert_request *request = clientcert_request_new();
    static const struct {
        int64_t tls, http, offer, secure;
        int32_t action;
    } cases[] = {
        {0x0303, CLIENTCERT_HTTP_1_1, 0, 1, CLIENTCERT_ACTION_ASK_RENEGOTIATE},
        {0x0304, CLIENTCERT_HTTP_1_1, 1, 0, CLIENTCERT_ACTION_ASK_POST_HANDSHAKE},
        {0x0304, CLIENTCERT_HTTP_2, 1, 0, CLIENTCERT_ACTION_USE_HTTP_1_1},
        {0x0303, CLIENTCERT_HTTP_1_1, 0, 0, CLIENTCERT_ACTION_ASK_ELSEWHERE},
        {0x0304, CLIENTCERT_HTTP_1_1, 0, 0, CLIENTCERT_ACTION_ASK_ELSEWHERE},
        {0x0304, CLIENTCERT_HTTP_3, 0, 0, CLIENTCERT_ACTION_ASK_ELSEWHERE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fill(request);
        number(request, CLIENTCERT_REQUEST_TLS_VERSION, cases[i].tls);
        number(request, CLIENTCERT_REQUEST_HTTP_VERSION, cases[i].http);
        number(request, CLIENTCERT_REQUEST_OFFERS_POST_HANDSHAKE_AUTH, cases[i].offer);
        number(request, CLIENTCERT_REQUEST_SECURE_RENEGOTIATION, cases[i].secure);
        clientcert_decision *decision = clientcert_decide(verifier, nobody, request, moment);
        CHECK(clientcert_decision_action(decision) == cases[i].action);
        CHECK(clientcert_decision_http2_error(decision) == (cases[i].http == CLIENTCERT_HTTP_2 ? 0xdu : 0u));
        CHECK(equal(clientcert_decision_identity(decision), ""));
        if (cases[i].action == CLIENTCERT_ACTION_ASK_ELSEWHERE) {
            CHECK(clientcert_decision_status(decision) == 302);
            const char *location = header(decision, "Location");
            static const char start[] = "https://certs.example.com/a?b=c&clientcert_question=";
            CHECK(location != NULL && strncmp(location, start, sizeof start - 1) == 0);
            CHECK(strncmp(header(decision, "Set-Cookie"), "__Host-clientcert=", 18) == 0);
        } else {
            CHECK(clientcert_decision_status(decision) == 0);
        }
        clientcert_decision_free(decision);
    }

    /* The certificate came after the request. */
    clientcert_verdict *alice = verdict_on(argv, verifier, "good.der");
    fill(request);
    number(request, CLIENTCERT_REQUEST_LATE, CLIENTCERT_LATE_ANSWERED);
    number(request, CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE, 1);
    clientcert_decision *decision = clientcert_decide(verifier, alice, request, moment);
    CHECK(clientcert_decision_action(decision) == CLIENTCERT_ACTION_RESEND);
    CHECK(clientcert_decision_status(decision) == 307 && equal(header(decision, "Location"), "/a?b=c"));
    clientcert_decision_free(decision);
    number(request, CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE, 0);
    decision = clientcert_decide(verifier, alice, request, CLIENTCERT_NOW);
    is_allowed(decision);
    clientcert_decision_free(decision);
    clientcert_verdict_free(alice);
    clientcert_verdict_free(nobody);
    clientcert_request_free(request);
    clientcert_verifier_free(verifier);
}

static void a_field_that_was_refused_refuses_the_request(char **argv) {
    clientcert_verifier *verifier = verifier_of(argv, "optional", NULL, 0);
    clientcert_verdict *verdict = verdict_on(argv, verifier, "good.der");
    clientcert_request *request = clientcert_request_new();
    for (int which = 0; which < 5; which++) {
        clientcert_error *error = NULL;
        fill(request);
        int32_t status = which == 0   ? clientcert_request_set_number(request, CLIENTCERT_REQUEST_REQUIREMENT, 4, &error)
                         : which == 1 ? clientcert_request_set_number(request, CLIENTCERT_REQUEST_METHOD, 1, &error)
                         : which == 2 ? clientcert_request_set_text(request, CLIENTCERT_REQUEST_TLS_VERSION, "x", 1, &error)
                         : which == 3 ? clientcert_request_set_text(request, CLIENTCERT_REQUEST_USER, "\xff", 1, &error)
                                      : clientcert_request_set_text(request, CLIENTCERT_REQUEST_CHALLENGE, "a\r\nX: y", 7, &error);
        CHECK(status == CLIENTCERT_INVALID_ARGUMENT && clientcert_error_status(error) == status);
        clientcert_error_free(error);
        clientcert_decision *decision = clientcert_decide(verifier, verdict, request, moment);
        CHECK(clientcert_decision_action(decision) == CLIENTCERT_ACTION_FORBID);
        CHECK(equal(clientcert_decision_cause(decision), "internal_error"));
        clientcert_decision_free(decision);
    }
    fill(request);
    clientcert_decision *decision = clientcert_decide(verifier, verdict, request, moment);
    is_allowed(decision);
    clientcert_decision_free(decision);
    clientcert_request_free(request);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

/* Whatever a client writes ends as text, or as an escape. */
static void nothing_of_the_client_becomes_a_header(char **argv) {
    static const char hostile[] = "/<script>\r\nSet-Cookie: a=b\r\n\0\"\x7f";
    static const char *const options[][2] = {{"certificate_host", "certs.example.com"}};
    clientcert_verifier *verifier = verifier_of(argv, "deferred", options, 1);
    clientcert_verdict *nobody = clientcert_verify(verifier, NULL, 0, moment);
    clientcert_request *request = clientcert_request_new();
    fill(request);
    for (int32_t field = CLIENTCERT_REQUEST_METHOD; field <= CLIENTCERT_REQUEST_TARGET; field++)
        CHECK(clientcert_request_set_text(request, field, hostile, sizeof hostile - 1, NULL) == CLIENTCERT_OK);
    /* Who serves it is the server's to say; where the client alone names a host, nobody is sent elsewhere. */
    clientcert_decision *decision = clientcert_decide(verifier, nobody, request, moment);
    CHECK(clientcert_decision_action(decision) == CLIENTCERT_ACTION_FORBID);
    clientcert_decision_free(decision);
    text(request, CLIENTCERT_REQUEST_AUTHORITY, "www.example.com");
    text(request, CLIENTCERT_REQUEST_VIRTUAL_HOST, "*.example.com");
    decision = clientcert_decide(verifier, nobody, request, moment);
    CHECK(clientcert_decision_action(decision) == CLIENTCERT_ACTION_ASK_ELSEWHERE);
    for (size_t i = 0; i < clientcert_decision_header_count(decision); i++) {
        size_t length = 0;
        const char *value = clientcert_decision_header_value(decision, i, &length);
        for (size_t j = 0; j < length; j++)
            CHECK((unsigned char)value[j] >= 0x20 && (unsigned char)value[j] < 0x7f && value[j] != '<');
    }
    for (int32_t format = CLIENTCERT_BODY_TEXT; format <= CLIENTCERT_BODY_JSON; format++)
        CHECK(strstr(clientcert_decision_body(decision, format, NULL), "script") == NULL);
    size_t length = 0;
    const char *audit = clientcert_decision_audit(decision, &length);
    CHECK(strlen(audit) == length && strpbrk(audit, "\r\n") == NULL);
    clientcert_decision_free(decision);
    clientcert_request_free(request);
    clientcert_verdict_free(nobody);
    clientcert_verifier_free(verifier);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    a_user_is_let_in_where_he_may(argv);
    an_answer_outlives_what_it_was_made_of(argv);
    a_client_is_asked_late_or_sent_elsewhere(argv);
    a_field_that_was_refused_refuses_the_request(argv);
    nothing_of_the_client_becomes_a_header(argv);
    return 0;
}

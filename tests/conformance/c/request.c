#include "conformance.h"

#include <string.h>

#define FIELD(name, field) {name, CLIENTCERT_REQUEST_##field}

static const struct {
    const char *name;
    int32_t number;
} fields[] = {
    FIELD("users", USER),
    FIELD("method", METHOD),
    FIELD("origin", ORIGIN),
    FIELD("access_control_request_method", ACCESS_CONTROL_REQUEST_METHOD),
    FIELD("access_control_request_headers", ACCESS_CONTROL_REQUEST_HEADERS),
    FIELD("server_name", SERVER_NAME),
    FIELD("authority", AUTHORITY),
    FIELD("virtual_host", VIRTUAL_HOST),
    FIELD("target", TARGET),
    FIELD("other_login_url", OTHER_LOGIN_URL),
    FIELD("other_login_challenge", OTHER_LOGIN_CHALLENGE),
    FIELD("challenges", CHALLENGE),
    FIELD("identity_before", IDENTITY_BEFORE),
    FIELD("nonce", NONCE),
    FIELD("requirement", REQUIREMENT),
    FIELD("strong", STRONG),
    FIELD("maximum_age", MAXIMUM_AGE),
    FIELD("tls_version", TLS_VERSION),
    FIELD("http_version", HTTP_VERSION),
    FIELD("handshake_open", HANDSHAKE_OPEN),
    FIELD("handshake_time", HANDSHAKE_TIME),
    FIELD("offers_post_handshake_auth", OFFERS_POST_HANDSHAKE_AUTH),
    FIELD("secure_renegotiation", SECURE_RENEGOTIATION),
    FIELD("late", LATE),
    FIELD("arrived_before_certificate", ARRIVED_BEFORE_CERTIFICATE),
    FIELD("resumed", RESUMED),
    FIELD("reused", REUSED),
    FIELD("answered_421", ANSWERED_421),
    FIELD("preflight_opened", PREFLIGHT_OPENED),
    FIELD("early_data", EARLY_DATA),
    FIELD("body_read", BODY_READ),
    FIELD("log_out", LOG_OUT),
    FIELD("logged_out", LOGGED_OUT),
};

static void set_field(clientcert_request *request, int32_t field, json_t *value)
{
    clientcert_error *error = NULL;
    int64_t number = json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
    int32_t status;

    if (json_is_string(value))
        status = clientcert_request_set_text(request, field, json_string_value(value), json_string_length(value),
                                             &error);
    else
        status = clientcert_request_set_number(request, field, number, &error);
    if (status != CLIENTCERT_OK)
        give_up(clientcert_error_message(error));
}

json_t *decide(struct bench *bench, json_t *step)
{
    clientcert_request *request = clientcert_request_new();
    int64_t time = moment(step, "time");
    size_t index, i;
    const char *name;
    json_t *value, *item;

    json_object_foreach(json_object_get(step, "request"), name, value) {
        for (i = 0; i < COUNT(fields) && strcmp(fields[i].name, name) != 0;)
            i++;
        if (i == COUNT(fields))
            give_up(name);
        if (!json_is_array(value))
            set_field(request, fields[i].number, value);
        json_array_foreach(value, index, item)
            set_field(request, fields[i].number, item);
    }
    clientcert_decision *decision = clientcert_decide(bench->verifier, bench->verdict, request, time);
    json_t *answer = json_pack("{s:o}", "decision", decision_to_json(decision, bench->variables, time));
    clientcert_decision_free(decision);
    clientcert_request_free(request);
    return answer;
}

#include "conformance.h"

#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static unsigned int digit(char c)
{
    const char *place = c == 0 ? NULL : strchr(hexadecimal, c);
    if (place == NULL)
        give_up("bytes that are no hexadecimal");
    return (unsigned int)(place - hexadecimal);
}

unsigned char *unhex(json_t *value, size_t *length)
{
    const char *digits = json_string_value(value);
    size_t count = json_string_length(value) / 2;
    unsigned char *bytes = malloc(count + 1);

    if (bytes == NULL)
        give_up("no memory");
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]));
    bytes[count] = 0;
    *length = count;
    return bytes;
}

/* A moment that is missing is now. */
static int64_t moment(json_t *step, const char *name)
{
    json_t *value = json_object_get(step, name);
    return json_is_integer(value) ? json_integer_value(value) : CLIENTCERT_NOW;
}

static const char *string(json_t *step, const char *name)
{
    return json_string_value(json_object_get(step, name));
}

static json_t *outcome(int32_t status, clientcert_error *error)
{
    return status == CLIENTCERT_OK ? json_object() : json_pack("{s:o}", "error", error_to_json(status, error));
}

static json_t *keep(struct bench *bench, clientcert_verdict *verdict, json_t *step)
{
    clientcert_verdict_free(bench->former);
    bench->former = bench->verdict;
    bench->verdict = verdict;
    return json_pack("{s:o}", "verdict", verdict_to_json(verdict, bench->variables, moment(step, "time")));
}

static json_t *verify(struct bench *bench, json_t *step)
{
    unsigned char *chain = NULL;
    size_t total = 0, length, index;
    json_t *item;

    json_array_foreach(json_object_get(step, "chain"), index, item) {
        unsigned char *der = unhex(item, &length);
        chain = realloc(chain, total + length + 1);
        if (chain == NULL)
            give_up("no memory");
        memcpy(chain + total, der, length);
        total += length;
        free(der);
    }
    clientcert_verdict *verdict = clientcert_verify(bench->verifier, chain, total, moment(step, "time"));
    free(chain);
    return keep(bench, verdict, step);
}

static json_t *recheck(struct bench *bench, json_t *step)
{
    return keep(bench, clientcert_verdict_recheck(bench->verifier, bench->verdict, moment(step, "time")), step);
}

static json_t *resolve(struct bench *bench, json_t *step)
{
    const char *answer = string(step, "answer");
    return keep(bench,
                clientcert_verdict_resolve(bench->verifier, bench->verdict, (const uint8_t *)answer, strlen(answer),
                                           moment(step, "time")),
                step);
}

static json_t *ocsp(struct bench *bench, json_t *step)
{
    size_t length;
    size_t certificate = (size_t)json_integer_value(json_object_get(step, "certificate"));
    unsigned char *response = unhex(json_object_get(step, "response"), &length);
    clientcert_verdict *verdict = clientcert_verdict_ocsp_response(bench->verifier, bench->verdict, certificate,
                                                                   response, length, moment(step, "time"));
    free(response);
    return keep(bench, verdict, step);
}

static json_t *export_session(struct bench *bench, json_t *step)
{
    const char *host = string(step, "host");
    int64_t time = moment(step, "handshake_time");
    size_t length = clientcert_session_export(bench->verifier, bench->verdict, host, time, NULL, 0);
    unsigned char *record = malloc(length + 1);

    if (clientcert_session_export(bench->verifier, bench->verdict, host, time, record, length) != length)
        give_up("a record changed its length");
    json_t *answer = json_pack("{s:o}", "record", length == 0 ? json_null() : hex(record, length));
    free(record);
    return answer;
}

static json_t *resume_session(struct bench *bench, json_t *step)
{
    size_t length;
    int64_t handshake_time;
    unsigned char *record = unhex(json_object_get(step, "record"), &length);
    clientcert_verdict *verdict = clientcert_session_resume(bench->verifier, string(step, "host"), record, length,
                                                            moment(step, "time"), &handshake_time);
    json_t *answer = keep(bench, verdict, step);

    json_object_set_new(answer, "handshake_time", json_integer(handshake_time));
    free(record);
    return answer;
}

static void rename_headers(struct bench *bench, json_t *step)
{
    static const char *const roles[] = {"certificate", "chain", "verify", "by"};
    clientcert_error *error = NULL;

    for (size_t i = 0; i < COUNT(roles); i++)
        if (clientcert_headers_rename(bench->headers, CLIENTCERT_HEADER_CERTIFICATE + (int32_t)i,
                                      string(json_object_get(step, "names"), roles[i]), &error) != CLIENTCERT_OK)
            give_up(clientcert_error_message(error));
}

static json_t *forward(struct bench *bench, json_t *step)
{
    clientcert_error *error = NULL;

    rename_headers(bench, step);
    int32_t status = clientcert_forward_headers(
        bench->verdict, (int32_t)json_integer_value(json_object_get(step, "dialect")),
        (int32_t)json_integer_value(json_object_get(step, "what")), bench->headers, &error);
    json_t *answer = outcome(status, error);
    json_object_set_new(answer, "headers", headers_to_json(bench->headers));
    return answer;
}

/* Without headers of its own, a step reads those that were forwarded last. */
static json_t *verify_forwarded(struct bench *bench, json_t *step)
{
    json_t *headers = json_object_get(step, "headers"), *pair;
    clientcert_error *error = NULL;
    size_t index, length;

    rename_headers(bench, step);
    if (headers != NULL)
        clientcert_headers_clear(bench->headers);
    json_array_foreach(headers, index, pair) {
        unsigned char *value = unhex(json_array_get(pair, 1), &length);
        if (clientcert_headers_add(bench->headers, json_string_value(json_array_get(pair, 0)), (const char *)value,
                                   length, &error) != CLIENTCERT_OK)
            give_up(clientcert_error_message(error));
        free(value);
    }
    return keep(bench,
                clientcert_verify_forwarded(bench->verifier,
                                            (int32_t)json_integer_value(json_object_get(step, "dialect")),
                                            string(step, "peer"), bench->headers, moment(step, "time")),
                step);
}

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

static json_t *decide(struct bench *bench, json_t *step)
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

static json_t *policy(struct bench *bench, json_t *step)
{
    return json_pack("{s:o}", "policy", policy_to_json(bench->verifier, string(step, "host")));
}

static json_t *crls(struct bench *bench, json_t *step)
{
    return json_pack("{s:o}", "report", crls_to_json(bench->verifier, moment(step, "time")));
}

static json_t *reload(struct bench *bench, json_t *step)
{
    clientcert_error *error = NULL;
    (void)step;
    return outcome(clientcert_verifier_reload(bench->verifier, &error), error);
}

static json_t *confirms(struct bench *bench, json_t *step)
{
    const char *confirmation = string(step, "confirmation");
    return json_pack("{s:b}", "confirms",
                     (int)clientcert_verdict_confirms(bench->verdict, (const uint8_t *)confirmation,
                                                      strlen(confirmation)));
}

static json_t *ask_ticket(struct bench *bench, json_t *step)
{
    clientcert_ticket *ticket = NULL;
    clientcert_error *error = NULL;
    int32_t status = clientcert_ticket_new(bench->verifier, bench->verdict, string(step, "question"),
                                           moment(step, "handshake_time"), &ticket, &error);
    json_t *answer = outcome(status, error);

    if (status == CLIENTCERT_OK)
        json_object_set_new(answer, "location", text(clientcert_ticket_location(ticket, NULL)));
    clientcert_ticket_free(ticket);
    return answer;
}

static json_t *redeem_ticket(struct bench *bench, json_t *step)
{
    int64_t handshake_time;
    clientcert_verdict *verdict =
        clientcert_ticket_redeem(bench->verifier, string(step, "ticket"), string(step, "host"), string(step, "nonce"),
                                 moment(step, "time"), &handshake_time);
    json_t *answer = keep(bench, verdict, step);

    json_object_set_new(answer, "handshake_time", json_integer(handshake_time));
    return answer;
}

static int32_t change_registry(struct bench *bench, clientcert_registry *registry, json_t *step,
                               clientcert_error **error)
{
    const char *verb = string(step, "verb"), *user = string(step, "user"), *label = string(step, "label");
    const char *key = string(step, "key"), *fields = string(step, "fields");
    size_t length;

    if (strcmp(verb, "enrol_verdict") == 0)
        return clientcert_registry_enrol_verdict(registry, bench->verdict, user, label, error);
    if (strcmp(verb, "renew_beside") == 0)
        return clientcert_registry_renew_beside(registry, bench->verdict, bench->former, label, error);
    if (strcmp(verb, "enrol_fingerprint") == 0)
        return clientcert_registry_enrol_fingerprint(registry, user, key, fields, error);
    if (strcmp(verb, "used") == 0)
        return clientcert_registry_used(registry, key, moment(step, "time"), error);
    if (strcmp(verb, "enrol_certificate") == 0 || strcmp(verb, "renew_signed") == 0 || strcmp(verb, "import") == 0) {
        unsigned char *data = unhex(json_object_get(step, "data"), &length);
        int32_t status =
            strcmp(verb, "import") == 0
                ? clientcert_registry_import(registry, string(step, "format"), data, length, user, error)
            : strcmp(verb, "renew_signed") == 0
                ? clientcert_registry_renew_signed(registry, bench->verdict, data, length, label, error)
                : clientcert_registry_enrol_certificate(registry, user, data, length, fields, error);
        free(data);
        return status;
    }
    return clientcert_registry_change(registry, verb, string(step, "subject"), string(step, "value"), error);
}

/* Changes the registry of the verifier, and lists what is then in it. */
static json_t *change(struct bench *bench, json_t *step)
{
    clientcert_registry *registry = clientcert_verifier_registry(bench->verifier);
    clientcert_error *error = NULL;
    const char *list = NULL;

    if (clientcert_registry_act_as(registry, string(step, "actor"), &error) != CLIENTCERT_OK)
        give_up(clientcert_error_message(error));
    int32_t status = change_registry(bench, registry, step, &error);
    json_t *answer = outcome(status, error);
    json_object_set_new(answer, "audit", json_loads(clientcert_registry_audit(registry), 0, NULL));
    error = NULL;
    if (clientcert_registry_list(registry, "all", NULL, &list, &error) != CLIENTCERT_OK)
        give_up(clientcert_error_message(error));
    json_object_set_new(answer, "list", json_loads(list, 0, NULL));
    clientcert_registry_free(registry);
    return answer;
}

static json_t *list(struct bench *bench, json_t *step)
{
    clientcert_registry *registry = clientcert_verifier_registry(bench->verifier);
    const char *what = string(step, "what"), *found = NULL;
    clientcert_error *error = NULL;

    int32_t status = clientcert_registry_list(registry, what, string(step, "value"), &found, &error);
    json_t *answer = outcome(status, error);
    if (status == CLIENTCERT_OK)
        json_object_set_new(answer, "list", strcmp(what, "text") == 0 ? text(found) : json_loads(found, 0, NULL));
    clientcert_registry_free(registry);
    return answer;
}

static json_t *statistics(struct bench *bench, json_t *step)
{
    json_t *numbers = json_array();

    (void)step;
    for (int32_t i = CLIENTCERT_STATISTIC_HITS; i <= CLIENTCERT_STATISTIC_CAPACITY; i++)
        json_array_append_new(numbers, json_integer((json_int_t)clientcert_verifier_statistic(bench->verifier, i)));
    return json_pack("{s:o}", "statistics", numbers);
}

static json_t *refresh(struct bench *bench, json_t *step)
{
    clientcert_error *error = NULL;
    int32_t changed;
    (void)step;
    int32_t status = clientcert_verifier_refresh(bench->verifier, &changed, &error);
    json_t *answer = outcome(status, error);

    json_object_set_new(answer, "changed", json_boolean(changed));
    return answer;
}

json_t *take_step(struct bench *bench, json_t *step)
{
    static const struct {
        const char *name;
        json_t *(*take)(struct bench *, json_t *);
    } steps[] = {
        {"verify", verify},
        {"recheck", recheck},
        {"resolve", resolve},
        {"ocsp", ocsp},
        {"export_session", export_session},
        {"resume_session", resume_session},
        {"forward", forward},
        {"verify_forwarded", verify_forwarded},
        {"decide", decide},
        {"policy", policy},
        {"crls", crls},
        {"reload", reload},
        {"refresh", refresh},
        {"statistics", statistics},
        {"confirms", confirms},
        {"ticket", ask_ticket},
        {"redeem_ticket", redeem_ticket},
        {"registry", change},
        {"list", list},
    };

    for (size_t i = 0; i < COUNT(steps); i++)
        if (strcmp(steps[i].name, string(step, "do")) == 0)
            return steps[i].take(bench, step);
    give_up("a step that is none");
    return NULL;
}

json_t *describe_library(json_t *asked)
{
    json_t *options = json_array(), *reasons = json_array(), *dialects = json_array(), *headers = json_array();
    json_t *removed = json_array(), *name;
    size_t index;

    for (size_t i = 0; i < clientcert_option_count(); i++)
        json_array_append_new(options, json_pack("[s,s,s,s]", clientcert_option_name(i), clientcert_option_type(i),
                                                 clientcert_option_default(i), clientcert_option_help(i)));
    for (size_t i = 0; i < clientcert_reason_count(); i++) {
        int32_t code = clientcert_reason_at(i);
        json_array_append_new(reasons,
                              json_pack("[i,s,s,s,i,i,i,i,i]", (int)code, clientcert_reason_name(code),
                                        clientcert_reason_text(code), clientcert_reason_x509_name(code),
                                        (int)clientcert_reason_x509_error(code),
                                        (int)clientcert_reason_alert(code, 0x0303),
                                        (int)clientcert_reason_alert(code, 0x0304),
                                        (int)clientcert_reason_nginx_status(code),
                                        (int)clientcert_reason_iis_substatus(code)));
    }
    for (int32_t i = CLIENTCERT_DIALECT_RFC9440; i <= CLIENTCERT_DIALECT_PROXY_PROTOCOL; i++)
        json_array_append_new(dialects,
                              json_pack("[i,s,s]", (int)i, clientcert_dialect_name(i), clientcert_dialect_vary(i)));
    for (size_t i = 0; clientcert_forwarded_header_at(i) != NULL; i++)
        json_array_append_new(headers, text(clientcert_forwarded_header_at(i)));
    json_array_foreach(asked, index, name)
        json_array_append_new(removed, json_boolean(clientcert_is_forwarded_header(json_string_value(name))));
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o}", "version", clientcert_version(), "options", options, "reasons",
                     reasons, "dialects", dialects, "forwarded_headers", headers, "removed", removed);
}

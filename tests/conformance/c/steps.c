#include "conformance.h"

#include <stdlib.h>
#include <string.h>

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
        {"registry", change_registry},
        {"list", list_registry},
    };

    for (size_t i = 0; i < COUNT(steps); i++)
        if (strcmp(steps[i].name, string(step, "do")) == 0)
            return steps[i].take(bench, step);
    give_up("a step that is none");
    return NULL;
}

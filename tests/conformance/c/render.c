#include "conformance.h"

#define TLS_1_2 0x0303
#define TLS_1_3 0x0304

static json_t *reasons(const clientcert_verdict *verdict)
{
    json_t *list = json_array();
    size_t count = clientcert_verdict_reason_count(verdict);

    for (size_t i = 0; i < count; i++) {
        int32_t code = clientcert_verdict_reason(verdict, i);
        json_t *reason = json_pack(
            "{s:i, s:s, s:i, s:i, s:b}", "code", (int)code, "name", clientcert_reason_name(code), "depth",
            (int)clientcert_verdict_reason_depth(verdict, i), "certificate",
            (int)clientcert_verdict_reason_certificate(verdict, i), "tolerated",
            (int)clientcert_verdict_reason_tolerated(verdict, i));
        json_object_set_new(reason, "detail", text(clientcert_verdict_reason_detail(verdict, i)));
        json_array_append_new(list, reason);
    }
    return list;
}

static json_t *questions(const clientcert_verdict *verdict)
{
    json_t *list = json_array();
    size_t count = clientcert_verdict_ocsp_count(verdict), length;

    for (size_t i = 0; i < count; i++) {
        const uint8_t *request = clientcert_verdict_ocsp_request(verdict, i, &length);
        json_array_append_new(list, json_pack("{s:s, s:i, s:o}", "url", clientcert_verdict_ocsp_url(verdict, i),
                                              "certificate", (int)clientcert_verdict_ocsp_certificate(verdict, i),
                                              "request", hex(request, length)));
    }
    return list;
}

json_t *verdict_to_json(const clientcert_verdict *verdict, json_t *names, int64_t time)
{
    json_t *certificates = json_array(), *variables = json_object(), *name;
    size_t length, i, count = clientcert_verdict_certificate_count(verdict);

    for (i = 0; i < count; i++) {
        const uint8_t *der = clientcert_verdict_certificate(verdict, i, &length);
        json_array_append_new(certificates, hex(der, length));
    }
    json_array_foreach(names, i, name) {
        const char *value = clientcert_verdict_get_at(verdict, json_string_value(name), time, &length);
        if (value != NULL)
            json_object_set_new(variables, json_string_value(name), hex(value, length));
    }
    const uint8_t *identity = clientcert_verdict_policy_identity(verdict, &length);
    json_t *value = json_pack(
        "{s:i, s:b, s:b, s:o, s:[i,i], s:i, s:i, s:I, s:o, s:o, s:o, s:o, s:s}", "outcome",
        (int)clientcert_verdict_outcome(verdict), "verified", (int)clientcert_verdict_verified(verdict), "accepted",
        (int)clientcert_verdict_accepted(verdict), "reasons", reasons(verdict), "alerts",
        (int)clientcert_verdict_alert(verdict, TLS_1_2), (int)clientcert_verdict_alert(verdict, TLS_1_3), "x509_error",
        (int)clientcert_verdict_x509_error(verdict), "nginx_status", (int)clientcert_verdict_nginx_status(verdict),
        "valid_until", (json_int_t)clientcert_verdict_valid_until(verdict), "policy_identity", hex(identity, length),
        "certificates", certificates, "questions", questions(verdict), "variables", variables, "json",
        clientcert_verdict_json(verdict, NULL));
    if (value == NULL)
        give_up("a verdict cannot be written");
    return value;
}

json_t *decision_to_json(const clientcert_decision *decision, json_t *variables, int64_t time)
{
    json_t *headers = json_array(), *bodies = json_array();
    size_t length, count = clientcert_decision_header_count(decision);

    for (size_t i = 0; i < count; i++)
        json_array_append_new(headers, json_pack("[s,s]", clientcert_decision_header_name(decision, i),
                                                 clientcert_decision_header_value(decision, i, &length)));
    for (int format = CLIENTCERT_BODY_TEXT; format <= CLIENTCERT_BODY_JSON; format++)
        json_array_append_new(bodies, text(clientcert_decision_body(decision, format, &length)));
    json_t *value = json_pack(
        "{s:i, s:i, s:o, s:o, s:o, s:[i,i], s:b, s:b, s:I, s:s, s:s, s:o}", "action",
        (int)clientcert_decision_action(decision), "status", (int)clientcert_decision_status(decision), "headers",
        headers, "bodies", bodies, "cause", text(clientcert_decision_cause(decision)), "alerts",
        (int)clientcert_decision_alert(decision, TLS_1_2), (int)clientcert_decision_alert(decision, TLS_1_3), "closes",
        (int)clientcert_decision_closes(decision), "session_cacheable",
        (int)clientcert_decision_session_cacheable(decision), "http2_error",
        (json_int_t)clientcert_decision_http2_error(decision), "identity", clientcert_decision_identity(decision),
        "audit", clientcert_decision_audit(decision, &length), "verdict",
        verdict_to_json(clientcert_decision_verdict(decision), variables, time));
    if (value == NULL)
        give_up("a decision cannot be written");
    return value;
}

json_t *headers_to_json(const clientcert_headers *headers)
{
    json_t *list = json_array();
    size_t length, count = clientcert_headers_count(headers);

    for (size_t i = 0; i < count; i++) {
        const char *value = clientcert_headers_value(headers, i, &length);
        json_array_append_new(list, json_pack("[s,o]", clientcert_headers_name(headers, i), hex(value, length)));
    }
    return list;
}

json_t *policy_to_json(const clientcert_verifier *verifier, const char *host)
{
    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    json_t *warnings = json_array(), *names = json_array();
    uint8_t session_identity[32];
    clientcert_error *error = NULL;
    size_t length;

    for (size_t i = 0; i < clientcert_policy_warning_count(policy); i++)
        json_array_append_new(warnings, text(clientcert_policy_warning(policy, i)));
    for (size_t i = 0; i < clientcert_policy_ca_name_count(policy); i++) {
        const uint8_t *name = clientcert_policy_ca_name(policy, i, &length);
        json_array_append_new(names, hex(name, length));
    }
    if (clientcert_verifier_policy_id(verifier, host, session_identity, &error) != CLIENTCERT_OK)
        give_up(clientcert_error_message(error));
    const uint8_t *identity = clientcert_policy_identity(policy, &length);
    json_t *value = json_pack("{s:i, s:i, s:o, s:o, s:o, s:o}", "mode", (int)clientcert_policy_mode(policy),
                              "enforcement", (int)clientcert_policy_enforcement(policy), "identity",
                              hex(identity, length), "session_identity",
                              hex(session_identity, sizeof session_identity), "warnings", warnings, "ca_names", names);
    clientcert_policy_free(policy);
    return value;
}

json_t *crls_to_json(const clientcert_verifier *verifier, int64_t time)
{
    static const char *const attributes[] = {"issuer", "number", "this_update", "next_update", "delta", "verified",
                                             "entries", "source", "age", "seconds_left"};
    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    clientcert_crl_report *report = clientcert_policy_crl_report(policy, time);
    json_t *list = json_array();
    size_t length;

    for (size_t i = 0; i < clientcert_crl_report_count(report); i++) {
        json_t *crl = json_object();
        for (size_t k = 0; k < sizeof attributes / sizeof attributes[0]; k++)
            json_object_set_new(crl, attributes[k], text(clientcert_crl_report_get(report, i, attributes[k], &length)));
        json_array_append_new(list, crl);
    }
    json_t *value = json_pack("{s:o, s:s}", "crls", list, "metrics", clientcert_crl_report_metrics(report, &length));
    clientcert_crl_report_free(report);
    clientcert_policy_free(policy);
    return value;
}

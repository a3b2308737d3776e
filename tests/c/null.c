/* NULL at every pointer of every function: a refusal or nothing, never a crash. */

#include "common.h"

/* A place that a call must have emptied. */
static size_t length;
#define EMPTIED(call) (length = 99, (call) == NULL && length == 0)

static void errors(void) {
    CHECK(clientcert_error_status(NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(equal(clientcert_error_message(NULL), ""));
    clientcert_error_free(NULL);
}

static void configs(char **argv) {
    clientcert_config *config = clientcert_config_new();
    clientcert_error *error = NULL;
    CHECK(clientcert_config_set(NULL, "mode", "off", NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_config_set(config, NULL, "off", NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_config_set(config, "mode", NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_config_set(NULL, NULL, NULL, &error) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_error_status(error) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(strstr(clientcert_error_message(error), "config") != NULL);
    clientcert_error_free(error);

    CHECK(clientcert_config_set_bytes(NULL, "ca", (const uint8_t *)"", 0, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_config_set_bytes(config, NULL, (const uint8_t *)"", 0, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_config_set_bytes(config, "ca", NULL, 1, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_config_set_bytes(config, "ca", NULL, 0, NULL) != CLIENTCERT_INVALID_ARGUMENT);

    char *path = path_of(argv, "config.toml");
    CHECK(clientcert_config_load(NULL, path, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_config_load(config, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    free(path);

    CHECK(EMPTIED(clientcert_config_dump(NULL, &length)));
    CHECK(clientcert_config_dump(NULL, NULL) == NULL);
    CHECK(clientcert_config_dump(config, NULL) != NULL);
    clientcert_config_free(config);
    clientcert_config_free(NULL);
}

static void verifiers(char **argv) {
    clientcert_config *config = config_with(argv, "require", "ca.pem");
    clientcert_verifier *verifier = (clientcert_verifier *)config;
    int32_t changed = -1;
    CHECK(clientcert_verifier_new(config, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_verifier_new(NULL, &verifier, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(verifier == NULL);
    CHECK(clientcert_verifier_new(NULL, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_verifier_new(config, &verifier, NULL) == CLIENTCERT_OK);
    clientcert_config_free(config);

    CHECK(clientcert_verifier_ref(NULL) == NULL);
    CHECK(clientcert_verifier_reload(NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_verifier_reload(verifier, NULL) == CLIENTCERT_OK);
    CHECK(clientcert_verifier_refresh(NULL, &changed, NULL) == CLIENTCERT_INVALID_ARGUMENT && changed == 0);
    CHECK(clientcert_verifier_refresh(NULL, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_verifier_refresh(verifier, NULL, NULL) == CLIENTCERT_OK);
    CHECK(clientcert_verifier_unread(NULL) == UINT64_MAX);
    CHECK(clientcert_verifier_statistic(NULL, CLIENTCERT_STATISTIC_HITS) == 0);
    CHECK(clientcert_verifier_policy(NULL) == NULL);

    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    CHECK(clientcert_policy_identity(policy, NULL) != NULL);
    CHECK(clientcert_policy_ca_name(policy, 0, NULL) != NULL);
    clientcert_policy_free(policy);
    clientcert_verifier_free(verifier);
    clientcert_verifier_free(NULL);
}

static void policies(void) {
    CHECK(clientcert_policy_mode(NULL) == CLIENTCERT_MODE_REQUIRE);
    CHECK(clientcert_policy_enforcement(NULL) == CLIENTCERT_ENFORCEMENT_HANDSHAKE);
    CHECK(EMPTIED(clientcert_policy_identity(NULL, &length)));
    CHECK(clientcert_policy_identity(NULL, NULL) == NULL);
    CHECK(clientcert_policy_warning_count(NULL) == 0);
    CHECK(clientcert_policy_warning(NULL, 0) == NULL);
    CHECK(clientcert_policy_ca_name_count(NULL) == 0);
    CHECK(EMPTIED(clientcert_policy_ca_name(NULL, 0, &length)));
    CHECK(clientcert_policy_ca_name(NULL, 0, NULL) == NULL);
    clientcert_policy_free(NULL);
    CHECK(clientcert_policy_crl_report(NULL, CLIENTCERT_NOW) == NULL);
}

static void crls(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "require");
    clientcert_policy *policy = clientcert_verifier_policy(verifier);
    clientcert_crl_report *report = clientcert_policy_crl_report(policy, moment);
    CHECK(report != NULL && clientcert_crl_report_count(report) == 0);
    CHECK(EMPTIED(clientcert_crl_report_get(report, 0, "issuer", &length)));
    CHECK(clientcert_crl_report_get(report, 0, NULL, NULL) == NULL);
    CHECK(clientcert_crl_report_metrics(report, NULL) != NULL);
    clientcert_crl_report_free(report);
    clientcert_policy_free(policy);
    clientcert_verifier_free(verifier);

    CHECK(clientcert_crl_report_count(NULL) == 0);
    CHECK(EMPTIED(clientcert_crl_report_get(NULL, 0, NULL, &length)));
    CHECK(EMPTIED(clientcert_crl_report_metrics(NULL, &length)));
    clientcert_crl_report_free(NULL);
}

/* NULL in the place of every handle, and of every text. */
static void registries(void) {
    clientcert_registry *registry = NULL;
    const char *text = NULL;
    CHECK(clientcert_registry_new(NULL, &registry, NULL) == CLIENTCERT_INVALID_ARGUMENT && registry == NULL);
    CHECK(clientcert_registry_new("memory:", NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_verifier_registry(NULL) == NULL);
    CHECK(clientcert_registry_new("memory:", &registry, NULL) == CLIENTCERT_OK);
    clientcert_registry *handles[] = {NULL, registry};
    for (size_t i = 0; i < sizeof handles / sizeof handles[0]; i++) {
        clientcert_registry *handle = handles[i];
        CHECK(clientcert_registry_act_as(handle, NULL, NULL) != CLIENTCERT_OK);
        CHECK(clientcert_registry_enrol_verdict(handle, NULL, NULL, NULL, NULL) != CLIENTCERT_OK);
        CHECK(clientcert_registry_enrol_certificate(handle, NULL, NULL, 1, NULL, NULL) != CLIENTCERT_OK);
        CHECK(clientcert_registry_enrol_fingerprint(handle, NULL, NULL, NULL, NULL) != CLIENTCERT_OK);
        CHECK(clientcert_registry_renew_beside(handle, NULL, NULL, NULL, NULL) != CLIENTCERT_OK);
        CHECK(clientcert_registry_renew_signed(handle, NULL, NULL, 1, NULL, NULL) != CLIENTCERT_OK);
        CHECK(clientcert_registry_change(handle, NULL, NULL, NULL, NULL) != CLIENTCERT_OK);
        CHECK(clientcert_registry_used(handle, NULL, moment, NULL) != CLIENTCERT_OK);
        CHECK(clientcert_registry_import(handle, NULL, NULL, 1, NULL, NULL) != CLIENTCERT_OK);
        CHECK(clientcert_registry_list(handle, NULL, NULL, &text, NULL) != CLIENTCERT_OK && text == NULL);
        CHECK(clientcert_registry_list(handle, "all", NULL, NULL, NULL) != CLIENTCERT_OK);
    }
    CHECK(clientcert_registry_audit(NULL) == NULL);
    CHECK(clientcert_verdict_confirms(NULL, NULL, 0) == 0);
    CHECK(clientcert_verdict_confirms(NULL, NULL, 1) == 0);
    clientcert_registry_free(registry);
    clientcert_registry_free(NULL);
}

/* A verdict that nobody could give: what NULL reads as, and what clientcert_verify returns for NULL. */
static void is_a_refusal(const clientcert_verdict *verdict) {
    CHECK(clientcert_verdict_verified(verdict) == 0);
    CHECK(clientcert_verdict_accepted(verdict) == 0);
    CHECK(clientcert_verdict_outcome(verdict) == CLIENTCERT_FAILED);
    CHECK(clientcert_verdict_reason_count(verdict) == 1);
    CHECK(clientcert_verdict_reason(verdict, 0) == CLIENTCERT_REASON_INTERNAL_ERROR);
    CHECK(clientcert_verdict_reason(verdict, 1) == 0);
    CHECK(clientcert_verdict_reason_depth(verdict, 0) == -1);
    CHECK(clientcert_verdict_reason_certificate(verdict, 0) == CLIENTCERT_CULPRIT_NONE);
    CHECK(clientcert_verdict_reason_tolerated(verdict, 0) == 0);
    CHECK(clientcert_verdict_reason_detail(verdict, 1) == NULL);
    CHECK(clientcert_verdict_alert(verdict, 0x0303) == 80);
    CHECK(clientcert_verdict_alert(verdict, 0x0304) == 80);
    CHECK(clientcert_verdict_x509_error(verdict) == 1);
    CHECK(clientcert_verdict_nginx_status(verdict) == 495);
    CHECK(strncmp(clientcert_verdict_get(verdict, "ssl_client_verify", &length), "FAILED", 6) == 0 && length >= 6);
    CHECK(clientcert_verdict_get(verdict, "ssl_client_verify", NULL) != NULL);
    CHECK(EMPTIED(clientcert_verdict_get(verdict, NULL, &length)));
    CHECK(clientcert_verdict_get(verdict, NULL, NULL) == NULL);
    CHECK(EMPTIED(clientcert_verdict_get_at(verdict, NULL, 0, &length)));
    CHECK(clientcert_verdict_get_at(verdict, "ssl_client_verify", 0, NULL) != NULL);
    CHECK(strstr(clientcert_verdict_json(verdict, NULL), "internal_error") != NULL);
    CHECK(clientcert_verdict_certificate_count(verdict) == 0);
    CHECK(EMPTIED(clientcert_verdict_certificate(verdict, 0, &length)));
    CHECK(clientcert_verdict_certificate(verdict, 0, NULL) == NULL);
    CHECK(clientcert_verdict_policy_identity(verdict, &length) != NULL && length == 32);
    CHECK(clientcert_verdict_policy_identity(verdict, NULL) != NULL);
    CHECK(clientcert_verdict_valid_until(verdict) <= 0);
    CHECK(clientcert_verdict_ocsp_count(verdict) == 0);
    CHECK(clientcert_verdict_ocsp_url(verdict, 0) == NULL);
    CHECK(EMPTIED(clientcert_verdict_ocsp_request(verdict, 0, &length)));
    CHECK(clientcert_verdict_ocsp_request(verdict, 0, NULL) == NULL);
    CHECK(clientcert_verdict_ocsp_certificate(verdict, 0) == SIZE_MAX);
}

static void verdicts(char **argv) {
    clientcert_verifier *optional = verifier_with(argv, "optional");
    clientcert_verdict *none = clientcert_verify(optional, NULL, 0, moment);
    clientcert_verdict *made[] = {
        clientcert_verdict_ocsp_response(NULL, NULL, 0, NULL, 0, CLIENTCERT_NOW),
        clientcert_verdict_ocsp_response(optional, NULL, 0, NULL, 0, moment),
        clientcert_verdict_ocsp_response(NULL, none, 0, NULL, 0, moment),
        clientcert_verdict_ocsp_response(optional, none, 0, NULL, 1, moment),
        clientcert_verify(NULL, NULL, 0, CLIENTCERT_NOW),
        clientcert_verify(NULL, (const uint8_t *)"x", 1, CLIENTCERT_NOW),
        clientcert_verify(optional, NULL, 1, CLIENTCERT_NOW),
        clientcert_verify(optional, NULL, SIZE_MAX, moment),
        clientcert_verify(optional, (const uint8_t *)"x", SIZE_MAX, moment),
    };
    is_a_refusal(NULL);
    for (size_t round = 0; round < 2; round++)
        for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
            CHECK(made[i] != NULL);
            is_a_refusal(made[i]);
        }
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        clientcert_verdict_free(clientcert_verdict_ref(made[i]));
        clientcert_verdict_free(made[i]);
    }
    /* It outlives all of its handles. */
    is_a_refusal(NULL);
    CHECK(clientcert_verdict_ref(NULL) == NULL);
    clientcert_verdict *again[] = {
        clientcert_verdict_recheck(NULL, NULL, CLIENTCERT_NOW),
        clientcert_verdict_resolve(NULL, NULL, NULL, 0, CLIENTCERT_NOW),
        clientcert_verdict_resolve(optional, NULL, (const uint8_t *)"null", 4, moment),
        clientcert_verdict_recheck(optional, NULL, moment),
    };
    for (size_t i = 0; i < sizeof again / sizeof again[0]; i++) {
        CHECK(again[i] != NULL);
        is_a_refusal(again[i]);
        clientcert_verdict_free(again[i]);
    }
    clientcert_verdict_free(none);
    clientcert_verdict_free(NULL);
    clientcert_verifier_free(optional);
}

/* A decision that nobody could make: what NULL reads as, and what clientcert_decide returns for NULL. */
static void is_refused(const clientcert_decision *decision) {
    CHECK(clientcert_decision_action(decision) == CLIENTCERT_ACTION_FORBID);
    CHECK(clientcert_decision_status(decision) == 403);
    CHECK(equal(clientcert_decision_cause(decision), "internal_error"));
    CHECK(clientcert_decision_alert(NULL, 0x0304) == 80);
    CHECK(clientcert_decision_session_cacheable(decision) == 0);
    CHECK(clientcert_decision_http2_error(decision) == 0);
    CHECK(equal(clientcert_decision_identity(decision), ""));
    is_a_refusal(clientcert_decision_verdict(decision));
}

static void decisions(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "off");
    clientcert_verdict *none = clientcert_verify(verifier, NULL, 0, moment);
    clientcert_request *request = clientcert_request_new();
    CHECK(clientcert_request_set_number(request, CLIENTCERT_REQUEST_REQUIREMENT, CLIENTCERT_REQUIREMENT_NONE, NULL) ==
          CLIENTCERT_OK);
    clientcert_decision *allowed = clientcert_decide(verifier, none, request, moment);
    CHECK(clientcert_decision_action(allowed) == CLIENTCERT_ACTION_ALLOW);
    clientcert_decision_free(allowed);
    clientcert_decision *made[] = {
        clientcert_decide(NULL, NULL, NULL, CLIENTCERT_NOW),
        clientcert_decide(NULL, none, request, moment),
        clientcert_decide(verifier, NULL, request, moment),
        clientcert_decide(verifier, none, NULL, moment),
    };
    is_refused(NULL);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        CHECK(made[i] != NULL);
        is_refused(made[i]);
        CHECK(clientcert_decision_header_count(made[i]) == 1);
        clientcert_decision_free(made[i]);
    }
    CHECK(clientcert_decision_closes(NULL) == 1);
    CHECK(clientcert_decision_header_count(NULL) == 0);
    CHECK(clientcert_decision_header_name(NULL, 0) == NULL);
    CHECK(EMPTIED(clientcert_decision_header_value(NULL, 0, &length)));
    CHECK(clientcert_decision_header_value(NULL, 0, NULL) == NULL);
    CHECK(EMPTIED(clientcert_decision_body(NULL, CLIENTCERT_BODY_TEXT, &length)));
    CHECK(EMPTIED(clientcert_decision_audit(NULL, &length)));
    CHECK(clientcert_decision_audit(NULL, NULL) == NULL);
    clientcert_decision_free(NULL);

    CHECK(clientcert_request_set_text(NULL, CLIENTCERT_REQUEST_METHOD, "GET", 3, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_request_set_number(NULL, CLIENTCERT_REQUEST_LATE, 0, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_request_set_text(request, CLIENTCERT_REQUEST_METHOD, NULL, 0, NULL) == CLIENTCERT_OK);
    CHECK(clientcert_request_set_text(request, CLIENTCERT_REQUEST_METHOD, NULL, 1, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    clientcert_request_clear(NULL);
    clientcert_request_clear(request);
    clientcert_request_free(request);
    clientcert_request_free(NULL);
    clientcert_verdict_free(none);
    clientcert_verifier_free(verifier);
}

static void sessions(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "optional");
    clientcert_verdict *verdict = clientcert_verify(verifier, NULL, 0, moment);
    clientcert_error *error = NULL;
    uint8_t identity[32];
    int64_t handshake_time = 99;

    CHECK(clientcert_verifier_policy_id(NULL, "", identity, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_verifier_policy_id(verifier, NULL, NULL, &error) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(strstr(clientcert_error_message(error), "identity") != NULL);
    clientcert_error_free(error);
    CHECK(clientcert_verifier_policy_id(verifier, NULL, identity, NULL) == CLIENTCERT_OK);

    CHECK(clientcert_session_export(NULL, verdict, "", moment, NULL, 0) == 0);
    CHECK(clientcert_session_export(verifier, NULL, "", moment, NULL, 0) == 0);
    CHECK(clientcert_session_export(verifier, verdict, NULL, moment, NULL, 0) != 0);
    CHECK(clientcert_session_export(verifier, verdict, NULL, moment, NULL, 4096) != 0);
    clientcert_verdict_free(verdict);

    verdict = clientcert_session_resume(NULL, "", identity, 32, moment, &handshake_time);
    is_a_refusal(verdict);
    CHECK(handshake_time == 0);
    clientcert_verdict_free(verdict);
    verdict = clientcert_session_resume(verifier, NULL, NULL, 32, moment, NULL);
    is_a_refusal(verdict);
    clientcert_verdict_free(verdict);
    verdict = clientcert_session_resume(verifier, NULL, NULL, 0, moment, NULL);
    CHECK(clientcert_verdict_accepted(verdict) == 0 && clientcert_verdict_outcome(verdict) == CLIENTCERT_FAILED);
    CHECK(clientcert_verdict_reason(verdict, 0) == CLIENTCERT_REASON_SESSION_INVALID);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void tickets(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "optional");
    clientcert_verdict *verdict = clientcert_verify(verifier, NULL, 0, moment);
    clientcert_ticket *ticket = (clientcert_ticket *)verifier;
    int64_t handshake_time = 99;

    CHECK(clientcert_ticket_new(NULL, verdict, "", moment, &ticket, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(ticket == NULL);
    CHECK(clientcert_ticket_new(verifier, NULL, "", moment, &ticket, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_ticket_new(verifier, verdict, NULL, moment, &ticket, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_ticket_new(verifier, verdict, "", moment, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_ticket_new(verifier, verdict, "", moment, &ticket, NULL) == CLIENTCERT_NOT_ENTITLED);
    CHECK(EMPTIED(clientcert_ticket_location(NULL, &length)));
    CHECK(clientcert_ticket_location(NULL, NULL) == NULL);
    clientcert_ticket_free(NULL);
    clientcert_verdict_free(verdict);

    verdict = clientcert_ticket_redeem(NULL, "", "", "", moment, &handshake_time);
    is_a_refusal(verdict);
    CHECK(handshake_time == 0);
    clientcert_verdict_free(verdict);
    verdict = clientcert_ticket_redeem(verifier, NULL, NULL, NULL, moment, NULL);
    CHECK(clientcert_verdict_accepted(verdict) == 0 && clientcert_verdict_outcome(verdict) == CLIENTCERT_FAILED);
    CHECK(clientcert_verdict_reason(verdict, 0) == CLIENTCERT_REASON_TICKET_INVALID);
    clientcert_verdict_free(verdict);
    clientcert_verifier_free(verifier);
}

static void forwarded(char **argv) {
    clientcert_verifier *verifier = verifier_with(argv, "optional");
    clientcert_headers *headers = clientcert_headers_new();
    CHECK(headers != NULL);
    clientcert_headers_clear(NULL);
    clientcert_headers_free(NULL);
    CHECK(clientcert_headers_add(NULL, "a", "b", 1, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_headers_add(headers, NULL, "b", 1, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_headers_add(headers, "a", NULL, 1, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_headers_count(headers) == 0);
    CHECK(clientcert_headers_add(headers, "a", NULL, 0, NULL) == CLIENTCERT_OK);
    CHECK(clientcert_headers_rename(NULL, CLIENTCERT_HEADER_CERTIFICATE, "a", NULL) == CLIENTCERT_INVALID_ARGUMENT);
    CHECK(clientcert_headers_rename(headers, CLIENTCERT_HEADER_CERTIFICATE, NULL, NULL) == CLIENTCERT_OK);
    CHECK(clientcert_headers_count(NULL) == 0);
    CHECK(clientcert_headers_name(NULL, 0) == NULL && clientcert_headers_name(headers, 1) == NULL);
    CHECK(EMPTIED(clientcert_headers_value(NULL, 0, &length)));
    CHECK(EMPTIED(clientcert_headers_value(headers, 1, &length)));
    CHECK(equal(clientcert_headers_value(headers, 0, NULL), ""));

    clientcert_verdict *verdicts[] = {
        clientcert_verify_forwarded(NULL, CLIENTCERT_DIALECT_RFC9440, "unix", headers, moment),
        clientcert_verify_forwarded(verifier, CLIENTCERT_DIALECT_RFC9440, "unix", NULL, moment),
        clientcert_verify_forwarded(NULL, 0, NULL, NULL, moment),
    };
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        is_a_refusal(verdicts[i]);
        clientcert_verdict_free(verdicts[i]);
    }
    clientcert_verdict *nobody = clientcert_verify_forwarded(verifier, CLIENTCERT_DIALECT_RFC9440, NULL, headers, moment);
    CHECK(clientcert_verdict_outcome(nobody) == CLIENTCERT_NONE);
    CHECK(clientcert_forward_headers(NULL, CLIENTCERT_DIALECT_RFC9440, 0, headers, NULL) == CLIENTCERT_NOT_ENTITLED);
    CHECK(clientcert_headers_count(headers) == 0);
    CHECK(clientcert_forward_headers(NULL, CLIENTCERT_DIALECT_RFC9440, CLIENTCERT_FORWARD_UNVERIFIED, headers, NULL) ==
          CLIENTCERT_MALFORMED);
    CHECK(clientcert_forward_headers(nobody, CLIENTCERT_DIALECT_RFC9440, 0, NULL, NULL) == CLIENTCERT_INVALID_ARGUMENT);
    clientcert_verdict_free(nobody);
    CHECK(clientcert_is_forwarded_header(NULL) == 1);
    clientcert_headers_free(headers);
    clientcert_verifier_free(verifier);
}

int main(int argc, char **argv) {
    CHECK(argc == 2);
    /* Before anything else was made. */
    is_a_refusal(NULL);
    errors();
    configs(argv);
    verifiers(argv);
    policies();
    crls(argv);
    registries();
    verdicts(argv);
    decisions(argv);
    sessions(argv);
    tickets(argv);
    forwarded(argv);
    return 0;
}

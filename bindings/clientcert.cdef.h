/* include/clientcert.h after the C preprocessor, for parsers without one. */
typedef enum {
    CLIENTCERT_VERSION_MAJOR = 0,
    CLIENTCERT_VERSION_MINOR = 1,
    CLIENTCERT_VERSION_PATCH = 0
} clientcert_header_version;
typedef enum {
    CLIENTCERT_ABI_VERSION = 1
} clientcert_interface;
const char *clientcert_version(void);
uint32_t clientcert_abi_version(void);
typedef enum {
    CLIENTCERT_OK = 0,
    CLIENTCERT_INVALID_ARGUMENT = 1,
    CLIENTCERT_UNKNOWN_OPTION = 16,
    CLIENTCERT_INVALID_VALUE = 17,
    CLIENTCERT_INVALID_CONFIG = 18,
    CLIENTCERT_NOT_SUPPORTED = 19,
    CLIENTCERT_IO = 32,
    CLIENTCERT_MALFORMED = 48,
    CLIENTCERT_NO_CERTIFICATE = 49,
    CLIENTCERT_UNUSABLE_ANCHOR = 50,
    CLIENTCERT_NO_CRL = 51,
    CLIENTCERT_UNUSABLE_CRL = 52,
    CLIENTCERT_INTERNAL = 64,
    CLIENTCERT_KEY_TAKEN = 80,
    CLIENTCERT_KEY_REVOKED = 81,
    CLIENTCERT_NOT_REGISTERED = 82,
    CLIENTCERT_NOT_ENTITLED = 83,
    CLIENTCERT_REGISTRY_UNAVAILABLE = 84
} clientcert_status;
typedef struct clientcert_error clientcert_error;
const char *clientcert_status_name(int32_t status);
int32_t clientcert_error_status(const clientcert_error *error);
const char *clientcert_error_message(const clientcert_error *error);
void clientcert_error_free(clientcert_error *error);
typedef struct clientcert_config clientcert_config;
clientcert_config *clientcert_config_new(void);
void clientcert_config_free(clientcert_config *config);
int32_t clientcert_config_set(clientcert_config *config, const char *name, const char *value, clientcert_error **error);
int32_t clientcert_config_set_bytes(clientcert_config *config, const char *name, const uint8_t *data, size_t length, clientcert_error **error);
int32_t clientcert_config_load(clientcert_config *config, const char *path, clientcert_error **error);
const char *clientcert_config_dump(clientcert_config *config, size_t *length);
size_t clientcert_option_count(void);
const char *clientcert_option_name(size_t index);
const char *clientcert_option_type(size_t index);
const char *clientcert_option_default(size_t index);
const char *clientcert_option_help(size_t index);
typedef enum {
    CLIENTCERT_STATISTIC_HITS = 0,
    CLIENTCERT_STATISTIC_MISSES = 1,
    CLIENTCERT_STATISTIC_ENTRIES = 2,
    CLIENTCERT_STATISTIC_EVICTIONS = 3,
    CLIENTCERT_STATISTIC_INSERTIONS = 4,
    CLIENTCERT_STATISTIC_CAPACITY = 5
} clientcert_statistic;
typedef struct clientcert_verifier clientcert_verifier;
int32_t clientcert_verifier_new(const clientcert_config *config, clientcert_verifier **out, clientcert_error **error);
clientcert_verifier *clientcert_verifier_ref(const clientcert_verifier *verifier);
void clientcert_verifier_free(clientcert_verifier *verifier);
int32_t clientcert_verifier_reload(const clientcert_verifier *verifier, clientcert_error **error);
int32_t clientcert_verifier_refresh(const clientcert_verifier *verifier, int32_t *changed, clientcert_error **error);
uint64_t clientcert_verifier_unread(const clientcert_verifier *verifier);
uint64_t clientcert_verifier_statistic(const clientcert_verifier *verifier, int32_t which);
typedef enum {
    CLIENTCERT_MODE_OFF = 0,
    CLIENTCERT_MODE_OPTIONAL = 1,
    CLIENTCERT_MODE_OPTIONAL_NO_CA = 2,
    CLIENTCERT_MODE_REQUIRE = 3,
    CLIENTCERT_MODE_REQUEST_ANY = 4,
    CLIENTCERT_MODE_REQUIRE_ANY = 5,
    CLIENTCERT_MODE_DEFERRED = 6
} clientcert_mode;
typedef enum {
    CLIENTCERT_ENFORCEMENT_REQUEST = 0,
    CLIENTCERT_ENFORCEMENT_HANDSHAKE = 1
} clientcert_enforcement;
typedef struct clientcert_policy clientcert_policy;
clientcert_policy *clientcert_verifier_policy(const clientcert_verifier *verifier);
void clientcert_policy_free(clientcert_policy *policy);
int32_t clientcert_policy_mode(const clientcert_policy *policy);
int32_t clientcert_policy_enforcement(const clientcert_policy *policy);
const uint8_t *clientcert_policy_identity(const clientcert_policy *policy, size_t *length);
size_t clientcert_policy_warning_count(const clientcert_policy *policy);
const char *clientcert_policy_warning(const clientcert_policy *policy, size_t index);
size_t clientcert_policy_ca_name_count(const clientcert_policy *policy);
const uint8_t *clientcert_policy_ca_name(const clientcert_policy *policy, size_t index, size_t *length);
typedef struct clientcert_crl_report clientcert_crl_report;
clientcert_crl_report *clientcert_policy_crl_report(const clientcert_policy *policy, int64_t time);
size_t clientcert_crl_report_count(const clientcert_crl_report *report);
const char *clientcert_crl_report_get(const clientcert_crl_report *report, size_t index, const char *name, size_t *length);
const char *clientcert_crl_report_metrics(const clientcert_crl_report *report, size_t *length);
void clientcert_crl_report_free(clientcert_crl_report *report);
typedef enum {
    CLIENTCERT_NONE = 0,
    CLIENTCERT_SUCCESS = 1,
    CLIENTCERT_FAILED = 2
} clientcert_outcome;
typedef enum {
    CLIENTCERT_NOW = -2147483647
} clientcert_time;
typedef enum {
    CLIENTCERT_CULPRIT_NONE = -1,
    CLIENTCERT_CULPRIT_ANCHOR = -2
} clientcert_culprit;
typedef struct clientcert_verdict clientcert_verdict;
clientcert_verdict *clientcert_verify(const clientcert_verifier *verifier, const uint8_t *chain, size_t length, int64_t time);
clientcert_verdict *clientcert_verdict_recheck(const clientcert_verifier *verifier, const clientcert_verdict *verdict, int64_t time);
clientcert_verdict *clientcert_verdict_resolve(const clientcert_verifier *verifier, const clientcert_verdict *verdict, const uint8_t *answer, size_t length, int64_t time);
clientcert_verdict *clientcert_verdict_ref(const clientcert_verdict *verdict);
void clientcert_verdict_free(clientcert_verdict *verdict);
int32_t clientcert_verdict_verified(const clientcert_verdict *verdict);
int32_t clientcert_verdict_accepted(const clientcert_verdict *verdict);
int32_t clientcert_verdict_outcome(const clientcert_verdict *verdict);
size_t clientcert_verdict_reason_count(const clientcert_verdict *verdict);
int32_t clientcert_verdict_reason(const clientcert_verdict *verdict, size_t index);
int32_t clientcert_verdict_reason_depth(const clientcert_verdict *verdict, size_t index);
int32_t clientcert_verdict_reason_certificate(const clientcert_verdict *verdict, size_t index);
int32_t clientcert_verdict_reason_tolerated(const clientcert_verdict *verdict, size_t index);
const char *clientcert_verdict_reason_detail(const clientcert_verdict *verdict, size_t index);
int32_t clientcert_verdict_alert(const clientcert_verdict *verdict, int32_t tls_version);
int32_t clientcert_verdict_x509_error(const clientcert_verdict *verdict);
int32_t clientcert_verdict_nginx_status(const clientcert_verdict *verdict);
const char *clientcert_verdict_get(const clientcert_verdict *verdict, const char *name, size_t *length);
const char *clientcert_verdict_get_at(const clientcert_verdict *verdict, const char *name, int64_t time, size_t *length);
const char *clientcert_verdict_json(const clientcert_verdict *verdict, size_t *length);
size_t clientcert_verdict_certificate_count(const clientcert_verdict *verdict);
const uint8_t *clientcert_verdict_certificate(const clientcert_verdict *verdict, size_t index, size_t *length);
const uint8_t *clientcert_verdict_policy_identity(const clientcert_verdict *verdict, size_t *length);
int64_t clientcert_verdict_valid_until(const clientcert_verdict *verdict);
size_t clientcert_verdict_ocsp_count(const clientcert_verdict *verdict);
const char *clientcert_verdict_ocsp_url(const clientcert_verdict *verdict, size_t index);
const uint8_t *clientcert_verdict_ocsp_request(const clientcert_verdict *verdict, size_t index, size_t *length);
size_t clientcert_verdict_ocsp_certificate(const clientcert_verdict *verdict, size_t index);
clientcert_verdict *clientcert_verdict_ocsp_response(const clientcert_verifier *verifier, const clientcert_verdict *verdict, size_t certificate, const uint8_t *response, size_t length, int64_t time);
int32_t clientcert_verifier_policy_id(const clientcert_verifier *verifier, const char *host, uint8_t *identity, clientcert_error **error);
size_t clientcert_session_export(const clientcert_verifier *verifier, const clientcert_verdict *verdict, const char *host, int64_t handshake_time, uint8_t *out, size_t capacity);
clientcert_verdict *clientcert_session_resume(const clientcert_verifier *verifier, const char *host, const uint8_t *record, size_t length, int64_t time, int64_t *handshake_time);
typedef enum {
    CLIENTCERT_REASON_CERTIFICATE_REQUIRED = 1,
    CLIENTCERT_REASON_CERTIFICATE_MALFORMED = 2,
    CLIENTCERT_REASON_CHAIN_MALFORMED = 3,
    CLIENTCERT_REASON_CHAIN_TOO_LARGE = 4,
    CLIENTCERT_REASON_ISSUER_UNKNOWN = 10,
    CLIENTCERT_REASON_LEAF_ISSUER_UNKNOWN = 11,
    CLIENTCERT_REASON_SELF_SIGNED = 12,
    CLIENTCERT_REASON_SELF_SIGNED_IN_CHAIN = 13,
    CLIENTCERT_REASON_SEARCH_EXHAUSTED = 14,
    CLIENTCERT_REASON_SIGNATURE_INVALID = 20,
    CLIENTCERT_REASON_SIGNATURE_ALGORITHM_UNSUPPORTED = 21,
    CLIENTCERT_REASON_ISSUER_KEY_UNSUPPORTED = 22,
    CLIENTCERT_REASON_CERTIFICATE_REVOKED = 30,
    CLIENTCERT_REASON_CRL_MISSING = 31,
    CLIENTCERT_REASON_CRL_EXPIRED = 32,
    CLIENTCERT_REASON_CRL_NOT_YET_VALID = 33,
    CLIENTCERT_REASON_CRL_SIGNATURE_INVALID = 34,
    CLIENTCERT_REASON_CRL_ISSUER_UNFIT = 35,
    CLIENTCERT_REASON_CRL_ISSUER_UNKNOWN = 36,
    CLIENTCERT_REASON_CRL_UNSUPPORTED = 37,
    CLIENTCERT_REASON_CRL_SCOPE = 38,
    CLIENTCERT_REASON_CERTIFICATE_NOT_YET_VALID = 40,
    CLIENTCERT_REASON_CERTIFICATE_EXPIRED = 41,
    CLIENTCERT_REASON_ISSUER_NOT_CA = 50,
    CLIENTCERT_REASON_ISSUER_KEY_USAGE = 51,
    CLIENTCERT_REASON_PATH_LENGTH_EXCEEDED = 52,
    CLIENTCERT_REASON_CHAIN_TOO_LONG = 53,
    CLIENTCERT_REASON_ISSUER_VERSION = 54,
    CLIENTCERT_REASON_EXTENDED_KEY_USAGE = 60,
    CLIENTCERT_REASON_KEY_USAGE = 61,
    CLIENTCERT_REASON_VERSION_REFUSED = 62,
    CLIENTCERT_REASON_CA_AS_LEAF = 63,
    CLIENTCERT_REASON_SUBJECT_MISSING = 64,
    CLIENTCERT_REASON_LEAF_KEY_TOO_WEAK = 70,
    CLIENTCERT_REASON_CA_KEY_TOO_WEAK = 71,
    CLIENTCERT_REASON_SIGNATURE_ALGORITHM_WEAK = 72,
    CLIENTCERT_REASON_CRITICAL_EXTENSION = 80,
    CLIENTCERT_REASON_NAME_NOT_PERMITTED = 81,
    CLIENTCERT_REASON_NAME_EXCLUDED = 82,
    CLIENTCERT_REASON_NAME_CONSTRAINT_UNSUPPORTED = 83,
    CLIENTCERT_REASON_NAME_CONSTRAINT_LIMIT = 84,
    CLIENTCERT_REASON_POLICY_REQUIRED = 85,
    CLIENTCERT_REASON_POLICY_INVALID = 86,
    CLIENTCERT_REASON_TLS_FEATURE_MISSING = 87,
    CLIENTCERT_REASON_VALIDATORS_DISAGREE = 90,
    CLIENTCERT_REASON_SECOND_OPINION_MISSING = 91,
    CLIENTCERT_REASON_NOT_VERIFIED = 92,
    CLIENTCERT_REASON_KEY_NOT_REGISTERED = 100,
    CLIENTCERT_REASON_REGISTRATION_DISABLED = 101,
    CLIENTCERT_REASON_REGISTRATION_REVOKED = 102,
    CLIENTCERT_REASON_REGISTRATION_NOT_YET_VALID = 103,
    CLIENTCERT_REASON_REGISTRATION_EXPIRED = 104,
    CLIENTCERT_REASON_REGISTRATION_OTHER_CA = 105,
    CLIENTCERT_REASON_REGISTRY_UNAVAILABLE = 106,
    CLIENTCERT_REASON_AMBIGUOUS_IDENTITY = 107,
    CLIENTCERT_REASON_IDENTITY_UNKNOWN = 108,
    CLIENTCERT_REASON_IDENTITY_WEAK = 109,
    CLIENTCERT_REASON_REGISTRATION_PENDING = 110,
    CLIENTCERT_REASON_OCSP_PENDING = 111,
    CLIENTCERT_REASON_INTERNAL_ERROR = 120,
    CLIENTCERT_REASON_OCSP_MISSING = 130,
    CLIENTCERT_REASON_OCSP_MALFORMED = 131,
    CLIENTCERT_REASON_OCSP_REFUSED = 132,
    CLIENTCERT_REASON_OCSP_SIGNATURE_INVALID = 133,
    CLIENTCERT_REASON_OCSP_RESPONDER_UNFIT = 134,
    CLIENTCERT_REASON_OCSP_OTHER_CERTIFICATE = 135,
    CLIENTCERT_REASON_OCSP_NOT_YET_VALID = 136,
    CLIENTCERT_REASON_OCSP_EXPIRED = 137,
    CLIENTCERT_REASON_OCSP_NONCE = 138,
    CLIENTCERT_REASON_OCSP_UNKNOWN = 139,
    CLIENTCERT_REASON_SESSION_INVALID = 140,
    CLIENTCERT_REASON_SESSION_EXPIRED = 141,
    CLIENTCERT_REASON_TICKET_INVALID = 142,
    CLIENTCERT_REASON_TICKET_EXPIRED = 143,
    CLIENTCERT_REASON_TICKET_USED = 144,
    CLIENTCERT_REASON_UNTRUSTED_PROXY = 145,
    CLIENTCERT_REASON_FORWARDED_MALFORMED = 146,
    CLIENTCERT_REASON_FORWARDED_INCOMPLETE = 147,
    CLIENTCERT_REASON_FORWARDED_NOT_VERIFIED = 148
} clientcert_reason;
size_t clientcert_reason_count(void);
int32_t clientcert_reason_at(size_t index);
const char *clientcert_reason_name(int32_t code);
const char *clientcert_reason_text(int32_t code);
const char *clientcert_reason_x509_name(int32_t code);
int32_t clientcert_reason_x509_error(int32_t code);
int32_t clientcert_reason_alert(int32_t code, int32_t tls_version);
int32_t clientcert_reason_nginx_status(int32_t code);
int32_t clientcert_reason_iis_substatus(int32_t code);
typedef struct clientcert_registry clientcert_registry;
int32_t clientcert_registry_new(const char *url, clientcert_registry **out, clientcert_error **error);
clientcert_registry *clientcert_verifier_registry(const clientcert_verifier *verifier);
void clientcert_registry_free(clientcert_registry *registry);
int32_t clientcert_registry_act_as(clientcert_registry *registry, const char *actor, clientcert_error **error);
int32_t clientcert_registry_enrol_verdict(clientcert_registry *registry, const clientcert_verdict *verdict, const char *user, const char *label, clientcert_error **error);
int32_t clientcert_registry_enrol_certificate(clientcert_registry *registry, const char *user, const uint8_t *certificate, size_t length, const char *fields, clientcert_error **error);
int32_t clientcert_registry_enrol_fingerprint(clientcert_registry *registry, const char *user, const char *key, const char *fields, clientcert_error **error);
int32_t clientcert_registry_renew_beside(clientcert_registry *registry, const clientcert_verdict *verdict, const clientcert_verdict *registered, const char *label, clientcert_error **error);
int32_t clientcert_registry_renew_signed(clientcert_registry *registry, const clientcert_verdict *verdict, const uint8_t *signer, size_t length, const char *label, clientcert_error **error);
int32_t clientcert_registry_change(clientcert_registry *registry, const char *verb, const char *subject, const char *value, clientcert_error **error);
int32_t clientcert_registry_used(clientcert_registry *registry, const char *key, int64_t time, clientcert_error **error);
int32_t clientcert_registry_import(clientcert_registry *registry, const char *format, const uint8_t *data, size_t length, const char *user, clientcert_error **error);
int32_t clientcert_registry_list(clientcert_registry *registry, const char *what, const char *value, const char **out, clientcert_error **error);
const char *clientcert_registry_audit(const clientcert_registry *registry);
int32_t clientcert_verdict_confirms(const clientcert_verdict *verdict, const uint8_t *confirmation, size_t length);
typedef enum {
    CLIENTCERT_DIALECT_RFC9440 = 1,
    CLIENTCERT_DIALECT_ENVOY = 2,
    CLIENTCERT_DIALECT_NGINX = 3,
    CLIENTCERT_DIALECT_INGRESS_NGINX = 4,
    CLIENTCERT_DIALECT_TOMCAT = 5,
    CLIENTCERT_DIALECT_TRAEFIK = 6,
    CLIENTCERT_DIALECT_HAPROXY = 7,
    CLIENTCERT_DIALECT_AWS_ALB = 8,
    CLIENTCERT_DIALECT_APACHE = 9,
    CLIENTCERT_DIALECT_AZURE = 10,
    CLIENTCERT_DIALECT_PROXY_PROTOCOL = 11
} clientcert_dialect;
typedef enum {
    CLIENTCERT_HEADER_CERTIFICATE = 1,
    CLIENTCERT_HEADER_CHAIN = 2,
    CLIENTCERT_HEADER_VERIFY = 3,
    CLIENTCERT_HEADER_BY = 4
} clientcert_header_role;
typedef enum {
    CLIENTCERT_FORWARD_UNVERIFIED = 1,
    CLIENTCERT_FORWARD_CHAIN = 2,
    CLIENTCERT_FORWARD_DETAILS = 4
} clientcert_forward;
typedef struct clientcert_headers clientcert_headers;
clientcert_headers *clientcert_headers_new(void);
void clientcert_headers_free(clientcert_headers *headers);
void clientcert_headers_clear(clientcert_headers *headers);
int32_t clientcert_headers_add(clientcert_headers *headers, const char *name, const char *value, size_t length, clientcert_error **error);
int32_t clientcert_headers_rename(clientcert_headers *headers, int32_t role, const char *name, clientcert_error **error);
size_t clientcert_headers_count(const clientcert_headers *headers);
const char *clientcert_headers_name(const clientcert_headers *headers, size_t index);
const char *clientcert_headers_value(const clientcert_headers *headers, size_t index, size_t *length);
clientcert_verdict *clientcert_verify_forwarded(const clientcert_verifier *verifier, int32_t dialect, const char *peer, const clientcert_headers *headers, int64_t time);
int32_t clientcert_forward_headers(const clientcert_verdict *verdict, int32_t dialect, int32_t what, clientcert_headers *headers, clientcert_error **error);
int32_t clientcert_is_forwarded_header(const char *name);
const char *clientcert_forwarded_header_at(size_t index);
const char *clientcert_dialect_vary(int32_t dialect);
const char *clientcert_dialect_name(int32_t dialect);
typedef enum {
    CLIENTCERT_REQUEST_USER = 1,
    CLIENTCERT_REQUEST_METHOD = 2,
    CLIENTCERT_REQUEST_ORIGIN = 3,
    CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_METHOD = 4,
    CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_HEADERS = 5,
    CLIENTCERT_REQUEST_SERVER_NAME = 6,
    CLIENTCERT_REQUEST_AUTHORITY = 7,
    CLIENTCERT_REQUEST_VIRTUAL_HOST = 8,
    CLIENTCERT_REQUEST_TARGET = 9,
    CLIENTCERT_REQUEST_OTHER_LOGIN_URL = 10,
    CLIENTCERT_REQUEST_OTHER_LOGIN_CHALLENGE = 11,
    CLIENTCERT_REQUEST_CHALLENGE = 12,
    CLIENTCERT_REQUEST_IDENTITY_BEFORE = 13,
    CLIENTCERT_REQUEST_NONCE = 14,
    CLIENTCERT_REQUEST_REQUIREMENT = 101,
    CLIENTCERT_REQUEST_STRONG = 102,
    CLIENTCERT_REQUEST_MAXIMUM_AGE = 103,
    CLIENTCERT_REQUEST_TLS_VERSION = 104,
    CLIENTCERT_REQUEST_HTTP_VERSION = 105,
    CLIENTCERT_REQUEST_HANDSHAKE_OPEN = 106,
    CLIENTCERT_REQUEST_HANDSHAKE_TIME = 107,
    CLIENTCERT_REQUEST_OFFERS_POST_HANDSHAKE_AUTH = 108,
    CLIENTCERT_REQUEST_SECURE_RENEGOTIATION = 109,
    CLIENTCERT_REQUEST_LATE = 110,
    CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE = 111,
    CLIENTCERT_REQUEST_RESUMED = 112,
    CLIENTCERT_REQUEST_REUSED = 113,
    CLIENTCERT_REQUEST_ANSWERED_421 = 114,
    CLIENTCERT_REQUEST_PREFLIGHT_OPENED = 115,
    CLIENTCERT_REQUEST_EARLY_DATA = 116,
    CLIENTCERT_REQUEST_BODY_READ = 117,
    CLIENTCERT_REQUEST_LOG_OUT = 118,
    CLIENTCERT_REQUEST_LOGGED_OUT = 119
} clientcert_request_field;
typedef enum {
    CLIENTCERT_REQUIREMENT_NONE = 0,
    CLIENTCERT_REQUIREMENT_CERTIFICATE = 1,
    CLIENTCERT_REQUIREMENT_VERIFIED = 2,
    CLIENTCERT_REQUIREMENT_USER = 3
} clientcert_requirement;
typedef enum {
    CLIENTCERT_HTTP_UNKNOWN = 0,
    CLIENTCERT_HTTP_1_0 = 10,
    CLIENTCERT_HTTP_1_1 = 11,
    CLIENTCERT_HTTP_2 = 20,
    CLIENTCERT_HTTP_3 = 30
} clientcert_http;
typedef enum {
    CLIENTCERT_LATE_NOT_ASKED = 0,
    CLIENTCERT_LATE_ANSWERED = 1,
    CLIENTCERT_LATE_DECLINED = 2,
    CLIENTCERT_LATE_TIMED_OUT = 3
} clientcert_late;
typedef struct clientcert_request clientcert_request;
clientcert_request *clientcert_request_new(void);
void clientcert_request_free(clientcert_request *request);
void clientcert_request_clear(clientcert_request *request);
int32_t clientcert_request_set_text(clientcert_request *request, int32_t field, const char *value, size_t length, clientcert_error **error);
int32_t clientcert_request_set_number(clientcert_request *request, int32_t field, int64_t value, clientcert_error **error);
typedef enum {
    CLIENTCERT_ACTION_ALLOW = 0,
    CLIENTCERT_ACTION_PREFLIGHT = 1,
    CLIENTCERT_ACTION_ASK_RENEGOTIATE = 2,
    CLIENTCERT_ACTION_ASK_POST_HANDSHAKE = 3,
    CLIENTCERT_ACTION_USE_HTTP_1_1 = 4,
    CLIENTCERT_ACTION_ASK_ELSEWHERE = 5,
    CLIENTCERT_ACTION_FALL_BACK = 6,
    CLIENTCERT_ACTION_CHALLENGE = 7,
    CLIENTCERT_ACTION_FORBID = 8,
    CLIENTCERT_ACTION_TOO_EARLY = 9,
    CLIENTCERT_ACTION_MISDIRECTED = 10,
    CLIENTCERT_ACTION_REAUTHENTICATE = 11,
    CLIENTCERT_ACTION_LOG_OUT = 12,
    CLIENTCERT_ACTION_RESEND = 13,
    CLIENTCERT_ACTION_TIMED_OUT = 14,
    CLIENTCERT_ACTION_TOO_LARGE = 15
} clientcert_action;
typedef enum {
    CLIENTCERT_BODY_TEXT = 0,
    CLIENTCERT_BODY_HTML = 1,
    CLIENTCERT_BODY_JSON = 2
} clientcert_body;
typedef struct clientcert_decision clientcert_decision;
clientcert_decision *clientcert_decide(const clientcert_verifier *verifier, const clientcert_verdict *verdict, const clientcert_request *request, int64_t time);
void clientcert_decision_free(clientcert_decision *decision);
int32_t clientcert_decision_action(const clientcert_decision *decision);
int32_t clientcert_decision_status(const clientcert_decision *decision);
size_t clientcert_decision_header_count(const clientcert_decision *decision);
const char *clientcert_decision_header_name(const clientcert_decision *decision, size_t index);
const char *clientcert_decision_header_value(const clientcert_decision *decision, size_t index, size_t *length);
const char *clientcert_decision_body(const clientcert_decision *decision, int32_t format, size_t *length);
const char *clientcert_decision_cause(const clientcert_decision *decision);
int32_t clientcert_decision_alert(const clientcert_decision *decision, int32_t tls_version);
int32_t clientcert_decision_closes(const clientcert_decision *decision);
int32_t clientcert_decision_session_cacheable(const clientcert_decision *decision);
uint32_t clientcert_decision_http2_error(const clientcert_decision *decision);
const char *clientcert_decision_identity(const clientcert_decision *decision);
const clientcert_verdict *clientcert_decision_verdict(const clientcert_decision *decision);
const char *clientcert_decision_audit(const clientcert_decision *decision, size_t *length);
typedef struct clientcert_ticket clientcert_ticket;
int32_t clientcert_ticket_new(const clientcert_verifier *verifier, const clientcert_verdict *verdict, const char *question, int64_t handshake_time, clientcert_ticket **out, clientcert_error **error);
const char *clientcert_ticket_location(const clientcert_ticket *ticket, size_t *length);
void clientcert_ticket_free(clientcert_ticket *ticket);
clientcert_verdict *clientcert_ticket_redeem(const clientcert_verifier *verifier, const char *ticket, const char *host, const char *nonce, int64_t time, int64_t *handshake_time);

/* Decides what the requests on its standard input come to, one record each, and prints a line for each: the numbers of
 * action, HTTP status, whether the connection closes and whether the session may be kept, and the name of the cause.
 * tests/decision/through_c.rs writes the records. */

#include <clientcert.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void give_up(const char *problem)
{
    fprintf(stderr, "decision: %s\n", problem);
    exit(2);
}

static int read_number(uint64_t *number)
{
    unsigned char bytes[8];
    if (fread(bytes, 1, sizeof bytes, stdin) != sizeof bytes)
        return 0;
    *number = 0;
    for (int i = 7; i >= 0; i--)
        *number = *number << 8 | bytes[i];
    return 1;
}

static uint64_t need_number(void)
{
    uint64_t number;
    if (!read_number(&number))
        give_up("a record ends early");
    return number;
}

/* The caller frees the bytes. A NUL that is not counted follows them. */
static unsigned char *read_bytes(size_t *length)
{
    uint64_t number = need_number();
    unsigned char *bytes = malloc((size_t)number + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)number, stdin) != number)
        give_up("a record ends early");
    bytes[number] = 0;
    *length = (size_t)number;
    return bytes;
}

static void must(int32_t status, clientcert_error **error)
{
    if (status != CLIENTCERT_OK)
        give_up(clientcert_error_message(*error));
}

static clientcert_config *read_config(uint64_t options)
{
    clientcert_config *config = clientcert_config_new();
    clientcert_error *error = NULL;
    size_t length;

    for (uint64_t i = 0; i < options; i++) {
        char *name = (char *)read_bytes(&length);
        char *value = (char *)read_bytes(&length);
        must(clientcert_config_set(config, name, value, &error), &error);
        free(name);
        free(value);
    }
    unsigned char *anchors = read_bytes(&length);
    must(clientcert_config_set_bytes(config, "ca", anchors, length, &error), &error);
    free(anchors);
    unsigned char *crls = read_bytes(&length);
    must(clientcert_config_set_bytes(config, "crl", crls, length, &error), &error);
    free(crls);
    return config;
}

static clientcert_verifier *make(const clientcert_config *config)
{
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    must(clientcert_verifier_new(config, &verifier, &error), &error);
    return verifier;
}

static const struct {
    const char *name;
    int32_t field;
} texts[] = {
    {"method", CLIENTCERT_REQUEST_METHOD},
    {"user", CLIENTCERT_REQUEST_USER},
    {"challenge", CLIENTCERT_REQUEST_CHALLENGE},
    {"login_redirect", CLIENTCERT_REQUEST_OTHER_LOGIN_URL},
    {"login_challenge", CLIENTCERT_REQUEST_OTHER_LOGIN_CHALLENGE},
    {"origin", CLIENTCERT_REQUEST_ORIGIN},
    {"access_control_request_method", CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_METHOD},
    {"access_control_request_headers", CLIENTCERT_REQUEST_ACCESS_CONTROL_REQUEST_HEADERS},
    {"server_name", CLIENTCERT_REQUEST_SERVER_NAME},
    {"authority", CLIENTCERT_REQUEST_AUTHORITY},
    {"virtual_host", CLIENTCERT_REQUEST_VIRTUAL_HOST},
    {"target", CLIENTCERT_REQUEST_TARGET},
    {"identity_before", CLIENTCERT_REQUEST_IDENTITY_BEFORE},
    {"requirement", CLIENTCERT_REQUEST_REQUIREMENT},
    {"strong", CLIENTCERT_REQUEST_STRONG},
    {"tls_version", CLIENTCERT_REQUEST_TLS_VERSION},
    {"http_version", CLIENTCERT_REQUEST_HTTP_VERSION},
    {"late", CLIENTCERT_REQUEST_LATE},
    {"body_read", CLIENTCERT_REQUEST_BODY_READ},
    {"maximum_age", CLIENTCERT_REQUEST_MAXIMUM_AGE},
    {"handshake_time", CLIENTCERT_REQUEST_HANDSHAKE_TIME},
    {"handshake_open", CLIENTCERT_REQUEST_HANDSHAKE_OPEN},
    {"offers_post_handshake_auth", CLIENTCERT_REQUEST_OFFERS_POST_HANDSHAKE_AUTH},
    {"secure_renegotiation", CLIENTCERT_REQUEST_SECURE_RENEGOTIATION},
    {"arrived_before_certificate", CLIENTCERT_REQUEST_ARRIVED_BEFORE_CERTIFICATE},
    {"resumed", CLIENTCERT_REQUEST_RESUMED},
    {"reused", CLIENTCERT_REQUEST_REUSED},
    {"answered_421", CLIENTCERT_REQUEST_ANSWERED_421},
    {"preflight_opened", CLIENTCERT_REQUEST_PREFLIGHT_OPENED},
    {"early_data", CLIENTCERT_REQUEST_EARLY_DATA},
    {"log_out", CLIENTCERT_REQUEST_LOG_OUT},
    {"logged_out", CLIENTCERT_REQUEST_LOGGED_OUT},
};

static int32_t field_named(const char *name)
{
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(texts[i].name, name) == 0)
            return texts[i].field;
    give_up(name);
    return -1;
}

static void read_request(clientcert_request *request)
{
    clientcert_error *error = NULL;
    size_t length;

    for (uint64_t i = need_number(); i > 0; i--) {
        char *name = (char *)read_bytes(&length);
        char *value = (char *)read_bytes(&length);
        must(clientcert_request_set_text(request, field_named(name), value, length, &error), &error);
        memset(value, 'x', length);
        free(name);
        free(value);
    }
    for (uint64_t i = need_number(); i > 0; i--) {
        char *name = (char *)read_bytes(&length);
        int64_t value = (int64_t)need_number();
        must(clientcert_request_set_number(request, field_named(name), value, &error), &error);
        free(name);
    }
}

static void print(const clientcert_decision *decision)
{
    const char *cause = clientcert_decision_cause(decision);
    printf("%d %d %d %d %s\n", (int)clientcert_decision_action(decision), (int)clientcert_decision_status(decision),
           (int)clientcert_decision_closes(decision), (int)clientcert_decision_session_cacheable(decision),
           cause != NULL ? cause : "");
}

int main(void)
{
    uint64_t options;
    /* One request for all records: clearing it must leave nothing of the one before. */
    clientcert_request *request = clientcert_request_new();

    while (read_number(&options)) {
        clientcert_config *config = read_config(options);
        clientcert_verifier *verifier = make(config);
        clientcert_verifier *judge = verifier;
        clientcert_error *error = NULL;
        size_t length;

        char *mode = (char *)read_bytes(&length);
        if (length > 0) {
            must(clientcert_config_set(config, "mode", mode, &error), &error);
            must(clientcert_config_set(config, "depth", "3", &error), &error);
            judge = make(config);
        }
        free(mode);
        unsigned char *chain = read_bytes(&length);
        clientcert_verdict *verdict = clientcert_verify(judge, chain, length, (int64_t)need_number());
        free(chain);

        clientcert_request_clear(request);
        read_request(request);
        clientcert_decision *decision = clientcert_decide(verifier, verdict, request, (int64_t)need_number());
        if (judge != verifier)
            clientcert_verifier_free(judge);
        clientcert_verifier_free(verifier);
        clientcert_verdict_free(verdict);
        print(decision);
        clientcert_decision_free(decision);
        clientcert_config_free(config);
    }
    clientcert_request_free(request);
    return 0;
}

/* Reasons: every code has all of its renderings, and what is no code is a refusal. */

#include "common.h"

static void codes_are_rendered(void) {
    size_t count = clientcert_reason_count();
    int32_t last = 0;
    CHECK(count > 30);
    for (size_t i = 0; i < count; i++) {
        int32_t code = clientcert_reason_at(i);
        int32_t status = clientcert_reason_nginx_status(code), substatus = clientcert_reason_iis_substatus(code);
        CHECK(code > last);
        CHECK(!equal(clientcert_reason_name(code), "unknown"));
        CHECK(!equal(clientcert_reason_text(code), "unknown"));
        CHECK(strncmp(clientcert_reason_x509_name(code), "X509_V_ERR_", 11) == 0);
        CHECK(clientcert_reason_x509_error(code) > 0);
        CHECK(clientcert_reason_alert(code, 0x0304) > 0 && clientcert_reason_alert(code, 0x0303) > 0);
        CHECK(status == 495 || status == 496);
        CHECK(substatus == 7 || substatus == 13 || substatus == 16 || substatus == 17);
        last = code;
    }
    CHECK(clientcert_reason_at(count) == 0);
    CHECK(clientcert_reason_at(SIZE_MAX) == 0);
}

static void codes_are_those_of_the_header(void) {
    int32_t expired = CLIENTCERT_REASON_CERTIFICATE_EXPIRED, required = CLIENTCERT_REASON_CERTIFICATE_REQUIRED;
    CHECK(equal(clientcert_reason_name(expired), "certificate_expired"));
    CHECK(equal(clientcert_reason_x509_name(expired), "X509_V_ERR_CERT_HAS_EXPIRED"));
    CHECK(clientcert_reason_x509_error(expired) == 10);
    CHECK(clientcert_reason_iis_substatus(expired) == 17);
    CHECK(clientcert_reason_alert(required, 0x0304) == 116);
    CHECK(clientcert_reason_alert(required, 0x0303) == 40);
    CHECK(clientcert_reason_nginx_status(required) == 496);
}

static void what_is_no_code_is_a_refusal(void) {
    static const int32_t numbers[] = {0, -1, 9999, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        CHECK(equal(clientcert_reason_name(numbers[i]), "unknown"));
        CHECK(equal(clientcert_reason_text(numbers[i]), "unknown"));
        CHECK(equal(clientcert_reason_x509_name(numbers[i]), "unknown"));
        CHECK(clientcert_reason_x509_error(numbers[i]) == 1);
        CHECK(clientcert_reason_alert(numbers[i], 0x0304) == 80);
        CHECK(clientcert_reason_alert(numbers[i], 0) == 80);
        CHECK(clientcert_reason_nginx_status(numbers[i]) == 495);
        CHECK(clientcert_reason_iis_substatus(numbers[i]) == 16);
    }
}

int main(void) {
    codes_are_rendered();
    codes_are_those_of_the_header();
    what_is_no_code_is_a_refusal();
    return 0;
}

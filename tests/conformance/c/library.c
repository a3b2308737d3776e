#include "conformance.h"

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

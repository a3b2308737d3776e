/* Apache httpd 2.4 with clientcert: who a TLS client is according to its certificate, for every virtual host and place. */
#include "mod_clientcert.h"

#include <http_connection.h>

static void register_hooks(apr_pool_t *pool) {
    static const char *const mod_ssl[] = {"mod_ssl.c", NULL}, *const mod_http2[] = {"mod_http2.c", NULL};

    tls_register_hooks();
    ap_hook_check_config(configuration_check, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(configuration_check_tls, mod_ssl, NULL, APR_HOOK_LAST);
    ap_hook_child_init(reload_start, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_process_connection(tls_handshake_done, mod_ssl, mod_http2, APR_HOOK_MIDDLE);
    ap_hook_post_read_request(decision_read_request, mod_ssl, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_access(decision_before_mod_ssl, NULL, mod_ssl, APR_HOOK_FIRST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_check_access(decision_after_mod_ssl, mod_ssl, NULL, APR_HOOK_LAST, AP_AUTH_INTERNAL_PER_CONF);
    ap_hook_fixups(decision_fixups, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_insert_error_filter(decision_error, NULL, NULL, APR_HOOK_MIDDLE);
    decision_register_filter();
    authentication_register(pool);
    variables_register(pool);
}

module AP_MODULE_DECLARE_DATA clientcert_module = {
    STANDARD20_MODULE_STUFF, place_create, place_merge, host_create, host_merge, clientcert_directives, register_hooks,
    AP_MODULE_FLAG_ALWAYS_MERGE,
};

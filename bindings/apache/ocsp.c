/* Asks OCSP responders by HTTP what the library wants to know; the library judges what they say. */
#include <string.h>

#include "mod_clientcert.h"

#include <apr_network_io.h>
#include <apr_uri.h>

/* More than that the library does not read. */
enum { LARGEST_ANSWER = 65536, LARGEST_HEAD = 8192 };

/* Sends all bytes: 1, or 0 where the connection ended or took too long. */
static int send_all(apr_socket_t *socket, const char *bytes, apr_size_t length) {
    while (length > 0) {
        apr_size_t sent = length;

        if (apr_socket_send(socket, bytes, &sent) != APR_SUCCESS || sent == 0)
            return 0;
        bytes += sent;
        length -= sent;
    }
    return 1;
}

/* Reads to the end of the connection; `length` is that of `bytes` before. No more than is useful is read. */
static apr_size_t receive_all(apr_socket_t *socket, char *bytes, apr_size_t length, apr_time_t end) {
    apr_size_t total = 0;

    while (total < length && apr_time_now() < end) {
        apr_size_t got = length - total;

        if (apr_socket_recv(socket, bytes + total, &got) != APR_SUCCESS || got == 0)
            break;
        total += got;
    }
    return total;
}

static apr_socket_t *open_socket(apr_pool_t *pool, const apr_uri_t *uri, apr_interval_time_t timeout) {
    apr_sockaddr_t *address = NULL;
    apr_socket_t *socket = NULL;
    apr_port_t port = uri->port != 0 ? uri->port : 80;

    if (apr_sockaddr_info_get(&address, uri->hostname, APR_UNSPEC, port, 0, pool) != APR_SUCCESS)
        return NULL;
    for (; address != NULL; address = address->next)
        if (apr_socket_create(&socket, address->family, SOCK_STREAM, APR_PROTO_TCP, pool) == APR_SUCCESS &&
            apr_socket_timeout_set(socket, timeout) == APR_SUCCESS && apr_socket_connect(socket, address) == APR_SUCCESS)
            return socket;
    return NULL;
}

/* Puts one question to one responder: its answer, or NULL where it gave none. */
static const char *ask(apr_pool_t *pool, const char *url, const uint8_t *question, apr_size_t question_length,
                       apr_interval_time_t timeout, apr_size_t *length) {
    apr_uri_t uri;
    apr_socket_t *socket;
    char *bytes = apr_palloc(pool, LARGEST_HEAD + LARGEST_ANSWER + 1);
    const char *head, *body;
    apr_size_t total;

    *length = 0;
    if (apr_uri_parse(pool, url, &uri) != APR_SUCCESS || uri.scheme == NULL || strcasecmp(uri.scheme, "http") != 0 ||
        uri.hostname == NULL || (socket = open_socket(pool, &uri, timeout)) == NULL)
        return NULL;
    head = apr_psprintf(pool,
                        "POST %s%s%s HTTP/1.0\r\nHost: %s\r\nContent-Type: application/ocsp-request\r\n"
                        "Content-Length: %" APR_SIZE_T_FMT "\r\nConnection: close\r\n\r\n",
                        uri.path != NULL ? uri.path : "/", uri.query != NULL ? "?" : "",
                        uri.query != NULL ? uri.query : "", uri.hostinfo, question_length);
    if (!send_all(socket, head, strlen(head)) || !send_all(socket, (const char *)question, question_length))
        return NULL;
    total = receive_all(socket, bytes, LARGEST_HEAD + LARGEST_ANSWER, apr_time_now() + timeout);
    apr_socket_close(socket);
    bytes[total] = '\0';
    body = strstr(bytes, "\r\n\r\n");
    if (total < 12 || strncmp(bytes, "HTTP/1.", 7) != 0 || strncmp(bytes + 8, " 200", 4) != 0 || body == NULL)
        return NULL;
    body += 4;
    *length = total - (apr_size_t)(body - bytes);
    return body;
}

static apr_interval_time_t patience(const struct host *host) {
    const struct setting *timeout = setting_find(host->theirs, "SSLOCSPResponderTimeout");
    apr_int64_t seconds = timeout == NULL ? 10 : apr_atoi64(timeout->value);

    return apr_time_from_sec(seconds > 0 ? seconds : 10);
}

/* Owned by the caller. The first responder that answers at all is the one that counts; nobody's answer is judged, too. */
clientcert_verdict *ocsp_ask(conn_rec *of, const struct host *host, const clientcert_verdict *waiting) {
    clientcert_verdict *verdict = clientcert_verdict_ref(waiting);
    apr_pool_t *pool;

    apr_pool_create(&pool, of->pool);
    for (int round = 0; round < 16 && clientcert_verdict_ocsp_count(verdict) > 0; round++) {
        size_t certificate = clientcert_verdict_ocsp_certificate(verdict, 0), count = clientcert_verdict_ocsp_count(verdict);
        const char *answer = NULL;
        apr_size_t length = 0;
        clientcert_verdict *next;

        for (size_t i = 0; i < count && answer == NULL; i++) {
            size_t question_length = 0;
            const uint8_t *question = clientcert_verdict_ocsp_request(verdict, i, &question_length);

            if (clientcert_verdict_ocsp_certificate(verdict, i) != certificate)
                continue;
            answer = ask(pool, clientcert_verdict_ocsp_url(verdict, i), question, question_length, patience(host), &length);
            if (answer == NULL)
                ap_log_cerror(APLOG_MARK, APLOG_WARNING, 0, of, "clientcert: no answer from the OCSP responder %s",
                              clientcert_verdict_ocsp_url(verdict, i));
        }
        next = clientcert_verdict_ocsp_response(host->verifier, verdict, certificate, (const uint8_t *)answer, length,
                                                CLIENTCERT_NOW);
        clientcert_verdict_free(verdict);
        verdict = next;
    }
    apr_pool_destroy(pool);
    return verdict;
}

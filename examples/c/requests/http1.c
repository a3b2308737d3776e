/* HTTP/1.1 (RFC 9112): one request after the other. A body is kept only while a certificate is asked for. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "requests.h"

enum { PATIENCE = 30, LARGEST_HEAD = 32768 };

/* Bytes that were read and not yet used. */
struct input {
    char bytes[LARGEST_HEAD + 1];
    size_t length;
};

static void drop(struct input *input, size_t count) {
    memmove(input->bytes, input->bytes + count, input->length - count + 1);
    input->length -= count;
}

/* Reads a head: its length with the empty line, or 0 where there is none. */
static size_t read_head(SSL *ssl, struct input *input) {
    for (;;) {
        char *end = strstr(input->bytes, "\r\n\r\n");
        int got;

        if (end != NULL)
            return (size_t)(end - input->bytes) + 4;
        if (input->length == LARGEST_HEAD)
            return 0;
        got = tls_read(ssl, input->bytes + input->length, (int)(LARGEST_HEAD - input->length), PATIENCE);
        if (got == 0)
            return 0;
        input->length += (size_t)got;
        input->bytes[input->length] = '\0';
        if (strlen(input->bytes) != input->length) /* a NUL is in no head */
            return 0;
    }
}

/* Reads `count` bytes of a body, of which the server keeps none once the question is answered. */
static int read_body(SSL *ssl, struct input *input, size_t count) {
    char bytes[16384];
    size_t held = input->length < count ? input->length : count;

    drop(input, held);
    for (count -= held; count > 0;) {
        int got = tls_read(ssl, bytes, (int)(count < sizeof(bytes) ? count : sizeof(bytes)), PATIENCE);

        if (got == 0)
            return 0;
        count -= (size_t)got;
    }
    return 1;
}

static char *copy(const char *text, size_t length) {
    char *made = strndup(text, length);

    if (made == NULL)
        fail("no memory");
    return made;
}

/* Where a field that must not come twice goes; NULL for the others. */
static char **slot(struct request *request, const char *name, size_t length) {
    const struct {
        const char *name;
        char **value;
    } known[] = {
        {"host", &request->authority},
        {"origin", &request->origin},
        {"access-control-request-method", &request->access_control_request_method},
        {"access-control-request-headers", &request->access_control_request_headers},
        {"accept", &request->accept},
        {"cookie", &request->cookie},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].name) == length && strncasecmp(known[i].name, name, length) == 0)
            return known[i].value;
    return NULL;
}

static int is_field(const char *line, size_t length, const char *name) {
    return length == strlen(name) && strncasecmp(line, name, length) == 0;
}

/* The number of a Content-Length: -1 for what is none. */
static int64_t content_length(const char *value, size_t length) {
    int64_t number = 0;

    if (length == 0 || length > 15)
        return -1;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < '0' || value[i] > '9')
            return -1;
        number = number * 10 + (value[i] - '0');
    }
    return number;
}

/* Reads what a head says: 0, or the status of the answer to a bad one. */
static int parse(char *head, struct request *request, int *expects, int *closes) {
    char *line = strstr(head, "\r\n"), *space = strchr(head, ' '), *version;
    int lengths = 0;

    if (space == NULL || space > line || (version = strchr(space + 1, ' ')) == NULL || version > line)
        return 400;
    if (strncmp(version, " HTTP/1.1\r", 10) == 0)
        request->http_version = CLIENTCERT_HTTP_1_1;
    else if (strncmp(version, " HTTP/1.0\r", 10) == 0)
        request->http_version = CLIENTCERT_HTTP_1_0;
    else
        return 505;
    *closes = request->http_version == CLIENTCERT_HTTP_1_0;
    request->method = copy(head, (size_t)(space - head));
    request->target = copy(space + 1, (size_t)(version - space - 1));
    if (!is_visible(request->method) || !is_visible(request->target))
        return 400;
    if (request->target[0] != '/' && strcmp(request->target, "*") != 0)
        return 400;
    for (line += 2; *line != '\r'; line = strstr(line, "\r\n") + 2) {
        size_t length = strcspn(line, "\r"), name = strcspn(line, ":\r");
        char *value = line + name + 1, *end = line + length, **place;

        if (name == length || name == 0 || strcspn(line, " \t") < name)
            return 400;
        value += strspn(value, " \t");
        while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        if (value > end)
            value = end;
        if ((place = slot(request, line, name)) != NULL) {
            if (*place != NULL)
                return 400;
            *place = copy(value, (size_t)(end - value));
        } else if (is_field(line, name, "content-length")) {
            if (lengths++ > 0 || (request->body = content_length(value, (size_t)(end - value))) < 0)
                return 400;
        } else if (is_field(line, name, "transfer-encoding")) {
            return 411; /* this example reads no chunks */
        } else if (is_field(line, name, "expect")) {
            *expects = 1;
        } else if (is_field(line, name, "connection") && is_field(value, (size_t)(end - value), "close")) {
            *closes = 1;
        }
    }
    return request->authority == NULL ? 400 : 0;
}

static const char *phrase(int status) {
    switch (status) {
    case 200: return "OK";
    case 204: return "No Content";
    case 302: return "Found";
    case 303: return "See Other";
    case 307: return "Temporary Redirect";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 408: return "Request Timeout";
    case 413: return "Content Too Large";
    case 421: return "Misdirected Request";
    case 425: return "Too Early";
    default: return "Answer";
    }
}

static int send_response(SSL *ssl, const struct request *request, const struct response *response) {
    int head_only = request->method != NULL && strcmp(request->method, "HEAD") == 0;
    BIO *bytes = BIO_new(BIO_s_mem());
    char *start;
    long length;
    int sent;

    if (bytes == NULL)
        return 0;
    BIO_printf(bytes, "HTTP/1.1 %d %s\r\n", response->status, phrase(response->status));
    for (size_t i = 0; i < response->header_count; i++)
        if (strcmp(response->headers[i].name, "Connection") != 0) /* below, for all reasons to close */
            BIO_printf(bytes, "%s: %s\r\n", response->headers[i].name, response->headers[i].value);
    if (response->status != 204)
        BIO_printf(bytes, "Content-Length: %zu\r\n", response->length);
    BIO_printf(bytes, "Connection: %s\r\n\r\n", response->closes ? "close" : "keep-alive");
    if (!head_only && response->status != 204)
        BIO_write(bytes, response->body, (int)response->length);
    length = BIO_get_mem_data(bytes, &start);
    sent = tls_write(ssl, start, (size_t)length);
    BIO_free(bytes);
    return sent;
}

/* Serves one request: whether the connection can have another. */
static int serve_request(struct connection *connection, struct input *input) {
    struct request request = {0};
    struct response response = {0};
    size_t head = read_head(connection->ssl, input);
    int expects = 0, closes = 0, bad, body_read = 0, more = 0;

    if (head == 0)
        return 0;
    bad = parse(input->bytes, &request, &expects, &closes);
    drop(input, head);
    if (bad != 0) {
        response.status = bad;
        response.closes = 1;
    } else {
        enum step step = answer(connection, &request, &response);

        if (step == STEP_ASK) {
            if (expects && !tls_write(connection->ssl, "HTTP/1.1 100 Continue\r\n\r\n", 25))
                goto done;
            /* The client must have sent the whole request before it can answer a question. */
            if (!read_body(connection->ssl, input, (size_t)request.body))
                goto done;
            body_read = 1;
            request.before_certificate = 1;
            /* Whoever sends the next request before he knows whether he is asked cannot be asked in between. */
            connection->late = input->length > 0 ? CLIENTCERT_LATE_TIMED_OUT : tls_ask(connection);
            response_free(&response);
            step = answer(connection, &request, &response);
        }
        if (step != STEP_RESPOND) /* a question that was asked is not asked twice, and this is HTTP/1.1 */
            goto done;
        if (!body_read && response.status < 400 && expects && request.body > 0)
            tls_write(connection->ssl, "HTTP/1.1 100 Continue\r\n\r\n", 25);
        if (!body_read && response.status >= 400 && request.body > 0)
            response.closes = 1; /* nobody reads that body */
        else if (!body_read && !read_body(connection->ssl, input, (size_t)request.body))
            goto done;
    }
    response.closes |= closes;
    more = send_response(connection->ssl, &request, &response) && !response.closes;
done:
    response_free(&response);
    request_free(&request);
    return more;
}

void http1_serve(struct connection *connection) {
    struct input *input = calloc(1, sizeof(*input));

    while (input != NULL && serve_request(connection, input))
        ;
    free(input);
}

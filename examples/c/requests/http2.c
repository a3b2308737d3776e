/* HTTP/2 (RFC 9113) by nghttp2. A certificate cannot be asked for here; what needs one is sent back to HTTP/1.1. */
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "requests.h"

enum { PATIENCE = 30 };

struct stream {
    struct request request;
    struct response response;
    size_t sent;
    int answered;
    struct stream *next, **link; /* all streams that are open, for the end of the connection */
};

struct session {
    struct connection *connection;
    nghttp2_session *http2;
    struct stream *streams;
    int closes;
};

static void stream_link(struct session *session, struct stream *stream) {
    stream->next = session->streams;
    stream->link = &session->streams;
    if (stream->next != NULL)
        stream->next->link = &stream->next;
    session->streams = stream;
}

static void stream_free(struct stream *stream) {
    *stream->link = stream->next;
    if (stream->next != NULL)
        stream->next->link = stream->link;
    response_free(&stream->response);
    request_free(&stream->request);
    free(stream);
}

static ssize_t on_send(nghttp2_session *http2, const uint8_t *bytes, size_t length, int flags, void *session) {
    (void)http2;
    (void)flags;
    return tls_write(((struct session *)session)->connection->ssl, bytes, length) ? (ssize_t)length
                                                                                 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_begin(nghttp2_session *http2, const nghttp2_frame *frame, void *session) {
    struct stream *stream;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    stream = calloc(1, sizeof(*stream));
    if (stream == NULL)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    stream->request.http_version = CLIENTCERT_HTTP_2;
    stream_link(session, stream);
    return nghttp2_session_set_stream_user_data(http2, frame->hd.stream_id, stream);
}

/* Cookies may come in several fields (RFC 9113 section 8.2.3); nothing else may come twice. */
static int keep(char **place, const char *value, int is_cookie) {
    char *made;

    if (*place == NULL) {
        *place = strdup(value);
        return *place != NULL;
    }
    if (!is_cookie)
        return 0;
    made = malloc(strlen(*place) + strlen(value) + 3);
    if (made == NULL)
        return 0;
    sprintf(made, "%s; %s", *place, value);
    free(*place);
    *place = made;
    return 1;
}

static int on_header(nghttp2_session *http2, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
                     const uint8_t *value, size_t value_length, uint8_t flags, void *session) {
    struct stream *stream = nghttp2_session_get_stream_user_data(http2, frame->hd.stream_id);
    struct request *request = stream == NULL ? NULL : &stream->request;

    (void)value_length;
    (void)flags;
    (void)session;
    if (request == NULL)
        return 0;
    const struct {
        const char *name;
        char **value;
    } known[] = {
        {":method", &request->method},
        {":path", &request->target},
        {":authority", &request->authority},
        {"host", &request->authority},
        {"origin", &request->origin},
        {"access-control-request-method", &request->access_control_request_method},
        {"access-control-request-headers", &request->access_control_request_headers},
        {"accept", &request->accept},
        {"cookie", &request->cookie},
    };
    if (request->authority != NULL && name_length == 4 && memcmp(name, "host", 4) == 0)
        return 0; /* RFC 9113 section 8.3.1: :authority counts */
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strlen(known[i].name) == name_length && memcmp(known[i].name, name, name_length) == 0)
            return keep(known[i].value, (const char *)value, known[i].value == &request->cookie)
                       ? 0
                       : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return 0;
}

static ssize_t on_body(nghttp2_session *http2, int32_t id, uint8_t *bytes, size_t size, uint32_t *flags,
                       nghttp2_data_source *source, void *session) {
    struct stream *stream = source->ptr;
    size_t left = stream->response.length - stream->sent, count = left < size ? left : size;

    (void)http2;
    (void)id;
    (void)session;
    memcpy(bytes, stream->response.body + stream->sent, count);
    stream->sent += count;
    if (count == left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)count;
}

static nghttp2_nv field(const char *name, const char *value) {
    nghttp2_nv made = {(uint8_t *)name, (uint8_t *)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};

    return made;
}

static int respond(struct session *session, int32_t id, struct stream *stream) {
    struct response *response = &stream->response;
    nghttp2_data_provider body = {{.ptr = stream}, on_body};
    nghttp2_nv fields[26];
    size_t count = 0;
    char status[12];

    snprintf(status, sizeof(status), "%d", response->status);
    fields[count++] = field(":status", status);
    for (size_t i = 0; i < response->header_count; i++) {
        char *name = response->headers[i].name;

        if (strcmp(name, "Connection") == 0) /* GOAWAY says it here */
            continue;
        for (char *letter = name; *letter != '\0'; letter++)
            if (*letter >= 'A' && *letter <= 'Z')
                *letter += 'a' - 'A'; /* RFC 9113 section 8.2 */
        fields[count++] = field(name, response->headers[i].value);
    }
    session->closes |= response->closes;
    return nghttp2_submit_response(session->http2, id, fields, count,
                                   response->length > 0 && strcmp(stream->request.method, "HEAD") != 0 ? &body : NULL);
}

static int serve_request(struct session *session, int32_t id, struct stream *stream) {
    /* CONNECT has no target. */
    if (stream->request.method == NULL || stream->request.target == NULL || !is_visible(stream->request.method) ||
        !is_visible(stream->request.target))
        return nghttp2_submit_rst_stream(session->http2, NGHTTP2_FLAG_NONE, id, NGHTTP2_PROTOCOL_ERROR);
    stream->answered = 1;
    switch (answer(session->connection, &stream->request, &stream->response)) {
    case STEP_RESPOND:
        return respond(session, id, stream);
    case STEP_USE_HTTP_1_1:
        return nghttp2_submit_rst_stream(session->http2, NGHTTP2_FLAG_NONE, id, NGHTTP2_HTTP_1_1_REQUIRED);
    default: /* nothing can be asked in HTTP/2 (RFC 9113 section 9.2.3) */
        return nghttp2_submit_rst_stream(session->http2, NGHTTP2_FLAG_NONE, id, NGHTTP2_INTERNAL_ERROR);
    }
}

/* Answers a request once it is here whole: the bytes of its body are thrown away as they come. */
static int on_frame(nghttp2_session *http2, const nghttp2_frame *frame, void *session) {
    struct stream *stream = nghttp2_session_get_stream_user_data(http2, frame->hd.stream_id);

    if ((frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) || stream == NULL || stream->answered ||
        !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        return 0;
    return serve_request(session, frame->hd.stream_id, stream) == 0 ? 0 : NGHTTP2_ERR_CALLBACK_FAILURE;
}

static int on_close(nghttp2_session *http2, int32_t id, uint32_t error, void *session) {
    struct stream *stream = nghttp2_session_get_stream_user_data(http2, id);

    (void)error;
    (void)session;
    if (stream != NULL) {
        nghttp2_session_set_stream_user_data(http2, id, NULL);
        stream_free(stream);
    }
    return 0;
}

static int start(struct session *session) {
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 32}};
    nghttp2_session_callbacks *callbacks;

    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return 0;
    nghttp2_session_callbacks_set_send_callback(callbacks, on_send);
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_close);
    int made = nghttp2_session_server_new(&session->http2, callbacks, session);
    nghttp2_session_callbacks_del(callbacks);
    if (made != 0 || nghttp2_submit_settings(session->http2, NGHTTP2_FLAG_NONE, settings, 1) != 0)
        return 0;
    /* An empty ORIGIN frame (RFC 8336): this connection is for the host of its handshake and no other, though the
       server's certificate has more names. Each host asks for certificates by a policy of its own. */
    return session->connection->server->coalesce ||
           nghttp2_submit_origin(session->http2, NGHTTP2_FLAG_NONE, NULL, 0) == 0;
}

void http2_serve(struct connection *connection) {
    struct session session = {.connection = connection};
    uint8_t bytes[16384];

    if (start(&session)) {
        int said_goodbye = 0;

        while (nghttp2_session_send(session.http2) == 0 &&
               (nghttp2_session_want_read(session.http2) || nghttp2_session_want_write(session.http2))) {
            int got;

            if (session.closes && !said_goodbye) {
                int32_t last = nghttp2_session_get_last_proc_stream_id(session.http2);

                said_goodbye = 1;
                if (nghttp2_submit_goaway(session.http2, NGHTTP2_FLAG_NONE, last, NGHTTP2_NO_ERROR, NULL, 0) != 0)
                    break;
                continue;
            }
            got = tls_read(connection->ssl, bytes, sizeof(bytes), PATIENCE);
            if (got == 0 || nghttp2_session_mem_recv(session.http2, bytes, (size_t)got) != got)
                break;
        }
    }
    nghttp2_session_del(session.http2);
    while (session.streams != NULL)
        stream_free(session.streams);
}

/* Where a host cannot ask for a certificate, another one asks in its handshake, and sends the browser back with a
   ticket. */
#include <stdlib.h>
#include <string.h>

#include "requests.h"

#define QUESTION "clientcert_question"

/* Takes a parameter out of a target: its value, to be freed, or NULL where there is none. */
static char *take_parameter(char *target, const char *name) {
    size_t length = strlen(name);
    char *place = strchr(target, '?');

    while (place != NULL) {
        char *start = place + 1, *end = start + strcspn(start, "&"), *value;

        if (strncmp(start, name, length) != 0 || start[length] != '=') {
            place = *end == '&' ? end : NULL;
            continue;
        }
        value = strndup(start + length + 1, (size_t)(end - start) - length - 1);
        if (*end == '&')
            memmove(start, end + 1, strlen(end + 1) + 1);
        else
            *place = '\0';
        return value;
    }
    return NULL;
}

/* Whether another host sent the browser here, to be asked for its certificate. */
int is_question(const char *target) {
    const char *query = strchr(target, '?');

    return query != NULL && (strncmp(query + 1, QUESTION "=", sizeof(QUESTION)) == 0 ||
                             strstr(query, "&" QUESTION "=") != NULL);
}

/* At the host that asks: sends the browser back, if another host of ours sent it here. */
void vouch(const struct host *host, const clientcert_verdict *verdict, int64_t handshake_time,
           const struct request *request, struct response *response) {
    char *target = strdup(request->target);
    char *question = target == NULL ? NULL : take_parameter(target, QUESTION);
    clientcert_ticket *ticket = NULL;

    response->status = 400;
    if (question != NULL &&
        clientcert_ticket_new(host->verifier, verdict, question, handshake_time, &ticket, NULL) == CLIENTCERT_OK) {
        response->status = 303;
        response_add(response, "Location", clientcert_ticket_location(ticket, NULL));
    }
    response_add(response, "Cache-Control", "no-store");
    clientcert_ticket_free(ticket);
    free(question);
    free(target);
}

/* At the host that could not ask: redeems the ticket of a browser that came back. For a client that is known now, the
   response sends it to where it wanted to go, with a cookie that stands for the verdict; the verdict on any other, to
   be freed, is what the request is decided by. NULL where there is no ticket. */
clientcert_verdict *redeem(const struct host *host, const struct request *request, struct response *response) {
    char *target = strdup(request->target);
    char *ticket = target == NULL ? NULL : take_parameter(target, "clientcert_ticket");
    clientcert_verdict *verdict = NULL;
    char nonce[65] = "", cookie[128];
    int64_t handshake_time = 0;
    size_t length = 0;

    if (ticket != NULL) {
        const char *value = cookie_value(request->cookie, "__Host-clientcert", &length);

        if (value != NULL && length < sizeof(nonce))
            memcpy(nonce, value, length);
        verdict = clientcert_ticket_redeem(host->verifier, ticket, request->authority, nonce, CLIENTCERT_NOW,
                                           &handshake_time);
        if (clientcert_verdict_verified(verdict) && sign_in_begin(verdict, handshake_time, cookie, sizeof(cookie))) {
            response->status = 303;
            response_add(response, "Location", target);
            response_add(response, "Set-Cookie", cookie);
            response_add(response, "Cache-Control", "no-store");
        }
    }
    free(ticket);
    free(target);
    return verdict;
}

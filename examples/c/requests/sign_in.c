/* Who came back from the host that asks in its handshake: a random cookie stands for the verdict, on this server. */
#include <string.h>

#include <pthread.h>

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include "requests.h"

enum { ID_BYTES = 16, ID_LENGTH = 2 * ID_BYTES, MOST = 64 };

static struct sign_in {
    char id[ID_LENGTH + 1];
    clientcert_verdict *verdict;
    int64_t handshake_time;
} sign_ins[MOST];
static size_t next;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The value of a cookie, which is not NUL-terminated; NULL where there is none. */
const char *cookie_value(const char *cookies, const char *name, size_t *length) {
    size_t name_length = strlen(name);

    while (cookies != NULL && *cookies != '\0') {
        cookies += strspn(cookies, "; ");
        if (strncmp(cookies, name, name_length) == 0 && cookies[name_length] == '=') {
            cookies += name_length + 1;
            *length = strcspn(cookies, ";");
            return cookies;
        }
        cookies += strcspn(cookies, ";");
    }
    return NULL;
}

/* Remembers a verdict, in place of the oldest one: writes the Set-Cookie, or returns 0. */
int sign_in_begin(const clientcert_verdict *verdict, int64_t handshake_time, char *cookie, size_t size) {
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[ID_BYTES];
    struct sign_in *place;

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return 0;
    pthread_mutex_lock(&lock);
    place = &sign_ins[next++ % MOST];
    clientcert_verdict_free(place->verdict);
    place->verdict = clientcert_verdict_ref(verdict);
    place->handshake_time = handshake_time;
    for (size_t i = 0; i < ID_BYTES; i++) {
        place->id[2 * i] = digits[bytes[i] >> 4];
        place->id[2 * i + 1] = digits[bytes[i] & 15];
    }
    /* The page that follows is reached by redirects from another site, with which Strict would leave the cookie at
       home. */
    snprintf(cookie, size, "__Host-sign-in=%s; Path=/; Secure; HttpOnly; SameSite=Lax", place->id);
    pthread_mutex_unlock(&lock);
    return 1;
}

/* The verdict that a cookie stands for, to be freed; NULL where there is none. */
clientcert_verdict *sign_in_find(const char *cookies, int64_t *handshake_time) {
    clientcert_verdict *found = NULL;
    size_t length = 0;
    const char *id = cookie_value(cookies, "__Host-sign-in", &length);

    if (id == NULL || length != ID_LENGTH)
        return NULL;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < MOST && found == NULL; i++) {
        if (sign_ins[i].verdict != NULL && CRYPTO_memcmp(sign_ins[i].id, id, ID_LENGTH) == 0) {
            found = clientcert_verdict_ref(sign_ins[i].verdict);
            *handshake_time = sign_ins[i].handshake_time;
        }
    }
    pthread_mutex_unlock(&lock);
    return found;
}

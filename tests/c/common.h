/* What the test programs share: a check that names its line, files, and a verifier. */

#define _POSIX_C_SOURCE 200809L

#include <clientcert.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: CHECK(%s) fails\n", __FILE__, __LINE__, #condition); \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

/* The last check of a call that must succeed: shows the message where it does not. */
#define CHECK_OK(call, error)                                                                          \
    do {                                                                                               \
        if ((call) != CLIENTCERT_OK) {                                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, clientcert_error_message(error)); \
            exit(1);                                                                                   \
        }                                                                                              \
    } while (0)

/* 2026-06-01 00:00:00 UTC, when the good certificates are valid. */
static const int64_t moment = 1780272000;

struct bytes {
    uint8_t *data;
    size_t length;
};

static inline bool equal(const char *a, const char *b) {
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* The path of a file in the folder of this run; the caller frees it. */
static inline char *path_of(char **argv, const char *name) {
    size_t size = strlen(argv[1]) + 1 + strlen(name) + 1;
    char *path = malloc(size);
    CHECK(path != NULL);
    snprintf(path, size, "%s/%s", argv[1], name);
    return path;
}

/* The contents of a file in the folder of this run; the caller frees them. */
static inline struct bytes contents_of(char **argv, const char *name) {
    char *path = path_of(argv, name);
    FILE *file = fopen(path, "rb");
    struct bytes bytes = {malloc(1 << 20), 0};
    CHECK(file != NULL && bytes.data != NULL);
    bytes.length = fread(bytes.data, 1, 1 << 20, file);
    CHECK(ferror(file) == 0 && feof(file) != 0);
    fclose(file);
    free(path);
    return bytes;
}

static inline void write_file(char **argv, const char *name, struct bytes bytes) {
    char *path = path_of(argv, name);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL && fwrite(bytes.data, 1, bytes.length, file) == bytes.length && fclose(file) == 0);
    free(path);
}

/* A config with a mode and the CA in a file. */
static inline clientcert_config *config_with(char **argv, const char *mode, const char *ca) {
    clientcert_error *error = NULL;
    clientcert_config *config = clientcert_config_new();
    char *path = path_of(argv, ca);
    CHECK_OK(clientcert_config_set(config, "mode", mode, &error), error);
    CHECK_OK(clientcert_config_set(config, "ca", path, &error), error);
    free(path);
    return config;
}

/* A verifier with a mode that trusts the CA of this run. */
static inline clientcert_verifier *verifier_with(char **argv, const char *mode) {
    clientcert_error *error = NULL;
    clientcert_verifier *verifier = NULL;
    clientcert_config *config = config_with(argv, mode, "ca.pem");
    CHECK_OK(clientcert_verifier_new(config, &verifier, &error), error);
    clientcert_config_free(config);
    return verifier;
}

/* The verdict on a file; its bytes are gone when this returns. */
static inline clientcert_verdict *verdict_on(char **argv, const clientcert_verifier *verifier, const char *name) {
    struct bytes chain = contents_of(argv, name);
    clientcert_verdict *verdict = clientcert_verify(verifier, chain.data, chain.length, moment);
    memset(chain.data, 0xff, chain.length);
    free(chain.data);
    CHECK(verdict != NULL);
    return verdict;
}

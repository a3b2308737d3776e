/* Verifies the chains that tests/conformance.rs writes to standard input, and prints a line for each:
 * accept or reject, a space, and the names of the reasons with a comma after each. */

#include <clientcert.h>

#include <stdio.h>
#include <stdlib.h>

static void give_up(const char *problem)
{
    fprintf(stderr, "conformance: %s\n", problem);
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

/* The caller frees the bytes. A NUL that is not counted follows them. */
static unsigned char *read_bytes(size_t *length)
{
    uint64_t number;
    if (!read_number(&number))
        give_up("a record ends early");
    unsigned char *bytes = malloc((size_t)number + 1);
    if (bytes == NULL || fread(bytes, 1, (size_t)number, stdin) != number)
        give_up("a record ends early");
    bytes[number] = 0;
    *length = (size_t)number;
    return bytes;
}

static clientcert_verifier *read_verifier(uint64_t options, clientcert_error **error)
{
    clientcert_config *config = clientcert_config_new();
    clientcert_verifier *verifier = NULL;
    int32_t status = CLIENTCERT_OK;
    size_t length;

    for (uint64_t i = 0; i < options; i++) {
        char *name = (char *)read_bytes(&length);
        char *value = (char *)read_bytes(&length);
        if (status == CLIENTCERT_OK)
            status = clientcert_config_set(config, name, value, error);
        free(name);
        free(value);
    }
    unsigned char *anchors = read_bytes(&length);
    if (status == CLIENTCERT_OK)
        status = clientcert_config_set_bytes(config, "ca", anchors, length, error);
    free(anchors);
    unsigned char *crls = read_bytes(&length);
    if (status == CLIENTCERT_OK && length > 0)
        status = clientcert_config_set_bytes(config, "crl", crls, length, error);
    free(crls);
    if (status == CLIENTCERT_OK)
        status = clientcert_verifier_new(config, &verifier, error);
    if ((status == CLIENTCERT_OK) != (verifier != NULL))
        give_up("a status and its result contradict each other");
    clientcert_config_free(config);
    return verifier;
}

static void answer(const clientcert_verifier *verifier, const unsigned char *chain, size_t length, int64_t time)
{
    clientcert_verdict *verdict = clientcert_verify(verifier, chain, length, time);
    int verified = clientcert_verdict_verified(verdict);
    if (verified != (clientcert_verdict_outcome(verdict) == CLIENTCERT_SUCCESS))
        give_up("a verdict contradicts itself");

    printf("%s ", verified ? "accept" : "reject");
    size_t reasons = clientcert_verdict_reason_count(verdict);
    for (size_t i = 0; i < reasons; i++)
        printf("%s,", clientcert_reason_name(clientcert_verdict_reason(verdict, i)));
    printf("\n");
    clientcert_verdict_free(verdict);
}

int main(void)
{
    uint64_t options;
    while (read_number(&options)) {
        clientcert_error *error = NULL;
        clientcert_verifier *verifier = read_verifier(options, &error);
        size_t length;
        unsigned char *chain = read_bytes(&length);
        uint64_t time;
        if (!read_number(&time))
            give_up("a record ends early");

        if (verifier == NULL)
            printf("reject config status %d,\n", (int)clientcert_error_status(error));
        else
            answer(verifier, chain, length, (int64_t)time);
        free(chain);
        clientcert_error_free(error);
        clientcert_verifier_free(verifier);
    }
    return 0;
}

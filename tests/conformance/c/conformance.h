/* The conformance program in C: main.c reads cases and answers, steps.c does what a case asks for, render.c writes what
 * the library says as JSON. tests/conformance/README.md has the protocol. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <clientcert.h>
#include <jansson.h>

/* What the steps of one case work on, one after another. */
struct bench {
    clientcert_verifier *verifier;
    clientcert_verdict *verdict;   /* of the last step that made one; NULL before it */
    clientcert_verdict *former;    /* of the one before that */
    clientcert_headers *headers;   /* what was forwarded last */
    json_t *variables;             /* names to ask every verdict for */
};

/* One step of a case. The caller owns the answer. */
json_t *take_step(struct bench *bench, json_t *step);

/* What does not depend on a case: options, reasons, dialects. */
json_t *describe_library(json_t *headers);

/* What the library says, as JSON that the caller owns. */
json_t *verdict_to_json(const clientcert_verdict *verdict, json_t *variables, int64_t time);
json_t *decision_to_json(const clientcert_decision *decision, json_t *variables, int64_t time);
json_t *headers_to_json(const clientcert_headers *headers);
json_t *policy_to_json(const clientcert_verifier *verifier, const char *host);
json_t *crls_to_json(const clientcert_verifier *verifier, int64_t time);
json_t *error_to_json(int32_t status, clientcert_error *error); /* Takes the error. */

/* Bytes are hexadecimal. NULL is null. */
extern const char hexadecimal[];
json_t *hex(const void *bytes, size_t length);
json_t *text(const char *text);

/* The bytes of a hexadecimal text, with a NUL behind them that does not count. The caller frees them. */
unsigned char *unhex(json_t *value, size_t *length);

/* Ends the program: a case that cannot be read is an error of the driver. */
void give_up(const char *problem);

#endif

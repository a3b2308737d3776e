/* The conformance program in C: main.c reads cases and answers; steps.c, request.c and registry.c do what a case asks for;
 * render.c and library.c write what the library says as JSON, and values.c single values.
 * tests/conformance/README.md has the protocol. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <clientcert.h>
#include <jansson.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

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

/* Steps that have files of their own. */
json_t *decide(struct bench *bench, json_t *step);
json_t *change_registry(struct bench *bench, json_t *step);
json_t *list_registry(struct bench *bench, json_t *step);

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
json_t *hex(const void *bytes, size_t length);
json_t *text(const char *text);

/* An object with the error where there is one. Takes the error. */
json_t *outcome(int32_t status, clientcert_error *error);

/* Members of a step: a moment that is missing is now, a text that is missing is NULL. */
int64_t moment(json_t *step, const char *name);
const char *string(json_t *step, const char *name);

/* The bytes of a hexadecimal text, with a NUL behind them that does not count. The caller frees them. */
unsigned char *unhex(json_t *value, size_t *length);

/* Ends the program: a case that cannot be read is an error of the driver. */
void give_up(const char *problem);

#endif

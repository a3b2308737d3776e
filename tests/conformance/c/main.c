#include "conformance.h"

#include <stdlib.h>
#include <string.h>

void give_up(const char *problem)
{
    fprintf(stderr, "conformance: %s\n", problem);
    exit(2);
}

static int32_t set_options(clientcert_config *config, json_t *request, clientcert_error **error)
{
    const char *file = json_string_value(json_object_get(request, "file"));
    int32_t status = file == NULL ? CLIENTCERT_OK : clientcert_config_load(config, file, error);
    size_t index, length;
    json_t *pair;

    json_array_foreach(json_object_get(request, "options"), index, pair) {
        const char *name = json_string_value(json_array_get(pair, 0));
        const char *value = json_string_value(json_array_get(pair, 1));
        if (status == CLIENTCERT_OK)
            status = clientcert_config_set(config, name, value, error);
    }
    json_array_foreach(json_object_get(request, "bytes"), index, pair) {
        unsigned char *bytes = unhex(json_array_get(pair, 1), &length);
        if (status == CLIENTCERT_OK)
            status = clientcert_config_set_bytes(config, json_string_value(json_array_get(pair, 0)), bytes, length,
                                                 error);
        free(bytes);
    }
    return status;
}

static json_t *answer(json_t *request)
{
    json_t *reply = json_object(), *steps = json_object_get(request, "steps"), *step;
    struct bench bench = {.variables = json_object_get(request, "variables")};
    clientcert_config *config = clientcert_config_new();
    clientcert_error *error = NULL;
    size_t index;

    json_object_set(reply, "id", json_object_get(request, "id"));
    if (steps == NULL) {
        json_object_set_new(reply, "library", describe_library(json_object_get(request, "headers")));
        clientcert_config_free(config);
        return reply;
    }
    int32_t status = set_options(config, request, &error);
    if (json_is_true(json_object_get(request, "dump")))
        json_object_set_new(reply, "dump", text(clientcert_config_dump(config, NULL)));
    if (status == CLIENTCERT_OK)
        status = clientcert_verifier_new(config, &bench.verifier, &error);
    clientcert_config_free(config);
    if ((status == CLIENTCERT_OK) != (bench.verifier != NULL))
        give_up("a status and its result contradict each other");
    if (status != CLIENTCERT_OK) {
        json_object_set_new(reply, "error", error_to_json(status, error));
        return reply;
    }
    bench.headers = clientcert_headers_new();
    json_t *answers = json_array();
    json_array_foreach(steps, index, step)
        json_array_append_new(answers, take_step(&bench, step));
    json_object_set_new(reply, "answers", answers);
    clientcert_headers_free(bench.headers);
    clientcert_verdict_free(bench.verdict);
    clientcert_verdict_free(bench.former);
    clientcert_verifier_free(bench.verifier);
    return reply;
}

int main(void)
{
    char *line = NULL;
    size_t room = 0;

    while (getline(&line, &room, stdin) > 0) {
        json_t *request = json_loads(line, JSON_ALLOW_NUL, NULL);
        if (request == NULL)
            give_up("a case is no JSON");
        json_t *reply = answer(request);
        if (json_dumpf(reply, stdout, JSON_COMPACT) != 0)
            give_up("an answer cannot be written");
        putchar('\n');
        fflush(stdout);
        json_decref(reply);
        json_decref(request);
    }
    free(line);
    return 0;
}

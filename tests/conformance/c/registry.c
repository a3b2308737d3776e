#include "conformance.h"

#include <stdlib.h>
#include <string.h>

static int32_t change(struct bench *bench, clientcert_registry *registry, json_t *step, clientcert_error **error)
{
    const char *verb = string(step, "verb"), *user = string(step, "user"), *label = string(step, "label");
    const char *key = string(step, "key"), *fields = string(step, "fields");
    size_t length;

    if (strcmp(verb, "enrol_verdict") == 0)
        return clientcert_registry_enrol_verdict(registry, bench->verdict, user, label, error);
    if (strcmp(verb, "renew_beside") == 0)
        return clientcert_registry_renew_beside(registry, bench->verdict, bench->former, label, error);
    if (strcmp(verb, "enrol_fingerprint") == 0)
        return clientcert_registry_enrol_fingerprint(registry, user, key, fields, error);
    if (strcmp(verb, "used") == 0)
        return clientcert_registry_used(registry, key, moment(step, "time"), error);
    if (strcmp(verb, "enrol_certificate") == 0 || strcmp(verb, "renew_signed") == 0 || strcmp(verb, "import") == 0) {
        unsigned char *data = unhex(json_object_get(step, "data"), &length);
        int32_t status =
            strcmp(verb, "import") == 0
                ? clientcert_registry_import(registry, string(step, "format"), data, length, user, error)
            : strcmp(verb, "renew_signed") == 0
                ? clientcert_registry_renew_signed(registry, bench->verdict, data, length, label, error)
                : clientcert_registry_enrol_certificate(registry, user, data, length, fields, error);
        free(data);
        return status;
    }
    return clientcert_registry_change(registry, verb, string(step, "subject"), string(step, "value"), error);
}

/* Changes the registry of the verifier, and lists what is then in it. */
json_t *change_registry(struct bench *bench, json_t *step)
{
    clientcert_registry *registry = clientcert_verifier_registry(bench->verifier);
    clientcert_error *error = NULL;
    const char *list = NULL;

    if (clientcert_registry_act_as(registry, string(step, "actor"), &error) != CLIENTCERT_OK)
        give_up(clientcert_error_message(error));
    int32_t status = change(bench, registry, step, &error);
    json_t *answer = outcome(status, error);
    json_object_set_new(answer, "audit", json_loads(clientcert_registry_audit(registry), 0, NULL));
    error = NULL;
    if (clientcert_registry_list(registry, "all", NULL, &list, &error) != CLIENTCERT_OK)
        give_up(clientcert_error_message(error));
    json_object_set_new(answer, "list", json_loads(list, 0, NULL));
    clientcert_registry_free(registry);
    return answer;
}

json_t *list_registry(struct bench *bench, json_t *step)
{
    clientcert_registry *registry = clientcert_verifier_registry(bench->verifier);
    const char *what = string(step, "what"), *found = NULL;
    clientcert_error *error = NULL;

    int32_t status = clientcert_registry_list(registry, what, string(step, "value"), &found, &error);
    json_t *answer = outcome(status, error);
    if (status == CLIENTCERT_OK)
        json_object_set_new(answer, "list", strcmp(what, "text") == 0 ? text(found) : json_loads(found, 0, NULL));
    clientcert_registry_free(registry);
    return answer;
}

#include "conformance.h"

#include <stdlib.h>
#include <string.h>

static const char hexadecimal[] = "0123456789abcdef";

json_t *hex(const void *bytes, size_t length)
{
    const unsigned char *byte = bytes;

    if (bytes == NULL)
        return json_null();
    char *string = malloc(2 * length + 1);
    if (string == NULL)
        give_up("no memory");
    for (size_t i = 0; i < length; i++) {
        string[2 * i] = hexadecimal[byte[i] >> 4];
        string[2 * i + 1] = hexadecimal[byte[i] & 15];
    }
    json_t *value = json_stringn(string, 2 * length);
    free(string);
    return value;
}

json_t *text(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

json_t *error_to_json(int32_t status, clientcert_error *error)
{
    if (clientcert_error_status(error) != status)
        give_up("an error has another status than its call");
    json_t *value = json_pack("{s:i, s:s, s:s}", "status", (int)status, "name", clientcert_status_name(status),
                              "message", clientcert_error_message(error));
    clientcert_error_free(error);
    return value;
}

static unsigned int digit(char c)
{
    const char *place = c == 0 ? NULL : strchr(hexadecimal, c);
    if (place == NULL)
        give_up("bytes that are no hexadecimal");
    return (unsigned int)(place - hexadecimal);
}

unsigned char *unhex(json_t *value, size_t *length)
{
    const char *digits = json_string_value(value);
    size_t count = json_string_length(value) / 2;
    unsigned char *bytes = malloc(count + 1);

    if (bytes == NULL)
        give_up("no memory");
    for (size_t i = 0; i < count; i++)
        bytes[i] = (unsigned char)(digit(digits[2 * i]) << 4 | digit(digits[2 * i + 1]));
    bytes[count] = 0;
    *length = count;
    return bytes;
}

int64_t moment(json_t *step, const char *name)
{
    json_t *value = json_object_get(step, name);
    return json_is_integer(value) ? json_integer_value(value) : CLIENTCERT_NOW;
}

const char *string(json_t *step, const char *name)
{
    return json_string_value(json_object_get(step, name));
}

json_t *outcome(int32_t status, clientcert_error *error)
{
    return status == CLIENTCERT_OK ? json_object() : json_pack("{s:o}", "error", error_to_json(status, error));
}

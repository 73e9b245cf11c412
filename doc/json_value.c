/* See json_value.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "doc/json_value.h"

#include <string.h>

const char *
json_text (const json_t *object, const char *key)
{
    const char *s = json_string_value (json_object_get (object, key));
    return s ? s : "";
}

bool
json_has_string (const json_t *array, const char *s)
{
    size_t i;
    const json_t *one;
    json_array_foreach (array, i, one)
        if (json_is_string (one) && strcmp (json_string_value (one), s) == 0)
            return true;
    return false;
}

void
json_put_unless_empty (json_t *object, const char *key, json_t *value)
{
    if (json_object_size (value) || json_array_size (value))
        json_object_set (object, key, value);
    json_decref (value);
}

/* What is asked of JSON documents again and again.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_DOC_JSON_VALUE_H
#define CHARD_DOC_JSON_VALUE_H

#include <jansson.h>
#include <stdbool.h>

/* A string member of an object; "" if there is none, or it is something else. Borrowed from the object. */
const char *json_text (const json_t *object, const char *key);

/* Whether an array has that string among its elements, whatever the others are. */
bool json_has_string (const json_t *array, const char *s);

/* Sets a member, unless `value`, which is taken over, is an empty list or object. */
void json_put_unless_empty (json_t *object, const char *key, json_t *value);

#endif

/* Text of the report's page: elements, and durations, sizes and values as people write them. What is returned lies in
 * `a`.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_REPORT_TEXT_H
#define CHARD_ENGINE_REPORT_TEXT_H

#include "base/arena.h"
#include "base/strbuf.h"

#include <jansson.h>
#include <stdbool.h>

/* <name class="class">text</name>; no class if NULL. The text is escaped. */
void report_add_element (struct strbuf *out, const char *name, const char *class, const char *text);

const char *report_duration (struct arena *a, double seconds); /* "340 ms", "2 min 5 s" */
const char *report_bytes (struct arena *a, double bytes);      /* "1.2 MB" */
const char *report_value (struct arena *a, const json_t *v);   /* text without quotes, numbers short; NULL: a dash */

/* The text at a key of an object; NULL if there is none, or no object. */
static inline const char *
report_string (const json_t *o, const char *key)
{
    return json_string_value (json_object_get (o, key));
}

static inline bool
report_is_given (const char *s)
{
    return s && *s;
}

#endif

/* Reads the JSON that is found in the wild: byte order marks, NaN and Infinity (read as null), lone surrogates (read
 * as U+FFFD), \u0000, integers beyond 64 bits (read as reals). Jansson does the parsing; this file only hands it text
 * that it accepts. Values of keys that the caller has no use for (a notebook's outputs may be 100 MB) are passed
 * over without building a tree.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_DOC_JSON_TEXT_H
#define CHARD_DOC_JSON_TEXT_H

#include "base/error.h"

#include <jansson.h>
#include <stddef.h>

/* Parses `len` bytes. `skip` is a NULL-terminated list of object keys (or NULL) whose values, where they are arrays
 * or objects, are read as empty ones. The caller owns the result. NULL and ERROR_NOTEBOOK with line and column in
 * the original text when it isn't JSON. */
json_t *json_text_parse (const char *data, size_t len, const char *const *skip, struct error *err);

/* Writes the shortest digits that read back as `x`, always with a point: YAML 1.1 takes "1e+20" for text. */
#define JSON_TEXT_REAL_SIZE 48
void json_text_print_real (double x, char out[JSON_TEXT_REAL_SIZE]);

/* For json_dumps's flags: the fewest digits, 15 to 17, with which every real in `value` reads back as it is, so that
 * 0.3 is printed as "0.3" and not as "0.29999999999999999". */
size_t json_text_precision (const json_t *value);

#endif

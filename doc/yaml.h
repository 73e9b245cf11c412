/* YAML in and out, by json_t. The one file that knows libyaml; emitters print what they built with it, and chard.yaml
 * and the contexts are read with it.
 *
 * What is printed reads the same for parsers of YAML 1.1 (PyYAML, go-yaml 2) and 1.2: each string value is
 * double-quoted or, where it has several lines of plain text, a literal block, so that `yes`, `1.10`, `null`, dates
 * and `on` stay strings; keys are plain only where no version takes them for anything else. Objects keep the order in
 * which their keys were set. The same value always gives the same bytes.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_DOC_YAML_H
#define CHARD_DOC_YAML_H

#include "base/error.h"
#include "base/strbuf.h"

#include <jansson.h>
#include <stddef.h>

/* Appends `document` to `out`. If `out` isn't empty, a line `---` comes first: so a file gets several documents. */
void yaml_print (const json_t *document, struct strbuf *out);

/* Reads one document; empty text is null. Plain scalars mean what YAML 1.2's core schema says: null, ~, true, false,
 * numbers (integers beyond 64 bits become reals); all else, `yes` and dates among it, is text, as is whatever is quoted
 * or tagged !!str. Aliases share their anchor's value. The caller owns the result. NULL and ERROR_USAGE with line and
 * column if it isn't YAML, has a second document, a key twice in one mapping, a key that isn't a scalar, a merge key
 * (<<), an alias within its own anchor, or a NUL in a key, or nests deeper than 100 levels. */
json_t *yaml_parse (const char *data, size_t len, struct error *err);

/* The same for text with any number of documents: an array of them. */
json_t *yaml_parse_all (const char *data, size_t len, struct error *err);

#endif

/* The same code, however it is written: Python's text without its comments and blanks, for digests. Called by
 * engine/key.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_SYNTAX_NORMAL_H
#define CHARD_COMPILER_SYNTAX_NORMAL_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

/* Adds to `out` a text that is equal for two sources if and only if they have the same syntax tree, its leaves spelt
 * alike. False, with nothing added, if `source` isn't Python as a whole. */
bool syntax_normalize (const char *source, size_t len, struct strbuf *out);

#endif

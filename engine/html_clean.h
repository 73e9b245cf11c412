/* HTML that a cell showed, made fit to stand within the report's own page: a table of elements and attributes says
 * what may stay. For the run report.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_HTML_CLEAN_H
#define CHARD_ENGINE_HTML_CLEAN_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

/* Adds the HTML if nothing of weight is lost by cleaning it: only known, harmless elements (tables, text, images as
 * data), no scripts, no styles but pandas' own scoped ones (which are dropped). Elements left open are closed.
 * False, with nothing added, if it needs more than that: then it belongs into a frame of its own. */
bool html_clean (struct strbuf *out, const char *html, size_t n);

#endif

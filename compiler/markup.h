/* Text made fit for XML and HTML, whatever bytes it holds: names, titles and outputs come from users' notebooks.
 * Used by the drawing of pipelines and by the report.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_MARKUP_H
#define CHARD_COMPILER_MARKUP_H

#include "base/strbuf.h"

#include <stddef.h>

/* Adds `n` bytes of text, fit for element content and attributes in double quotes: the five special characters become
 * entities, invalid UTF-8 and characters that XML 1.0 forbids (§2.2: most control characters) become U+FFFD. */
void markup_add (struct strbuf *b, const char *s, size_t n);
void markup_adds (struct strbuf *b, const char *s);

/* Estimated width of the text in a proportional sans-serif font, in units of the font size (em). Rather too wide than
 * too narrow: it must hold for DejaVu Sans as for Helvetica. */
double markup_em_width (const char *s, size_t n);

#endif

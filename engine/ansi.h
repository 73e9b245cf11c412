/* Text written for a terminal, as HTML: colours become spans, a carriage return overwrites its line (so that a
 * progress bar is its last state), backspaces take back, other control sequences vanish. For the run report.
 * Specification: ECMA-48 §8.3.117 (SGR).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_ANSI_H
#define CHARD_ENGINE_ANSI_H

#include "base/strbuf.h"

#include <stddef.h>

/* Adds `n` bytes of terminal text as escaped HTML, fit for a <pre>. Spans are always closed again. Classes: a0-a15 for
 * the sixteen colours (b0-b15 as background), ab bold, ai italic, au underlined, ad dim; others are inline styles. */
void ansi_add_html (struct strbuf *out, const char *s, size_t n);

#endif

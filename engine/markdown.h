/* Markdown that a cell showed, as HTML that is fit to stand within the report's own page: GitHub's dialect, as
 * notebooks have it, with equations between dollars left as their source. HTML in it stays where html_clean lets it;
 * where it needs more, it is shown as the text it is, so that nothing in it runs. By md4c, loaded when it is needed.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_MARKDOWN_H
#define CHARD_ENGINE_MARKDOWN_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>

/* False, with nothing added, if it can't be: too long (256 KiB), nested too deeply, or md4c isn't there. */
bool markdown_add_html (struct strbuf *out, const char *text, size_t n);

#endif

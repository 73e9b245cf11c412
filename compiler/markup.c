/* See markup.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/markup.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

static const char *
entity (uint32_t c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

static bool
is_allowed (uint32_t c)
{
    return c >= 0x20 ? c != 0x7f && c != UTF8_REPLACEMENT && c != 0xfffe && c != 0xffff
                     : c == '\t' || c == '\n' || c == '\r';
}

void
markup_add (struct strbuf *b, const char *s, size_t n)
{
    strbuf_reserve (b, n);
    for (size_t i = 0, len; i < n; i += len) {
        uint32_t c = utf8_decode (s + i, n - i, &len);
        const char *e = entity (c);
        if (e)
            strbuf_adds (b, e);
        else if (is_allowed (c))
            strbuf_add (b, s + i, len);
        else
            strbuf_adds (b, "\xef\xbf\xbd");
    }
}

void
markup_adds (struct strbuf *b, const char *s)
{
    markup_add (b, s, strlen (s));
}

static double
em_width (uint32_t c)
{
    if (utf8_width (c) != 1)
        return utf8_width (c) ? 1.05 : 0;
    if (c < 0x80 && strchr ("ijlI.,:;'|! ()[]", (int) c))
        return 0.37;
    if (c < 0x80 && strchr ("frt-/\\\"", (int) c))
        return 0.45;
    if (c < 0x80 && strchr ("mMW@%", (int) c))
        return 0.98;
    if (c == 'w' || (c >= 'A' && c <= 'Z'))
        return 0.75;
    return 0.64;
}

double
markup_em_width (const char *s, size_t n)
{
    double width = 0;
    for (size_t i = 0, len; i < n; i += len)
        width += em_width (utf8_decode (s + i, n - i, &len));
    return width;
}

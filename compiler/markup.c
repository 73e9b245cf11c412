/* See markup.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/markup.h"

#include <stdbool.h>
#include <string.h>

#define REPLACEMENT 0xfffd

uint32_t
markup_decode (const char *s, size_t n, size_t *len)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *u = (const unsigned char *) s;
    *len = 1;
    if (u[0] < 0x80)
        return u[0];
    size_t need = (u[0] & 0xe0) == 0xc0 ? 2 : (u[0] & 0xf0) == 0xe0 ? 3 : (u[0] & 0xf8) == 0xf0 ? 4 : 0;
    if (need == 0 || need > n)
        return REPLACEMENT;
    uint32_t c = u[0] & (0xff >> (need + 1));
    for (size_t i = 1; i < need; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return REPLACEMENT;
        c = c << 6 | (u[i] & 0x3f);
    }
    if (c < smallest[need] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return REPLACEMENT;
    *len = need;
    return c;
}

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
    return c >= 0x20 ? c != 0x7f && c != REPLACEMENT && c != 0xfffe && c != 0xffff
                     : c == '\t' || c == '\n' || c == '\r';
}

void
markup_add (struct strbuf *b, const char *s, size_t n)
{
    strbuf_reserve (b, n);
    for (size_t i = 0, len; i < n; i += len) {
        uint32_t c = markup_decode (s + i, n - i, &len);
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

/* Blocks are enough here: a few columns too many or too few do no harm. */
static bool
is_wide (uint32_t c)
{
    return (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf) || (c >= 0xac00 && c <= 0xd7a3)
           || (c >= 0xf900 && c <= 0xfaff) || (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60)
           || (c >= 0x1f300 && c <= 0x1faff) || (c >= 0x20000 && c <= 0x3fffd);
}

static bool
is_combining (uint32_t c)
{
    return (c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f)
           || (c >= 0x20d0 && c <= 0x20ff);
}

size_t
markup_columns (const char *s)
{
    size_t columns = 0;
    for (size_t i = 0, n = strlen (s), len; i < n; i += len) {
        uint32_t c = markup_decode (s + i, n - i, &len);
        columns += is_combining (c) ? 0 : is_wide (c) ? 2 : 1;
    }
    return columns;
}

static double
em_width (uint32_t c)
{
    if (is_combining (c))
        return 0;
    if (is_wide (c))
        return 1.05;
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
        width += em_width (markup_decode (s + i, n - i, &len));
    return width;
}

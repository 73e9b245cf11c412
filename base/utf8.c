/* See utf8.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/utf8.h"

#include "base/strbuf.h"

#include <stdbool.h>
#include <string.h>

uint32_t
utf8_decode (const char *s, size_t n, size_t *len)
{
    static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
    const unsigned char *u = (const unsigned char *) s;
    *len = 1;
    if (u[0] < 0x80)
        return u[0];
    size_t need = (u[0] & 0xe0) == 0xc0 ? 2 : (u[0] & 0xf0) == 0xe0 ? 3 : (u[0] & 0xf8) == 0xf0 ? 4 : 0;
    if (need == 0 || need > n)
        return UTF8_REPLACEMENT;
    uint32_t c = u[0] & (0xff >> (need + 1));
    for (size_t i = 1; i < need; i++) {
        if ((u[i] & 0xc0) != 0x80)
            return UTF8_REPLACEMENT;
        c = c << 6 | (u[i] & 0x3f);
    }
    if (c < smallest[need] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return UTF8_REPLACEMENT;
    *len = need;
    return c;
}

char *
utf8_repair (struct arena *a, const char *s)
{
    cleanup_strbuf struct strbuf out = { 0 };
    for (size_t i = 0, n = strlen (s), len; i < n; i += len)
        strbuf_add_utf8 (&out, utf8_decode (s + i, n - i, &len));
    return arena_strdup (a, strbuf_str (&out));
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

int
utf8_width (uint32_t c)
{
    return is_combining (c) ? 0 : is_wide (c) ? 2 : 1;
}

size_t
utf8_columns (const char *s)
{
    size_t columns = 0;
    for (size_t i = 0, n = strlen (s), len; i < n; i += len) {
        columns += (size_t) utf8_width (utf8_decode (s + i, n - i, &len));
    }
    return columns;
}

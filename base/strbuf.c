/* See strbuf.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/strbuf.h"

#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void
strbuf_free (struct strbuf *b)
{
    free (b->data);
    *b = (struct strbuf){ 0 };
}

void
strbuf_clear (struct strbuf *b)
{
    b->len = 0;
    if (b->data)
        b->data[0] = '\0';
}

void
strbuf_reserve (struct strbuf *b, size_t extra)
{
    size_t need = b->len + extra + 1;
    if (need <= b->cap)
        return;
    size_t cap = b->cap ? b->cap * 2 : 64;
    b->cap = cap < need ? need : cap;
    b->data = xrealloc (b->data, b->cap);
}

void
strbuf_add (struct strbuf *b, const char *data, size_t len)
{
    strbuf_reserve (b, len);
    if (len)
        memcpy (b->data + b->len, data, len);
    b->len += len;
    b->data[b->len] = '\0';
}

void
strbuf_adds (struct strbuf *b, const char *s)
{
    strbuf_add (b, s, strlen (s));
}

void
strbuf_addc (struct strbuf *b, char c)
{
    strbuf_add (b, &c, 1);
}

void
strbuf_addf (struct strbuf *b, const char *fmt, ...)
{
    va_list ap, again;
    va_start (ap, fmt);
    va_copy (again, ap);
    strbuf_reserve (b, 1);
    size_t room = b->cap - b->len;
    int n = vsnprintf (b->data + b->len, room, fmt, ap);
    va_end (ap);
    if ((size_t) n >= room) {
        strbuf_reserve (b, (size_t) n);
        vsnprintf (b->data + b->len, (size_t) n + 1, fmt, again);
    }
    va_end (again);
    b->len += (size_t) n;
}

void
strbuf_add_html (struct strbuf *b, const char *s)
{
    for (; *s; s++)
        switch (*s) {
        case '&': strbuf_adds (b, "&amp;"); break;
        case '<': strbuf_adds (b, "&lt;"); break;
        case '>': strbuf_adds (b, "&gt;"); break;
        case '"': strbuf_adds (b, "&quot;"); break;
        case '\'': strbuf_adds (b, "&#39;"); break;
        default: strbuf_addc (b, *s);
        }
}

void
strbuf_add_utf8 (struct strbuf *b, unsigned c)
{
    if (c < 0x80) {
        strbuf_addc (b, (char) c);
        return;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    strbuf_addc (b, (char) ((0xff00 >> (more + 1) & 0xff) | c >> (6 * more)));
    while (more-- > 0)
        strbuf_addc (b, (char) (0x80 | (c >> (6 * more) & 0x3f)));
}

const char *
strbuf_str (const struct strbuf *b)
{
    return b->data ? b->data : "";
}

char *
strbuf_take (struct strbuf *b)
{
    char *s = b->data ? b->data : xstrdup ("");
    *b = (struct strbuf){ 0 };
    return s;
}

/* See ansi.h. A line is collected in `line` as styled characters until its end, so that "\r" can overwrite it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/ansi.h"

#include "base/arena.h"
#include "base/utf8.h"
#include "compiler/markup.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A colour: none, one of the 16, or 0xRRGGBB. */
struct color {
    enum { COLOR_NONE, COLOR_INDEX, COLOR_RGB } kind;
    uint32_t value;
};

struct style {
    struct color ink, paper;
    bool bold, italic, underline, dim, inverse;
};

struct glyph {
    char bytes[4]; /* one character as it stood in the text */
    uint8_t len;
    struct style style;
};

struct screen {
    struct strbuf *out;
    struct style style; /* now */
    struct style open;  /* of the span that is open in `out` */
    bool is_open;
    struct glyph *line;
    size_t len, cap, column;
};

/* ---- spans ------------------------------------------------------------------------------------------------------ */

static bool
same_color (struct color a, struct color b)
{
    return a.kind == b.kind && a.value == b.value;
}

static bool
same_style (const struct style *a, const struct style *b)
{
    return same_color (a->ink, b->ink) && same_color (a->paper, b->paper) && a->bold == b->bold
           && a->italic == b->italic && a->underline == b->underline && a->dim == b->dim && a->inverse == b->inverse;
}

static bool
is_plain (const struct style *s)
{
    static const struct style plain;
    return same_style (s, &plain);
}

static void
close_span (struct screen *s)
{
    if (s->is_open)
        strbuf_adds (s->out, "</span>");
    s->is_open = false;
}

static void
open_span (struct screen *s, const struct style *style)
{
    struct color ink = style->inverse ? style->paper : style->ink;
    struct color paper = style->inverse ? style->ink : style->paper;
    const char *start = "<span class=\"";
    strbuf_adds (s->out, start);
    if (ink.kind == COLOR_INDEX)
        strbuf_addf (s->out, "a%u ", ink.value);
    if (paper.kind == COLOR_INDEX)
        strbuf_addf (s->out, "b%u ", paper.value);
    strbuf_addf (s->out, "%s%s%s%s%s", style->bold ? "ab " : "", style->italic ? "ai " : "",
                 style->underline ? "au " : "", style->dim ? "ad " : "", style->inverse ? "av" : "");
    if (s->out->data[s->out->len - 1] == ' ')
        s->out->data[--s->out->len] = '\0';
    strbuf_adds (s->out, "\"");
    if (ink.kind == COLOR_RGB || paper.kind == COLOR_RGB)
        strbuf_adds (s->out, " style=\"");
    if (ink.kind == COLOR_RGB)
        strbuf_addf (s->out, "color:#%06x;", ink.value);
    if (paper.kind == COLOR_RGB)
        strbuf_addf (s->out, "background:#%06x;", paper.value);
    strbuf_adds (s->out, ink.kind == COLOR_RGB || paper.kind == COLOR_RGB ? "\">" : ">");
    s->is_open = true;
    s->open = *style;
}

static void
flush_line (struct screen *s)
{
    for (size_t i = 0; i < s->len; i++) {
        const struct glyph *g = &s->line[i];
        if (s->is_open && !same_style (&g->style, &s->open))
            close_span (s);
        if (!s->is_open && !is_plain (&g->style))
            open_span (s, &g->style);
        markup_add (s->out, g->bytes, g->len);
    }
    s->len = s->column = 0;
}

static void
put_glyph (struct screen *s, const char *bytes, size_t len)
{
    if (s->column == s->cap) {
        s->cap = s->cap ? s->cap * 2 : 256;
        s->line = xrealloc (s->line, s->cap * sizeof *s->line);
    }
    struct glyph *g = &s->line[s->column++];
    memcpy (g->bytes, bytes, len);
    g->len = (uint8_t) len;
    g->style = s->style;
    if (s->column > s->len)
        s->len = s->column;
}

/* ---- control sequences ------------------------------------------------------------------------------------------ */

/* xterm's 256 colours: 16 named ones, a cube of 6 × 6 × 6, and 24 greys. */
static struct color
palette (int n)
{
    static const uint8_t levels[] = { 0, 95, 135, 175, 215, 255 };
    if (n < 16)
        return (struct color){ COLOR_INDEX, (uint32_t) n };
    if (n >= 232) {
        uint32_t grey = (uint32_t) (8 + 10 * (n - 232));
        return (struct color){ COLOR_RGB, grey << 16 | grey << 8 | grey };
    }
    n -= 16;
    return (struct color){ COLOR_RGB,
                           (uint32_t) levels[n / 36] << 16 | (uint32_t) levels[n / 6 % 6] << 8 | levels[n % 6] };
}

/* "38;5;N" and "38;2;R;G;B"; returns how many numbers behind the 38 were taken. */
static size_t
extended_color (const int *numbers, size_t n, struct color *color)
{
    if (n >= 2 && numbers[0] == 5 && numbers[1] >= 0 && numbers[1] < 256) {
        *color = palette (numbers[1]);
        return 2;
    }
    if (n >= 4 && numbers[0] == 2) {
        *color = (struct color){ COLOR_RGB, (uint32_t) (numbers[1] & 255) << 16 | (uint32_t) (numbers[2] & 255) << 8
                                                | (uint32_t) (numbers[3] & 255) };
        return 4;
    }
    return n;
}

static void
select_rendition (struct style *s, const int *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int c = numbers[i];
        if (c == 0)
            *s = (struct style){ 0 };
        else if (c == 1)
            s->bold = true;
        else if (c == 2)
            s->dim = true;
        else if (c == 3)
            s->italic = true;
        else if (c == 4)
            s->underline = true;
        else if (c == 7)
            s->inverse = true;
        else if (c == 22)
            s->bold = s->dim = false;
        else if (c == 23)
            s->italic = false;
        else if (c == 24)
            s->underline = false;
        else if (c == 27)
            s->inverse = false;
        else if (c == 38)
            i += extended_color (numbers + i + 1, n - i - 1, &s->ink);
        else if (c == 48)
            i += extended_color (numbers + i + 1, n - i - 1, &s->paper);
        else if (c == 39)
            s->ink = (struct color){ 0 };
        else if (c == 49)
            s->paper = (struct color){ 0 };
        else if ((c >= 30 && c <= 37) || (c >= 90 && c <= 97))
            s->ink = (struct color){ COLOR_INDEX, (uint32_t) (c >= 90 ? c - 82 : c - 30) };
        else if ((c >= 40 && c <= 47) || (c >= 100 && c <= 107))
            s->paper = (struct color){ COLOR_INDEX, (uint32_t) (c >= 100 ? c - 92 : c - 40) };
    }
}

/* ESC [ numbers final. Returns the bytes behind the ESC that belong to it. */
static size_t
control_sequence (struct screen *s, const char *p, size_t n)
{
    int numbers[32] = { 0 };
    size_t count = 1, i = 1;
    for (; i < n && (unsigned char) p[i] >= 0x20 && (unsigned char) p[i] < 0x40; i++) {
        if (p[i] >= '0' && p[i] <= '9' && numbers[count - 1] < 10000)
            numbers[count - 1] = numbers[count - 1] * 10 + (p[i] - '0');
        else if ((p[i] == ';' || p[i] == ':') && count < sizeof numbers / sizeof numbers[0])
            count++;
    }
    if (i < n && p[i] == 'm')
        select_rendition (&s->style, numbers, count);
    else if (i < n && p[i] == 'K' && numbers[0] != 1)
        s->len = numbers[0] == 2 ? 0 : s->column < s->len ? s->column : s->len;
    if (s->column > s->len)
        s->column = s->len;
    return i < n ? i + 1 : n;
}

/* ESC ] … ended by BEL or ESC \ : titles and links. */
static size_t
operating_system_command (const char *p, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (p[i] == '\a')
            return i + 1;
        else if (p[i] == '\033')
            return i + 1 < n ? i + 2 : n;
    return n;
}

static size_t
escape (struct screen *s, const char *p, size_t n)
{
    if (n == 0)
        return 0;
    return p[0] == '[' ? control_sequence (s, p, n) : p[0] == ']' ? operating_system_command (p, n) : 1;
}

void
ansi_add_html (struct strbuf *out, const char *text, size_t n)
{
    struct screen s = { .out = out };
    for (size_t i = 0, len = 1; i < n; i += len) {
        char c = text[i];
        len = 1;
        if (c == '\033')
            len = 1 + escape (&s, text + i + 1, n - i - 1);
        else if (c == '\n') {
            flush_line (&s);
            strbuf_addc (out, '\n');
        } else if (c == '\r')
            s.column = 0;
        else if (c == '\b')
            s.column -= s.column > 0;
        else if (c == '\t' || (unsigned char) c >= 0x20) {
            utf8_decode (text + i, n - i, &len);
            put_glyph (&s, text + i, len);
        }
    }
    flush_line (&s);
    close_span (&s);
    free (s.line);
}

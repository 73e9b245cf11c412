/* See html_clean.h. A reader of tags, not of HTML5 in full: what it doesn't know for certain it refuses.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/html_clean.h"

#include "base/utf8.h"
#include "compiler/markup.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

enum { DEPTH = 64, NAME = 16 };

/* Elements that may stay; `empty` ones have no end tag. */
static const struct {
    const char *name;
    bool empty;
} elements[] = {
    { "a", false },     { "b", false },   { "blockquote", false }, { "br", true },      { "caption", false },
    { "code", false },  { "col", true },  { "colgroup", false },   { "dd", false },     { "div", false },
    { "dl", false },    { "dt", false },  { "em", false },         { "h1", false },     { "h2", false },
    { "h3", false },    { "h4", false },  { "h5", false },         { "h6", false },     { "hr", true },
    { "i", false },     { "img", true },  { "li", false },         { "ol", false },     { "p", false },
    { "pre", false },   { "s", false },   { "small", false },      { "span", false },   { "strong", false },
    { "sub", false },   { "sup", false }, { "table", false },      { "tbody", false },  { "td", false },
    { "tfoot", false }, { "th", false },  { "thead", false },      { "tr", false },     { "u", false },
    { "ul", false },    { "tt", false },  { "font", false },       { "center", false }, { "big", false },
    { "samp", false },  { "kbd", false }, { "del", false },        { "x-equation", false },
};

/* Attributes that may stay, whatever the element; others are dropped. `style` is looked at (is_harmless_style). */
static const char *const attributes[] = { "align",   "alt", "class", "color", "colspan", "height", "href",
                                          "rowspan", "src", "style", "title", "valign",  "width" };

struct cleaner {
    struct strbuf *out;
    const char *p, *end;
    char open[DEPTH][NAME];
    int depth;
};

static bool
is_known_element (const char *name, bool *empty)
{
    for (size_t i = 0; i < sizeof elements / sizeof elements[0]; i++)
        if (strcmp (elements[i].name, name) == 0) {
            *empty = elements[i].empty;
            return true;
        }
    return false;
}

static bool
is_known_attribute (const char *name)
{
    for (size_t i = 0; i < sizeof attributes / sizeof attributes[0]; i++)
        if (strcmp (attributes[i], name) == 0)
            return true;
    return false;
}

static bool
starts_with (const char *s, size_t n, const char *prefix)
{
    size_t len = strlen (prefix);
    return n >= len && strncasecmp (s, prefix, len) == 0;
}

static bool
contains (const char *s, size_t n, const char *word)
{
    for (size_t i = 0; i + strlen (word) <= n; i++)
        if (strncasecmp (s + i, word, strlen (word)) == 0)
            return true;
    return false;
}

/* Nothing that loads, covers the page or runs. Entities and escapes could hide such a word. */
static bool
is_harmless_style (const char *v, size_t n)
{
    static const char *const words[] = { "url", "expression", "position", "@",    "\\",
                                         "&",   "behavior",   "z-index",  "fixed" };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (contains (v, n, words[i]))
            return false;
    return true;
}

/* Links lead to the web, images are data: the page must stand alone. */
static bool
is_harmless_value (const char *name, const char *v, size_t n)
{
    if (strcmp (name, "href") == 0)
        return starts_with (v, n, "https://") || starts_with (v, n, "http://") || starts_with (v, n, "#");
    if (strcmp (name, "src") == 0)
        return starts_with (v, n, "data:image/") && !contains (v, n, "&");
    return strcmp (name, "style") != 0 || is_harmless_style (v, n);
}

/* A name in lower case, at most `size` - 1 bytes of it. */
static size_t
read_name (struct cleaner *c, char *name, size_t size)
{
    size_t n = 0;
    for (; c->p < c->end && (isalnum ((unsigned char) *c->p) || strchr ("-_:.@", *c->p)) && *c->p; c->p++)
        if (n + 1 < size)
            name[n++] = (char) tolower ((unsigned char) *c->p);
        else
            n = size; /* too long to be known */
    if (n >= size)
        n = size - 1;
    name[n] = '\0';
    return n;
}

static void
skip_space (struct cleaner *c)
{
    while (c->p < c->end && isspace ((unsigned char) *c->p))
        c->p++;
}

/* What stands behind "=": quoted or bare. */
static bool
read_value (struct cleaner *c, const char **value, size_t *n)
{
    *value = "";
    *n = 0;
    skip_space (c);
    if (c->p >= c->end || *c->p != '=')
        return true;
    c->p++;
    skip_space (c);
    if (c->p < c->end && (*c->p == '"' || *c->p == '\'')) {
        char quote = *c->p++;
        const char *close = memchr (c->p, quote, (size_t) (c->end - c->p));
        if (!close)
            return false;
        *value = c->p;
        *n = (size_t) (close - c->p);
        c->p = close + 1;
        return true;
    }
    *value = c->p;
    while (c->p < c->end && !isspace ((unsigned char) *c->p) && *c->p != '>')
        c->p++;
    *n = (size_t) (c->p - *value);
    return true;
}

/* Character references stay as they are, everything else that is special becomes one. */
static void
add_text (struct strbuf *out, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t end = i + 1;
        if (s[i] == '&')
            while (end < n && end < i + 12 && (isalnum ((unsigned char) s[end]) || s[end] == '#'))
                end++;
        if (s[i] == '&' && end < n && s[end] == ';' && end > i + 1) {
            strbuf_add (out, s + i, end - i + 1);
            i = end;
        } else {
            size_t len;
            utf8_decode (s + i, n - i, &len);
            markup_add (out, s + i, len);
            i += len - 1;
        }
    }
}

/* The attributes up to ">"; those that aren't known vanish. False if they can't be read. */
static bool
clean_attributes (struct cleaner *c, bool *scoped)
{
    for (;;) {
        while (c->p < c->end && (isspace ((unsigned char) *c->p) || *c->p == '/'))
            c->p++;
        if (c->p >= c->end)
            return false;
        if (*c->p == '>')
            return true;
        char name[NAME];
        const char *value;
        size_t n;
        if (read_name (c, name, sizeof name) == 0 || !read_value (c, &value, &n))
            return false;
        *scoped |= strcmp (name, "scoped") == 0;
        if (strncmp (name, "on", 2) == 0)
            return false;
        if (!is_known_attribute (name) || !is_harmless_value (name, value, n))
            continue;
        strbuf_addf (c->out, " %s=\"", name);
        add_text (c->out, value, n);
        strbuf_addc (c->out, '"');
    }
}

/* Behind "<style scoped>": up to its end, as pandas writes it before a table. */
static bool
skip_style (struct cleaner *c)
{
    static const char close[] = "</style>";
    for (; c->p < c->end; c->p++)
        if (starts_with (c->p, (size_t) (c->end - c->p), close)) {
            c->p += strlen (close);
            return true;
        }
    return false;
}

static bool
clean_start (struct cleaner *c)
{
    char name[NAME];
    bool empty = false, scoped = false;
    size_t before = c->out->len;
    read_name (c, name, sizeof name);
    bool known = is_known_element (name, &empty);
    if (!known && strcmp (name, "style") != 0)
        return false;
    strbuf_addf (c->out, "<%s", name);
    if (!clean_attributes (c, &scoped))
        return false;
    c->p++;
    if (!known) {
        c->out->data[c->out->len = before] = '\0';
        return scoped && skip_style (c);
    }
    strbuf_addc (c->out, '>');
    if (empty)
        return true;
    if (c->depth == DEPTH)
        return false;
    strcpy (c->open[c->depth++], name);
    return true;
}

/* An end tag closes what was left open within its element; one that closes nothing vanishes. */
static bool
clean_end (struct cleaner *c)
{
    char name[NAME];
    read_name (c, name, sizeof name);
    while (c->p < c->end && *c->p != '>')
        c->p++;
    c->p += c->p < c->end;
    int at = c->depth - 1;
    while (at >= 0 && strcmp (c->open[at], name) != 0)
        at--;
    while (at >= 0 && c->depth > at)
        strbuf_addf (c->out, "</%s>", c->open[--c->depth]);
    return true;
}

static bool
skip_comment (struct cleaner *c)
{
    for (; c->p + 3 <= c->end; c->p++)
        if (memcmp (c->p, "-->", 3) == 0) {
            c->p += 3;
            return true;
        }
    return false;
}

static bool
clean_tag (struct cleaner *c)
{
    size_t left = (size_t) (c->end - c->p);
    if (starts_with (c->p, left, "<!--"))
        return skip_comment (c);
    if (left > 1 && c->p[1] == '/') {
        c->p += 2;
        return clean_end (c);
    }
    if (left > 1 && isalpha ((unsigned char) c->p[1])) {
        c->p++;
        return clean_start (c);
    }
    if (left > 1 && (c->p[1] == '!' || c->p[1] == '?'))
        return false;
    strbuf_adds (c->out, "&lt;");
    c->p++;
    return true;
}

static bool
clean (struct cleaner *c)
{
    while (c->p < c->end) {
        const char *tag = memchr (c->p, '<', (size_t) (c->end - c->p));
        const char *stop = tag ? tag : c->end;
        add_text (c->out, c->p, (size_t) (stop - c->p));
        c->p = stop;
        if (tag && !clean_tag (c))
            return false;
    }
    while (c->depth > 0)
        strbuf_addf (c->out, "</%s>", c->open[--c->depth]);
    return true;
}

bool
html_clean (struct strbuf *out, const char *html, size_t n)
{
    struct cleaner c = { .out = out, .p = html, .end = html + n };
    strbuf_reserve (out, 1);
    size_t before = out->len;
    if (clean (&c))
        return true;
    out->data[out->len = before] = '\0';
    return false;
}

/* What IPython takes off the fronts of a cell's lines before it looks at them: the margin that all have, and prompts
 * that were pasted along (">>> x", "In [1]: x" and the dots below them). See magic_part.h.
 * Specification: leading_indent, classic_prompt and ipython_prompt of IPython.core.inputtransformer2, as of IPython
 * 9.10. Earlier ones look for ">>>" in the first two lines only.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/magic_part.h"

#include <ctype.h>
#include <string.h>

#define BLANKS " \t"
#define SPACES " \t\r\f\v"

/* What is left of a line; its newline isn't counted. */
static const char *
rest (const struct magic_front *l)
{
    return l->start + l->taken;
}

static size_t
count (const struct magic_front *l, const char *set)
{
    size_t n = 0;
    while (l->taken + n < l->len && strchr (set, rest (l)[n]))
        n++;
    return n;
}

static bool
has_only (const struct magic_front *l, const char *set)
{
    return l->taken + count (l, set) == l->len;
}

static size_t
common (const char *a, size_t n, const char *b, size_t m)
{
    size_t same = 0;
    while (same < n && same < m && a[same] == b[same])
        same++;
    return same;
}

/* textwrap.dedent: blank lines are emptied, the others lose the margin that all of them have. */
static void
dedent (struct magic_front *from, struct magic_front *to)
{
    const char *margin = NULL;
    size_t n = 0;
    for (struct magic_front *l = from; l < to; l++) {
        if (has_only (l, BLANKS))
            l->taken = l->len;
        if (has_only (l, SPACES))
            continue;
        n = margin ? common (margin, n, rest (l), count (l, BLANKS)) : count (l, BLANKS);
        margin = rest (l);
    }
    for (struct magic_front *l = from; l < to; l++)
        if (l->taken + n <= l->len && !has_only (l, SPACES))
            l->taken += n;
}

/* ---- Python's prompts ------------------------------------------------------------------------------------------- */

/* How long the prompt is that begins with these three characters, blanks before it and one behind it included; or 0. */
static size_t
classic_prompt (const struct magic_front *l, const char *prompt)
{
    size_t n = count (l, SPACES), left = l->len - l->taken;
    if (left < n + 3 || memcmp (rest (l) + n, prompt, 3) != 0)
        return 0;
    n += 3;
    return n + (n < left && strchr (BLANKS, rest (l)[n]) ? 1 : 0);
}

static bool
is_string_prefix (const char *p, const char *end)
{
    while (p < end && isspace ((unsigned char) *p))
        p++;
    while (end > p && isspace ((unsigned char) end[-1]))
        end--;
    for (; p < end; p++)
        if (!strchr ("rubfRUBF", *p))
            return false;
    return true;
}

/* Whether a triple-quoted string that opens at `quote` is a docstring, whose prompts are examples and stay. */
static bool
is_docstring (const struct magic_front *l, const char *quote, bool prompted)
{
    struct magic_front before = *l;
    before.len = (size_t) (quote - l->start);
    size_t n = classic_prompt (&before, ">>>");
    n = n ? n : classic_prompt (&before, "...");
    return !(n && prompted) && is_string_prefix (rest (l) + n, quote);
}

/* Marks the lines within docstrings, by IPython's own rough scanning. */
static void
mark_docstrings (struct magic_front *from, struct magic_front *to)
{
    char open = '\0';
    bool docstring = false, prompted = false;
    for (struct magic_front *l = from; l < to; l++) {
        l->docstring = open && docstring;
        const char *end = l->start + l->len;
        for (const char *p = rest (l); p + 3 <= end; p++) {
            if ((*p != '"' && *p != '\'') || p[1] != *p || p[2] != *p || (p > rest (l) && p[-1] == '\\'))
                continue;
            if (!open) {
                open = *p;
                l->docstring = docstring = is_docstring (l, p, prompted);
            } else if (open == *p) {
                open = '\0';
                docstring = false;
            }
            p += 2;
        }
        prompted = prompted || classic_prompt (l, ">>>");
    }
}

/* Whether IPython before 9.10 takes prompts off too. */
static bool
was_always_taken (const struct magic_front *from, const struct magic_front *to)
{
    for (const struct magic_front *l = from; l < to && l < from + 2; l++)
        if (!count (l, SPACES) && (classic_prompt (l, ">>>") || (l > from && classic_prompt (l, "..."))))
            return true;
    return false;
}

static void
take_classic (struct magic_fronts *f, struct magic_front *from, struct magic_front *to)
{
    const struct magic_front *first = from;
    mark_docstrings (from, to);
    while (first < to && (first->docstring || !classic_prompt (first, ">>>")))
        first++;
    if (first == to)
        return;
    f->prompts = true;
    f->newly = was_always_taken (from, to) ? 0 : (int) (first - f->lines.items) + 1;
    for (struct magic_front *l = from, *end; l < to; l = end) {
        bool taken = false;
        for (end = l; end < to && end->docstring == l->docstring; end++) {
            size_t n = end->docstring ? 0 : classic_prompt (end, ">>>");
            n = n || end->docstring ? n : classic_prompt (end, "...");
            end->taken += n;
            taken = taken || n;
        }
        if (taken)
            dedent (l, end);
    }
}

/* ---- IPython's prompts ------------------------------------------------------------------------------------------ */

static const char *
skip (const char *p, const char *end, const char *word)
{
    size_t n = strlen (word);
    return p && (size_t) (end - p) >= n && memcmp (p, word, n) == 0 ? p + n : NULL;
}

/* "In [7]: ", also as "[ins] In [7]: " and " In [7]: ". */
static size_t
first_prompt (const struct magic_front *l)
{
    const char *p = rest (l), *end = l->start + l->len, *mode = skip (p, end, "[nav]");
    mode = mode ? mode : skip (p, end, "[ins]");
    if (mode || (p < end && *p == ' '))
        p = skip (mode ? mode : p, end, " ");
    const char *number = p = skip (p, end, "In [");
    while (p && p < end && isdigit ((unsigned char) *p))
        p++;
    p = p > number ? skip (p, end, "]: ") : NULL;
    return p ? (size_t) (p - rest (l)) : 0;
}

/* "   ...: ", of any number of dots from three on. */
static size_t
further_prompt (const struct magic_front *l)
{
    const char *p = rest (l) + count (l, SPACES), *end = l->start + l->len, *dots = p;
    while (p < end && *p == '.')
        p++;
    p = p - dots >= 3 ? skip (p, end, ":") : NULL;
    return p ? (size_t) (p + (p < end && *p == ' ') - rest (l)) : 0;
}

static size_t
ipython_prompt (const struct magic_front *l)
{
    size_t n = first_prompt (l);
    return n ? n : further_prompt (l);
}

static void
take_ipython (struct magic_fronts *f, struct magic_front *from, struct magic_front *to)
{
    if (!ipython_prompt (from) && (to - from < 2 || !ipython_prompt (from + 1)))
        return;
    f->prompts = true;
    for (struct magic_front *l = from; l < to; l++)
        l->taken += ipython_prompt (l);
}

/* ---- both texts ------------------------------------------------------------------------------------------------- */

static void
split (struct arena *a, const char *source, struct magic_fronts *f)
{
    for (const char *p = source, *end = source + strlen (source); p < end;) {
        const char *nl = magic_line_end (p, end);
        vec_push (a, &f->lines, ((struct magic_front){ .start = p, .len = (size_t) (nl - p) }));
        p = nl + (nl < end);
    }
}

/* The text with all lines' fronts taken off (`bare`), or with blanks in their place. */
static char *
join (struct arena *a, const struct magic_fronts *f, const char *bare, bool padded)
{
    cleanup_strbuf struct strbuf b = { 0 };
    vec_foreach (l, &f->lines) {
        if (padded && f->prompts && l->taken)
            strbuf_addf (&b, "%*s\f", (int) l->taken - 1, "");
        else if (padded)
            strbuf_add (&b, l->start, l->taken);
        size_t left = l->len - l->taken + (l->start[l->len] == '\n');
        strbuf_add (&b, bare ? bare : rest (l), left);
        if (bare)
            bare += left;
    }
    return arena_strndup (a, strbuf_str (&b), b.len);
}

const char *
magic_bare (struct arena *a, const char *source, struct magic_fronts *f)
{
    split (a, source, f);
    if (f->lines.len == 0)
        return source;
    struct magic_front *from = f->lines.items, *to = from + f->lines.len;
    while (from < to && has_only (from, SPACES))
        from++;
    if (from == to)
        return source;
    dedent (from, to);
    take_classic (f, from, to);
    take_ipython (f, from, to);
    for (; from < to; from++)
        if (from->taken)
            return join (a, f, NULL, false);
    return source;
}

char *
magic_padded (struct arena *a, const struct magic_fronts *f, const char *code)
{
    return join (a, f, code, true);
}

/* See cell_parts.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/cell_parts.h"

#include "base/strbuf.h"
#include "compiler/magic.h"

#include <ctype.h>
#include <string.h>

#define MARK "%chard"

bool
cell_parts_may_call (const char *text, size_t len)
{
    return len && memmem (text, len, MARK, sizeof MARK - 1);
}

/* ---- the calls of a cell ---------------------------------------------------------------------------------------- */

/* A call found: lines [line, line + lines) of the cell, from 1. */
struct found {
    int line, lines;
    enum part_kind kind;
    const char *text;
};

typedef vec (struct found) found_list;

static bool
begins (const char *text, const char *word)
{
    return strncmp (text, word, strlen (word)) == 0;
}

/* "check?" asks for help on "check". */
static void
add_call (struct arena *a, found_list *calls, int line, int lines, const char *text)
{
    size_t n = strlen (text);
    while (n > 0 && isspace ((unsigned char) text[n - 1]))
        n--;
    enum part_kind kind = PART_CALL;
    for (; n > 0 && text[n - 1] == '?'; n--)
        kind = PART_HELP;
    vec_push (a, calls, ((struct found){ line, lines, kind, arena_strndup (a, text, n) }));
}

/* The source as IPython looks at it, without prompts. */
static const char *
find_python (struct arena *a, const char *source, size_t len, found_list *calls)
{
    const struct magic_text *text = magic_rewrite (a, source, len);
    if (text->magics.len > 0 && text->magics.items[0].kind == MAGIC_CELL)
        return source; /* what the cell holds belongs to that magic */
    vec_foreach (m, &text->calls)
        if (m->kind == MAGIC_CELL)
            add_call (a, calls, 1, 1 << 30, arena_printf (a, "%s\n%s", m->arguments, m->body));
        else if (m->kind == MAGIC_HELP)
            add_call (a, calls, m->line, m->lines,
                      arena_printf (a, "%s?", m->arguments + strspn (m->arguments, "%") + strlen (&MARK[1])));
        else if (!m->indented && strcmp (m->name, &MARK[1]) == 0)
            add_call (a, calls, m->line, m->lines, m->arguments);
    return text->bare;
}

static void
find_lines (struct arena *a, const char *source, found_list *calls)
{
    int line = 1;
    if (begins (source, "%" MARK)) {
        add_call (a, calls, 1, 1 << 30, source + sizeof MARK);
        return;
    }
    for (const char *p = source; p; p = strchr (p, '\n') ? strchr (p, '\n') + 1 : NULL, line++) {
        const char *rest = p + sizeof MARK - 1;
        if (begins (p, MARK) && (!*rest || isspace ((unsigned char) *rest) || *rest == '?'))
            add_call (a, calls, line, 1, arena_strndup (a, rest, strcspn (rest, "\n")));
    }
}

/* ---- the code between ------------------------------------------------------------------------------------------- */

static bool
has_hash_comments (const char *language)
{
    static const char *const names[] = { "python", "R", "r", "julia", "ruby", "perl", "bash", NULL };
    for (const char *const *n = names; *n; n++)
        if (strcmp (*n, language) == 0)
            return true;
    return false;
}

/* Whether lines [from, to) hold anything but blanks and comments. */
static bool
holds_code (const char *const *lines, int from, int to, bool hash)
{
    for (int i = from; i < to; i++) {
        const char *p = lines[i] + strspn (lines[i], " \t\r");
        if (*p && !(hash && *p == '#'))
            return true;
    }
    return false;
}

/* Lines [from, to), counted from 0, those above them as comments. Python shows the value of a cell's last expression:
 * that of one in the middle would be shown too if nothing stood behind it. */
static void
add_code (struct arena *a, struct cell_parts *parts, const struct vec_str *lines, int from, int to,
          const char *language)
{
    bool hash = has_hash_comments (language);
    if (!holds_code (lines->items, from, to, hash))
        return;
    cleanup_strbuf struct strbuf code = { 0 };
    for (int i = 0; i < from && hash; i++)
        strbuf_addf (&code, "# %s\n", lines->items[i]);
    for (int i = from; i < to; i++)
        strbuf_addf (&code, "%s\n", lines->items[i]);
    if (strcmp (language, "python") == 0 && to < (int) lines->len)
        strbuf_addf (&code, "pass # %s\n", lines->items[to]); /* so it stands in tracebacks */
    struct cell_part *part = vec_add (a, &parts->all);
    *part = (struct cell_part){ PART_CODE, from + 1, arena_strdup (a, strbuf_str (&code)), NULL };
}

static struct vec_str
split_lines (struct arena *a, const char *source)
{
    struct vec_str lines = { 0 };
    for (const char *p = source;; p++) {
        size_t n = strcspn (p, "\n");
        vec_push (a, &lines, arena_strndup (a, p, n));
        p += n;
        if (!*p)
            return lines;
    }
}

struct cell_parts
cell_parts_split (struct arena *a, const char *source, size_t len, const char *language)
{
    struct cell_parts parts = { 0 };
    found_list calls = { 0 };
    if (!cell_parts_may_call (source, len))
        return parts;
    if (strcmp (language, "python") == 0)
        source = find_python (a, source, len, &calls);
    else
        find_lines (a, source, &calls);
    if (calls.len == 0)
        return parts;
    struct vec_str lines = split_lines (a, source);
    int at = 0;
    vec_foreach (c, &calls) {
        add_code (a, &parts, &lines, at, c->line - 1, language);
        struct cell_part *part = vec_add (a, &parts.all);
        *part = (struct cell_part){ c->kind, c->line, NULL, c->text };
        parts.calls++;
        at = c->lines < (int) lines.len - c->line + 1 ? c->line - 1 + c->lines : (int) lines.len;
    }
    add_code (a, &parts, &lines, at, (int) lines.len, language);
    return parts;
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* Takes what stands within the quotes that open at `p`; the byte behind them, or NULL if they are never closed. */
static const char *
take_quoted (const char *p, struct strbuf *word)
{
    char quote = *p++;
    for (; *p && *p != quote; p++) {
        if (quote == '"' && *p == '\\' && (p[1] == '"' || p[1] == '\\'))
            p++;
        strbuf_addc (word, *p);
    }
    return *p ? p + 1 : NULL;
}

static const char *
take_word (const char *p, struct strbuf *word, struct error *err)
{
    while (*p && !isspace ((unsigned char) *p)) {
        if (*p == '"' || *p == '\'') {
            const char *open = p;
            p = take_quoted (p, word);
            if (!p) {
                error_set (err, ERROR_USAGE, "the quote in %.40s isn't closed", open);
                return NULL;
            }
        } else {
            if (*p == '\\' && p[1])
                p++;
            strbuf_addc (word, *p++);
        }
    }
    return p;
}

int
cell_parts_words (struct arena *a, const char *text, struct vec_str *words, struct error *err)
{
    for (const char *p = text;;) {
        p += strspn (p, " \t\r\n");
        if (!*p)
            return 0;
        if (*p == '#') {
            p += strcspn (p, "\n");
            continue;
        }
        cleanup_strbuf struct strbuf word = { 0 };
        p = take_word (p, &word, err);
        if (!p)
            return -1;
        vec_push (a, words, arena_strdup (a, strbuf_str (&word)));
    }
}

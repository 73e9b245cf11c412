/* See magic.h. A small scanner (magic_scan.c) finds where logical lines begin (not within strings or brackets); what
 * begins there decides.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/magic_part.h"

#include <ctype.h>
#include <string.h>

/* ---- what can stand at the start of a logical line -------------------------------------------------------------- */

static void
leave_out (struct rewriting *r, const struct logical *l)
{
    const char *instead = r->indented ? "pass" : ""; /* it may be all that its block holds */
    magic_blank (r, l->text, l->end, instead);
    strbuf_addf (&r->run, "%.*s%s", (int) (l->text - l->start), l->start, instead);
    magic_run_newlines (r, l->lines - 1);
}

static void
run_call (struct rewriting *r, const struct logical *l, const char *method, const char *first, const char *second)
{
    strbuf_add (&r->run, l->start, (size_t) (l->text - l->start));
    strbuf_addf (&r->run, "get_ipython().%s(", method);
    magic_run_literal (r, first);
    if (second) {
        strbuf_adds (&r->run, ", ");
        magic_run_literal (r, second);
    }
    strbuf_addc (&r->run, ')');
    magic_run_newlines (r, l->lines - 1);
}

static void
take_shell (struct rewriting *r, const struct logical *l)
{
    bool twice = l->end - l->text > 1 && l->text[1] == '!';
    const char *command = magic_joined (r, l->text + (twice ? 2 : 1), l->end);
    magic_add (r, MAGIC_SHELL, "", command);
    magic_blank (r, l->text, l->end, "0");
    run_call (r, l, twice ? "getoutput" : "system", command, NULL);
}

/* `%time statement` and its like run the statement where it stands: kept as `if 1: statement`, of the same length. A
 * statement with a block stays where it is, behind a form feed, from where Python counts indentation anew. */
static bool
is_statement_magic (const char *name)
{
    static const char *const names[] = { "time", "timeit", "prun", "memit", "mprun", "lprun", NULL };
    for (const char *const *n = names; *n; n++)
        if (strcmp (*n, name) == 0)
            return true;
    return false;
}

bool
magic_encloses (const char *name)
{
    return strcmp (name, "timeit") == 0 || strcmp (name, "memit") == 0;
}

const char *
magic_skip_options (const char *p, const char *end)
{
    for (;;) {
        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        if (p + 1 >= end || *p != '-' || !isalpha ((unsigned char) p[1]))
            return p;
        bool needs_value = strchr ("nrfTsDlm", p[1]) != NULL;
        size_t word = strcspn (p, " \t\n");
        p += word;
        if (needs_value && word == 2) {
            p += strspn (p, " \t");
            p += strcspn (p, " \t\n");
        }
        if (p > end)
            return end;
    }
}

/* Whether the statement has a block of its own, which cannot stand behind `if 1:`. */
static bool
is_compound (const char *statement, const char *end)
{
    static const char *const words[] = { "for", "while", "if", "with", "try", "def", "class", "async", NULL };
    size_t n = 0;
    while (statement + n < end && isalpha ((unsigned char) statement[n]))
        n++;
    for (const char *const *w = words; *w; w++)
        if (strlen (*w) == n && strncmp (statement, *w, n) == 0)
            return true;
    return false;
}

static bool
take_statement_magic (struct rewriting *r, const struct logical *l, struct magic *m)
{
    const char *statement = magic_skip_options (l->text + 1 + strlen (m->name), l->end);
    if (statement >= l->end || *statement == '%' || *statement == '!'
        || memchr (l->text, '\n', (size_t) (statement - l->text))) /* a continuation before it: no room for "if 1:" */
        return false;
    bool compound = is_compound (statement, l->end);
    if (compound && r->indented)
        return false; /* it would be a block within a block that nothing opens */
    m->transparent = true;
    m->encloses = magic_encloses (m->name);
    magic_blank (r, l->text, statement, compound ? "" : "if 1:");
    if (compound)
        r->code[statement - r->source - 1] = '\f';
    if (strcmp (m->name, "time") != 0) { /* it runs often, in a scope of its own: leave that to the magic */
        run_call (r, l, "run_line_magic", m->name, m->arguments);
        return true;
    }
    strbuf_add (&r->run, l->start, (size_t) (l->text - l->start));
    strbuf_add (&r->run, statement, (size_t) (l->end - statement));
    return true;
}

static void
take_line_magic (struct rewriting *r, const struct logical *l)
{
    const char *arguments, *text = magic_joined (r, l->text + 1, l->end);
    text += strspn (text, " \t");
    const char *name = magic_split_name (r, text, &arguments);
    struct magic *m = magic_add (r, MAGIC_LINE, name, arguments);
    if (is_statement_magic (name) && take_statement_magic (r, l, m))
        return;
    if (magic_take_call (r)) {
        leave_out (r, l);
        return;
    }
    magic_blank (r, l->text, l->end, "0");
    run_call (r, l, "run_line_magic", name, arguments);
}

/* `object?`: the name stays for the analysis. */
static void
take_help (struct rewriting *r, const struct logical *l)
{
    const char *from = l->text, *to = l->end;
    while (to > from && (to[-1] == '?' || isspace ((unsigned char) to[-1]) || to[-1] == ';'))
        to--;
    while (from < to && *from == '?')
        from++;
    const char *object = magic_joined (r, from, to);
    magic_add (r, MAGIC_HELP, "", object);
    if (magic_take_call (r)) {
        leave_out (r, l);
        return;
    }
    magic_blank (r, l->text, l->end, "0");
    if (*object != '%' && !strchr (object, '*') && from == l->text)
        memcpy (r->code + (from - r->source), from, (size_t) (to - from));
    run_call (r, l, "run_line_magic", "pinfo", object);
}

static void
take_assignment (struct rewriting *r, const struct logical *l, const char *mark)
{
    const char *text = magic_joined (r, mark + 1, l->end), *arguments = text, *name = "";
    if (*mark == '%')
        name = magic_split_name (r, text, &arguments);
    struct magic *m = magic_add (r, *mark == '!' ? MAGIC_SHELL : MAGIC_LINE, name, arguments);
    m->assigned = true;
    strbuf_add (&r->run, l->start, (size_t) (mark - l->start));
    if (*mark == '%' && strcmp (name, "time") == 0 && *arguments) {
        m->transparent = true;
        magic_blank (r, mark, mark + 5, "");
        strbuf_adds (&r->run, arguments);
    } else {
        magic_blank (r, mark, l->end, "[]");
        strbuf_adds (&r->run, *mark == '!' ? "get_ipython().getoutput(" : "get_ipython().run_line_magic(");
        magic_run_literal (r, *mark == '!' ? text : name);
        if (*mark == '%') {
            strbuf_adds (&r->run, ", ");
            magic_run_literal (r, arguments);
        }
        strbuf_addc (&r->run, ')');
    }
    magic_run_newlines (r, l->lines - 1);
}

/* ---- the walk --------------------------------------------------------------------------------------------------- */

static const char *
take_line (struct rewriting *r, const char *p)
{
    struct logical l = { .start = p, .text = p };
    while (l.text < r->end && (*l.text == ' ' || *l.text == '\t'))
        l.text++;
    char c = l.text < r->end ? *l.text : '\n';
    bool marked = c == '%' || c == '!';
    l.end = marked ? magic_escaped_end (l.text, r->end) : magic_python_end (l.text, r->end);
    if (c == '?')
        l.end = magic_line_end (l.text, r->end);
    const char *mark = marked || c == '?' ? NULL : magic_assigned_mark (&l);
    if (mark)
        l.end = magic_escaped_end (mark, r->end);
    r->lines = l.lines = magic_count_lines (l.start, l.end) + 1;
    r->indented = l.text > l.start;
    if (magic_is_help (&l))
        take_help (r, &l);
    else if (c == '!')
        take_shell (r, &l);
    else if (c == '%' && l.end - l.text > 1 && l.text[1] != '%')
        take_line_magic (r, &l);
    else if (mark)
        take_assignment (r, &l, mark);
    else if (magic_is_automagic (&l, r->end)) {
        const char *arguments, *name = magic_split_name (r, magic_joined (r, l.text, l.end), &arguments);
        magic_add (r, MAGIC_LINE, name, arguments);
        magic_blank (r, l.text, l.end, "0");
        run_call (r, &l, "run_line_magic", name, arguments);
    } else
        strbuf_add (&r->run, l.start, (size_t) (l.end - l.start));
    r->line += l.lines - 1;
    return l.end;
}

static void
take_lines (struct rewriting *r, const char *p)
{
    while (p < r->end) {
        if (*p == '\n') {
            strbuf_addc (&r->run, '\n');
            r->line++;
            p++;
            continue;
        }
        p = take_line (r, p);
    }
}

/* A last line without newline may be automagic. */
static bool
is_plain_python (const char *text)
{
    return !strpbrk (text, "%!?") && strchr (text, '\n');
}

struct magic_text *
magic_rewrite (struct arena *a, const char *source, size_t len)
{
    struct magic_text *out = arena_new (a, struct magic_text);
    struct magic_fronts fronts = { 0 };
    const char *text = arena_strndup (a, source, len), *bare = magic_bare (a, text, &fronts), *code = bare, *p;
    out->bare = out->run = bare;
    out->newly_bare = fronts.newly;
    if (!is_plain_python (bare)) {
        struct rewriting r = { a, out, bare, bare + strlen (bare), arena_strdup (a, bare), { 0 }, 1, 1, false };
        if (!magic_take_cell (&r, &p))
            take_lines (&r, p);
        code = r.code;
        out->run = arena_strndup (a, strbuf_str (&r.run), r.run.len);
        strbuf_free (&r.run);
    }
    out->code = bare == text ? code : magic_padded (a, &fronts, code);
    return out;
}

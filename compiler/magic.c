/* See magic.h. A small scanner finds where logical lines begin (not within strings or brackets); what begins there
 * decides.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/magic.h"

#include "base/strbuf.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct rewriting {
    struct arena *arena;
    struct magic_text *out;
    const char *source, *end;
    char *code;         /* a copy of the source, blanked where needed */
    struct strbuf run;
    int line;           /* of the logical line being looked at */
    int lines;          /* that it spans */
    bool indented;
};

/* A logical line: from its first byte to its line end, backslash continuations included. */
struct logical {
    const char *start, *text, *end; /* text: behind the indentation; end: at the newline or the end of the cell */
    int lines;                      /* physical lines it spans */
};

/* ---- finding logical lines -------------------------------------------------------------------------------------- */

static const char *
line_end (const char *p, const char *end)
{
    const char *nl = memchr (p, '\n', (size_t) (end - p));
    return nl ? nl : end;
}

/* The byte behind the string literal whose quote is at `p`; an unclosed single-quoted one ends at its line. */
static const char *
string_end (const char *p, const char *end)
{
    char quote = *p;
    bool triple = end - p >= 3 && p[1] == quote && p[2] == quote;
    for (p += triple ? 3 : 1; p < end; p++) {
        if (*p == '\\')
            p++;
        else if (*p == quote && !triple)
            return p + 1;
        else if (*p == quote && end - p >= 3 && p[1] == quote && p[2] == quote)
            return p + 3;
        else if (*p == '\n' && !triple)
            return p;
    }
    return end;
}

/* Where the Python logical line that begins at `p` ends: at a newline outside strings and brackets. */
static const char *
python_end (const char *p, const char *end)
{
    int depth = 0;
    while (p < end) {
        char c = *p;
        if (c == '#')
            p = line_end (p, end);
        else if (c == '"' || c == '\'')
            p = string_end (p, end);
        else if (c == '\\' && p + 1 < end && p[1] == '\n')
            p += 2;
        else if (c == '\\' && p + 2 < end && p[1] == '\r' && p[2] == '\n')
            p += 3;
        else if (c == '\n' && depth == 0)
            return p;
        else {
            depth += c == '(' || c == '[' || c == '{';
            depth -= depth > 0 && (c == ')' || c == ']' || c == '}');
            p++;
        }
    }
    return end;
}

/* The end of a magic or shell line: the newline that no backslash precedes. */
static const char *
escaped_end (const char *p, const char *end)
{
    for (;;) {
        const char *nl = line_end (p, end);
        const char *last = nl;
        if (last > p && last[-1] == '\r')
            last--;
        if (nl == end || last == p || last[-1] != '\\')
            return nl;
        p = nl + 1;
    }
}

static int
count_lines (const char *p, const char *end)
{
    int n = 0;
    for (; p < end; p++)
        n += *p == '\n';
    return n;
}

/* ---- writing both texts ----------------------------------------------------------------------------------------- */

/* Fills code[from..to) with blanks, newlines kept, and puts `filler` at its start. */
static void
blank (struct rewriting *r, const char *from, const char *to, const char *filler)
{
    for (const char *p = from; p < to; p++)
        if (*p != '\n' && *p != '\r')
            r->code[p - r->source] = ' ';
    size_t room = (size_t) (to - from), n = strlen (filler);
    memcpy (r->code + (from - r->source), filler, n < room ? n : room);
}

/* Puts harmless Python at `at`, which is blank already, unless it would reach into the next line. */
static void
put_first (struct rewriting *r, const char *at, const char *code)
{
    size_t n = strlen (code);
    if (n <= (size_t) (line_end (at, r->end) - at))
        memcpy (r->code + (at - r->source), code, n);
}

static void
run_newlines (struct rewriting *r, int n)
{
    while (n-- > 0)
        strbuf_addc (&r->run, '\n');
}

/* Appends a Python string literal. */
static void
run_literal (struct rewriting *r, const char *text)
{
    strbuf_addc (&r->run, '\'');
    for (const char *p = text; *p; p++)
        switch (*p) {
        case '\n': strbuf_adds (&r->run, "\\n"); break;
        case '\r': strbuf_adds (&r->run, "\\r"); break;
        case '\\':
        case '\'': strbuf_addc (&r->run, '\\'); /* fall through */
        default: strbuf_addc (&r->run, *p);
        }
    strbuf_addc (&r->run, '\'');
}

/* Text of a magic line: continuations joined as IPython joins them. */
static char *
joined (struct rewriting *r, const char *from, const char *to)
{
    cleanup_strbuf struct strbuf b = { 0 };
    while (to > from && isspace ((unsigned char) to[-1]))
        to--;
    for (const char *p = from; p < to; p++) {
        if (*p == '\\' && p + 1 < to && (p[1] == '\n' || (p[1] == '\r' && p + 2 < to && p[2] == '\n'))) {
            p += p[1] == '\r' ? 2 : 1;
            continue;
        }
        strbuf_addc (&b, *p);
    }
    return arena_strndup (r->arena, strbuf_str (&b), b.len);
}

static struct magic *
add_magic (struct rewriting *r, enum magic_kind kind, const char *name, const char *arguments)
{
    struct magic *m = vec_add (r->arena, &r->out->magics);
    m->kind = kind;
    m->line = r->line;
    m->lines = r->lines;
    m->indented = r->indented;
    m->name = name;
    m->arguments = arguments;
    return m;
}

/* Splits "%name args" (marks off) into name and arguments. */
static const char *
split_name (struct rewriting *r, const char *text, const char **arguments)
{
    size_t n = strcspn (text, " \t\n");
    *arguments = text + n + strspn (text + n, " \t");
    return arena_strndup (r->arena, text, n);
}

/* %chard, and what makes it known: the last magic becomes a call. */
static bool
take_call (struct rewriting *r)
{
    const struct magic *m = &r->out->magics.items[r->out->magics.len - 1];
    bool extension = strcmp (m->name, "load_ext") == 0 && strcmp (m->arguments, "chard") == 0;
    if (strcmp (m->kind == MAGIC_HELP ? m->arguments + strspn (m->arguments, "%") : m->name, "chard") != 0 && !extension)
        return false;
    vec_push (r->arena, &r->out->calls, *m);
    r->out->magics.len--;
    return true;
}

static void
leave_out (struct rewriting *r, const struct logical *l)
{
    const char *instead = r->indented ? "pass" : ""; /* it may be all that its block holds */
    blank (r, l->text, l->end, instead);
    strbuf_addf (&r->run, "%.*s%s", (int) (l->text - l->start), l->start, instead);
    run_newlines (r, l->lines - 1);
}

/* ---- what can stand at the start of a logical line -------------------------------------------------------------- */

static void
run_call (struct rewriting *r, const struct logical *l, const char *method, const char *first, const char *second)
{
    strbuf_add (&r->run, l->start, (size_t) (l->text - l->start));
    strbuf_addf (&r->run, "get_ipython().%s(", method);
    run_literal (r, first);
    if (second) {
        strbuf_adds (&r->run, ", ");
        run_literal (r, second);
    }
    strbuf_addc (&r->run, ')');
    run_newlines (r, l->lines - 1);
}

static void
take_shell (struct rewriting *r, const struct logical *l)
{
    bool twice = l->end - l->text > 1 && l->text[1] == '!';
    const char *command = joined (r, l->text + (twice ? 2 : 1), l->end);
    add_magic (r, MAGIC_SHELL, "", command);
    blank (r, l->text, l->end, "0");
    run_call (r, l, twice ? "getoutput" : "system", command, NULL);
}

/* `%time statement` and its like run the statement where it stands: kept as `if 1: statement`, of the same length. */
static bool
is_statement_magic (const char *name)
{
    static const char *const names[] = { "time", "timeit", "prun", "memit", "mprun", "lprun", NULL };
    for (const char *const *n = names; *n; n++)
        if (strcmp (*n, name) == 0)
            return true;
    return false;
}

static const char *
skip_options (const char *p, const char *end)
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

static bool
take_statement_magic (struct rewriting *r, const struct logical *l, struct magic *m)
{
    const char *statement = skip_options (l->text + 1 + strlen (m->name), l->end);
    if (statement >= l->end || *statement == '%' || *statement == '!'
        || memchr (l->text, '\n', (size_t) (statement - l->text))) /* a continuation before it: no room for "if 1:" */
        return false;
    m->transparent = true;
    blank (r, l->text, statement, "if 1:");
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
    const char *arguments, *text = joined (r, l->text + 1, l->end);
    text += strspn (text, " \t");
    const char *name = split_name (r, text, &arguments);
    struct magic *m = add_magic (r, MAGIC_LINE, name, arguments);
    if (is_statement_magic (name) && take_statement_magic (r, l, m))
        return;
    if (take_call (r)) {
        leave_out (r, l);
        return;
    }
    blank (r, l->text, l->end, "0");
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
    const char *object = joined (r, from, to);
    add_magic (r, MAGIC_HELP, "", object);
    if (*object == '%' && take_call (r)) {
        leave_out (r, l);
        return;
    }
    blank (r, l->text, l->end, "0");
    if (*object != '%' && !strchr (object, '*') && from == l->text)
        memcpy (r->code + (from - r->source), from, (size_t) (to - from));
    run_call (r, l, "run_line_magic", "pinfo", object);
}

/* a.b.c? or ?a.b or %magic?: nothing but a name and question marks. */
static bool
is_help (const struct logical *l)
{
    const char *from = l->text, *to = l->end;
    while (to > from && (isspace ((unsigned char) to[-1]) || to[-1] == ';'))
        to--;
    bool marked = to > from && (to[-1] == '?' || *from == '?');
    while (to > from && to[-1] == '?')
        to--;
    while (from < to && *from == '?')
        from++;
    if (!marked || from == to)
        return false;
    for (const char *p = from; p < to; p++)
        if (!isalnum ((unsigned char) *p) && !strchr ("_.*%", *p) && !((unsigned char) *p & 0x80))
            return false;
    return true;
}

/* Within "targets = !cmd" or "targets = %magic": the byte of the mark, else NULL. */
static const char *
assigned_mark (const struct logical *l)
{
    int depth = 0;
    for (const char *p = l->text; p < l->end; p++) {
        char c = *p;
        if (c == '"' || c == '\'' || c == '#' || c == '\n')
            return NULL;
        depth += c == '(' || c == '[' || c == '{';
        depth -= c == ')' || c == ']' || c == '}';
        if (c != '=' || depth)
            continue;
        if (p == l->text || strchr ("=!<>+-*/%&|^:@~", p[-1]))
            return NULL;
        for (p++; p < l->end && (*p == ' ' || *p == '\t'); p++)
            ;
        if (p < l->end && (*p == '!' || (*p == '%' && p + 1 < l->end && (isalpha ((unsigned char) p[1])))))
            return p;
        p--;
    }
    return NULL;
}

static void
take_assignment (struct rewriting *r, const struct logical *l, const char *mark)
{
    const char *text = joined (r, mark + 1, l->end), *arguments = text, *name = "";
    if (*mark == '%')
        name = split_name (r, text, &arguments);
    struct magic *m = add_magic (r, *mark == '!' ? MAGIC_SHELL : MAGIC_LINE, name, arguments);
    m->assigned = true;
    strbuf_add (&r->run, l->start, (size_t) (mark - l->start));
    if (*mark == '%' && strcmp (name, "time") == 0 && *arguments) {
        m->transparent = true;
        blank (r, mark, mark + 5, "");
        strbuf_adds (&r->run, arguments);
    } else {
        blank (r, mark, l->end, "[]");
        strbuf_adds (&r->run, *mark == '!' ? "get_ipython().getoutput(" : "get_ipython().run_line_magic(");
        run_literal (r, *mark == '!' ? text : name);
        if (*mark == '%') {
            strbuf_adds (&r->run, ", ");
            run_literal (r, arguments);
        }
        strbuf_addc (&r->run, ')');
    }
    run_newlines (r, l->lines - 1);
}

/* ---- cell magics ------------------------------------------------------------------------------------------------ */

static bool
is_plain_name (const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(isalnum ((unsigned char) word[i]) || word[i] == '_' || (word[i] & 0x80)) || isdigit ((unsigned char) word[0]))
            return false;
    return n > 0;
}

static bool
is_transparent_cell (const char *name)
{
    static const char *const names[] = { "time", "capture", "prun", "memit", "wandb", "notify", NULL };
    for (const char *const *n = names; *n; n++)
        if (strcmp (*n, name) == 0)
            return true;
    return false;
}

static bool
is_option (const char *word, size_t n, const char *option)
{
    return strlen (option) == n && memcmp (word, option, n) == 0;
}

/* `out=id(0);` for each name that the cell magic binds: `%%capture out`, `%%bash --out out --err=err`. A call, since what
 * is bound is no constant. It is shorter than what it stands for. */
static char *
bound_names (struct rewriting *r, const struct magic *m)
{
    bool capture = strcmp (m->name, "capture") == 0, next = capture;
    cleanup_strbuf struct strbuf b = { 0 };
    for (const char *p = m->arguments, *word; *p; p = word) {
        p += strspn (p, " \t=");
        size_t n = strcspn (p, " \t=");
        word = p + n;
        bool option = n && *p == '-';
        if (next && n && !option && is_plain_name (p, n))
            strbuf_addf (&b, "%.*s=id(0);", (int) n, p);
        next = capture ? next && (option || !n) : is_option (p, n, "--out") || is_option (p, n, "--err");
    }
    return arena_strndup (r->arena, strbuf_str (&b), b.len);
}

/* The whole cell belongs to the magic: one call, and as many empty lines as the cell has. */
static void
take_cell_magic (struct rewriting *r, const struct magic *m)
{
    blank (r, r->source, r->end, "");
    put_first (r, r->source, bound_names (r, m));
    if (strcmp (m->name, "timeit") == 0) { /* reads names, binds none: its text is looked at like code */
        const char *body = line_end (r->source, r->end);
        memcpy (r->code + (body - r->source), body, (size_t) (r->end - body));
    }
    strbuf_adds (&r->run, "get_ipython().run_cell_magic(");
    run_literal (r, m->name);
    strbuf_adds (&r->run, ", ");
    run_literal (r, m->arguments);
    strbuf_adds (&r->run, ", ");
    run_literal (r, m->body);
    strbuf_addc (&r->run, ')');
    run_newlines (r, count_lines (r->source, r->end));
}

/* The body runs in the clear. What it shows is caught from here on, where that is what the magic is for. */
static void
open_transparent_cell (struct rewriting *r, const struct logical *l, const struct magic *m)
{
    blank (r, l->text, l->end, "");
    put_first (r, l->text, bound_names (r, m));
    if (strcmp (m->name, "capture") == 0) {
        strbuf_adds (&r->run, "get_ipython().begin_capture(");
        run_literal (r, m->arguments);
        strbuf_addc (&r->run, ')');
    } else
        strbuf_addc (&r->run, '#');
    run_newlines (r, l->lines - 1);
}

/* Looks at the first line that holds anything. True if the whole cell was dealt with; `*rest` is where plain code
 * goes on otherwise. */
static bool
take_cell_start (struct rewriting *r, const char **rest)
{
    const char *p = r->source;
    while (p < r->end && isspace ((unsigned char) *p)) {
        r->line += *p == '\n';
        p++;
    }
    const char *start = p;
    while (start > r->source && start[-1] != '\n')
        start--;
    *rest = r->source;
    if (r->end - p < 3 || p[0] != '%' || p[1] != '%' || p[2] == '%' || isspace ((unsigned char) p[2])) {
        r->line = 1;
        return false;
    }
    const char *nl = line_end (p, r->end);
    const char *arguments, *name = split_name (r, joined (r, p + 2, nl), &arguments);
    if (*name && name[strlen (name) - 1] == '?') {
        r->line = 1;
        return false;
    }
    struct magic *m = add_magic (r, MAGIC_CELL, name, arguments);
    m->body = arena_strndup (r->arena, nl < r->end ? nl + 1 : nl, (size_t) (nl < r->end ? r->end - nl - 1 : 0));
    m->transparent = is_transparent_cell (name);
    run_newlines (r, r->line - 1);
    struct logical l = { start, p, nl, 1 };
    if (take_call (r)) {
        blank (r, r->source, r->end, "");
        run_newlines (r, count_lines (nl, r->end));
        return true;
    }
    if (!m->transparent) {
        take_cell_magic (r, m);
        return true;
    }
    open_transparent_cell (r, &l, m);
    *rest = nl;
    return false;
}

/* Shell-like commands that IPython's automagic takes without a mark, where a cell is nothing but that line. */
static bool
is_automagic (const struct rewriting *r, const struct logical *l)
{
    static const char *const names[] = { "pip", "conda", "ls", "cd", "cat", "mkdir", "rm", "cp", "mv", "pwd", "mamba" };
    const char *rest = l->end;
    while (rest < r->end && isspace ((unsigned char) *rest))
        rest++;
    if (rest != r->end)
        return false;
    size_t n = strcspn (l->text, " \t\n");
    if ((ptrdiff_t) n >= l->end - l->text)
        return false;
    const char *behind = l->text + n + strspn (l->text + n, " \t");
    if (behind >= l->end || strchr ("=([,.+-*/<>:", *behind) || strncmp (behind, "in ", 3) == 0)
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strlen (names[i]) == n && memcmp (l->text, names[i], n) == 0)
            return true;
    return false;
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
    l.end = marked ? escaped_end (l.text, r->end) : python_end (l.text, r->end);
    if (c == '?')
        l.end = line_end (l.text, r->end);
    const char *mark = marked || c == '?' ? NULL : assigned_mark (&l);
    if (mark)
        l.end = escaped_end (mark, r->end);
    r->lines = l.lines = count_lines (l.start, l.end) + 1;
    r->indented = l.text > l.start;
    if (is_help (&l))
        take_help (r, &l);
    else if (c == '!')
        take_shell (r, &l);
    else if (c == '%' && l.end - l.text > 1 && l.text[1] != '%')
        take_line_magic (r, &l);
    else if (mark)
        take_assignment (r, &l, mark);
    else if (is_automagic (r, &l)) {
        const char *arguments, *name = split_name (r, joined (r, l.text, l.end), &arguments);
        add_magic (r, MAGIC_LINE, name, arguments);
        blank (r, l.text, l.end, "0");
        run_call (r, &l, "run_line_magic", name, arguments);
    } else
        strbuf_add (&r->run, l.start, (size_t) (l.end - l.start));
    r->line += l.lines - 1;
    return l.end;
}

/* IPython's leading_indent: the indentation of the first line that holds anything is taken off every line that begins
 * with it. */
static const char *
without_indentation (struct arena *a, const char *text)
{
    const char *first = text, *p = text;
    for (; isspace ((unsigned char) *p); p++)
        if (*p == '\n')
            first = p + 1;
    size_t indent = (size_t) (p - first);
    if (!indent || !*p)
        return text;
    cleanup_strbuf struct strbuf b = { 0 };
    for (const char *line = text; *line;) {
        const char *next = strchr (line, '\n');
        next = next ? next + 1 : line + strlen (line);
        bool begins = (size_t) (next - line) >= indent && memcmp (line, first, indent) == 0;
        strbuf_add (&b, line + (begins ? indent : 0), (size_t) (next - line) - (begins ? indent : 0));
        line = next;
    }
    return arena_strndup (a, strbuf_str (&b), b.len);
}

struct magic_text *
magic_rewrite (struct arena *a, const char *source, size_t len)
{
    struct magic_text *out = arena_new (a, struct magic_text);
    struct rewriting r = { a, out, source, source + len, arena_strndup (a, source, len), { 0 }, 1, 1, false };
    out->code = r.code;
    out->run = without_indentation (a, r.code);
    if (!memchr (source, '%', len) && !memchr (source, '!', len) && !memchr (source, '?', len)
        && memchr (source, '\n', len))
        return out; /* the common case: plain Python */
    const char *p;
    if (!take_cell_start (&r, &p))
        while (p < r.end) {
            if (*p == '\n') {
                strbuf_addc (&r.run, '\n');
                r.line++;
                p++;
                continue;
            }
            p = take_line (&r, p);
        }
    out->run = without_indentation (a, arena_strndup (a, strbuf_str (&r.run), r.run.len));
    strbuf_free (&r.run);
    return out;
}

/* ---- requirements ----------------------------------------------------------------------------------------------- */

bool
magic_requirements (struct arena *a, const struct magic *m, struct vec_str *requirements)
{
    if (m->kind != MAGIC_SHELL && m->kind != MAGIC_LINE)
        return false;
    char *text = m->kind == MAGIC_LINE ? arena_printf (a, "%s %s", m->name, m->arguments)
                                       : arena_strdup (a, m->arguments);
    char *install = strstr (text, "install ");
    if (!install || (!strstr (text, "pip") && !strstr (text, "conda")) || strstr (text, "apt"))
        return false;
    char *save = NULL;
    bool value = false;
    for (char *word = strtok_r (install + 8, " \t\n", &save); word; word = strtok_r (NULL, " \t\n", &save)) {
        if (strcmp (word, "&&") == 0 || strcmp (word, "|") == 0 || *word == '>' || *word == '#' || *word == ';')
            break;
        if (value) {
            value = false;
            continue;
        }
        value = strcmp (word, "-r") == 0 || strcmp (word, "-c") == 0 || strcmp (word, "--index-url") == 0
                || strcmp (word, "-i") == 0 || strcmp (word, "-f") == 0 || strcmp (word, "-t") == 0;
        size_t n = strlen (word);
        if (*word == '-' || *word == '$' || *word == '{' || *word == '.')
            continue;
        if (n > 1 && (word[0] == '"' || word[0] == '\'') && word[n - 1] == word[0]) {
            word[n - 1] = '\0';
            word++;
        }
        vec_str_add_once (a, requirements, word);
    }
    return true;
}

/* Cell magics: %%name and the whole cell behind it. See magic_part.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/magic_part.h"

#include <ctype.h>
#include <string.h>

static bool
is_plain_name (const char *word, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!(isalnum ((unsigned char) word[i]) || word[i] == '_' || (word[i] & 0x80))
            || isdigit ((unsigned char) word[0]))
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

/* `out=id(0);` for each name that the cell magic binds: `%%capture out`, `%%bash --out out --err=err`. A call, since
 * what is bound is no constant. It is shorter than what it stands for. */
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

/* `%%timeit -n 10 setup`, and what is timed: looked at like code. */
static void
show_timed (struct rewriting *r, const struct logical *l, const struct magic *m)
{
    const char *setup = magic_skip_options (l->text + 2 + strlen (m->name), l->end);
    if (setup < l->end) {
        memcpy (r->code + (setup - r->source), setup, (size_t) (l->end - setup));
        memcpy (r->code + (l->text - r->source), "if 1:", 5);
    }
    memcpy (r->code + (l->end - r->source), l->end, (size_t) (r->end - l->end));
}

/* The whole cell belongs to the magic: one call, and as many empty lines as the cell has. */
static void
take_cell_magic (struct rewriting *r, const struct logical *l, struct magic *m)
{
    magic_blank (r, r->source, r->end, "");
    magic_put_first (r, r->source, bound_names (r, m));
    m->encloses = magic_encloses (m->name);
    if (m->encloses)
        show_timed (r, l, m);
    strbuf_adds (&r->run, "get_ipython().run_cell_magic(");
    magic_run_literal (r, m->name);
    strbuf_adds (&r->run, ", ");
    magic_run_literal (r, m->arguments);
    strbuf_adds (&r->run, ", ");
    magic_run_literal (r, m->body);
    strbuf_addc (&r->run, ')');
    magic_run_newlines (r, magic_count_lines (r->source, r->end));
}

/* The body runs in the clear. What it shows is caught from here on, where that is what the magic is for. */
static void
open_transparent_cell (struct rewriting *r, const struct logical *l, const struct magic *m)
{
    magic_blank (r, l->text, l->end, "");
    magic_put_first (r, l->text, bound_names (r, m));
    if (strcmp (m->name, "capture") == 0) {
        strbuf_adds (&r->run, "get_ipython().begin_capture(");
        magic_run_literal (r, m->arguments);
        strbuf_addc (&r->run, ')');
    } else
        strbuf_addc (&r->run, '#');
    magic_run_newlines (r, l->lines - 1);
}

/* Looks at the first line that holds anything. True if the whole cell was dealt with; `*rest` is where plain code
 * goes on otherwise. */
bool
magic_take_cell (struct rewriting *r, const char **rest)
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
    const char *nl = magic_line_end (p, r->end);
    const char *arguments, *name = magic_split_name (r, magic_joined (r, p + 2, nl), &arguments);
    if (*name && name[strlen (name) - 1] == '?') {
        r->line = 1;
        return false;
    }
    struct magic *m = magic_add (r, MAGIC_CELL, name, arguments);
    m->body = arena_strndup (r->arena, nl < r->end ? nl + 1 : nl, (size_t) (nl < r->end ? r->end - nl - 1 : 0));
    m->transparent = is_transparent_cell (name);
    magic_run_newlines (r, r->line - 1);
    struct logical l = { start, p, nl, 1 };
    if (magic_take_call (r)) {
        magic_blank (r, r->source, r->end, "");
        magic_run_newlines (r, magic_count_lines (nl, r->end));
        return true;
    }
    if (!m->transparent) {
        take_cell_magic (r, &l, m);
        return true;
    }
    open_transparent_cell (r, &l, m);
    *rest = nl;
    return false;
}

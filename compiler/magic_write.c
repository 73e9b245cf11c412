/* Writing both texts of a cell: what is shared by all that replaces a magic. See magic_part.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/magic_part.h"

#include <ctype.h>
#include <string.h>

void
magic_blank (struct rewriting *r, const char *from, const char *to, const char *filler)
{
    for (const char *p = from; p < to; p++)
        if (*p != '\n' && *p != '\r')
            r->code[p - r->source] = ' ';
    size_t room = (size_t) (to - from), n = strlen (filler);
    memcpy (r->code + (from - r->source), filler, n < room ? n : room);
}

void
magic_put_first (struct rewriting *r, const char *at, const char *code)
{
    size_t n = strlen (code);
    if (n <= (size_t) (magic_line_end (at, r->end) - at))
        memcpy (r->code + (at - r->source), code, n);
}

void
magic_run_newlines (struct rewriting *r, int n)
{
    while (n-- > 0)
        strbuf_addc (&r->run, '\n');
}

void
magic_run_literal (struct rewriting *r, const char *text)
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

char *
magic_joined (struct rewriting *r, const char *from, const char *to)
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

struct magic *
magic_add (struct rewriting *r, enum magic_kind kind, const char *name, const char *arguments)
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

const char *
magic_split_name (struct rewriting *r, const char *text, const char **arguments)
{
    size_t n = strcspn (text, " \t\n");
    *arguments = text + n + strspn (text + n, " \t");
    return arena_strndup (r->arena, text, n);
}

/* Whether it is %chard, help on it (?%chard run), or what makes it known. */
static bool
is_call (const struct magic *m)
{
    if (m->kind == MAGIC_HELP) {
        const char *name = m->arguments + strspn (m->arguments, "%");
        return name > m->arguments && strncmp (name, "chard", 5) == 0
            && (!name[5] || isspace ((unsigned char) name[5]));
    }
    return strcmp (m->name, "chard") == 0 || (strcmp (m->name, "load_ext") == 0 && strcmp (m->arguments, "chard") == 0);
}

bool
magic_take_call (struct rewriting *r)
{
    const struct magic *m = &r->out->magics.items[r->out->magics.len - 1];
    if (!is_call (m))
        return false;
    vec_push (r->arena, &r->out->calls, *m);
    r->out->magics.len--;
    return true;
}

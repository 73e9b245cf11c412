/* See diag.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdlib.h>

#define SHOWN_MOST 160  /* characters of a source line */
#define SHOWN_BEFORE 80 /* … of which so many at most stand before the place that is meant */

void
diag_add (struct diag_list *list, enum severity severity, const char *rule, struct place at, const char *source_line,
          const char *hint, const char *fmt, ...)
{
    va_list ap;
    va_start (ap, fmt);
    char *message = arena_vprintf (list->arena, fmt, ap);
    va_end (ap);
    vec_foreach (d, &list->all)
        if (d->at.cell == at.cell && d->at.line == at.line && d->at.column == at.column && strcmp (d->rule, rule) == 0
            && strcmp (d->message, message) == 0
            && strcmp (d->notebook, at.notebook ? at.notebook : list->notebook) == 0)
            return;
    struct diag *d = vec_add (list->arena, &list->all);
    d->notebook = at.notebook ? arena_strdup (list->arena, at.notebook) : list->notebook;
    d->at = at;
    d->severity = severity;
    d->rule = rule;
    d->message = message;
    d->hint = hint ? arena_strdup (list->arena, hint) : NULL;
    d->source_line = source_line ? arena_strdup (list->arena, source_line) : NULL;
    list->errors += severity == SEVERITY_ERROR;
    list->warnings += severity == SEVERITY_WARNING;
}

static int
compare (const void *x, const void *y)
{
    const struct diag *a = x, *b = y;
    int notebooks = a->notebook == b->notebook ? 0 : strcmp (a->notebook, b->notebook);
    if (notebooks)
        return notebooks;
    if (a->at.cell != b->at.cell)
        return a->at.cell < b->at.cell ? -1 : 1;
    if (a->at.line != b->at.line)
        return a->at.line < b->at.line ? -1 : 1;
    if (a->at.column != b->at.column)
        return a->at.column < b->at.column ? -1 : 1;
    return strcmp (a->message, b->message);
}

void
diag_sort (struct diag_list *list)
{
    if (list->all.len)
        qsort (list->all.items, list->all.len, sizeof *list->all.items, compare);
}

const char *
severity_name (enum severity s)
{
    static const char *const names[] = { "error", "warning", "note" };
    return names[s];
}

/* Text from a notebook: its control characters must not reach a terminal. */
static void
add_clean (struct strbuf *out, const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        strbuf_addc (out, ((unsigned char) text[i] < 32 && text[i] != '\t') || text[i] == 127 ? '?' : text[i]);
}

static size_t
next_character (const char *line, size_t i)
{
    for (i += line[i] != '\0'; ((unsigned char) line[i] & 0xc0) == 0x80; i++)
        ;
    return i;
}

/* The part of a line that is shown: the bytes from `start` to `end`, with the column within it. A line of a megabyte
 * would tell nobody anything. */
struct excerpt {
    size_t start, end;
    int column;
};

static struct excerpt
take_excerpt (const char *line, int column)
{
    struct excerpt x = { 0, 0, column };
    for (int skipped = column - SHOWN_BEFORE; skipped > 1 && line[x.start]; skipped--, x.column--)
        x.start = next_character (line, x.start);
    x.end = x.start;
    for (int shown = 0; shown < SHOWN_MOST && line[x.end]; shown++)
        x.end = next_character (line, x.end);
    if (!line[next_character (line, x.end)]) /* an ellipsis for one character saves nothing */
        x.end = next_character (line, x.end);
    return x;
}

/* The caret goes under a character: tabs before it are kept, a wide one counts twice and a combining one not at all. */
static void
add_caret (const char *line, int column, struct strbuf *out)
{
    size_t rest = strlen (line), len;
    for (int seen = 1; rest && seen < column; line += len, rest -= len, seen++) {
        int width = utf8_width (utf8_decode (line, rest, &len));
        if (*line == '\t')
            strbuf_addc (out, '\t');
        else
            strbuf_addf (out, "%*s", width, "");
    }
    strbuf_addc (out, '^');
}

static void
add_source (const struct diag *d, const char *green, const char *off, struct strbuf *out)
{
    const char *line = d->source_line;
    struct excerpt x = take_excerpt (line, d->at.column);
    const char *cut = x.start ? "…" : "";
    strbuf_addf (out, "    %s", cut);
    add_clean (out, line + x.start, x.end - x.start);
    strbuf_adds (out, line[x.end] ? "…\n" : "\n");
    if (d->at.column > 0) {
        strbuf_addf (out, "    %s%s", green, *cut ? " " : "");
        add_caret (line + x.start, x.column, out);
        strbuf_addf (out, "%s\n", off);
    }
}

void
diag_print (const struct diag *d, bool color, struct strbuf *out)
{
    static const char *const colors[] = { "\033[1;31m", "\033[1;35m", "\033[1;36m" };
    const char *bold = color ? "\033[1m" : "", *off = color ? "\033[0m" : "";
    strbuf_addf (out, "%s%s:", bold, d->notebook);
    if (d->at.cell >= 0)
        strbuf_addf (out, "cell %d:", d->at.cell);
    if (d->at.line > 0)
        strbuf_addf (out, "%d:%d:", d->at.line, d->at.column > 0 ? d->at.column : 1);
    strbuf_addf (out, " %s%s:%s %s", color ? colors[d->severity] : "", severity_name (d->severity), off, bold);
    add_clean (out, d->message, strlen (d->message));
    strbuf_addf (out, "%s [%s]\n", off, d->rule);
    if (d->source_line)
        add_source (d, color ? "\033[1;32m" : "", off, out);
    if (d->hint)
        strbuf_addf (out, "  hint: %s\n", d->hint);
}

/* See view.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/view.h"

#include "base/arena.h"

#include <string.h>
#include <unistd.h>

/* ---- as text ---------------------------------------------------------------------------------------------------- */

static void
print_line (struct view *v, const char *stream, const char *text, size_t len)
{
    cleanup_strbuf struct strbuf line = { 0 };
    strbuf_add (&line, text, len);
    strbuf_addc (&line, '\n');
    outlet_print (&v->outlet, stream, line.data, line.len);
}

static void
print_text (struct view *v, const char *text, size_t len)
{
    print_line (v, "stdout", text, len);
}

static const char *const text_words[] = { "--color=always", NULL };

static const struct view_kind view_text = { .words = text_words, .size = sizeof (struct view), .take = print_text };

static const struct view_kind *const views[] = { &view_check, &view_graph, &view_run, NULL };

/* ---- choosing --------------------------------------------------------------------------------------------------- */

/* Whether a word gives that option: "--to", "--to=svg", "-o", "-oFILE". */
static bool
gives (const char *word, const char *option)
{
    size_t n = strlen (option);
    return strncmp (word, option, n) == 0 && (option[1] != '-' || word[n] == '\0' || word[n] == '=');
}

static bool
suits (const struct view_kind *kind, const struct vec_str *words)
{
    if (strcmp (words->items[0], kind->command) != 0)
        return false;
    vec_foreach (word, words)
        for (const char *const *o = kind->unless; *o; o++)
            if (gives (*word, *o))
                return false;
    return true;
}

static const struct view_kind *
choose (const struct outlet *outlet, const struct vec_str *words)
{
    for (const struct view_kind *const *k = views; *k && !outlet->text_only; k++)
        if (suits (*k, words))
            return *k;
    return &view_text;
}

/* Options that any command has go before its name, its own behind it: before anything that could end the options. */
static void
add_words (struct arena *a, struct vec_str *words, const char *const *more, size_t at)
{
    struct vec_str all = { 0 };
    for (size_t i = 0; i <= words->len; i++) {
        for (const char *const *m = more; i == at && *m; m++)
            vec_push (a, &all, *m);
        if (i < words->len)
            vec_push (a, &all, words->items[i]);
    }
    *words = all;
}

struct view *
view_create (struct loop *l, const struct outlet *outlet, struct arena *a, struct vec_str *words)
{
    static unsigned made;
    const struct view_kind *kind = choose (outlet, words);
    struct view *v = xcalloc (1, kind->size);
    v->kind = kind;
    v->loop = l;
    v->outlet = *outlet;
    json_incref (v->outlet.header);
    v->id = xasprintf ("chard-%d-%u", (int) getpid (), made++);
    add_words (a, words, kind->words, kind->command ? 1 : 0);
    return v;
}

/* ---- what it prints --------------------------------------------------------------------------------------------- */

/* The text behind "chard: ", whatever colours it has; NULL if the line is no complaint. */
static const char *
complaint_in (const char *line)
{
    static const char mark[] = "chard:";
    const char *at = line;
    while (*at == '\033')
        at += strcspn (at, "m") + (strchr (at, 'm') != NULL);
    if (strncmp (at, mark, sizeof mark - 1) != 0)
        return NULL;
    at += sizeof mark - 1;
    while (*at == '\033' || *at == ' ')
        at += *at == ' ' ? 1 : strcspn (at, "m") + (strchr (at, 'm') != NULL);
    return at;
}

static void
take_error (struct view *v, const char *line, size_t len)
{
    const char *complaint = complaint_in (line);
    if (!complaint) {
        print_line (v, "stderr", line, len);
        return;
    }
    strbuf_clear (&v->complaint);
    strbuf_adds (&v->complaint, complaint);
}

/* Hands on the whole lines that are there. */
static void
take_lines (struct view *v, struct strbuf *from, void (*take) (struct view *v, const char *line, size_t len))
{
    char *at = from->data, *end = from->data + from->len, *nl;
    while (at < end && (nl = memchr (at, '\n', (size_t) (end - at)))) {
        *nl = '\0';
        take (v, at, (size_t) (nl - at));
        at = nl + 1;
    }
    struct strbuf rest = { 0 };
    strbuf_add (&rest, at, (size_t) (end - at));
    strbuf_free (from);
    *from = rest;
}

void
view_printed (struct view *v, bool error, const char *data, size_t len)
{
    struct strbuf *b = error ? &v->err : &v->out;
    strbuf_add (b, data, len);
    if (error || !v->kind->whole)
        take_lines (v, b, error ? take_error : v->kind->take);
}

void
view_ended (struct view *v, const struct proc_status *status)
{
    if (v->out.len > 0)
        v->kind->take (v, v->out.data, v->out.len);
    if (v->err.len > 0)
        take_error (v, v->err.data, v->err.len);
    if (v->kind->finish)
        v->kind->finish (v, status->exit == 0);
}

void
view_destroy (struct view *v)
{
    if (!v)
        return;
    if (v->kind->clear)
        v->kind->clear (v);
    outlet_clear (&v->outlet);
    strbuf_free (&v->out);
    strbuf_free (&v->err);
    strbuf_free (&v->complaint);
    free (v->id);
    free (v);
}

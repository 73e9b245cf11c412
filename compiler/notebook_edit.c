/* See notebook_edit.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/notebook_edit.h"

#include "compiler/notebook.h"

#include <stdlib.h>

/* ---- which tags are new ----------------------------------------------------------------------------------------- */

static int
compare_tags (const void *x, const void *y)
{
    const struct notebook_edit_tag *const *a = x, *const *b = y;
    if ((*a)->cell != (*b)->cell)
        return (*a)->cell < (*b)->cell ? -1 : 1;
    return *a < *b ? -1 : *a > *b; /* as they were given */
}

struct wanted {
    struct notebook_edit_tag *items;
    size_t len, cap;
};

static bool
is_wanted (const struct wanted *w, const struct notebook_edit_tag *tag)
{
    vec_foreach (t, w)
        if (t->cell == tag->cell && strcmp (t->tag, tag->tag) == 0)
            return true;
    return false;
}

/* Sorted by cell, without those that a cell has. */
static int
choose (struct arena *a, const struct notebook *nb, const struct notebook_edit_tag *tags, size_t n, struct wanted *w,
        struct error *err)
{
    const struct notebook_edit_tag **sorted = arena_alloc (a, (n + 1) * sizeof (void *));
    for (size_t i = 0; i < n; i++)
        sorted[i] = &tags[i];
    if (n)
        qsort (sorted, n, sizeof *sorted, compare_tags);
    for (size_t i = 0; i < n; i++) {
        if (sorted[i]->cell < 0 || (size_t) sorted[i]->cell >= nb->cells.len)
            return error_set (err, ERROR_NOTEBOOK, "there is no cell %d", sorted[i]->cell);
        if (!vec_str_has (&nb->cells.items[sorted[i]->cell].tags, sorted[i]->tag) && !is_wanted (w, sorted[i]))
            vec_push (a, w, *sorted[i]);
    }
    return 0;
}

/* ---- the proof -------------------------------------------------------------------------------------------------- */

static bool
same_text (const char *a, const char *b)
{
    return a == b || (a && b && strcmp (a, b) == 0);
}

/* The cell has its old tags, and behind them in any order exactly the new ones. */
static bool
has_tags (const struct cell *old, const struct cell *new, const struct wanted *w)
{
    size_t added = 0;
    vec_foreach (t, w)
        if (t->cell == old->index) {
            added++;
            if (!vec_str_has (&new->tags, t->tag))
                return false;
        }
    vec_foreach (t, &old->tags)
        if (!vec_str_has (&new->tags, *t))
            return false;
    return new->tags.len == old->tags.len + added;
}

/* `run`: running it left the same traces too. */
static bool
means_the_same (const struct notebook *old, const struct notebook *new, const struct wanted *w, bool run)
{
    if (old->cells.len != new->cells.len)
        return false;
    for (size_t i = 0; i < old->cells.len; i++) {
        const struct cell *x = &old->cells.items[i], *y = &new->cells.items[i];
        if (x->kind != y->kind || x->len != y->len || memcmp (x->source, y->source, x->len) != 0
            || !same_text (x->id, y->id) || (run && x->execution_count != y->execution_count) || !has_tags (x, y, w))
            return false;
    }
    return true;
}

/* Reads the new text as any other notebook. */
static int
prove (struct arena *a, const char *path, const struct notebook *old, const struct strbuf *text,
       const struct wanted *w, bool run, struct error *err)
{
    struct notebook *new = notebook_parse (a, path, strbuf_str (text), text->len, err);
    if (!new)
        return -1;
    bool same = means_the_same (old, new, w, run);
    notebook_clear (new);
    return same ? 0 : error_set (err, ERROR_NOTEBOOK, "its JSON is too unusual to be edited in place");
}

/* ---- the edit --------------------------------------------------------------------------------------------------- */

static void
apply (const struct edits *edits, const char *data, size_t len, struct strbuf *out)
{
    size_t done = 0;
    vec_foreach (e, &edits->all) {
        strbuf_add (out, data + done, e->at - done);
        strbuf_adds (out, e->text);
        done = e->at + e->length;
    }
    strbuf_add (out, data + done, len - done);
}

static bool
is_script (const char *path)
{
    size_t n = strlen (path);
    return n > 3 && strcmp (path + n - 3, ".py") == 0;
}

static int
add_tags (struct arena *a, const char *path, const char *data, size_t len, const struct notebook *nb,
      const struct notebook_edit_tag *tags, size_t n, struct strbuf *text, struct error *err)
{
    struct wanted w = { 0 };
    struct edits edits = { .arena = a };
    if (choose (a, nb, tags, n, &w, err) < 0)
        return -1;
    if ((is_script (path) ? notebook_edit_percent : notebook_edit_json) (&edits, data, len, w.items, w.len, err) < 0)
        return -1;
    apply (&edits, data, len, text);
    return prove (a, path, nb, text, &w, true, err);
}

static int
strip (struct arena *a, const char *path, const char *data, size_t len, const struct notebook *nb, struct strbuf *text,
       struct error *err)
{
    const struct wanted none = { 0 };
    struct edits edits = { .arena = a };
    if (!is_script (path))
        notebook_edit_outputs (&edits, data, len);
    apply (&edits, data, len, text);
    return prove (a, path, nb, text, &none, false, err);
}

/* Adds tags, or strips outputs if `tags` is NULL. */
static int
edit (const char *path, const char *data, size_t len, const struct notebook_edit_tag *tags, size_t n,
      struct strbuf *out, struct error *err)
{
    struct arena *a = arena_create ();
    cleanup_strbuf struct strbuf text = { 0 };
    struct notebook *nb = notebook_parse (a, path, data, len, err);
    int status = -1;
    if (nb) {
        status = tags ? add_tags (a, path, data, len, nb, tags, n, &text, err)
                      : strip (a, path, data, len, nb, &text, err);
        if (status < 0)
            error_wrap (err, "%s", path);
    }
    if (status == 0)
        strbuf_add (out, strbuf_str (&text), text.len);
    notebook_clear (nb);
    arena_destroy (a);
    return status;
}

int
notebook_edit_add_tags (const char *path, const char *data, size_t len, const struct notebook_edit_tag *tags,
                        size_t n, struct strbuf *out, struct error *err)
{
    static const struct notebook_edit_tag none;
    return edit (path, data, len, tags ? tags : &none, n, out, err);
}

int
notebook_edit_strip_outputs (const char *path, const char *data, size_t len, struct strbuf *out, struct error *err)
{
    return edit (path, data, len, NULL, 0, out, err);
}

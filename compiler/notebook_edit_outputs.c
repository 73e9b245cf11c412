/* Where in nbformat's JSON stands what running a notebook left: outputs and counts of cells (nbformat 3 calls them
 * prompt_number), and the state of widgets in the notebook's metadata. See notebook_edit.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/notebook_edit.h"

#include <stdlib.h>

static const struct {
    const char *key, *empty;
} traces[] = { { "outputs", "[]" }, { "execution_count", "null" }, { "prompt_number", "null" } };

static void
empty_member (struct edits *edits, const struct json_member *m, const char *empty)
{
    struct edit edit = { m->value, m->end - m->value, empty };
    vec_push (edits->arena, &edits->all, edit);
}

static void
strip_cell (struct edits *edits, const struct json_span *t, size_t cell)
{
    struct json_walk w = { t, cell + 1 };
    for (struct json_member m; json_walk_next (&w, true, &m);)
        for (size_t i = 0; i < sizeof traces / sizeof traces[0]; i++)
            if (json_walk_is_key (t, &m, traces[i].key))
                empty_member (edits, &m, traces[i].empty);
}

static int
compare_edits (const void *x, const void *y)
{
    const struct edit *a = x, *b = y;
    return a->at < b->at ? -1 : a->at > b->at;
}

void
notebook_edit_outputs (struct edits *edits, const char *data, size_t len)
{
    const struct json_span t = { data, len };
    struct notebook_edit_cells cells = { .arena = edits->arena };
    struct json_member metadata, widgets;
    notebook_edit_find_cells (&cells, &t);
    vec_foreach (cell, &cells.all)
        strip_cell (edits, &t, *cell);
    if (json_walk_find (&t, json_walk_root (&t), "metadata", &metadata) && data[metadata.value] == '{'
        && json_walk_find (&t, metadata.value, "widgets", &widgets))
        empty_member (edits, &widgets, "{}");
    if (edits->all.len) /* the metadata may stand before the cells */
        qsort (edits->all.items, edits->all.len, sizeof *edits->all.items, compare_edits);
}

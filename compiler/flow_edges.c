/* Edges between code cells: who was the last to bind or change what a cell reads. See flow.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/flow.h"

#include <stdio.h>
#include <string.h>

static const struct cell *
code_cell (const struct flow *f, int site)
{
    return f->program->units.items[f->sites.items[site].unit].cell;
}

static const char *
kind_of (const struct flow *f, const struct event *e, int site, const char *name)
{
    if (*name == '%')
        return "state";
    switch (f->sites.items[site].kind) {
    case SITE_IMPORT: return "import";
    case SITE_DEFINITION: return "code";
    default: break;
    }
    bool library = e->value && e->value->len > 0;
    set_foreach (id, e->value)
        library = library && heap_get (f->heap, id)->kind == OBJECT_LIBRARY;
    return library ? "import" : "data";
}

static void
put_notebook (json_t *edge, const char *key, const struct cell *c)
{
    if (c->notebook->reference)
        json_object_set_new (edge, key, json_string (c->notebook->reference));
}

/* Edges are few per pair of cells: found through an object keyed by both cells and the kind. */
static void
add_edge (json_t *index, json_t *edges, const struct cell *from, const struct cell *to, const char *kind,
          const char *name)
{
    char key[96];
    snprintf (key, sizeof key, "%p %p %s", (const void *) from, (const void *) to, kind);
    json_t *edge = json_object_get (index, key);
    if (!edge) {
        edge = json_pack ("{s:i, s:i, s:[], s:s}", "from", from->code_index, "to", to->code_index, "names", "kind",
                          kind);
        put_notebook (edge, "from_notebook", from);
        put_notebook (edge, "to_notebook", to);
        json_array_append_new (edges, edge);
        json_object_set (index, key, edge);
    }
    json_t *names = json_object_get (edge, "names");
    for (size_t i = 0; i < json_array_size (names); i++)
        if (strcmp (json_string_value (json_array_get (names, i)), name) == 0)
            return;
    json_array_append_new (names, json_string (name));
}

/* From the newest write back to the first that surely happened. */
static void
add_event (const struct flow *f, const struct event *e, json_t *index, json_t *edges)
{
    const char *name = symbol_text (f->program->symbols, e->name);
    for (int i = e->writes ? e->writes->len - 1 : -1; i >= 0; i--) {
        const struct write *w = &e->writes->items[i];
        const struct cell *from = code_cell (f, w->site), *to = code_cell (f, e->site);
        if (from != to)
            add_edge (index, edges, from, to, kind_of (f, e, w->site, name), name);
        if (w->kind != WRITE_MAYBE)
            return;
    }
}

static void
add_files (const struct flow *f, json_t *index, json_t *edges)
{
    for (size_t i = 0; i < f->files.len; i++)
        for (size_t k = i; k-- > 0 && f->files.items[i].use == FILE_READ;) {
            const struct file_event *w = &f->files.items[k], *r = &f->files.items[i];
            if (w->use != FILE_WRITE || strcmp (w->path, r->path) != 0)
                continue;
            if (code_cell (f, w->site) != code_cell (f, r->site))
                add_edge (index, edges, code_cell (f, w->site), code_cell (f, r->site), "file", r->path);
            break;
        }
}

json_t *
flow_cell_edges (const struct flow *f)
{
    json_t *index = json_object (), *edges = json_array ();
    vec_foreach (e, &f->events)
        if (e->kind == EVENT_READ)
            add_event (f, e, index, edges);
    add_files (f, index, edges);
    json_decref (index);
    return json_pack ("{s:o}", "edges", edges);
}

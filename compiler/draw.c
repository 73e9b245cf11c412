/* See draw.h. The picture's edges are first collected as plain links (from, to, kind, names); JSON prints those,
 * the drawings join the links between the same two boxes.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/draw.h"

#include "compiler/markup.h"

#include <stdlib.h>

/* The weightiest first; a joined arrow takes its kind from the first that occurs. */
static const char *const kinds[] = { "data", "file", "state", "code", "import", "order" };
enum { KINDS = sizeof kinds / sizeof kinds[0] };

struct link {
    int from, to, kind; /* kind: index into `kinds` */
    struct vec_str names;
};

struct links {
    struct arena *arena;
    vec (struct link) all;
};

const char *
draw_state_name (enum draw_state s)
{
    static const char *const names[] = { "", "waiting", "running", "done", "cached", "failed", "skipped" };
    return names[s];
}

struct draw_color
draw_state_color (enum draw_state s)
{
    static const struct draw_color colors[] = {
        [DRAW_STATE_NONE] = { "#f6f8fa", "#8c98a8" },    [DRAW_STATE_WAITING] = { "#f6f8fa", "#b8c0cc" },
        [DRAW_STATE_RUNNING] = { "#fff6dd", "#c48a12" }, [DRAW_STATE_DONE] = { "#e9f6ee", "#3c9a61" },
        [DRAW_STATE_CACHED] = { "#e8f1fb", "#4a86c5" },  [DRAW_STATE_FAILED] = { "#fdecea", "#cf4a3f" },
        [DRAW_STATE_SKIPPED] = { "#f3f3f4", "#b5b8be" },
    };
    return colors[s];
}

static int
kind_find (const char *name)
{
    for (int i = 0; i < KINDS; i++)
        if (strcmp (kinds[i], name) == 0)
            return i;
    return 0;
}

/* Links of one target come together, so only the last few need to be looked through. */
static struct link *
link_get (struct links *l, int from, int to, const char *kind)
{
    int k = kind_find (kind);
    for (size_t i = l->all.len; i-- > 0 && l->all.items[i].to == to;)
        if (l->all.items[i].from == from && l->all.items[i].kind == k)
            return &l->all.items[i];
    struct link *link = vec_add (l->arena, &l->all);
    link->from = from;
    link->to = to;
    link->kind = k;
    return link;
}

static bool
has_link (const struct links *l, int from, int to)
{
    for (size_t i = l->all.len; i-- > 0 && l->all.items[i].to == to;)
        if (l->all.items[i].from == from)
            return true;
    return false;
}

static int
compare_links (const void *x, const void *y)
{
    const struct link *a = x, *b = y;
    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to)
        return a->to < b->to ? -1 : 1;
    return a->kind - b->kind;
}

static void
sort_links (struct links *l)
{
    if (l->all.len)
        qsort (l->all.items, l->all.len, sizeof *l->all.items, compare_links);
}

/* Hidden state of a library travels under a name that no variable can have: "%random". */
static const char *
value_kind (const char *name)
{
    return name[0] == '%' ? "state" : "data";
}

static void
collect_step (struct links *l, const struct step *s, int to)
{
    vec_foreach (in, &s->inputs)
        if (in->kind == INPUT_DATA)
            vec_str_add_once (l->arena, &link_get (l, in->from, to, value_kind (in->name))->names, in->name);
    vec_foreach (f, &s->files)
        vec_str_add_once (l->arena, &link_get (l, f->from, to, "file")->names, f->path);
    vec_foreach (from, &s->after)
        if (!has_link (l, *from, to))
            link_get (l, *from, to, "order");
}

static struct links
collect_pipeline (struct arena *a, const struct pipeline *p)
{
    struct links l = { .arena = a };
    for (size_t i = 0; i < p->steps.len; i++)
        collect_step (&l, &p->steps.items[i], (int) i);
    sort_links (&l);
    return l;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------ */

static json_t *
cells_to_json (const struct vec_int *cells)
{
    json_t *list = json_array ();
    vec_foreach (c, cells)
        json_array_append_new (list, json_integer (*c));
    return list;
}

json_t *
draw_pipeline_json (const struct pipeline *p)
{
    struct arena *a = arena_create ();
    struct links l = collect_pipeline (a, p);
    json_t *steps = json_array (), *edges = json_array ();
    vec_foreach (s, &p->steps) {
        json_t *step = json_pack ("{s:s, s:s, s:o, s:b}", "name", s->name, "title", s->title ? s->title : s->name,
                                  "cells", cells_to_json (&s->cells), "inferred", (int) s->inferred);
        if (s->notebook)
            json_object_set_new (step, "notebook", json_string (s->notebook));
        json_array_append_new (steps, step);
    }
    vec_foreach (e, &l.all)
        json_array_append_new (edges, json_pack ("{s:s, s:s, s:o, s:s}", "from", p->steps.items[e->from].name, "to",
                                                 p->steps.items[e->to].name, "names",
                                                 pipeline_names_to_json (&e->names), "kind", kinds[e->kind]));
    arena_destroy (a);
    return json_pack ("{s:s?, s:s?, s:o, s:o}", "name", p->name, "notebook", p->notebook, "steps", steps, "edges",
                      edges);
}

/* ---- drawings -------------------------------------------------------------------------------------------------- */

/* Joins what leads from one box to the same other; the links must be sorted. */
static void
join_links (const struct links *l, struct drawing *d)
{
    struct draw_edge *last = NULL;
    vec_foreach (link, &l->all) {
        if (!last || last->from != link->from || last->to != link->to) {
            last = vec_add (d->arena, &d->edges);
            last->from = link->from;
            last->to = link->to;
            last->kind = kinds[link->kind];
        }
        vec_foreach (n, &link->names)
            vec_str_add_once (d->arena, &last->names, *n);
    }
}

/* Index behind the run of consecutive numbers that begins at `i`. */
static size_t
run_end (const struct vec_int *cells, size_t i)
{
    while (i + 1 < cells->len && cells->items[i + 1] == cells->items[i] + 1)
        i++;
    return i + 1;
}

const char *
draw_cell_list (struct arena *a, const struct vec_int *cells)
{
    enum { RUNS_MAX = 4 };
    size_t runs = 0;
    for (size_t i = 0; i < cells->len; i = run_end (cells, i))
        runs++;
    if (runs == 0)
        return "no cells";
    if (runs > RUNS_MAX)
        return arena_printf (a, "%zu cells, %d–%d", cells->len, cells->items[0], cells->items[cells->len - 1]);
    cleanup_strbuf struct strbuf b = { 0 };
    strbuf_adds (&b, cells->len == 1 ? "cell " : "cells ");
    for (size_t i = 0, end; i < cells->len; i = end) {
        end = run_end (cells, i);
        strbuf_addf (&b, "%s%d", i ? ", " : "", cells->items[i]);
        if (end - i > 1)
            strbuf_addf (&b, "%s%d", end - i == 2 ? ", " : "–", cells->items[end - 1]);
    }
    return arena_strdup (a, strbuf_str (&b));
}

const char *
draw_step_cells (struct arena *a, const struct step *s)
{
    const char *cells = draw_cell_list (a, &s->cells);
    return s->notebook ? arena_printf (a, "%s, %s", s->notebook, cells) : cells;
}

static void
add_name_list (struct strbuf *b, const char *what, const struct vec_str *names)
{
    if (names->len == 0)
        return;
    strbuf_addf (b, "\n%s ", what);
    vec_foreach (n, names)
        strbuf_addf (b, "%s%s", n == names->items ? "" : ", ", *n);
}

static const char *
step_tooltip (struct arena *a, const struct step *s)
{
    cleanup_strbuf struct strbuf b = { 0 };
    strbuf_adds (&b, s->name);
    struct vec_str in = { 0 }, out = { 0 };
    vec_foreach (i, &s->inputs)
        if (i->kind == INPUT_DATA)
            vec_push (a, &in, i->name);
    vec_foreach (o, &s->outputs)
        if (o->kind == INPUT_DATA)
            vec_push (a, &out, o->name);
    add_name_list (&b, "takes", &in);
    add_name_list (&b, "leaves", &out);
    add_name_list (&b, "parameters", &s->parameters);
    add_name_list (&b, "writes files", &s->files_written);
    return arena_strdup (a, strbuf_str (&b));
}

struct drawing *
draw_pipeline (struct arena *a, const struct pipeline *p)
{
    struct drawing *d = arena_new (a, struct drawing);
    d->arena = a;
    d->name = p->name;
    vec_foreach (s, &p->steps) {
        struct draw_node *n = vec_add (a, &d->nodes);
        n->title = s->title && *s->title ? s->title : s->name;
        n->name = s->name;
        n->detail = draw_step_cells (a, s);
        n->tooltip = step_tooltip (a, s);
    }
    struct links l = collect_pipeline (a, p);
    join_links (&l, d);
    return d;
}

static void
collect_cell_edge (struct links *l, const json_t *edge, int n)
{
    int from = (int) json_integer_value (json_object_get (edge, "from"));
    int to = (int) json_integer_value (json_object_get (edge, "to"));
    const char *kind = json_string_value (json_object_get (edge, "kind"));
    bool elsewhere = json_object_get (edge, "from_notebook") || json_object_get (edge, "to_notebook");
    if (elsewhere || from < 0 || from >= n || to < 0 || to >= n)
        return;
    struct link *link = vec_add (l->arena, &l->all);
    link->from = from;
    link->to = to;
    link->kind = kind_find (kind ? kind : "data");
    size_t i;
    json_t *name;
    json_array_foreach (json_object_get (edge, "names"), i, name)
        if (json_is_string (name))
            vec_push (l->arena, &link->names, arena_strdup (l->arena, json_string_value (name)));
}

struct drawing *
draw_cells (struct arena *a, const char *name, const json_t *edges, int n, const int *cells)
{
    struct drawing *d = arena_new (a, struct drawing);
    d->arena = a;
    d->name = name;
    for (int i = 0; i < n; i++) {
        struct draw_node *node = vec_add (a, &d->nodes);
        node->title = arena_printf (a, "cell %d", cells ? cells[i] : i);
    }
    struct links l = { .arena = a };
    size_t i;
    json_t *edge;
    json_array_foreach (edges, i, edge)
        collect_cell_edge (&l, edge, n);
    sort_links (&l);
    join_links (&l, d);
    return d;
}

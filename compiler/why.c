/* See why.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/why.h"

#include <stdio.h>
#include <string.h>

struct asking {
    const struct pipeline *pipeline;
    const struct flow *flow;
    const struct step *from, *to;
};

/* ---- places ----------------------------------------------------------------------------------------------------- */

static const struct unit *
unit_of (const struct asking *a, int site)
{
    return &a->flow->program->units.items[a->flow->sites.items[site].unit];
}

static bool
is_in_step (const struct asking *a, int site, const struct step *s)
{
    const struct cell *cell = unit_of (a, site)->cell;
    const struct notebook *nb = program_notebook (a->flow->program, s->notebook);
    return cell >= nb->cells.items && cell < nb->cells.items + nb->cells.len && vec_int_has (&s->cells, cell->index);
}

static json_t *
place_json (const struct asking *a, int unit, uint32_t offset, const char *how)
{
    struct place at = program_place (a->flow->program, unit, offset);
    const char *line = cell_line (a->flow->program->arena, a->flow->program->units.items[unit].cell, at.line);
    while (line && (*line == ' ' || *line == '\t'))
        line++;
    return json_pack ("{s:i, s:i, s:s, s:s}", "cell", at.cell, "line", at.line, "how", how, "text", line ? line : "");
}

static json_t *
site_json (const struct asking *a, int site, const char *how)
{
    const struct site *s = &a->flow->sites.items[site];
    return place_json (a, s->unit, s->statement ? s->statement->start : 0, how);
}

static void
append_once (json_t *list, json_t *item)
{
    size_t i;
    const json_t *x;
    json_array_foreach (list, i, x)
        if (json_equal (x, item)) {
            json_decref (item);
            return;
        }
    json_array_append_new (list, item);
}

/* ---- names ------------------------------------------------------------------------------------------------------ */

static json_t *
tie_of (json_t *ties, const char *kind, const char *name)
{
    size_t i;
    json_t *tie;
    json_array_foreach (ties, i, tie)
        if (strcmp (json_string_value (json_object_get (tie, "name")), name) == 0
            && strcmp (json_string_value (json_object_get (tie, "kind")), kind) == 0)
            return tie;
    tie = json_pack ("{s:s, s:s, s:[], s:[]}", "kind", kind, "name", name, "writes", "reads");
    json_array_append_new (ties, tie);
    return tie;
}

static const char *
how_written (enum write_kind kind, bool state)
{
    static const char *const words[] = { [WRITE_BIND] = "binds", [WRITE_MAYBE] = "may bind",
                                         [WRITE_CHANGE] = "changes" };
    return state && kind == WRITE_BIND ? "sets" : words[kind];
}

/* A replicated definition is no reason to wait. */
static bool
is_handed_over (const struct asking *a, const char *name)
{
    if (*name == '%')
        return true;
    vec_foreach (in, &a->to->inputs)
        if (strcmp (in->name, name) == 0)
            return in->kind == INPUT_DATA && &a->pipeline->steps.items[in->from] == a->from;
    return false;
}

static void
add_event (const struct asking *a, const struct event *e, json_t *ties)
{
    const char *name = symbol_text (a->flow->program->symbols, e->name);
    if (!e->writes || !is_in_step (a, e->site, a->to) || !is_handed_over (a, name))
        return;
    for (int i = 0; i < e->writes->len; i++) {
        const struct write *w = &e->writes->items[i];
        if (!is_in_step (a, w->site, a->from))
            continue;
        json_t *tie = tie_of (ties, *name == '%' ? "state" : "data", *name == '%' ? name + 1 : name);
        append_once (json_object_get (tie, "writes"), site_json (a, w->site, how_written (w->kind, *name == '%')));
        append_once (json_object_get (tie, "reads"),
                     e->called && *name != '%' ? site_json (a, e->site, "calls a function that reads")
                     : !e->at              ? site_json (a, e->site, "reads")
                                           : place_json (a, e->unit, e->at->start, "reads"));
    }
}

/* Values that only replicated definitions of the step read have no event of their own there. */
static void
add_inputs (const struct asking *a, json_t *ties)
{
    vec_foreach (in, &a->to->inputs)
        if (in->kind == INPUT_DATA && &a->pipeline->steps.items[in->from] == a->from)
            tie_of (ties, *in->name == '%' ? "state" : "data", *in->name == '%' ? in->name + 1 : in->name);
}

static void
add_files (const struct asking *a, json_t *ties)
{
    vec_foreach (f, &a->to->files) {
        if (&a->pipeline->steps.items[f->from] != a->from)
            continue;
        json_t *tie = tie_of (ties, "file", f->path);
        vec_foreach (e, &a->flow->files) {
            if (!e->path || strcmp (e->path, f->path) != 0)
                continue;
            if (e->use == FILE_WRITE && is_in_step (a, e->site, a->from))
                append_once (json_object_get (tie, "writes"), site_json (a, e->site, "writes"));
            if (e->use == FILE_READ && is_in_step (a, e->site, a->to))
                append_once (json_object_get (tie, "reads"), site_json (a, e->site, "reads"));
        }
    }
}

/* ---- chains ----------------------------------------------------------------------------------------------------- */

/* Steps between, in order; steps stand in topological order, so the search ends. `dead`: there is no way from here. */
static bool
find_chain (const struct pipeline *p, int from, int to, bool *dead, json_t *chain)
{
    vec_foreach (before, &p->steps.items[to].after) {
        if (*before == from)
            return true;
        if (*before > from && !dead[*before] && find_chain (p, from, *before, dead, chain)) {
            json_array_append_new (chain, json_string (p->steps.items[*before].name));
            return true;
        }
    }
    dead[to] = true;
    return false;
}

/* Definitions that the step has as code of its own: that is why it needn't wait for the other. */
static json_t *
code_taken (const struct asking *a)
{
    json_t *names = json_array ();
    vec_foreach (in, &a->to->inputs)
        if (in->kind != INPUT_DATA && &a->pipeline->steps.items[in->from] == a->from)
            json_array_append_new (names, json_string (in->name));
    return names;
}

json_t *
why_explain (const struct pipeline *p, const struct flow *flow, int from, int to)
{
    const struct asking a = { p, flow, &p->steps.items[from], &p->steps.items[to] };
    json_t *ties = json_array (), *through = json_array ();
    bool waits = vec_int_has (&a.to->after, from);
    if (waits) {
        vec_foreach (e, &flow->events)
            add_event (&a, e, ties);
        add_inputs (&a, ties);
        add_files (&a, ties);
        if (vec_int_has (&a.to->tagged, from))
            tie_of (ties, "tag", "prev");
        if (!json_array_size (ties))
            tie_of (ties, "order", "");
    } else {
        find_chain (p, from, to, arena_alloc (p->arena, p->steps.len * sizeof (bool)), through);
    }
    return json_pack ("{s:o, s:s, s:s, s:b, s:o, s:o}", "as_code", code_taken (&a), "from", a.from->name, "to",
                      a.to->name, "waits", waits, "through", through, "ties", ties);
}

/* Pass link: what makes steps wait for each other besides values and files: tags; metrics; and the order that follows.
 * See link.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/link.h"

#include <stdlib.h>
#include <string.h>

/* ---- tags and metrics ------------------------------------------------------------------------------------------- */

static bool
is_within (const struct notebook *inner, const struct notebook *outer)
{
    while (inner && inner != outer)
        inner = inner->included_by ? inner->included_by->notebook : NULL;
    return inner;
}

static bool
is_called (const struct linking *l, size_t step, const struct notebook *nb, const char *name)
{
    const struct group *g = &l->g->groups.items[step];
    return g->notebook == nb && strcmp (g->tag ? g->tag : g->name, name) == 0;
}

/* Whom a tag of a cell of `nb` names: a step of that notebook, or else of the whole, or all of a notebook that it
 * brings in. */
static void
find_named (const struct linking *l, const struct notebook *nb, const char *name, struct vec_int *found)
{
    size_t n = l->p->steps.len;
    for (size_t i = 0; i < n; i++)
        if (is_called (l, i, nb, name))
            vec_push (l->arena, found, (int) i);
    for (size_t i = 0; i < n && found->len == 0; i++)
        if (strcmp (l->g->groups.items[i].name, name) == 0)
            vec_push (l->arena, found, (int) i);
    if (found->len)
        return;
    vec_foreach (other, &l->flow->program->notebook->included)
        for (size_t i = 0; i < n && (*other)->included_by->notebook == nb; i++)
            if (strcmp ((*other)->alias, name) == 0 && is_within (l->g->groups.items[i].notebook, *other))
                vec_push (l->arena, found, (int) i);
}

/* The prev:/after: tags of one cell, which holds for `step`. */
static void
link_tags_of (struct linking *l, int step, const struct cell *c, const struct cell_tags *tags)
{
    struct step *s = &l->p->steps.items[step];
    vec_foreach (name, &tags->after) {
        struct vec_int before = { 0 };
        find_named (l, c->notebook, *name, &before);
        if (before.len == 0)
            diag_add (l->diags, SEVERITY_WARNING, "tag-unknown-step", cell_place (c, 0, 0), NULL,
                      "name a step of this notebook, or take the tag away",
                      "step \"%s\" is to wait for \"%s\", which isn't there", s->name, *name);
        if (before.len == 1 && before.items[0] == step)
            diag_add (l->diags, SEVERITY_WARNING, "cycle", cell_place (c, 0, 0), NULL, "take the tag away",
                      "step \"%s\" is to wait for itself: passed over", s->name);
        vec_foreach (b, &before)
            if (*b != step) {
                link_after (l, step, *b);
                vec_int_add_once (l->arena, &s->tagged, *b);
            }
    }
}

void
link_tags (struct linking *l, int step)
{
    const struct group *g = &l->g->groups.items[step];
    vec_foreach (unit, &g->units) {
        const struct unit *u = &l->flow->program->units.items[*unit];
        link_tags_of (l, step, u->cell, &u->tags);
    }
    for (const struct cell *c = g->notebook->included_by; c; c = c->notebook->included_by) {
        struct cell_tags tags;
        struct diag_list ignored = { .arena = l->arena, .notebook = "" }; /* told when the cell was read */
        tag_read (l->arena, c, &tags, &ignored);
        link_tags_of (l, step, c, &tags);
    }
}

/* Whether the name `at` stands in `n` as what is shown: by itself, in a call of print, or in an f-string there. */
static bool
is_shown (const struct linking *l, const struct ast *n, const struct ast *at)
{
    if (n == at)
        return true;
    bool call = n->kind == AST_CALL && n->kids[0]->kind == AST_NAME
                && n->kids[0]->name == symbol_find (l->flow->program->symbols, "print");
    if (!call && n->kind != AST_EXPRESSION && n->kind != AST_FSTRING && n->kind != AST_BLOCK)
        return false;
    ast_foreach (kid, n)
        if (*kid && is_shown (l, *kid, at))
            return true;
    return false;
}

/* What a cell tagged pipeline-metrics shows is recorded: by the step that runs the cell, or if none does, since it only
 * shows, by the one that made the value. */
static void
link_metric (struct linking *l, const struct event *e)
{
    const struct unit *u = &l->flow->program->units.items[l->flow->sites.items[e->site].unit];
    int runs = link_owner (l, e->site), site = e->writes->items[e->writes->len - 1].site, made = link_owner (l, site);
    int last = (int) l->p->steps.len - 1;
    bool parameter = made == OWNER_PARAMETERS;
    if (u->tags.role != ROLE_METRICS || !e->at || !is_shown (l, u->tree, e->at) || last < 0
        || l->flow->sites.items[site].kind == SITE_IMPORT)
        return;
    if (runs < 0 && made < 0 && !parameter)
        return;
    struct step *s = &l->p->steps.items[runs >= 0 ? runs : parameter ? last : made];
    vec_str_add_once (l->arena, &s->metrics, link_name (l, e->name));
    if (parameter)
        vec_str_add_once (l->arena, &s->parameters, link_name (l, e->name));
}

void
link_metrics (struct linking *l)
{
    vec_foreach (e, &l->flow->events)
        if (e->kind == EVENT_READ && e->writes)
            link_metric (l, e);
}

static int
compare_named (const void *x, const void *y)
{
    return strcmp (*(const char *const *) x, *(const char *const *) y); /* `name` is the first member */
}

/* ---- order ------------------------------------------------------------------------------------------------------ */

static void
diagnose_cycle (struct linking *l, const bool *done)
{
    int at = 0;
    while (done[at])
        at++;
    char *text = "";
    struct vec_int seen = { 0 };
    while (vec_int_add_once (l->arena, &seen, at)) {
        const struct step *s = &l->p->steps.items[at];
        int next = at;
        vec_foreach (b, &s->after)
            if (!done[*b])
                next = *b;
        link_conflict (l, at, next);
        text = arena_printf (l->arena, "%s\"%s\" waits for ", text, s->name);
        at = next;
    }
    const struct unit *u = &l->flow->program->units.items[l->g->groups.items[at].units.items[0]];
    diag_add (l->diags, SEVERITY_ERROR, "cycle", cell_place (u->cell, 0, 0), NULL,
              "take a prev: tag away, or give cells that stand apart steps of their own",
              "steps wait for each other: %s\"%s\"", text, l->p->steps.items[at].name);
}

/* Steps into topological order, the notebook's among equals; all indices follow. */
void
link_order (struct linking *l)
{
    size_t n = l->p->steps.len;
    bool *done = arena_alloc (l->arena, n + 1);
    int *place = arena_alloc (l->arena, (n + 1) * sizeof *place);
    struct vec_int order = { 0 };
    for (bool more = true; more && order.len < n;) {
        more = false;
        for (size_t i = 0; i < n; i++) {
            bool ready = !done[i];
            vec_foreach (b, &l->p->steps.items[i].after)
                ready = ready && done[*b];
            if (!ready)
                continue;
            done[i] = more = true;
            place[i] = (int) order.len;
            vec_push (l->arena, &order, (int) i);
            break;
        }
    }
    if (order.len < n) {
        diagnose_cycle (l, done);
        return;
    }
    struct step *sorted = arena_alloc (l->arena, (n + 1) * sizeof *sorted);
    for (size_t i = 0; i < n; i++) {
        struct step *s = &sorted[i];
        *s = l->p->steps.items[order.items[i]];
        struct vec_int *lists[] = { &s->after, &s->tagged };
        for (int k = 0; k < 2; k++) {
            vec_foreach (x, lists[k])
                *x = place[*x];
            vec_int_sort (lists[k]);
        }
        vec_foreach (in, &s->inputs)
            in->from = place[in->from];
        vec_foreach (f, &s->files)
            f->from = place[f->from];
        if (s->inputs.len)
            qsort (s->inputs.items, s->inputs.len, sizeof *s->inputs.items, compare_named);
        if (s->outputs.len)
            qsort (s->outputs.items, s->outputs.len, sizeof *s->outputs.items, compare_named);
    }
    l->p->steps.items = sorted;
}

/* Pass step: cells -> steps. Tagged notebooks go by their tags; others by their headings or cells. Cells that only
 * define things are shared by all steps instead. See front.h, step.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/step.h"

#include <stdlib.h>
#include <string.h>

struct group *
step_add_group (struct stepping *s, const struct notebook *nb, const char *name, const char *title, const char *tag)
{
    struct group *new = vec_add (s->arena, &s->g->groups);
    *new = (struct group){ .name = name, .title = title, .tag = tag, .inferred = !tag, .notebook = nb };
    return new;
}

/* ---- cells of metrics ------------------------------------------------------------------------------------------- */

static bool
only_prints (const struct stepping *s, const struct ast *n)
{
    symbol print = symbol_find (s->flow->program->symbols, "print");
    switch (n->kind) {
    case AST_NAME:
    case AST_CONSTANT:
    case AST_STRING: return true;
    case AST_CALL:
        if (n->kids[0]->kind != AST_NAME || n->kids[0]->name != print)
            return false;
        break;
    case AST_EXPRESSION:
    case AST_FSTRING:
    case AST_KEYWORD: break;
    default: return false;
    }
    ast_foreach (kid, n)
        if (*kid && !only_prints (s, *kid))
            return false;
    return true;
}

bool
step_only_reports (const struct stepping *s, int unit)
{
    const struct unit *u = &s->flow->program->units.items[unit];
    if (u->tags.role != ROLE_METRICS || u->text->magics.len)
        return false;
    ast_foreach (statement, u->tree)
        if (!u->broken && !only_prints (s, *statement))
            return false;
    return true;
}

/* ---- by tags ---------------------------------------------------------------------------------------------------- */

struct tagging {
    struct stepping *s;
    const struct notebook *nb;
    int current;            /* group that untagged cells join; -1 before the first */
    int leading;            /* group of working cells before the first step; -1 */
    bool waiting;           /* a notebook was brought in: untagged cells wait for the next step, as in Kale */
    struct vec_int pending; /* those */
    int last_cell;
};

static int
find_tagged (const struct tagging *t, const char *tag)
{
    for (size_t i = 0; i < t->s->g->groups.len; i++) {
        const struct group *g = &t->s->g->groups.items[i];
        if (g->notebook == t->nb && g->tag && strcmp (g->tag, tag) == 0)
            return (int) i;
    }
    return -1;
}

static void
give (struct tagging *t, int unit, int group)
{
    vec_push (t->s->arena, &t->s->g->groups.items[group].units, unit);
}

/* Cells without an owner that do more than define are a step of their own. */
static void
give_untagged (struct tagging *t, int unit, int *group, const char *name, const char *title)
{
    if (!t->s->works[unit])
        return;
    if (*group < 0) {
        step_add_group (t->s, t->nb, name, title, NULL);
        *group = (int) t->s->g->groups.len - 1;
    }
    give (t, unit, *group);
}

static void
end_pending (struct tagging *t)
{
    int group = -1;
    const char *title, *name = t->pending.len ? step_name_units (t->s, &t->pending, &title) : "";
    vec_foreach (unit, &t->pending)
        give_untagged (t, *unit, &group, name, title);
    t->pending = (struct vec_int){ 0 };
}

static void
give_step (struct tagging *t, int unit, const char *tag)
{
    t->current = find_tagged (t, tag);
    if (t->current < 0) {
        step_add_group (t->s, t->nb, tag, NULL, tag);
        t->current = (int) t->s->g->groups.len - 1;
    }
    vec_foreach (pending, &t->pending)
        give (t, *pending, t->current);
    t->pending = (struct vec_int){ 0 };
    t->waiting = false;
    give (t, unit, t->current);
}

/* Whether the notebook brings in another one between two of its cells. */
static bool
has_reference (const struct tagging *t, int from, int to)
{
    vec_foreach (other, &t->s->flow->program->notebook->included) {
        const struct cell *c = (*other)->included_by;
        if (c->notebook == t->nb && c->index > from && c->index < to)
            return true;
    }
    return false;
}

static void
give_by_role (struct tagging *t, int unit)
{
    const struct unit *u = &t->s->flow->program->units.items[unit];
    if (has_reference (t, t->last_cell, u->cell->index)) {
        end_pending (t);
        t->waiting = true;
    }
    t->last_cell = u->cell->index;
    switch (u->tags.role) {
    case ROLE_STEP: give_step (t, unit, u->tags.step); break;
    case ROLE_IMPORTS:
    case ROLE_FUNCTIONS: break;
    case ROLE_PARAMETERS: t->s->g->owner.items[unit] = OWNER_PARAMETERS; break;
    case ROLE_METRICS:
        if (step_only_reports (t->s, unit)) {
            t->s->g->owner.items[unit] = OWNER_METRICS;
            break;
        } /* else it is work */
        /* fall through */
    default:
        if (t->waiting)
            vec_push (t->s->arena, &t->pending, unit);
        else if (t->current >= 0)
            give (t, unit, t->current);
        else
            give_untagged (t, unit, &t->leading, "start", "Before the first step");
    }
}

static void
group_tagged (struct stepping *s, const struct notebook *nb)
{
    struct tagging t = { .s = s, .nb = nb, .current = -1, .leading = -1, .last_cell = -1 };
    for (size_t i = 0; i < s->flow->program->units.len; i++)
        if (s->flow->program->units.items[i].cell->notebook == nb)
            give_by_role (&t, (int) i);
    end_pending (&t);
}

/* ---- all notebooks ---------------------------------------------------------------------------------------------- */

static bool
is_tagged (const struct stepping *s, const struct notebook *nb)
{
    vec_foreach (u, &s->flow->program->units)
        if (u->cell->notebook == nb && u->tags.role == ROLE_STEP)
            return true;
    vec_foreach (other, &s->flow->program->notebook->included)
        if ((*other)->included_by->notebook == nb)
            return true;
    return false;
}

static void
group_notebook (struct stepping *s, const struct notebook *nb, struct vec_int *cells)
{
    if (is_tagged (s, nb)) {
        group_tagged (s, nb);
        return;
    }
    if (step_by_sections (s, nb))
        return;
    size_t before = s->g->groups.len;
    step_by_cells (s, nb);
    for (size_t i = before; i < s->g->groups.len; i++)
        vec_push (s->arena, cells, (int) i);
}

static int
compare_groups (const void *x, const void *y)
{
    const struct group *a = x, *b = y;
    return a->units.items[0] - b->units.items[0];
}

static bool
is_taken (const struct grouping *g, const struct group *self, bool inferred, const char *name)
{
    vec_foreach (other, &g->groups)
        if (other != self && (other < self || (inferred && !other->inferred)) && strcmp (other->name, name) == 0)
            return true;
    return false;
}

static bool
is_elsewhere (const struct grouping *g, const struct group *self)
{
    vec_foreach (other, &g->groups)
        if (other->notebook != self->notebook && strcmp (other->name, self->name) == 0)
            return true;
    return false;
}

/* A name that two notebooks use is told apart by the notebook's: "prepare.load". Inferred names give way to tags. */
static void
name_groups (struct stepping *s)
{
    struct grouping *g = s->g;
    bool *elsewhere = arena_alloc (s->arena, g->groups.len + 1);
    for (size_t i = 0; i < g->groups.len; i++)
        elsewhere[i] = g->groups.items[i].notebook->included_by && is_elsewhere (g, &g->groups.items[i]);
    for (size_t i = 0; i < g->groups.len; i++)
        if (elsewhere[i])
            g->groups.items[i].name = arena_printf (s->arena, "%s.%s", g->groups.items[i].notebook->alias,
                                                    g->groups.items[i].name);
    vec_foreach (group, &g->groups) {
        const char *name = group->name, *title = group->title;
        for (int n = 2; is_taken (g, group, group->inferred, group->name); n++) {
            group->name = arena_printf (s->arena, "%s-%d", name, n);
            group->title = arena_printf (s->arena, "%s (%d)", title, n);
        }
        if (!title)
            group->title = group->name;
    }
}

/* Nothing but definitions: they are the work, a step for each notebook that has any. */
static void
group_definitions (struct stepping *s)
{
    const struct notebook *nb = NULL;
    for (size_t i = 0; i < s->flow->program->units.len; i++) {
        const struct cell *c = s->flow->program->units.items[i].cell;
        if (s->g->owner.items[i] != OWNER_SHARED)
            continue;
        if (c->notebook != nb)
            step_add_group (s, nb = c->notebook, "notebook", "The notebook", NULL);
        vec_push (s->arena, &s->g->groups.items[s->g->groups.len - 1].units, (int) i);
    }
}

static bool
has_inferred (const struct grouping *g)
{
    vec_foreach (group, &g->groups)
        if (group->inferred)
            return true;
    return false;
}

struct grouping *
step_group (const struct flow *flow, struct diag_list *diags)
{
    struct arena *a = flow->program->arena;
    struct stepping s = { a, flow, arena_new (a, struct grouping), arena_alloc (a, flow->program->units.len + 1) };
    struct vec_int cells = { 0 };
    vec_foreach (site, &flow->sites)
        s.works[site->unit] |= site->kind == SITE_PLAIN;
    vec_foreach (u, &flow->program->units)
        vec_push (a, &s.g->owner, OWNER_SHARED);
    group_notebook (&s, flow->program->notebook, &cells);
    vec_foreach (nb, &flow->program->notebook->included)
        group_notebook (&s, *nb, &cells);
    if (s.g->groups.len == 0)
        group_definitions (&s);
    if (has_inferred (s.g))
        step_join (&s, &cells);
    if (s.g->groups.len)
        qsort (s.g->groups.items, s.g->groups.len, sizeof *s.g->groups.items, compare_groups);
    name_groups (&s);
    for (size_t i = 0; i < s.g->groups.len; i++)
        vec_foreach (unit, &s.g->groups.items[i].units)
            s.g->owner.items[*unit] = (int) i;
    (void) diags;
    return s.g;
}

/* Joins inferred steps: single cells where a step of its own would gain nothing, and whatever could not be made a
 * pipeline if it stayed apart. The edges are those that linking the cells as
 * steps gives, so that whatever the link pass knows of data, files, state and tags holds here too. See step.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/step.h"

#include "base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* ---- cells that only show --------------------------------------------------------------------------------------- */

static bool
is_glance (const char *name)
{
    static const char *const glances[] = { "print",  "display", "len",      "type",   "head",    "tail",         "info",
                                           "describe",
                                           "keys",   "items",   "values",   "unique", "nunique", "value_counts", "isna",
                                           "isnull",
                                           "sum",    "mean",    "count",    "str",    "repr",    "list",
                                           "round", "sorted",
                                           "format", "max",     "min",      "set",    "id",      "summary",      "dir",
                                           "get_params" };
    for (size_t i = 0; i < sizeof glances / sizeof *glances; i++)
        if (strcmp (name, glances[i]) == 0)
            return true;
    return false;
}

static bool
only_looks (const struct stepping *s, const struct ast *n)
{
    if (!n)
        return true;
    switch ((enum ast_kind) n->kind) {
    case AST_CALL:
        if (n->nkids == 0 || (n->kids[0]->kind != AST_NAME && n->kids[0]->kind != AST_ATTRIBUTE)
            || !is_glance (symbol_text (s->flow->program->symbols, n->kids[0]->name)))
            return false;
        break;
    case AST_NAME:
    case AST_CONSTANT:
    case AST_STRING:
    case AST_FSTRING:
    case AST_ATTRIBUTE:
    case AST_SUBSCRIPT:
    case AST_SLICE:
    case AST_KEYWORD:
    case AST_STARRED:
    case AST_OPERATION:
    case AST_TUPLE:
    case AST_LIST: break;
    default: return false;
    }
    ast_foreach (kid, n)
        if (!only_looks (s, *kid))
            return false;
    return true;
}

bool
step_only_shows (const struct stepping *s, int unit)
{
    const struct unit *u = &s->flow->program->units.items[unit];
    if (u->text->magics.len || u->broken)
        return false;
    ast_foreach (statement, u->tree)
        if ((*statement)->kind != AST_EXPRESSION || !only_looks (s, ast_kid (*statement, 0)))
            return false;
    return u->tree->nkids > 0;
}

/* ---- the graph of groups ---------------------------------------------------------------------------------------- */

/* What waits for what, without the edges that others imply; and groups joined to others (`into`). */
struct graph {
    size_t n, words;
    struct vec_int *before; /* by group: those it waits for directly, ascending */
    int *after;             /* by group: how many wait for it directly */
    bool *cell;             /* may be joined */
    int *into;
    uint64_t *ancestors;
};

static uint64_t *
row (const struct graph *g, int i)
{
    return g->ancestors + (size_t) i * g->words;
}

static bool
has_bit (const uint64_t *bits, int i)
{
    return bits[i / 64] >> (i % 64) & 1;
}

/* `order`: groups in an order in which they can run; `edges[k]`: what the k-th of them waits for. */
static void
reduce (struct arena *a, struct graph *g, const int *order, const struct vec_int *edges)
{
    for (size_t k = 0; k < g->n; k++) {
        int i = order[k];
        uint64_t *mine = row (g, i);
        vec_foreach (b, &edges[k])
            for (size_t w = 0; w < g->words; w++)
                mine[w] |= row (g, *b)[w];
        vec_foreach (b, &edges[k])
            if (!has_bit (mine, *b)) {
                vec_push (a, &g->before[i], *b);
                g->after[*b]++;
            }
        vec_foreach (b, &edges[k])
            mine[*b / 64] |= (uint64_t) 1 << (*b % 64);
    }
}

static int
root_of (const struct graph *g, int i)
{
    while (g->into[i] != i)
        i = g->into[i];
    return i;
}

static bool
same_notebook (const struct stepping *s, int i, int k)
{
    return s->g->groups.items[i].notebook == s->g->groups.items[k].notebook;
}

/* A cell that shows what one other makes belongs to that one; if it shows nothing of another's, to the one above. */
static void
join_glances (struct stepping *s, struct graph *g)
{
    int above = -1;
    for (int i = 0; i < (int) g->n; i++) {
        bool glance = g->cell[i] && g->after[i] == 0 && g->before[i].len <= 1
                      && step_only_shows (s, s->g->groups.items[i].units.items[0]);
        int to = g->before[i].len ? g->before[i].items[0] : above;
        if (glance && to >= 0 && g->cell[to] && same_notebook (s, i, to)) {
            g->into[i] = to;
            if (g->before[i].len)
                g->after[to]--;
        } else if (g->cell[i])
            above = i;
    }
}

static void
join_chains (struct stepping *s, struct graph *g)
{
    for (int i = 0; i < (int) g->n; i++) {
        int before = g->before[i].len == 1 ? g->before[i].items[0] : -1;
        if (g->into[i] == i && g->cell[i] && before >= 0 && g->cell[before] && g->after[before] == 1
            && same_notebook (s, i, before))
            g->into[i] = before;
    }
}

/* ---- linking ---------------------------------------------------------------------------------------------------- */

/* What linking the groups as they are would give. */
struct trial {
    int *order;              /* groups in an order in which they can run */
    struct vec_int *edges;   /* edges[k]: the groups that order[k] waits for */
    struct vec_int conflicts; /* pairs of groups that had better be one */
    bool cyclic;
};

static struct trial
try_linking (struct stepping *s)
{
    struct arena *a = s->arena;
    struct grouping *g = s->g;
    size_t n = g->groups.len;
    struct trial t = { arena_alloc (a, (n + 1) * sizeof *t.order), arena_alloc (a, (n + 1) * sizeof *t.edges), { 0 },
                       false };
    struct diag_list diags = { .arena = a, .notebook = "" };
    struct pipeline *p = pipeline_create (a);
    const char **names = arena_alloc (a, (n + 1) * sizeof *names);
    for (size_t i = 0; i < n; i++) {
        names[i] = g->groups.items[i].name;
        g->groups.items[i].name = arena_printf (a, "%zu", i);
        vec_foreach (unit, &g->groups.items[i].units)
            g->owner.items[*unit] = (int) i;
    }
    link_steps (p, s->flow, g, &diags, &t.conflicts);
    for (size_t k = 0; k < n; k++)
        t.order[k] = atoi (p->steps.items[k].name);
    for (size_t k = 0; k < n; k++)
        vec_foreach (b, &p->steps.items[k].after) {
            t.cyclic |= *b >= (int) k; /* then they were left in their old order */
            vec_push (a, &t.edges[k], t.order[*b]);
        }
    for (size_t i = 0; i < n; i++)
        g->groups.items[i].name = names[i];
    pipeline_clear (p);
    return t;
}

/* Whether there was anything to merge: then what is whole now may be at odds with others. */
static bool
merge_groups (struct stepping *s, const struct graph *g)
{
    struct grouping *all = s->g;
    size_t kept = 0;
    for (int i = 0; i < (int) g->n; i++) {
        struct group *to = &all->groups.items[root_of (g, i)], *from = &all->groups.items[i];
        if (to == from)
            continue;
        vec_foreach (unit, &from->units)
            vec_push (s->arena, &to->units, *unit);
        vec_int_sort (&to->units);
    }
    for (int i = 0; i < (int) g->n; i++)
        if (root_of (g, i) == i)
            all->groups.items[kept++] = all->groups.items[i];
    bool merged = kept < all->groups.len;
    all->groups.len = kept;
    return merged;
}

/* A cell that only defines, between the cells of a group, becomes one of them; unless its tag says otherwise. */
static bool
take_unit (struct stepping *s, struct group *group, int unit)
{
    const struct unit *u = &s->flow->program->units.items[unit];
    if (!group->inferred || u->tags.role != ROLE_NONE || u->cell->notebook != group->notebook
        || s->g->owner.items[unit] != OWNER_SHARED)
        return false;
    s->g->owner.items[unit] = 0; /* its place is known when the groups are final */
    vec_push (s->arena, &group->units, unit);
    vec_int_sort (&group->units);
    return true;
}

/* Groups that nobody asked for by a tag give way where the pipeline could not be made of them; the earlier one
 * stays. */
static bool
join_conflicts (struct stepping *s, struct graph *g, const struct vec_int *conflicts)
{
    bool joined = false;
    for (size_t i = 0; i + 1 < conflicts->len; i += 2) {
        if (conflicts->items[i + 1] < 0) {
            joined |= take_unit (s, &s->g->groups.items[root_of (g, conflicts->items[i])], ~conflicts->items[i + 1]);
            continue;
        }
        int x = root_of (g, conflicts->items[i]), y = root_of (g, conflicts->items[i + 1]);
        bool free = s->g->groups.items[x].inferred && s->g->groups.items[y].inferred;
        if (x == y || !free || !same_notebook (s, x, y))
            continue;
        g->into[x > y ? x : y] = x > y ? y : x;
        joined = true;
    }
    return joined;
}

static struct graph
graph_create (struct arena *a, size_t n)
{
    struct graph g = { .n = n, .words = (n + 63) / 64 };
    g.before = arena_alloc (a, (n + 1) * sizeof *g.before);
    g.after = arena_alloc (a, (n + 1) * sizeof *g.after);
    g.into = arena_alloc (a, (n + 1) * sizeof *g.into);
    g.cell = arena_alloc (a, n + 1);
    for (size_t i = 0; i < n; i++)
        g.into[i] = (int) i;
    return g;
}

static void
join_cells (struct stepping *s, struct graph *g, const struct trial *t, const struct vec_int *cells)
{
    cleanup_free uint64_t *ancestors = calloc (g->n + 1, (g->words + 1) * sizeof *ancestors);
    g->ancestors = ancestors;
    vec_foreach (i, cells)
        g->cell[*i] = true;
    reduce (s->arena, g, t->order, t->edges);
    join_glances (s, g);
    join_chains (s, g);
}

void
step_join (struct stepping *s, const struct vec_int *cells)
{
    bool joined = true;
    for (int round = 0; joined; round++) {
        struct graph g = graph_create (s->arena, s->g->groups.len);
        struct trial t = try_linking (s);
        if (round == 0 && cells->len && !t.cyclic)
            join_cells (s, &g, &t, cells);
        joined = join_conflicts (s, &g, &t.conflicts);
        joined |= merge_groups (s, &g);
    }
    vec_foreach (group, &s->g->groups)
        if (!*group->name)
            group->name = step_name_units (s, &group->units, &group->title);
}

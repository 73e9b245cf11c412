/* Pass link: the code that a step runs: definitions repeated ahead of it, then its own cells. See link.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/link.h"

#include <string.h>

static void
add_imports (struct linking *l, struct step *s, const struct ast *n)
{
    if (!n)
        return;
    if (n->kind == AST_IMPORT || n->kind == AST_IMPORT_FROM)
        for (uint32_t i = 0; i < (n->kind == AST_IMPORT ? n->nkids : 1); i++) {
            const char *name = link_name (l, n->kind == AST_IMPORT ? n->kids[i]->name : n->name);
            if (*name && *name != '.')
                vec_str_add_once (l->arena, &s->imports, arena_strndup (l->arena, name, strcspn (name, ".")));
        }
    ast_foreach (kid, n)
        add_imports (l, s, *kid);
}

static void
add_segment (struct linking *l, struct step *s, const struct unit *u, int line, const char *source, bool replicated)
{
    struct segment seg = { u->cell->notebook->reference, u->cell->index, line, source, replicated, false };
    vec_push (l->arena, &s->segments, seg);
}

/* Whether a statement that the step does not repeat stands on a line with this one: `a = load (); f = lambda: 1`. */
static bool
has_neighbour (const struct linking *l, const struct vec_int *repeated, int site)
{
    const struct site *x = &l->flow->sites.items[site];
    const char *code = l->flow->program->units.items[x->unit].text->code;
    for (size_t i = 0; i < l->flow->sites.len; i++) {
        const struct site *y = &l->flow->sites.items[i];
        if (y->unit != x->unit || !y->statement || y->statement == x->statement || vec_int_has (repeated, (int) i))
            continue;
        const struct site *upper = y->statement->start < x->statement->start ? y : x, *lower = upper == y ? x : y;
        uint32_t from = upper->statement->end, to = lower->statement->start;
        if (from >= to || !memchr (code + from, '\n', to - from))
            return true;
    }
    return false;
}

/* The lines of `run` text that a site spans: whole lines, so that line numbers stay true; its own text where others
 * stand on these lines, which can't have what IPython rewrites. */
static void
add_replicated_segment (struct linking *l, struct step *s, const struct vec_int *repeated, int site)
{
    const struct site *x = &l->flow->sites.items[site];
    const struct unit *u = &l->flow->program->units.items[x->unit];
    if (!x->statement) {
        add_segment (l, s, u, 1, u->text->run, true);
        return;
    }
    int first = program_place (l->flow->program, x->unit, x->statement->start).line;
    int last = program_place (l->flow->program, x->unit, x->statement->end).line;
    if (has_neighbour (l, repeated, site)) {
        const size_t len = x->statement->end - x->statement->start;
        add_segment (l, s, u, first, arena_strndup (l->arena, u->text->code + x->statement->start, len), true);
        add_imports (l, s, x->statement);
        return;
    }
    const char *p = u->text->run;
    for (int line = 1; line < first && p; line++)
        p = strchr (p, '\n') ? strchr (p, '\n') + 1 : NULL;
    if (!p)
        return;
    const char *end = p;
    for (int line = first; line <= last && *end; line++)
        end += strcspn (end, "\n") + (end[strcspn (end, "\n")] == '\n');
    struct segment *before = s->segments.len ? &s->segments.items[s->segments.len - 1] : NULL;
    if (before && before->replicated && before->cell == u->cell->index && before->line == first
        && before->notebook == u->cell->notebook->reference)
        return; /* several statements on one line */
    add_segment (l, s, u, first, arena_strndup (l->arena, p, (size_t) (end - p)), true);
    add_imports (l, s, x->statement);
}

/* Whether an earlier one among `sites` binds what `site` binds, to something else. */
static bool
binds_again (const struct linking *l, const struct vec_int *sites, int site)
{
    const struct site *x = &l->flow->sites.items[site];
    vec_foreach (earlier, sites) {
        const struct site *y = &l->flow->sites.items[*earlier];
        for (size_t i = 0; *earlier < site && i < x->binds.len; i++)
            if (vec_int_has (&y->binds, x->binds.items[i])
                && !link_is_same_import (l, site, *earlier, x->binds.items[i]))
                return true;
    }
    return false;
}

/* Whether it binds a name that the step is handed as others left it above: its cells in between are to see that. */
static bool
binds_what_is_handed (const struct linking *l, int step, int site)
{
    const struct site *x = &l->flow->sites.items[site];
    vec_foreach (n, &l->needs[step])
        if (n->version < site && n->read < site && vec_int_has (&x->binds, n->name))
            return true;
    return false;
}

/* Whether it is made of what one of `sites` binds. */
static bool
is_made_of (const struct linking *l, const struct vec_int *sites, int site)
{
    const struct site *x = &l->flow->sites.items[site];
    vec_foreach (earlier, sites)
        for (size_t i = x->first_event; i < x->last_event; i++)
            if (vec_int_has (&l->flow->sites.items[*earlier].binds, l->flow->events.items[i].name))
                return true;
    return false;
}

/* What names something of a library (before = json.scale) may name what one of the `sites` has set up. */
static bool
may_name_set_up (const struct linking *l, const struct vec_int *sites, int site)
{
    const struct site *x = &l->flow->sites.items[site];
    if (x->statement && x->statement->kind == AST_ASSIGN)
        vec_foreach (earlier, sites)
            if (l->flow->sites.items[*earlier].kind == SITE_SETUP)
                return true;
    return false;
}

/* What is repeated stands ahead of the step's own cells; but between them where these need what is above it to be
 * without: set-up, what may name it, and a name that is bound a second time. */
static struct vec_int
standing_between (struct linking *l, int step)
{
    const struct vec_int *sites = &l->replicated[step];
    struct vec_int between = { 0 };
    vec_foreach (site, sites) {
        const struct site *x = &l->flow->sites.items[*site];
        if (x->unit > l->g->groups.items[step].units.items[0]
            && (x->kind == SITE_SETUP || binds_again (l, sites, *site) || binds_what_is_handed (l, step, *site)
                || is_made_of (l, &between, *site) || may_name_set_up (l, &between, *site)))
            vec_push (l->arena, &between, *site);
    }
    return between;
}

static bool
reads_what_is_handed (const struct linking *l, int step, int site)
{
    const struct site *x = &l->flow->sites.items[site];
    for (size_t i = x->first_event; i < x->last_event; i++)
        vec_foreach (n, &l->needs[step])
            if (n->name == l->flow->events.items[i].name)
                return true;
    return false;
}

/* The code that a step repeats, as sites in their order. */
struct repeated {
    struct vec_int ahead;   /* before it is handed anything */
    struct vec_int late;    /* then: set-up that is made of what it is handed; what sets up or names something after
                               that */
    struct vec_int between; /* its own cells */
};

static struct repeated
arrange (struct linking *l, int step)
{
    struct repeated r = { .between = standing_between (l, step) };
    vec_foreach (site, &l->replicated[step]) {
        if (vec_int_has (&r.between, *site))
            continue;
        bool setup = l->flow->sites.items[*site].kind == SITE_SETUP;
        bool late = setup ? r.late.len || reads_what_is_handed (l, step, *site) : may_name_set_up (l, &r.late, *site);
        vec_push (l->arena, late ? &r.late : &r.ahead, *site);
    }
    return r;
}

static void
add_late (struct linking *l, struct step *s, const struct vec_int *late)
{
    size_t first = s->segments.len;
    vec_foreach (site, late)
        add_replicated_segment (l, s, late, *site);
    for (size_t i = first; i < s->segments.len; i++)
        s->segments.items[i].late = true;
}

/* What stands between the own cells `before` (a unit; -1: none yet) and `unit`. */
static void
add_between (struct linking *l, int step, const struct vec_int *between, int before, int unit)
{
    vec_foreach (site, between) {
        int at = l->flow->sites.items[*site].unit;
        if (at > before && at < unit)
            add_replicated_segment (l, &l->p->steps.items[step], between, *site);
    }
}

/* Whether what is repeated ahead of the step binds the name. */
static bool
is_repeated (const struct linking *l, int step, symbol name)
{
    vec_foreach (site, &l->replicated[step])
        if (vec_int_has (&l->flow->sites.items[*site].binds, name))
            return true;
    return false;
}

void
link_segments (struct linking *l, int step)
{
    struct step *s = &l->p->steps.items[step];
    int before = -1;
    vec_int_sort (&l->replicated[step]);
    const struct repeated repeated = arrange (l, step);
    vec_foreach (site, &repeated.ahead)
        add_replicated_segment (l, s, &repeated.ahead, *site);
    vec_foreach (d, &l->deleted[step])
        if (!link_find_input (l, step, link_name (l, d->name)) && !is_repeated (l, step, d->name)) {
            /* It need not travel to be deleted: anything will do. */
            add_segment (l, s, link_unit (l, d->site), 1,
                         arena_printf (l->arena, "%s = None\n", link_name (l, d->name)), true);
        }
    add_late (l, s, &repeated.late);
    vec_foreach (unit, &l->g->groups.items[step].units) {
        const struct unit *u = &l->flow->program->units.items[*unit];
        add_between (l, step, &repeated.between, before, *unit);
        before = *unit;
        add_segment (l, s, u, 1, u->text->run, false);
        vec_push (l->arena, &s->cells, u->cell->index);
        tag_read_settings (l->arena, u->cell, &s->settings, l->diags);
        add_imports (l, s, u->tree);
    }
}

/* What a step replicates itself, or others replicate from it, is a definition that both ends of a hand-over have. */
void
link_definitions (struct linking *l)
{
    for (size_t i = 0; i < l->p->steps.len; i++)
        vec_foreach (site, &l->replicated[i]) {
            const struct site *x = &l->flow->sites.items[*site];
            int owner = link_owner (l, *site);
            if (x->kind != SITE_DEFINITION)
                continue;
            vec_foreach (name, &x->binds) {
                vec_str_add_once (l->arena, &l->p->steps.items[i].definitions, link_name (l, *name));
                if (owner >= 0)
                    vec_str_add_once (l->arena, &l->p->steps.items[owner].definitions, link_name (l, *name));
            }
        }
}

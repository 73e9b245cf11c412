/* Pass link: what each step needs and leaves. Every read of a step's sites is traced to the writes it may see; those
 * within the step settle it, definitions are replicated, values become inputs of it and outputs of the step that wrote
 * them. See front.h; names that share an object are in link_share.c, what else makes steps wait in link_order.c, the
 * code that they run in link_segment.c.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/link.h"

#include <string.h>

bool
link_conflict (struct linking *l, int step, int other)
{
    if (!l->conflicts)
        return false;
    vec_push (l->arena, l->conflicts, step);
    vec_push (l->arena, l->conflicts, other);
    return true;
}

const char *
link_name (const struct linking *l, symbol name)
{
    return symbol_text (l->flow->program->symbols, name);
}

int
link_owner (const struct linking *l, int site)
{
    int owner = l->g->owner.items[l->flow->sites.items[site].unit];
    return owner == OWNER_PARAMETERS && !l->site_is_param[site] ? OWNER_SHARED : owner;
}

const struct unit *
link_unit (const struct linking *l, int site)
{
    return &l->flow->program->units.items[l->flow->sites.items[site].unit];
}

static struct place
place_of (const struct linking *l, int site)
{
    return cell_place (link_unit (l, site)->cell, 0, 0);
}

void
link_after (struct linking *l, int step, int before)
{
    if (step != before)
        vec_int_add_once (l->arena, &l->p->steps.items[step].after, before);
}

/* ---- inputs and outputs ----------------------------------------------------------------------------------------- */

void
link_add_output (struct linking *l, int step, const char *name, enum input_kind kind, bool optional)
{
    struct step *s = &l->p->steps.items[step];
    vec_foreach (o, &s->outputs)
        if (strcmp (o->name, name) == 0) {
            if (kind == INPUT_DATA)
                o->kind = kind;
            o->optional |= optional;
            return;
        }
    struct output o = { .name = name, .kind = kind, .optional = optional, .cell = -1 };
    vec_push (l->arena, &s->outputs, o);
}

void
link_split (struct linking *l, int step, int from, int site, const char *name)
{
    if (link_conflict (l, step, from))
        return;
    diag_add (l->diags, SEVERITY_ERROR, "split-step",
              place_of (l, site), NULL,
              "give the later cells of that step a name of their own",
              "step \"%s\" needs `%s` as it was between cells of step \"%s\", which changes it again later",
              l->p->steps.items[step].name, name, l->p->steps.items[from].name);
}

static bool
changes_later (const struct linking *l, int step, int site, symbol name)
{
    const struct group *g = &l->g->groups.items[step];
    if (g->units.items[g->units.len - 1] < l->flow->sites.items[site].unit)
        return false; /* all its cells stand before the reader */
    vec_foreach (c, &l->flow->changes)
        if (c->name == name && c->site > site && link_owner (l, c->site) == step)
            return true;
    return false;
}

/* Whether the step itself binds or changes the name in a cell above `site`, which is another's: all that comes from
 * others is there before its first cell, so it would undo that. Not so an import: it gives what was changed, and an
 * import of the same thing gives the same. */
static bool
changes_earlier (const struct linking *l, int step, int site, symbol name)
{
    const struct group *g = &l->g->groups.items[step];
    if (g->units.items[0] > l->flow->sites.items[site].unit)
        return false;
    bool import = l->flow->sites.items[site].kind == SITE_IMPORT;
    vec_foreach (c, &l->flow->changes)
        if (c->name == name && c->site < site && link_owner (l, c->site) == step
            && !(import && (c->kind == WRITE_CHANGE || link_is_same_import (l, c->site, site, name))))
            return true;
    return false;
}

static void
check_overwritten (struct linking *l, int step, int site, const struct event *e)
{
    if (!changes_earlier (l, step, site, e->name))
        return;
    const char *name = link_name (l, e->name);
    int owner = link_owner (l, site);
    if (link_conflict (l, step, owner >= 0 ? owner : ~l->flow->sites.items[site].unit))
        return;
    diag_add (l->diags, SEVERITY_ERROR, "split-step", place_of (l, e->site), NULL,
              "give the later cells of that step a name of their own",
              "step \"%s\" binds or changes `%s` itself before it needs what cell %d made of it",
              l->p->steps.items[step].name, name, link_unit (l, site)->cell->index);
}

struct input *
link_find_input (struct linking *l, int step, const char *name)
{
    vec_foreach (in, &l->p->steps.items[step].inputs)
        if (strcmp (in->name, name) == 0)
            return in;
    return NULL;
}

/* A definition that reaches the step as code. */
static void
add_code_input (struct linking *l, int step, int from, symbol name, enum input_kind kind)
{
    link_add_output (l, from, link_name (l, name), kind, false);
    if (link_find_input (l, step, link_name (l, name)))
        return;
    struct input in = { .name = link_name (l, name), .from = from, .kind = kind };
    vec_push (l->arena, &l->p->steps.items[step].inputs, in);
}

static struct need *
find_need (struct linking *l, int step, symbol name)
{
    vec_foreach (n, &l->needs[step])
        if (n->name == name)
            return n;
    return NULL;
}

/* `n` comes from where `other` comes from. */
void
link_take_from (struct linking *l, int step, struct need *n, const struct need *other)
{
    n->from = other->from;
    n->written = other->written;
    link_find_input (l, step, link_name (l, n->name))->from = n->from;
}

void
link_add_data (struct linking *l, int step, const struct need *new)
{
    const char *name = link_name (l, new->name);
    link_add_output (l, new->from, name, INPUT_DATA, new->optional);
    if (changes_later (l, new->from, new->version, new->name))
        link_split (l, step, new->from, new->read, name);
    struct need *old = find_need (l, step, new->name);
    if (!old) {
        vec_push (l->arena, &l->needs[step], *new);
        struct input *code = link_find_input (l, step, name);
        struct input in = { .name = name, .from = new->from, .kind = INPUT_DATA, .optional = new->optional };
        if (code)
            *code = in;
        else
            vec_push (l->arena, &l->p->steps.items[step].inputs, in);
        return;
    }
    if (link_owner (l, old->version) != link_owner (l, new->version))
        link_split (l, step, old->from > new->from ? old->from : new->from, new->read, name);
    old->value = set_union (l->arena, old->value, new->value);
    old->version = new->version > old->version ? new->version : old->version;
    if (new->written > old->written)
        link_take_from (l, step, old, new);
    old->read = new->read < old->read ? new->read : old->read;
}

/* ---- tracing reads ---------------------------------------------------------------------------------------------- */

static void trace (struct linking *l, int step, const struct event *e);

static void
replicate (struct linking *l, int step, int site)
{
    if (!vec_int_add_once (l->arena, &l->replicated[step], site))
        return;
    const struct site *s = &l->flow->sites.items[site];
    bool outer = l->ahead;
    l->ahead = true;
    for (size_t i = s->first_event; i < s->last_event; i++)
        trace (l, step, &l->flow->events.items[i]);
    l->ahead = outer;
}

/* A definition can be repeated elsewhere only if all it reads while it is made can be too. */
static bool
is_replicable (const struct linking *l, int site, int depth)
{
    const struct site *s = &l->flow->sites.items[site];
    int owner = link_owner (l, site);
    if (owner == OWNER_SHARED || owner == OWNER_PARAMETERS)
        return true;
    if (owner == OWNER_METRICS || depth > 16)
        return false;
    if (s->kind != SITE_IMPORT && s->kind != SITE_DEFINITION)
        return false;
    for (size_t i = s->first_event; i < s->last_event; i++) {
        const struct writes *w = l->flow->events.items[i].writes;
        for (int k = 0; w && k < w->len; k++)
            if (w->items[k].site != site && !is_replicable (l, w->items[k].site, depth + 1))
                return false;
    }
    return true;
}

/* Classes and functions of the notebook that a value holds must be there when it is unpacked. */
void
link_classes (struct linking *l, int step, const struct set *value)
{
    struct heap *h = l->flow->heap;
    const struct set *reach = heap_reach_ever (h, value);
    set_foreach (id, reach) {
        const struct object *o = heap_get (h, id);
        const struct object *c = o->class_object >= 0 && o->kind == OBJECT_VALUE ? heap_get (h, o->class_object) : o;
        if ((c->kind == OBJECT_CLASS || c->kind == OBJECT_FUNCTION) && c->definition->name && c->made_at >= 0
            && link_owner (l, c->made_at) != step && l->flow->sites.items[c->made_at].kind == SITE_DEFINITION
            && is_replicable (l, c->made_at, 0))
            replicate (l, step, c->made_at);
    }
}

/* The object for which the value can't travel, or -1. What is found in a container at run time only isn't looked for
 * there, but for what nobody would find. */
static int
find_unpicklable (const struct linking *l, const struct set *value)
{
    struct heap *h = l->flow->heap;
    set_foreach (id, value)
        if (heap_get (h, id)->unpicklable)
            return id;
    const struct set *reach = l->flow->ends ? heap_reach (h, value) : NULL;
    set_foreach (id, reach)
        if (heap_get (h, id)->ends)
            return id;
    return -1;
}

/* "rows", or "cache of f" for hidden state. */
static const char *
name_told (const struct linking *l, symbol name)
{
    const char *text = link_name (l, name);
    if (*text != '%')
        return text;
    char *told = arena_strndup (l->arena, text + 1, strcspn (text + 1, "#") - (strchr (text, '#') != NULL));
    for (char *p = told; *p; p++)
        *p = *p == '_' ? ' ' : *p;
    return told;
}

static void
diagnose_unpicklable (struct linking *l, int step, int from, const struct event *e, int writer)
{
    const int id = find_unpicklable (l, e->value);
    if (id < 0 || link_conflict (l, step, from))
        return;
    bool hidden = *link_name (l, e->name) == '%';
    const struct object *o = heap_get (l->flow->heap, id);
    const char *kind = o->memory ? "the memory of a file" : o->type ? link_name (l, o->type) : "a generator";
    const struct site *s = &l->flow->sites.items[e->site];
    const struct unit *u = &l->flow->program->units.items[e->at ? e->unit : s->unit];
    struct place at = e->at ? program_place (l->flow->program, e->unit, e->at->start) : cell_place (u->cell, 0, 0);
    diag_add (l->diags, SEVERITY_ERROR, "unserializable", at, at.line ? cell_line (l->arena, u->cell, at.line) : NULL,
              "use it in the step that makes it, or make it again where it is used (merge the cells into one step)",
              "`%s` (%s) can't be handed from step \"%s\"%s to step \"%s\"", name_told (l, e->name),
              kind, l->p->steps.items[from].name,
              hidden ? arena_printf (l->arena, ", where cell %d left it,", link_unit (l, writer)->cell->index) : "",
              l->p->steps.items[step].name);
}

static void
trace (struct linking *l, int step, const struct event *e)
{
    const struct writes *w = e->writes;
    if (e->kind == EVENT_HOLD && find_unpicklable (l, e->value) >= 0)
        return; /* `with open (…) as f` over an older f: whoever reads that one is told */
    for (int i = w ? w->len - 1 : -1; i >= 0; i--) {
        int site = w->items[i].site, owner = link_owner (l, site);
        bool sure = w->items[i].kind == WRITE_BIND;
        if (owner == step || owner == OWNER_METRICS) {
            if (sure && l->ahead && owner == step && is_replicable (l, site, 0))
                replicate (l, step, site); /* `def f (x: Own)`: the step's own class has to be there already */
            if (sure && owner == step)
                return;
            continue;
        }
        if (e->kind == EVENT_DELETE) {
            struct name_use d = { e->name, e->site };
            vec_push (l->arena, &l->deleted[step], d);
            return;
        }
        check_overwritten (l, step, site, e);
        if (owner < 0 && e->kind == EVENT_READ && !l->ahead && l->flow->sites.items[site].kind != SITE_IMPORT
            && l->flow->sites.items[site].kind != SITE_DEFINITION) {
            struct name_use early = { e->name, e->site };
            vec_push (l->arena, &l->early_reads[step], early);
        }
        if (owner == OWNER_PARAMETERS) {
            vec_str_add_once (l->arena, &l->p->steps.items[step].parameters, link_name (l, e->name));
            return;
        }
        if (owner == OWNER_SHARED) {
            replicate (l, step, site);
            if (sure)
                return;
            continue;
        }
        const struct site *s = &l->flow->sites.items[site];
        if (sure && is_replicable (l, site, 0)) {
            add_code_input (l, step, owner, e->name, s->kind == SITE_IMPORT ? INPUT_IMPORT : INPUT_CODE);
            replicate (l, step, site);
            return;
        }
        struct need n = { .name = e->name, .from = owner, .version = site, .written = site, .read = e->site,
                          .value = e->value,
                          .optional = w->items[i].kind == WRITE_MAYBE || w->maybe_unbound };
        link_add_data (l, step, &n);
        diagnose_unpicklable (l, step, owner, e, site);
        link_classes (l, step, e->value);
        return;
    }
}

/* What belongs to no step and what another step made of it can't both be had: all that is handed over is there before
 * the first cell. */
static void
check_early_reads (struct linking *l, int step)
{
    vec_foreach (r, &l->early_reads[step]) {
        const struct need *n = find_need (l, step, r->name);
        if (n && n->version > r->site)
            link_split (l, step, n->from, r->site, link_name (l, r->name));
    }
}

static void
trace_step (struct linking *l, int step)
{
    const struct group *g = &l->g->groups.items[step];
    for (size_t i = 0; i < l->flow->sites.len; i++) {
        const struct site *s = &l->flow->sites.items[i];
        int owner = link_owner (l, (int) i);
        bool setup = s->kind == SITE_SETUP || (owner == OWNER_SHARED && s->binds.len == 0);
        if (setup && owner != step && owner != OWNER_METRICS && s->unit < g->units.items[g->units.len - 1])
            replicate (l, step, (int) i); /* library set-up is done again in every later step */
        if (owner == step)
            for (size_t k = s->first_event; k < s->last_event; k++)
                trace (l, step, &l->flow->events.items[k]);
    }
    check_early_reads (l, step);
}

/* ---- what is left of it ------------------------------------------------------------------------------------------ */

/* The site after which an output is what its readers want; -1: nobody takes it from there (any more). */
static int
wanted_at (const struct linking *l, int step, const char *output)
{
    int site = -1;
    for (size_t i = 0; i < l->p->steps.len; i++)
        vec_foreach (n, &l->needs[i])
            if (n->from == step && n->written > site && strcmp (link_name (l, n->name), output) == 0)
                site = n->written;
    return site;
}

static void
settle_outputs (struct linking *l)
{
    for (size_t i = 0; i < l->p->steps.len; i++) {
        struct step *s = &l->p->steps.items[i];
        size_t kept = 0;
        for (size_t k = 0; k < s->outputs.len; k++) {
            struct output *o = &s->outputs.items[k];
            int site = o->kind == INPUT_DATA ? wanted_at (l, (int) i, o->name) : -1;
            if (site >= 0)
                o->cell = link_unit (l, site)->cell->index;
            if (site >= 0 || o->kind != INPUT_DATA)
                s->outputs.items[kept++] = *o;
        }
        s->outputs.len = kept;
    }
}

/* The class that all of `value`'s objects have, or 0. */
static symbol
common_type (const struct linking *l, const struct set *value)
{
    symbol type = 0;
    set_foreach (id, value) {
        symbol t = heap_get (l->flow->heap, id)->type;
        if (!t || (type && t != type))
            return 0;
        type = t;
    }
    return type;
}

static struct output *
find_output (struct step *s, const char *name)
{
    vec_foreach (o, &s->outputs)
        if (strcmp (o->name, name) == 0)
            return o;
    return NULL;
}

/* What a value is, as its readers see it: for people, nothing depends on it. */
static void
note_types (struct linking *l)
{
    vec_foreach (e, &l->flow->events) {
        int step = e->kind == EVENT_READ ? link_owner (l, e->site) : -1;
        const char *name = link_name (l, e->name);
        const struct input *in = step >= 0 ? link_find_input (l, step, name) : NULL;
        symbol type = in && in->kind == INPUT_DATA ? common_type (l, e->value) : 0;
        struct output *o = type ? find_output (&l->p->steps.items[in->from], name) : NULL;
        if (o && !o->type)
            o->type = symbol_text (l->flow->program->symbols, type);
    }
}

static void
mark_mutated (struct linking *l)
{
    vec_foreach (c, &l->flow->changes) {
        int owner = link_owner (l, c->site);
        if (owner < 0 || c->kind != WRITE_CHANGE)
            continue;
        vec_foreach (in, &l->p->steps.items[owner].inputs)
            in->mutated |= strcmp (in->name, link_name (l, c->name)) == 0;
    }
}

void
link_steps (struct pipeline *p, const struct flow *flow, const struct grouping *g, struct diag_list *diags,
            struct vec_int *conflicts)
{
    struct linking l = { .arena = p->arena, .p = p, .flow = flow, .g = g, .diags = diags, .conflicts = conflicts };
    l.site_is_param = arena_alloc (p->arena, flow->sites.len + 1);
    l.replicated = arena_alloc (p->arena, (g->groups.len + 1) * sizeof *l.replicated);
    l.early_reads = arena_alloc (p->arena, (g->groups.len + 1) * sizeof *l.early_reads);
    l.deleted = arena_alloc (p->arena, (g->groups.len + 1) * sizeof *l.deleted);
    l.needs = arena_alloc (p->arena, (g->groups.len + 1) * sizeof *l.needs);
    param_collect (p, flow, diags, l.site_is_param);
    vec_foreach (group, &g->groups) {
        struct step *s = vec_add (p->arena, &p->steps);
        s->name = group->name;
        s->title = group->title;
        s->inferred = group->inferred;
        s->notebook = group->notebook->reference;
        tag_settings_init (&s->settings);
    }
    for (size_t i = 0; i < p->steps.len; i++)
        trace_step (&l, (int) i);
    link_share (&l);
    settle_outputs (&l);
    note_types (&l);
    link_files (&l);
    for (size_t i = 0; i < p->steps.len; i++) {
        link_tags (&l, (int) i);
        link_segments (&l, (int) i);
    }
    link_definitions (&l);
    link_metrics (&l);
    mark_mutated (&l);
    link_order (&l);
}

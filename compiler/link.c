/* Pass link: what each step needs and leaves. Every read of a step's sites is traced to the writes it may see; those
 * within the step settle it, definitions are replicated, values become inputs of it and outputs of the step that wrote
 * them. See front.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/front.h"

#include "base/fs.h"
#include "compiler/path.h"

#include <stdlib.h>
#include <string.h>

/* A value that a step is handed. */
struct need {
    symbol name;
    int from;                /* step that leaves it */
    int version;             /* site of the last write that it may come from */
    int written;             /* where it is found together with what shares an object with it: `version` or later */
    int read;                /* site of the first use */
    const struct set *value; /* what it may be */
    bool optional;
};

/* `del name` of something that another step has bound. */
struct deletion {
    symbol name;
    int site;
};

struct linking {
    struct arena *arena;
    struct pipeline *p;
    const struct flow *flow;
    const struct grouping *g;
    struct diag_list *diags;
    bool *site_is_param;
    struct vec_int *replicated; /* by step: sites */
    vec (struct need) *needs;   /* by step */
    vec (struct deletion) *deleted; /* by step */
    struct vec_int *conflicts;  /* see link_steps; may be NULL */
    bool ahead;                 /* what is traced is repeated ahead of the step's own cells */
};

static void
note_conflict (struct linking *l, int step, int other)
{
    if (!l->conflicts)
        return;
    vec_push (l->arena, l->conflicts, step);
    vec_push (l->arena, l->conflicts, other);
}

static const char *
name_text (const struct linking *l, symbol name)
{
    return symbol_text (l->flow->program->symbols, name);
}

static int
owner_of (const struct linking *l, int site)
{
    int owner = l->g->owner.items[l->flow->sites.items[site].unit];
    return owner == OWNER_PARAMETERS && !l->site_is_param[site] ? OWNER_SHARED : owner;
}

static const struct unit *
unit_of (const struct linking *l, int site)
{
    return &l->flow->program->units.items[l->flow->sites.items[site].unit];
}

static struct place
place_of (const struct linking *l, int site)
{
    return cell_place (unit_of (l, site)->cell, 0, 0);
}

static void
add_after (struct linking *l, int step, int before)
{
    if (step != before)
        vec_int_add_once (l->arena, &l->p->steps.items[step].after, before);
}

/* ---- inputs and outputs ----------------------------------------------------------------------------------------- */

static void
add_output (struct linking *l, int step, const char *name, enum input_kind kind, bool optional)
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

static void
diagnose_split (struct linking *l, int step, int from, int site, const char *name)
{
    note_conflict (l, step, from);
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
        if (c->name == name && c->site > site && owner_of (l, c->site) == step)
            return true;
    return false;
}

/* Whether the step itself binds or changes the name in a cell above `site`, which is another's: all that comes from
 * others is there before its first cell, so it would undo that. */
static bool
changes_earlier (const struct linking *l, int step, int site, symbol name)
{
    const struct group *g = &l->g->groups.items[step];
    if (g->units.items[0] > l->flow->sites.items[site].unit)
        return false;
    vec_foreach (c, &l->flow->changes)
        if (c->name == name && c->site < site && owner_of (l, c->site) == step)
            return true;
    return false;
}

static void
check_overwritten (struct linking *l, int step, int site, const struct event *e)
{
    if (!changes_earlier (l, step, site, e->name))
        return;
    const char *name = name_text (l, e->name);
    int owner = owner_of (l, site);
    note_conflict (l, step, owner >= 0 ? owner : ~l->flow->sites.items[site].unit);
    diag_add (l->diags, SEVERITY_ERROR, "split-step", place_of (l, e->site), NULL,
              "give the later cells of that step a name of their own",
              "step \"%s\" binds or changes `%s` itself before it needs what cell %d made of it", l->p->steps.items[step].name,
              name, unit_of (l, site)->cell->index);
}

static struct input *
find_input (struct linking *l, int step, const char *name)
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
    add_output (l, from, name_text (l, name), kind, false);
    if (find_input (l, step, name_text (l, name)))
        return;
    struct input in = { .name = name_text (l, name), .from = from, .kind = kind };
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
static void
take_from (struct linking *l, int step, struct need *n, const struct need *other)
{
    n->from = other->from;
    n->written = other->written;
    find_input (l, step, name_text (l, n->name))->from = n->from;
}

static void
add_data_input (struct linking *l, int step, const struct need *new)
{
    const char *name = name_text (l, new->name);
    add_output (l, new->from, name, INPUT_DATA, new->optional);
    if (changes_later (l, new->from, new->version, new->name))
        diagnose_split (l, step, new->from, new->read, name);
    struct need *old = find_need (l, step, new->name);
    if (!old) {
        vec_push (l->arena, &l->needs[step], *new);
        struct input *code = find_input (l, step, name);
        struct input in = { .name = name, .from = new->from, .kind = INPUT_DATA, .optional = new->optional };
        if (code)
            *code = in;
        else
            vec_push (l->arena, &l->p->steps.items[step].inputs, in);
        return;
    }
    if (owner_of (l, old->version) != owner_of (l, new->version))
        diagnose_split (l, step, old->from > new->from ? old->from : new->from, new->read, name);
    old->value = set_union (l->arena, old->value, new->value);
    old->version = new->version > old->version ? new->version : old->version;
    if (new->written > old->written)
        take_from (l, step, old, new);
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
    int owner = owner_of (l, site);
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
static void
replicate_classes (struct linking *l, int step, const struct set *value)
{
    struct heap *h = l->flow->heap;
    const struct set *reach = heap_reach (h, value);
    set_foreach (id, reach) {
        const struct object *o = heap_get (h, id);
        const struct object *c = o->class_object >= 0 && o->kind == OBJECT_VALUE ? heap_get (h, o->class_object) : o;
        if ((c->kind == OBJECT_CLASS || c->kind == OBJECT_FUNCTION) && c->definition->name && c->made_at >= 0
            && owner_of (l, c->made_at) != step && l->flow->sites.items[c->made_at].kind == SITE_DEFINITION
            && is_replicable (l, c->made_at, 0))
            replicate (l, step, c->made_at);
    }
}

static bool
is_unpicklable (const struct linking *l, const struct set *value)
{
    set_foreach (id, value)
        if (heap_get (l->flow->heap, id)->unpicklable)
            return true;
    return false;
}

static void
diagnose_unpicklable (struct linking *l, int step, int from, const struct event *e)
{
    set_foreach (id, e->value) {
        const struct object *o = heap_get (l->flow->heap, id);
        if (!o->unpicklable)
            continue;
        note_conflict (l, step, from);
        const struct site *s = &l->flow->sites.items[e->site];
        const struct unit *u = &l->flow->program->units.items[e->at ? e->unit : s->unit];
        struct place at = e->at ? program_place (l->flow->program, e->unit, e->at->start)
                                : cell_place (u->cell, 0, 0);
        diag_add (l->diags, SEVERITY_ERROR, "unserializable", at,
                  at.line ? cell_line (l->arena, u->cell, at.line) : NULL,
                  "use it in the step that makes it, or make it again where it is used (merge the cells into one step)",
                  "`%s` (%s) can't be handed from step \"%s\" to step \"%s\"", name_text (l, e->name),
                  o->type ? symbol_text (l->flow->program->symbols, o->type) : "a generator",
                  l->p->steps.items[from].name, l->p->steps.items[step].name);
        return;
    }
}

static void
trace (struct linking *l, int step, const struct event *e)
{
    const struct writes *w = e->writes;
    if (e->kind == EVENT_HOLD && is_unpicklable (l, e->value))
        return; /* `with open (…) as f` over an older f: whoever reads that one is told */
    for (int i = w ? w->len - 1 : -1; i >= 0; i--) {
        int site = w->items[i].site, owner = owner_of (l, site);
        bool sure = w->items[i].kind == WRITE_BIND;
        if (owner == step || owner == OWNER_METRICS) {
            if (sure && l->ahead && owner == step && is_replicable (l, site, 0))
                replicate (l, step, site); /* `def f (x: Own)`: the step's own class has to be there already */
            if (sure && owner == step)
                return;
            continue;
        }
        if (e->kind == EVENT_DELETE) {
            struct deletion d = { e->name, e->site };
            vec_push (l->arena, &l->deleted[step], d);
            return;
        }
        check_overwritten (l, step, site, e);
        if (owner == OWNER_PARAMETERS) {
            vec_str_add_once (l->arena, &l->p->steps.items[step].parameters, name_text (l, e->name));
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
        struct need n = { .name = e->name, .from = owner, .version = site, .written = site, .read = e->site, .value = e->value,
                          .optional = w->items[i].kind == WRITE_MAYBE || w->maybe_unbound };
        add_data_input (l, step, &n);
        diagnose_unpicklable (l, step, owner, e);
        replicate_classes (l, step, e->value);
        return;
    }
}

static void
trace_step (struct linking *l, int step)
{
    const struct group *g = &l->g->groups.items[step];
    for (size_t i = 0; i < l->flow->sites.len; i++) {
        const struct site *s = &l->flow->sites.items[i];
        int owner = owner_of (l, (int) i);
        bool setup = s->kind == SITE_SETUP || (owner == OWNER_SHARED && s->binds.len == 0);
        if (setup && owner != step && owner != OWNER_METRICS && s->unit < g->units.items[g->units.len - 1])
            replicate (l, step, (int) i); /* library set-up is done again in every later step */
        if (owner == step)
            for (size_t k = s->first_event; k < s->last_event; k++)
                trace (l, step, &l->flow->events.items[k]);
    }
}

/* ---- names that share an object ---------------------------------------------------------------------------------- */

/* Whether it matters that the two are one: something changes it while or after the step runs, or it is compared by
 * identity. Library values that nobody changes may as well be copies. */
static bool
share (const struct linking *l, const struct need *x, const struct need *y)
{
    struct heap *h = l->flow->heap;
    int since = x->read < y->read ? x->read : y->read;
    const struct set *a = heap_reach (h, x->value), *b = heap_reach (h, y->value);
    set_foreach (id, a) {
        const struct object *o = heap_get (h, id);
        if (!o->immutable && (o->kind == OBJECT_VALUE || o->kind == OBJECT_FUNCTION)
            && (o->changed_at >= since || o->class_object >= 0) && set_has (b, id))
            return true;
    }
    return false;
}

/* Whether, after `step` has read `older`, another step changes what it shares with `newer` before that is as `step` needs
 * it: then no one moment has both. */
static bool
is_changed_between (const struct linking *l, int step, const struct need *older, const struct need *newer)
{
    vec_foreach (c, &l->flow->changes)
        if (c->site > older->read && c->site <= newer->written && owner_of (l, c->site) != step
            && (c->name == older->name || (c->name == newer->name && c->kind == WRITE_CHANGE)))
            return true;
    return false;
}

/* What `step` gets of two names that share an object comes from the step that was the last to write one of them: it is
 * handed the other one too, so that it can leave both together. Whether that made a change. */
static bool
join (struct linking *l, int step, struct need *x, struct need *y)
{
    struct need *older = x->written < y->written ? x : y, *newer = older == x ? y : x;
    if (older->from == newer->from || newer->from == step || !share (l, x, y))
        return false;
    if (is_changed_between (l, step, older, newer))
        diagnose_split (l, step, newer->from, older->read, name_text (l, older->name));
    struct need hand_on = *older;
    add_data_input (l, newer->from, &hand_on);
    replicate_classes (l, newer->from, hand_on.value);
    add_output (l, newer->from, name_text (l, older->name), INPUT_DATA, older->optional);
    take_from (l, step, older, newer);
    return true;
}

static bool
join_step (struct linking *l, int step)
{
    vec_foreach (y, &l->needs[step])
        vec_foreach (x, &l->needs[step])
            if (x < y && join (l, step, x, y))
                return true; /* what a step needs may have grown, and moved */
    return false;
}

/* Steps that hand names on stand before the one that needs them, so going backward settles nearly all at once. */
static void
join_shared (struct linking *l)
{
    for (bool more = true; more;) {
        more = false;
        for (int i = (int) l->p->steps.len; i-- > 0;)
            while (join_step (l, i))
                more = true;
    }
    for (size_t i = 0; i < l->p->steps.len; i++)
        vec_foreach (n, &l->needs[i])
            add_after (l, (int) i, n->from);
}

/* The site after which an output is what its readers want; -1: nobody takes it from there (any more). */
static int
wanted_at (const struct linking *l, int step, const char *output)
{
    int site = -1;
    for (size_t i = 0; i < l->p->steps.len; i++)
        vec_foreach (n, &l->needs[i])
            if (n->from == step && n->written > site && strcmp (name_text (l, n->name), output) == 0)
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
                o->cell = unit_of (l, site)->cell->index;
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
        int step = e->kind == EVENT_READ ? owner_of (l, e->site) : -1;
        const char *name = name_text (l, e->name);
        const struct input *in = step >= 0 ? find_input (l, step, name) : NULL;
        symbol type = in && in->kind == INPUT_DATA ? common_type (l, e->value) : 0;
        struct output *o = type ? find_output (&l->p->steps.items[in->from], name) : NULL;
        if (o && !o->type)
            o->type = symbol_text (l->flow->program->symbols, type);
    }
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

static bool
mentions (const struct file_event *shell, const struct file_event *other)
{
    return other->use == FILE_SHELL || !path_is_exact (other->path) || strstr (shell->path, other->path)
           || strstr (shell->path, fs_basename (other->path));
}

/* Later uses wait for earlier ones where one of the two writes; commands wait for whatever they mention, and for each
 * other. */
static bool
conflicts (const struct file_event *a, const struct file_event *b)
{
    if (a->use == FILE_SHELL)
        return mentions (a, b);
    if (b->use == FILE_SHELL)
        return mentions (b, a);
    if (a->use == FILE_READ && b->use == FILE_READ)
        return false;
    return path_may_meet (a->path, b->path);
}

/* What belongs to no step is repeated in steps (an `imports` cell, of a module that a step writes): they wait as if it were
 * their own. */
static void
link_shared_file (struct linking *l, size_t event)
{
    const struct file_event *f = &l->flow->files.items[event];
    for (size_t step = 0; step < l->p->steps.len; step++)
        for (size_t k = 0; k < event && vec_int_has (&l->replicated[step], f->site); k++) {
            const struct file_event *old = &l->flow->files.items[k];
            int from = owner_of (l, old->site);
            if (from >= 0 && old->use != FILE_READ && conflicts (f, old))
                add_after (l, (int) step, from);
        }
}

static void
link_files (struct linking *l)
{
    for (size_t i = 0; i < l->flow->files.len; i++) {
        const struct file_event *f = &l->flow->files.items[i];
        int step = owner_of (l, f->site);
        if (step < 0) {
            link_shared_file (l, i);
            continue;
        }
        struct step *s = &l->p->steps.items[step];
        int writer = -1;
        for (size_t k = 0; k < i; k++) {
            const struct file_event *old = &l->flow->files.items[k];
            int from = owner_of (l, old->site);
            if (from < 0 || !conflicts (f, old))
                continue;
            add_after (l, step, from);
            if (f->use == FILE_READ && old->use != FILE_READ && (old->use == FILE_SHELL || path_is_exact (old->path)))
                writer = from;
        }
        if (!path_is_exact (f->path))
            continue; /* ordered; which file it is the step itself will know */
        if (f->use == FILE_WRITE)
            vec_str_add_once (l->arena, &s->files_written, f->path);
        if (f->use == FILE_READ && writer < 0 && !strstr (f->path, "://"))
            vec_str_add_once (l->arena, &s->files_read, f->path);
        if (f->use == FILE_READ && writer >= 0 && writer != step) {
            struct file_dependency d = { f->path, writer };
            vec_push (l->arena, &s->files, d);
        }
    }
}

/* ---- tags, metrics, segments ------------------------------------------------------------------------------------ */

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

/* Whom a tag of a cell of `nb` names: a step of that notebook, or else of the whole, or all of a notebook that it brings
 * in. */
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
                add_after (l, step, *b);
                vec_int_add_once (l->arena, &s->tagged, *b);
            }
    }
}

static void
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
    int runs = owner_of (l, e->site), site = e->writes->items[e->writes->len - 1].site, made = owner_of (l, site);
    int last = (int) l->p->steps.len - 1;
    bool parameter = made == OWNER_PARAMETERS;
    if (u->tags.role != ROLE_METRICS || !e->at || !is_shown (l, u->tree, e->at) || last < 0
        || l->flow->sites.items[site].kind == SITE_IMPORT)
        return;
    if (runs < 0 && made < 0 && !parameter)
        return;
    struct step *s = &l->p->steps.items[runs >= 0 ? runs : parameter ? last : made];
    vec_str_add_once (l->arena, &s->metrics, name_text (l, e->name));
    if (parameter)
        vec_str_add_once (l->arena, &s->parameters, name_text (l, e->name));
}

static void
link_metrics (struct linking *l)
{
    vec_foreach (e, &l->flow->events)
        if (e->kind == EVENT_READ && e->writes)
            link_metric (l, e);
}

static int
compare_int (const void *x, const void *y)
{
    return *(const int *) x - *(const int *) y;
}

static void
add_imports (struct linking *l, struct step *s, const struct ast *n)
{
    if (!n)
        return;
    if (n->kind == AST_IMPORT || n->kind == AST_IMPORT_FROM)
        for (uint32_t i = 0; i < (n->kind == AST_IMPORT ? n->nkids : 1); i++) {
            const char *name = name_text (l, n->kind == AST_IMPORT ? n->kids[i]->name : n->name);
            if (*name && *name != '.')
                vec_str_add_once (l->arena, &s->imports, arena_strndup (l->arena, name, strcspn (name, ".")));
        }
    ast_foreach (kid, n)
        add_imports (l, s, *kid);
}

static void
add_segment (struct linking *l, struct step *s, const struct unit *u, int line, const char *source, bool replicated)
{
    struct segment seg = { u->cell->notebook->reference, u->cell->index, line, source, replicated };
    vec_push (l->arena, &s->segments, seg);
}

/* The lines of `run` text that a site spans: whole lines, so that line numbers stay true. */
static void
add_replicated_segment (struct linking *l, struct step *s, int site)
{
    const struct site *x = &l->flow->sites.items[site];
    const struct unit *u = &l->flow->program->units.items[x->unit];
    if (!x->statement) {
        add_segment (l, s, u, 1, u->text->run, true);
        return;
    }
    int first = program_place (l->flow->program, x->unit, x->statement->start).line;
    int last = program_place (l->flow->program, x->unit, x->statement->end).line;
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

static void
fill_segments (struct linking *l, int step)
{
    struct step *s = &l->p->steps.items[step];
    struct vec_int *sites = &l->replicated[step];
    if (sites->len)
        qsort (sites->items, sites->len, sizeof *sites->items, compare_int);
    vec_foreach (site, sites)
        add_replicated_segment (l, s, *site);
    vec_foreach (d, &l->deleted[step])
        if (!find_input (l, step, name_text (l, d->name))) {
            /* It need not travel to be deleted: anything will do. */
            add_segment (l, s, unit_of (l, d->site), 1, arena_printf (l->arena, "%s = None\n", name_text (l, d->name)), true);
        }
    vec_foreach (unit, &l->g->groups.items[step].units) {
        const struct unit *u = &l->flow->program->units.items[*unit];
        add_segment (l, s, u, 1, u->text->run, false);
        vec_push (l->arena, &s->cells, u->cell->index);
        tag_read_settings (l->arena, u->cell, &s->settings, l->diags);
        add_imports (l, s, u->tree);
    }
}

/* What a step replicates itself, or others replicate from it, is a definition that both ends of a hand-over have. */
static void
fill_definitions (struct linking *l)
{
    for (size_t i = 0; i < l->p->steps.len; i++)
        vec_foreach (site, &l->replicated[i]) {
            const struct site *x = &l->flow->sites.items[*site];
            int owner = owner_of (l, *site);
            if (x->kind != SITE_DEFINITION)
                continue;
            vec_foreach (name, &x->binds) {
                vec_str_add_once (l->arena, &l->p->steps.items[i].definitions, name_text (l, *name));
                if (owner >= 0)
                    vec_str_add_once (l->arena, &l->p->steps.items[owner].definitions, name_text (l, *name));
            }
        }
}

static int
compare_named (const void *x, const void *y)
{
    return strcmp (*(const char *const *) x, *(const char *const *) y); /* `name` is the first member */
}

static void
mark_mutated (struct linking *l)
{
    vec_foreach (c, &l->flow->changes) {
        int owner = owner_of (l, c->site);
        if (owner < 0 || c->kind != WRITE_CHANGE)
            continue;
        vec_foreach (in, &l->p->steps.items[owner].inputs)
            in->mutated |= strcmp (in->name, name_text (l, c->name)) == 0;
    }
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
        note_conflict (l, at, next);
        text = arena_printf (l->arena, "%s\"%s\" waits for ", text, s->name);
        at = next;
    }
    const struct unit *u = &l->flow->program->units.items[l->g->groups.items[at].units.items[0]];
    diag_add (l->diags, SEVERITY_ERROR, "cycle", cell_place (u->cell, 0, 0), NULL,
              "take a prev: tag away, or give cells that stand apart steps of their own", "steps wait for each other: %s\"%s\"",
              text, l->p->steps.items[at].name);
}

/* Steps into topological order, the notebook's among equals; all indices follow. */
static void
order_steps (struct linking *l)
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
            if (lists[k]->len)
                qsort (lists[k]->items, lists[k]->len, sizeof (int), compare_int);
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

void
link_steps (struct pipeline *p, const struct flow *flow, const struct grouping *g, struct diag_list *diags,
            struct vec_int *conflicts)
{
    struct linking l = { .arena = p->arena, .p = p, .flow = flow, .g = g, .diags = diags, .conflicts = conflicts };
    l.site_is_param = arena_alloc (p->arena, flow->sites.len + 1);
    l.replicated = arena_alloc (p->arena, (g->groups.len + 1) * sizeof *l.replicated);
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
    join_shared (&l);
    settle_outputs (&l);
    note_types (&l);
    link_files (&l);
    for (size_t i = 0; i < p->steps.len; i++) {
        link_tags (&l, (int) i);
        fill_segments (&l, (int) i);
    }
    fill_definitions (&l);
    link_metrics (&l);
    mark_mutated (&l);
    order_steps (&l);
}

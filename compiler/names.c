/* Module names: reads become events, writes are chained so that each read knows which writes it may see; branches put
 * their writes aside and are joined. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include "compiler/builtins.h"

static struct binding *
binding_of (struct interpreter *in, symbol name)
{
    while (in->globals.len <= (size_t) name) {
        struct binding *b = vec_add (in->arena, &in->globals);
        b->read_site = -1;
    }
    return &in->globals.items[name];
}

/* ---- writes ----------------------------------------------------------------------------------------------------- */

static struct writes *
writes_alloc (struct interpreter *in, int len)
{
    struct writes *w = arena_alloc (in->arena, sizeof *w + (size_t) len * sizeof *w->items);
    w->len = len;
    return w;
}

static const struct writes *
writes_bind (struct interpreter *in)
{
    struct writes *w = writes_alloc (in, 1);
    w->items[0] = (struct write){ in->site, WRITE_BIND };
    return w;
}

#define MAX_WRITES 64

static const struct writes *
writes_append (struct interpreter *in, const struct writes *old, enum write_kind kind)
{
    int len = old ? old->len : 0;
    if (len && old->items[len - 1].site == in->site && (old->items[len - 1].kind == kind || kind == WRITE_CHANGE))
        return old;
    int drop = len >= MAX_WRITES ? len - MAX_WRITES + 1 : 0; /* the oldest are reached through the HOLD events */
    struct writes *w = writes_alloc (in, len - drop + 1);
    for (int i = drop; i < len; i++)
        w->items[i - drop] = old->items[i];
    w->items[len - drop] = (struct write){ in->site, kind };
    w->maybe_unbound = !old || old->maybe_unbound;
    return w;
}

static void
add_change (struct interpreter *in, symbol name, enum write_kind kind)
{
    struct change c = { in->site, name, kind };
    size_t n = in->flow->changes.len;
    if (n && memcmp (&in->flow->changes.items[n - 1], &c, sizeof c) == 0)
        return;
    vec_push (in->arena, &in->flow->changes, c);
}

/* ---- events ----------------------------------------------------------------------------------------------------- */

static void
add_event (struct interpreter *in, enum event_kind kind, symbol name, const struct binding *b, const struct ast *at)
{
    struct event e = { .kind = kind,
                       .site = in->site,
                       .name = name,
                       .writes = b->writes,
                       .value = b->value,
                       .at = in->quoted ? NULL : at,
                       .unit = in->unit,
                       .called = in->depth > 0 };
    vec_push (in->arena, &in->flow->events, e);
}

/* Remembers the old binding before the first change within the innermost branch. */
static struct binding *
modify (struct interpreter *in, symbol name)
{
    struct binding *b = binding_of (in, name);
    if (!in->journal)
        return b;
    vec_foreach (s, &in->journal->saved)
        if (s->name == name)
            return b;
    struct saved saved = { name, *b };
    vec_push (in->arena, &in->journal->saved, saved);
    return b;
}

static void
remember_names (struct interpreter *in, symbol name, const struct set *value)
{
    set_foreach (id, value)
        in->heap->novelty += vec_int_add_once (in->arena, &heap_get (in->heap, id)->names, name) && id < in->heap->mark;
}

/* What the name means may end here, and run code of the notebook's. */
static void
let_go (struct interpreter *in, symbol name)
{
    if (ending_of (in, binding_of (in, name)->value, -1, name))
        name_read (in, name, NULL);
}

static bool
is_bound_here (const struct interpreter *in, const struct binding *b)
{
    return b && b->writes && b->writes->items[0].site == in->site && b->writes->items[0].kind == WRITE_BIND;
}

void
name_bind (struct interpreter *in, symbol name, const struct set *value)
{
    let_go (in, name);
    struct binding *b = modify (in, name);
    bool caught = in->tries && is_bound_here (in, b); /* what it was given before an exception stays */
    b->value = caught ? set_union (in->arena, b->value, value) : value;
    b->writes = writes_bind (in);
    remember_names (in, name, value);
    add_change (in, name, WRITE_BIND);
    in->changes++;
    if (in->depth > 0)
        in->effect = in->watch.acts = true;
    vec_int_add_once (in->arena, &in->flow->sites.items[in->site].binds, name);
}

void
name_may_change (struct interpreter *in, symbol name)
{
    add_event (in, EVENT_HOLD, name, binding_of (in, name), NULL);
    struct binding *b = modify (in, name);
    b->value = set_union (in->arena, b->value, set_one (in->arena, new_value (in)));
    b->writes = writes_append (in, b->writes, WRITE_MAYBE);
    remember_names (in, name, b->value);
    add_change (in, name, WRITE_MAYBE);
    in->effect = true;
    vec_int_add_once (in->arena, &in->flow->sites.items[in->site].binds, name);
}

void
name_delete (struct interpreter *in, symbol name)
{
    let_go (in, name);
    if (name_is_bound (in, name))
        add_event (in, EVENT_DELETE, name, binding_of (in, name), NULL);
    struct binding *b = modify (in, name);
    b->value = NULL;
    b->writes = NULL;
    in->effect = true;
    add_change (in, name, WRITE_BIND);
}

void
name_forget (struct interpreter *in, symbol name)
{
    struct binding *b = modify (in, name);
    b->value = NULL;
    b->writes = NULL;
}

bool
name_is_bound (struct interpreter *in, symbol name)
{
    return binding_of (in, name)->writes != NULL;
}

/* ---- reads ------------------------------------------------------------------------------------------------------ */

static void
add_unresolved (struct interpreter *in, symbol name, const struct ast *at)
{
    if (in->unevaluated)
        return;
    struct unresolved u = { name, in->site, in->quoted ? NULL : at, in->unit,
                            in->dynamic || in->tries > 0 || in->branches > 0 || in->depth > 3 };
    vec_push (in->arena, &in->flow->unresolved, u);
}

/* A name that only a star import, or code that binds names dynamically, can have bound: all of those so far are what
 * it needs. */
static const struct set *
read_from (struct interpreter *in, const struct vec_int *sites, symbol name, const struct ast *at)
{
    struct writes *w = writes_alloc (in, (int) sites->len);
    for (size_t i = 0; i < sites->len; i++)
        w->items[i] = (struct write){ sites->items[i], i ? WRITE_MAYBE : WRITE_BIND };
    w->maybe_unbound = true;
    struct binding b = { .writes = w };
    add_event (in, EVENT_READ, name, &b, at);
    return NULL;
}

const struct set *
name_read (struct interpreter *in, symbol name, const struct ast *at)
{
    struct binding *b = binding_of (in, name);
    if (b->writes) {
        int last = b->writes->items[b->writes->len - 1].site;
        in->watch.newest = last > in->watch.newest ? last : in->watch.newest;
        if (b->read_site != in->site || b->read_writes != b->writes) {
            add_event (in, EVENT_READ, name, b, at);
            b->read_site = in->site;
            b->read_writes = b->writes;
        }
        const struct set *value = b->value; /* reading a state may move the bindings */
        module_read (in, value);
        return value;
    }
    if (builtins_is_history (symbol_text (in->symbols, name)) && b->read_site != in->site) {
        struct unresolved u = { .name = name, .site = in->site, .at = at, .unit = in->unit };
        b->read_site = in->site;
        vec_push (in->arena, &in->flow->history, u);
    }
    if (builtins_has (symbol_text (in->symbols, name)))
        return set_one (in->arena, library_object (in, name));
    if (vec_int_has (&in->added_builtins, name))
        return set_one (in->arena, new_value (in));
    if (in->star_sites.len) { /* or else a script that was run */
        if (in->flow->dynamic_sites.len)
            read_from (in, &in->flow->dynamic_sites, name, at);
        return read_from (in, &in->star_sites, name, at);
    }
    if (b->read_site != in->site) {
        b->read_site = in->site;
        add_unresolved (in, name, at);
        if (in->flow->dynamic_sites.len)
            return read_from (in, &in->flow->dynamic_sites, name, at);
    }
    return NULL;
}

/* ---- changes in place ------------------------------------------------------------------------------------------- */

static void
change_name (struct interpreter *in, symbol name)
{
    struct binding *b = binding_of (in, name);
    if (!b->writes)
        return;
    const struct write *last = &b->writes->items[b->writes->len - 1];
    in->changes++;
    if (last->site == in->site)
        return; /* made or changed by this very statement: nobody else has seen it in between */
    add_event (in, EVENT_HOLD, name, b, NULL);
    b = modify (in, name);
    b->writes = writes_append (in, b->writes, WRITE_CHANGE);
    add_change (in, name, WRITE_CHANGE);
}

void
names_change (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    in->heap->walked += (long) o->names.len;
    for (size_t i = 0; i < o->names.len; i++)
        if (set_has (binding_of (in, o->names.items[i])->value, id))
            change_name (in, o->names.items[i]);
}

static void
change_object (struct interpreter *in, int id)
{
    struct vec_int holders = { 0 };
    struct object *o = heap_get (in->heap, id);
    if (o->kind == OBJECT_LIBRARY)
        module_change (in, id);
    if (o->immutable || o->kind == OBJECT_LIBRARY)
        return;
    o->changed_at = in->site;
    if (o->iterator) { /* what it is made of is used up with it */
        objects_change (in, heap_field (in->heap, id, in->s_source), false);
        suspended_resume (in, id);
    }
    heap_holders (in->heap, id, &holders);
    vec_foreach (h, &holders) {
        const struct object *holder = heap_get (in->heap, *h);
        if (holder->made_at != in->site)
            in->effect = true;
        if (*h < in->watch.oldest)
            in->watch.oldest = *h;
        if (holder->cache && *h != id)
            cached_change (in, *h);
        names_change (in, *h);
    }
}

void
objects_change (struct interpreter *in, const struct set *s, bool deep)
{
    if (deep)
        s = heap_reach (in->heap, s);
    set_foreach (id, s)
        change_object (in, id);
}

/* ---- branches --------------------------------------------------------------------------------------------------- */

void
branch_begin (struct interpreter *in, struct journal *j)
{
    *j = (struct journal){ .outer = in->journal };
    in->journal = j;
    in->branches++;
}

/* Puts the old bindings back; `j` keeps the branch's own. */
void
branch_end (struct interpreter *in, struct journal *j)
{
    in->journal = j->outer;
    in->branches--;
    vec_foreach (s, &j->saved) {
        struct binding now = *binding_of (in, s->name);
        *binding_of (in, s->name) = s->old;
        s->old = now;
    }
}

static const struct binding *
way_of (const struct journal *j, symbol name)
{
    vec_foreach (s, &j->saved)
        if (s->name == name)
            return &s->old;
    return NULL;
}

static void
join_name (struct interpreter *in, symbol name, struct journal *ways, int count, bool always)
{
    struct binding old = *binding_of (in, name);
    const struct set *value = NULL;
    bool all = always, only_changed = true;
    for (int i = 0; i < count; i++) {
        const struct binding *b = way_of (&ways[i], name);
        all = all && is_bound_here (in, b);
        if (b) {
            value = set_union (in->arena, value, b->value);
            only_changed = only_changed && b->value == old.value && !is_bound_here (in, b);
        }
    }
    struct binding *b = modify (in, name);
    if (all) {
        b->value = value;
        b->writes = writes_bind (in);
    } else {
        if (!only_changed && old.writes && old.writes->items[old.writes->len - 1].site != in->site)
            add_event (in, EVENT_KEEP, name, &old, NULL);
        b->value = set_union (in->arena, old.value, value);
        b->writes = writes_append (in, old.writes, only_changed ? WRITE_CHANGE : WRITE_MAYBE);
    }
    remember_names (in, name, b->value);
}

void
branch_join (struct interpreter *in, struct journal *ways, int count, bool always)
{
    for (int i = 0; i < count; i++)
        for (size_t k = 0; k < ways[i].saved.len; k++) {
            symbol name = ways[i].saved.items[k].name;
            bool done = false;
            for (int j = 0; j < i && !done; j++)
                done = way_of (&ways[j], name) != NULL;
            if (!done)
                join_name (in, name, ways, count, always);
        }
}

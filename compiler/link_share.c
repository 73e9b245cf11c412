/* Names that share an object: a step that needs two of them gets both from one step, as one. See link.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/link.h"

/* Whether it matters that the two are one: something changes it while or after the step runs, or it is compared by
 * identity. Library values that nobody changes may as well be copies. */
static bool
share (const struct linking *l, const struct need *x, const struct need *y)
{
    struct heap *h = l->flow->heap;
    int since = x->read < y->read ? x->read : y->read;
    const struct set *a = heap_reach_ever (h, x->value), *b = heap_reach_ever (h, y->value);
    set_foreach (id, a) {
        const struct object *o = heap_get (h, id);
        if (!o->immutable && (o->kind == OBJECT_VALUE || o->kind == OBJECT_FUNCTION)
            && (o->changed_at >= since || o->compared
                || (o->kind == OBJECT_VALUE && o->class_object >= 0 && !o->enumeration))
            && set_has (b, id))
            return true;
    }
    return false;
}

/* Whether, after `step` has read `older`, another step changes what it shares with `newer` before that is as `step`
 * needs it: then no one moment has both. */
static bool
is_changed_between (const struct linking *l, int step, const struct need *older, const struct need *newer)
{
    vec_foreach (c, &l->flow->changes)
        if (c->site > older->read && c->site <= newer->written && link_owner (l, c->site) != step
            && (c->name == older->name || (c->name == newer->name && c->kind == WRITE_CHANGE)))
            return true;
    return false;
}

/* Whether the step that is to hand `older` on binds or changes that name itself in a cell above the one that wrote it:
 * what it is given is there before its first cell, so it would undo that. */
static bool
is_bound_ahead (const struct linking *l, int step, const struct need *older)
{
    vec_foreach (c, &l->flow->changes)
        if (c->site < older->written && c->name == older->name && link_owner (l, c->site) == step)
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
    if (is_changed_between (l, step, older, newer) || is_bound_ahead (l, newer->from, older))
        link_split (l, step, newer->from, older->read, link_name (l, older->name));
    struct need hand_on = *older;
    link_add_data (l, newer->from, &hand_on);
    link_classes (l, newer->from, hand_on.value);
    link_add_output (l, newer->from, link_name (l, older->name), INPUT_DATA, older->optional);
    link_take_from (l, step, older, newer);
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
void
link_share (struct linking *l)
{
    for (bool more = true; more;) {
        more = false;
        for (int i = (int) l->p->steps.len; i-- > 0;)
            while (join_step (l, i))
                more = true;
    }
    for (size_t i = 0; i < l->p->steps.len; i++)
        vec_foreach (n, &l->needs[i])
            link_after (l, (int) i, n->from);
}

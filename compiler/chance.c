/* Random generators: hidden ones that libraries draw from unless they are told otherwise (random_state=), and those
 * that are values. A model that was given no seed draws when it is fitted, wherever that is done: so the state of the
 * generator must have come there. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include "base/words.h"

#include <string.h>

/* Hidden state is a name like any other: seeding binds it, drawing reads and changes it. Never seeded, it makes the
 * notebook itself non-deterministic, and nobody waits for anybody. */
static void
draw (struct interpreter *in, symbol state)
{
    in->effect = in->watch.acts = true;
    if (name_is_bound (in, state))
        objects_change (in, name_read (in, state, NULL), false);
}

/* random_state=7: it draws from a generator of its own. None is no seed. */
static bool
is_seeded (struct interpreter *in, const struct call *c)
{
    static const char *const names[] = { "random_state", "seed", "rng", "generator", NULL };
    const char *source = in->program->units.items[in->unit].text->code;
    if (!c->node)
        return false;
    ast_foreach (a, c->node)
        if ((*a)->kind == AST_KEYWORD && (*a)->nkids && words_have (names, symbol_text (in->symbols, (*a)->name)))
            return strncmp (source + (*a)->kids[0]->start, "None", 4) != 0;
    return false;
}

static bool
draws_unseeded (struct interpreter *in, const struct effect *e, const struct call *c)
{
    return e->random && (!e->random_if || call_keyword_is_true (in, c, e->random_if)) && !is_seeded (in, c);
}

static bool
is_generator (const struct interpreter *in, const struct object *o)
{
    static const char *const types[] = { "numpy.random.RandomState", "numpy.random.Generator", "random.Random",
                                         "torch.Generator", NULL };
    return o->kind == OBJECT_VALUE && o->type && words_have (types, symbol_text (in->symbols, o->type));
}

/* What these values draw from when they are put to work: `deep`, what they hold too. */
static void
draw_for (struct interpreter *in, const struct set *s, bool deep)
{
    if (deep)
        s = heap_reach (in->heap, s);
    set_foreach (id, s) {
        symbol state = heap_get (in->heap, id)->draws;
        if (is_generator (in, heap_get (in->heap, id)))
            objects_change (in, set_one (in->arena, id), false);
        if (state)
            draw (in, state);
    }
}

/* Methods by which models and splitters are put to work. */
static bool
is_work (const char *method)
{
    return strncmp (method, "fit", 3) == 0 || strcmp (method, "partial_fit") == 0 || strcmp (method, "split") == 0;
}

void
chance_of_function (struct interpreter *in, const struct effect *e, const struct call *c, bool constructor)
{
    const unsigned keeps = EFFECT_RETURNS_HOLDER | EFFECT_RETURNS_PLAIN | EFFECT_SHALLOW | EFFECT_DEEP;
    if (e->flags & EFFECT_SEEDS) {
        in->effect = true;
        name_bind (in, e->state, set_one (in->arena, new_value (in)));
    }
    if (e->flags & EFFECT_DRAWS || (!constructor && draws_unseeded (in, e, c)))
        draw (in, e->flags & EFFECT_DRAWS ? e->state : e->random);
    if (!constructor && !(e->flags & keeps))
        draw_for (in, c->all, true);
}

void
chance_of_method (struct interpreter *in, int receiver, symbol name, const struct effect *e, const struct call *c)
{
    bool works = is_work (symbol_text (in->symbols, name));
    if (e->flags & EFFECT_DRAWS || draws_unseeded (in, e, c))
        draw (in, e->flags & EFFECT_DRAWS ? e->state : e->random);
    if (works)
        draw_for (in, set_one (in->arena, receiver), true);
    draw_for (in, c->all, works);
}

void
chance_of_use (struct interpreter *in, const struct set *values)
{
    draw_for (in, values, true);
}

void
chance_note (struct interpreter *in, int made, const struct effect *e, const struct call *c)
{
    if (draws_unseeded (in, e, c))
        heap_get (in->heap, made)->draws = e->random;
}

/* Definitions that keep a value which others have too: `def f (rows=[]): return rows`, of which `r = f ()` has the very
 * list. If that is changed somewhere, the definition is no code to be repeated, but a value as r is. See flow.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/flow.h"

/* Whether something else than definitions has it: a name, or a value that holds it. */
static bool
is_had_elsewhere (struct heap *h, const struct object *o, int id, symbol shared)
{
    if (o->names.len)
        return true;
    vec_foreach (parent, &o->parents) {
        const struct object *p = heap_get (h, *parent);
        for (size_t i = 0; p->kind == OBJECT_VALUE && i < p->fields.len; i++)
            if (p->fields.items[i].name != shared && set_has (p->fields.items[i].value, id))
                return true;
    }
    return false;
}

static bool
keeps_what_changes (struct heap *h, const struct object *definition, symbol shared)
{
    for (size_t i = 0; i < definition->fields.len; i++)
        set_foreach (id, definition->fields.items[i].value) {
            const struct object *o = heap_get (h, id);
            if (o->kind == OBJECT_VALUE && !o->immutable && !o->text && !o->enumeration
                && o->changed_at > definition->made_at
                && o->made_at == definition->made_at && is_had_elsewhere (h, o, id, shared))
                return true;
        }
    return false;
}

void
flow_settle_keepers (struct flow *flow)
{
    symbol shared = symbol_find (flow->program->symbols, "[shared]");
    vec_foreach (o, &flow->heap->objects)
        if ((o->kind == OBJECT_FUNCTION || o->kind == OBJECT_CLASS) && o->made_at >= 0
            && flow->sites.items[o->made_at].kind == SITE_DEFINITION && keeps_what_changes (flow->heap, o, shared))
            flow->sites.items[o->made_at].kind = SITE_PLAIN;
}

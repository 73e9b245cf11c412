/* Library functions that mean more to the analysis than words of the table of effects can say: those that reach into
 * objects by name (getattr, vars), are about classes (type, super), or give functions made of others. See call.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include <string.h>

/* ---- by name ---------------------------------------------------------------------------------------------------- */

static symbol
named (struct interpreter *in, const struct call *c, int i)
{
    const char *text = text_of (in, call_argument (c, i));
    return text && *text ? symbol_of_str (in->symbols, text) : 0;
}

/* Whatever the values have, under any name. */
static const struct set *
all_parts (struct interpreter *in, const struct set *values)
{
    const struct set *all = elements_of (in, values);
    set_foreach (id, values) {
        const struct object *o = heap_get (in->heap, id);
        for (size_t i = 0; o->kind == OBJECT_VALUE && i < o->fields.len; i++)
            all = set_union (in->arena, all, o->fields.items[i].value);
    }
    return all;
}

static const struct set *
get_attribute (struct interpreter *in, struct call *c)
{
    symbol name = named (in, c, 1);
    const struct set *base = call_argument (c, 0), *other = call_argument (c, 2);
    return set_union (in->arena, name ? attribute_value (in, base, name) : all_parts (in, base), other);
}

static const struct set *
set_attribute (struct interpreter *in, struct call *c)
{
    symbol name = named (in, c, 1);
    const struct set *base = call_argument (c, 0), *value = call_argument (c, 2);
    in->effect = true;
    if (name) {
        store_member (in, base, name, value);
        return NULL;
    }
    set_foreach (id, base)
        for (size_t i = 0; i < heap_get (in->heap, id)->fields.len; i++)
            heap_store (in->heap, id, heap_get (in->heap, id)->fields.items[i].name, value, false);
    store_member (in, base, 0, value);
    return NULL;
}

static const struct set *
delete_attribute (struct interpreter *in, struct call *c)
{
    in->effect = true;
    delete_member (in, call_argument (c, 0), named (in, c, 1));
    return NULL;
}

const struct set *
attributes_dict (struct interpreter *in, const struct set *values)
{
    const struct set *all = NULL;
    set_foreach (id, values) {
        if (heap_get (in->heap, id)->kind == OBJECT_LIBRARY)
            continue;
        const struct set *parts = all_parts (in, set_one (in->arena, id));
        int dict = new_value (in);
        heap_get (in->heap, dict)->type = symbol_of_str (in->symbols, "dict");
        heap_store (in->heap, dict, in->s_self, set_one (in->arena, id), true);
        heap_store (in->heap, dict, 0, parts, true);
        heap_store (in->heap, id, in->s_view, set_one (in->arena, dict), false);
        all = set_union (in->arena, all, set_one (in->arena, dict));
    }
    return all;
}

static const struct set *
all_attributes (struct interpreter *in, struct call *c)
{
    return attributes_dict (in, call_argument (c, 0));
}

/* ---- classes ---------------------------------------------------------------------------------------------------- */

static const struct set *
type (struct interpreter *in, struct call *c)
{
    return c->count == 1 ? classes_of (in, c->positional[0]) : set_one (in->arena, new_value (in));
}

static const struct set *
super (struct interpreter *in, struct call *c)
{
    return super_value (in, call_argument (c, 0), call_argument (c, 1));
}

static const struct set *
bind_to (struct interpreter *in, struct call *c, enum binding_kind binds)
{
    set_foreach (id, c->positional[0])
        if (heap_get (in->heap, id)->kind == OBJECT_FUNCTION)
            heap_get (in->heap, id)->binds = binds;
    return c->positional[0];
}

static const struct set *
class_method (struct interpreter *in, struct call *c)
{
    return bind_to (in, c, BINDS_CLASS);
}

static const struct set *
static_method (struct interpreter *in, struct call *c)
{
    return bind_to (in, c, BINDS_NOTHING);
}

/* ---- functions made of others ----------------------------------------------------------------------------------- */

static const struct set *
make_partial (struct interpreter *in, struct call *c)
{
    int id = new_value (in);
    heap_get (in->heap, id)->type = symbol_of_str (in->symbols, "functools.partial");
    heap_get (in->heap, id)->given = c->count < MAX_PLACES ? c->count : MAX_PLACES;
    heap_store (in->heap, id, 0, c->all, false);
    for (int i = 0; i < c->count && i < MAX_PLACES; i++)
        heap_store (in->heap, id, in->s_place[i], c->positional[i], true);
    for (int i = 0; i < c->keywords; i++)
        heap_store (in->heap, id, c->keyword[i].name, c->keyword[i].value, true);
    return set_one (in->arena, id);
}

static const struct set *
call_partial (struct interpreter *in, int partial, const struct call *c)
{
    struct call full = *c;
    const struct object *o = heap_get (in->heap, partial);
    int given = o->given - 1, room = MAX_ARGUMENTS - given;
    full.all = set_union (in->arena, c->all, heap_field (in->heap, partial, 0));
    full.count = given + (c->count < room ? c->count : room);
    for (int i = 0; i < full.count; i++)
        full.positional[i] = i < given ? heap_field (in->heap, partial, in->s_place[i + 1]) : c->positional[i - given];
    for (size_t i = 0; i < heap_get (in->heap, partial)->fields.len && full.keywords < MAX_ARGUMENTS; i++) {
        struct field f = heap_get (in->heap, partial)->fields.items[i];
        if (!f.name || *symbol_text (in->symbols, f.name) == '[')
            continue;
        full.keyword[full.keywords].name = f.name;
        full.keyword[full.keywords++].value = f.value;
    }
    const struct set *all = NULL;
    set_foreach (function, heap_field (in->heap, partial, in->s_place[0]))
        all = set_union (in->arena, all, call_one (in, function, &full));
    return all;
}

/* functools.reduce (f, values, first): the last of what `f` gives, called with that before and an element. */
static const struct set *
reduce (struct interpreter *in, struct call *c)
{
    const struct set *elements = elements_of (in, c->positional[1]);
    const struct set *all = set_union (in->arena, elements, call_argument (c, 2));
    for (int round = 0; round < 2; round++) {
        const struct set *arguments[] = { all, elements };
        all = set_union (in->arena, all, call_value (in, c->positional[0], arguments, 2));
    }
    return all;
}

static const struct set *
make_method_caller (struct interpreter *in, struct call *c)
{
    int id = new_value (in);
    heap_get (in->heap, id)->method = named (in, c, 0);
    heap_get (in->heap, id)->given = c->count < MAX_PLACES ? c->count : MAX_PLACES;
    heap_store (in->heap, id, 0, c->all, false);
    for (int i = 1; i < c->count && i < MAX_PLACES; i++)
        heap_store (in->heap, id, in->s_place[i], c->positional[i], true);
    return set_one (in->arena, id);
}

static const struct set *
call_method_caller (struct interpreter *in, int caller, const struct call *c)
{
    struct call method = { .count = heap_get (in->heap, caller)->given - 1, .all = heap_field (in->heap, caller, 0) };
    for (int i = 0; i < method.count; i++)
        method.positional[i] = heap_field (in->heap, caller, in->s_place[i + 1]);
    return call_named_method (in, call_argument (c, 0), heap_get (in->heap, caller)->method, &method);
}

const struct set *
call_given (struct interpreter *in, int id, const struct call *c)
{
    return heap_get (in->heap, id)->method ? call_method_caller (in, id, c) : call_partial (in, id, c);
}

/* ---- modules ---------------------------------------------------------------------------------------------------- */

/* importlib.reload (mod): its file is read again, and all that it kept is gone. */
static const struct set *
reload (struct interpreter *in, struct call *c)
{
    bool local = false;
    set_foreach (id, c->positional[0]) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind == OBJECT_LIBRARY)
            module_used (in, symbol_text (in->symbols, o->type));
        local |= module_change (in, id);
    }
    if (!local)
        set_up (in, 0);
    return c->positional[0];
}

/* ---- containers ------------------------------------------------------------------------------------------------- */

/* collections.defaultdict (f, …): f makes what is asked for and isn't there. */
static const struct set *
make_default_dict (struct interpreter *in, struct call *c)
{
    int id = new_value (in);
    heap_get (in->heap, id)->type = symbol_of_str (in->symbols, "collections.defaultdict");
    heap_store (in->heap, id, symbol_of_str (in->symbols, "default_factory"), c->positional[0], true);
    heap_store (in->heap, id, 0, elements_of (in, call_argument (c, 1)), false);
    in->effect = true;
    return set_one (in->arena, id);
}

/* type.__new__ (metaclass, name, …): the class that is made. */
static const struct set *
new_class (struct interpreter *in, struct call *c)
{
    (void) c;
    in->effect = true;
    return set_one (in->arena, in->making ? in->making - 1 : new_value (in));
}

/* ---- which they are --------------------------------------------------------------------------------------------- */

static const struct meaning meanings[] = {
    { "classmethod", 1, class_method },
    { "collections.defaultdict", 1, make_default_dict },
    { "delattr", 2, delete_attribute },
    { "functools.partial", 1, make_partial },
    { "functools.reduce", 2, reduce },
    { "getattr", 2, get_attribute },
    { "importlib.reload", 1, reload },
    { "operator.methodcaller", 1, make_method_caller },
    { "setattr", 3, set_attribute },
    { "staticmethod", 1, static_method },
    { "super", 0, super },
    { "type", 1, type },
    { "type.__new__", 1, new_class },
    { "vars", 1, all_attributes },
};

const struct meaning *
meaning_find (const char *path, const struct call *c)
{
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (strcmp (path, meanings[i].path) == 0)
            return c->count >= meanings[i].least && !c->rest ? &meanings[i] : NULL;
    return NULL;
}

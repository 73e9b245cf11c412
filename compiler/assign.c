/* Names as the running scope knows them, and what assigning to a target stores. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include <string.h>

/* ---- names ------------------------------------------------------------------------------------------------------ */

static struct local *
find_local (struct env *e, symbol name)
{
    vec_foreach (l, &e->locals)
        if (l->name == name)
            return l;
    return NULL;
}

/* The running scope in which `name` lives; NULL: the module's. */
static struct env *
env_of (struct interpreter *in, symbol name)
{
    if (!in->env || scope_is_global (in->env->scope, name))
        return NULL;
    for (struct env *e = in->env; e; e = e->outer)
        if (scope_is_local (e->scope, name) && (e == in->env || e->scope->owner->kind != AST_CLASS))
            return e;
    return NULL;
}

const struct set *
evaluate_name (struct interpreter *in, const struct ast *n)
{
    struct env *e = env_of (in, n->name);
    if (!e && in->env && !scope_is_global (in->env->scope, n->name))
        return NULL; /* `__class__` in a method */
    if (!e)
        return name_read (in, n->name, n);
    struct local *l = find_local (e, n->name);
    if (!l && e->scope->owner->kind == AST_CLASS) /* not bound in the class yet: the module's */
        return name_read (in, n->name, n);
    return l ? l->value : NULL;
}

static bool
mentions (const struct ast *n, symbol name)
{
    if (!n || (n->kind == AST_NAME && n->name == name))
        return n != NULL;
    ast_foreach (kid, n)
        if (mentions (*kid, name))
            return true;
    return false;
}

static void
keep_local (struct interpreter *in, int function, const struct local *l)
{
    const struct ast *definition = heap_get (in->heap, function)->definition;
    if (l->value && definition->scope && !scope_is_local (definition->scope, l->name) && mentions (definition, l->name))
        heap_store (in->heap, function, l->name, l->value, false);
}

void
keep_locals (struct interpreter *in, int id)
{
    for (struct env *e = in->env; e; e = e->outer) {
        vec_push (in->arena, &e->functions, id);
        vec_foreach (l, &e->locals)
            keep_local (in, id, l);
    }
}

/* A local got a new value: the functions that see it have that one. If one of them set it (nonlocal), all of them are
 * other functions than before. */
static void
tell_functions (struct interpreter *in, struct env *e, const struct local *l)
{
    vec_foreach (id, &e->functions) {
        keep_local (in, *id, l);
        if (e != in->env && mentions (heap_get (in->heap, *id)->definition, l->name))
            objects_change (in, set_one (in->arena, *id), false);
    }
}

/* What the local may hold that it never held before, of what is older than this statement, is news for a loop. */
static void
note_former (struct interpreter *in, struct env *e, struct local *l, const struct set *value)
{
    set_foreach (id, value)
        if (id < in->heap->mark && !set_has (l->former, id)) {
            l->former = set_union (in->arena, l->former, set_one (in->arena, id));
            e->novelty++;
        }
}

static void
bind_name (struct interpreter *in, symbol name, const struct set *value)
{
    struct env *e = env_of (in, name);
    if (!e) {
        name_bind (in, name, value);
        return;
    }
    struct local *l = find_local (e, name);
    if (!l) {
        l = vec_add (in->arena, &e->locals);
        l->name = name;
    }
    note_former (in, e, l, value);
    l->value = in->branches > e->branches ? set_union (in->arena, l->value, value) : value;
    tell_functions (in, e, l);
}

/* ---- assignment ------------------------------------------------------------------------------------------------- */

/* What storing into a member of it sets up: a line "os.environ.member", or "logging.Logger.member" of a class whose
 * instances the library keeps. */
static const struct effect *
member_effect (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    const char *path = o->type ? arena_printf (in->arena, "%s.member", symbol_text (in->symbols, o->type)) : "";
    return library_function (in->library, path);
}

static bool
is_set_up (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    return o->kind == OBJECT_VALUE && o->type
        && library_knows (in->library, arena_printf (in->arena, "%s.member", symbol_text (in->symbols, o->type)));
}

/* os.environ[...] = …, plt.rcParams[...] = …, pd.options.display.width = …, logging.getLogger ().disabled = … */
static void
set_up_member (struct interpreter *in, int id, symbol name, const struct set *value)
{
    if (heap_get (in->heap, id)->kind != OBJECT_LIBRARY && !is_set_up (in, id))
        return;
    if (module_change (in, id) || process_stored (in, id, name, value))
        return;
    const struct effect *e = member_effect (in, id);
    set_up (in, e->flags & EFFECT_SETUP ? e->state : 0);
}

static bool
is_setter (const struct object *o)
{
    const struct ast *decorators = o->kind == OBJECT_FUNCTION && o->definition->kind == AST_FUNCTION
        ? o->definition->kids[2]
                                                                                                     : NULL;
    return decorators && decorators->nkids && decorators->kids[0]->kind == AST_ATTRIBUTE;
}

/* `p.v = 4` where the class has @v.setter, or __setattr__. */
static void
call_setter (struct interpreter *in, int id, symbol name, const struct set *value)
{
    int class_object = heap_get (in->heap, id)->class_object;
    const struct set *members = class_object < 0 ? NULL : class_member (in, class_object, name);
    const struct set *arguments[] = { set_one (in->arena, id), value };
    set_foreach (m, members)
        if (is_setter (heap_get (in->heap, m)))
            call_value (in, set_one (in->arena, m), arguments, 2);
    const struct set *any = class_object < 0 ? NULL : class_member (in, class_object, in->s_setattr);
    const struct set *named[] = { arguments[0], NULL, value };
    if (any)
        call_value (in, any, named, 3);
    descriptor_run (in, members, "__set__", arguments, 2);
}

/* del os.environ["A"] */
void
delete_set_up (struct interpreter *in, const struct set *base, symbol name)
{
    set_foreach (id, base)
        set_up_member (in, id, name, NULL);
}

void
delete_member (struct interpreter *in, const struct set *base, symbol name)
{
    delete_set_up (in, base, name);
    set_foreach (id, base) {
        int class_object = heap_get (in->heap, id)->class_object;
        const struct set *arguments[] = { set_one (in->arena, id), NULL };
        if (class_object < 0 || heap_get (in->heap, id)->kind != OBJECT_VALUE)
            continue;
        const struct set *members = class_member (in, class_object, name);
        descriptor_run (in, members, "__delete__", arguments, 1);
        set_foreach (m, members)
            if (is_setter (heap_get (in->heap, m))) /* among them @v.deleter */
                call_value (in, set_one (in->arena, m), arguments, 1);
        call_value (in, class_member (in, class_object, symbol_of_str (in->symbols, "__delattr__")), arguments, 2);
        ending_of (in, heap_field (in->heap, id, name), id, 0);
    }
    objects_change (in, base, false);
}

void
owner_changes (struct interpreter *in, const struct ast *node)
{
    for (; (node->kind == AST_ATTRIBUTE || node->kind == AST_SUBSCRIPT) && node->nkids; node = node->kids[0]) {
        const struct set *owner = evaluate (in, node->kids[0]);
        if (!owner)
            continue;
        objects_change (in, owner, false);
        return;
    }
}

/* sys.stdout = …, sys.stderr = … */
static bool
is_stdout (struct interpreter *in, int id, symbol name)
{
    const struct object *o = heap_get (in->heap, id);
    return o->kind == OBJECT_LIBRARY && name && strcmp (symbol_text (in->symbols, o->type), "sys") == 0
           && strncmp (symbol_text (in->symbols, name), "std", 3) == 0;
}

void
store_member (struct interpreter *in, const struct set *base, symbol name, const struct set *value)
{
    set_foreach (id, base) {
        call_setter (in, id, name, value);
        if (is_stdout (in, id, name) && sink_set (in, SINK_STDOUT, value))
            continue;
        set_up_member (in, id, name, value);
        ending_of (in, heap_field (in->heap, id, name), id, 0);
        heap_store (in->heap, id, name, value, name && base->len == 1 && in->branches + in->behind == 0);
    }
    set_foreach (id, base)
        if (!is_set_up (in, id)) {
            objects_change (in, set_one (in->arena, id), false);
            observer_tell (in, id);
        }
}

static void
store_attribute (struct interpreter *in, const struct ast *target, const struct set *value)
{
    const struct set *base = target->nkids ? evaluate (in, target->kids[0]) : NULL;
    if (!base && target->nkids)
        owner_changes (in, target->kids[0]);
    store_member (in, base, target->name, value);
}

/* Keys are numbers and text, but for those that a dictionary refers to weakly. */
static const struct set *
keys_kept (const struct interpreter *in, int id, const struct set *keys)
{
    symbol type = heap_get (in->heap, id)->type;
    return type && strcmp (symbol_text (in->symbols, type), "weakref.WeakKeyDictionary") == 0 ? keys : NULL;
}

static void
store_element (struct interpreter *in, const struct ast *target, const struct set *value)
{
    if (target->nkids == 2 && namespace_is (in, target->kids[0])) {
        namespace_store (in, target->kids[1], value);
        return;
    }
    const struct set *base = target->nkids ? evaluate (in, target->kids[0]) : NULL;
    if (!base && target->nkids)
        owner_changes (in, target->kids[0]);
    const struct set *keys = NULL;
    for (uint32_t i = 1; i < target->nkids; i++)
        keys = set_union (in->arena, keys, evaluate (in, target->kids[i]));
    special_run (in, base, SPECIAL_STORE, value);
    set_foreach (id, base) {
        set_up_member (in, id, 0, value);
        ending_of (in, heap_field (in->heap, id, 0), id, 0);
        heap_store (in->heap, id, 0, value, false);
        heap_store (in->heap, id, 0, keys_kept (in, id, keys), false);
    }
    objects_change (in, base, false);
}

/* a, *b, c = value: places are known up to the star. */
static void
assign_places (struct interpreter *in, const struct ast *target, const struct set *value)
{
    bool starred = false;
    for (uint32_t i = 0; i < target->nkids; i++) {
        starred = starred || target->kids[i]->kind == AST_STARRED;
        assign (in, target->kids[i], starred ? elements_of (in, value) : part_at (in, value, i));
    }
}

void
assign (struct interpreter *in, const struct ast *target, const struct set *value)
{
    switch (target->kind) {
    case AST_NAME: bind_name (in, target->name, value); break;
    case AST_CAPTURE: bind_name (in, target->name, value); break;
    case AST_TUPLE:
    case AST_LIST: assign_places (in, target, value); break;
    case AST_STARRED:
        if (target->nkids) {
            int id = new_value (in);
            heap_store (in->heap, id, 0, value, true);
            assign (in, target->kids[0], set_one (in->arena, id));
        }
        break;
    case AST_ATTRIBUTE: store_attribute (in, target, value); break;
    case AST_SUBSCRIPT: store_element (in, target, value); break;
    default: evaluate (in, target);
    }
}

/* Calls: functions of the notebook are followed into their bodies, library calls are looked up in the table of
 * effects. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include <ctype.h>
#include <string.h>

#define MAX_ARGUMENTS 24
#define MAX_DEPTH 24

/* Evaluated arguments of one call. */
struct call {
    const struct ast *node; /* NULL for calls that no text shows */
    int count;              /* positional ones */
    const struct set *positional[MAX_ARGUMENTS];
    int keywords;
    struct {
        symbol name;
        const struct set *value;
    } keyword[MAX_ARGUMENTS];
    const struct set *rest; /* what *args and **kwargs may hold */
    const struct set *all;  /* everything passed */
    const struct ast *literal[MAX_ARGUMENTS]; /* the positional arguments' text */
};

static const struct set *call_one (struct interpreter *in, int callee, struct call *c);
static void call_functions (struct interpreter *in, const struct set *values);

static void
collect_arguments (struct interpreter *in, const struct ast *n, struct call *c)
{
    for (uint32_t i = 1; i < n->nkids; i++) {
        const struct ast *a = n->kids[i];
        const struct set *value = evaluate (in, a);
        c->all = set_union (in->arena, c->all, value);
        if (a->kind == AST_STARRED || a->kind == AST_DOUBLE_STARRED) {
            c->rest = set_union (in->arena, c->rest, elements_of (in, value));
        } else if (a->kind == AST_KEYWORD && c->keywords < MAX_ARGUMENTS) {
            c->keyword[c->keywords].name = a->name;
            c->keyword[c->keywords++].value = value;
        } else if (c->count < MAX_ARGUMENTS) {
            c->literal[c->count] = a;
            c->positional[c->count++] = value;
        }
    }
}

static const struct set *
argument (struct interpreter *in, const struct call *c, int i)
{
    (void) in;
    return i < c->count ? c->positional[i] : NULL;
}

/* ---- functions of the notebook ---------------------------------------------------------------------------------- */

static bool
is_running (const struct interpreter *in, const struct ast *definition)
{
    for (int i = 0; i < in->depth && i < 32; i++)
        if (in->calls[i] == definition)
            return true;
    return false;
}

static void
bind_parameter (struct interpreter *in, struct env *env, const struct ast *p, const struct set *value)
{
    struct local *l = vec_add (in->arena, &env->locals);
    l->name = p->name;
    l->value = value;
}

static const struct set *
collected (struct interpreter *in, const struct set *held)
{
    int id = new_value (in);
    heap_store (in->heap, id, 0, held, true);
    return set_one (in->arena, id);
}

static void
bind_parameters (struct interpreter *in, struct env *env, int function, const struct call *c)
{
    const struct ast *parameters = heap_get (in->heap, function)->definition->kids[0];
    int next = 0;
    ast_foreach (p, parameters) {
        const struct set *value = NULL;
        if ((*p)->flags & AST_STAR) {
            const struct set *held = c->rest;
            while (next < c->count)
                held = set_union (in->arena, held, c->positional[next++]);
            bind_parameter (in, env, *p, collected (in, held));
            continue;
        }
        if ((*p)->flags & AST_STAR_STAR) {
            const struct set *held = c->rest;
            for (int k = 0; k < c->keywords; k++)
                held = set_union (in->arena, held, c->keyword[k].value);
            bind_parameter (in, env, *p, collected (in, held));
            continue;
        }
        bool given = false;
        for (int k = 0; k < c->keywords; k++)
            if (c->keyword[k].name == (*p)->name) {
                value = c->keyword[k].value;
                given = true;
            }
        if (!given && !((*p)->flags & AST_KEYWORD_ONLY) && next < c->count) {
            value = c->positional[next++];
            given = true;
        }
        if (!given)
            value = set_union (in->arena, heap_field (in->heap, function, (*p)->name), c->rest);
        bind_parameter (in, env, *p, value);
    }
}

static const struct set *
call_function (struct interpreter *in, int function, const struct call *c)
{
    const struct ast *definition = heap_get (in->heap, function)->definition;
    if (in->depth >= MAX_DEPTH || in->budget <= 0 || !definition->scope)
        return NULL;
    if (is_running (in, definition)) { /* not again; but what it is given this time may be other functions */
        call_functions (in, c->all);
        return NULL;
    }
    struct env env = { .outer = heap_get (in->heap, function)->env,
                       .scope = definition->scope,
                       .branches = in->branches };
    bind_parameters (in, &env, function, c);
    struct env *outer_env = in->env;
    int outer_unit = in->unit;
    bool decorating = in->decorating;
    in->decorating = false;
    in->unit = heap_get (in->heap, function)->unit;
    in->env = arena_new (in->arena, struct env); /* closures made within may outlive the call */
    *in->env = env;
    struct env *running = in->env;
    in->calls[in->depth++] = definition;
    if (definition->kind == AST_LAMBDA)
        running->returned = evaluate (in, definition->kids[1]);
    else
        run_block (in, definition->kids[1]);
    in->depth--;
    in->env = outer_env;
    in->unit = outer_unit;
    in->decorating = decorating;
    if (!running->generator)
        return running->returned;
    int id = new_value (in);
    heap_get (in->heap, id)->iterator = heap_get (in->heap, id)->unpicklable = true;
    heap_store (in->heap, id, 0, set_union (in->arena, running->yielded, c->all), true);
    return set_one (in->arena, id);
}

/* ---- classes of the notebook ------------------------------------------------------------------------------------ */

static void
call_method (struct interpreter *in, int instance, const struct set *method, struct call *c)
{
    struct call with_self = *c;
    int room = c->count < MAX_ARGUMENTS ? c->count : MAX_ARGUMENTS - 1;
    memmove (with_self.positional + 1, c->positional, (size_t) room * sizeof *c->positional);
    with_self.positional[0] = set_one (in->arena, instance);
    with_self.count = room + 1;
    set_foreach (m, method)
        if (heap_get (in->heap, m)->kind == OBJECT_BOUND)
            call_function (in, heap_get (in->heap, m)->class_object, &with_self);
}

static const struct set *
instantiate (struct interpreter *in, int class_object, struct call *c)
{
    int id = new_value (in);
    heap_get (in->heap, id)->class_object = class_object;
    /* the class is part of its instances: what needs the instance needs the class */
    const struct set *init = attribute_of (in, set_one (in->arena, id), in->s_init);
    bool own = false;
    set_foreach (m, init)
        own |= heap_get (in->heap, m)->kind == OBJECT_BOUND;
    if (own)
        call_method (in, id, init, c);
    else
        heap_store (in->heap, id, 0, c->all, false);
    return set_one (in->arena, id);
}

/* ---- what the library does -------------------------------------------------------------------------------------- */

static bool
is_class_name (const char *path)
{
    const char *dot = strrchr (path, '.');
    const char *name = dot ? dot + 1 : path;
    if (!isupper ((unsigned char) name[0]))
        return false;
    for (const char *p = name + 1; *p; p++)
        if (islower ((unsigned char) *p))
            return true;
    return name[1] == '\0';
}

static bool
is_function (const struct object *o)
{
    return o->kind == OBJECT_FUNCTION || (o->kind == OBJECT_BOUND && o->class_object >= 0 && o->receiver);
}

/* Functions among the arguments are taken to be called: map(f, …), df.apply(f), sort(key=f). What they are called with
 * is taken to be elements of the other arguments. */
static void
call_functions (struct interpreter *in, const struct set *values)
{
    if (in->depth > 6)
        return;
    struct call unknown = { 0 };
    bool any = false;
    set_foreach (id, values)
        any = any || is_function (heap_get (in->heap, id));
    if (!any)
        return;
    set_foreach (id, values)
        if (heap_get (in->heap, id)->kind == OBJECT_VALUE)
            unknown.rest = set_union (in->arena, unknown.rest, elements_of (in, set_one (in->arena, id)));
    set_foreach (id, values)
        if (is_function (heap_get (in->heap, id)))
            call_one (in, id, &unknown);
}

/* The arguments are given to code that isn't the notebook's, which may call what they are and what they have. */
static void
call_back (struct interpreter *in, const struct set *values)
{
    if (in->depth > 6)
        return;
    special_run_held (in, values);
    call_functions (in, values);
}

/* Functions held somewhere within a value whose method is called: a model's custom loss, a transformer's func. */
static void
call_held_functions (struct interpreter *in, const struct set *s)
{
    if (in->depth > 3)
        return;
    const struct set *reach = heap_reach (in->heap, s);
    struct call unknown = { 0 };
    set_foreach (id, reach)
        if (heap_get (in->heap, id)->kind == OBJECT_FUNCTION && !set_has (s, id))
            call_function (in, id, &unknown);
}

static bool
keyword_is_true (struct interpreter *in, const struct call *c, symbol name)
{
    if (!c->node)
        return false;
    const char *source = in->program->units.items[in->unit].text->code;
    ast_foreach (a, c->node)
        if ((*a)->kind == AST_KEYWORD && (*a)->name == name && (*a)->nkids)
            return strncmp (source + (*a)->kids[0]->start, "False", 5) != 0;
    return false;
}

/* Who reads and writes through a file object, or gives back text, touches no file of a name. */
static bool
is_stream (struct interpreter *in, const struct set *value)
{
    set_foreach (id, value) {
        const struct object *o = heap_get (in->heap, id);
        if (o->unpicklable || (o->type && strncmp (symbol_text (in->symbols, o->type), "io.", 3) == 0))
            return true;
    }
    return false;
}

/* The argument that is the path (-1: what the method is called on), else to_csv (path_or_buf="x"), savefig (fname="x");
 * NULL: there is none. */
static const char *
path_argument (struct interpreter *in, int place, const struct set *on, const struct call *c)
{
    const struct set *value = place < 0 ? on : argument (in, c, place);
    bool given = place < c->count;
    for (int k = 0; k < c->keywords && !given; k++) {
        const char *name = symbol_text (in->symbols, c->keyword[k].name);
        if (strstr (name, "path") || strstr (name, "file") || strcmp (name, "fname") == 0 || strcmp (name, "buf") == 0) {
            value = c->keyword[k].value;
            given = true;
        }
    }
    if (!given || is_stream (in, value))
        return NULL;
    const char *path = pattern_of (in, value);
    return path ? path : PATH_UNKNOWN;
}

static void
add_file (struct interpreter *in, enum file_use use, const char *path)
{
    in->effect = true;
    if (path && *path)
        file_used (in, use, path);
}

/* open (path, mode): any of w a x + writes. Without a known mode it reads. */
static void
open_file (struct interpreter *in, int place, const char *path, const struct call *c)
{
    const struct set *given = argument (in, c, place + 1);
    for (int k = 0; k < c->keywords; k++)
        if (c->keyword[k].name == in->s_mode)
            given = c->keyword[k].value;
    const char *mode = text_of (in, given);
    bool writes = mode && strpbrk (mode, "wax+");
    add_file (in, writes ? FILE_WRITE : FILE_READ, path);
}

static void
touch_files (struct interpreter *in, const struct effect *e, const struct set *on, const struct call *c)
{
    if (e->flags & EFFECT_OPENS_FILE)
        open_file (in, e->opens, path_argument (in, e->opens, on, c), c);
    for (int i = -1; i < MAX_ARGUMENTS && (e->reads | e->writes); i++) {
        uint32_t bit = i < 0 ? FILE_OF_RECEIVER : 1u << i;
        if (e->reads & bit)
            add_file (in, FILE_READ, path_argument (in, i, on, c));
        if (e->writes & bit)
            add_file (in, FILE_WRITE, path_argument (in, i, on, c));
    }
    if (e->flags & EFFECT_SHELL) {
        const char *command = text_of (in, argument (in, c, 0));
        add_file (in, FILE_SHELL, command ? command : "?");
    }
    if (e->flags & EFFECT_CHANGES_FOLDER)
        folder_changed (in, pattern_of (in, argument (in, c, 0)));
}

/* Hidden state is a name like any other: seeding binds it, drawing reads and changes it. Never seeded, it makes the
 * notebook itself non-deterministic, and nobody waits for anybody. */
static void
touch_state (struct interpreter *in, const struct effect *e)
{
    if (e->flags & EFFECT_SEEDS)
        name_bind (in, e->state, set_one (in->arena, new_value (in)));
    if ((e->flags & EFFECT_DRAWS) && name_is_bound (in, e->state))
        objects_change (in, name_read (in, e->state, NULL), false);
    if (e->flags & (EFFECT_SEEDS | EFFECT_DRAWS))
        in->effect = true;
}

/* What `out=` names is written to, and is the result: numpy's and PyTorch's convention. */
static const struct set *
given_out (struct interpreter *in, const struct call *c)
{
    for (int k = 0; k < c->keywords; k++)
        if (c->keyword[k].name == in->s_out)
            return c->keyword[k].value;
    return NULL;
}

static void
mutate_arguments (struct interpreter *in, const struct effect *e, const struct call *c)
{
    for (int i = 0; i < c->count; i++) {
        if (e->mutates_arguments >> i & 1)
            objects_change (in, c->positional[i], false);
        if (e->flags & EFFECT_CONSUMES || !(e->flags & EFFECT_KNOWN))
            set_foreach (id, c->positional[i])
                if (heap_get (in->heap, id)->iterator)
                    objects_change (in, set_one (in->arena, id), false);
    }
    for (int k = 0; k < c->keywords; k++)
        if (library_keyword_mutates (in->library, c->keyword[k].name))
            objects_change (in, c->keyword[k].value, false);
    objects_change (in, given_out (in, c), false);
}

/* What zip, enumerate, d.items (), map and their like give one after another. */
static const struct set *
elements_given (struct interpreter *in, const struct effect *e, const struct set *on, const struct call *c)
{
    const struct set *parts[MAX_ARGUMENTS] = { NULL };
    if (e->flags & EFFECT_NUMBERS) {
        parts[1] = elements_of (in, on);
        return tuple_of (in, parts, 2);
    }
    if (e->flags & EFFECT_ZIPS) {
        for (int i = 0; i < c->count; i++)
            parts[i] = elements_of (in, c->positional[i]);
        return c->rest ? elements_of (in, c->rest) : tuple_of (in, parts, c->count);
    }
    if (e->flags & EFFECT_MAPS) {
        for (int i = 1; i < c->count; i++)
            parts[i - 1] = elements_of (in, c->positional[i]);
        return in->depth > 6 || !c->count ? NULL : call_value (in, c->positional[0], parts, c->count - 1);
    }
    int id = new_value (in);
    heap_get (in->heap, id)->type = symbol_of_str (in->symbols, "tuple");
    heap_store (in->heap, id, 0, elements_of (in, on), false);
    return set_one (in->arena, id);
}

static const struct set *
sequence_of (struct interpreter *in, const struct set *elements, const struct effect *e)
{
    int id = new_value (in);
    struct object *o = heap_get (in->heap, id);
    o->iterator = o->unpicklable = (e->flags & EFFECT_ITERATOR) != 0;
    heap_store (in->heap, id, 0, elements, false);
    return set_one (in->arena, id);
}

/* `dtype=object`: the new array keeps whatever it is given. */
static bool
holds_objects (struct interpreter *in, const struct call *c)
{
    for (int k = 0; k < c->keywords; k++)
        if (strcmp (symbol_text (in->symbols, c->keyword[k].name), "dtype") == 0) {
            const char *text = text_of (in, c->keyword[k].value);
            const struct set *given = c->keyword[k].value;
            const struct object *o = given && given->len ? heap_get (in->heap, given->items[0]) : NULL;
            text = !text && o && o->kind == OBJECT_LIBRARY ? symbol_text (in->symbols, o->type) : text;
            return text && (*text == 'o' || *text == 'O' || strncmp (text, "numpy.object", 12) == 0);
        }
    return false;
}

static bool
is_of_type (const struct interpreter *in, const struct object *o, const char *const *types)
{
    const char *type = o->type ? symbol_text (in->symbols, o->type) : "";
    for (; *types; types++)
        if (strcmp (type, *types) == 0)
            return true;
    return false;
}

/* What an array or table made of `s` keeps: instances of the notebook's classes, wherever they lie; if it `holds` objects,
 * whatever else is no sequence that it goes through itself. Numbers are copied. */
static const struct set *
objects_gathered (struct interpreter *in, const struct set *s, bool holds, int depth)
{
    static const char *const gone_through[] = { "list", "tuple", "numpy.ndarray", NULL };
    const struct set *kept = NULL;
    set_foreach (id, s) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind != OBJECT_VALUE || o->text)
            continue;
        bool sequence = is_of_type (in, o, gone_through) || o->view;
        if (o->class_object >= 0 || (holds && (depth || !sequence)))
            kept = set_union (in->arena, kept, set_one (in->arena, id));
        if (o->class_object < 0 && depth < 4)
            kept = set_union (in->arena, kept, objects_gathered (in, heap_field (in->heap, id, 0), holds, depth + 1));
    }
    return kept;
}

/* A tuple of values that belong together, as a figure and its axes do: what changes one changes all. `types` are their
 * classes' paths, with commas between. */
static const struct set *
parts_of_result (struct interpreter *in, const char *types)
{
    const struct set *parts[MAX_PLACES];
    int count = 0;
    for (const char *p = types; *p && count < MAX_PLACES; p += *p == ',') {
        size_t n = strcspn (p, ",");
        int id = new_value (in);
        heap_get (in->heap, id)->type = symbol_of (in->symbols, p, n);
        parts[count++] = set_one (in->arena, id);
        p += n;
    }
    for (int i = 0; i < count; i++)
        for (int k = 0; k < count; k++)
            if (i != k)
                heap_store (in->heap, parts[i]->items[0], in->s_place[k], parts[k], true);
    return tuple_of (in, parts, count);
}

/* The result of a library call, given what it was called on (the receiver, or argument 0 of a function). */
static const struct set *
result_of (struct interpreter *in, const struct effect *e, const struct set *on, const struct call *c, symbol path)
{
    if (e->flags & EFFECT_RETURNS_PLAIN)
        return NULL;
    if (e->flags & EFFECT_RETURNS_SELF)
        return on;
    if (e->flags & EFFECT_RETURNS_ELEMENT)
        return elements_of (in, on);
    if (e->flags & (EFFECT_ZIPS | EFFECT_NUMBERS | EFFECT_TUPLES | EFFECT_MAPS))
        return sequence_of (in, elements_given (in, e, on, c), e);
    if (given_out (in, c))
        return given_out (in, c);
    if (e->flags & (EFFECT_SHALLOW | EFFECT_DEEP) && on) {
        elements_of (in, on); /* made up now, so that both have them */
        return heap_copy (in->heap, on, in->site, (e->flags & EFFECT_DEEP) != 0);
    }
    if (e->parts)
        return parts_of_result (in, e->parts);
    int id = new_value (in);
    struct object *o = heap_get (in->heap, id);
    o->type = e->returns;
    o->iterator = (e->flags & EFFECT_ITERATOR) != 0;
    o->unpicklable = (e->flags & EFFECT_UNPICKLABLE) != 0;
    bool constructor = path && is_class_name (symbol_text (in->symbols, path))
                       && !library_knows (in->library, symbol_text (in->symbols, path));
    if (!o->type && path && is_class_name (symbol_text (in->symbols, path)))
        o->type = path;
    if (e->flags & EFFECT_RETURNS_HOLDER && e->flags & (EFFECT_CONSUMES | EFFECT_ITERATOR))
        heap_store (in->heap, id, 0, elements_of (in, c->all), false); /* list (x) holds x's elements, x it does not */
    else if (constructor || e->flags & EFFECT_RETURNS_HOLDER)
        heap_store (in->heap, id, 0, c->all, false);
    if (e->flags & EFFECT_GATHERS)
        heap_store (in->heap, id, 0, objects_gathered (in, set_union (in->arena, on, c->all), holds_objects (in, c), 0), false);
    if (e->flags & EFFECT_RETURNS_VIEW && on) {
        heap_get (in->heap, id)->view = true;
        heap_store (in->heap, id, 0, on, false);
        set_foreach (x, on)
            heap_store (in->heap, x, in->s_call, set_one (in->arena, id), false);
    }
    return set_one (in->arena, id);
}

static void
code_names (struct interpreter *in, const struct effect *e, symbol name)
{
    if (!name || !name_is_bound (in, name))
        return;
    name_read (in, name, NULL);
    if (e->flags & EFFECT_DYNAMIC)
        name_may_change (in, name);
}

/* exec ("x = y"), frame.query ("a > @limit"): any word of the text may be a name. Of code that isn't known all names may be
 * read, and bound. */
static void
read_code (struct interpreter *in, const struct effect *e, const struct call *c)
{
    const char *text = text_of (in, argument (in, c, 0));
    for (const char *p = text; p && *p;) {
        size_t n = 0;
        while (isalnum ((unsigned char) p[n]) || p[n] == '_' || (unsigned char) p[n] >= 0x80)
            n++;
        if (n && !isdigit ((unsigned char) *p))
            code_names (in, e, symbol_of (in->symbols, p, n));
        p += n ? n : 1;
    }
    bool all = !text && c->count && !(e->flags & EFFECT_RETURNS_HOLDER);
    for (size_t i = 0; all && i < in->globals.len; i++) {
        const struct set *value = in->globals.items[i].value;
        bool plain = *symbol_text (in->symbols, (symbol) i) != '%';
        set_foreach (id, value)
            plain = plain && heap_get (in->heap, id)->kind == OBJECT_VALUE && !heap_get (in->heap, id)->unpicklable;
        if (plain)
            code_names (in, e, (symbol) i);
    }
}

static const struct set *
call_library (struct interpreter *in, int callee, struct call *c)
{
    symbol path = heap_get (in->heap, callee)->type;
    const char *text = symbol_text (in->symbols, path);
    const struct effect *e = library_function (in->library, text);
    if (!(e->flags & (EFFECT_RETURNS_PLAIN | EFFECT_PURE_DECORATOR | EFFECT_SINGLETON)))
        in->effect = true;
    in->singleton |= (e->flags & EFFECT_SINGLETON) != 0;
    if (e->flags & EFFECT_SETUP)
        set_up (in, e->state);
    if (e->flags & EFFECT_DYNAMIC) {
        in->dynamic = true;
        vec_int_add_once (in->arena, &in->flow->dynamic_sites, in->site);
    }
    if (e->flags & EFFECT_EVALUATES)
        read_code (in, e, c);
    touch_files (in, e, argument (in, c, 0), c);
    touch_state (in, e);
    mutate_arguments (in, e, c);
    if (e->flags & EFFECT_MAKES_DECORATOR && !in->decorating)
        return set_one (in->arena, callee);
    if (e->flags & EFFECT_PURE_DECORATOR)
        return c->all;
    if (!(e->flags & EFFECT_MAPS) && !in->decorating)
        call_back (in, c->all);
    const struct set *known = text_of_call (in, text, c->positional, c->count);
    return known ? known : result_of (in, e, argument (in, c, 0), c, path);
}

static bool
is_drawing (const struct interpreter *in, const struct call *c)
{
    for (int i = 0; i < c->keywords; i++)
        if (library_keyword_draws (in->library, c->keyword[i].name))
            return true;
    return false;
}

static bool
is_statement (const struct interpreter *in, const struct call *c)
{
    return c->node && c->node == in->statement;
}

/* The table says; a method that it doesn't know, and whose result nobody gets, was called for what it does. */
static bool
changes_receiver (struct interpreter *in, int receiver, const struct effect *e, const struct call *c)
{
    if (keyword_is_true (in, c, in->s_inplace))
        return true;
    if (!heap_get (in->heap, receiver)->type && is_drawing (in, c))
        return false;
    if (e->flags & EFFECT_ACTS)
        return is_statement (in, c);
    return e->flags & EFFECT_KNOWN ? e->flags & EFFECT_MUTATES : is_statement (in, c) && !in->shown;
}

/* A method that no class of the notebook defines. */
static const struct set *
call_library_method (struct interpreter *in, int receiver, symbol name, struct call *c)
{
    const struct set *on = set_one (in->arena, receiver);
    const struct effect *e = library_method (in->library, heap_get (in->heap, receiver)->type, name);
    const char *text = heap_get (in->heap, receiver)->text;
    in->effect = true;
    if (text && (e->opens < 0 || (e->reads | e->writes) & FILE_OF_RECEIVER))
        touch_files (in, e, on, c);
    if (text)
        return text_of_method (in, text, symbol_text (in->symbols, name), c->positional, c->count);
    touch_files (in, e, on, c);
    if (e->flags & EFFECT_EVALUATES)
        read_code (in, e, c);
    if (e->flags & EFFECT_SETUP)
        set_up (in, e->state);
    if (changes_receiver (in, receiver, e, c))
        objects_change (in, on, e->flags & EFFECT_KNOWN ? (e->flags & EFFECT_MUTATES_DEEP) != 0 : true);
    if (e->flags & EFFECT_HOLDS)
        heap_store (in->heap, receiver, 0, c->all, false);
    mutate_arguments (in, e, c);
    call_back (in, c->all);
    call_held_functions (in, on);
    return result_of (in, e, on, c, 0);
}

static const struct set *
call_named_method (struct interpreter *in, const struct set *receivers, symbol name, struct call *c)
{
    const struct set *all = NULL;
    set_foreach (id, receivers) {
        const struct object *o = heap_get (in->heap, id);
        const struct set *known = NULL;
        if (o->kind == OBJECT_LIBRARY || o->kind == OBJECT_CLASS || o->class_object >= 0
            || heap_field (in->heap, id, name))
            known = attribute_of (in, set_one (in->arena, id), name);
        bool callable = false;
        set_foreach (k, known) {
            enum object_kind kind = heap_get (in->heap, k)->kind;
            callable |= kind != OBJECT_VALUE;
            if (kind != OBJECT_VALUE)
                all = set_union (in->arena, all, call_one (in, k, c));
        }
        if (!callable && o->kind != OBJECT_LIBRARY)
            all = set_union (in->arena, all, call_library_method (in, id, name, c));
    }
    if (!receivers)
        call_back (in, c->all);
    return all;
}

/* ---- dispatch --------------------------------------------------------------------------------------------------- */

/* An instance is called through __call__, or forward, as PyTorch's modules are. */
static const struct set *
call_instance (struct interpreter *in, int id, struct call *c)
{
    const struct set *self = set_one (in->arena, id), *all = NULL;
    const symbol tried[] = { in->s_call, in->s_forward };
    for (size_t i = 0; i < 2; i++) {
        const struct set *method = heap_get (in->heap, id)->class_object >= 0 ? attribute_of (in, self, tried[i]) : NULL;
        set_foreach (m, method)
            if (heap_get (in->heap, m)->kind == OBJECT_BOUND)
                return call_one (in, m, c);
    }
    call_held_functions (in, self);
    call_back (in, c->all);
    in->effect = true;
    all = set_one (in->arena, new_value (in));
    return all;
}

static const struct set *
call_one (struct interpreter *in, int callee, struct call *c)
{
    const struct object *o = heap_get (in->heap, callee);
    switch (o->kind) {
    case OBJECT_FUNCTION: return call_function (in, callee, c);
    case OBJECT_CLASS: return instantiate (in, callee, c);
    case OBJECT_LIBRARY: return call_library (in, callee, c);
    case OBJECT_BOUND: {
        struct call with_self = *c;
        int room = c->count < MAX_ARGUMENTS ? c->count : MAX_ARGUMENTS - 1;
        memmove (with_self.positional + 1, c->positional, (size_t) room * sizeof *c->positional);
        with_self.positional[0] = o->receiver;
        with_self.count = room + 1;
        with_self.all = set_union (in->arena, c->all, o->receiver);
        return call_function (in, o->class_object, &with_self);
    }
    case OBJECT_VALUE: return call_instance (in, callee, c);
    }
    return NULL;
}

const struct set *
call_value (struct interpreter *in, const struct set *callee, const struct set *const *arguments, int count)
{
    struct call c = { .count = count };
    const struct set *all = NULL;
    for (int i = 0; i < count && i < MAX_ARGUMENTS; i++) {
        c.positional[i] = arguments[i];
        c.all = set_union (in->arena, c.all, arguments[i]);
    }
    set_foreach (id, callee)
        all = set_union (in->arena, all, call_one (in, id, &c));
    return all;
}

const struct set *
evaluate_call (struct interpreter *in, const struct ast *n)
{
    struct call c = { .node = n };
    const struct ast *f = n->kids[0];
    if (f->kind == AST_ATTRIBUTE && f->nkids) {
        const struct set *receivers = evaluate (in, f->kids[0]);
        collect_arguments (in, n, &c);
        if (!receivers)
            in->effect = true;
        if (!receivers && keyword_is_true (in, &c, in->s_inplace))
            owner_changes (in, f->kids[0]);
        return call_named_method (in, receivers, f->name, &c);
    }
    const struct set *callee = evaluate (in, f), *all = NULL;
    collect_arguments (in, n, &c);
    set_foreach (id, callee)
        all = set_union (in->arena, all, call_one (in, id, &c));
    if (!callee) { /* who knows what: a new value that may keep its arguments */
        in->effect = true;
        call_back (in, c.all);
        all = set_one (in->arena, new_value (in));
    }
    return all;
}

/* What calls of libraries do, as the table of effects says. See call.h and library.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

#include "base/words.h"

#include <ctype.h>
#include <string.h>

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

/* What `out=` names, or stands at its place, is written to and is the result: numpy's and PyTorch's convention. */
static const struct set *
given_out (struct interpreter *in, const struct effect *e, const struct call *c)
{
    for (int k = 0; k < c->keywords; k++)
        if (c->keyword[k].name == in->s_out)
            return c->keyword[k].value;
    return e->out ? call_argument (c, e->out) : NULL;
}

/* print (…, file=f): by its own method, if the notebook wrote it. */
static void
change_argument (struct interpreter *in, const struct set *value)
{
    static const char *const methods[] = { "write", NULL };
    set_foreach (id, value)
        if (heap_get (in->heap, id)->kind == OBJECT_VALUE)
            call_methods (in, id, methods);
    objects_change (in, value, false);
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
    set_foreach (id, e->flags & EFFECT_CONSUMES ? c->rest : NULL)
        if (heap_get (in->heap, id)->iterator)
            objects_change (in, set_one (in->arena, id), false);
    for (int k = 0; k < c->keywords; k++)
        if (c->keyword[k].name == e->mutates_keyword
            || library_keyword (in->library, c->keyword[k].name)->flags & EFFECT_MUTATES)
            change_argument (in, c->keyword[k].value);
    objects_change (in, given_out (in, e, c), false);
}

/* rows.append (x) keeps x, rows.extend (xs) what is in xs; and d.update (xs, k=x) either. */
static void
hold (struct interpreter *in, int receiver, const struct effect *e, const struct set *values)
{
    heap_store (in->heap, receiver, 0, values, false);
    if (e->flags & EFFECT_CONSUMES)
        heap_store (in->heap, receiver, 0, elements_of (in, values), false);
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

/* Gone through it is somewhere else than before: an iterator, a stream in memory. */
static bool
has_place (const struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    return o->iterator || (o->type && strncmp (symbol_text (in->symbols, o->type), "io.", 3) == 0);
}

/* Iterators that the result goes through as it is itself gone through: islice (it, 3), csv.reader (stream). */
static void
note_sources (struct interpreter *in, int made, const struct set *arguments)
{
    set_foreach (id, arguments)
        if (id != made && has_place (in, id))
            heap_store (in->heap, made, in->s_source, set_one (in->arena, id), false);
}

static const struct set *
sequence_of (struct interpreter *in, const struct set *elements, const struct effect *e, const struct call *c)
{
    int id = new_value (in);
    struct object *o = heap_get (in->heap, id);
    o->iterator = o->unpicklable = (e->flags & EFFECT_ITERATOR) != 0;
    heap_store (in->heap, id, 0, elements, false);
    if (o->iterator)
        note_sources (in, id, c->all);
    if (o->iterator && heap_has_function (in->heap, c->all))
        suspended_arguments (in, id, c);
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
    return words_have (types, o->type ? symbol_text (in->symbols, o->type) : "");
}

/* What an array or table made of `s` keeps: instances of the notebook's classes, wherever they lie; if it `holds`
 * objects, whatever else is no sequence that it goes through itself. Numbers are copied. */
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

/* The iterator gives the elements of what it goes through. */
static void
read_through (struct interpreter *in, int id, const struct set *arguments)
{
    note_sources (in, id, arguments);
    heap_store (in->heap, id, 0, elements_of (in, arguments), false);
}

/* A tuple of values that belong together, as a figure and its axes do: what changes one changes all. `types` are their
 * classes' paths, with commas between. */
static const struct set *
parts_of_result (struct interpreter *in, const struct effect *e, const struct call *c)
{
    const char *types = e->parts;
    const struct set *parts[MAX_PLACES];
    int count = 0;
    for (const char *p = types; *p && count < MAX_PLACES; p += *p == ',') {
        size_t n = strcspn (p, ",");
        int id = new_value (in);
        heap_get (in->heap, id)->type = symbol_of (in->symbols, p, n);
        heap_get (in->heap, id)->iterator = (e->flags & EFFECT_ITERATOR) != 0;
        heap_get (in->heap, id)->unpicklable = (e->flags & EFFECT_UNPICKLABLE) != 0;
        if (e->flags & EFFECT_ITERATOR)
            read_through (in, id, c->all);
        parts[count++] = set_one (in->arena, id);
        p += n;
    }
    for (int i = 0; i < count; i++)
        for (int k = 0; k < count; k++)
            if (i != k)
                heap_store (in->heap, parts[i]->items[0], in->s_place[k], parts[k], true);
    return tuple_of (in, parts, count);
}

/* The values that have memory of their own to share: a list or dict is copied into an array or table. */
static const struct set *
arrays_among (struct interpreter *in, const struct set *s)
{
    static const char *const copied[] = { "list", "tuple", "dict", "collections.defaultdict", "set", NULL };
    const struct set *all = NULL;
    set_foreach (id, s) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind == OBJECT_VALUE && !o->text && !o->iterator && !is_of_type (in, o, copied))
            all = set_union (in->arena, all, set_one (in->arena, id));
    }
    return all;
}

static void
make_view (struct interpreter *in, int id, const struct set *of)
{
    if (!of)
        return;
    heap_get (in->heap, id)->view = true;
    heap_store (in->heap, id, 0, of, false);
    set_foreach (x, of)
        heap_store (in->heap, x, in->s_view, set_one (in->arena, id), false);
}

/* A copy, in which keywords name parts that are others: dataclasses.replace (point, x=3). */
static const struct set *
copy_with (struct interpreter *in, const struct effect *e, const struct set *on, const struct call *c)
{
    special_run (in, e->flags & EFFECT_DEEP ? heap_reach (in->heap, on) : on, SPECIAL_COPY, NULL);
    elements_of (in, on); /* made up now, so that both have them */
    const struct set *copies = heap_copy (in->heap, on, in->site, (e->flags & EFFECT_DEEP) != 0);
    set_foreach (id, copies)
        for (int k = 0; k < c->keywords; k++) {
            heap_store (in->heap, id, 0, c->keyword[k].value, false);
            heap_store (in->heap, id, c->keyword[k].name, c->keyword[k].value, false);
        }
    return copies;
}

static bool
is_table (const struct interpreter *in, symbol type)
{
    return type && strncmp (symbol_text (in->symbols, type), "pandas.", 7) == 0;
}

/* A table, or what is made of one, keeps the lists and the like that are in cells: `least` deep in what it is made
 * of. */
static void
keep_cells (struct interpreter *in, int made, const struct set *on, const struct call *c, bool method)
{
    symbol type = heap_get (in->heap, made)->type;
    bool of_table = false;
    set_foreach (id, on)
        of_table |= is_table (in, heap_get (in->heap, id)->type) || heap_field (in->heap, id, in->s_cells);
    if (!is_table (in, type) && !(method && of_table))
        return;
    bool column = type && strcmp (symbol_text (in->symbols, type), "pandas.Series") == 0;
    const struct set *cells = cells_among (in, c->all, column ? 1 : 2);
    if (method)
        cells = set_union (in->arena, cells, cells_among (in, on, 2));
    if (cells)
        heap_store (in->heap, made, in->s_cells, cells, false);
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
        return sequence_of (in, elements_given (in, e, on, c), e, c);
    if (given_out (in, e, c))
        return given_out (in, e, c);
    if (e->flags & (EFFECT_SHALLOW | EFFECT_DEEP) && on)
        return copy_with (in, e, on, c);
    if (e->parts)
        return parts_of_result (in, e, c);
    int id = new_value (in);
    struct object *o = heap_get (in->heap, id);
    o->type = e->returns;
    o->iterator = (e->flags & EFFECT_ITERATOR) != 0;
    o->unpicklable = (e->flags & EFFECT_UNPICKLABLE) != 0;
    bool constructor = path && is_class_name (symbol_text (in->symbols, path))
                       && !library_knows (in->library, symbol_text (in->symbols, path));
    if (!o->type && path && is_class_name (symbol_text (in->symbols, path)))
        o->type = path;
    if (path)
        chance_note (in, id, e, c);
    ending_note (in, id);
    outside_note (in, id, e, on, c);
    if (e->flags & EFFECT_RETURNS_HOLDER && e->flags & (EFFECT_CONSUMES | EFFECT_ITERATOR))
        heap_store (in->heap, id, 0, elements_of (in, c->all), false); /* list (x) holds x's elements, x it does not */
    else if (constructor || e->flags & EFFECT_RETURNS_HOLDER)
        heap_store (in->heap, id, 0, c->all, false);
    if (heap_get (in->heap, id)->iterator)
        note_sources (in, id, c->all);
    if (heap_get (in->heap, id)->iterator && heap_has_function (in->heap, c->all))
        suspended_arguments (in, id, c);
    keep_cells (in, id, on, c, !path);
    if (e->flags & EFFECT_GATHERS)
        heap_store (in->heap, id, 0, objects_gathered (in, set_union (in->arena, on, c->all), holds_objects (in, c), 0),
                    false);
    if (e->flags & EFFECT_RETURNS_VIEW)
        make_view (in, id, on);
    else if (e->shares)
        make_view (in, id, arrays_among (in, on));
    return set_one (in->arena, id);
}

static bool
is_of_loggers (const char *path)
{
    return strncmp (path, "logging.", 8) == 0;
}

static bool
is_statement (const struct interpreter *in, const struct call *c)
{
    return c->node && c->node == in->statement;
}

/* csv.register_dialect, calendar.setfirstweekday, logging.addLevelName; nltk.data.path.append. */
static bool
is_named_set_up (const char *path)
{
    static const char *const words[] = { "register", "unregister", "deregister", "reset", "add", "enable", "disable",
                                         "use", "install", "configure", NULL };
    static const char *const containers[] = { "append", "extend", "insert", "remove", "pop", "clear", "update",
                                              "setdefault", "discard", NULL };
    const char *dot = strrchr (path, '.'), *name = dot ? dot + 1 : path;
    if (!dot)
        return false;
    for (int i = 0; words[i]; i++) {
        size_t n = strlen (words[i]);
        if (strncmp (name, words[i], n) == 0 && (!name[n] || name[n] == '_' || isupper ((unsigned char) name[n])))
            return true;
    }
    return strncmp (name, "set", 3) == 0 || (strchr (path, '.') != dot && words_have (containers, name))
           || strcmp (path, "csv.field_size_limit") == 0;
}

/* A function of which no line says what it does, and whose result nobody gets: its name says that it sets up what its
 * module keeps. What it is given can be had in other steps too, where it is done again. */
static bool
is_set_up (struct interpreter *in, int callee, const struct effect *e, const struct call *c)
{
    const char *path = symbol_text (in->symbols, heap_get (in->heap, callee)->type);
    return is_statement (in, c) && in->depth == 0 && in->branches == 0 && in->loops == 0
           && !library_knows (in->library, path) && !e->process && !e->state && is_named_set_up (path)
           && !module_is_local (in, callee) && made_of_definitions (in, &in->flow->sites.items[in->site]);
}

static void
show (struct interpreter *in, const char *path)
{
    in->watch.acts = true;
    sink_fed (in, is_of_loggers (path) ? SINK_LOGGERS : SINK_STDOUT);
}

/* logging.basicConfig (filename="app.log"): the handler that it makes; or NULL. */
static const struct set *
log_file (struct interpreter *in, const struct call *c)
{
    for (int k = 0; k < c->keywords; k++) {
        if (strcmp (symbol_text (in->symbols, c->keyword[k].name), "filename") != 0)
            continue;
        const char *path = pattern_of (in, c->keyword[k].value);
        const struct open_file f = { path_in (in->arena, in->cwd, path ? path : PATH_UNKNOWN), true, new_value (in) };
        heap_get (in->heap, f.handle)->type = symbol_of_str (in->symbols, "logging.FileHandler");
        vec_push (in->arena, &in->open_files, f);
        return set_one (in->arena, f.handle);
    }
    return NULL;
}

static bool
is_given_sink (struct interpreter *in, const char *path, const struct call *c)
{
    const struct set *values = is_of_loggers (path) ? set_union (in->arena, c->all, log_file (in, c)) : NULL;
    return values && sink_set (in, SINK_LOGGERS, values);
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

/* exec ("x = y"), frame.query ("a > @limit"): any word of the text may be a name. Of code that isn't known all names
 * may be read, and bound. */
static void
read_code (struct interpreter *in, const struct effect *e, const struct call *c)
{
    const char *text = text_of (in, call_argument (c, 0));
    for (const char *p = text; p && *p;) {
        size_t n = 0;
        while (isalnum ((unsigned char) p[n]) || p[n] == '_' || (unsigned char) p[n] >= 0x80)
            n++;
        if (n && !isdigit ((unsigned char) *p))
            code_names (in, e, symbol_of (in->symbols, p, n));
        p += n ? n : 1;
    }
    if (!text && c->count && !(e->flags & EFFECT_RETURNS_HOLDER))
        namespace_read_all (in, (e->flags & EFFECT_DYNAMIC) != 0);
}

/* exec (code, names): what it reads and binds are items of `names`, unless these are the module's own namespace. */
static bool
is_elsewhere (struct interpreter *in, const struct call *c)
{
    for (int i = 1; c->code && i < c->count; i++)
        if (!namespace_is (in, c->literal[i]))
            return true;
    return false;
}

/* What a file holds may be instances of the notebook's classes, and needs them to be read. */
static void
read_classes (struct interpreter *in)
{
    for (size_t i = 0; i < in->globals.len; i++) {
        bool class = false;
        set_foreach (id, in->globals.items[i].value)
            class |= heap_get (in->heap, id)->kind == OBJECT_CLASS;
        if (class)
            name_read (in, (symbol) i, NULL);
    }
}

/* A keyword by which the call keeps a state of the process, whatever is called: display (x, display_id="progress").
 * What it gives is of that state too. NULL: there is none. */
static const struct set *
kept_by_keyword (struct interpreter *in, const struct call *c)
{
    for (int k = 0; k < c->keywords; k++) {
        const struct effect *e = library_keyword (in->library, c->keyword[k].name);
        if (e->process == PROCESS_NOT)
            continue;
        process_called (in, e, NULL, c, false);
        int id = new_value (in);
        heap_get (in->heap, id)->type = e->returns;
        return set_one (in->arena, id);
    }
    return NULL;
}

const struct set *
call_library (struct interpreter *in, int callee, struct call *c)
{
    symbol path = heap_get (in->heap, callee)->type;
    const char *text = symbol_text (in->symbols, path);
    const struct meaning *meaning = meaning_find (text, c);
    if (meaning)
        return meaning->run (in, c);
    const struct effect *e = library_function (in->library, text);
    module_method (in, text);
    bool anywhere = e->flags & EFFECT_SINGLETON || (e->connects && outside_address (in, e, c));
    if (!(e->flags & (EFFECT_RETURNS_PLAIN | EFFECT_PURE_DECORATOR)) && !anywhere)
        in->effect = true;
    in->singleton |= anywhere;
    if (e->shows)
        show (in, text);
    if (e->flags & EFFECT_SETUP && !is_given_sink (in, text, c))
        set_up (in, e->state);
    else if (is_set_up (in, callee, e, c))
        set_up (in, 0);
    const struct set *given;
    const char *code = c->code && !is_elsewhere (in, c) ? text_of (in, call_argument (c, 0)) : NULL;
    if (e->flags & EFFECT_DYNAMIC && !is_elsewhere (in, c))
        namespace_any (in);
    if (code && quoted_run (in, code, &given))
        return given;
    if (e->flags & EFFECT_EVALUATES && (!is_elsewhere (in, c) || namespace_is (in, c->literal[1])))
        read_code (in, e, c);
    if (e->unpickles)
        read_classes (in);
    outside_files (in, e, call_argument (c, 0), c);
    outside_named (in, text, c);
    outside_used (in, e, c->all);
    chance_of_function (in, e, c, is_class_name (text));
    mutate_arguments (in, e, c);
    if (e->flags & EFFECT_HOLDS && c->count > 1) /* heapq.heappush (heap, x) */
        set_foreach (id, c->positional[0])
            hold (in, id, e, c->positional[1]);
    if (e->caches && (in->decorating || heap_has_function (in->heap, c->all)))
        return cached_make (in, c->all, in->decorating);
    if (e->accessor)
        return accessor_named (in, call_argument (c, 0));
    if (e->flags & EFFECT_MAKES_DECORATOR && !in->decorating)
        return set_one (in->arena, callee);
    if (e->flags & EFFECT_PURE_DECORATOR)
        return c->all;
    long changes = in->changes;
    if (!(e->flags & EFFECT_MAPS) && !in->decorating)
        call_back (in, c->all);
    process_called (in, e, NULL, c, in->changes > changes);
    if (!in->decorating && !is_class_name (text))
        special_lend (in, text, c->all);
    const struct set *known = text_of_call (in, text, c->positional, c->count);
    if (known)
        return known;
    const struct set *kept = kept_by_keyword (in, c);
    given = kept ? kept : result_of (in, e, call_argument (c, 0), c, path);
    if (e->observes)
        observer_link (in, given, c->all);
    return given;
}

static bool
is_drawing (const struct interpreter *in, const struct call *c)
{
    for (int i = 0; i < c->keywords; i++)
        if (library_keyword (in->library, c->keyword[i].name)->flags & EFFECT_DRAWING)
            return true;
    return false;
}

/* The table says; a method that it doesn't know, and whose result nobody gets, was called for what it does. What stands
 * for something elsewhere stays what it is; a connection has a state of its own, and can't travel. */
static bool
changes_receiver (struct interpreter *in, int receiver, const struct effect *e, const struct call *c)
{
    if (heap_get (in->heap, receiver)->outside && !heap_get (in->heap, receiver)->unpicklable)
        return false;
    if (call_keyword_is_true (in, c, in->s_inplace))
        return true;
    if (!heap_get (in->heap, receiver)->type && is_drawing (in, c))
        return false;
    if (e->flags & EFFECT_ACTS)
        return is_statement (in, c);
    return e->flags & EFFECT_KNOWN ? e->flags & EFFECT_MUTATES : is_statement (in, c) && !in->shown;
}

/* The receiver changes, and may no longer have what it held. */
static void
change_receiver (struct interpreter *in, int receiver, const struct effect *e)
{
    bool known = e->flags & EFFECT_KNOWN;
    objects_change (in, set_one (in->arena, receiver), known ? (e->flags & EFFECT_MUTATES_DEEP) != 0 : true);
    if (!(e->flags & EFFECT_HOLDS))
        ending_of (in, heap_field (in->heap, receiver, 0), receiver, 0);
}

/* What stands in a table's cells, as a list: functions are called with these, table.apply (f). */
static const struct set *
cells_held (struct interpreter *in, const struct set *tables)
{
    const struct set *cells = NULL;
    set_foreach (id, tables)
        cells = set_union (in->arena, cells, heap_field (in->heap, id, in->s_cells));
    if (!cells)
        return NULL;
    int list = new_value (in);
    heap_store (in->heap, list, 0, cells, true);
    return set_one (in->arena, list);
}

/* get_ipython ().run_line_magic ("env", "A=1"), as notebooks have it that were scripts in between. */
static void
call_magic (struct interpreter *in, const char *class, symbol method, const struct call *c)
{
    const char *name = text_of (in, call_argument (c, 0)), *arguments = text_of (in, call_argument (c, 1));
    if (strcmp (class, "IPython.InteractiveShell") == 0 && name
        && strcmp (symbol_text (in->symbols, method), "run_line_magic") == 0)
        magic_called (in, name, arguments ? arguments : "");
}

/* A method that no class of the notebook defines. */
const struct set *
call_library_method (struct interpreter *in, int receiver, symbol name, struct call *c)
{
    const struct set *on = set_one (in->arena, receiver);
    const struct effect *e = library_method (in->library, heap_get (in->heap, receiver)->type, name);
    const char *text = heap_get (in->heap, receiver)->text;
    in->effect = true;
    const char *class = heap_get (in->heap, receiver)->type
        ? symbol_text (in->symbols, heap_get (in->heap, receiver)->type) : "";
    if (e->shows)
        show (in, class);
    call_magic (in, class, name, c);
    if (text && (e->opens < 0 || (e->reads | e->writes) & FILE_OF_RECEIVER))
        outside_files (in, e, on, c);
    if (text)
        return text_of_method (in, text, symbol_text (in->symbols, name), c->positional, c->count);
    outside_files (in, e, on, c);
    if (!(e->flags & EFFECT_KNOWN))
        outside_named (in, symbol_text (in->symbols, name), c);
    if (strcmp (symbol_text (in->symbols, name), "close") == 0)
        file_closed (in, on);
    outside_used (in, e, on);
    outside_used (in, e, c->all);
    if (e->flags & EFFECT_EVALUATES)
        read_code (in, e, c);
    if (e->flags & EFFECT_SETUP && !is_given_sink (in, class, c))
        set_up (in, e->state);
    if (changes_receiver (in, receiver, e, c))
        change_receiver (in, receiver, e);
    if (e->flags & EFFECT_HOLDS)
        hold (in, receiver, e, c->all);
    if (e->observes)
        observer_add (in, on, c->all);
    chance_of_method (in, receiver, name, e, c);
    mutate_arguments (in, e, c);
    long changes = in->changes;
    call_back (in, set_union (in->arena, c->all, heap_has_function (in->heap, c->all) ? cells_held (in, on) : NULL));
    call_held_functions (in, on);
    if (e->process == PROCESS_HANDLED || e->process == PROCESS_ENDS)
        call_back (in, heap_field (in->heap, receiver, 0)); /* Timer (1, rows.append), stack.callback (rows.append) */
    process_called (in, e, on, c, in->changes > changes);
    special_lend_receiver (in, receiver, c->all);
    const struct set *given = result_of (in, e, on, c, 0);
    set_foreach (id, e->of_receiver ? given : NULL)
        heap_store (in->heap, id, in->s_receiver, on, false);
    return given;
}

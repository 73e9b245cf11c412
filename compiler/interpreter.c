/* The walk over the whole program: each top-level statement is a site. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include "compiler/builtins.h"
#include "compiler/learned.h"

#include "base/fs.h"

#include <ctype.h>
#include <string.h>

/* ---- files ------------------------------------------------------------------------------------------------------ */

/* Names through which the open file can be had. */
static void
read_handle (struct interpreter *in, int handle)
{
    struct vec_int holders = { 0 };
    heap_holders (in->heap, handle, &holders);
    heap_get (in->heap, handle)->ends = in->flow->ends = true;
    vec_foreach (h, &holders) {
        const struct object *o = heap_get (in->heap, *h);
        for (size_t i = 0; i < o->names.len; i++)
            if (set_has (in->globals.items[o->names.items[i]].value, *h))
                name_read (in, o->names.items[i], NULL);
    }
}

/* What stands in a file that somebody has open to write is known to that process alone, and changes as long as it is
 * open: who reads it by its name, or writes what another reads, is one with who has it open. */
static void
use_open_files (struct interpreter *in, enum file_use use, const char *path)
{
    for (size_t i = 0; i < in->open_files.len; i++) {
        const struct open_file f = in->open_files.items[i];
        bool reads = use == FILE_READ || use == FILE_NAMED;
        if (f.handle < 0 || heap_get (in->heap, f.handle)->made_at == in->site || (reads && !f.writes))
            continue;
        if (heap_get (in->heap, f.handle)->memory && !f.writes && use != FILE_SHELL && !path_is_exact (path))
            continue; /* who loads by a map doesn't write what it loads, unless we are told */
        if (use == FILE_SHELL ? !strstr (path, fs_basename (f.path)) : !path_may_meet (path, f.path))
            continue;
        if (!sink_is_log (in, f.handle))
            read_handle (in, f.handle);
        else if (strcmp (path, PATH_UNKNOWN) != 0) /* who reads nobody knows what doesn't look at logs */
            sink_log_read (in);
    }
}

void
file_closed (struct interpreter *in, const struct set *values)
{
    vec_foreach (f, &in->open_files)
        if (f->handle >= 0 && (set_has (values, f->handle) || set_has (elements_of (in, values), f->handle)))
            f->handle = -1;
}

/* A relative path counts from the folder of the notebook whose cell runs; events count from the main one's. */
void
file_used (struct interpreter *in, enum file_use use, const char *path)
{
    const struct site *s = &in->flow->sites.items[in->site];
    const struct notebook *nb = in->program->units.items[s->unit].cell->notebook;
    if (use != FILE_SHELL && *path) {
        path = path_in (in->arena, in->cwd, path);
        path = nb->folder ? path_in (in->arena, nb->folder, path) : path;
    }
    struct file_event f = { in->site, use, arena_strdup (in->arena, path) };
    vec_push (in->arena, &in->flow->files, f);
    in->opened = (struct open_file){ f.path, use == FILE_WRITE, -1 };
    use_open_files (in, use, path);
}

/* A folder that the notebook makes itself has to be there first. */
/* Whether this may have made the folder: a command, if it names it. */
static bool
may_make (const struct file_event *f, const char *folder)
{
    if (f->use == FILE_SHELL)
        return strstr (f->path, folder) != NULL;
    return f->use == FILE_WRITE && path_may_meet (f->path, folder);
}

void
folder_changed (struct interpreter *in, const char *path)
{
    const char *to = path_in (in->arena, in->cwd, path ? path : PATH_UNKNOWN);
    for (size_t i = in->flow->files.len; i-- > 0;)
        if (may_make (&in->flow->files.items[i], to)) {
            file_used (in, FILE_READ, path ? path : PATH_UNKNOWN);
            break;
        }
    const char *cwd = path_in (in->arena, in->cwd, path ? path : PATH_UNKNOWN);
    in->cwd = strcmp (cwd, ".") == 0 ? "" : cwd;
}

/* ---- sites ------------------------------------------------------------------------------------------------------ */

static bool
is_literal (const struct ast *n)
{
    if (n->kind == AST_CONSTANT || n->kind == AST_STRING)
        return true;
    if (n->kind != AST_TUPLE && n->kind != AST_LIST && n->kind != AST_DICT && n->kind != AST_SET
        && n->kind != AST_OPERATION)
        return false;
    ast_foreach (kid, n)
        if (*kid && !is_literal (*kid))
            return false;
    return true;
}

static bool
is_constant (const struct ast *n)
{
    if (n->kind == AST_ANNOTATE)
        return n->kids[2] && is_literal (n->kids[2]);
    return n->kind == AST_ASSIGN && is_literal (n->kids[n->nkids - 1]);
}

/* What may have [] behind it to name a type: List, Dict, list, np.ndarray. os.environ["MODE"] is a value, which another
 * step's settings would make another. */
static bool
is_generic (const struct interpreter *in, const struct ast *n)
{
    const char *name = n->kind == AST_NAME || n->kind == AST_ATTRIBUTE ? symbol_text (in->symbols, n->name) : "";
    return isupper ((unsigned char) *name) || (n->kind == AST_NAME && builtins_has (name))
        || strcmp (name, "ndarray") == 0;
}

/* Made of nothing but modules, what is in them, classes, and other such names. */
static bool
is_library_value (const struct interpreter *in, const struct ast *n)
{
    if (n->kind == AST_CONSTANT || n->kind == AST_STRING)
        return true;
    if (n->kind == AST_NAME) {
        const struct binding *b = (size_t) n->name < in->globals.len ? &in->globals.items[n->name] : NULL;
        if (!b || !b->writes)
            return builtins_has (symbol_text (in->symbols, n->name));
        int site = b->writes->items[b->writes->len - 1].site;
        enum site_kind kind = in->flow->sites.items[site].kind;
        return site != in->site && b->writes->len == 1 && (kind == SITE_IMPORT || kind == SITE_DEFINITION);
    }
    if (n->kind != AST_ATTRIBUTE && n->kind != AST_SUBSCRIPT && n->kind != AST_TUPLE && n->kind != AST_LIST
        && n->kind != AST_OPERATION)
        return false;
    if (n->kind == AST_SUBSCRIPT && !is_generic (in, n->kids[0]))
        return false;
    ast_foreach (kid, n)
        if (!*kid || !is_library_value (in, *kid))
            return false;
    return true;
}

/* Whether the name is that of a library's function which is known: it is the same everywhere. */
static bool
is_known_function (const struct interpreter *in, symbol name)
{
    const struct set *value = (size_t) name < in->globals.len ? in->globals.items[name].value : NULL;
    set_foreach (id, value) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind != OBJECT_LIBRARY || !o->type || !library_knows (in->library, symbol_text (in->symbols, o->type)))
            return false;
    }
    return value != NULL;
}

/* Word = str, Grid = Dict[Square, Word]: a name for a type, repeated wherever it is needed as definitions are. Where
 * libraries have state that travels (n = pd.options.display.width) other things than functions may be something else
 * elsewhere. */
static bool
is_alias (struct interpreter *in, const struct ast *n)
{
    const struct ast *value = n->kind == AST_ASSIGN && n->nkids == 2 ? n->kids[1] : NULL;
    return value && n->kids[0]->kind == AST_NAME && !process_is_seen (in)
           && (!in->ambient.len || is_known_function (in, n->kids[0]->name))
           && (value->kind == AST_NAME || value->kind == AST_ATTRIBUTE || value->kind == AST_SUBSCRIPT)
           && is_library_value (in, value);
}

void
set_up (struct interpreter *in, symbol state)
{
    in->setup = true;
    if (state)
        vec_int_add_once (in->arena, &in->states, state);
}

/* Set-up is repeated in every later step; unless the statement does more than that, depends on what a step made, or
 * comes after one that could not be repeated. Then the state travels like a value. */
static bool
sets_up_itself (const struct interpreter *in)
{
    if (in->flow->changes.len > in->first_change || in->flow->files.len > in->first_file)
        return true;
    vec_foreach (state, &in->states)
        if (vec_int_has (&in->ambient, *state))
            return true;
    return in->states.len && in->working && in->working[in->site];
}

/* Whether a site's unit has nothing in it but definitions, so far. */
static bool
only_defines (const struct interpreter *in, int site)
{
    int unit = in->flow->sites.items[site].unit;
    for (size_t i = in->flow->sites.len; i-- > 0;) {
        const struct site *s = &in->flow->sites.items[i];
        if (s->unit == unit && (int) i != in->site && s->kind == SITE_PLAIN)
            return false;
    }
    return true;
}

/* What is made of a value that a step works out (`def f (x=rows)`, `if len (rows) > 3: …`) can't be repeated ahead of
 * any step: of that one, for instance. */
bool
made_of_definitions (const struct interpreter *in, const struct site *s)
{
    for (size_t i = s->first_event; i < in->flow->events.len; i++) {
        const struct writes *w = in->flow->events.items[i].writes;
        for (int k = 0; w && k < w->len; k++) {
            int site = w->items[k].site;
            enum site_kind kind = in->flow->sites.items[site].kind;
            if (site != in->site && kind != SITE_IMPORT && kind != SITE_DEFINITION
                && !(kind == SITE_CONSTANT && only_defines (in, site)))
                return false;
        }
    }
    return true;
}

static enum site_kind
kind_of (struct interpreter *in, const struct site *s)
{
    const struct ast *n = s->statement;
    if (!n)
        return in->setup && !in->effect && !sets_up_itself (in) ? SITE_SETUP : SITE_PLAIN;
    if (n->kind == AST_IMPORT_FROM && strcmp (symbol_text (in->symbols, n->name), "__future__") == 0)
        return SITE_SETUP; /* holds for all cells behind it */
    if (n->kind == AST_IMPORT || n->kind == AST_IMPORT_FROM) /* of what a step writes it can't be repeated anywhere */
        return in->flow->files.len > in->first_file ? SITE_PLAIN : SITE_IMPORT;
    if (in->setup && s->binds.len == 0 && !sets_up_itself (in))
        return SITE_SETUP;
    if (in->effect || in->states.len)
        return SITE_PLAIN;
    bool singleton = in->singleton && n->kind == AST_ASSIGN && n->nkids == 2 && n->kids[0]->kind == AST_NAME;
    if (n->kind == AST_FUNCTION || n->kind == AST_CLASS || singleton || is_alias (in, n)
        || ((n->kind == AST_TRY || n->kind == AST_IF) && s->binds.len))
        return made_of_definitions (in, s) ? SITE_DEFINITION : SITE_PLAIN;
    return is_constant (n) ? SITE_CONSTANT : SITE_PLAIN;
}

static void
begin_site (struct interpreter *in, int unit, const struct ast *statement)
{
    struct site s = { .unit = unit, .statement = statement, .first_event = in->flow->events.len };
    vec_push (in->arena, &in->flow->sites, s);
    in->site = (int) in->flow->sites.len - 1;
    in->effect = in->setup = in->singleton = false;
    in->states.len = in->skimmed.len = in->lent.len = in->resumed.len = 0;
    in->passed_by = 0;
    in->heap->mark = (int) in->heap->objects.len;
    in->first_change = in->flow->changes.len;
    in->first_file = in->flow->files.len;
}

/* What runs may depend on state that earlier steps set up, whether it names it or not. */
static void
use_ambient (struct interpreter *in)
{
    for (size_t i = 0; i < in->ambient.len && !in->ambient_read; i++)
        if (name_is_bound (in, in->ambient.items[i]))
            name_read (in, in->ambient.items[i], NULL);
    in->ambient_read = true;
    if (in->setup)
        vec_foreach (state, &in->states) {
            vec_int_add_once (in->arena, &in->ambient, *state);
            name_bind (in, *state, NULL);
        }
}

static void
end_site (struct interpreter *in)
{
    struct site *s = &in->flow->sites.items[in->site];
    s->effect = in->effect;
    s->kind = kind_of (in, s);
    if ((s->kind == SITE_CONSTANT || s->kind == SITE_IMPORT) && process_is_seen (in))
        s->kind = SITE_PLAIN; /* a line that is traced, a cell at whose end a function is called, a module that is
                                 found */
    if (s->kind == SITE_PLAIN) {
        use_ambient (in);
        process_seen (in);
    }
    in->flow->sites.items[in->site].last_event = in->flow->events.len;
}

static size_t
read_shell_name (struct interpreter *in, const char *name)
{
    size_t n = 0;
    while (isalnum ((unsigned char) name[n]) || name[n] == '_')
        n++;
    symbol s = n && !isdigit ((unsigned char) *name) ? symbol_of (in->symbols, name, n) : 0;
    if (s && name_is_bound (in, s))
        name_read (in, s, NULL);
    return n;
}

/* `!cmd {expression}` and `$name` read names that are bound; `{{` and `$$` stand for the signs themselves. As IPython's
 * DollarFormatter does. */
static void
read_shell_names (struct interpreter *in, const char *text)
{
    bool braces = false;
    for (const char *p = text; *p; p++) {
        bool doubled = p[0] == p[1];
        if (braces && (isalpha ((unsigned char) *p) || *p == '_'))
            p += read_shell_name (in, p) - 1;
        else if ((*p == '{' || *p == '$') && doubled)
            p++;
        else if (*p == '{' || *p == '}')
            braces = *p == '{';
        else if (*p == '$')
            p += read_shell_name (in, p + 1);
    }
}

static void
run_magic (struct interpreter *in, const struct magic *m)
{
    static const char harmless[] = "matplotlib config load_ext reload_ext autoreload precision pylab xmode cd env "
                                   "set_env tensorflow_version";
    if (!m->transparent) /* what stands behind %time is code: `{n: f (n)}` is a dict there */
        read_shell_names (in, m->arguments);
    struct vec_str packages = { 0 };
    if (m->kind == MAGIC_LINE && is_word_of (m->name, harmless)) {
        bool folder = strcmp (m->name, "cd") == 0, environ = is_word_of (m->name, "env set_env");
        if (folder)
            folder_changed (in, *m->arguments ? m->arguments : NULL);
        set_up (in, folder || environ ? symbol_of_str (in->symbols, folder ? "%cwd" : "%environ") : 0);
        return;
    }
    if (m->transparent || m->kind == MAGIC_HELP || magic_requirements (in->arena, m, &packages))
        return;
    in->effect = true;
    if (m->kind == MAGIC_LINE && strcmp (m->name, "run") == 0) {
        in->dynamic = true;
        vec_int_add_once (in->arena, &in->flow->dynamic_sites, in->site);
        const char *script = m->arguments + strspn (m->arguments, " ");
        if (*script && *script != '-')
            file_used (in, FILE_READ, arena_strndup (in->arena, script, strcspn (script, " ")));
    }
    bool writes = m->kind == MAGIC_CELL && (strcmp (m->name, "writefile") == 0 || strcmp (m->name, "file") == 0);
    const char *path = writes ? m->arguments + (strncmp (m->arguments, "-a ", 3) == 0 ? 3 : 0) : m->arguments;
    bool shell = m->kind == MAGIC_SHELL || is_word_of (m->name, "bash sh script sx system ls mkdir rm cp mv cat");
    if (m->kind == MAGIC_CELL && shell)
        path = m->body;
    if ((writes || shell) && strcmp (path, "true") != 0)
        file_used (in, writes ? FILE_WRITE : FILE_SHELL, path);
}

void
magic_called (struct interpreter *in, const char *name, const char *arguments)
{
    const struct magic m = { .kind = MAGIC_LINE, .name = name, .arguments = arguments };
    run_magic (in, &m);
}

static int
line_of (const char *text, uint32_t offset)
{
    int line = 1;
    for (uint32_t i = 0; i < offset && text[i]; i++)
        line += text[i] == '\n';
    return line;
}

/* ---- what earlier runs observed (learned.h) ---------------------------------------------------------------------- */

/* The class as the table has it: what "pandas.core.frame.DataFrame" is called there is "pandas.DataFrame". */
static symbol
class_in_table (struct interpreter *in, const char *type)
{
    const char *last = strrchr (type, '.');
    if (!last)
        return symbol_of_str (in->symbols, type);
    const char *shorter = arena_printf (in->arena, "%.*s%s", (int) strcspn (type, "."), type, last);
    bool known = library_knows (in->library, arena_printf (in->arena, "%s.*", shorter));
    return symbol_of_str (in->symbols, known ? shorter : type);
}

/* Only where the text says nothing of it. */
static void
learn_type (struct interpreter *in, symbol name, const char *type)
{
    const struct set *value = (size_t) name < in->globals.len ? in->globals.items[name].value : NULL;
    struct object *o = value && value->len == 1 ? heap_get (in->heap, value->items[0]) : NULL;
    if (o && o->kind == OBJECT_VALUE && !o->type && !o->text && o->class_object < 0)
        o->type = class_in_table (in, type);
}

static symbol
bound_name (struct interpreter *in, const json_t *name)
{
    symbol s = json_is_string (name) ? symbol_of_str (in->symbols, json_string_value (name)) : 0;
    return s && name_is_bound (in, s) ? s : 0;
}

/* At the end of the unit's last statement, which is taken to do it. */
static void
learn (struct interpreter *in)
{
    const json_t *facts = learned_find (in->program->learned, in->digests[in->unit].hex), *entry;
    size_t i;
    json_array_foreach (json_object_get (facts, "changed"), i, entry)
        if (json_is_string (entry) && module_change_named (in, json_string_value (entry)))
            continue;
        else if (bound_name (in, entry))
            objects_change (in, name_read (in, bound_name (in, entry), NULL), true);
    json_array_foreach (json_object_get (facts, "unserializable"), i, entry)
        if (bound_name (in, entry))
            set_foreach (id, in->globals.items[bound_name (in, entry)].value)
                heap_get (in->heap, id)->unpicklable = true;
    const char *name;
    json_t *about;
    json_object_foreach (json_object_get (facts, "values"), name, about) {
        const char *type = json_string_value (json_object_get (about, "type"));
        if (type && *type)
            learn_type (in, symbol_of_str (in->symbols, name), type);
    }
}

/* In nodes, and objects that were looked at meanwhile. */
static long
work_done (const struct interpreter *in)
{
    return in->nodes + in->heap->walked / 16;
}

long
interpreter_stack (const struct interpreter *in)
{
    return in->stack - (const char *) __builtin_frame_address (0);
}

bool
interpreter_has_room (const struct interpreter *in)
{
    return work_done (in) < in->enough && (int) in->heap->objects.len <= in->room
           && interpreter_stack (in) < MAX_STACK;
}

/* Each statement has some, whatever those before it have used up. */
static void
renew_room (struct interpreter *in)
{
    long enough = work_done (in) + 20000;
    int room = (int) in->heap->objects.len + 1000;
    in->enough = in->enough < enough ? enough : in->enough;
    in->room = in->room < room ? room : in->room;
}

static void
run_unit (struct interpreter *in, int unit)
{
    const struct unit *u = &in->program->units.items[unit];
    size_t next = 0;
    in->unit = unit;
    in->text = u->text->code;
    in->ambient_read = false;
    if (u->tree->nkids == 0 && u->text->magics.len) {
        begin_site (in, unit, NULL);
        vec_foreach (m, &u->text->magics)
            run_magic (in, m);
        end_site (in);
        return;
    }
    ast_foreach (statement, u->tree) {
        begin_site (in, unit, *statement);
        renew_room (in);
        int last = next < u->text->magics.len ? line_of (u->text->code, (*statement)->end) : 0;
        for (; next < u->text->magics.len && u->text->magics.items[next].line <= last; next++)
            run_magic (in, &u->text->magics.items[next]);
        run_statement (in, *statement);
        if (in->digests && *statement == u->tree->kids[u->tree->nkids - 1])
            learn (in);
        end_site (in);
    }
}

static struct flow *
walk (struct program *program, const bool *working, struct stateful *stateful)
{
    struct arena *a = program->arena;
    struct flow *flow = arena_new (a, struct flow);
    flow->program = program;
    flow->heap = arena_new (a, struct heap);
    flow->heap->arena = a;
    struct symbols *s = program->symbols;
    struct interpreter in = { .arena = a, .symbols = s, .program = program, .flow = flow, .heap = flow->heap,
                              .working = working, .stateful = stateful, .cwd = "" };
    in.library = library_create (a, s);
    flow->wrong_effect = library_add (in.library, program->effects);
    in.digests = program->learned ? learned_digests (program) : NULL;
    in.deep = in.digests && learned_deep (program->learned, program, in.digests);
    in.stack = __builtin_frame_address (0);
    in.enough = 3000000; /* a second or two; of 1,020 real notebooks none needs more */
    in.room = 160000;    /* 150 MB; two make more */
    in.s_cache = symbol_of_str (s, "[cache]");
    in.s_cells = symbol_of_str (s, "[cells]");
    in.s_receiver = symbol_of_str (s, "[receiver]");
    in.s_receiver_part = symbol_of_str (s, "[receiver's part]");
    in.s_source = symbol_of_str (s, "[source]");
    in.s_post_init = symbol_of_str (s, "__post_init__");
    in.s_self = symbol_of_str (s, "[self]");
    in.s_told = symbol_of_str (s, "[told]");
    in.s_view = symbol_of_str (s, "[view]");
    in.s_setattr = symbol_of_str (s, "__setattr__");
    in.s_class = symbol_of_str (s, "__class__");
    in.s_dict = symbol_of_str (s, "__dict__");
    in.s_new = symbol_of_str (s, "__new__");
    in.s_init = symbol_of_str (s, "__init__");
    in.s_call = symbol_of_str (s, "__call__");
    in.s_forward = symbol_of_str (s, "forward");
    in.s_shared = symbol_of_str (s, "[shared]");
    in.s_bases = symbol_of_str (s, "__bases__");
    in.s_metaclass = symbol_of_str (s, "[metaclass]");
    in.s_inplace = symbol_of_str (s, "inplace");
    in.s_out = symbol_of_str (s, "out");
    in.s_mode = symbol_of_str (s, "mode");
    vec_foreach (state, &stateful->traces)
        vec_push (a, &in.ambient, *state);
    for (int i = 0; i < MAX_PLACES; i++)
        in.s_place[i] = symbol_of_str (s, arena_printf (a, "[%d]", i));
    for (size_t i = 0; i < program->units.len; i++)
        run_unit (&in, (int) i);
    flow_settle_kept (flow);
    flow_settle_keepers (flow);
    return flow;
}

/* Whether every step can have what the site reads without waiting for another: definitions, parameters, and constants
 * that belong to no step, as long as they keep their first value. */
static bool
is_repeatable (const struct flow *flow, const struct site *s, const int *changes)
{
    for (size_t i = s->first_event; i < s->last_event; i++) {
        const struct event *e = &flow->events.items[i];
        for (int k = 0; e->writes && k < e->writes->len; k++) {
            const struct site *w = &flow->sites.items[e->writes->items[k].site];
            enum cell_role role = flow->program->units.items[w->unit].tags.role;
            bool shared = role == ROLE_PARAMETERS || role == ROLE_IMPORTS || role == ROLE_FUNCTIONS;
            bool once = changes[e->name] == 1 && shared && (w->kind == SITE_CONSTANT || role == ROLE_PARAMETERS);
            if (w->kind != SITE_IMPORT && w->kind != SITE_DEFINITION && !once)
                return false;
        }
    }
    return true;
}

/* Marks the set-up that can't be repeated, in `working` by site. Whether there is any that wasn't marked. */
static bool
note_working (const struct program *program, const struct flow *flow, bool *working)
{
    int *changes = arena_alloc (program->arena, (size_t) (symbols_count (program->symbols) + 1) * sizeof *changes);
    bool more = false;
    vec_foreach (c, &flow->changes)
        changes[c->name]++;
    for (size_t i = 0; i < flow->sites.len; i++) {
        const struct site *s = &flow->sites.items[i];
        if (s->kind == SITE_SETUP && !working[i] && !is_repeatable (flow, s, changes))
            more = working[i] = true;
    }
    return more;
}

/* Set-up that can't be repeated makes a library's state travel, and what is made of that can't be repeated in turn. */
struct flow *
interpreter_run (struct program *program)
{
    struct stateful stateful = { 0 };
    struct flow *flow = walk (program, NULL, &stateful);
    bool *working = arena_alloc (program->arena, flow->sites.len + 1);
    for (int round = 0; round < 3 && (note_working (program, flow, working) || stateful.more); round++) {
        stateful.more = false;
        flow = walk (program, working, &stateful);
    }
    return flow;
}

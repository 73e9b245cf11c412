/* What local modules keep: a module beside the notebook, or one that a cell writes, may have lists and settings of its
 * own, which cells change (`mod.rows.append (1)`, `mod.limit = 5`). Steps import modules anew, so that is hidden
 * library state, "%module.NAME" of the module or package at the top, which the harness hands on
 * (templates/step/modules.py). What functions of the module change there no text of the notebook shows; runs see it,
 * and tell the next compile. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include "base/fs.h"

#include <string.h>

static const char prefix[] = "%module.";

/* A cell writes it, or it lies beside the notebook whose cell runs. */
static bool
is_local (struct interpreter *in, const char *top)
{
    const struct notebook *nb = in->program->notebook;
    const char *file = arena_printf (in->arena, "%s.py", top);
    vec_foreach (f, &in->flow->files)
        if (f->use == FILE_WRITE && strcmp (f->path, file) == 0)
            return true;
    const char *folder = nb->dir ? fs_join (in->arena, nb->dir, top) : NULL;
    return folder && (fs_exists (fs_join (in->arena, nb->dir, file))
                      || (fs_is_dir (folder) && fs_exists (fs_join (in->arena, folder, "__init__.py"))));
}

enum { UNKNOWN, FOREIGN }; /* else the symbol of the state */

static symbol
state_of_top (struct interpreter *in, const char *top)
{
    symbol s = symbol_of_str (in->symbols, top);
    while (in->module_states.len <= (size_t) s)
        vec_push (in->arena, &in->module_states, UNKNOWN);
    int *state = &in->module_states.items[s];
    if (*state == UNKNOWN)
        *state = is_local (in, top) ? symbol_of_str (in->symbols, arena_printf (in->arena, "%s%s", prefix, top))
                                    : FOREIGN;
    return *state == FOREIGN ? 0 : *state;
}

/* The state of the module that a library object is, or lies in; 0 if that is no local one. */
static symbol
state_of (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    if (o->kind != OBJECT_LIBRARY || !o->type)
        return 0;
    const char *path = symbol_text (in->symbols, o->type);
    return state_of_top (in, arena_strndup (in->arena, path, strcspn (path, ".")));
}

bool
module_is_local (struct interpreter *in, int id)
{
    return state_of (in, id) != 0;
}

/* Names of what is in the module: `from st import rows`. */
static void
change_imported (struct interpreter *in, const char *top)
{
    size_t n = strlen (top);
    for (size_t i = 0; i < in->library_objects.len; i++) {
        int id = in->library_objects.items[i] - 1;
        const char *path = id >= 0 ? symbol_text (in->symbols, (symbol) i) : "";
        if (strncmp (path, top, n) == 0 && path[n] == '.')
            names_change (in, id);
    }
}

static void
change_state (struct interpreter *in, symbol state)
{
    in->effect = in->watch.acts = in->modules_changed = true;
    if (name_is_bound (in, state))
        objects_change (in, name_read (in, state, NULL), false);
    else
        name_bind (in, state, set_one (in->arena, new_value (in)));
    change_imported (in, symbol_text (in->symbols, state) + sizeof prefix - 1);
}

bool
module_change (struct interpreter *in, int id)
{
    symbol state = state_of (in, id);
    if (state)
        change_state (in, state);
    return state != 0;
}

bool
module_change_named (struct interpreter *in, const char *name)
{
    if (strncmp (name, prefix, sizeof prefix - 1) != 0)
        return false;
    const char *top = name + sizeof prefix - 1;
    symbol state = symbol_of_str (in->symbols, name);
    if (!state_of_top (in, top)) /* it lies elsewhere, but was seen to be the notebook's */
        in->module_states.items[symbol_of_str (in->symbols, top)] = state;
    change_state (in, state);
    return true;
}

/* ---- modules that cells write ------------------------------------------------------------------------------------ */

/* The last text that a cell above wrote there (%%writefile kept.py); NULL: none is seen. */
static const char *
written_text (struct interpreter *in, const char *path)
{
    for (int i = in->unit; i >= 0; i--)
        vec_foreach (m, &in->program->units.items[i].text->magics)
            if (m->kind == MAGIC_CELL && m->body && strcmp (m->arguments, path) == 0)
                return m->body;
    return NULL;
}

static void use (struct interpreter *in, const char *module, int depth);

/* `import a, b.c as d`, `from a import b`: wherever a line begins so; one that is no code costs no more than an
 * order. */
static void
use_imports (struct interpreter *in, const char *text, int depth)
{
    for (const char *p = text; *p; p += strcspn (p, "\n"), p += *p == '\n') {
        const char *word = p + strspn (p, " \t");
        bool from = strncmp (word, "from ", 5) == 0;
        if (!from && strncmp (word, "import ", 7) != 0)
            continue;
        const char *end = word + strcspn (word, "\n#;");
        for (word += from ? 5 : 7; word < end; word += strcspn (word, ",\n"), word += *word == ',') {
            word += strspn (word, " \t");
            use (in, arena_strndup (in->arena, word, strcspn (word, " \t\r\n,#;")), depth + 1);
            if (from)
                break;
        }
    }
}

/* A module that travels as a value takes its state along, so that values of the notebook stay one with those in it. */
static void
use_written (struct interpreter *in, const char *top, const char *path, int depth)
{
    symbol state = state_of_top (in, top);
    const char *text = written_text (in, path);
    file_used (in, FILE_READ, path);
    in->modules_changed = true;
    if (state && !name_is_bound (in, state))
        name_bind (in, state, set_one (in->arena, new_value (in)));
    if (text && depth < 8)
        use_imports (in, text, depth);
}

/* Beside the notebook, or in a folder that may be among sys.path. */
static bool
is_module_file (struct interpreter *in, const char *written, const char *path)
{
    if (*in->cwd)
        return strcmp (written, path_in (in->arena, in->cwd, path)) == 0;
    size_t n = strlen (path), all = strlen (written);
    return all >= n && strcmp (written + all - n, path) == 0 && (all == n || written[all - n - 1] == '/');
}

static void
use (struct interpreter *in, const char *module, int depth)
{
    const char *top = arena_strndup (in->arena, module, strcspn (module, "."));
    const char *paths[] = { arena_printf (in->arena, "%s.py", top), arena_printf (in->arena, "%s/__init__.py", top) };
    for (size_t i = 0; i < in->flow->files.len; i++)
        for (int k = 0; k < 2; k++) {
            const struct file_event *f = &in->flow->files.items[i];
            if (f->use == FILE_WRITE && is_module_file (in, f->path, paths[k])) {
                use_written (in, top, *in->cwd ? paths[k] : f->path, depth);
                return;
            }
        }
}

void
module_used (struct interpreter *in, const char *module)
{
    use (in, module, 0);
}

/* ---- what is done with them -------------------------------------------------------------------------------------- */

void
module_read (struct interpreter *in, const struct set *value)
{
    bool local = false;
    if (!in->modules_changed)
        return;
    set_foreach (id, value)
        local |= state_of (in, id) != 0;
    for (size_t i = 0; local && i < in->module_states.len; i++)
        if (in->module_states.items[i] > FOREIGN && name_is_bound (in, in->module_states.items[i]))
            name_read (in, in->module_states.items[i], NULL);
}

/* mod.rows.append (1): the path of a function is one of a method of what stands in the module. */
void
module_method (struct interpreter *in, const char *path)
{
    const char *dot = strrchr (path, '.');
    if (!dot || !memchr (path, '.', (size_t) (dot - path)))
        return;
    const struct effect *e = library_method (in->library, 0, symbol_of_str (in->symbols, dot + 1));
    if (e->flags & (EFFECT_MUTATES | EFFECT_HOLDS))
        module_change (in, library_object (in, symbol_of (in->symbols, path, (size_t) (dot - path))));
}

/* See observed.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/observed.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "compiler/learned.h"
#include "doc/json_value.h"
#include "engine/runlog.h"
#include "engine/state.h"

#include <string.h>
#include <sys/stat.h>

/* ---- the file --------------------------------------------------------------------------------------------------- */

/* In the state directory of the notebook's own folder; NULL if there is none (or it can't be made). */
static const char *
file_of (struct arena *a, const char *path, bool create, struct error *err)
{
    struct state state;
    const char *notebook = fs_absolute (a, path);
    if (state_open (&state, a, fs_dirname (a, notebook), create, err) < 0)
        return NULL;
    const char *dir = fs_join (a, state.dir, "learned");
    if (create && fs_mkdirs (dir, err) < 0)
        return NULL;
    return fs_join (a, dir, arena_printf (a, "%s.json", fs_basename (notebook)));
}

/* When the file was last written, in a form to compare; "" if there is none. */
static const char *
stamp_of (struct arena *a, const char *path)
{
    struct stat st;
    if (stat (path, &st) < 0)
        return "";
    return arena_printf (a, "%lld.%09ld", (long long) st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

/* Of a class whose module is another than it was (its package was upgraded) nothing is known. */
static void
forget_changed_classes (struct arena *a, json_t *learned)
{
    size_t i;
    json_t *cell, *about;
    const char *name;
    void *next;
    json_array_foreach (json_object_get (learned, "cells"), i, cell)
        json_object_foreach_safe (json_object_get (cell, "values"), next, name, about) {
            const char *module = json_string_value (json_object_get (about, "module"));
            const char *stamp = json_string_value (json_object_get (about, "stamp"));
            if (module && (!stamp || strcmp (stamp, stamp_of (a, module)) != 0))
                json_object_del (json_object_get (cell, "values"), name);
        }
}

static json_t *
load_file (struct arena *a, const char *path)
{
    struct error ignored = { 0 };
    const char *file = file_of (a, path, false, &ignored);
    json_t *known = file ? json_load_file (file, 0, NULL) : NULL;
    if (known && json_is_array (json_object_get (known, "cells"))
        && json_integer_value (json_object_get (known, "version")) == 1) {
        forget_changed_classes (a, known);
        return known;
    }
    json_decref (known); /* half-written by nobody, but anybody may have edited it */
    return NULL;
}

/* ---- a session's facts ------------------------------------------------------------------------------------------ */

/* Those about code of which runs know nothing; what runs know of a name counts more. */
static void
add_session_cell (json_t *learned, const char *code, json_t *cell)
{
    const json_t *known = learned_find (learned, code);
    if (known) {
        json_object_update_missing (json_object_get (known, "values"), json_object_get (cell, "values"));
        json_array_extend (json_object_get (known, "unserializable"), json_object_get (cell, "unserializable"));
        return;
    }
    json_object_set_new (cell, "code", json_string (code));
    json_array_append (json_object_get (learned, "cells"), cell);
}

static json_t *
add_session (json_t *learned, const char *file)
{
    json_auto_t *cells = json_load_file (file, 0, NULL);
    char hex[HASH_HEX_SIZE] = "";
    size_t i;
    json_t *cell;
    if (json_array_size (cells) == 0)
        return learned;
    if (!learned)
        learned = json_pack ("{s:i,s:[]}", "version", 1, "cells");
    json_array_foreach (cells, i, cell) {
        const char *source = json_string_value (json_object_get (cell, "source"));
        if (!source)
            break;
        learned_extend (hex, source);
        add_session_cell (learned, hex, cell);
    }
    return learned;
}

json_t *
observed_load (struct arena *a, const char *path)
{
    const char *session = getenv (OBSERVED_SESSION);
    json_t *learned = load_file (a, path);
    return session && session[0] ? add_session (learned, session) : learned;
}

/* ---- facts by cell ---------------------------------------------------------------------------------------------- */

struct observing {
    struct arena *arena;
    const struct compilation *c;
    const struct code_digest *digests;
    json_t *cells; /* what comes out */
};

static int
unit_of (const struct observing *o, int cell)
{
    const struct program *p = o->c->program;
    for (size_t i = 0; i < p->units.len; i++)
        if (p->units.items[i].cell->index == cell && p->units.items[i].cell->notebook == o->c->notebook)
            return (int) i;
    return -1;
}

/* The facts about a cell, made when first asked for; NULL if there is no such cell. */
static json_t *
facts_of (struct observing *o, int cell)
{
    int unit = unit_of (o, cell);
    if (unit < 0)
        return NULL;
    json_t *facts;
    size_t i;
    json_array_foreach (o->cells, i, facts)
        if (strcmp (json_string_value (json_object_get (facts, "code")), o->digests[unit].hex) == 0)
            return facts;
    facts = json_pack ("{s:s, s:i, s:[], s:[], s:{}}", "code", o->digests[unit].hex, "cell", cell, "changed",
                       "unserializable", "values");
    json_array_append_new (o->cells, facts);
    return facts;
}

static void
add_name (json_t *names, const char *name)
{
    if (!json_has_string (names, name))
        json_array_append_new (names, json_string (name));
}

/* What is known of code that still stands there, names only as strings: the file may have been edited. */
static void
take_over (struct observing *o, const json_t *known)
{
    size_t i, k;
    const json_t *old, *name;
    json_array_foreach (json_object_get (known, "cells"), i, old) {
        const char *code = json_string_value (json_object_get (old, "code"));
        int cell = (int) json_integer_value (json_object_get (old, "cell")), unit = unit_of (o, cell);
        if (!code || unit < 0 || strcmp (code, o->digests[unit].hex) != 0)
            continue;
        json_t *facts = facts_of (o, cell);
        static const char *const lists[] = { "changed", "unserializable" };
        for (int l = 0; l < 2; l++)
            json_array_foreach (json_object_get (old, lists[l]), k, name)
                if (json_is_string (name))
                    add_name (json_object_get (facts, lists[l]), json_string_value (name));
        if (json_is_true (json_object_get (old, "deep")))
            json_object_set_new (facts, "deep", json_true ());
        if (json_is_object (json_object_get (old, "values")))
            json_object_update (json_object_get (facts, "values"), json_object_get (old, "values"));
    }
}

/* ---- what steps left -------------------------------------------------------------------------------------------- */

static const struct step *
own_step (const struct observing *o, const json_t *event)
{
    const char *name = json_string_value (json_object_get (event, "step"));
    int i = name ? pipeline_find_step (o->c->pipeline, name) : -1;
    const struct step *s = i >= 0 ? &o->c->pipeline->steps.items[i] : NULL;
    return s && !s->notebook && s->cells.len ? s : NULL;
}

/* Where the step can't tell in which cell it was, it was at its end at the latest. */
static void
add_changes (struct observing *o, const struct step *s, const json_t *changes)
{
    size_t i;
    const json_t *change;
    json_array_foreach (changes, i, change) {
        const json_t *cell = json_object_get (change, "cell");
        const char *name = json_string_value (json_object_get (change, "name"));
        json_t *facts = facts_of (o, json_is_integer (cell) ? (int) json_integer_value (cell)
                                                            : s->cells.items[s->cells.len - 1]);
        if (facts && name)
            add_name (json_object_get (facts, "changed"), name);
    }
}

/* "'f' (function) can't be handed to another step" */
static void
add_unserializable (struct observing *o, const struct step *s, const json_t *error)
{
    const char *type = json_string_value (json_object_get (error, "type"));
    const char *message = json_string_value (json_object_get (error, "message"));
    if (!type || !message || strcmp (type, "Unserializable") != 0 || *message != '\'')
        return;
    const json_t *cell = json_object_get (error, "cell");
    json_t *facts = facts_of (o, json_is_integer (cell) ? (int) json_integer_value (cell)
                                                        : s->cells.items[s->cells.len - 1]);
    if (facts)
        add_name (json_object_get (facts, "unserializable"),
                  arena_strndup (o->arena, message + 1, strcspn (message + 1, "'.[")));
}

static void
add_deep (struct observing *o, const struct step *s, const json_t *error)
{
    const char *type = json_string_value (json_object_get (error, "type"));
    const json_t *cell = json_object_get (error, "cell");
    if (!type || strcmp (type, "RecursionError") != 0)
        return;
    json_t *facts = facts_of (o, json_is_integer (cell) ? (int) json_integer_value (cell) : s->cells.items[0]);
    if (facts)
        json_object_set_new (facts, "deep", json_true ());
}

static void
add_values (struct observing *o, const char *result)
{
    json_auto_t *document = json_load_file (fs_join (o->arena, result, "values.json"), 0, NULL);
    const char *name;
    json_t *about;
    json_object_foreach (json_object_get (document, "values"), name, about) {
        const json_t *cell = json_object_get (about, "cell");
        const char *type = json_string_value (json_object_get (about, "type"));
        json_t *facts = json_is_integer (cell) && !json_object_get (about, "notebook")
                            ? facts_of (o, (int) json_integer_value (cell)) : NULL;
        const char *module = json_string_value (json_object_get (about, "module"));
        if (facts && type)
            json_object_set_new (json_object_get (facts, "values"), name,
                                 json_pack ("{s:s, s:I, s:s*, s:s*}", "type", type, "bytes",
                                            json_integer_value (json_object_get (about, "bytes")), "module", module,
                                            "stamp", module ? stamp_of (o->arena, module) : NULL));
    }
}

static void
add_run (struct observing *o, const json_t *events)
{
    size_t i;
    const json_t *e;
    json_array_foreach (events, i, e) {
        const char *kind = json_string_value (json_object_get (e, "event"));
        const struct step *s = kind && strncmp (kind, "step.", 5) == 0 ? own_step (o, e) : NULL;
        if (!s)
            continue;
        const char *result = json_string_value (json_object_get (e, "result"));
        add_changes (o, s, json_object_get (e, "changed"));
        add_unserializable (o, s, json_object_get (e, "error"));
        add_deep (o, s, json_object_get (e, "error"));
        if (result)
            add_values (o, result);
    }
}

int
observed_keep (struct arena *a, const struct compilation *c, const char *run_dir, struct error *err)
{
    struct runlog_content log = { 0 };
    const char *file = file_of (a, c->path, true, err);
    if (!file || runlog_read (fs_join (a, run_dir, "run.jsonl"), &log, err) < 0)
        return -1;
    struct observing o = { a, c, learned_digests (c->program), json_array () };
    json_auto_t *known = load_file (a, c->path);
    take_over (&o, known);
    add_run (&o, log.events);
    runlog_content_clear (&log);
    json_auto_t *document = json_pack ("{s:i, s:s, s:o}", "version", 1, "notebook", fs_basename (c->path), "cells",
                                       o.cells);
    cleanup_free char *text = json_dumps (document, JSON_INDENT (1));
    return text ? fs_write_unsynced (file, text, strlen (text), err)
                : error_set (err, ERROR_ENVIRONMENT, "%s: not text", file);
}

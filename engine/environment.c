/* See environment.h. Specification: Core metadata (packaging.python.org), importlib.metadata.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/environment.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "engine/python.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ASK_SECONDS 300

/* Namespace packages (google.cloud) are shared by distributions: their modules are told three names deep. */
static const char program[] =
    "import sys, json, os\n"
    "from importlib import metadata\n"
    "owners = {}\n"
    "for d in metadata.distributions():\n"
    "    said = d.metadata\n" /* parsed anew each time that it is asked for */
    "    name, version = said['Name'], said['Version']\n"
    "    if not name: continue\n"
    "    modules = set((d.read_text('top_level.txt') or '').replace('/', '.').split())\n"
    "    for f in d.files or ():\n"
    "        parts = str(f).replace(os.sep, '/').split('/')\n"
    "        stem, _, ending = parts[-1].partition('.')\n"
    "        if not ending.endswith(('py', 'so', 'pyd')): continue\n"
    "        parts[-1] = stem\n"
    "        if stem == '__init__': parts.pop()\n"
    "        if parts and all(p.isidentifier() for p in parts):\n"
    "            modules.update('.'.join(parts[:i]) for i in range(1, min(len(parts), 3) + 1))\n"
    "    for m in modules: owners.setdefault(m, {})[name] = version\n"
    "found = {}\n"
    "for m in sorted(owners, key=lambda m: m.count('.')):\n"
    "    if len(owners[m]) > 1: continue\n"
    "    entry = list(list(owners[m].items())[0])\n"
    "    if found.get(m.rpartition('.')[0]) != entry:\n"
    "        found[m] = entry\n"
    "    else:\n"
    "        owners[m] = {}\n"
    "# what only says what its parent says already is left out, at any depth\n"
    "def above(m):\n"
    "    while '.' in m:\n"
    "        m = m.rpartition('.')[0]\n"
    "        if m in found: return found[m]\n"
    "found = {m: e for m, e in found.items() if above(m) != e}\n"
    "print(json.dumps({'version': '%d.%d.%d' % sys.version_info[:3], 'modules': found,\n"
    "                  'library': [os.path.abspath(p) for p in sys.path[1:] if p]}))\n";

static json_t *
ask (const struct python *py, struct error *err)
{
    cleanup_strbuf struct strbuf out = { 0 };
    const char *const argv[] = { py->path, "-c", program, NULL };
    struct proc_options o = { .argv = argv, .cwd = "/", .in = -1, .out = -1, .err = -1, .three = -1 };
    if (proc_capture (&o, ASK_SECONDS, &out, err) < 0)
        return NULL;
    json_t *answer = json_loads (strbuf_str (&out), 0, NULL);
    if (json_is_object (json_object_get (answer, "modules")) && json_is_string (json_object_get (answer, "version")))
        return answer;
    json_decref (answer);
    error_set (err, ERROR_ENVIRONMENT, "%s: does not answer as a Python does", py->path);
    return NULL;
}

/* The digest of the environment that an answer is about, as it is now. */
static void
fingerprint (struct arena *a, const json_t *answer, char hex[HASH_HEX_SIZE])
{
    struct python py = { .version = json_string_value (json_object_get (answer, "version")) };
    size_t i;
    const json_t *dir;
    json_array_foreach (json_object_get (answer, "library"), i, dir)
        if (json_is_string (dir))
            vec_push (a, &py.library, json_string_value (dir));
    python_fingerprint (&py, hex);
}

/* Where the answer of that interpreter is kept; NULL: nowhere. */
static char *
note_path (struct arena *a, const struct python *py)
{
    const char *cache = getenv ("XDG_CACHE_HOME"), *home = getenv ("HOME");
    if (!(cache && *cache) && !(home && *home))
        return NULL;
    char *dir = cache && *cache ? fs_join (a, cache, "chard") : fs_join (a, home, ".cache/chard");
    struct hash *h = hash_begin ();
    char hex[HASH_HEX_SIZE];
    hash_add_str (h, py->path);
    hash_add_str (h, program);
    hash_end (h, hex);
    return fs_mkdirs (dir, NULL) == 0 ? arena_printf (a, "%s/environment-%.16s.json", dir, hex) : NULL;
}

static json_t *
read_note (struct arena *a, const char *path)
{
    json_t *note = path ? json_load_file (path, 0, NULL) : NULL;
    const char *then = json_string_value (json_object_get (note, "fingerprint"));
    char now[HASH_HEX_SIZE];
    if (then && json_is_string (json_object_get (note, "version"))) {
        fingerprint (a, note, now);
        if (strcmp (then, now) == 0)
            return note;
    }
    json_decref (note);
    return NULL;
}

static void
write_note (struct arena *a, const char *path, json_t *answer)
{
    char now[HASH_HEX_SIZE];
    if (!path)
        return;
    fingerprint (a, answer, now);
    json_object_set_new (answer, "fingerprint", json_string (now));
    cleanup_free char *text = json_dumps (answer, JSON_INDENT (1));
    fs_write_unsynced (path, text, strlen (text), NULL); /* only a note: asked again when it can't be kept */
}

static const char *
active_python (struct arena *a)
{
    static const char *const variables[] = { "VIRTUAL_ENV", "CONDA_PREFIX" };
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        const char *prefix = getenv (variables[i]);
        const char *path = prefix && *prefix ? fs_join (a, prefix, "bin/python") : NULL;
        if (path && access (path, X_OK) == 0)
            return path;
    }
    return NULL;
}

int
environment_read (struct arena *a, const char *wanted, json_t **modules, struct error *err)
{
    struct python py = { 0 };
    *modules = NULL;
    if (!wanted)
        wanted = active_python (a);
    if (!wanted)
        return 0;
    if (python_find (&py, a, wanted, NULL, err) < 0)
        return -1;
    const char *path = note_path (a, &py);
    json_auto_t *answer = read_note (a, path);
    if (!answer) {
        answer = ask (&py, err);
        if (!answer)
            return -1;
        write_note (a, path, answer);
    }
    *modules = json_incref (json_object_get (answer, "modules"));
    return 0;
}

/* See python.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/python.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "engine/kernelspec.h"

#include <dirent.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/stat.h>

#define PROBE_SECONDS 300

static int
find_wanted (struct python *py, struct arena *a, const char *wanted, struct error *err)
{
    char *path = strchr (wanted, '/') ? fs_absolute (a, wanted) : kernelspec_find_program (a, wanted);
    if (!path)
        return error_set (err, ERROR_ENVIRONMENT, "there is no “%s” in PATH", wanted);
    if (access (path, X_OK) < 0 || fs_is_dir (path))
        return error_set (err, ERROR_ENVIRONMENT, "%s: not a program that can be run", wanted);
    py->path = path;
    return 0;
}

int
python_find (struct python *py, struct arena *a, const char *wanted, const char *kernel, struct error *err)
{
    struct python found = { 0 };
    if (wanted && wanted[0]) {
        if (find_wanted (&found, a, wanted, err) < 0)
            return -1;
        *py = found;
        return 0;
    }
    found.path = kernel && !strchr (kernel, '/') ? kernelspec_find_python (a, kernel) : NULL;
    if (!found.path) {
        found.path = kernelspec_find_program (a, "python3");
        if (!found.path)
            found.path = kernelspec_find_program (a, "python");
        if (found.path && kernel && strncmp (kernel, "python", 6) != 0)
            found.note = arena_printf (a, "the notebook's kernel “%s” isn't installed here: its steps run with %s "
                                          "(choose another with --python)", kernel, found.path);
    }
    if (!found.path)
        return error_set (err, ERROR_ENVIRONMENT, "there is no python3 in PATH; name one with --python");
    *py = found;
    return 0;
}

/* ---- what is installed ---- */

/* Changes whenever the interpreter does, or the virtual environment it belongs to. */
static void
identity (struct arena *a, const struct python *py, char hex[HASH_HEX_SIZE])
{
    struct hash *h = hash_begin ();
    cleanup_free char *real = realpath (py->path, NULL);
    const char *config = fs_join (a, fs_dirname (a, fs_dirname (a, py->path)), "pyvenv.cfg");
    const char *files[] = { real ? real : py->path, config };
    hash_add_str (h, py->path);
    hash_add_str (h, getenv ("PYTHONPATH"));
    hash_add_str (h, getenv ("PYTHONHOME"));
    hash_add_str (h, getenv ("PYTHONNOUSERSITE"));
    hash_add_str (h, getenv ("HOME"));
    for (size_t i = 0; i < 2; i++) {
        struct stat st = { 0 };
        hash_add_str (h, files[i]);
        if (stat (files[i], &st) == 0) {
            hash_add (h, &st.st_mtim, sizeof st.st_mtim);
            hash_add (h, &st.st_size, sizeof st.st_size);
        }
    }
    hash_end (h, hex);
}

static const char probe_program[] =
    "import sys, json, os\n"
    "print(json.dumps({'version': '%d.%d.%d' % sys.version_info[:3],\n"
    "                  'library': [os.path.abspath(p) for p in sys.path[1:] if p]}), flush=True)\n"
    "import py_compile\n"
    "try: py_compile.compile(sys.argv[1], sys.argv[2], doraise=True)\n"
    "except Exception: pass\n";

static json_t *
ask (const struct python *py, const char *harness, const char *compiled, struct error *err)
{
    cleanup_strbuf struct strbuf out = { 0 };
    const char *const argv[] = { py->path, "-c", probe_program, harness, compiled, NULL };
    struct proc_options o = { .argv = argv, .cwd = "/", .in = -1, .out = -1, .err = -1, .three = -1 };
    if (proc_capture (&o, PROBE_SECONDS, &out, err) < 0)
        return NULL;
    json_t *answer = json_loads (strbuf_str (&out), 0, NULL);
    if (!json_is_string (json_object_get (answer, "version"))) {
        error_set (err, ERROR_ENVIRONMENT, "%s: does not answer as a Python does", py->path);
        json_decref (answer);
        return NULL;
    }
    return answer;
}

static void
take_answer (struct python *py, struct arena *a, const json_t *answer)
{
    py->version = arena_strdup (a, json_string_value (json_object_get (answer, "version")));
    size_t i;
    const json_t *dir;
    json_array_foreach (json_object_get (answer, "library"), i, dir)
        if (json_is_string (dir))
            vec_push (a, &py->library, arena_strdup (a, json_string_value (dir)));
}

int
python_probe (struct python *py, struct arena *a, const struct state *state, const char *harness, const char *digest,
              struct error *err)
{
    char id[HASH_HEX_SIZE];
    identity (a, py, id);
    char *file = arena_printf (a, "%s/python-%.16s.json", state->dir, id);
    char *compiled = arena_printf (a, "%s/python-%.16s-%.16s.pyc", state->dir, id, digest);
    json_auto_t *answer = json_load_file (file, 0, NULL);
    if (!json_is_string (json_object_get (answer, "version")) || !fs_exists (compiled)) {
        json_decref (answer);
        answer = ask (py, harness, compiled, err);
        if (!answer)
            return -1;
        cleanup_free char *text = json_dumps (answer, JSON_INDENT (1));
        fs_write_unsynced (file, text, strlen (text), NULL); /* only a note: asked again when it can't be kept */
    }
    take_answer (py, a, answer);
    py->compiled = fs_exists (compiled) ? compiled : harness;
    return 0;
}

static bool
ends_with (const char *s, const char *end)
{
    size_t n = strlen (s), m = strlen (end);
    return n >= m && strcmp (s + n - m, end) == 0;
}

static void
hash_library (struct hash *h, struct arena *a, const char *dir)
{
    DIR *d = opendir (dir);
    if (!d)
        return;
    struct vec_str found = { 0 };
    for (struct dirent *e; (e = readdir (d));)
        if (ends_with (e->d_name, ".dist-info") || ends_with (e->d_name, ".egg-info") || ends_with (e->d_name, ".pth")
            || ends_with (e->d_name, ".egg-link"))
            vec_push (a, &found, arena_strdup (a, e->d_name));
    vec_str_sort (&found);
    vec_foreach (name, &found) {
        struct stat st = { 0 };
        hash_add_str (h, *name);
        if (fstatat (dirfd (d), *name, &st, 0) == 0)
            hash_add (h, &st.st_mtim, sizeof st.st_mtim);
    }
    closedir (d);
}

void
python_fingerprint (const struct python *py, char hex[HASH_HEX_SIZE])
{
    struct arena *a = arena_create ();
    struct hash *h = hash_begin ();
    hash_add_str (h, py->version);
    vec_foreach (dir, &py->library) {
        hash_add_str (h, *dir);
        hash_library (h, a, *dir);
    }
    hash_end (h, hex);
    arena_destroy (a);
}

char *
python_find_harness (struct arena *a, struct error *err)
{
    char self[4096];
    ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    const char *templates = getenv ("CHARD_TEMPLATES");
    char *dir = fs_dirname (a, self);
    const char *candidates[] = {
        templates && templates[0] ? fs_absolute (a, fs_join (a, templates, "step.py")) : NULL,
        templates && templates[0] ? NULL : fs_join (a, dir, "templates/step.py"),
        templates && templates[0] ? NULL : fs_join (a, dir, "../templates/step.py"),
        templates && templates[0] ? NULL : fs_join (a, dir, "../share/chard/step.py"),
        templates && templates[0] ? NULL : CHARD_DATADIR "/step.py",
    };
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++)
        if (candidates[i] && fs_exists (candidates[i]))
            return (char *) candidates[i];
    error_set (err, ERROR_ENVIRONMENT, "the step harness step.py is missing: looked for it in %s and " CHARD_DATADIR,
               templates && templates[0] ? templates : dir);
    return NULL;
}

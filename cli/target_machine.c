/* See target_machine.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/target_machine.h"

#include "base/fs.h"
#include "base/hash.h"
#include "cli/origin.h"
#include "engine/digest.h"
#include "engine/hashes.h"
#include "engine/packages.h"
#include "engine/python.h"
#include "engine/state.h"

/* Local modules that a step imports, from the folders of all notebooks that the pipeline is made of. */
static void
add_modules (struct arena *a, const struct pipeline *p, const struct step *s, struct vec_str *files)
{
    struct vec_str folders = { 0 };
    pipeline_folders (p, &folders);
    digests_local_modules (a, p->notebook_dir, &s->imports, files);
    vec_foreach (folder, &folders)
        digests_local_modules (a, fs_join (a, p->notebook_dir, *folder), &s->imports, files);
}

/* The harness needs no package; what a step needs is what it imports, itself and through local modules, and what
 * `!pip install` lines name. */
static struct vec_str *
requirements (struct arena *a, const struct pipeline *p, const json_t *packages)
{
    struct vec_str *all = arena_alloc (a, (p->steps.len + 1) * sizeof *all);
    for (size_t i = 0; i < p->steps.len; i++) {
        const struct step *s = &p->steps.items[i];
        struct vec_str files = { 0 }, names = { 0 };
        add_modules (a, p, s, &files);
        digests_imports (a, &files, &names);
        vec_foreach (name, &s->imports)
            vec_str_add_once (a, &names, *name);
        vec_foreach (line, &p->requirements)
            packages_require_line (packages, a, *line, &all[i]);
        packages_require (packages, a, p->notebook_dir, s, &names, &all[i]);
    }
    return all;
}

static const struct vec_str *
modules (struct arena *a, const struct pipeline *p)
{
    struct vec_str *files = arena_new (a, struct vec_str);
    vec_foreach (s, &p->steps)
        add_modules (a, p, s, files);
    return files;
}

/* The notebook's state directory, if it ever ran here, remembers what was answered; compiling makes none. */
static json_t *
ask_python (struct arena *a, const struct pipeline *p, const char *wanted, const char *harness, struct error *err)
{
    struct python py = { 0 };
    struct state state = { 0 };
    char digest[HASH_HEX_SIZE];
    if (python_find (&py, a, wanted, p->kernel, err) < 0 || state_open (&state, a, p->notebook_dir, false, err) < 0)
        return NULL;
    if (!fs_is_dir (state.dir))
        return packages_probe (&py, a, NULL, err);
    if (hash_file (harness, digest, err) < 0 || python_probe (&py, a, &state, harness, digest, err) < 0)
        return NULL;
    return packages_probe (&py, a, &state, err);
}

/* Digests of requirements: of pip if they are wanted, else where the notebook's requirements.txt has all of them. */
static int
add_hashes (struct arena *a, const struct pipeline *p, const char *python, bool wanted, struct vec_str *lines,
            struct error *err)
{
    struct python py = { 0 };
    if (!wanted) {
        hashes_from_lock (a, p->notebook_dir, lines, p->steps.len);
        return 0;
    }
    if (python_find (&py, a, python, p->kernel, err) < 0)
        return -1;
    return hashes_from_pip (a, &py, lines, p->steps.len, err);
}

int
target_ask_machine (struct arena *a, const struct pipeline *p, const char *python, struct emit_options *o,
                    struct error *err)
{
    o->harness = python_find_harness (a, err);
    if (!o->harness)
        return -1;
    json_auto_t *packages = ask_python (a, p, python, o->harness, python ? err : NULL);
    if (!packages && python)
        return -1;
    const char *version = json_string_value (json_object_get (packages, "python"));
    o->python = version ? arena_strdup (a, version) : NULL;
    struct vec_str *lines = requirements (a, p, packages);
    if (add_hashes (a, p, python, o->hashes, lines, err) < 0)
        return -1;
    o->requirements = lines;
    o->modules = modules (a, p);
    origin_head (a, p->notebook_dir, &o->commit, &o->source);
    return 0;
}

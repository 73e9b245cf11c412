/* See kernelspec.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/kernelspec.h"

#include "base/fs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char *
kernelspec_find_program (struct arena *a, const char *name)
{
    const char *path = getenv ("PATH");
    if (!path || !path[0])
        path = "/usr/local/bin:/usr/bin:/bin";
    for (const char *at = path; at; at = strchr (at, ':') ? strchr (at, ':') + 1 : NULL) {
        size_t n = strcspn (at, ":");
        char *candidate = fs_absolute (a, arena_printf (a, "%.*s/%s", n ? (int) n : 1, n ? at : ".", name));
        struct stat st;
        if (stat (candidate, &st) == 0 && S_ISREG (st.st_mode) && access (candidate, X_OK) == 0)
            return candidate;
    }
    return NULL;
}

static void
add_dir (struct arena *a, struct vec_str *dirs, const char *base, const char *below)
{
    if (base && base[0])
        vec_push (a, dirs, fs_join (a, base, below));
}

char *
kernelspec_user_dir (struct arena *a)
{
    const char *own = getenv ("JUPYTER_DATA_DIR"), *data = getenv ("XDG_DATA_HOME"), *home = getenv ("HOME");
    if (own && own[0])
        return fs_join (a, own, "kernels");
    if (data && data[0])
        return fs_join (a, data, "jupyter/kernels");
    return home && home[0] ? fs_join (a, home, ".local/share/jupyter/kernels") : NULL;
}

void
kernelspec_dirs (struct arena *a, struct vec_str *dirs)
{
    const char *extra = getenv ("JUPYTER_PATH");
    for (const char *at = extra; at && *at; at = strchr (at, ':') ? strchr (at, ':') + 1 : NULL)
        add_dir (a, dirs, arena_strndup (a, at, strcspn (at, ":")), "kernels");
    add_dir (a, dirs, getenv ("VIRTUAL_ENV"), "share/jupyter/kernels");
    char *python = kernelspec_find_program (a, "python3");
    if (python)
        add_dir (a, dirs, fs_dirname (a, fs_dirname (a, python)), "share/jupyter/kernels");
    char *own = kernelspec_user_dir (a);
    if (own)
        vec_push (a, dirs, own);
    add_dir (a, dirs, "/usr/local/share/jupyter", "kernels");
    add_dir (a, dirs, "/usr/share/jupyter", "kernels");
}

bool
kernelspec_read (struct kernelspec *found, struct arena *a, const char *dir)
{
    json_t *spec = json_load_file (arena_printf (a, "%s/kernel.json", dir), 0, NULL);
    if (!json_is_object (spec)) {
        json_decref (spec);
        return false;
    }
    char *absolute = fs_absolute (a, dir);
    *found = (struct kernelspec){ .name = fs_basename (absolute), .dir = absolute, .spec = spec };
    return true;
}

bool
kernelspec_find (struct kernelspec *found, struct arena *a, const char *name)
{
    struct vec_str dirs = { 0 };
    kernelspec_dirs (a, &dirs);
    vec_foreach (dir, &dirs)
        if (kernelspec_read (found, a, fs_join (a, *dir, name)))
            return true;
    return false;
}

char *
kernelspec_program (struct arena *a, const struct kernelspec *spec)
{
    const char *program = json_string_value (json_array_get (json_object_get (spec->spec, "argv"), 0));
    if (!program)
        return NULL;
    if (strchr (program, '/'))
        return access (program, X_OK) == 0 ? fs_absolute (a, program) : NULL;
    const char *kernels = fs_dirname (a, spec->dir);
    size_t n = strlen (kernels), m = strlen ("/share/jupyter/kernels");
    if (n > m && strcmp (kernels + n - m, "/share/jupyter/kernels") == 0) {
        char *own = arena_printf (a, "%.*s/bin/%s", (int) (n - m), kernels, program);
        if (access (own, X_OK) == 0)
            return own;
    }
    return kernelspec_find_program (a, program);
}

#define DEPTH_MAX 4 /* kernels within kernels */

/* The interpreter that a spec starts, if it is Python's: itself, or the kernel that chard-kernel starts. */
static char *
find_interpreter (struct arena *a, const struct kernelspec *spec, int depth)
{
    const json_t *argv = json_object_get (spec->spec, "argv");
    const char *program = json_string_value (json_array_get (argv, 0)), *inner = NULL;
    if (program && strncmp (fs_basename (program), "python", 6) == 0)
        return kernelspec_program (a, spec);
    for (size_t i = 0; i < json_array_size (argv) && !inner; i++) {
        const char *word = json_string_value (json_array_get (argv, i));
        inner = word && strcmp (word, "--inner") == 0 ? json_string_value (json_array_get (argv, i + 1)) : NULL;
    }
    struct kernelspec within;
    if (!inner || depth == DEPTH_MAX || !(strchr (inner, '/') ? kernelspec_read : kernelspec_find) (&within, a, inner))
        return NULL;
    char *found = find_interpreter (a, &within, depth + 1);
    json_decref (within.spec);
    return found;
}

char *
kernelspec_find_python (struct arena *a, const char *name)
{
    struct vec_str dirs = { 0 };
    kernelspec_dirs (a, &dirs);
    vec_foreach (dir, &dirs) {
        struct kernelspec spec;
        if (!kernelspec_read (&spec, a, fs_join (a, *dir, name)))
            continue;
        char *path = find_interpreter (a, &spec, 0);
        json_decref (spec.spec);
        if (path)
            return path;
    }
    return NULL;
}

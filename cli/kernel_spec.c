/* See kernel_spec.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernel_spec.h"

#include "base/fs.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROGRAM "chard-kernel"

/* ---- places ----------------------------------------------------------------------------------------------------- */

static const char *
active_prefix (struct arena *a)
{
    static const char *const names[] = { "VIRTUAL_ENV", "CONDA_PREFIX" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *prefix = getenv (names[i]);
        if (prefix && prefix[0])
            return prefix;
    }
    char *python = kernelspec_find_program (a, "python3");
    return python ? fs_dirname (a, fs_dirname (a, python)) : NULL;
}

bool
kernel_place_given (const struct kernel_place *place)
{
    return place->user || place->sys_prefix || place->prefix;
}

const char *
kernel_place_dir (struct arena *a, const struct kernel_place *place, struct error *err)
{
    if (place->user + place->sys_prefix + (place->prefix != NULL) > 1) {
        error_set (err, ERROR_USAGE, "--user, --sys-prefix and --prefix exclude each other");
        return NULL;
    }
    if (place->prefix || place->sys_prefix) {
        const char *prefix = place->prefix ? place->prefix : active_prefix (a);
        if (prefix)
            return fs_absolute (a, fs_join (a, prefix, "share/jupyter/kernels"));
        error_set (err, ERROR_ENVIRONMENT,
                   "no environment is active and there is no python3 in PATH; use --user or --prefix");
        return NULL;
    }
    char *own = kernelspec_user_dir (a);
    if (!own)
        error_set (err, ERROR_ENVIRONMENT, "HOME isn't set; say with --prefix where the kernelspec shall go");
    return own ? fs_absolute (a, own) : NULL;
}

/* ---- ours ------------------------------------------------------------------------------------------------------- */

bool
kernel_spec_is_ours (const struct kernelspec *spec)
{
    const char *program = json_string_value (json_array_get (json_object_get (spec->spec, "argv"), 0));
    return program && strcmp (fs_basename (program), PROGRAM) == 0;
}

const char *
kernel_spec_note (const struct kernelspec *spec, const char *name)
{
    const json_t *metadata = json_object_get (spec->spec, "metadata");
    return json_string_value (json_object_get (json_object_get (metadata, "chard"), name));
}

static bool
is_known (const struct kernel_specs *specs, const char *dir)
{
    vec_foreach (known, specs)
        if (strcmp (known->dir, dir) == 0)
            return true;
    return false;
}

void
kernel_specs_find_in (struct arena *a, const char *kernels, struct kernel_specs *found)
{
    DIR *d = opendir (kernels);
    for (struct dirent *e; d && (e = readdir (d));) {
        struct kernelspec spec;
        if (e->d_name[0] == '.' || !kernelspec_read (&spec, a, fs_join (a, kernels, e->d_name)))
            continue;
        if (kernel_spec_is_ours (&spec) && !is_known (found, spec.dir))
            vec_push (a, found, spec);
        else
            json_decref (spec.spec);
    }
    if (d)
        closedir (d);
}

void
kernel_specs_find (struct arena *a, struct kernel_specs *found)
{
    struct vec_str dirs = { 0 };
    kernelspec_dirs (a, &dirs);
    vec_foreach (dir, &dirs)
        kernel_specs_find_in (a, *dir, found);
}

void
kernel_specs_clear (struct kernel_specs *found)
{
    vec_foreach (spec, found)
        json_decref (spec->spec);
    found->len = 0;
}

char *
kernel_spec_program (struct arena *a)
{
    char self[4096];
    ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    char *beside = fs_join (a, fs_dirname (a, self), PROGRAM);
    return access (beside, X_OK) == 0 ? beside : kernelspec_find_program (a, PROGRAM);
}

/* See kernel_lab.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/kernel_lab.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "cli/kernel_files.h"

#include <jansson.h>
#include <string.h>

static char *
lab_dir (struct arena *a, const char *kernels)
{
    return fs_join (a, fs_dirname (a, kernels), "labextensions/chard");
}

/* Whether the extension in that directory is this one: its package.json says so. */
static bool
is_ours (struct arena *a, const char *dir)
{
    json_auto_t *package = json_load_file (fs_join (a, dir, "package.json"), 0, NULL);
    const char *name = json_string_value (json_object_get (package, "name"));
    return name && strcmp (name, "chard") == 0;
}

const char *
kernel_lab_install (struct arena *a, const char *kernels, struct error *err)
{
    const char *dir = lab_dir (a, kernels);
    if (fs_is_dir (dir) && !is_ours (a, dir)) {
        error_set (err, ERROR_ENVIRONMENT, "%s is another extension's; remove it first", dir);
        return NULL;
    }
    for (const struct kernel_file *f = kernel_lab_files; f->name; f++) {
        const char *path = fs_join (a, dir, f->name);
        if (fs_mkdirs (fs_dirname (a, path), err) < 0 || fs_write (path, f->data, f->len, err) < 0) {
            error_wrap (err, "the extension can't be installed");
            return NULL;
        }
    }
    return dir;
}

int
kernel_lab_remove (struct arena *a, const char *kernels, const char **removed, struct error *err)
{
    const char *dir = lab_dir (a, kernels);
    *removed = NULL;
    if (!fs_is_dir (dir) || !is_ours (a, dir))
        return 0;
    if (fs_remove_tree (dir, err) < 0)
        return error_wrap (err, "the extension can't be removed");
    *removed = dir;
    return 0;
}

/* See destination.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/destination.h"

#include "base/fs.h"

#include <string.h>

bool
destination_is_stdout (const struct destination *to)
{
    return strcmp (to->output, "-") == 0;
}

/* Leading bytes up to a slash that all paths share. */
static size_t
common_directory (const struct vec_str *paths)
{
    const char *first = paths->items[0];
    size_t n = strlen (first);
    vec_foreach (path, paths) {
        size_t same = 0;
        while (same < n && (*path)[same] == first[same])
            same++;
        n = same;
    }
    while (n > 0 && first[n - 1] != '/')
        n--;
    return n;
}

int
destination_choose (struct destination *to, const struct invocation *inv, const struct vec_str *paths,
                    const char *output, bool may_join, struct error *err)
{
    bool several = paths->len > 1;
    *to = (struct destination){ .output = output ? output : "-", .common = common_directory (paths) };
    if (destination_is_stdout (to)) {
        if (several && !may_join)
            return error_set (err, ERROR_USAGE,
                              "several notebooks don't fit on standard output; give a directory: "
                              "-o DIRECTORY");
        return 0;
    }
    to->directory = several || fs_is_dir (to->output) || fs_is_dir (inv->operands.items[0]);
    if (to->directory && fs_exists (to->output) && !fs_is_dir (to->output))
        return error_set (err, ERROR_USAGE, "%s is a file; several notebooks need a directory", to->output);
    return 0;
}

const char *
destination_path (const struct destination *to, struct arena *a, const char *path, const char *ending)
{
    static const char notebook[] = ".ipynb";
    if (!to->directory)
        return to->output;
    const char *rest = path + to->common;
    while (strncmp (rest, "../", 3) == 0 || strncmp (rest, "./", 2) == 0 || *rest == '/')
        rest = strchr (rest, '/') + 1;
    size_t n = strlen (rest);
    if (n > sizeof notebook - 1 && strcmp (rest + n - (sizeof notebook - 1), notebook) == 0)
        n -= sizeof notebook - 1;
    return arena_printf (a, "%s/%.*s%s", to->output, (int) n, rest, ending);
}

int
destination_write (const struct destination *to, struct invocation *inv, const char *path, const char *ending,
                   const char *text, size_t len, struct error *err)
{
    if (destination_is_stdout (to)) {
        fwrite (text, 1, len, inv->out);
        return 0;
    }
    const char *file = destination_path (to, inv->arena, path, ending);
    if (to->directory && fs_mkdirs (fs_dirname (inv->arena, file), err) < 0)
        return -1;
    if (fs_write (file, text, len, err) < 0)
        return -1;
    if (inv->verbose)
        fprintf (inv->err, "%s: wrote %s\n", path, file);
    return 0;
}

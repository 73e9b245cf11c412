/* See compose.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/compose.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <stdlib.h>
#include <string.h>

#define MOST_NOTEBOOKS 500 /* each may bring in several: without a limit a few files could grow without bounds */

static const char rule[] = "composition";

/* The path as diagnostics tell it: from where the user stands. */
static char *
find_path (struct arena *a, const struct cell *cell, const char *alias)
{
    char *dir = fs_dirname (a, cell->notebook->path);
    if (cell->notebook_path && *cell->notebook_path)
        return fs_normalize (a, fs_join (a, dir, cell->notebook_path));
    const char *dot = strrchr (alias, '.');
    if (dot && (strcmp (dot, ".ipynb") == 0 || strcmp (dot, ".py") == 0))
        return fs_normalize (a, fs_join (a, dir, alias));
    char *script = fs_normalize (a, fs_join (a, dir, arena_printf (a, "%s.py", alias)));
    char *notebook = fs_normalize (a, fs_join (a, dir, arena_printf (a, "%s.ipynb", alias)));
    return !fs_exists (notebook) && fs_exists (script) ? script : notebook;
}

static bool
is_same_file (const char *x, const char *y)
{
    cleanup_free char *real_x = realpath (x, NULL), *real_y = realpath (y, NULL);
    return real_x && real_y && strcmp (real_x, real_y) == 0;
}

/* "a.ipynb brings in b.ipynb brings in a.ipynb" if `path` is one of those that lead to `cell`; else NULL. */
static const char *
find_cycle (struct arena *a, const struct cell *cell, const char *path)
{
    const char *chain = fs_basename (path);
    for (const struct cell *c = cell; c; c = c->notebook->included_by) {
        chain = arena_printf (a, "%s brings in %s", fs_basename (c->notebook->path), chain);
        if (is_same_file (c->notebook->path, path))
            return chain;
    }
    return NULL;
}

static const char *
name_instance (struct arena *a, const struct notebook *root, const char *reference)
{
    const char *unique = reference;
    int n = 1;
    for (bool taken = true; taken;) {
        taken = false;
        vec_foreach (other, &root->included)
            taken |= strcmp ((*other)->reference, unique) == 0;
        if (taken)
            unique = arena_printf (a, "%s#%d", reference, ++n);
    }
    return unique;
}

static void
enter (struct arena *a, struct notebook *root, struct notebook *nb, const struct cell *cell, const char *alias)
{
    const char *path = fs_relative (a, root->dir, fs_join (a, nb->dir, fs_basename (nb->path)));
    nb->included_by = cell;
    nb->alias = alias;
    nb->reference = name_instance (a, root, path);
    nb->folder = fs_dirname (a, path);
    vec_push (a, &root->included, nb);
}

struct notebook *
compose_read (struct arena *a, struct notebook *root, const struct cell *cell, const char *alias,
              struct diag_list *diags)
{
    struct error err = { 0 };
    struct place at = cell_place (cell, 0, 0);
    const char *path = find_path (a, cell, alias);
    if (!fs_exists (path)) {
        diag_add (diags, SEVERITY_ERROR, rule, at, NULL,
                  "say where it is in the cell's metadata: \"notebook_path\": \"./NAME.ipynb\"",
                  "the notebook \"%s\" that this cell stands for isn't there: %s", alias, path);
        return NULL;
    }
    const char *cycle = find_cycle (a, cell, path);
    if (cycle) {
        diag_add (diags, SEVERITY_ERROR, rule, at, NULL, "take one of the notebook: cells away",
                  "notebooks bring each other in without end: %s", cycle);
        return NULL;
    }
    if (root->included.len >= MOST_NOTEBOOKS) {
        diag_add (diags, SEVERITY_ERROR, rule, at, NULL, "compose fewer notebooks",
                  "more than %d notebooks are brought in", MOST_NOTEBOOKS);
        return NULL;
    }
    struct notebook *nb = notebook_read (a, path, &err);
    if (!nb) {
        diag_add (diags, SEVERITY_ERROR, rule, at, NULL, "mend that file, or name another in the cell's metadata",
                  "the notebook \"%s\" can't be read: %s", alias, err.text);
        return NULL;
    }
    enter (a, root, nb, cell, alias);
    if (strcmp (nb->language, "python") != 0) {
        diag_add (diags, SEVERITY_ERROR, rule, at, NULL, "pipelines are compiled from Python notebooks",
                  "the language of %s is %s", path, nb->language);
        return NULL;
    }
    return nb;
}

void
compose_check_cell (struct arena *a, const struct cell *cell, const char *alias, struct diag_list *diags)
{
    int line = 1;
    for (const char *p = cell->source; *p; line++) {
        size_t len = strcspn (p, "\n"), blanks = strspn (p, " \t\r");
        if (blanks < len && p[blanks] != '#') {
            diag_add (diags, SEVERITY_ERROR, rule, cell_place (cell, line, (int) blanks + 1), cell_line (a, cell, line),
                      "put the code into a cell of its own",
                      "a cell that stands for another notebook (notebook:%s) holds no code itself", alias);
            return;
        }
        p += len + (p[len] == '\n');
    }
}

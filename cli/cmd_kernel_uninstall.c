/* `chard kernel uninstall`: removes what `chard kernel install` wrote.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "cli/kernel_lab.h"
#include "cli/kernel_shim.h"
#include "cli/kernel_spec.h"
#include "cli/past_run.h"

#include <string.h>

struct uninstall_settings {
    struct kernel_place place;
    const char *name;
};

static const struct option options[] = {
    KERNEL_PLACE_OPTIONS (struct uninstall_settings, place),
    { .name = "name",
      .kind = OPTION_STRING,
      .offset = offsetof (struct uninstall_settings, name),
      .argument = "NAME",
      .help = "only the kernel of this name (default: all of Chard's)" },
    { 0 },
};

/* Those that were meant, among all there are. */
static void
choose (struct arena *a, const struct uninstall_settings *s, const char *dir, const struct kernel_specs *all,
        struct kernel_specs *chosen)
{
    vec_foreach (spec, all)
        if ((!s->name || strcmp (spec->name, s->name) == 0) && (!dir || strcmp (fs_dirname (a, spec->dir), dir) == 0))
            vec_push (a, chosen, *spec);
}

/* Another kernel of ours, which stays, may use the same shim. */
static bool
is_needed (const char *shim, const struct kernel_specs *all, const struct kernel_specs *chosen)
{
    vec_foreach (spec, all) {
        const char *its = kernel_spec_note (spec, "shim");
        bool goes = false;
        vec_foreach (c, chosen)
            goes |= strcmp (c->dir, spec->dir) == 0;
        if (!goes && its && strcmp (its, shim) == 0)
            return true;
    }
    return false;
}

/* The extension goes with the last kernel of ours in its place. */
static int
remove_lab (struct invocation *inv, const char *kernels, struct error *err)
{
    struct kernel_specs left = { 0 };
    const char *removed;
    kernel_specs_find_in (inv->arena, kernels, &left);
    bool needed = left.len > 0;
    kernel_specs_clear (&left);
    if (needed)
        return 0;
    if (kernel_lab_remove (inv->arena, kernels, &removed, err) < 0)
        return -1;
    if (removed && !inv->json)
        fprintf (inv->out, "removed %s\n", removed);
    return 0;
}

static int
remove_spec (struct invocation *inv, const struct kernelspec *spec, const char *shim, struct error *err)
{
    if (fs_remove_tree (spec->dir, err) < 0)
        return error_wrap (err, "the kernel %s can't be removed", spec->name);
    if (!inv->json)
        fprintf (inv->out, "removed %s\n", spec->dir);
    if (remove_lab (inv, fs_dirname (inv->arena, spec->dir), err) < 0)
        return -1;
    if (!shim)
        return 0;
    if (kernel_shim_remove (shim, err) < 0)
        return -1;
    if (!inv->json)
        fprintf (inv->out, "removed %s\n", shim);
    return 0;
}

static int
remove_chosen (struct invocation *inv, const struct kernel_specs *all, const struct kernel_specs *chosen,
               struct error *err)
{
    json_t *removed = json_array ();
    int status = 0;
    vec_foreach (spec, chosen) {
        const char *shim = kernel_spec_note (spec, "shim");
        if (shim && (is_needed (shim, all, chosen) || !kernel_shim_is_ours (shim)))
            shim = NULL;
        if (status == 0 && (status = remove_spec (inv, spec, shim, err)) == 0)
            json_array_append_new (
                removed, json_pack ("{s:s, s:s, s:s?}", "name", spec->name, "dir", spec->dir, "shim", shim));
    }
    if (inv->json && status == 0)
        past_print_json (inv, removed);
    else
        json_decref (removed);
    return status;
}

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    const struct uninstall_settings *s = settings;
    struct kernel_specs all = { 0 }, chosen = { 0 };
    const char *dir = NULL;
    if (inv->operands.len)
        return error_set (err, ERROR_USAGE, "what shall “%s” be? One kernel is named with --name",
                          inv->operands.items[0]);
    if (kernel_place_given (&s->place) && !(dir = kernel_place_dir (inv->arena, &s->place, err)))
        return -1;
    kernel_specs_find (inv->arena, &all);
    if (dir) /* --prefix may be one that Jupyter doesn't look into */
        kernel_specs_find_in (inv->arena, dir, &all);
    choose (inv->arena, s, dir, &all, &chosen);
    int status = chosen.len ? remove_chosen (inv, &all, &chosen, err)
                            : error_set (err, ERROR_ENVIRONMENT,
                                         "there is no kernel of Chard's%s%s; `chard kernel doctor` shows "
                                         "those there are",
                                         s->name ? " called " : "", s->name ? s->name : "");
    kernel_specs_clear (&all);
    return status;
}

const struct command command_kernel_uninstall = {
    .name = "kernel uninstall",
    .operands = "",
    .summary = "Remove Chard's kernels from Jupyter",
    .details =
        "Removes kernelspecs that `chard kernel install` wrote, and the module chard.py and the extension of "
        "JupyterLab that came with them. Kernels that are not Chard's are never touched.\n"
        "With --format=json it prints a list of {name, dir, shim}.",
    .examples = "chard kernel uninstall                  # all of them\n"
                "chard kernel uninstall --name chard-ir",
    .options = options,
    .settings_size = sizeof (struct uninstall_settings),
    .run = run,
};

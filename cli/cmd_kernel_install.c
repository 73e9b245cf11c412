/* `chard kernel install`: makes chard-kernel known to Jupyter, around a kernel that is there already.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "cli/kernel_files.h"
#include "cli/kernel_lab.h"
#include "cli/kernel_shim.h"
#include "cli/kernel_spec.h"
#include "cli/past_run.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define SUFFIX "(Chard)"

struct install_settings {
    struct kernel_place place;
    const char *name, *inner, *display_name;
    bool no_shim, no_lab;
};

static const struct option options[] = {
    KERNEL_PLACE_OPTIONS (struct install_settings, place),
    { .name = "name",
      .kind = OPTION_STRING,
      .offset = offsetof (struct install_settings, name),
      .argument = "NAME",
      .help = "what Jupyter's programs call it (default: chard; chard-X around a kernel X other than python3)" },
    { .name = "inner",
      .kind = OPTION_STRING,
      .offset = offsetof (struct install_settings, inner),
      .argument = "KERNEL",
      .help = "the kernel inside: a kernelspec's name or directory (default: python3)" },
    { .name = "display-name",
      .kind = OPTION_STRING,
      .offset = offsetof (struct install_settings, display_name),
      .argument = "TEXT",
      .help = "what people see (default: the inner kernel's with " SUFFIX ")" },
    { .name = "no-shim",
      .kind = OPTION_FLAG,
      .offset = offsetof (struct install_settings, no_shim),
      .help = "leave the inner kernel's Python as it is: no chard.py for %load_ext chard" },
    { .name = "no-lab",
      .kind = OPTION_FLAG,
      .offset = offsetof (struct install_settings, no_lab),
      .help = "leave JupyterLab as it is: no toolbar, no panel" },
    { 0 },
};

/* What is put together before anything is written. */
struct installation {
    struct arena *arena;
    const struct install_settings *settings;
    struct kernelspec inner; /* a copy of its spec; `dir` is NULL for a Python without a kernelspec */
    const char *program;     /* the inner kernel's */
    const char *name, *dir;  /* ours */
    const char *shim;        /* or NULL */
    const char *lab;         /* where JupyterLab's extension lies, or NULL */
};

/* ---- the kernel inside ------------------------------------------------------------------------------------------ */

/* A Python without a kernelspec, but maybe with ipykernel. */
static int
take_python (struct installation *in, struct error *err)
{
    in->program = kernelspec_find_program (in->arena, "python3");
    if (!in->program)
        return error_set (err, ERROR_ENVIRONMENT,
                          "there is no kernel python3, nor a python3 in PATH; install ipykernel, or "
                          "name a kernel with --inner");
    const char *argv[] = { in->program, "-c", "import ipykernel_launcher", NULL };
    struct proc_options o = { .argv = argv, .in = -1, .err = -1, .three = -1 };
    cleanup_strbuf struct strbuf out = { 0 };
    if (proc_capture (&o, 30, &out, NULL) < 0)
        return error_set (err, ERROR_ENVIRONMENT,
                          "%s has no ipykernel: install it (%s -m pip install ipykernel), or name a "
                          "kernel with --inner",
                          in->program, in->program);
    in->inner.name = "python3";
    in->inner.spec = json_pack ("{s:s, s:s, s:{s:b}}", "display_name", "Python 3", "language", "python", "metadata",
                                "debugger", 1);
    return 0;
}

static int
find_inner (struct installation *in, struct error *err)
{
    const char *name = in->settings->inner ? in->settings->inner : "python3";
    bool found = strchr (name, '/') ? kernelspec_read (&in->inner, in->arena, name)
                                    : kernelspec_find (&in->inner, in->arena, name);
    if (!found && in->settings->inner)
        return error_set (err, ERROR_ENVIRONMENT,
                          "there is no kernel “%s”; `jupyter kernelspec list` shows those there are", name);
    if (!found)
        return take_python (in, err);
    if (kernel_spec_is_ours (&in->inner))
        return error_set (err, ERROR_USAGE, "“%s” is a kernel of Chard's already; name the one to go inside", name);
    in->program = kernelspec_program (in->arena, &in->inner);
    if (!in->program)
        return error_set (err, ERROR_ENVIRONMENT,
                          "%s/kernel.json names a program that isn't there; install that kernel again",
                          in->inner.dir);
    return 0;
}

static bool
is_python (const struct installation *in)
{
    const char *language = json_string_value (json_object_get (in->inner.spec, "language"));
    return language && strcasecmp (language, "python") == 0 && strncmp (fs_basename (in->program), "python", 6) == 0;
}

/* ---- our kernelspec --------------------------------------------------------------------------------------------- */

/* Jupyter takes letters, digits, dot, dash and underscore. */
static int
choose_name (struct installation *in, struct error *err)
{
    in->name = in->settings->name;
    if (!in->name)
        in->name =
            strcmp (in->inner.name, "python3") == 0 ? "chard" : arena_printf (in->arena, "chard-%s", in->inner.name);
    for (const char *s = in->name; *s; s++)
        if (!isalnum ((unsigned char) *s) && !strchr (".-_", *s))
            return error_set (err, ERROR_USAGE, "“%s” can't name a kernel: letters, digits, “.”, “-” and “_” can",
                              in->name);
    return in->name[0] && in->name[0] != '.' ? 0 : error_set (err, ERROR_USAGE, "“%s” can't name a kernel", in->name);
}

static int
choose_dir (struct installation *in, struct error *err)
{
    const char *kernels = kernel_place_dir (in->arena, &in->settings->place, err);
    struct kernelspec there;
    if (!kernels)
        return -1;
    in->dir = fs_join (in->arena, kernels, in->name);
    if (!kernelspec_read (&there, in->arena, in->dir))
        return fs_is_dir (in->dir) && fs_exists (fs_join (in->arena, in->dir, "kernel.json"))
                   ? error_set (err, ERROR_ENVIRONMENT, "%s/kernel.json can't be read; remove it or choose a --name",
                                in->dir)
                   : 0;
    bool ours = kernel_spec_is_ours (&there);
    json_decref (there.spec);
    return ours ? 0 : error_set (err, ERROR_USAGE, "%s is another kernel's; choose a --name", in->dir);
}

/* "Python 3 (ipykernel)" -> "Python 3 (Chard)". */
static const char *
choose_title (const struct installation *in)
{
    const char *title = json_string_value (json_object_get (in->inner.spec, "display_name"));
    if (in->settings->display_name)
        return in->settings->display_name;
    if (!title || !title[0])
        title = in->inner.name;
    size_t n = strlen (title);
    const char *open = title[n - 1] == ')' ? strrchr (title, '(') : NULL;
    if (open && open > title)
        for (n = (size_t) (open - title); n > 0 && title[n - 1] == ' '; n--)
            ;
    return arena_printf (in->arena, "%.*s " SUFFIX, (int) n, title);
}

static json_t *
make_argv (const struct installation *in, const char *kernel)
{
    return in->inner.dir ? json_pack ("[s, s, s, s, s]", kernel, "-f", "{connection_file}", "--inner", in->inner.dir)
                         : json_pack ("[s, s, s, s, s, s, s, s, s]", kernel, "-f", "{connection_file}", "--",
                                      in->program, "-m", "ipykernel_launcher", "-f", "{}");
}

/* The inner kernel's spec, with what differs put over it; its env is given by chard-kernel. */
static json_t *
make_spec (const struct installation *in, const char *kernel)
{
    json_t *spec = json_deep_copy (in->inner.spec), *metadata = json_object_get (spec, "metadata");
    json_object_del (spec, "env");
    json_object_set_new (spec, "argv", make_argv (in, kernel));
    json_object_set_new (spec, "display_name", json_string (choose_title (in)));
    if (!json_is_object (metadata))
        json_object_set_new (spec, "metadata", metadata = json_object ());
    json_object_set_new (metadata, "supported_encryption",
                         json_pack ("[s]", "curve")); /* we decrypt, whoever is inside */
    json_object_set_new (metadata, "chard", json_pack ("{s:s, s:s*}", "inner", in->inner.name, "shim", in->shim));
    return spec;
}

/* kernel.json comes last: without it the directory is no kernel yet. */
static int
write_spec (const struct installation *in, const json_t *spec, struct error *err)
{
    cleanup_free char *dumped = json_dumps (spec, JSON_INDENT (1));
    const char *text = arena_printf (in->arena, "%s\n", dumped);
    bool made = !fs_is_dir (in->dir);
    int status = fs_mkdirs (in->dir, err);
    for (const struct kernel_file *f = kernel_logos; f->name && status == 0; f++)
        status = fs_write (fs_join (in->arena, in->dir, f->name), f->data, f->len, err);
    if (status == 0)
        status = fs_write (fs_join (in->arena, in->dir, "kernel.json"), text, strlen (text), err);
    if (status < 0 && made)
        fs_remove_tree (in->dir, NULL);
    return status < 0 ? error_wrap (err, "the kernel can't be installed") : 0;
}

static void
install_shim (struct invocation *inv, struct installation *in)
{
    struct error err = { 0 };
    if (in->settings->no_shim || !is_python (in))
        return;
    in->shim = kernel_shim_install (in->arena, in->program,
                                    !kernel_place_given (&in->settings->place) || in->settings->place.user, &err);
    if (!in->shim)
        fprintf (inv->err, "chard: note: %%load_ext chard won't work in plain ipykernel: %s\n", err.text);
}

static void
install_lab (struct invocation *inv, struct installation *in)
{
    struct error err = { 0 };
    if (in->settings->no_lab)
        return;
    in->lab = kernel_lab_install (in->arena, fs_dirname (in->arena, in->dir), &err);
    if (!in->lab)
        fprintf (inv->err, "chard: note: JupyterLab will have no buttons of Chard's: %s\n", err.text);
}

static void
tell (struct invocation *inv, const struct installation *in, const json_t *spec)
{
    if (inv->json) {
        past_print_json (inv, json_pack ("{s:s, s:s, s:s, s:s?, s:s?, s:O}", "name", in->name, "dir", in->dir, "inner",
                                         in->inner.name, "shim", in->shim, "lab", in->lab, "spec", spec));
        return;
    }
    fprintf (inv->out, "%s: installed in %s\n", json_string_value (json_object_get (spec, "display_name")), in->dir);
    fprintf (inv->out, "  around %s of %s\n", in->inner.name, in->program);
    if (in->shim)
        fprintf (inv->out, "  %%load_ext chard gives %%chard in plain ipykernel too (%s)\n", in->shim);
    if (in->lab)
        fprintf (inv->out, "  JupyterLab and Notebook have its buttons and panel (%s); reload their page\n", in->lab);
}

static int
install (struct invocation *inv, struct installation *in, struct error *err)
{
    char *kernel = kernel_spec_program (in->arena);
    if (!kernel)
        return error_set (err, ERROR_ENVIRONMENT,
                          "chard-kernel is neither beside this program nor in PATH; install Chard again");
    if (find_inner (in, err) < 0 || choose_name (in, err) < 0 || choose_dir (in, err) < 0)
        return -1;
    install_shim (inv, in);
    json_auto_t *spec = make_spec (in, kernel);
    if (write_spec (in, spec, err) < 0) {
        kernel_shim_remove (in->shim ? in->shim : "", NULL);
        return -1;
    }
    install_lab (inv, in);
    tell (inv, in, spec);
    return 0;
}

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    struct installation in = { .arena = inv->arena, .settings = settings };
    if (inv->operands.len)
        return error_set (err, ERROR_USAGE, "what shall “%s” be? A kernel to go inside is named with --inner",
                          inv->operands.items[0]);
    int status = install (inv, &in, err);
    json_decref (in.inner.spec);
    return status;
}

const struct command command_kernel_install = {
    .name = "kernel install",
    .operands = "",
    .summary = "Make the kernel that knows %chard known to Jupyter",
    .details =
        "Writes a kernelspec that starts chard-kernel around a kernel that is there already: everything works as "
        "with "
        "that one, and lines with %chard run the commands of this program on the notebook that is open. How it is "
        "interrupted and whether it can be debugged is taken over from the inner kernel.\n"
        "If a Python is inside, a module chard.py goes into its packages, for `%load_ext chard` in plain ipykernel. "
        "Beside the kernelspec goes an extension that gives JupyterLab and Notebook 7 buttons and a panel.\n"
        "With --format=json it prints {name, dir, inner, shim, lab, spec}.",
    .examples = "chard kernel install                    # around python3, for you\n"
                "chard kernel install --sys-prefix       # in the active environment\n"
                "chard kernel install --inner ir         # around R's",
    .options = options,
    .settings_size = sizeof (struct install_settings),
    .run = run,
};

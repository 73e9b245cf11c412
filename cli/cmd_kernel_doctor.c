/* `chard kernel doctor`: looks at everything between Jupyter and the inner kernel, says what is missing and how to mend
 * it. A check is a function that reports findings; the inner kernel is tried by starting it (chard-kernel --check).
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "cli/kernel_shim.h"
#include "cli/kernel_spec.h"
#include "cli/past_run.h"

#include <string.h>
#include <sys/mman.h>

#define ANSWER_TIME 90 /* seconds for the longest: the inner kernel's start, which chard-kernel limits itself */

enum verdict { VERDICT_OK, VERDICT_NOTE, VERDICT_WRONG };

struct doctor {
    struct invocation *inv;
    struct arena *arena;
    struct kernel_specs specs;
    const char *kernel; /* chard-kernel, or NULL */
    json_t *listed;     /* what Jupyter itself lists, {name: {resource_dir, …}}, or NULL if it can't be asked */
    json_t *findings;
    int wrong;
};

static void __attribute__ ((format (printf, 5, 6)))
report (struct doctor *d, enum verdict verdict, const char *what, const char *mend, const char *fmt, ...)
{
    static const struct {
        const char *word, *color;
    } looks[] = { { "ok", "\033[32m" }, { "note", "\033[33m" }, { "wrong", "\033[31m" } };
    va_list args;
    va_start (args, fmt);
    char *text = arena_vprintf (d->arena, fmt, args);
    va_end (args);
    bool color = d->inv->color_out;
    d->wrong += verdict == VERDICT_WRONG;
    json_array_append_new (d->findings, json_pack ("{s:s, s:s, s:s, s:s?}", "verdict", looks[verdict].word, "what",
                                                   what, "text", text, "mend", mend));
    if (d->inv->json)
        return;
    fprintf (d->inv->out, "%s%-6s%s %-14s %s\n", color ? looks[verdict].color : "", looks[verdict].word,
             color ? "\033[0m" : "", what, text);
    if (mend)
        fprintf (d->inv->out, "       %-14s mend: %s\n", "", mend);
}

/* Runs a program and returns whether it succeeded; what it printed on either side comes back trimmed, on one line. */
static bool
try (struct doctor *d, const char *const *argv, char **out, char **err)
{
    cleanup_fd int file = memfd_create ("chard-doctor", MFD_CLOEXEC);
    cleanup_strbuf struct strbuf text = { 0 };
    struct error problem = { 0 };
    struct proc_options o = { .argv = argv, .in = -1, .err = file, .three = -1 };
    int status = proc_capture (&o, ANSWER_TIME, &text, &problem);
    char said[4096] = "";
    ssize_t n = file >= 0 ? pread (file, said, sizeof said - 1, 0) : 0;
    said[n > 0 ? n : 0] = '\0';
    for (char *end = said + strlen (said); end > said && end[-1] == '\n'; end--)
        end[-1] = '\0';
    *out = arena_strdup (d->arena, strbuf_str (&text));
    *err = arena_strdup (d->arena, said[0] ? said : problem.text);
    return status == 0;
}

/* ---- checks ----------------------------------------------------------------------------------------------------- */

static void
check_program (struct doctor *d)
{
    char *out, *err;
    d->kernel = kernel_spec_program (d->arena);
    if (!d->kernel) {
        report (d, VERDICT_WRONG, "chard-kernel", "install Chard again, or put chard-kernel's directory into PATH",
                "is neither beside chard nor in PATH");
        return;
    }
    const char *argv[] = { d->kernel, "--version", NULL };
    if (try (d, argv, &out, &err))
        report (d, VERDICT_OK, "chard-kernel", NULL, "%s, %.*s", d->kernel, (int) strcspn (out, "\n"), out);
    else {
        bool zmq = strstr (err, "libzmq") != NULL;
        report (d, VERDICT_WRONG, "chard-kernel",
                zmq ? "install ZeroMQ (Debian: apt install libzmq5)" : "install Chard again", "%s doesn't run: %s",
                d->kernel, err);
        d->kernel = NULL;
    }
}

static void
check_runtime (struct doctor *d)
{
    const char *dir = getenv ("XDG_RUNTIME_DIR");
    if (!dir || !dir[0])
        return;
    if (access (dir, W_OK) < 0)
        report (d, VERDICT_NOTE, "sockets", "unset XDG_RUNTIME_DIR, or make that directory yours",
                "XDG_RUNTIME_DIR is %s, where you can't write; TMPDIR or /tmp is used", dir);
}

static void
ask_jupyter (struct doctor *d)
{
    char *program = kernelspec_find_program (d->arena, "jupyter"), *out, *err;
    if (!program) {
        report (d, VERDICT_NOTE, "jupyter", NULL, "isn't in PATH, so it can't be asked which kernels it sees");
        return;
    }
    const char *argv[] = { program, "kernelspec", "list", "--json", NULL };
    json_t *answer = try (d, argv, &out, &err) ? json_loads (out, 0, NULL) : NULL;
    d->listed = json_incref (json_object_get (answer, "kernelspecs"));
    json_decref (answer);
    if (!d->listed)
        report (d, VERDICT_WRONG, "jupyter", "python3 -m pip install jupyter_client", "%s can't list its kernels: %s",
                program, err);
}

static void
check_listed (struct doctor *d, const struct kernelspec *spec)
{
    if (!d->listed)
        return;
    const char *dir = json_string_value (json_object_get (json_object_get (d->listed, spec->name), "resource_dir"));
    if (!dir)
        report (d, VERDICT_WRONG, spec->name,
                "`chard kernel install --sys-prefix` with Jupyter's environment active, or --user",
                "Jupyter doesn't see %s", spec->dir);
    else if (strcmp (dir, spec->dir) != 0)
        report (d, VERDICT_NOTE, spec->name, "`chard kernel uninstall` the one you don't want",
                "Jupyter takes another kernel of this name: %s", dir);
}

/* What to do, told by what the kernel said when it didn't start. */
static const char *
choose_mend (struct doctor *d, const struct kernelspec *spec, const char *said)
{
    const char *inner = kernel_spec_note (spec, "inner");
    const char *module = strstr (said, "No module named ");
    if (module && strstr (module, "ipykernel")) {
        const char *python = inner ? kernelspec_find_python (d->arena, inner) : NULL;
        return arena_printf (d->arena, "%s -m pip install ipykernel", python ? python : "python3");
    }
    if (module)
        return arena_printf (d->arena, "install the module%s into that Python", module + strlen ("No module named"));
    if (strstr (said, "there is no kernel"))
        return "`chard kernel install --inner KERNEL` with one that `jupyter kernelspec list` shows";
    if (strstr (said, "names a program that isn't there"))
        return "install the inner kernel again, then `chard kernel install`";
    return "start the inner kernel by hand; when it works, so does this one";
}

static void
check_inner (struct doctor *d, const struct kernelspec *spec, const char *program)
{
    struct vec_str argv = { 0 };
    json_t *words = json_object_get (spec->spec, "argv"), *word;
    size_t i;
    char *out, *err;
    vec_push (d->arena, &argv, program);
    vec_push (d->arena, &argv, "--check");
    json_array_foreach (words, i, word) /* all but the program and "-f {connection_file}" */
        if (i > 2 && json_is_string (word))
            vec_push (d->arena, &argv, json_string_value (word));
    vec_push (d->arena, &argv, NULL);
    if (try (d, argv.items, &out, &err))
        report (d, VERDICT_OK, "inner kernel", NULL, "%.*s", (int) strcspn (out, "\n"), out);
    else
        report (d, VERDICT_WRONG, "inner kernel", choose_mend (d, spec, err), "doesn't start: %s", err);
}

static void
check_shim (struct doctor *d, const struct kernelspec *spec)
{
    const char *shim = kernel_spec_note (spec, "shim");
    if (shim && !kernel_shim_is_ours (shim))
        report (d, VERDICT_WRONG, "%load_ext", "`chard kernel install`", "%s is gone", shim);
    else if (shim)
        report (d, VERDICT_OK, "%load_ext", NULL, "%s", shim);
}

static void
check_spec (struct doctor *d, const struct kernelspec *spec)
{
    const char *title = json_string_value (json_object_get (spec->spec, "display_name"));
    const char *program = kernelspec_program (d->arena, spec);
    if (!program) {
        report (d, VERDICT_WRONG, spec->name, "`chard kernel install` from where Chard is now",
                "%s/kernel.json names a chard-kernel that isn't there", spec->dir);
        return;
    }
    report (d, VERDICT_OK, spec->name, NULL, "%s, %s", title ? title : "?", spec->dir);
    if (d->kernel && strcmp (program, d->kernel) != 0)
        report (d, VERDICT_NOTE, spec->name, "`chard kernel install` makes it this one", "it starts %s", program);
    check_listed (d, spec);
    check_inner (d, spec, program);
    check_shim (d, spec);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    (void) settings;
    struct doctor d = { .inv = inv, .arena = inv->arena, .findings = json_array () };
    if (inv->operands.len)
        return error_set (err, ERROR_USAGE, "doctor takes no names: it looks at all kernels of Chard's");
    check_program (&d);
    check_runtime (&d);
    ask_jupyter (&d);
    kernel_specs_find (inv->arena, &d.specs);
    vec_foreach (spec, &d.specs)
        check_spec (&d, spec);
    if (d.specs.len == 0)
        report (&d, VERDICT_WRONG, "kernel", "`chard kernel install`", "Jupyter knows no kernel of Chard's yet");
    kernel_specs_clear (&d.specs);
    json_decref (d.listed);
    if (inv->json)
        past_print_json (inv, json_incref (d.findings));
    json_decref (d.findings);
    if (d.wrong == 0)
        return 0;
    err->kind = ERROR_ENVIRONMENT; /* told already */
    err->text[0] = '\0';
    return -1;
}

const struct command command_kernel_doctor = {
    .name = "kernel doctor",
    .operands = "",
    .summary = "Find out why the kernel doesn't start or isn't shown",
    .details =
        "Looks at chard-kernel, at all of Chard's kernels in Jupyter's directories, and whether Jupyter sees them, "
        "and "
        "starts each one's inner kernel once. What is wrong comes with what mends it; the exit status is 3 then.\n"
        "With --format=json it prints a list of {verdict, what, text, mend}; verdict is ok, note or wrong.",
    .examples = "chard kernel doctor",
    .run = run,
};

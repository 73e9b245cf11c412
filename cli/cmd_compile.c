/* `chard compile`: a notebook in, a document out. Targets are rows of a table; so far there is the IR itself.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "cli/batch.h"
#include "cli/command.h"
#include "cli/option.h"
#include "compiler/compile.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct compile_settings {
    const char *to, *output, *stop_after;
};

static const struct option options[] = {
    { .name = "to", .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, to), .argument = "TARGET",
      .help = "what to make of it: ir (the default), the pipeline as JSON", .choices = "ir" },
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, output),
      .argument = "FILE", .help = "write there; - is standard output (the default); with several notebooks a directory" },
    { .name = "stop-after", .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, stop_after),
      .argument = "PASS", .help = "stop after this pass of the compiler and print what it made" },
    { 0 },
};

static const struct compile_settings defaults = { .to = "ir", .output = "-" };

/* Where results go. */
struct destination {
    const struct compile_settings *settings;
    bool directory;     /* settings->output is one, made as needed */
    size_t common;      /* leading bytes that all paths share: left out below the directory */
};

/* ---- what comes out --------------------------------------------------------------------------------------------- */

static json_t *
make_document (const struct compilation *c, const struct compile_settings *settings)
{
    return settings->stop_after ? compile_dump (c, settings->stop_after) : pipeline_to_json (c->pipeline);
}

/* "OUT/sub/train.json" for "notebooks/sub/train.ipynb"; scripts keep their ending ("train.py.json"), since a notebook
 * of the same name may lie beside them. */
static char *
path_below (struct arena *a, const struct destination *to, const char *path)
{
    const char *rest = path + to->common;
    while (strncmp (rest, "../", 3) == 0 || strncmp (rest, "./", 2) == 0)
        rest = strchr (rest, '/') + 1;
    size_t n = strlen (rest);
    static const char ending[] = ".ipynb";
    if (n > sizeof ending - 1 && strcmp (rest + n - (sizeof ending - 1), ending) == 0)
        n -= sizeof ending - 1;
    return arena_printf (a, "%s/%.*s.json", to->settings->output, (int) n, rest);
}

static int
write_document (struct invocation *inv, const struct destination *to, const char *path, const char *text,
                struct error *err)
{
    if (!to->directory && strcmp (to->settings->output, "-") == 0) {
        fprintf (inv->out, "%s\n", text);
        return 0;
    }
    const char *file = to->directory ? path_below (inv->arena, to, path) : to->settings->output;
    if (to->directory && fs_mkdirs (fs_dirname (inv->arena, file), err) < 0)
        return -1;
    const char *whole = arena_printf (inv->arena, "%s\n", text);
    if (fs_write (file, whole, strlen (whole), err) < 0)
        return -1;
    if (inv->verbose)
        fprintf (inv->err, "%s: wrote %s\n", path, file);
    return 0;
}

static void
print_diagnostics (struct invocation *inv, struct diag_list *list)
{
    cleanup_strbuf struct strbuf text = { 0 };
    diag_sort (list);
    vec_foreach (d, &list->all)
        diag_print (d, inv->color_err, &text);
    fputs (strbuf_str (&text), inv->err);
}

/* ---- one notebook ----------------------------------------------------------------------------------------------- */

static int
compile_and_write (struct invocation *inv, struct compilation *c, const char *path, const struct destination *to,
                   struct error *err)
{
    const struct compile_options how = { .stop_after = to->settings->stop_after };
    if (compile_file (c, path, &how, err) < 0)
        return -1;
    print_diagnostics (inv, &c->diags);
    if (c->diags.errors && !how.stop_after)
        return error_set (err, ERROR_NOTEBOOK, "%s", "");
    json_auto_t *document = make_document (c, to->settings);
    cleanup_free char *text = document ? json_dumps (document, JSON_INDENT (2) | JSON_ENCODE_ANY) : NULL;
    if (!text)
        return error_set (err, ERROR_NOTEBOOK, "%s: there is nothing to print after this pass", path);
    if (write_document (inv, to, path, text, err) < 0)
        return -1;
    return c->diags.errors ? error_set (err, ERROR_NOTEBOOK, "%s", "") : 0;
}

static int
compile_one (struct invocation *inv, const char *path, const void *data, struct error *err)
{
    struct compilation c = { 0 };
    int status = compile_and_write (inv, &c, path, data, err);
    compilation_destroy (&c);
    return status;
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int
check_pass (const char *pass, struct error *err)
{
    const char *const *names = compile_pass_names ();
    for (const char *const *name = names; *name; name++)
        if (strcmp (*name, pass) == 0)
            return 0;
    cleanup_strbuf struct strbuf all = { 0 };
    for (const char *const *name = names; *name; name++)
        strbuf_addf (&all, "%s%s", name == names ? "" : ", ", *name);
    return error_set (err, ERROR_USAGE, "--stop-after: there is no pass '%s'; the passes are %s", pass,
                      strbuf_str (&all));
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

static int
choose_destination (struct invocation *inv, const struct compile_settings *settings, const struct vec_str *paths,
                    struct destination *to, struct error *err)
{
    to->settings = settings;
    to->directory = strcmp (settings->output, "-") != 0
                    && (paths->len > 1 || fs_is_dir (settings->output) || fs_is_dir (inv->operands.items[0]));
    to->common = common_directory (paths);
    if (paths->len > 1 && !to->directory)
        return error_set (err, ERROR_USAGE, "compile: several notebooks don't fit on standard output; give a directory: "
                                            "-o DIRECTORY");
    if (paths->len > 1 && fs_exists (settings->output) && !fs_is_dir (settings->output))
        return error_set (err, ERROR_USAGE, "compile: %s is a file; several notebooks need a directory",
                          settings->output);
    return 0;
}

static int
run (struct invocation *inv, const void *data, struct error *err)
{
    const struct compile_settings *settings = data;
    struct vec_str paths = { 0 };
    struct destination to;
    if (settings->stop_after && check_pass (settings->stop_after, err) < 0)
        return error_wrap (err, "compile");
    if (command_expand_notebooks (inv, &paths, err) < 0)
        return error_wrap (err, "compile");
    if (choose_destination (inv, settings, &paths, &to, err) < 0)
        return -1;
    const struct batch batch = { .work = compile_one, .data = &to, .done = "compiled" };
    return batch_run (inv, &paths, &batch, err);
}

const struct command command_compile = {
    .name = "compile",
    .operands = "NOTEBOOK…",
    .summary = "Turn notebooks into pipeline documents",
    .details = "Prints the pipeline that a notebook means, as JSON (its schema is share/chard/pipeline.schema.json). The "
               "same notebook always gives the same bytes. A notebook with errors gives no document: they are told on "
               "standard error, and the exit status is 1.\n"
               "With several notebooks (a directory stands for all below it) -o names a directory, in which the "
               "notebooks' own folders are repeated.",
    .examples = "chard compile train.ipynb                      # the pipeline on standard output\n"
                "chard compile --to ir -o train.json train.ipynb\n"
                "chard compile -o build/ notebooks/             # all of them, over all cores\n"
                "chard compile --stop-after=syntax train.ipynb  # for the curious: what a pass makes of it",
    .options = options,
    .settings_size = sizeof (struct compile_settings),
    .defaults = &defaults,
    .run = run,
};

/* `chard check`: compiles notebooks for their diagnostics alone.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/batch.h"
#include "cli/command.h"
#include "cli/load.h"
#include "compiler/compile.h"
#include "engine/environment.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct check_settings {
    bool strict;
    const char *stop_after, *python;
    const json_t *environment; /* of that Python */
};

static const struct option options[] = {
    { .name = "strict", .kind = OPTION_FLAG, .offset = offsetof (struct check_settings, strict),
      .help = "warnings fail the check as errors do" },
    { .name = "stop-after", .kind = OPTION_STRING, .offset = offsetof (struct check_settings, stop_after),
      .argument = "PASS", .help = "look no further than this pass of the compiler (syntax: does it parse?)",
      .choices = COMPILE_PASSES },
    { .name = "python", .kind = OPTION_STRING, .offset = offsetof (struct check_settings, python), .argument = "PATH",
      .help = "the Python that must have what is imported (default: the active environment's, if any)" },
    { 0 },
};

static json_t *
number_or_null (int n, int least)
{
    return n >= least ? json_integer (n) : json_null ();
}

static json_t *
text_or_null (const char *s)
{
    return s ? json_string (s) : json_null ();
}

/* `whole` is the notebook that was checked: `d` may be of one that it brings in. */
static json_t *
diag_to_json (const struct diag *d, const char *whole)
{
    json_t *o = json_object ();
    json_object_set_new (o, "notebook", text_or_null (d->notebook));
    json_object_set_new (o, "cell", number_or_null (d->at.cell, 0));
    json_object_set_new (o, "line", number_or_null (d->at.line, 1));
    json_object_set_new (o, "column", number_or_null (d->at.column, 1));
    json_object_set_new (o, "severity", json_string (severity_name (d->severity)));
    json_object_set_new (o, "rule", json_string (d->rule));
    json_object_set_new (o, "message", text_or_null (d->message));
    json_object_set_new (o, "hint", text_or_null (d->hint));
    if (d->at.notebook)
        json_object_set_new (o, "part_of", json_string (whole));
    return o;
}

/* As an element of the list that batch_run puts together: on a line of its own, without the end of that line. */
static void
print_json (FILE *out, const struct diag *d, const char *whole, bool first)
{
    json_t *o = diag_to_json (d, whole);
    char *text = json_dumps (o, JSON_INDENT (2));
    json_decref (o);
    fputs (first ? "\n  " : ",\n  ", out);
    for (const char *p = text; p && *p; p++) {
        fputc (*p, out);
        if (*p == '\n')
            fputs ("  ", out);
    }
    free (text);
}

static void
print_all (struct invocation *inv, const struct diag_list *list)
{
    cleanup_strbuf struct strbuf text = { 0 };
    vec_foreach (d, &list->all)
        if (inv->json)
            print_json (inv->out, d, list->notebook, d == list->all.items);
        else
            diag_print (d, inv->color_out, &text);
    fputs (strbuf_str (&text), inv->out);
}

/* A notebook that has no diagnostics of its own is told in the list too, for those who read the list alone. */
static void
print_instead (struct invocation *inv, const char *path, const char *rule, const struct error *err)
{
    const struct diag d = { .notebook = path, .at = PLACE_NOTEBOOK, .severity = SEVERITY_ERROR, .rule = rule,
                            .message = err->text };
    if (inv->json)
        print_json (inv->out, &d, path, true);
}

static void
print_lost (struct invocation *inv, const char *path, const struct error *err)
{
    print_instead (inv, path, "crashed", err);
}

static int
check_one (struct invocation *inv, const char *path, const void *data, struct error *err)
{
    const struct check_settings *settings = data;
    const struct compile_options how = { .stop_after = settings->stop_after, .environment = settings->environment };
    struct compilation c = { 0 };
    int status = load_compile (inv, &c, path, how, err);
    if (status == 0) {
        diag_sort (&c.diags);
        print_all (inv, &c.diags);
        if (c.diags.errors || (settings->strict && c.diags.warnings))
            status = error_set (err, ERROR_NOTEBOOK, "%s", "");
        if (inv->verbose && status == 0)
            fprintf (inv->err, "%s: %zu steps, no errors\n", path, c.pipeline ? c.pipeline->steps.len : 0);
    } else {
        print_instead (inv, path, "unreadable", err);
    }
    compilation_destroy (&c);
    return status;
}

static int
run (struct invocation *inv, const void *data, struct error *err)
{
    struct vec_str paths = { 0 };
    json_auto_t *environment = NULL;
    struct check_settings settings = *(const struct check_settings *) data;
    bool whole = !settings.stop_after || strcmp (settings.stop_after, "requirement") == 0;
    if (command_expand_notebooks (inv, &paths, err) < 0)
        return error_wrap (err, "check");
    if (whole /* asking Python takes its time */
        && environment_read (inv->arena, settings.python, &environment, err) < 0)
        return error_wrap (err, "check");
    settings.environment = environment;
    struct batch batch = { .work = check_one, .data = &settings, .lost = print_lost, .done = "fine" };
    if (inv->json) {
        batch.open = "[";
        batch.separator = ",";
        batch.close = "\n]\n";
    }
    return batch_run (inv, &paths, &batch, err);
}

const struct command command_check = {
    .name = "check",
    .operands = "NOTEBOOK…",
    .summary = "Tell what is wrong with notebooks, without running them",
    .details = "Compiles each notebook (a directory stands for all notebooks below it) and prints its diagnostics, as "
               "a compiler does: place, severity, what is wrong, the rule's name in brackets, the line, and a hint. "
               "chard-diagnostics(7) tells of each rule.\n"
               "With --format=json it prints one list of {notebook, cell, line, column, severity, rule, message, "
               "hint}. Cells are counted from 0 among all cells of the notebook, lines and columns from 1 within the "
               "cell; what is not known is null.\n"
               "Exit status: 0 without errors, 1 with, 3 if a file can't be read.",
    .examples = "chard check train.ipynb\n"
                "chard check --strict notebooks/         # all below a directory; warnings count\n"
                "chard check --format=json train.ipynb   # for editors and CI",
    .options = options,
    .settings_size = sizeof (struct check_settings),
    .run = run,
};

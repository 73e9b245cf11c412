/* `chard compile`: a notebook in, documents out: the IR itself, or what a target (cli/target.h) makes of it.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/batch.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/destination.h"
#include "cli/option.h"
#include "cli/target.h"
#include "compiler/compile.h"
#include "doc/json_text.h"
#include "engine/environment.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct compile_settings {
    const char *to, *output, *stop_after;
    struct target_settings target;
};

static const struct option options[] = {
    { .name = "to", .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, to), .argument = "TARGET",
      .help = "what to make of it: kfp, argo, cron, container or all; ir (the default) is the pipeline as JSON",
      .choices = "ir|" TARGET_CHOICES },
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, output),
      .argument = "FILE",
      .help = "write there; - is standard output (the default); a directory for targets and several notebooks" },
    { .name = "stop-after", .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, stop_after),
      .argument = "PASS", .help = "stop after this pass of the compiler and print what it made",
      .choices = COMPILE_PASSES },
    { .name = "image", .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, target.emit.image),
      .argument = "REF",
      .help = "the image that steps run in, but those with an image: of their own" },
    { .name = "registry", .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, target.emit.registry),
      .argument = "PREFIX", .help = "goes before the names of images that are yet to be built" },
    { .name = "python", .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, target.python),
      .argument = "PATH",
      .help = "whose packages steps require and images get; else the Python of the notebook's kernel" },
    { .name = "hashes", .kind = OPTION_FLAG, .offset = offsetof (struct compile_settings, target.emit.hashes),
      .help = "ask the index for each requirement's digest, and the registry for the base image's: so that the image "
              "gets these and no others" },
    { .name = "schedule", .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, target.emit.schedule),
      .argument = "CRON",
      .help = "for cron: minute, hour, day, month and weekday, as in crontab (default: the tag schedule:)" },
    { .name = "timezone", .kind = OPTION_STRING, .offset = offsetof (struct compile_settings, target.emit.timezone),
      .argument = "ZONE",
      .help = "of the schedule: Europe/Berlin (default: the tag timezone:, else that of the cluster)" },
    { 0 },
};

static const struct compile_settings defaults = { .to = "ir", .output = "-" };

/* What each notebook's work is told. */
struct job {
    const struct compile_settings *settings;
    struct destination to;
    const json_t *environment; /* of settings->python */
    bool several; /* notebooks */
};

/* ---- what comes out --------------------------------------------------------------------------------------------- */

static json_t *
make_document (const struct compilation *c, const struct compile_settings *settings)
{
    return settings->stop_after ? compile_dump (c, settings->stop_after) : pipeline_to_json (c->pipeline);
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

/* ---- targets ---------------------------------------------------------------------------------------------------- */

/* Below a directory for several notebooks each has one of its own, so that equal names do no harm. */
static int
write_target (struct invocation *inv, const struct compilation *c, const char *path, const struct job *job,
              struct error *err)
{
    const struct compile_settings *settings = job->settings;
    const char *output = job->several ? destination_path (&job->to, inv->arena, path, "") : settings->output;
    if (target_write (inv, c->pipeline, settings->to, &settings->target, output, err) == 0)
        return 0;
    return error_wrap (err, "%s", path);
}

/* ---- one notebook ----------------------------------------------------------------------------------------------- */

static int
compile_and_write (struct invocation *inv, struct compilation *c, const char *path, const struct job *job,
                   struct error *err)
{
    const struct compile_options how = { .stop_after = job->settings->stop_after, .environment = job->environment };
    if (load_compile (inv, c, path, how, err) < 0)
        return -1;
    print_diagnostics (inv, &c->diags);
    if (c->diags.errors && !how.stop_after)
        return error_set (err, ERROR_NOTEBOOK, "%s", "");
    if (!how.stop_after && strcmp (job->settings->to, "ir") != 0)
        return write_target (inv, c, path, job, err);
    json_auto_t *document = make_document (c, job->settings);
    size_t flags = JSON_INDENT (2) | JSON_ENCODE_ANY | json_text_precision (document);
    cleanup_free char *text = document ? json_dumps (document, flags) : NULL;
    if (!text)
        return error_set (err, ERROR_NOTEBOOK, "%s: there is nothing to print after this pass", path);
    cleanup_strbuf struct strbuf whole = { 0 };
    bool member = job->several && destination_is_stdout (&job->to); /* of the object that the batch puts together */
    if (member) {
        json_auto_t *name = json_string (path);
        cleanup_free char *key = name ? json_dumps (name, JSON_ENCODE_ANY) : NULL;
        strbuf_addf (&whole, "%s: ", key ? key : "\"?\"");
    }
    strbuf_adds (&whole, text);
    if (!member)
        strbuf_addc (&whole, '\n');
    if (destination_write (&job->to, inv, path, ".json", whole.data, whole.len, err) < 0)
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
run (struct invocation *inv, const void *data, struct error *err)
{
    const struct compile_settings *settings = data;
    struct vec_str paths = { 0 };
    json_auto_t *environment = NULL;
    bool whole = !settings->stop_after || strcmp (settings->stop_after, "requirement") == 0;
    if (command_expand_notebooks (inv, &paths, err) < 0)
        return error_wrap (err, "compile");
    if (whole /* asking Python takes its time */
        && environment_read (inv->arena, settings->target.python, &environment, err) < 0)
        return error_wrap (err, "compile");
    struct job job = { .settings = settings, .environment = environment };
    bool joins = inv->json && (settings->stop_after || strcmp (settings->to, "ir") == 0);
    if (destination_choose (&job.to, inv, &paths, settings->output, joins, err) < 0)
        return error_wrap (err, "compile");
    job.several = paths.len > 1;
    struct batch batch = { .work = compile_one, .data = &job, .done = "compiled" };
    if (job.several && destination_is_stdout (&job.to))
        batch.open = "{\n", batch.separator = ",\n", batch.close = "\n}\n";
    return batch_run (inv, &paths, &batch, err);
}

const struct command command_compile = {
    .name = "compile",
    .operands = "NOTEBOOK…",
    .summary = "Turn notebooks into pipeline documents",
    .details = "Prints the pipeline that a notebook means, as JSON (its schema is share/chard/pipeline.schema.json). "
               "The same notebook always gives the same bytes, with the same Python environment: versions of what it "
               "has stand in them. A notebook with errors gives no document: they are told on "
               "standard error, and the exit status is 1.\n"
               "With several notebooks (a directory stands for all below it) -o names a directory, in which the "
               "notebooks' own folders are repeated; with --format=json they may go to standard output too, as one "
               "object {notebook: pipeline}.",
    .examples = "chard compile train.ipynb                      # the pipeline on standard output\n"
                "chard compile --to ir -o train.json train.ipynb\n"
                "chard compile -o build/ notebooks/             # all of them, over all cores\n"
                "chard compile --stop-after=syntax train.ipynb  # for the curious: what a pass makes of it",
    .options = options,
    .settings_size = sizeof (struct compile_settings),
    .defaults = &defaults,
    .run = run,
};

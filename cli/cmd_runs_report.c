/* `chard runs report`: writes the page about a run.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "cli/remote.h"
#include "doc/json_value.h"
#include "engine/report.h"

static const struct option options[] = {
    PAST_OPTION_OF,
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, PAST_FIELD (output), .argument = "FILE",
      .help = "write the page there (default: report.html in the run's directory)" },
    { 0 },
};

/* Runs elsewhere have a page there. */
static int
refuse_remote (const json_t *record, struct error *err)
{
    return error_set (err, ERROR_NOTEBOOK,
                      "run %s is on %s, and reports are written of runs here; chard runs show, logs and get tell of "
                      "it, and there: %s",
                      json_text (record, "run"), json_text (record, "context"), json_text (record, "link"));
}

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    const struct past_settings *s = settings;
    struct past_run run = { 0 };
    struct state state;
    if (inv->operands.len > 1)
        return error_set (err, ERROR_USAGE, "name one run, or none for the last");
    const char *wanted = inv->operands.len ? inv->operands.items[0] : NULL;
    int status = past_run_open (inv, s, wanted, &run, err);
    json_auto_t *record = remote_find_newer (inv, s, wanted, run.id, &state);
    if (record)
        status = refuse_remote (record, err);
    if (status == 0) {
        const char *path = s->output ? s->output : fs_join (inv->arena, run.dir, "report.html");
        status = report_write (run.dir, &run.log, path, err);
        if (status == 0 && inv->json)
            past_print_json (inv, json_pack ("{s:s, s:s}", "run", run.id, "report", path));
        else if (status == 0)
            fprintf (inv->out, "%s\n", path);
    }
    runlog_content_clear (&run.log);
    return status;
}

const struct command command_runs_report = {
    .name = "runs report",
    .operands = "[RUN]",
    .summary = "Write the report of a run, one HTML page",
    .examples = "chard runs report -o report.html   # of the last run",
    .options = options,
    PAST_COMMAND,
    .run = run,
};

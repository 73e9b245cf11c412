/* `chard runs show`: how a run went, step by step, and why each ran or did not.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "cli/past_run.h"
#include "cli/progress.h"
#include "cli/remote_failure.h"
#include "cli/remote_metrics.h"
#include "cli/snapshot.h"
#include "doc/json_text.h"
#include "doc/json_value.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct option options[] = { PAST_OPTION_OF, { 0 } };

static void
format_time (double t, char text[32])
{
    time_t seconds = (time_t) t;
    struct tm local;
    localtime_r (&seconds, &local);
    strftime (text, 32, "%Y-%m-%d %H:%M:%S", &local);
}

static void
print_step (struct invocation *inv, const struct past_run *run, const char *step)
{
    const char *status = past_step_status (run, step), *color = past_status_color (inv, status);
    const json_t *end = runlog_last (&run->log, "step.end", step), *error = json_object_get (end, "error");
    char time[32] = "", memory[32] = "";
    if (json_object_get (end, "seconds"))
        progress_format_seconds (json_number_value (json_object_get (end, "seconds")), time);
    if (json_object_get (end, "max_rss"))
        snprintf (memory, sizeof memory, "%.0f MiB", json_number_value (json_object_get (end, "max_rss")) / (1 << 20));
    fprintf (inv->out, "  %-24s %s%-11s%s %9s %9s  %s\n", past_one_line (inv->arena, step), color, status,
             *color ? "\033[0m" : "", time, memory, past_step_why (run, step));
    if (json_is_integer (json_object_get (error, "cell")))
        fprintf (inv->out, "      %s%scell %d, line %d: %s: %s\n", json_text (error, "notebook"),
                 json_text (error, "notebook")[0] ? ", " : "",
                 (int) json_integer_value (json_object_get (error, "cell")),
                 (int) json_integer_value (json_object_get (error, "line")), json_text (error, "type"),
                 json_text (error, "message"));
    else if (error)
        fprintf (inv->out, "      %s: %s\n", json_text (error, "type"), json_text (error, "message"));
}

static void
print_metrics (struct invocation *inv, const json_t *metrics, const char *step)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *) metrics, name, value) {
        cleanup_free char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION (6));
        fprintf (inv->out, "metric     %s = %s (%s)\n", name, text ? text : "?", past_one_line (inv->arena, step));
    }
}

static void
print_origin (struct invocation *inv, const struct past_run *run, const json_t *git)
{
    const char *branch = json_text (git, "branch"), *commit = json_text (run->begin, "commit");
    const char *dirty = origin_dirty_text (inv->arena, git), *url = json_text (git, "url");
    if (*commit)
        fprintf (inv->out, "commit     %s\n", commit);
    if (json_text (git, "repository")[0])
        fprintf (inv->out, "git        %s, %s%s%s%s%s\n", past_one_line (inv->arena, json_text (git, "repository")),
                 *branch ? "branch " : "no branch", branch, *url ? ", " : "", json_text (git, "remote"),
                 *url ? arena_printf (inv->arena, " %s", url) : "");
    if (*dirty)
        fprintf (inv->out, "changed    %s\n", dirty);
    if (json_text (git, "note")[0])
        fprintf (inv->out, "git        %s\n", json_text (git, "note"));
    if (json_text (git, "snapshot")[0])
        fprintf (inv->out, "snapshot   " SNAPSHOT_REFS "%s\n", run->id);
}

static void
print_parameters (struct invocation *inv, const json_t *begin)
{
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get (begin, "parameters"), name, value) {
        cleanup_free char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT | json_text_precision (value));
        fprintf (inv->out, "parameter  %s = %s\n", name, text ? text : "?");
    }
}

static void
print_run (struct invocation *inv, const struct past_run *run)
{
    const char *status = past_run_status (run), *color = past_status_color (inv, status);
    char began[32], time[32] = "";
    format_time (json_number_value (json_object_get (run->begin, "time")), began);
    if (run->end)
        progress_format_seconds (json_number_value (json_object_get (run->end, "seconds")), time);
    fprintf (inv->out, "run        %s\nnotebook   %s\nstatus     %s%s%s\n", run->id, json_text (run->begin, "notebook"),
             color, status, *color ? "\033[0m" : "");
    if (json_text (run->end, "error")[0])
        fprintf (inv->out, "error      %s\n", json_text (run->end, "error"));
    fprintf (inv->out, "began      %s\n", began);
    if (time[0])
        fprintf (inv->out, "took       %s\n", time);
    print_origin (inv, run, json_object_get (run->begin, "git"));
    fprintf (inv->out, "python     %s (%s)\n", json_text (run->begin, "python"),
             json_text (run->begin, "python_version"));
    print_parameters (inv, run->begin);
    fputs ("steps\n", inv->out);
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (run->begin, "steps"), i, step)
        print_step (inv, run, json_string_value (step));
    json_array_foreach (json_object_get (run->begin, "steps"), i, step) {
        json_auto_t *metrics = past_step_metrics (run, json_string_value (step));
        print_metrics (inv, metrics, json_string_value (step));
    }
    char *report = fs_join (inv->arena, run->dir, "report.html");
    if (fs_exists (report))
        fprintf (inv->out, "report     %s\n", report);
}

static json_t *
show_to_json (const struct past_run *run)
{
    json_t *o = json_deep_copy (run->begin), *steps = json_array ();
    json_object_del (o, "event");
    json_object_set_new (o, "status", json_string (past_run_status (run)));
    json_object_set_new (o, "dir", json_string (run->dir));
    json_object_set_new (o, "end", run->end ? json_deep_copy (run->end) : json_null ());
    size_t i;
    json_t *name;
    json_array_foreach (json_object_get (run->begin, "steps"), i, name) {
        const char *step = json_string_value (name);
        json_t *end = runlog_last (&run->log, "step.end", step);
        json_t *s = end ? json_deep_copy (end) : json_pack ("{s:s}", "step", step);
        json_object_del (s, "event");
        json_object_set_new (s, "status", json_string (past_step_status (run, step)));
        json_object_set_new (s, "why", json_string (past_step_why (run, step)));
        json_t *metrics = past_step_metrics (run, step);
        if (metrics)
            json_object_set_new (s, "metrics", metrics);
        json_array_append_new (steps, s);
    }
    json_object_set_new (o, "steps", steps);
    return o;
}

/* ---- runs elsewhere --------------------------------------------------------------------------------------------- */

static void
print_remote (struct invocation *inv, const json_t *record)
{
    const struct past_run run = { .id = json_text (record, "run"), .begin = record };
    const char *status = json_text (record, "status"), *color = past_status_color (inv, status);
    char began[32];
    size_t i;
    json_t *step;
    format_time (json_number_value (json_object_get (record, "began")), began);
    fprintf (inv->out, "run        %s\nnotebook   %s\ncontext    %s (%s)\nstatus     %s%s%s\n", run.id,
             json_text (record, "notebook"), json_text (record, "context"), json_text (record, "target"), color, status,
             *color ? "\033[0m" : "");
    if (json_text (record, "error")[0])
        fprintf (inv->out, "error      %s\n", past_one_line (inv->arena, json_text (record, "error")));
    fprintf (inv->out, "began      %s\nlink       %s\n", began, json_text (record, "link"));
    print_origin (inv, &run, json_object_get (record, "git"));
    print_parameters (inv, record);
    if (json_text (record, "steps_note")[0])
        fprintf (inv->out, "note       %s\n", json_text (record, "steps_note"));
    fputs ("steps\n", inv->out);
    json_array_foreach (json_object_get (record, "steps"), i, step) {
        const char *stands = json_text (step, "status"), *c = past_status_color (inv, stands);
        fprintf (inv->out, "  %-24s %s%-11s%s\n", past_one_line (inv->arena, json_text (step, "step")), c,
                 *stands ? stands : "waiting", *c ? "\033[0m" : "");
        if (strcmp (stands, "failed") == 0)
            remote_print_failure (inv, record, step, false, inv->out);
    }
    json_array_foreach (json_object_get (record, "steps"), i, step)
        print_metrics (inv, json_object_get (step, "metrics"), json_text (step, "step"));
}

/* A service that can't be reached is told; what was known last is shown all the same. */
static int
show_remote (struct invocation *inv, const struct state *state, json_t *record)
{
    struct error why = { 0 };
    if (!remote_is_over (record) && remote_refresh (inv, state, record, &why) < 0)
        fprintf (inv->err, "as it was known last, since %s\n", why.text);
    else if (remote_metrics_fetch (inv, state, record, &why) < 0 && inv->verbose)
        fprintf (inv->err, "metrics aren't known: %s\n", why.text);
    if (remote_explain (inv, record))
        remote_save (state, inv->arena, record, NULL);
    if (inv->json)
        past_print_json (inv, json_incref (record));
    else
        print_remote (inv, record);
    return 0;
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    struct past_run run = { 0 };
    struct state state;
    if (inv->operands.len > 1)
        return error_set (err, ERROR_USAGE, "name one run, or none for the last");
    const char *wanted = inv->operands.len ? inv->operands.items[0] : NULL;
    int status = past_run_open (inv, settings, wanted, &run, err);
    json_auto_t *record = remote_find_newer (inv, settings, wanted, run.id, &state);
    if (record) {
        runlog_content_clear (&run.log);
        return show_remote (inv, &state, record);
    }
    if (status == 0 && !run.begin)
        status = error_set (err, ERROR_NOTEBOOK, "run %s was killed before it began: its log is empty", run.id);
    else if (status == 0 && inv->json)
        past_print_json (inv, show_to_json (&run));
    else if (status == 0)
        print_run (inv, &run);
    runlog_content_clear (&run.log);
    return status;
}

const struct command command_runs_show = {
    .name = "runs show",
    .operands = "[RUN]",
    .summary = "Tell how a run went, and why each step ran or did not",
    .examples = "chard runs show         # the last run\n"
                "chard runs show 3e71    # the one whose name ends so",
    .options = options,
    PAST_COMMAND,
    .run = run,
};

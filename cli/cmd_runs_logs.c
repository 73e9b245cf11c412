/* `chard runs logs`: what the steps of a run printed.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "cli/remote_failure.h"
#include "doc/json_value.h"

#include <string.h>

static const struct option options[] = { PAST_OPTION_OF, { 0 } };

static int
copy_out (struct invocation *inv, const char *path, struct error *err)
{
    cleanup_file FILE *f = fopen (path, "re");
    if (!f)
        return error_errno (err, "%s", path);
    char block[1 << 16];
    size_t n;
    while ((n = fread (block, 1, sizeof block, f)) > 0)
        fwrite (block, 1, n, inv->out);
    return 0;
}

/* The log as JSON can hold it: bytes that are no UTF-8 become U+FFFD. */
static json_t *
log_to_json (const char *path, struct error *err)
{
    cleanup_free char *data = NULL;
    cleanup_strbuf struct strbuf text = { 0 };
    size_t n, len;
    if (fs_read (path, &data, &n, err) < 0)
        return NULL;
    for (size_t i = 0; i < n; i += len)
        strbuf_add_utf8 (&text, utf8_decode (data + i, n - i, &len));
    return json_stringn (strbuf_str (&text), text.len);
}

/* The log of a cached step lies with the run that made the result. */
static const char *
log_of_key (struct invocation *inv, const struct past_run *run, const char *step, const char *key)
{
    struct vec_str ids = { 0 };
    state_list_runs (&run->state, inv->arena, &ids);
    const char *found = NULL;
    for (size_t i = ids.len; i-- > 0 && !found;) {
        struct runlog_content log;
        char *dir = state_run_dir (&run->state, inv->arena, ids.items[i]);
        if (runlog_read (fs_join (inv->arena, dir, "run.jsonl"), &log, NULL) < 0)
            continue;
        const json_t *end = runlog_last (&log, "step.end", step);
        if (strcmp (json_text (end, "status"), "ok") == 0 && strcmp (json_text (end, "key"), key) == 0)
            found = arena_strdup (inv->arena, json_text (end, "log"));
        runlog_content_clear (&log);
    }
    return found;
}

static const char *
log_of (struct invocation *inv, const struct past_run *run, const char *step)
{
    const json_t *end = runlog_last (&run->log, "step.end", step);
    const json_t *begin = runlog_last (&run->log, "step.begin", step);
    if (json_text (begin, "log")[0])
        return json_text (begin, "log");
    return json_text (end, "key")[0] ? log_of_key (inv, run, step, json_text (end, "key")) : NULL;
}

static bool
has_step (const struct past_run *run, const char *step)
{
    return json_has_string (json_object_get (run->begin, "steps"), step);
}

/* Prints one step's log, under its name if it is one of several, or adds it to `list`. */
static int
tell_log (struct invocation *inv, const char *step, const char *log, bool several, json_t *list, struct error *err)
{
    if (inv->json) {
        json_t *text = log_to_json (log, err);
        if (!text)
            return -1;
        return json_array_append_new (list, json_pack ("{s:s, s:s, s:o}", "step", step, "log", log, "text", text));
    }
    if (several)
        fprintf (inv->out, "%s==> %s <==\n", json_array_size (list) ? "\n" : "", past_one_line (inv->arena, step));
    json_array_append_new (list, json_null ());
    return copy_out (inv, log, err);
}

static int
tell_logs (struct invocation *inv, const struct past_run *run, const char *only, json_t *list, struct error *err)
{
    if (only && !has_step (run, only))
        return error_set (err, ERROR_USAGE, "run %s has no step “%s”", run->id, only);
    size_t i;
    json_t *name;
    json_array_foreach (json_object_get (run->begin, "steps"), i, name) {
        const char *step = json_string_value (name);
        if (only && strcmp (only, step) != 0)
            continue;
        const char *log = log_of (inv, run, step);
        bool there = log && fs_exists (log);
        if (!there && only)
            return error_set (err, ERROR_NOTEBOOK, "step %s of run %s has no log (%s)", step, run->id,
                              past_step_status (run, step));
        if (there && tell_log (inv, step, log, !only, list, err) < 0)
            return -1;
    }
    return 0;
}

/* ---- runs elsewhere --------------------------------------------------------------------------------------------- */

enum { REMOTE_LINES = 100000 };

static int
tell_remote_log (struct invocation *inv, const json_t *record, const json_t *step, bool several, json_t *list,
                 struct error *err)
{
    cleanup_strbuf struct strbuf log = { 0 };
    struct error why = { 0 };
    const char *name = json_text (step, "step");
    if (remote_log (inv, record, step, REMOTE_LINES, &log, &why) < 0) {
        if (several && why.kind == ERROR_NOTEBOOK)
            return 0; /* it hasn't run */
        *err = why;
        return -1;
    }
    if (inv->json)
        return json_array_append_new (list, json_pack ("{s:s,s:n,s:s}", "step", name, "log", "text",
                                                       utf8_repair (inv->arena, strbuf_str (&log))));
    if (several)
        fprintf (inv->out, "%s==> %s <==\n", json_array_size (list) ? "\n" : "", past_one_line (inv->arena, name));
    json_array_append_new (list, json_null ());
    fwrite (strbuf_str (&log), 1, log.len, inv->out);
    return 0;
}

/* Which pods there are is asked first, unless all is over. */
static int
tell_remote_logs (struct invocation *inv, const struct state *state, json_t *record, const char *only, json_t *list,
                  struct error *err)
{
    size_t i, told = 0;
    json_t *step;
    if (!remote_is_over (record) && remote_refresh (inv, state, record, err) < 0)
        return -1;
    json_array_foreach (json_object_get (record, "steps"), i, step)
        if (!only || strcmp (json_text (step, "step"), only) == 0) {
            told++;
            if (tell_remote_log (inv, record, step, !only, list, err) < 0)
                return -1;
        }
    if (told && !json_array_size (list))
        fprintf (inv->err, "no step of run %s has a log (%s)\n", json_text (record, "run"),
                 json_text (record, "status"));
    return told ? 0 : error_set (err, ERROR_USAGE, "run %s has no step “%s”", json_text (record, "run"),
                                 only ? only : "");
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static bool
has_remote_step (const json_t *record, const char *name)
{
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (record, "steps"), i, step)
        if (strcmp (json_text (step, "step"), name) == 0)
            return true;
    return false;
}

/* One operand may be a step of the last run, here or elsewhere; a step "b" isn't the run whose id ends so. */
static bool
is_step_of_last (struct invocation *inv, const struct past_settings *s, const char *name)
{
    struct error ignored;
    struct past_run last = { 0 };
    struct state state;
    bool is_step = past_run_open (inv, s, NULL, &last, &ignored) == 0 && has_step (&last, name);
    json_auto_t *record = is_step ? NULL : remote_find (inv, s, NULL, &state, &ignored);
    runlog_content_clear (&last.log);
    return is_step || has_remote_step (record, name);
}

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    const struct past_settings *s = settings;
    struct past_run run = { 0 };
    if (inv->operands.len > 2)
        return error_set (err, ERROR_USAGE, "name a run and a step");
    const char *wanted = inv->operands.len ? inv->operands.items[0] : NULL;
    const char *step = inv->operands.len == 2 ? inv->operands.items[1] : NULL;
    if (wanted && !step && is_step_of_last (inv, s, wanted)) {
        step = wanted;
        wanted = NULL;
    }
    int status = past_run_open (inv, s, wanted, &run, err);
    json_t *list = json_array ();
    struct state state;
    json_auto_t *record = remote_find_newer (inv, s, wanted, status == 0 ? run.id : NULL, &state);
    if (record)
        status = tell_remote_logs (inv, &state, record, step, list, err);
    else if (status == 0)
        status = tell_logs (inv, &run, step, list, err);
    if (status == 0 && inv->json)
        past_print_json (inv, json_incref (list));
    json_decref (list);
    runlog_content_clear (&run.log);
    return status;
}

const struct command command_runs_logs = {
    .name = "runs logs",
    .operands = "[RUN] [STEP]",
    .summary = "Print what the steps of a run printed",
    .details = "Of runs elsewhere the service is asked; what it has forgotten can't be had (Argo keeps the pods of "
               "failed steps only, and logs of the others beside the results, for argo-server).\nWith --format=json it "
               "prints one list of {step, log, text}; log is the file's path.",
    .examples = "chard runs logs latest train   # one step of the last run\n"
                "chard runs logs                # all steps of it",
    .options = options,
    PAST_COMMAND,
    .run = run,
};

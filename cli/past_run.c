/* See past_run.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/past_run.h"

#include "base/fs.h"
#include "doc/json_value.h"
#include "engine/report_run.h"

#include <string.h>

const struct past_settings past_defaults = { .limit = 20, .keep = -1 };

const char *
past_dir (struct invocation *inv, const struct past_settings *s)
{
    return !s->of ? "." : fs_is_dir (s->of) ? s->of : fs_dirname (inv->arena, s->of);
}

int
past_state_open (struct invocation *inv, const struct past_settings *s, struct state *state, struct error *err)
{
    return state_open (state, inv->arena, past_dir (inv, s), false, err);
}

const char *
past_choose_run (struct invocation *inv, const struct past_settings *s, const struct state *state,
                 const struct vec_str *ids, const char *wanted, const char *where,
                 const char *(*notebook_of) (struct arena *a, const struct state *state, const char *id),
                 struct error *err)
{
    const char *alike = NULL;
    if (!s->of || fs_is_dir (s->of) || ids->len == 0 || (wanted && strcmp (wanted, "latest") != 0))
        return state_choose_run (ids, wanted, where, err);
    const char *notebook = fs_absolute (inv->arena, s->of);
    for (size_t i = ids->len; i-- > 0;) {
        const char *of = notebook_of (inv->arena, state, ids->items[i]);
        if (strcmp (of, notebook) == 0)
            return ids->items[i];
        if (!alike && strcmp (fs_basename (of), fs_basename (notebook)) == 0)
            alike = ids->items[i];
    }
    if (!alike)
        error_set (err, ERROR_USAGE, "there are no runs of %s in %s; the last one there is %s", fs_basename (notebook),
                   where, ids->items[ids->len - 1]);
    return alike;
}

static const char *
notebook_of (struct arena *a, const struct state *state, const char *id)
{
    struct runlog_glance glance;
    if (runlog_look_at (fs_join (a, state_run_dir (state, a, id), "run.jsonl"), &glance) < 0)
        return "";
    const char *notebook = arena_strdup (a, json_text (glance.begin, "notebook"));
    json_decref (glance.begin);
    return notebook;
}

int
past_run_open (struct invocation *inv, const struct past_settings *s, const char *wanted, struct past_run *run,
               struct error *err)
{
    if (past_state_open (inv, s, &run->state, err) < 0)
        return -1;
    struct vec_str ids = { 0 };
    state_list_runs (&run->state, inv->arena, &ids);
    run->id = past_choose_run (inv, s, &run->state, &ids, wanted, run->state.dir, notebook_of, err);
    if (!run->id)
        return -1;
    run->dir = state_run_dir (&run->state, inv->arena, run->id);
    if (runlog_read (fs_join (inv->arena, run->dir, "run.jsonl"), &run->log, err) < 0)
        return -1;
    run->begin = runlog_first (&run->log, "run.begin", NULL);
    run->end = runlog_last (&run->log, "run.end", NULL);
    return 0;
}

const char *
past_run_status (const struct past_run *run)
{
    return run->end ? json_text (run->end, "status") : run->log.alive ? "running" : "interrupted";
}

const char *
past_step_status (const struct past_run *run, const char *step)
{
    const json_t *end = runlog_last (&run->log, "step.end", step);
    if (end)
        return json_text (end, "status");
    if (!runlog_first (&run->log, "step.begin", step))
        return "waiting";
    return run->log.alive ? "running" : "interrupted";
}

const char *
past_status_color (const struct invocation *inv, const char *status)
{
    static const struct {
        const char *status, *color;
    } colors[] = { { "ok", "\033[32m" },         { "cached", "\033[36m" },     { "failed", "\033[1;31m" },
                   { "timeout", "\033[1;31m" },  { "canceled", "\033[33m" },   { "skipped", "\033[33m" },
                   { "running", "\033[1;34m" },  { "interrupted", "\033[1;31m" } };
    for (size_t i = 0; inv->color_out && i < sizeof colors / sizeof *colors; i++)
        if (strcmp (colors[i].status, status) == 0)
            return colors[i].color;
    return "";
}

const char *
past_one_line (struct arena *a, const char *name)
{
    char *s = arena_strdup (a, name);
    for (char *c = s; *c; c++)
        if ((unsigned char) *c < 32 || *c == 127)
            *c = '?';
    return s;
}

const char *
past_step_why (const struct past_run *run, const char *step)
{
    const json_t *end = runlog_last (&run->log, "step.end", step);
    if (json_text (end, "why")[0])
        return json_text (end, "why");
    return json_text (runlog_last (&run->log, "step.begin", step), "why");
}

json_t *
past_step_metrics (const struct past_run *run, const char *step)
{
    const char *result = json_text (runlog_last (&run->log, "step.end", step), "result");
    json_t *metrics = *result ? report_run_load (result, "metrics.json") : NULL;
    if (json_object_size (metrics))
        return metrics;
    json_decref (metrics);
    return NULL;
}

json_t *
past_run_metrics (struct arena *a, const struct past_run *run)
{
    json_t *all = json_object (), *step, *value;
    const char *name;
    size_t i;
    json_array_foreach (json_object_get (run->begin, "steps"), i, step) {
        json_auto_t *metrics = past_step_metrics (run, json_string_value (step));
        json_object_foreach (metrics, name, value)
            json_object_set (all, arena_printf (a, "%s.%s", json_string_value (step), name), value);
    }
    return all;
}

void
past_print_json (struct invocation *inv, json_t *o)
{
    json_dumpf (o, inv->out, JSON_INDENT (2) | JSON_REAL_PRECISION (15));
    fputc ('\n', inv->out);
    json_decref (o);
}

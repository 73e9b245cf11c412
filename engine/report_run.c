/* See report_run.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/report_run.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "doc/json_text.h"

#include <dirent.h>
#include <stdlib.h>

enum { RUNS_LOOKED_AT = 300 }; /* earlier runs among which one of the same notebook is looked for */

static const char *
text_of (const json_t *o, const char *key)
{
    return json_string_value (json_object_get (o, key));
}

static double
number_of (const json_t *o, const char *key)
{
    return json_number_value (json_object_get (o, key));
}

json_t *
report_run_load (const char *dir, const char *name)
{
    cleanup_free char *path = xasprintf ("%s/%s", dir, name);
    cleanup_free char *data = NULL;
    size_t len;
    if (fs_read (path, &data, &len, NULL) < 0)
        return NULL;
    return json_text_parse (data, len, NULL, NULL);
}

/* ---- steps from events ------------------------------------------------------------------------------------------ */

static const struct {
    const char *logged, *shown;
    enum draw_state state;
} statuses[] = {
    { "ok", "done", DRAW_STATE_DONE },
    { "cached", "cached", DRAW_STATE_CACHED },
    { "failed", "failed", DRAW_STATE_FAILED },
    { "timeout", "timed out", DRAW_STATE_FAILED },
    { "skipped", "skipped", DRAW_STATE_SKIPPED },
    { "canceled", "canceled", DRAW_STATE_SKIPPED },
};

static void
set_status (struct report_step *s, const char *logged)
{
    s->state = DRAW_STATE_DONE;
    s->status = logged ? logged : "ended";
    for (size_t i = 0; logged && i < sizeof statuses / sizeof statuses[0]; i++)
        if (strcmp (statuses[i].logged, logged) == 0) {
            s->state = statuses[i].state;
            s->status = statuses[i].shown;
        }
}

/* A path from the log, if it is still there; else the same beneath the run's own directory, in case all was moved. */
static const char *
existing (struct report_run *r, const char *path)
{
    if (!path)
        return NULL;
    if (fs_exists (path))
        return path;
    const char *at = strstr (path, "/steps/");
    const char *moved = at ? fs_join (r->arena, r->dir, at + 1) : NULL;
    return moved && fs_exists (moved) ? moved : NULL;
}

static void
begin_attempt (struct report_run *r, struct report_step *s, const json_t *e, double now)
{
    struct report_attempt *a = vec_add (r->arena, &s->attempts);
    *a = (struct report_attempt){ now, -1, DRAW_STATE_RUNNING };
    s->state = DRAW_STATE_RUNNING;
    s->status = "running";
    s->log = existing (r, text_of (e, "log"));
    if (text_of (e, "why"))
        s->why = text_of (e, "why");
}

static void
end_attempt (struct report_step *s, enum draw_state state, double now)
{
    if (s->attempts.len == 0)
        return;
    struct report_attempt *a = &s->attempts.items[s->attempts.len - 1];
    a->ended = now;
    a->state = state;
}

static void
end_step (struct report_run *r, struct report_step *s, const json_t *e, double now)
{
    set_status (s, text_of (e, "status"));
    end_attempt (s, s->state, now);
    s->seconds = number_of (e, "seconds");
    s->max_rss = json_integer_value (json_object_get (e, "max_rss"));
    s->error = json_object_get (e, "error");
    s->result = existing (r, text_of (e, "result"));
    if (text_of (e, "why"))
        s->why = text_of (e, "why");
}

static struct report_step *
find_step (struct report_run *r, const json_t *e)
{
    const char *name = text_of (e, "step");
    size_t index = (size_t) json_integer_value (json_object_get (e, "index"));
    if (!name)
        return NULL;
    if (index < r->steps.len && strcmp (r->steps.items[index].name, name) == 0)
        return &r->steps.items[index];
    vec_foreach (s, &r->steps)
        if (strcmp (s->name, name) == 0)
            return s;
    return NULL;
}

static void
take_event (struct report_run *r, const json_t *e)
{
    const char *event = text_of (e, "event");
    struct report_step *s = find_step (r, e);
    double now = number_of (e, "time") - r->began;
    if (now > r->seconds)
        r->seconds = now;
    if (!event || !s)
        return;
    if (strcmp (event, "step.begin") == 0)
        begin_attempt (r, s, e, now);
    else if (strcmp (event, "step.retry") == 0)
        end_attempt (s, DRAW_STATE_FAILED, now);
    else if (strcmp (event, "step.end") == 0)
        end_step (r, s, e, now);
}

static void
add_steps (struct report_run *r)
{
    size_t i;
    json_t *name;
    json_array_foreach (json_object_get (r->begin, "steps"), i, name) {
        struct report_step *s = vec_add (r->arena, &r->steps);
        s->name = json_is_string (name) ? json_string_value (name) : "";
        s->state = DRAW_STATE_WAITING;
        s->status = "waiting";
    }
}

static int
read_steps (struct report_run *r, const char *dir, const struct runlog_content *log, struct error *err)
{
    r->dir = dir;
    if (log) {
        r->log = *log;
        json_incref (r->log.events);
    } else if (runlog_read (fs_join (r->arena, dir, "run.jsonl"), &r->log, err) < 0) {
        return -1;
    }
    r->begin = runlog_first (&r->log, "run.begin", NULL);
    if (!r->begin)
        return error_set (err, ERROR_NOTEBOOK, "%s: the run's log is empty", dir);
    r->began = number_of (r->begin, "time");
    add_steps (r);
    size_t i;
    json_t *e;
    json_array_foreach (r->log.events, i, e)
        take_event (r, e);
    return 0;
}

/* An attempt without an end lasts until the last event. */
static void
close_attempts (struct report_run *r)
{
    bool going_on = r->log.alive && !r->log.ended;
    vec_foreach (s, &r->steps) {
        vec_foreach (a, &s->attempts)
            if (a->ended < a->began)
                a->ended = r->seconds;
        if (!going_on && s->state == DRAW_STATE_RUNNING) {
            s->state = DRAW_STATE_FAILED;
            s->status = "interrupted";
            s->attempts.items[s->attempts.len - 1].state = DRAW_STATE_FAILED;
        } else if (!going_on && s->state == DRAW_STATE_WAITING) {
            s->state = DRAW_STATE_SKIPPED;
            s->status = "not run";
        }
    }
}

/* The run's own last word, or what its steps tell: the page is written just before run.end is. */
static const char *
find_status (struct report_run *r)
{
    const json_t *end = runlog_last (&r->log, "run.end", NULL);
    if (end && text_of (end, "status"))
        return text_of (end, "status");
    bool all = true, failed = false, canceled = false;
    vec_foreach (s, &r->steps) {
        all &= s->state != DRAW_STATE_WAITING && s->state != DRAW_STATE_RUNNING;
        failed |= s->state == DRAW_STATE_FAILED;
        canceled |= strcmp (s->status, "canceled") == 0;
    }
    if (!all)
        return r->log.alive ? "running" : "interrupted";
    return failed ? "failed" : canceled ? "canceled" : "ok";
}

/* ---- metrics, and the run before -------------------------------------------------------------------------------- */

static json_t *
collect_metrics (const struct report_run *r)
{
    json_t *all = json_object ();
    vec_foreach (s, &r->steps) {
        json_t *metrics =
            s->result && s->state != DRAW_STATE_FAILED ? report_run_load (s->result, "metrics.json") : NULL;
        if (json_is_object (metrics) && json_object_size (metrics))
            json_object_set (all, s->name, metrics);
        json_decref (metrics);
    }
    return all;
}

/* The first event of a log, without reading the rest. */
static json_t *
read_begin (const char *run_dir)
{
    cleanup_free char *path = xasprintf ("%s/run.jsonl", run_dir);
    cleanup_file FILE *f = fopen (path, "re");
    cleanup_free char *line = NULL;
    size_t cap = 0;
    if (!f || getline (&line, &cap, f) <= 0)
        return NULL;
    return json_loads (line, JSON_ALLOW_NUL, NULL);
}

static int
compare_names (const void *x, const void *y)
{
    return strcmp (*(const char *const *) y, *(const char *const *) x);
}

/* Names of the runs before this one, newest first: their names sort by time. */
static struct vec_str
earlier_runs (struct report_run *r, const char *runs)
{
    struct vec_str names = { 0 };
    DIR *dir = opendir (runs);
    for (struct dirent *d; dir && (d = readdir (dir));)
        if (d->d_name[0] != '.' && strcmp (d->d_name, r->id) < 0)
            vec_push (r->arena, &names, arena_strdup (r->arena, d->d_name));
    if (dir)
        closedir (dir);
    if (names.len)
        qsort (names.items, names.len, sizeof *names.items, compare_names);
    return names;
}

static bool
is_same_notebook (const struct report_run *r, const char *run_dir)
{
    json_auto_t *begin = read_begin (run_dir);
    const char *now = text_of (r->begin, "notebook"), *then = text_of (begin, "notebook");
    return now && then && strcmp (now, then) == 0;
}

/* True if the run in `dir` ended and can be read; its metrics and parameters are then this run's previous ones. */
static bool
take_previous (struct report_run *r, const char *id, const char *dir)
{
    struct report_run before = { .arena = r->arena, .id = id };
    bool found = read_steps (&before, dir, NULL, NULL) == 0 && before.log.ended;
    if (found) {
        r->previous = id;
        r->previous_metrics = collect_metrics (&before);
        r->previous_parameters = json_incref (json_object_get (before.begin, "parameters"));
    }
    report_run_clear (&before);
    return found;
}

static void
find_previous (struct report_run *r)
{
    const char *runs = fs_dirname (r->arena, r->dir);
    struct vec_str names = earlier_runs (r, runs);
    for (size_t i = 0; i < names.len && i < RUNS_LOOKED_AT; i++) {
        const char *dir = fs_join (r->arena, runs, names.items[i]);
        if (is_same_notebook (r, dir) && take_previous (r, names.items[i], dir))
            return;
    }
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static void
read_pipeline (struct report_run *r)
{
    json_auto_t *j = report_run_load (r->dir, "pipeline.json");
    r->pipeline = j ? pipeline_from_json (r->arena, j, NULL) : NULL;
    vec_foreach (s, &r->steps) {
        int at = r->pipeline ? pipeline_find_step (r->pipeline, s->name) : -1;
        s->ir = at >= 0 ? &r->pipeline->steps.items[at] : NULL;
    }
}

int
report_run_read (struct report_run *r, struct arena *a, const char *dir, const struct runlog_content *log,
                 struct error *err)
{
    char *absolute = fs_absolute (a, dir);
    for (size_t n = strlen (absolute); n > 1 && absolute[n - 1] == '/'; n--)
        absolute[n - 1] = '\0';
    *r = (struct report_run){ .arena = a, .id = fs_basename (absolute) };
    if (read_steps (r, absolute, log, err) < 0)
        return -1;
    read_pipeline (r);
    r->status = find_status (r);
    close_attempts (r);
    r->metrics = collect_metrics (r);
    find_previous (r);
    return 0;
}

void
report_run_clear (struct report_run *r)
{
    runlog_content_clear (&r->log);
    if (r->pipeline)
        pipeline_clear (r->pipeline);
    r->pipeline = NULL;
    json_decref (r->metrics);
    json_decref (r->previous_metrics);
    json_decref (r->previous_parameters);
    r->metrics = r->previous_metrics = r->previous_parameters = NULL;
}

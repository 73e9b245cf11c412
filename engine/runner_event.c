/* The run's events: to its log, and to whoever watches. See runner_task.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/runner_task.h"

#include "base/fs.h"

#include <unistd.h>

/* A log that can't be written ends the run. */
static void
check_log (struct runner *r, int status, const struct error *err)
{
    if (status == 0 || r->fatal.kind)
        return;
    r->fatal = *err;
    runner_cancel_all (r);
}

void
runner_emit (struct runner *r, json_t *event, bool sync)
{
    struct error err = { 0 };
    check_log (r, runlog_write (r->log, event, &err), &err);
    r->unsynced |= sync;
    if (r->o->on_event)
        r->o->on_event (event, r->o->arg);
    json_decref (event);
}

void
runner_sync_log (struct runner *r)
{
    struct error err = { 0 };
    if (r->unsynced)
        check_log (r, runlog_sync (r->log, &err), &err);
    r->unsynced = false;
}

void
runner_note (struct runner *r, const char *text)
{
    runner_emit (r, json_pack ("{s:s,s:s}", "event", "run.note", "text", text), false);
}

void
runner_emit_cancel (struct runner *r)
{
    runner_emit (r, json_pack ("{s:s,s:s}", "event", "run.cancel", "how",
                               "steps that run are being ended; once more kills them at once"), false);
}

json_t *
runner_step_event (const char *event, const struct task *t)
{
    return json_pack ("{s:s,s:s,s:i}", "event", event, "step", runner_step (t)->name, "index", t->index);
}

static json_t *
string_or_null (const char *s)
{
    return s ? json_string (s) : json_null ();
}

void
runner_emit_begin (struct runner *r)
{
    json_t *steps = json_array ();
    vec_foreach (s, &r->p->steps)
        json_array_append_new (steps, json_string (s->name));
    json_t *options = json_pack ("{s:b,s:b,s:b,s:b,s:o,s:o}", "no_cache", r->o->no_cache, "isolated", r->o->isolated,
                                 "keep_going", r->o->keep_going, "from_session", r->session != NULL, "from",
                                 string_or_null (r->o->from), "only", string_or_null (r->o->only));
    const struct pipeline *p = r->p;
    json_int_t memory = r->memory > INT64_MAX ? (json_int_t) INT64_MAX : (json_int_t) r->memory;
    json_t *e = json_pack ("{s:s,s:i,s:s,s:s,s:s,s:s,s:o,s:O?,s:O?,s:O,s:s,s:s,s:s,s:o,s:i,s:I,s:i,s:o}",
                           "event", "run.begin", "log", 1, "run", r->id, "dir", fs_absolute (r->arena, r->dir),
                           "name", p->name ? p->name : "", "notebook", fs_absolute (r->arena, p->notebook),
                           "digest", string_or_null (p->notebook_digest),
                           "commit", json_object_get (r->o->git, "commit"), "git", r->o->git,
                           "parameters", r->o->params, "python", r->python.path,
                           "python_version", r->python.version, "chard", CHARD_VERSION, "steps", steps,
                           "jobs", r->jobs, "memory", memory, "pid", (int) getpid (), "options", options);
    runner_emit (r, e, false);
}

void
runner_emit_end (struct runner *r)
{
    json_t *end = json_pack ("{s:s,s:s,s:f,s:i,s:i,s:i,s:i}", "event", "run.end", "status",
                             run_status_name (r->result.status), "seconds", r->result.seconds, "ran", r->result.ran,
                             "cached", r->result.cached, "failed", r->result.failed, "skipped", r->result.skipped);
    if (r->fatal.kind)
        json_object_set_new (end, "error", json_string (r->fatal.text));
    json_object_set_new (end, "report", string_or_null (r->result.report));
    runner_emit (r, end, true);
}

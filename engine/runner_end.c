/* What becomes of a step: cached or skipped, done, tried again, failed, canceled. See runner_task.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/runner_task.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "engine/change.h"
#include "engine/failure.h"
#include "engine/machine.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#define RETRY_FIRST 0.5 /* seconds before the second attempt, doubled each time … */
#define RETRY_MOST 60.0 /* … up to this */

static void
finish (struct task *t, enum task_state state)
{
    t->state = state;
    t->runner->again = true;
}

void
runner_skip (struct task *t, const char *why)
{
    json_t *e = runner_step_event ("step.end", t);
    json_object_set_new (e, "status", json_string ("skipped"));
    json_object_set_new (e, "why", json_string (why));
    t->runner->result.skipped++;
    finish (t, TASK_SKIPPED);
    runner_emit (t->runner, e, false);
}

/* A step that has a result and still fails, since it changed what others were to get. True if that is so; the event
 * then says why. */
static bool
broke_promise (struct task *t, json_t *e)
{
    struct runner *r = t->runner;
    json_t *error = change_error (r->p, t->index, t->changes);
    if (t->changes)
        json_object_set (e, "changed", t->changes);
    if (!error)
        return false;
    json_object_set_new (e, "status", json_string ("failed"));
    json_object_set_new (e, "error", error);
    r->result.failed++;
    finish (t, TASK_FAILED);
    runner_emit (r, e, true);
    if (!r->o->keep_going)
        runner_cancel_all (r);
    return true;
}

void
runner_take_cached (struct task *t, const struct plan_step *ps)
{
    json_t *e = runner_step_event ("step.end", t);
    json_object_set_new (e, "status", json_string ("cached"));
    json_object_set_new (e, "why", json_string (ps->why));
    json_object_set_new (e, "key", json_string (ps->key.hex));
    json_object_set_new (e, "components", key_to_json (&ps->key));
    json_object_set_new (e, "result", json_string (ps->result.dir));
    t->result = ps->result.dir;
    if (mkdir (t->dir, 0777) == 0 && symlink (t->result, fs_join (t->runner->arena, t->dir, "result")) < 0)
        t->result = ps->result.dir; /* only for people: the log names it too */
    t->changes = change_find (t->runner->p, t->runner->plan, t->index);
    if (broke_promise (t, e))
        return;
    t->runner->result.cached++;
    finish (t, TASK_DONE);
    runner_emit (t->runner, e, false);
}

/* The result of a step that says it went well: its files kept, moved into the cache, and read. What broke the promise
 * stays out of the cache: run again, it is to be told again. */
static int
take_result (struct task *t, struct error *err)
{
    struct runner *r = t->runner;
    char *dir = fs_join (r->arena, t->dir, "result");
    if (!fs_is_dir (dir))
        return error_set (err, ERROR_NOTEBOOK,
                          "the process ended by itself (os._exit?) with exit status 0 before the step was done");
    struct plan_step *ps = plan_step (r->plan, t->index);
    if (plan_keep_files (r->plan, t->index, dir, err) < 0 || plan_set_result (r->plan, t->index, dir, err) < 0)
        return -1;
    t->result = dir;
    t->changes = change_find (r->p, r->plan, t->index);
    json_auto_t *broken = change_error (r->p, t->index, t->changes);
    if (!broken && plan_may_store (r->plan, t->index)) {
        bool replace = r->o->no_cache || r->o->from || r->o->only;
        t->result = cache_store (&r->state, r->arena, ps->key.hex, dir, replace, err);
    }
    if (!t->result)
        return -1;
    ps->result.dir = t->result;
    return 0;
}

static json_t *
end_event (struct task *t, const struct launch_end *end, const char *status)
{
    json_t *e = runner_step_event ("step.end", t);
    json_object_update_new (e, json_pack ("{s:s,s:f,s:i,s:I,s:f,s:f,s:i,s:s,s:s}", "status", status, "seconds",
                                          loop_now () - t->began, "attempt", t->attempt, "max_rss",
                                          (json_int_t) end->max_rss * 1024, "user", end->user, "system", end->system,
                                          "exit", end->exit, "key", plan_step (t->runner->plan, t->index)->key.hex,
                                          "log", t->log));
    if (end->signal)
        json_object_set_new (e, "signal", json_integer (end->signal));
    if (t->log_cut)
        json_object_set_new (e, "log_cut", json_true ());
    return e;
}

static void
succeed (struct task *t, const struct launch_end *end)
{
    json_t *e = end_event (t, end, "ok");
    json_t *notes = json_object_get (plan_step (t->runner->plan, t->index)->result.result, "notes");
    json_object_set_new (e, "result", json_string (t->result));
    if (json_array_size (notes))
        json_object_set (e, "notes", notes);
    if (broke_promise (t, e))
        return;
    t->runner->result.ran++;
    finish (t, TASK_DONE);
    runner_emit (t->runner, e, true);
    if (t->changes)
        runner_note (t->runner, change_note (t->runner->arena, t->runner->p, t->index, t->changes));
}

static void
on_backoff_over (void *arg)
{
    struct task *t = arg;
    t->timer = 0;
    t->state = TASK_READY;
    runner_advance (t->runner);
}

/* Waits longer each time, and not all steps equally long. */
static void
back_off (struct task *t, json_t *error)
{
    struct runner *r = t->runner;
    double delay = fmin (RETRY_FIRST * pow (2, t->attempt - 1), RETRY_MOST) * (0.5 + drand48 ());
    json_t *e = runner_step_event ("step.retry", t);
    json_object_update_new (e, json_pack ("{s:i,s:f,s:O}", "attempt", t->attempt, "delay", delay, "error", error));
    t->state = TASK_BACKOFF;
    t->timer = loop_add_timer (r->loop, delay, on_backoff_over, t);
    runner_emit (r, e, true);
}

static int
retries_of (const struct task *t)
{
    int own = runner_step (t)->settings.retries;
    return own >= 0 ? own : t->runner->o->retries;
}

/* Whether the kernel has ended a process for want of memory since this was last asked. */
static bool
ran_out_of_memory (struct runner *r)
{
    uint64_t before = r->oom_kills;
    r->oom_kills = machine_oom_kills ();
    return r->oom_kills > before;
}

static void
fail (struct task *t, const struct launch_end *end, const char *not_whole)
{
    struct runner *r = t->runner;
    struct failure f = {
        .end = end,
        .result_dir = fs_join (r->arena, t->dir, "result"),
        .timeout = t->timed_out ? runner_step (t)->settings.timeout : 0,
        .out_of_memory = end->signal == SIGKILL && ran_out_of_memory (r),
        .not_whole = not_whole,
    };
    if (!fs_is_dir (t->dir)) {
        struct error err;
        error_set (&err, ERROR_ENVIRONMENT, "%s: No such file or directory any more: the run's directory was removed",
                   r->dir);
        runner_give_up (r, &err);
    }
    json_auto_t *error = failure_describe (&f);
    if (!r->canceling && t->attempt <= retries_of (t) && failure_is_worth_retrying (&f)) {
        if (end->signal == SIGKILL && t->memory < r->memory)
            t->memory = r->memory; /* maybe for want of memory: next time alone */
        back_off (t, error);
        return;
    }
    json_t *e = end_event (t, end, t->timed_out ? "timeout" : "failed");
    json_object_set (e, "error", error);
    if (fs_exists (f.result_dir))
        json_object_set_new (e, "result", json_string (f.result_dir));
    r->result.failed++;
    finish (t, TASK_FAILED);
    runner_emit (r, e, true);
    if (!r->o->keep_going)
        runner_cancel_all (r);
}

static void
was_canceled (struct task *t, const struct launch_end *end)
{
    json_t *e = end_event (t, end, "canceled");
    t->runner->result.skipped++;
    finish (t, TASK_SKIPPED);
    runner_emit (t->runner, e, true);
}

void
runner_on_end (const struct launch_end *end, void *arg)
{
    struct runner *r = arg;
    struct task *t = &r->tasks[end->id];
    struct error err = { 0 };
    loop_remove_timer (r->loop, t->timer);
    t->timer = 0;
    r->running--;
    r->cores_used -= t->cores;
    r->memory_used -= t->memory;
    runner_close_log (t);
    if (end->exit == 0 && !t->timed_out && take_result (t, &err) == 0)
        succeed (t, end);
    else if (t->canceled && !t->timed_out)
        was_canceled (t, end);
    else
        fail (t, end, end->exit == 0 ? err.text : NULL);
    if (end->lost)
        runner_replace_launcher (r);
    else
        runner_advance (r);
}

/* ---- cancel and timeout ---- */

void
runner_cancel_all (struct runner *r)
{
    r->canceling = true;
    for (size_t i = 0; i < r->p->steps.len; i++) {
        struct task *t = &r->tasks[i];
        if (t->state == TASK_RUNNING && !t->canceled) {
            t->canceled = true;
            launcher_cancel (r->launcher, t->index);
        } else if (t->state == TASK_BACKOFF) {
            loop_remove_timer (r->loop, t->timer);
            t->timer = 0;
            t->state = TASK_READY;
        }
    }
    r->again = true;
}

void
runner_give_up (struct runner *r, const struct error *err)
{
    if (!r->fatal.kind)
        r->fatal = *err;
    runner_cancel_all (r);
}

void
runner_on_signal (int signal, void *arg)
{
    struct runner *r = arg;
    (void) signal;
    bool second = r->interrupted;
    r->interrupted = true;
    if (second) { /* no more patience: kill at once */
        launcher_destroy (r->launcher);
        r->launcher = NULL;
        for (size_t i = 0; i < r->p->steps.len; i++)
            if (r->tasks[i].state == TASK_RUNNING)
                runner_on_end (&(struct launch_end){ .id = (int) i, .exit = -1, .signal = SIGKILL }, r);
    } else {
        runner_emit_cancel (r);
        runner_cancel_all (r);
    }
    runner_advance (r);
}

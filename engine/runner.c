/* See runner.h. One loop, one table of tasks: `runner_advance` decides what can be decided, starts what fits, and stops
 * the loop when nothing is left.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/runner_task.h"

#include "base/fs.h"
#include "engine/cache.h"
#include "engine/machine.h"
#include "engine/report.h"
#include "engine/spec.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- the schedule ---- */

/* The step that runs at the end waits for all others, whatever became of them. */
static enum task_state
state_of_others (const struct task *t)
{
    const struct runner *r = t->runner;
    for (size_t i = 0; i < r->p->steps.len; i++)
        if ((int) i != t->index && r->tasks[i].state < TASK_DONE)
            return TASK_WAITING;
    return TASK_DONE;
}

/* Whether it may still start: nothing does once the run was ended from without, and after a failure only what runs
 * then. */
static bool
may_start (const struct task *t)
{
    const struct runner *r = t->runner;
    return !r->canceling || (runner_step (t)->settings.exit && !r->interrupted && !r->fatal.kind);
}

/* TASK_DONE if all it waits for is done, TASK_FAILED if one never will be, TASK_WAITING otherwise. */
static enum task_state
state_of_producers (const struct task *t, const char **culprit)
{
    const struct runner *r = t->runner;
    enum task_state all = TASK_DONE;
    if (runner_step (t)->settings.exit)
        return state_of_others (t);
    const struct vec_int *after = &runner_step (t)->after;
    for (size_t i = 0; i < after->len; i++) {
        const struct task *p = &r->tasks[after->items[i]];
        if (p->state == TASK_FAILED || (p->state == TASK_SKIPPED && plan_is_wanted (r->plan, p->index))) {
            *culprit = runner_step (p)->name;
            return TASK_FAILED;
        }
        if (p->state != TASK_DONE && p->state != TASK_SKIPPED)
            all = TASK_WAITING;
    }
    return all;
}

/* What a step used in earlier runs; all are asked for at once, when the first is wanted. */
static uint64_t
peak_before (struct runner *r, const char *step)
{
    if (!r->peaks)
        r->peaks = index_step_peaks (r->index, fs_absolute (r->arena, r->p->notebook));
    return (uint64_t) json_integer_value (json_object_get (r->peaks, step));
}

static void
decide (struct task *t)
{
    struct runner *r = t->runner;
    struct error err = { 0 };
    if (plan_decide (r->plan, t->index, &err) < 0) {
        runner_give_up (r, &err);
        return;
    }
    struct plan_step *ps = plan_step (r->plan, t->index);
    if (ps->decision == PLAN_LEFT)
        runner_skip (t, ps->why);
    else if (ps->decision == PLAN_CACHED)
        runner_take_cached (t, ps);
    else {
        uint64_t said = machine_step_memory (runner_step (t));
        t->memory = said ? said : peak_before (r, runner_step (t)->name);
        t->cores = machine_step_cores (runner_step (t));
        t->state = TASK_READY;
    }
}

static void
decide_all (struct runner *r)
{
    for (size_t i = 0; i < r->p->steps.len; i++) {
        struct task *t = &r->tasks[i];
        const char *culprit = NULL;
        if (t->state == TASK_READY && !may_start (t))
            runner_skip (t, "the run was ended before its turn");
        if (t->state != TASK_WAITING)
            continue;
        bool left = !plan_is_wanted (r->plan, t->index);
        enum task_state producers = left ? TASK_DONE : state_of_producers (t, &culprit);
        if (producers == TASK_FAILED)
            runner_skip (t, arena_printf (r->arena, "step %s has no result", culprit));
        else if (!may_start (t) && producers == TASK_WAITING && r->running == 0)
            runner_skip (t, "the run was ended before its turn");
        else if (!may_start (t) && producers == TASK_DONE)
            runner_skip (t, "the run was ended before its turn");
        else if (producers == TASK_DONE)
            decide (t);
    }
}

static void
start_ready (struct runner *r)
{
    for (size_t i = 0; i < r->p->steps.len && !r->replacing; i++) {
        struct task *t = &r->tasks[i];
        struct error err = { 0 };
        if (t->state == TASK_READY && may_start (t) && runner_fits (r, t) && runner_start (t, &err) < 0) {
            error_wrap (&err, "step %s", runner_step (t)->name);
            runner_give_up (r, &err);
        }
    }
}

static bool
is_over (const struct runner *r)
{
    for (size_t i = 0; i < r->p->steps.len; i++)
        if (r->tasks[i].state < TASK_DONE)
            return false;
    return true;
}

void
runner_advance (struct runner *r)
{
    r->again = true;
    if (r->advancing)
        return;
    r->advancing = true;
    while (r->again) {
        r->again = false;
        decide_all (r);
        start_ready (r);
        if (!r->again)
            runner_sync_log (r);
    }
    r->advancing = false;
    if (is_over (r))
        loop_stop (r->loop);
}

/* ---- a run ---- */

static void
make_tasks (struct runner *r)
{
    r->tasks = arena_alloc (r->arena, (r->p->steps.len + 1) * sizeof *r->tasks);
    for (size_t i = 0; i < r->p->steps.len; i++) {
        struct task *t = &r->tasks[i];
        const char *name = state_step_dir (r->arena, (int) i, r->p->steps.items[i].name);
        *t = (struct task){ .runner = r, .index = (int) i, .cores = 1 };
        t->dir = arena_printf (r->arena, "%s/steps/%s", r->dir, name);
        t->log = fs_join (r->arena, t->dir, "stdout.log");
    }
}

static int
open_python (struct runner *r, struct error *err)
{
    const char *harness = python_find_harness (r->arena, err);
    if (!harness || hash_file (harness, r->harness, err) < 0
        || python_find (&r->python, r->arena, r->o->python, r->p->kernel, err) < 0)
        return -1;
    return python_probe (&r->python, r->arena, &r->state, harness, r->harness, err);
}

/* The session's values stay with the run that was made of them. */
static int
adopt_session (struct runner *r, struct error *err)
{
    r->session = fs_join (r->arena, r->dir, "session");
    return rename (r->o->session, r->session) < 0 ? error_errno (err, "%s", r->o->session) : 0;
}

static int
open_run (struct runner *r, struct error *err)
{
    if (state_open (&r->state, r->arena, r->p->notebook_dir, true, err) < 0 || state_lock (&r->state, false, err) < 0
        || open_python (r, err) < 0)
        return -1;
    r->id = state_create_run (&r->state, r->arena, err);
    if (!r->id)
        return -1;
    r->dir = state_run_dir (&r->state, r->arena, r->id);
    json_auto_t *ir = pipeline_to_json (r->p);
    if (r->o->session && adopt_session (r, err) < 0)
        return -1;
    return spec_write (fs_join (r->arena, r->dir, "pipeline.json"), ir, err);
}

static int
make_plan (struct runner *r, struct error *err)
{
    char environment[HASH_HEX_SIZE];
    python_fingerprint (&r->python, environment);
    struct plan_options po = {
        .state = &r->state,
        .params = r->o->params,
        .environment = arena_strdup (r->arena, environment),
        .harness = r->harness,
        .run_id = r->id,
        .from = r->o->from,
        .only = r->o->only,
        .session = r->session,
        .no_cache = r->o->no_cache,
    };
    r->plan = plan_create (r->arena, r->p, &po, err);
    return r->plan ? 0 : -1;
}

static int
open_loop (struct runner *r, struct error *err)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    r->loop = loop_create ();
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (loop_add_signal (r->loop, signals[i], runner_on_signal, r, err) < 0)
            return -1;
    return 0;
}

static void
conclude (struct runner *r, double began)
{
    struct error err = { 0 };
    if (!r->fatal.kind && plan_restore_files (r->plan, -1, &err) < 0)
        runner_note (r, err.text);
    r->result.status = r->interrupted ? RUN_CANCELED
                       : r->fatal.kind || r->result.failed ? RUN_FAILED
                                                           : RUN_OK;
    r->result.seconds = loop_now () - began;
    r->result.report = fs_join (r->arena, r->dir, "report.html");
    runner_emit_end (r);
    struct runlog_content log = runlog_written (r->log);
    if (report_write (r->dir, &log, r->result.report, &err) < 0)
        r->result.report = NULL;
    index_put_run (r->index, r->id, &log);
    runner_sync_log (r);
}

static int
run (struct runner *r, struct error *err)
{
    double began = loop_now ();
    if (open_run (r, err) < 0)
        return -1;
    r->log = runlog_create (fs_join (r->arena, r->dir, "run.jsonl"), err);
    if (!r->log || make_plan (r, err) < 0 || open_loop (r, err) < 0) {
        fs_remove_tree (r->dir, NULL); /* nothing happened: no run to speak of */
        return -1;
    }
    r->index = index_open (&r->state, NULL);
    if (index_is_new (r->index))
        index_refresh (r->index, &r->state);
    make_tasks (r);
    runner_emit_begin (r);
    if (r->python.note)
        runner_note (r, r->python.note);
    runner_advance (r);
    if (!is_over (r) && loop_run (r->loop, &r->fatal) < 0)
        runner_give_up (r, &r->fatal);
    launcher_destroy (r->launcher);
    r->launcher = NULL;
    conclude (r, began);
    if (r->fatal.kind)
        *err = r->fatal;
    return r->fatal.kind ? -1 : 0;
}

int
runner_run (struct arena *a, const struct pipeline *p, const struct run_options *o, struct run_result *result,
            struct error *err)
{
    struct runner r = { .arena = a, .p = p, .o = o, .state = { .lock = -1 } };
    if (machine_memory (&r.memory, err) < 0 || cache_limit (&r.cache_bytes, err) < 0)
        return -1;
    if (o->cache_bytes)
        r.cache_bytes = o->cache_bytes;
    struct sigaction ignore = { .sa_handler = SIG_IGN }, saved;
    sigaction (SIGPIPE, &ignore, &saved);
    r.jobs = o->jobs > 0 ? o->jobs : machine_cores ();
    r.oom_kills = machine_oom_kills ();
    srand48 ((long) getpid ());
    int status = run (&r, err);
    for (size_t i = 0; r.tasks && i < p->steps.len; i++)
        json_decref (r.tasks[i].changes);
    plan_destroy (r.plan);
    runlog_destroy (r.log);
    index_close (r.index);
    json_decref (r.peaks);
    loop_destroy (r.loop);
    state_close (&r.state);
    if (status == 0 && r.result.ran > 0)
        cache_keep_within (&r.state, r.cache_bytes);
    sigaction (SIGPIPE, &saved, NULL);
    r.result.id = r.id;
    r.result.dir = r.dir;
    *result = r.result;
    return status;
}

const char *
run_status_name (enum run_status s)
{
    static const char *const names[] = { "ok", "failed", "canceled" };
    return names[s];
}

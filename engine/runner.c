/* See runner.h. One loop, one table of tasks: `advance` decides what can be decided, starts what fits, and stops the
 * loop when nothing is left.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/runner.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/loop.h"
#include "engine/change.h"
#include "engine/failure.h"
#include "engine/index.h"
#include "engine/launcher.h"
#include "engine/machine.h"
#include "engine/plan.h"
#include "engine/python.h"
#include "engine/report.h"
#include "engine/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>

#define TICK 0.1              /* seconds between looks at the logs */
#define LOG_MAX (64L << 20)   /* bytes of a step's log that are kept */
#define RETRY_FIRST 0.5       /* seconds before the second attempt, doubled each time … */
#define RETRY_MOST 60.0       /* … up to this */

enum task_state { TASK_WAITING, TASK_READY, TASK_RUNNING, TASK_BACKOFF, TASK_DONE, TASK_FAILED, TASK_SKIPPED };

struct task {
    struct runner *runner;
    int index;
    enum task_state state;
    const char *dir;    /* runs/<id>/steps/<dir> */
    const char *result; /* where its result lies, once done */
    const char *log;
    int attempt;        /* from 1 */
    double began;
    int timer;          /* timeout or back-off */
    bool timed_out, canceled, log_cut;
    uint64_t memory;    /* bytes it is expected to use; 0 unknown */
    int cores;
    json_t *changes;    /* engine/change.h, once it has a result; or NULL */
};

struct runner {
    struct arena *arena;
    const struct pipeline *p;
    const struct run_options *o;
    struct state state;
    struct python python;
    char harness[HASH_HEX_SIZE]; /* digest of step.py */
    const char *id, *dir;
    const char *session; /* where the session's values lie; or NULL */
    struct runlog *log;
    struct plan *plan;
    struct index *index;
    json_t *peaks; /* step -> bytes */
    struct loop *loop;
    struct launcher *launcher;
    struct task *tasks;
    int jobs, cores_used, running;
    uint64_t memory, memory_used, oom_kills;
    uint64_t cache_bytes;
    bool canceling;     /* a signal came, or the first failure did */
    bool interrupted;   /* … a signal */
    bool advancing, again;
    bool unsynced;      /* an event is in the log, but perhaps not on the disk */
    int tick, replacing; /* timers */
    struct run_result result;
    struct error fatal; /* the run can't go on; kind 0: none */
};

static void advance (struct runner *r);
static void give_up (struct runner *r, const struct error *err);

static const struct step *
step_of (const struct task *t)
{
    return &t->runner->p->steps.items[t->index];
}

/* ---- events ---- */

static void cancel_all (struct runner *r);

/* A log that can't be written ends the run. */
static void
check_log (struct runner *r, int status, const struct error *err)
{
    if (status == 0 || r->fatal.kind)
        return;
    r->fatal = *err;
    cancel_all (r);
}

/* Logs and shows an event (stolen). `sync`: it is to lie on the disk soon. */
static void
emit (struct runner *r, json_t *event, bool sync)
{
    struct error err = { 0 };
    check_log (r, runlog_write (r->log, event, &err), &err);
    r->unsynced |= sync;
    if (r->o->on_event)
        r->o->on_event (event, r->o->arg);
    json_decref (event);
}

/* Called when what could be started works: nothing waits for the disk. */
static void
sync_log (struct runner *r)
{
    struct error err = { 0 };
    if (r->unsynced)
        check_log (r, runlog_sync (r->log, &err), &err);
    r->unsynced = false;
}

static void
note (struct runner *r, const char *text)
{
    emit (r, json_pack ("{s:s,s:s}", "event", "run.note", "text", text), false);
}

static json_t *
step_event (const char *event, const struct task *t)
{
    return json_pack ("{s:s,s:s,s:i}", "event", event, "step", step_of (t)->name, "index", t->index);
}

static json_t *
string_or_null (const char *s)
{
    return s ? json_string (s) : json_null ();
}

static void
emit_begin (struct runner *r)
{
    json_t *steps = json_array ();
    vec_foreach (s, &r->p->steps)
        json_array_append_new (steps, json_string (s->name));
    json_t *options = json_pack ("{s:b,s:b,s:b,s:b,s:o,s:o}", "no_cache", r->o->no_cache, "isolated", r->o->isolated,
                                 "keep_going", r->o->keep_going, "from_session", r->session != NULL, "from",
                                 string_or_null (r->o->from), "only", string_or_null (r->o->only));
    const struct pipeline *p = r->p;
    emit (r,
          json_pack ("{s:s,s:i,s:s,s:s,s:s,s:s,s:o,s:O?,s:O?,s:O,s:s,s:s,s:s,s:o,s:i,s:I,s:i,s:o}", "event", "run.begin",
                     "log", 1, "run", r->id, "dir", fs_absolute (r->arena, r->dir), "name", p->name ? p->name : "", "notebook", fs_absolute (r->arena, p->notebook),
                     "digest", string_or_null (p->notebook_digest), "commit", json_object_get (r->o->git, "commit"), "git",
                     r->o->git, "parameters", r->o->params, "python", r->python.path, "python_version",
                     r->python.version, "chard", CHARD_VERSION, "steps", steps, "jobs", r->jobs, "memory",
                     r->memory > INT64_MAX ? (json_int_t) INT64_MAX : (json_int_t) r->memory, "pid", (int) getpid (),
                     "options", options),
          false);
}

static void
emit_end (struct runner *r)
{
    json_t *end = json_pack ("{s:s,s:s,s:f,s:i,s:i,s:i,s:i}", "event", "run.end", "status",
                             run_status_name (r->result.status), "seconds", r->result.seconds, "ran", r->result.ran,
                             "cached", r->result.cached, "failed", r->result.failed, "skipped", r->result.skipped);
    if (r->fatal.kind)
        json_object_set_new (end, "error", json_string (r->fatal.text));
    json_object_set_new (end, "report", string_or_null (r->result.report));
    emit (r, end, true);
}

/* ---- a step's end ---- */

static void
finish (struct task *t, enum task_state state)
{
    t->state = state;
    t->runner->again = true;
}

static void
skip (struct task *t, const char *why)
{
    json_t *e = step_event ("step.end", t);
    json_object_set_new (e, "status", json_string ("skipped"));
    json_object_set_new (e, "why", json_string (why));
    t->runner->result.skipped++;
    finish (t, TASK_SKIPPED);
    emit (t->runner, e, false);
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
    emit (r, e, true);
    if (!r->o->keep_going)
        cancel_all (r);
    return true;
}

static void
take_cached (struct task *t, const struct plan_step *ps)
{
    json_t *e = step_event ("step.end", t);
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
    emit (t->runner, e, false);
}

/* The result of a step that says it went well: its files kept, moved into the cache, and read. What broke the promise
 * stays out of the cache: run again, it is to be told again. */
static int
take_result (struct task *t, struct error *err)
{
    struct runner *r = t->runner;
    char *dir = fs_join (r->arena, t->dir, "result");
    if (!fs_is_dir (dir))
        return error_set (err, ERROR_NOTEBOOK, "the process ended by itself (os._exit?) with exit status 0 before the step was done");
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
    json_t *e = step_event ("step.end", t);
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
    emit (t->runner, e, true);
    if (t->changes)
        note (t->runner, change_note (t->runner->arena, t->runner->p, t->index, t->changes));
}

static void
on_backoff_over (void *arg)
{
    struct task *t = arg;
    t->timer = 0;
    t->state = TASK_READY;
    advance (t->runner);
}

/* Waits longer each time, and not all steps equally long. */
static void
back_off (struct task *t, json_t *error)
{
    struct runner *r = t->runner;
    double delay = fmin (RETRY_FIRST * pow (2, t->attempt - 1), RETRY_MOST) * (0.5 + drand48 ());
    json_t *e = step_event ("step.retry", t);
    json_object_update_new (e, json_pack ("{s:i,s:f,s:O}", "attempt", t->attempt, "delay", delay, "error", error));
    t->state = TASK_BACKOFF;
    t->timer = loop_add_timer (r->loop, delay, on_backoff_over, t);
    emit (r, e, true);
}

static int
retries_of (const struct task *t)
{
    int own = step_of (t)->settings.retries;
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
        .timeout = t->timed_out ? step_of (t)->settings.timeout : 0,
        .out_of_memory = end->signal == SIGKILL && ran_out_of_memory (r),
        .not_whole = not_whole,
    };
    if (!fs_is_dir (t->dir)) {
        struct error err;
        error_set (&err, ERROR_ENVIRONMENT, "%s: No such file or directory any more: the run's directory was removed", r->dir);
        give_up (r, &err);
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
    emit (r, e, true);
    if (!r->o->keep_going)
        cancel_all (r);
}

static void
was_canceled (struct task *t, const struct launch_end *end)
{
    json_t *e = end_event (t, end, "canceled");
    t->runner->result.skipped++;
    finish (t, TASK_SKIPPED);
    emit (t->runner, e, true);
}

static void close_log (struct task *t);
static void replace_launcher (struct runner *r);

static void
on_end (const struct launch_end *end, void *arg)
{
    struct runner *r = arg;
    struct task *t = &r->tasks[end->id];
    struct error err = { 0 };
    loop_remove_timer (r->loop, t->timer);
    t->timer = 0;
    r->running--;
    r->cores_used -= t->cores;
    r->memory_used -= t->memory;
    close_log (t);
    if (end->exit == 0 && !t->timed_out && take_result (t, &err) == 0)
        succeed (t, end);
    else if (t->canceled && !t->timed_out)
        was_canceled (t, end);
    else
        fail (t, end, end->exit == 0 ? err.text : NULL);
    if (end->lost)
        replace_launcher (r);
    else
        advance (r);
}

/* ---- cancel and timeout ---- */

/* Ends what runs and starts nothing more. */
static void
cancel_all (struct runner *r)
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

static void
on_signal (int signal, void *arg)
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
                on_end (&(struct launch_end){ .id = (int) i, .exit = -1, .signal = SIGKILL }, r);
    } else {
        note (r, "canceling: steps that run are being ended (once more kills them at once)");
        cancel_all (r);
    }
    advance (r);
}

static void
on_timeout (void *arg)
{
    struct task *t = arg;
    t->timer = 0;
    t->timed_out = true;
    launcher_cancel (t->runner->launcher, t->index);
}

/* ---- logs ---- */

/* Bounds the log: what a step prints beyond the limit is cut off again. Its writers append. */
static void
cut_log (struct task *t)
{
    struct stat st;
    if (stat (t->log, &st) == 0 && st.st_size > LOG_MAX && truncate (t->log, LOG_MAX) == 0)
        t->log_cut = true;
}

/* Once the step has ended. */
static void
close_log (struct task *t)
{
    static const char told[] = "\n[chard: the log is longer than 64 MiB; the rest has been left out]\n";
    cut_log (t);
    cleanup_fd int fd = t->log_cut ? open (t->log, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;
    if (fd >= 0 && write (fd, told, sizeof told - 1) < 0)
        t->log_cut = true;
}

static void
on_tick (void *arg)
{
    struct runner *r = arg;
    r->tick = 0;
    for (size_t i = 0; i < r->p->steps.len; i++)
        if (r->tasks[i].state == TASK_RUNNING)
            cut_log (&r->tasks[i]);
    if (r->o->on_tick)
        r->o->on_tick (r->o->arg);
    if (r->running > 0)
        r->tick = loop_add_timer (r->loop, TICK, on_tick, r);
}

/* ---- starting ---- */

/* Modules for the zygote: what the steps that may still run import from the environment. The notebook's own modules
 * are its code, and stay out of the process that all are forked from. */
static bool
is_local_module (struct runner *r, const struct vec_str *folders, const char *name)
{
    bool local = digests_is_local_module (r->p->notebook_dir, name);
    vec_foreach (folder, folders)
        local = local || digests_is_local_module (fs_join (r->arena, r->p->notebook_dir, *folder), name);
    return local;
}

static struct vec_str
modules_to_preload (struct runner *r)
{
    struct vec_str names = { 0 }, folders = { 0 };
    pipeline_folders (r->p, &folders);
    for (size_t i = 0; i < r->p->steps.len; i++) {
        if (r->tasks[i].state != TASK_WAITING && r->tasks[i].state != TASK_READY)
            continue;
        vec_foreach (m, &r->p->steps.items[i].imports)
            if (!vec_str_has (&names, *m) && !is_local_module (r, &folders, *m))
                vec_push (r->arena, &names, *m);
    }
    return names;
}

static int
start_launcher (struct runner *r, struct error *err)
{
    struct launcher_options o = {
        .loop = r->loop,
        .python = r->python.path,
        .harness = r->python.compiled,
        .cwd = r->p->notebook_dir,
        .log = fs_join (r->arena, r->dir, "zygote.log"),
        .preload = modules_to_preload (r),
        .on_end = on_end,
        .arg = r,
    };
    r->launcher = r->o->isolated ? isolated_create (&o, err) : zygote_create (&o, err);
    return r->launcher ? 0 : -1;
}

/* The zygote is gone: the next step gets a new one. Not at once, since it is its end that is being told. */
static void
on_replace (void *arg)
{
    struct runner *r = arg;
    r->replacing = 0;
    launcher_destroy (r->launcher);
    r->launcher = NULL;
    advance (r);
}

static void
replace_launcher (struct runner *r)
{
    if (!r->replacing)
        r->replacing = loop_add_timer (r->loop, 0, on_replace, r);
}

static int
write_spec (struct task *t, const char *path, struct error *err)
{
    struct runner *r = t->runner;
    const char **producers = arena_alloc (r->arena, (r->p->steps.len + 1) * sizeof *producers);
    for (size_t i = 0; i < r->p->steps.len; i++)
        producers[i] = r->session ? r->session : r->tasks[i].result;
    struct spec_places where = { fs_join (r->arena, t->dir, "result"), producers };
    json_auto_t *params = plan_step_params (r->plan, t->index);
    json_auto_t *spec = spec_create (r->p, t->index, &where, params);
    return spec_write (path, spec, err);
}

/* Puts what an earlier attempt left out of the way. */
static int
prepare_dir (struct task *t, struct error *err)
{
    if (t->attempt == 1)
        return mkdir (t->dir, 0777) < 0 && errno != EEXIST ? error_errno (err, "%s", t->dir) : 0;
    cleanup_file FILE *log = fopen (t->log, "ae");
    if (log)
        fprintf (log, "[chard: attempt %d]\n", t->attempt);
    return fs_remove_tree (fs_join (t->runner->arena, t->dir, "result"), err);
}

static void
emit_step_begin (struct task *t, const char *spec)
{
    struct plan_step *ps = plan_step (t->runner->plan, t->index);
    json_t *e = step_event ("step.begin", t);
    json_object_update_new (e, json_pack ("{s:i,s:s,s:s,s:o,s:s,s:s}", "attempt", t->attempt, "key", ps->key.hex, "why",
                                          ps->why, "components", key_to_json (&ps->key), "spec", spec, "log", t->log));
    if (t->memory)
        json_object_set_new (e, "memory", json_integer ((json_int_t) t->memory));
    emit (t->runner, e, false);
}

static void
warn_if_too_large (struct task *t)
{
    struct runner *r = t->runner;
    double gib = 1 << 30;
    if (t->memory <= r->memory)
        return;
    note (r, arena_printf (r->arena, "step %s %s %.2f GiB of memory, more than the %.2f GiB that steps may use here "
                                     "(CHARD_MEMORY): it runs alone", step_of (t)->name,
                           machine_step_memory (step_of (t)) ? "asks for" : "used", (double) t->memory / gib,
                           (double) r->memory / gib));
}

static int
start (struct task *t, struct error *err)
{
    struct runner *r = t->runner;
    t->attempt++;
    t->timed_out = t->canceled = t->log_cut = false;
    char *spec = fs_join (r->arena, t->dir, "spec.json");
    if (prepare_dir (t, err) < 0 || plan_restore_files (r->plan, t->index, err) < 0 || write_spec (t, spec, err) < 0)
        return -1;
    if (!r->launcher && start_launcher (r, err) < 0)
        return -1;
    if (t->attempt == 1)
        warn_if_too_large (t);
    t->began = loop_now ();
    emit_step_begin (t, spec);
    if (launcher_run (r->launcher, t->index, spec, t->log, err) < 0)
        return -1;
    t->state = TASK_RUNNING;
    r->running++;
    r->cores_used += t->cores;
    r->memory_used += t->memory;
    if (step_of (t)->settings.timeout > 0)
        t->timer = loop_add_timer (r->loop, step_of (t)->settings.timeout, on_timeout, t);
    if (!r->tick)
        r->tick = loop_add_timer (r->loop, TICK, on_tick, r);
    return 0;
}

/* One step alone is always let in: if it is too large for the machine, waiting wouldn't help. Nothing runs beside it. */
static bool
fits (const struct runner *r, const struct task *t)
{
    if (r->running == 0)
        return true;
    return r->cores_used + t->cores <= r->jobs && r->memory_used <= r->memory && t->memory <= r->memory - r->memory_used;
}

/* ---- the schedule ---- */

/* TASK_DONE if all it waits for is done, TASK_FAILED if one never will be, TASK_WAITING otherwise. */
static enum task_state
state_of_producers (const struct task *t, const char **culprit)
{
    const struct runner *r = t->runner;
    enum task_state all = TASK_DONE;
    const struct vec_int *after = &step_of (t)->after;
    for (size_t i = 0; i < after->len; i++) {
        const struct task *p = &r->tasks[after->items[i]];
        if (p->state == TASK_FAILED || (p->state == TASK_SKIPPED && plan_is_wanted (r->plan, p->index))) {
            *culprit = step_of (p)->name;
            return TASK_FAILED;
        }
        if (p->state != TASK_DONE && p->state != TASK_SKIPPED)
            all = TASK_WAITING;
    }
    return all;
}

static void
give_up (struct runner *r, const struct error *err)
{
    if (!r->fatal.kind)
        r->fatal = *err;
    cancel_all (r);
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
        give_up (r, &err);
        return;
    }
    struct plan_step *ps = plan_step (r->plan, t->index);
    if (ps->decision == PLAN_LEFT)
        skip (t, ps->why);
    else if (ps->decision == PLAN_CACHED)
        take_cached (t, ps);
    else {
        uint64_t said = machine_step_memory (step_of (t));
        t->memory = said ? said : peak_before (r, step_of (t)->name);
        t->cores = machine_step_cores (step_of (t));
        t->state = TASK_READY;
    }
}

static void
decide_all (struct runner *r)
{
    for (size_t i = 0; i < r->p->steps.len; i++) {
        struct task *t = &r->tasks[i];
        const char *culprit = NULL;
        if (t->state == TASK_READY && r->canceling)
            skip (t, "the run was ended before its turn");
        if (t->state != TASK_WAITING)
            continue;
        bool left = !plan_is_wanted (r->plan, t->index);
        enum task_state producers = left ? TASK_DONE : state_of_producers (t, &culprit);
        if (producers == TASK_FAILED)
            skip (t, arena_printf (r->arena, "step %s has no result", culprit));
        else if (r->canceling && producers == TASK_WAITING && r->running == 0)
            skip (t, "the run was ended before its turn");
        else if (r->canceling && producers == TASK_DONE)
            skip (t, "the run was ended before its turn");
        else if (producers == TASK_DONE)
            decide (t);
    }
}

static void
start_ready (struct runner *r)
{
    for (size_t i = 0; i < r->p->steps.len && !r->canceling && !r->replacing; i++) {
        struct task *t = &r->tasks[i];
        struct error err = { 0 };
        if (t->state == TASK_READY && fits (r, t) && start (t, &err) < 0) {
            error_wrap (&err, "step %s", step_of (t)->name);
            give_up (r, &err);
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

/* Does all that can be done now. Called again from within (an event that cancels, a step that ends), it only notes
 * that another round is wanted. */
static void
advance (struct runner *r)
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
            sync_log (r);
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

/* What the local engine can't do is said, not done wrongly. */
static int
refuse_unsupported (const struct pipeline *p, struct error *err)
{
    vec_foreach (s, &p->steps) {
        if (s->settings.foreach)
            return error_set (err, ERROR_NOTEBOOK, "step %s: foreach: is not supported on this machine yet", s->name);
        if (s->settings.when)
            return error_set (err, ERROR_NOTEBOOK, "step %s: when: is not supported on this machine yet", s->name);
    }
    return 0;
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
        if (loop_add_signal (r->loop, signals[i], on_signal, r, err) < 0)
            return -1;
    return 0;
}

static void
conclude (struct runner *r, double began)
{
    struct error err = { 0 };
    if (!r->fatal.kind && plan_restore_files (r->plan, -1, &err) < 0)
        note (r, err.text);
    r->result.status = r->interrupted ? RUN_CANCELED
                       : r->fatal.kind || r->result.failed ? RUN_FAILED
                                                           : RUN_OK;
    r->result.seconds = loop_now () - began;
    r->result.report = fs_join (r->arena, r->dir, "report.html");
    emit_end (r);
    struct runlog_content log = runlog_written (r->log);
    if (report_write (r->dir, &log, r->result.report, &err) < 0)
        r->result.report = NULL;
    index_put_run (r->index, r->id, &log);
    sync_log (r);
}

static void
keep_cache_small (struct runner *r)
{
    struct cache_usage usage;
    if (r->result.ran > 0)
        cache_collect (&r->state, r->cache_bytes, &usage, NULL);
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
    emit_begin (r);
    if (r->python.note)
        note (r, r->python.note);
    advance (r);
    if (!is_over (r) && loop_run (r->loop, &r->fatal) < 0)
        give_up (r, &r->fatal);
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
    if (refuse_unsupported (p, err) < 0 || machine_memory (&r.memory, err) < 0 || cache_limit (&r.cache_bytes, err) < 0)
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
    if (status == 0)
        keep_cache_small (&r);
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

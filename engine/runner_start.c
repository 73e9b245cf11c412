/* A step's way from ready to running: whether it is let in, its directory and specification, the process that starts
 * it, and its log while it runs. See runner_task.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/runner_task.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "engine/digest.h"
#include "engine/machine.h"
#include "engine/spec.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#define TICK 0.1            /* seconds between looks at the logs */
#define LOG_MAX (64L << 20) /* bytes of a step's log that are kept */

/* ---- logs ---- */

/* Bounds the log: what a step prints beyond the limit is cut off again. Its writers append. */
static void
cut_log (struct task *t)
{
    struct stat st;
    if (stat (t->log, &st) == 0 && st.st_size > LOG_MAX && truncate (t->log, LOG_MAX) == 0)
        t->log_cut = true;
}

void
runner_close_log (struct task *t)
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

/* ---- the process that starts the steps ---- */

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
        .on_end = runner_on_end,
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
    runner_advance (r);
}

void
runner_replace_launcher (struct runner *r)
{
    if (!r->replacing)
        r->replacing = loop_add_timer (r->loop, 0, on_replace, r);
}

/* ---- a step ---- */

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
    json_object_set_new (json_object_get (spec, "loop"), "processes", json_integer (t->cores > 1 ? t->cores : r->jobs));
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
    json_t *e = runner_step_event ("step.begin", t);
    json_object_update_new (e, json_pack ("{s:i,s:s,s:s,s:o,s:s,s:s}", "attempt", t->attempt, "key", ps->key.hex, "why",
                                          ps->why, "components", key_to_json (&ps->key), "spec", spec, "log", t->log));
    if (t->memory)
        json_object_set_new (e, "memory", json_integer ((json_int_t) t->memory));
    runner_emit (t->runner, e, false);
}

static void
warn_if_too_large (struct task *t)
{
    struct runner *r = t->runner;
    double gib = 1 << 30;
    if (t->memory <= r->memory)
        return;
    runner_note (r, arena_printf (r->arena,
                                  "step %s %s %.2f GiB of memory, more than the %.2f GiB that steps may use here "
                                  "(CHARD_MEMORY): it runs alone",
                                  runner_step (t)->name, machine_step_memory (runner_step (t)) ? "asks for" : "used",
                                  (double) t->memory / gib, (double) r->memory / gib));
}

static void
on_timeout (void *arg)
{
    struct task *t = arg;
    t->timer = 0;
    t->timed_out = true;
    launcher_cancel (t->runner->launcher, t->index);
}

int
runner_start (struct task *t, struct error *err)
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
    if (runner_step (t)->settings.timeout > 0)
        t->timer = loop_add_timer (r->loop, runner_step (t)->settings.timeout, on_timeout, t);
    if (!r->tick)
        r->tick = loop_add_timer (r->loop, TICK, on_tick, r);
    return 0;
}

/* One step alone is always let in: if it is too large for the machine, waiting wouldn't help. Nothing runs beside
 * it. */
bool
runner_fits (const struct runner *r, const struct task *t)
{
    if (r->running == 0)
        return true;
    return r->cores_used + t->cores <= r->jobs && r->memory_used <= r->memory
        && t->memory <= r->memory - r->memory_used;
}

/* The runner's own: the run and its table of tasks, shared by runner.c (the schedule, and a run from its beginning to
 * its end), runner_start.c (a step's way from ready to running), runner_end.c (what becomes of it) and runner_event.c
 * (what is told of it); nobody else includes this header.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_RUNNER_TASK_H
#define CHARD_ENGINE_RUNNER_TASK_H

#include "base/loop.h"
#include "engine/index.h"
#include "engine/launcher.h"
#include "engine/plan.h"
#include "engine/python.h"
#include "engine/runlog.h"
#include "engine/runner.h"

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

static inline const struct step *
runner_step (const struct task *t)
{
    return &t->runner->p->steps.items[t->index];
}

/* ---- runner.c ---- */

/* Does all that can be done now: decides, starts, and stops the loop when nothing is left. Called again from within (an
 * event that cancels, a step that ends), it only notes that another round is wanted. */
void runner_advance (struct runner *r);

/* ---- runner_start.c ---- */

/* Whether cores and memory let it in now. */
bool runner_fits (const struct runner *r, const struct task *t);

/* Starts its next attempt. -1 if the run can't go on. */
int runner_start (struct task *t, struct error *err);

/* Bounds the log of a step that has ended. */
void runner_close_log (struct task *t);

/* The process that starts the steps is gone: the next step gets a new one. */
void runner_replace_launcher (struct runner *r);

/* ---- runner_end.c ---- */

/* A step that won't run, and for which `why` is told; one whose result the cache has. */
void runner_skip (struct task *t, const char *why);
void runner_take_cached (struct task *t, const struct plan_step *ps);

/* The launcher's call when a step's process has ended: its result is taken, or it is tried again, or has failed. */
void runner_on_end (const struct launch_end *end, void *runner);

/* Ends what runs and starts nothing more; runner_give_up: since the run can't go on. */
void runner_cancel_all (struct runner *r);
void runner_give_up (struct runner *r, const struct error *err);
void runner_on_signal (int signal, void *runner);

/* ---- runner_event.c ---- */

/* Logs and shows an event (stolen). `sync`: it is to lie on the disk soon. A log that can't be written ends the run. */
void runner_emit (struct runner *r, json_t *event, bool sync);
void runner_note (struct runner *r, const char *text);
void runner_emit_cancel (struct runner *r);
json_t *runner_step_event (const char *event, const struct task *t); /* an event of that step, to be added to */
void runner_emit_begin (struct runner *r);
void runner_emit_end (struct runner *r);

/* Called when what could be started works: nothing waits for the disk. */
void runner_sync_log (struct runner *r);

#endif

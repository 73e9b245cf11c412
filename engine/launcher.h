/* Starts steps as processes and tells when they have ended. Two kinds: the zygote forks each from a process that has
 * done the notebook's imports and nothing else (zygote.c); isolated starts a fresh Python for each (isolated.c). Both
 * run under a guard (base/proc.h), so that nothing survives us.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_LAUNCHER_H
#define CHARD_ENGINE_LAUNCHER_H

#include "base/error.h"
#include "base/loop.h"
#include "base/vec.h"

#include <stdbool.h>
#include <sys/types.h>

/* How a step's process ended. */
struct launch_end {
    int id;
    int exit;            /* exit status, or -1 */
    int signal;          /* the signal that ended it, or 0 */
    bool lost;           /* the zygote itself ended: what became of the step is unknown, it is gone */
    long max_rss;        /* KiB; 0 unknown */
    double user, system; /* seconds of CPU */
};

typedef void (*launch_end_fn) (const struct launch_end *end, void *arg);

struct launcher_options {
    struct loop *loop;
    const char *python, *harness; /* interpreter; step.py */
    const char *cwd;              /* the notebook's directory */
    const char *log;              /* where the zygote's own standard error goes */
    struct vec_str preload;       /* modules for the zygote to import */
    launch_end_fn on_end;         /* called from the loop, never from within launcher_run */
    void *arg;
};

struct launcher;

/* NULL if it can't be started. Both borrow what `o` points at. */
struct launcher *zygote_create (const struct launcher_options *o, struct error *err);
struct launcher *isolated_create (const struct launcher_options *o, struct error *err);

/* Starts the step that `spec` describes; `log` receives its standard output and error. */
int launcher_run (struct launcher *l, int id, const char *spec, const char *log, struct error *err);

/* Ends a step and all that it started: SIGTERM, after some seconds SIGKILL. on_end is still called. */
void launcher_cancel (struct launcher *l, int id);

/* Kills whatever still runs, without further calls. NULL is fine. */
void launcher_destroy (struct launcher *l);

/* ---- for the two kinds ---- */

struct launcher_kind {
    int (*run) (struct launcher *l, int id, const char *spec, const char *log, struct error *err);
    void (*cancel) (struct launcher *l, int id);
    void (*destroy) (struct launcher *l);
};

struct launcher {
    const struct launcher_kind *kind;
    struct launcher_options o;
};

/* Seconds between SIGTERM and SIGKILL. */
#define LAUNCHER_GRACE 3.0

/* What is set in the environment of every step: sets of text come out in the same order in every process. */
extern const char *const launcher_env[];

#endif

/* Which steps run, which are taken from the cache, and why. A step can be decided once the steps it waits for have
 * results (their content is part of its key), so the runner asks step by step; a step that comes out the same as
 * before lets those behind it stay cached.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_PLAN_H
#define CHARD_ENGINE_PLAN_H

#include "base/error.h"
#include "compiler/pipeline.h"
#include "engine/cache.h"
#include "engine/digest.h"
#include "engine/key.h"
#include "engine/runlog.h"
#include "engine/state.h"

struct plan_options {
    const struct state *state;
    const json_t *params;    /* values of all parameters */
    const char *environment; /* digest of Python and its packages */
    const char *harness;     /* digest of step.py */
    const char *run_id;      /* this run: earlier ones are looked at */
    const char *from, *only; /* names of steps, or NULL */
    const char *session;     /* with `only`: the result directory that all its inputs come from; or NULL */
    bool no_cache;
};

enum plan_decision {
    PLAN_RUN,    /* run it */
    PLAN_CACHED, /* its result is there */
    PLAN_LEFT,   /* --only leaves it out, and nobody needs its result */
};

struct plan_step {
    enum plan_decision decision;
    const char *why;      /* one clause for people */
    struct key key;
    bool decided;         /* the above hold */
    bool has_result;
    struct result result; /* once it has one: cached, or given by plan_set_result */
};

struct plan;

/* Fails with ERROR_USAGE if --from or --only names no step. All is borrowed but what lies in `a`. */
struct plan *plan_create (struct arena *a, const struct pipeline *p, const struct plan_options *o, struct error *err);
void plan_destroy (struct plan *plan);

/* Decides step `i`; all it waits for must have results. -1 if --only needs a result that isn't there, or an input
 * is missing. */
int plan_decide (struct plan *plan, int i, struct error *err);

/* What was decided of step `i`; the plan's. */
struct plan_step *plan_step (struct plan *plan, int i);

/* The result that inputs from step `i` come from: its own, or the session's. Its `dir` is NULL if there is none. */
const struct result *plan_source (const struct plan *plan, int i);

/* True unless --only leaves the step out. */
bool plan_is_wanted (const struct plan *plan, int i);

/* Reads the result that step `i` has just left in `dir`. */
int plan_set_result (struct plan *plan, int i, const char *dir, struct error *err);

/* Whether the result of step `i` may be put into the cache. */
bool plan_may_store (const struct plan *plan, int i);

/* Before step `i` runs: puts back the files that cached steps before it wrote and that it reads or writes. With -1, at
 * the end of the run: all that are still missing. */
int plan_restore_files (struct plan *plan, int i, struct error *err);

/* Keeps the files that step `i` wrote in its result directory. */
int plan_keep_files (struct plan *plan, int i, const char *result_dir, struct error *err);

/* Values of the parameters that step `i` uses; the caller owns the object. */
json_t *plan_step_params (const struct plan *plan, int i);

#endif

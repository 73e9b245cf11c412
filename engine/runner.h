/* Runs a pipeline on this machine: steps as parallel processes, admitted by cores and memory, with retry, timeout and
 * cancel; every event goes to the run log and to the caller. The heart of `chard run` and `chard verify`.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_RUNNER_H
#define CHARD_ENGINE_RUNNER_H

#include "base/arena.h"
#include "base/error.h"
#include "compiler/pipeline.h"

#include <jansson.h>
#include <stdint.h>

/* Set for `chard run --from-session` by the kernel: a directory in the state directory, as step.py leaves a result. */
#define RUN_SESSION "CHARD_SESSION_VALUES"

struct run_options {
    const json_t *params;   /* values of all parameters (engine/params.h) */
    json_t *git;            /* what Git knows of the sources (cli/origin.h), for the log; or NULL */
    int jobs;               /* steps at once; 0: as many as there are cores */
    const char *from, *only;
    const char *session;    /* with `only`: a directory with the values of its inputs, or NULL. It becomes the run's */
    bool no_cache;          /* run everything, but keep the results */
    bool isolated;          /* a fresh Python a step */
    bool keep_going;        /* a failure stops only what depends on it */
    int retries;            /* for steps that don't say; */
    const char *python;     /* or NULL */
    uint64_t cache_bytes;   /* limit of the cache; 0: cache_limit's */

    /* Called with every event as it is logged (engine/runlog.h), and several times a second while steps run. */
    void (*on_event) (const json_t *event, void *arg);
    void (*on_tick) (void *arg);
    void *arg;
};

enum run_status { RUN_OK, RUN_FAILED, RUN_CANCELED };

struct run_result {
    enum run_status status;
    const char *id, *dir; /* of the run */
    const char *report;   /* path of the HTML report, or NULL if it couldn't be written */
    int ran, cached, failed, skipped;
    double seconds;
};

/* Runs it to the end. 0 when there was a run, however its steps fared: look at `status`. -1 when it could not start
 * (wrong options, no Python) or not go on (the disk is full); the run log then says so too, if there is one.
 * SIGINT, SIGTERM and SIGHUP cancel the run while it lasts; once more kills at once. */
int runner_run (struct arena *a, const struct pipeline *p, const struct run_options *o, struct run_result *r,
                struct error *err);

const char *run_status_name (enum run_status s); /* "ok", "failed", "canceled" */

#endif

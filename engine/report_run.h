/* A run as the report shows it: the log's events gathered by step, the pipeline, and the run before it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_REPORT_RUN_H
#define CHARD_ENGINE_REPORT_RUN_H

#include "base/error.h"
#include "compiler/draw.h"
#include "engine/runlog.h"

struct report_attempt {
    double began, ended; /* seconds since the run began; `ended` is the last event's time while it runs */
    enum draw_state state;
};

struct report_step {
    const char *name;
    const struct step *ir;   /* NULL if pipeline.json can't be read */
    enum draw_state state;
    const char *status;      /* for people: "done", "cached", "failed", "timed out", "canceled", … */
    const char *why;         /* why it ran, was cached or skipped; may be NULL */
    double seconds;          /* of its last attempt, 0 if it never ran */
    json_int_t max_rss;      /* bytes; 0 unknown */
    vec (struct report_attempt) attempts;
    const json_t *error;     /* of the last attempt, or NULL */
    const char *result;      /* directory that is there, or NULL */
    const char *log;         /* file that is there, or NULL */
};

struct report_run {
    struct arena *arena;
    const char *dir, *id;
    struct runlog_content log;
    const json_t *begin;         /* run.begin; an empty object if it is missing */
    struct pipeline *pipeline;   /* NULL if it can't be read */
    const char *status;          /* "ok", "failed", "canceled", "running", "interrupted" */
    double began, seconds;
    vec (struct report_step) steps;
    json_t *metrics;             /* {step: {name: value}}; owned */
    const char *previous;        /* id of the last earlier run of this notebook that ended, or NULL */
    json_t *previous_metrics, *previous_parameters; /* owned; NULL without one */
};

/* Reads the run in `dir`, of which `log` is known or NULL; everything lies in `a` but what report_run_clear gives up
 * (also after a failure). -1 if there is no readable log. */
int report_run_read (struct report_run *r, struct arena *a, const char *dir, const struct runlog_content *log,
                     struct error *err);
void report_run_clear (struct report_run *r);

/* A JSON file of a result directory; NULL if it isn't there or isn't JSON. The caller owns it. */
json_t *report_run_load (const char *dir, const char *name);

#endif

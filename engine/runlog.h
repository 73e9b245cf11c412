/* The run log: append-only JSON lines, the truth of a run. Each event is one object with "event" and "time" (seconds
 * since 1970). It is written with one write(2); what ends a step or a run is fsync'd, soon. The file is locked while
 * its run lives, so that a reader can tell a run that goes on from one that was killed.
 *
 *     run.begin   run, notebook, digest, commit, git, parameters, python, version, steps:[name], jobs, options
 *     run.note    text: something people should know
 *     run.cancel  how: what is done about steps that run
 *     step.begin  step, index, attempt, key, why, components
 *     step.end    step, index, status: ok|cached|failed|canceled|timeout|skipped, seconds, max_rss, key, result, …
 *     step.retry  step, index, attempt, delay
 *     run.end     status: ok|failed|canceled, seconds, ran, cached, failed, skipped, report
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_RUNLOG_H
#define CHARD_ENGINE_RUNLOG_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>

struct runlog;

/* Creates the log (it must not exist) and locks it. */
struct runlog *runlog_create (const char *path, struct error *err);
void runlog_destroy (struct runlog *log);

/* Appends `event` (kept; "time" is added to it). On failure what was half-written is cut off again. */
int runlog_write (struct runlog *log, json_t *event, struct error *err);

/* Waits until all that was written lies on the disk. */
int runlog_sync (struct runlog *log, struct error *err);

/* What a log says. */
struct runlog_content {
    json_t *events; /* array; runlog_content_clear frees it */
    bool ended;     /* there is a run.end */
    bool alive;     /* its run still goes on */
    bool torn;      /* the last line was half-written and has been passed over */
};

/* What was written by this process: as runlog_read would find it. Borrowed, until something more is written. */
struct runlog_content runlog_written (const struct runlog *log);

/* Reads a log, whatever state it was left in: a torn last line is passed over. */
int runlog_read (const char *path, struct runlog_content *content, struct error *err);
void runlog_content_clear (struct runlog_content *content);

/* A look at a log that reads two lines of it. */
struct runlog_glance {
    json_t *begin; /* run.begin; the caller owns it */
    bool ended, alive;
};

/* -1 if it can't be read or has no run.begin yet. */
int runlog_look_at (const char *path, struct runlog_glance *glance);

/* Of each step the last event of that kind: {step: event}. The caller owns it. */
json_t *runlog_last_of_steps (const struct runlog_content *content, const char *event);

/* The first event of a kind (and, if not NULL, of that step), or NULL; the last one likewise. Borrowed. */
json_t *runlog_first (const struct runlog_content *content, const char *event, const char *step);
json_t *runlog_last (const struct runlog_content *content, const char *event, const char *step);

/* The time as events have it: seconds since 1970. */
double runlog_now (void);

#endif

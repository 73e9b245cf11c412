/* A `chard` command that runs beside the session: a child process of the same installation, so that neither a crash nor
 * a long compilation harms the session, and the magic is the command line itself. It ends with us, whatever ends us
 * (base/proc.h).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_JOB_H
#define CHARD_KERNEL_JOB_H

#include "base/arena.h"
#include "base/loop.h"
#include "base/proc.h"
#include "base/vec.h"

#include <stdbool.h>

/* Who hears of it; each is called from the loop. */
struct job_listener {
    void (*printed) (void *arg, bool error, const char *data, size_t len); /* on standard output, or on standard
                                                                              error */
    void (*ended) (void *arg, const struct proc_status *status);           /* the last call; the job is gone after it */
    void *arg;
};

struct job;

/* Starts `chard` with these words (without its own name), with `env` (NAME=value, NULL-terminated) over our
 * environment, in the directory `cwd`, or in ours if it is NULL. NULL and `err` if it can't be started. */
struct job *job_start (struct loop *l, const struct vec_str *words, const char *const *env, const char *cwd,
                       const struct job_listener *listener, struct error *err);

/* Asks it to end (SIGINT); asked again, it is killed. */
void job_interrupt (struct job *j);

/* Lets everybody else go first: the lowest priority, for it and what it starts from now on. */
void job_yield (struct job *j);

/* Kills it and all below it; nobody hears of it. NULL is fine. */
void job_destroy (struct job *j);

/* The program: `chard` beside our own, else the one in PATH. */
const char *job_program (struct arena *a);

#endif

/* Child processes. A child runs under a *guard*: a small process of ours, forked and never exec'ed, that is the
 * subreaper of everything the child starts. When the child has ended, or when we have (even by kill -9), the guard
 * kills whatever is left below it, daemons that changed their session included, and goes. So nothing is orphaned.
 *
 *     chard ──pipe──> guard (subreaper) ──> child ──> whatever it forks
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_PROC_H
#define CHARD_BASE_PROC_H

#include "base/error.h"
#include "base/strbuf.h"

#include <sys/types.h>

struct proc_options {
    const char *const *argv; /* NULL-terminated; argv[0] is looked for in PATH if it holds no slash */
    const char *const *env;  /* NULL-terminated "NAME=value" pairs set over our environment; or NULL */
    const char *cwd;         /* or NULL for ours */
    int in, out, err;        /* become 0, 1, 2 of the child; -1 is /dev/null. The caller keeps and closes them */
    int three;               /* becomes descriptor 3; -1 for none */
    const char *remove;      /* a directory that the guard removes when all has ended, or NULL */
};

/* How a child ended. */
struct proc_status {
    pid_t pid;           /* the child itself, as soon as it is started */
    int exit;            /* exit status, or -1 if a signal ended it */
    int signal;          /* that signal, or 0 */
    long max_rss;        /* KiB, the largest process of its tree */
    double user, system; /* seconds of CPU of the tree */
};

struct proc {
    pid_t guard;
    int fd;              /* readable (or hung up) when there is news: call proc_read */
    int hold;            /* our end of the leash: closed, the guard kills all */
    struct proc_status status;
};

/* Starts it; -1 and ERROR_ENVIRONMENT if the program can't be run ("PATH: No such file or directory"). */
int proc_spawn (struct proc *p, const struct proc_options *o, struct error *err);

/* Reads what the guard has to tell, never blocking: 1 the child has ended and p->status is filled, 0 not yet. A guard
 * that was itself killed counts as a child ended by SIGKILL. */
int proc_read (struct proc *p);

/* Waits until the child has ended. */
void proc_wait (struct proc *p);

/* Sends a signal to the child's process group; the child leads one of its own. */
void proc_signal (const struct proc *p, int signal);

/* Kills everything that is left of it and frees the descriptors; safe on a zeroed or ended proc. */
void proc_close (struct proc *p);

/* Runs it to its end and collects what it prints on standard output, at most `seconds` long. -1 if it can't be run,
 * fails or takes too long. `o->out` is ignored. */
int proc_capture (const struct proc_options *o, double seconds, struct strbuf *out, struct error *err);

#endif

/* See job.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/job.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

struct job {
    struct loop *loop;
    struct job_listener listener;
    struct proc proc;
    int pipes[2]; /* our ends of its standard output and standard error, or -1 */
    bool ended, interrupted;
};

const char *
job_program (struct arena *a)
{
    char self[4096];
    ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);
    if (n > 0) {
        const char *beside = arena_printf (a, "%s/chard", fs_dirname (a, arena_strndup (a, self, (size_t) n)));
        if (access (beside, X_OK) == 0)
            return beside;
    }
    return "chard";
}

static void
close_pipe (struct job *j, int i)
{
    if (j->pipes[i] < 0)
        return;
    loop_remove_fd (j->loop, j->pipes[i]);
    close (j->pipes[i]);
    j->pipes[i] = -1;
}

/* Reads what is there, at most so many blocks: others have their turn too. False at the end. */
static bool
drain (struct job *j, int i, int blocks)
{
    char block[1 << 16];
    while (blocks-- > 0) {
        ssize_t n = read (j->pipes[i], block, sizeof block);
        if (n <= 0)
            return n < 0 && (errno == EAGAIN || errno == EINTR);
        j->listener.printed (j->listener.arg, i == 1, block, (size_t) n);
    }
    return true;
}

/* What it started may hold the pipes open longer than it lives: its own end is what counts. */
static void
finish (struct job *j)
{
    struct job_listener listener = j->listener;
    struct proc_status status = j->proc.status;
    for (int i = 0; i < 2; i++)
        if (j->pipes[i] >= 0)
            drain (j, i, INT_MAX);
    job_destroy (j);
    listener.ended (listener.arg, &status);
}

static void
on_output (int fd, short events, void *arg)
{
    (void) events;
    struct job *j = arg;
    int i = fd == j->pipes[1];
    if (!drain (j, i, 4))
        close_pipe (j, i);
}

static void
on_news (int fd, short events, void *arg)
{
    (void) fd;
    (void) events;
    struct job *j = arg;
    if (proc_read (&j->proc))
        finish (j);
}

static int
open_pipes (struct job *j, int theirs[2], struct error *err)
{
    for (int i = 0; i < 2; i++) {
        int ends[2];
        if (pipe2 (ends, O_CLOEXEC) < 0)
            return error_errno (err, "can't make a pipe");
        j->pipes[i] = ends[0];
        theirs[i] = ends[1];
        fcntl (ends[0], F_SETFL, O_NONBLOCK);
        loop_add_fd (j->loop, ends[0], POLLIN, on_output, j);
    }
    return 0;
}

static int
start (struct job *j, const struct vec_str *words, const char *const *env, const char *cwd, struct error *err)
{
    int theirs[2] = { -1, -1 };
    struct arena *a = arena_create ();
    struct vec_str argv = { 0 };
    vec_push (a, &argv, job_program (a));
    vec_foreach (word, words)
        vec_push (a, &argv, *word);
    vec_push (a, &argv, NULL);
    int status = open_pipes (j, theirs, err);
    if (status == 0) {
        struct proc_options o = { .argv = argv.items, .env = env, .cwd = cwd, .in = -1, .out = theirs[0],
                                  .err = theirs[1], .three = -1 };
        status = proc_spawn (&j->proc, &o, err);
    }
    for (int i = 0; i < 2; i++)
        if (theirs[i] >= 0)
            close (theirs[i]);
    arena_destroy (a);
    return status;
}

struct job *
job_start (struct loop *l, const struct vec_str *words, const char *const *env, const char *cwd,
           const struct job_listener *listener, struct error *err)
{
    struct job *j = xcalloc (1, sizeof *j);
    *j = (struct job){ .loop = l, .listener = *listener, .pipes = { -1, -1 } };
    if (start (j, words, env, cwd, err) < 0) {
        job_destroy (j);
        return NULL;
    }
    loop_add_fd (l, j->proc.fd, POLLIN, on_news, j);
    return j;
}

void
job_interrupt (struct job *j)
{
    proc_signal (&j->proc, j->interrupted ? SIGKILL : SIGINT);
    j->interrupted = true;
}

void
job_yield (struct job *j)
{
    setpriority (PRIO_PROCESS, (id_t) j->proc.status.pid, 19);
}

void
job_destroy (struct job *j)
{
    if (!j)
        return;
    for (int i = 0; i < 2; i++)
        close_pipe (j, i);
    if (j->proc.guard > 0) {
        loop_remove_fd (j->loop, j->proc.fd);
        proc_close (&j->proc);
    }
    free (j);
}

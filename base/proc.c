/* See proc.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/proc.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the guard writes to us: once when the child is started (or can't be), once when it has ended. */
struct note {
    int started; /* 1: `status.pid` runs; 0: it has ended */
    int error;   /* errno of a failed exec */
    struct proc_status status;
};

static void
reset_signals (void)
{
    sigset_t none;
    sigemptyset (&none);
    for (int s = 1; s < 32; s++)
        signal (s, SIG_DFL);
    sigprocmask (SIG_SETMASK, &none, NULL);
}

/* Moves `fd` out of the way of 0..3, so that placing one descriptor never overwrites another. */
static int
lift (int fd)
{
    return fd < 0 ? open ("/dev/null", O_RDWR | O_CLOEXEC) : fcntl (fd, F_DUPFD_CLOEXEC, 10);
}

/* In the child: never returns. Exec's failure goes through `report`, which exec closes otherwise. */
static void
become (const struct proc_options *o, int report)
{
    int wanted[4] = { lift (o->in), lift (o->out), lift (o->err), o->three < 0 ? -1 : lift (o->three) };
    setpgid (0, 0);
    prctl (PR_SET_PDEATHSIG, SIGKILL);
    reset_signals ();
    for (int i = 0; i < 4; i++)
        if (wanted[i] >= 0)
            dup2 (wanted[i], i);
    for (size_t i = 0; o->env && o->env[i]; i++)
        putenv ((char *) o->env[i]);
    if (!o->cwd || chdir (o->cwd) == 0)
        execvp (o->argv[0], (char *const *) o->argv);
    int error = errno;
    if (write (report, &error, sizeof error) < 0)
        _exit (126);
    _exit (127);
}

/* Kills everything below this process until nothing is left. Reading the kernel's list of children again and again
 * catches those that are forked meanwhile. */
static void
kill_descendants (void)
{
    char path[64];
    snprintf (path, sizeof path, "/proc/self/task/%d/children", (int) getpid ());
    for (int round = 0; round < 10000; round++) {
        FILE *f = fopen (path, "re");
        int pid;
        while (f && fscanf (f, "%d", &pid) == 1)
            kill (pid, SIGKILL);
        if (f)
            fclose (f);
        pid_t reaped;
        while ((reaped = waitpid (-1, NULL, WNOHANG)) > 0)
            ;
        if (reaped < 0)
            return;
        usleep (1000);
    }
}

static void
fill_status (struct proc_status *st, int status)
{
    struct rusage usage;
    getrusage (RUSAGE_CHILDREN, &usage);
    st->exit = WIFEXITED (status) ? WEXITSTATUS (status) : -1;
    st->signal = WIFSIGNALED (status) ? WTERMSIG (status) : 0;
    st->max_rss = usage.ru_maxrss;
    st->user = (double) usage.ru_utime.tv_sec + (double) usage.ru_utime.tv_usec / 1e6;
    st->system = (double) usage.ru_stime.tv_sec + (double) usage.ru_stime.tv_usec / 1e6;
}

static void
tell (int fd, const struct note *n)
{
    if (write (fd, n, sizeof *n) != sizeof *n)
        _exit (1);
}

static void
close_others (int keep1, int keep2)
{
    int low = keep1 < keep2 ? keep1 : keep2, high = keep1 < keep2 ? keep2 : keep1;
    if (low > 3)
        close_range (3, (unsigned) low - 1, 0);
    if (high > low + 1)
        close_range ((unsigned) low + 1, (unsigned) high - 1, 0);
    close_range ((unsigned) high + 1, ~0U, 0);
}

static void
on_child (int signal)
{
    (void) signal;
}

/* Waits for the child's end or for ours, whichever comes first; true if the child ended, with its wait status. */
static bool
watch_child (pid_t child, int leash, int *status)
{
    sigset_t block, wait_mask;
    sigemptyset (&block);
    sigaddset (&block, SIGCHLD);
    sigprocmask (SIG_BLOCK, &block, &wait_mask);
    sigdelset (&wait_mask, SIGCHLD);
    struct sigaction sa = { .sa_handler = on_child };
    sigaction (SIGCHLD, &sa, NULL);
    for (;;) {
        pid_t pid;
        while ((pid = waitpid (-1, status, WNOHANG)) > 0)
            if (pid == child)
                return true;
        struct pollfd p = { .fd = leash, .events = POLLIN };
        if (ppoll (&p, 1, NULL, &wait_mask) > 0 && p.revents)
            return false;
    }
}

/* The guard's whole life. It ignores the signals that a terminal sends to all: ending is the engine's to order. */
static void
guard (const struct proc_options *o, int leash, int news)
{
    reset_signals ();
    signal (SIGINT, SIG_IGN);
    signal (SIGTERM, SIG_IGN);
    signal (SIGHUP, SIG_IGN);
    signal (SIGQUIT, SIG_IGN);
    signal (SIGPIPE, SIG_IGN);
    setpgid (0, 0); /* what kills our whole group (Jupyter does) must leave someone to clean up */
    prctl (PR_SET_CHILD_SUBREAPER, 1);
    prctl (PR_SET_NAME, "chard-guard");
    int report[2];
    struct note n = { .started = 1 };
    pid_t child = pipe2 (report, O_CLOEXEC) < 0 ? -1 : fork ();
    if (child == 0)
        become (o, report[1]);
    if (child < 0) {
        n.error = errno;
        tell (news, &n);
        _exit (1);
    }
    setpgid (child, child);
    close (report[1]);
    if (read (report[0], &n.error, sizeof n.error) != sizeof n.error)
        n.error = 0;
    close (report[0]);
    close_others (leash, news);
    int null = open ("/dev/null", O_RDWR);
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        dup2 (null, fd);
    n.status.pid = child;
    tell (news, &n);
    int status = 0;
    bool ended = watch_child (child, leash, &status);
    kill_descendants ();
    if (o->remove)
        fs_remove_tree (o->remove, NULL);
    if (ended && !n.error) {
        fill_status (&n.status, status);
        n.started = 0;
        tell (news, &n);
    }
    _exit (0);
}

int
proc_spawn (struct proc *p, const struct proc_options *o, struct error *err)
{
    int leash[2], news[2];
    if (pipe2 (leash, O_CLOEXEC) < 0)
        return error_errno (err, "can't start %s", o->argv[0]);
    if (pipe2 (news, O_CLOEXEC) < 0) {
        close (leash[0]);
        close (leash[1]);
        return error_errno (err, "can't start %s", o->argv[0]);
    }
    fflush (NULL);
    pid_t pid = fork ();
    if (pid == 0) {
        close (leash[1]);
        close (news[0]);
        guard (o, leash[0], news[1]);
    }
    close (leash[0]);
    close (news[1]);
    struct proc started = { .guard = pid, .fd = news[0], .hold = leash[1] };
    struct note n = { .error = EAGAIN };
    ssize_t got = pid < 0 ? -1 : read (news[0], &n, sizeof n);
    if (got != sizeof n || n.error) {
        proc_close (&started);
        errno = n.error;
        return error_errno (err, "can't start %s", o->argv[0]);
    }
    fcntl (news[0], F_SETFL, O_NONBLOCK);
    started.status = n.status;
    *p = started;
    return 0;
}

int
proc_read (struct proc *p)
{
    struct note n;
    ssize_t got = read (p->fd, &n, sizeof n);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (got == sizeof n)
        p->status = n.status;
    else
        p->status = (struct proc_status){ .pid = p->status.pid, .exit = -1, .signal = SIGKILL };
    return 1;
}

void
proc_wait (struct proc *p)
{
    struct pollfd polled = { .fd = p->fd, .events = POLLIN };
    while (proc_read (p) == 0)
        poll (&polled, 1, -1);
}

void
proc_signal (const struct proc *p, int signal)
{
    if (p->status.pid > 0)
        kill (-p->status.pid, signal);
}

void
proc_close (struct proc *p)
{
    if (p->hold > 0)
        close (p->hold);
    if (p->guard > 0)
        while (waitpid (p->guard, NULL, 0) < 0 && errno == EINTR)
            ;
    if (p->fd > 0)
        close (p->fd);
    *p = (struct proc){ 0 };
}

static int
drain (int fd, double deadline, struct strbuf *out)
{
    char block[4096];
    for (;;) {
        double left = deadline - loop_now ();
        struct pollfd polled = { .fd = fd, .events = POLLIN };
        if (left <= 0 || poll (&polled, 1, (int) (left * 1000) + 1) == 0)
            return -1;
        ssize_t n = read (fd, block, sizeof block);
        if (n == 0)
            return 0;
        if (n > 0)
            strbuf_add (out, block, (size_t) n);
        else if (errno != EINTR)
            return -1;
    }
}

int
proc_capture (const struct proc_options *o, double seconds, struct strbuf *out, struct error *err)
{
    int ends[2];
    if (pipe2 (ends, O_CLOEXEC) < 0)
        return error_errno (err, "can't start %s", o->argv[0]);
    struct proc_options with_pipe = *o;
    with_pipe.out = ends[1];
    struct proc p = { 0 };
    int status = proc_spawn (&p, &with_pipe, err);
    close (ends[1]);
    if (status == 0 && drain (ends[0], loop_now () + seconds, out) < 0)
        status = error_set (err, ERROR_ENVIRONMENT, "%s did not answer within %g s", o->argv[0], seconds);
    else if (status == 0) {
        proc_wait (&p);
        if (p.status.exit != 0)
            status = error_set (err, ERROR_ENVIRONMENT, "%s failed with exit status %d", o->argv[0], p.status.exit);
    }
    close (ends[0]);
    proc_close (&p);
    return status;
}

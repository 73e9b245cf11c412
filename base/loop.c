/* See loop.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/loop.h"

#include "base/arena.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

struct watch {
    int fd; /* -1: removed, swept after the round */
    short events;
    loop_fd_fn fn;
    void *arg;
};

struct timer {
    int id; /* 0: fired or removed */
    double at;
    loop_timer_fn fn;
    void *arg;
};

struct handler {
    loop_signal_fn fn;
    void *arg;
};

struct loop {
    struct watch *watches;
    size_t n_watches, cap_watches;
    struct timer *timers;
    size_t n_timers, cap_timers;
    struct handler handlers[65];
    sigset_t signals, saved_mask;
    int signal_fd;
    int last_timer;
    bool stopped;
};

double
loop_now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

struct loop *
loop_create (void)
{
    struct loop *l = xcalloc (1, sizeof *l);
    l->signal_fd = -1;
    sigemptyset (&l->signals);
    sigprocmask (SIG_SETMASK, NULL, &l->saved_mask);
    return l;
}

void
loop_destroy (struct loop *l)
{
    if (!l)
        return;
    if (l->signal_fd >= 0) {
        close (l->signal_fd);
        sigprocmask (SIG_SETMASK, &l->saved_mask, NULL);
    }
    free (l->watches);
    free (l->timers);
    free (l);
}

static struct watch *
find_watch (struct loop *l, int fd)
{
    for (size_t i = 0; i < l->n_watches; i++)
        if (l->watches[i].fd == fd)
            return &l->watches[i];
    return NULL;
}

void
loop_add_fd (struct loop *l, int fd, short events, loop_fd_fn fn, void *arg)
{
    if (l->n_watches == l->cap_watches) {
        l->cap_watches = l->cap_watches ? l->cap_watches * 2 : 16;
        l->watches = xrealloc (l->watches, l->cap_watches * sizeof *l->watches);
    }
    l->watches[l->n_watches++] = (struct watch){ fd, events, fn, arg };
}

void
loop_watch_fd (struct loop *l, int fd, short events)
{
    struct watch *w = find_watch (l, fd);
    if (w)
        w->events = events;
}

void
loop_remove_fd (struct loop *l, int fd)
{
    struct watch *w = fd >= 0 ? find_watch (l, fd) : NULL;
    if (w)
        w->fd = -1;
}

int
loop_add_timer (struct loop *l, double seconds, loop_timer_fn fn, void *arg)
{
    if (l->n_timers == l->cap_timers) {
        l->cap_timers = l->cap_timers ? l->cap_timers * 2 : 16;
        l->timers = xrealloc (l->timers, l->cap_timers * sizeof *l->timers);
    }
    l->timers[l->n_timers++] = (struct timer){ ++l->last_timer, loop_now () + seconds, fn, arg };
    return l->last_timer;
}

void
loop_remove_timer (struct loop *l, int timer)
{
    for (size_t i = 0; timer > 0 && i < l->n_timers; i++)
        if (l->timers[i].id == timer)
            l->timers[i].id = 0;
}

static void
on_signal_fd (int fd, short events, void *arg)
{
    (void) events;
    struct loop *l = arg;
    struct signalfd_siginfo info;
    while (read (fd, &info, sizeof info) == sizeof info)
        if (info.ssi_signo < 65 && l->handlers[info.ssi_signo].fn)
            l->handlers[info.ssi_signo].fn ((int) info.ssi_signo, l->handlers[info.ssi_signo].arg);
}

int
loop_add_signal (struct loop *l, int signal, loop_signal_fn fn, void *arg, struct error *err)
{
    l->handlers[signal] = (struct handler){ fn, arg };
    sigaddset (&l->signals, signal);
    sigprocmask (SIG_BLOCK, &l->signals, NULL);
    int fd = signalfd (l->signal_fd, &l->signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return error_errno (err, "can't wait for signals");
    if (l->signal_fd < 0)
        loop_add_fd (l, fd, POLLIN, on_signal_fd, l);
    l->signal_fd = fd;
    return 0;
}

/* Drops what was removed during the last round. */
static void
sweep (struct loop *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_watches; i++)
        if (l->watches[i].fd >= 0)
            l->watches[n++] = l->watches[i];
    l->n_watches = n;
    n = 0;
    for (size_t i = 0; i < l->n_timers; i++)
        if (l->timers[i].id > 0)
            l->timers[n++] = l->timers[i];
    l->n_timers = n;
}

/* Milliseconds until the next timer, rounded up; -1 without one. */
static int
next_timeout (const struct loop *l)
{
    double first = INFINITY, now = loop_now ();
    for (size_t i = 0; i < l->n_timers; i++)
        if (l->timers[i].at < first)
            first = l->timers[i].at;
    if (isinf (first))
        return -1;
    double ms = ceil ((first - now) * 1000);
    return ms < 0 ? 0 : ms > 1e8 ? 100000000 : (int) ms;
}

static void
fire_timers (struct loop *l)
{
    double now = loop_now ();
    size_t n = l->n_timers; /* those added by callbacks wait for the next round */
    for (size_t i = 0; i < n && !l->stopped; i++) {
        struct timer t = l->timers[i];
        if (t.id == 0 || t.at > now)
            continue;
        l->timers[i].id = 0;
        t.fn (t.arg);
    }
}

static void
fire_fds (struct loop *l, const struct pollfd *polled, size_t n)
{
    for (size_t i = 0; i < n && !l->stopped; i++) {
        struct watch w = l->watches[i];
        if (w.fd >= 0 && w.fd == polled[i].fd && polled[i].revents)
            w.fn (w.fd, polled[i].revents, w.arg);
    }
}

static bool
has_work (const struct loop *l)
{
    return l->n_timers > 0 || l->n_watches > (l->signal_fd >= 0 ? 1u : 0u);
}

int
loop_run (struct loop *l, struct error *err)
{
    struct pollfd *polled = NULL;
    size_t cap = 0;
    int status = 0;
    l->stopped = false;
    for (sweep (l); !l->stopped && has_work (l); sweep (l)) {
        if (cap < l->n_watches)
            polled = xrealloc (polled, (cap = l->n_watches * 2) * sizeof *polled);
        size_t n = l->n_watches;
        for (size_t i = 0; i < n; i++)
            polled[i] = (struct pollfd){ .fd = l->watches[i].fd, .events = l->watches[i].events };
        int ready = poll (polled, n, next_timeout (l));
        if (ready < 0 && errno != EINTR) {
            status = error_errno (err, "poll");
            break;
        }
        if (ready > 0)
            fire_fds (l, polled, n);
        fire_timers (l);
    }
    free (polled);
    return status;
}

void
loop_stop (struct loop *l)
{
    l->stopped = true;
}

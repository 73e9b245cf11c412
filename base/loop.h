/* A poll loop: descriptors, timers and signals call functions, one at a time, in one thread. The engine's runner and
 * the kernel live in one each. Callbacks may add and remove anything, themselves included.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_LOOP_H
#define CHARD_BASE_LOOP_H

#include "base/error.h"

struct loop;

/* Called with the revents of poll(2). */
typedef void (*loop_fd_fn) (int fd, short events, void *arg);
typedef void (*loop_timer_fn) (void *arg);
typedef void (*loop_signal_fn) (int signal, void *arg);

/* Never NULL. loop_destroy puts the signal mask back as it was; it closes no descriptor but its own. */
struct loop *loop_create (void);
void loop_destroy (struct loop *l);

/* Calls `fn` whenever `fd` has one of `events` (POLLIN, POLLOUT), an error or a hang-up. One entry a descriptor. */
void loop_add_fd (struct loop *l, int fd, short events, loop_fd_fn fn, void *arg);

/* Changes what a known descriptor is watched for. */
void loop_watch_fd (struct loop *l, int fd, short events);

/* Forgets the descriptor; call it before closing. An unknown one is fine. */
void loop_remove_fd (struct loop *l, int fd);

/* Calls `fn` once, `seconds` from now. Returns the timer's number (> 0) for loop_remove_timer. */
int loop_add_timer (struct loop *l, double seconds, loop_timer_fn fn, void *arg);

/* Forgets a timer; 0 or one that has already fired is fine. */
void loop_remove_timer (struct loop *l, int timer);

/* From now on `signal` is blocked and comes as a call (signalfd). Children must get their mask back:
 * proc_spawn does that. */
int loop_add_signal (struct loop *l, int signal, loop_signal_fn fn, void *arg, struct error *err);

/* Runs until loop_stop was called, or nothing is left that could ever call back (signals alone don't count). */
int loop_run (struct loop *l, struct error *err);
void loop_stop (struct loop *l);

/* Seconds on the monotonic clock. */
double loop_now (void);

#endif

/* Steps each in a Python of their own: `step.py run SPEC`. See launcher.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/proc.h"
#include "engine/launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

struct isolated;

struct child {
    struct isolated *owner;
    int id;
    int timer; /* to SIGKILL, after a cancel */
    struct proc proc;
    struct child *next;
};

struct isolated {
    struct launcher base;
    struct child *children;
};

static void
forget (struct child *c)
{
    struct child **at = &c->owner->children;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    loop_remove_fd (c->owner->base.o.loop, c->proc.fd);
    loop_remove_timer (c->owner->base.o.loop, c->timer);
    proc_close (&c->proc);
    free (c);
}

static void
on_proc (int fd, short events, void *arg)
{
    (void) fd;
    (void) events;
    struct child *c = arg;
    if (!proc_read (&c->proc))
        return;
    const struct proc_status *st = &c->proc.status;
    struct launch_end end = { .id = c->id, .exit = st->exit, .signal = st->signal, .max_rss = st->max_rss,
                              .user = st->user, .system = st->system };
    const struct launcher_options *o = &c->owner->base.o;
    forget (c);
    o->on_end (&end, o->arg);
}

static int
isolated_run (struct launcher *l, int id, const char *spec, const char *log, struct error *err)
{
    struct isolated *s = (struct isolated *) l;
    cleanup_fd int out = open (log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    if (out < 0)
        return error_errno (err, "%s", log);
    const char *const argv[] = { l->o.python, l->o.harness, "run", spec, NULL };
    struct proc_options po = {
        .argv = argv, .env = launcher_env, .cwd = l->o.cwd, .in = -1, .out = out, .err = out, .three = -1
    };
    struct proc proc;
    if (proc_spawn (&proc, &po, err) < 0)
        return -1;
    struct child *c = xcalloc (1, sizeof *c);
    *c = (struct child){ .owner = s, .id = id, .proc = proc, .next = s->children };
    s->children = c;
    loop_add_fd (l->o.loop, c->proc.fd, POLLIN, on_proc, c);
    return 0;
}

static void
on_grace_over (void *arg)
{
    struct child *c = arg;
    c->timer = 0;
    proc_signal (&c->proc, SIGKILL);
}

static void
isolated_cancel (struct launcher *l, int id)
{
    for (struct child *c = ((struct isolated *) l)->children; c; c = c->next)
        if (c->id == id && c->timer == 0) {
            proc_signal (&c->proc, SIGTERM);
            c->timer = loop_add_timer (l->o.loop, LAUNCHER_GRACE, on_grace_over, c);
        }
}

static void
isolated_destroy (struct launcher *l)
{
    struct isolated *s = (struct isolated *) l;
    while (s->children)
        forget (s->children);
    free (s);
}

static const struct launcher_kind isolated_kind = { isolated_run, isolated_cancel, isolated_destroy };

struct launcher *
isolated_create (const struct launcher_options *o, struct error *err)
{
    (void) err;
    struct isolated *s = xcalloc (1, sizeof *s);
    s->base = (struct launcher){ &isolated_kind, *o };
    return &s->base;
}

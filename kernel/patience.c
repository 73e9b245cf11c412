/* See patience.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/patience.h"

#include "base/arena.h"
#include "base/cleanup.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define START_TIME 15    /* seconds; a cold ipykernel on a slow disk takes 5 */
#define INTERRUPT_TIME 5 /* seconds */

struct patience {
    struct loop *loop;
    struct relay *relay;
    const char *title;
    int start, interrupt; /* timers */
    json_t *cell;         /* header of what was worked on when the interrupt came */
};

static void __attribute__ ((format (printf, 2, 3)))
tell (struct patience *p, const char *fmt, ...)
{
    cleanup_free char *text = NULL;
    va_list args;
    va_start (args, fmt);
    if (vasprintf (&text, fmt, args) < 0)
        text = NULL;
    va_end (args);
    if (!text)
        return;
    fprintf (stderr, "chard-kernel: %s\n", text);
    relay_tell (p->relay, text);
}

static void
on_start_late (void *arg)
{
    struct patience *p = arg;
    p->start = 0;
    if (!relay_is_ready (p->relay))
        tell (p, "the inner kernel (%s) has not answered for %d s since its start. Cells wait for it; restart the "
                 "kernel, or let `chard kernel doctor` look for what is wrong", p->title, START_TIME);
}

struct patience *
patience_create (struct loop *l, struct relay *r, const char *title)
{
    struct patience *p = xcalloc (1, sizeof *p);
    *p = (struct patience){ .loop = l, .relay = r, .title = title };
    p->start = loop_add_timer (l, START_TIME, on_start_late, p);
    return p;
}

void
patience_destroy (struct patience *p)
{
    if (!p)
        return;
    loop_remove_timer (p->loop, p->start);
    loop_remove_timer (p->loop, p->interrupt);
    json_decref (p->cell);
    free (p);
}

static void
on_interrupt_ignored (void *arg)
{
    struct patience *p = arg;
    p->interrupt = 0;
    if (p->cell && p->cell == relay_cell (p->relay))
        tell (p, "the kernel was interrupted %d s ago and goes on: what it runs doesn't react. Restarting the kernel "
                 "ends it", INTERRUPT_TIME);
}

void
patience_interrupted (struct patience *p)
{
    loop_remove_timer (p->loop, p->interrupt);
    json_decref (p->cell);
    p->cell = json_incref ((json_t *) relay_cell (p->relay));
    p->interrupt = loop_add_timer (p->loop, INTERRUPT_TIME, on_interrupt_ignored, p);
}

void
patience_ended (struct patience *p, const struct proc_status *st)
{
    const char *when = relay_is_ready (p->relay) ? "" : " before it was ready";
    if (st->signal)
        tell (p, "the inner kernel (%s) was ended by signal %d (%s)%s", p->title, st->signal, strsignal (st->signal),
              when);
    else if (!relay_is_ready (p->relay))
        tell (p, "the inner kernel (%s) ended with status %d%s; `chard kernel doctor` looks for what is missing",
              p->title, st->exit, when);
}

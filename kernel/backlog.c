/* See backlog.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/backlog.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define QUEUE_MAX (512 << 20) /* bytes of small outputs, and of large ones, that wait for clients who don't read */
#define TRIM_ABOVE (16 << 20) /* bytes queued that make it worth while to give memory back afterwards */

static bool
is_status (const struct parcel *p)
{
    struct wire_message m;
    const char *why;
    if (!wire_read (&m, p->frames, p->len, NULL, &why))
        return false;
    bool status = strcmp (m.type, "status") == 0;
    wire_clear (&m);
    return status;
}

bool
backlog_admits (struct backlog *b, const struct parcel *p)
{
    size_t queued = socket_context_queued (b->zmq, parcel_is_large (p));
    if (queued < QUEUE_MAX / 2)
        b->full = false;
    return queued < QUEUE_MAX || is_status (p);
}

const char *
backlog_excuse (struct backlog *b)
{
    static const char excuse[] = "chard-kernel: a client has stopped reading; with 512 MB of outputs waiting for it, "
                                 "further ones are dropped";
    if (b->unread++ == 0)
        fprintf (stderr, "%s\n", excuse);
    bool told = b->full;
    b->full = true;
    return told ? NULL : excuse;
}

void
backlog_trim (struct backlog *b)
{
    size_t queued = socket_context_queued (b->zmq, false) + socket_context_queued (b->zmq, true);
    if (queued > TRIM_ABOVE)
        b->swollen = true;
    else if (b->swollen && queued == 0) {
        malloc_trim (0);
        b->swollen = false;
    }
}

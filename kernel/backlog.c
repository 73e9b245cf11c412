/* See backlog.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/backlog.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>

#define QUEUE_MAX (512 << 20) /* bytes of outputs that wait for clients who don't read */
#define TRIM_ABOVE (16 << 20) /* bytes queued that make it worth while to give memory back afterwards */

bool
backlog_admits (struct backlog *b, const struct parcel *p)
{
    struct wire_message m;
    const char *why;
    if (socket_context_queued (b->zmq) < QUEUE_MAX)
        return true;
    bool status = wire_read (&m, p->frames, p->len, NULL, &why);
    if (status) {
        status = strcmp (m.type, "status") == 0;
        wire_clear (&m);
    }
    if (!status && b->unread++ == 0)
        fprintf (stderr, "chard-kernel: a client has stopped reading; with %d MB of outputs waiting for it, further ones "
                         "are dropped\n", QUEUE_MAX >> 20);
    return status;
}

void
backlog_trim (struct backlog *b)
{
    size_t queued = socket_context_queued (b->zmq);
    if (queued > TRIM_ABOVE)
        b->swollen = true;
    else if (b->swollen && queued == 0) {
        malloc_trim (0);
        b->swollen = false;
    }
}

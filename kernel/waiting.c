/* See waiting.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/waiting.h"

#include "base/arena.h"

#include <string.h>

void
waiting_add (struct waiting *w, enum channel channel, struct parcel *p)
{
    if (w->len == w->cap)
        w->all = xrealloc (w->all, (w->cap = w->cap ? 2 * w->cap : 16) * sizeof *w->all);
    w->all[w->len++] = (struct waiting_request){ channel, *p };
    *p = (struct parcel){ 0 };
}

struct waiting_request
waiting_take (struct waiting *w, size_t i)
{
    struct waiting_request one = w->all[i];
    memmove (&w->all[i], &w->all[i + 1], (--w->len - i) * sizeof *w->all);
    return one;
}

bool
waiting_read (const struct waiting_request *q, struct wire_message *m)
{
    const char *why;
    return wire_read (m, q->parcel.frames, q->parcel.len, NULL, &why);
}

void
waiting_clear (struct waiting *w)
{
    for (size_t i = 0; i < w->len; i++)
        parcel_clear (&w->all[i].parcel);
    free (w->all);
    *w = (struct waiting){ 0 };
}

/* See pending.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/pending.h"

#include "base/arena.h"
#include "doc/json_value.h"

#include <string.h>

/* The specification's requests on shell. An unknown one may never be answered; it would be waited for for ever. */
static const char *const answered[] = {
    "execute_request", "inspect_request", "complete_request", "history_request",
    "is_complete_request", "comm_info_request", "kernel_info_request",
};

void
pending_add (struct pending *p, const struct wire_message *m)
{
    bool known = false;
    for (size_t i = 0; i < sizeof answered / sizeof *answered; i++)
        known |= strcmp (m->type, answered[i]) == 0;
    if (!known)
        return;
    if (p->len == p->cap)
        p->headers = xrealloc (p->headers, (p->cap = p->cap ? 2 * p->cap : 8) * sizeof *p->headers);
    p->headers[p->len++] = json_incref (m->header);
}

void
pending_settle (struct pending *p, const struct wire_message *reply)
{
    json_auto_t *parent = wire_parse (reply, WIRE_PARENT);
    size_t i = 0;
    while (i < p->len && strcmp (json_text (p->headers[i], "msg_id"), json_text (parent, "msg_id")) != 0)
        i++;
    if (i == p->len)
        return;
    json_decref (p->headers[i]);
    memmove (p->headers + i, p->headers + i + 1, (--p->len - i) * sizeof *p->headers);
}

const json_t *
pending_cell (const struct pending *p)
{
    for (size_t i = 0; i < p->len; i++)
        if (strcmp (json_text (p->headers[i], "msg_type"), "execute_request") == 0)
            return p->headers[i];
    return NULL;
}

void
pending_clear (struct pending *p)
{
    for (size_t i = 0; i < p->len; i++)
        json_decref (p->headers[i]);
    free (p->headers);
    *p = (struct pending){ 0 };
}

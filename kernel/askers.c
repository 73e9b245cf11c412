/* See askers.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/askers.h"

#include <string.h>

static const char *
id_of (const json_t *header)
{
    const char *id = json_string_value (json_object_get (header, "msg_id"));
    return id ? id : "";
}

void
askers_note (struct askers *a, const wire_frame *identities, size_t n, json_t *header)
{
    struct origin *o = &a->all[a->next++ % ASKERS];
    origin_clear (o);
    *o = origin_copy (&(struct wire_message){ .identities = identities, .n_identities = n, .header = header });
}

void
askers_address (const struct askers *a, struct parcel *p)
{
    struct wire_message m;
    const char *why;
    if (p->len == 0 || !wire_is_delimiter (&p->frames[0]) || !wire_read (&m, p->frames, p->len, NULL, &why))
        return;
    json_auto_t *parent = wire_parse (&m, WIRE_PARENT);
    wire_clear (&m);
    for (size_t i = 0; *id_of (parent) && i < ASKERS; i++)
        if (strcmp (id_of (a->all[i].header), id_of (parent)) == 0) {
            parcel_address (p, a->all[i].identities, a->all[i].n_identities);
            return;
        }
}

void
askers_clear (struct askers *a)
{
    for (size_t i = 0; i < ASKERS; i++)
        origin_clear (&a->all[i]);
}

/* See origin.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/origin.h"

#include "base/arena.h"

#include <string.h>

struct origin
origin_copy (const struct wire_message *m)
{
    struct origin o = { xcalloc (m->n_identities ? m->n_identities : 1, sizeof (wire_frame)), m->n_identities,
                        json_incref (m->header) };
    for (size_t i = 0; i < m->n_identities; i++) {
        void *copy = xmalloc (m->identities[i].len + 1);
        memcpy (copy, m->identities[i].data, m->identities[i].len);
        o.identities[i] = (wire_frame){ copy, m->identities[i].len };
    }
    return o;
}

void
origin_clear (struct origin *o)
{
    for (size_t i = 0; i < o->n_identities; i++)
        free ((void *) o->identities[i].data);
    free (o->identities);
    json_decref (o->header);
    *o = (struct origin){ 0 };
}

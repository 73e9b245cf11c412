/* See screens.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/screens.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

static const char *
client_of (const json_t *header)
{
    return json_string_value (json_object_get (header, "session"));
}

static const struct screen *
find (const struct screens *s, const char *client)
{
    for (size_t i = 0; client && i < s->n; i++)
        if (strcmp (s->all[i].client, client) == 0)
            return &s->all[i];
    return NULL;
}

static void
clear (const struct screen *one)
{
    free (one->client);
    json_decref (one->chard);
}

static void
forget (struct screens *s, const struct screen *one)
{
    size_t at = (size_t) (one - s->all);
    clear (one);
    memmove (&s->all[at], &s->all[at + 1], (--s->n - at) * sizeof *s->all);
}

void
screens_note (struct screens *s, const json_t *header, const json_t *metadata)
{
    const char *client = client_of (header);
    json_t *chard = json_object_get (metadata, "chard");
    if (!client || !json_is_object (chard))
        return;
    const struct screen *known = find (s, client);
    if (known || s->n == SCREENS_MAX)
        forget (s, known ? known : s->all);
    s->all[s->n++] = (struct screen){ xstrdup (client), json_incref (chard) };
}

json_t *
screens_metadata (const struct screens *s, const json_t *header)
{
    const struct screen *known = find (s, client_of (header));
    return known ? json_pack ("{s:O}", "chard", known->chard) : NULL;
}

void
screens_clear (struct screens *s)
{
    for (size_t i = 0; i < s->n; i++)
        clear (&s->all[i]);
    s->n = 0;
}

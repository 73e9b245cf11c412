/* See learned.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/learned.h"

#include "base/strbuf.h"
#include "compiler/syntax_normal.h"

#include <string.h>

/* Each unit's digest is made of its own code and the digest before it. */
struct code_digest *
learned_digests (const struct program *p)
{
    struct code_digest *all = arena_alloc (p->arena, (p->units.len + 1) * sizeof *all);
    for (size_t i = 0; i < p->units.len; i++) {
        cleanup_strbuf struct strbuf text = { 0 };
        const char *source = p->units.items[i].cell->source;
        if (!syntax_normalize (source, strlen (source), &text))
            strbuf_adds (&text, source);
        struct hash *h = hash_begin ();
        hash_add_str (h, i ? all[i - 1].hex : "");
        hash_add_str (h, strbuf_str (&text));
        hash_end (h, all[i].hex);
    }
    return all;
}

const json_t *
learned_find (const json_t *learned, const char *digest)
{
    size_t i;
    const json_t *cell;
    json_array_foreach (json_object_get (learned, "cells"), i, cell) {
        const char *code = json_string_value (json_object_get (cell, "code"));
        if (code && strcmp (code, digest) == 0)
            return cell;
    }
    return NULL;
}

/* See learned.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/learned.h"

#include "base/strbuf.h"
#include "compiler/syntax_normal.h"

#include <string.h>

/* Only lines that look at the notebook; %chard load binds a name. */
static bool
only_looks (const char *source)
{
    static const char call[] = "%chard", load[] = "%chard load";
    bool looks = false;
    for (const char *line = source; *line; line += strcspn (line, "\n"), line += *line != '\0') {
        if (line[strspn (line, " \t\r")] == '\n' || line[strspn (line, " \t\r")] == '\0')
            continue;
        if (strncmp (line, call, sizeof call - 1) != 0 || strncmp (line, load, sizeof load - 1) == 0)
            return false;
        looks = true;
    }
    return looks;
}

void
learned_extend (char hex[HASH_HEX_SIZE], const char *source)
{
    cleanup_strbuf struct strbuf text = { 0 };
    if (only_looks (source))
        return;
    if (!syntax_normalize (source, strlen (source), &text))
        strbuf_adds (&text, source);
    if (text.len == 0)
        return;
    struct hash *h = hash_begin ();
    hash_add_str (h, hex);
    hash_add_str (h, strbuf_str (&text));
    hash_end (h, hex);
}

struct code_digest *
learned_digests (const struct program *p)
{
    struct code_digest *all = arena_alloc (p->arena, (p->units.len + 1) * sizeof *all);
    for (size_t i = 0; i < p->units.len; i++) {
        if (i > 0)
            all[i] = all[i - 1];
        learned_extend (all[i].hex, p->units.items[i].cell->source);
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

bool
learned_deep (const json_t *learned, const struct program *p, const struct code_digest *digests)
{
    for (size_t i = 0; learned && i < p->units.len; i++)
        if (json_is_true (json_object_get (learned_find (learned, digests[i].hex), "deep")))
            return true;
    return false;
}

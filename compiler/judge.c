/* See judge.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/judge.h"

#include <string.h>

bool
judge_is_of_step (const struct step *s, const struct unit *u)
{
    const char *reference = u->cell->notebook->reference;
    bool same = reference && s->notebook ? strcmp (reference, s->notebook) == 0 : reference == s->notebook;
    return same && vec_int_has (&s->cells, u->cell->index);
}

static bool
has_tag (const struct unit *u, const char *key)
{
    vec_foreach (tag, &u->cell->tags)
        if (strncmp (*tag, key, strlen (key)) == 0)
            return true;
    return false;
}

void
judge_warn (const struct program *program, const struct step *s, const char *tag, struct fault fault, const char *rule,
            const char *message, const char *hint_at, const char *hint, struct diag_list *diags)
{
    vec_foreach (u, &program->units)
        if (!fault.unit && judge_is_of_step (s, u) && has_tag (u, tag))
            fault.unit = u;
    if (!fault.unit)
        return;
    int unit = (int) (fault.unit - program->units.items);
    struct place at = fault.at ? program_place (program, unit, fault.at->start) : cell_place (fault.unit->cell, 0, 0);
    diag_add (diags, SEVERITY_WARNING, rule, at,
              fault.at ? cell_line (program->arena, fault.unit->cell, at.line) : NULL,
              fault.at ? hint_at : hint, "%s: %s", message, fault.reason);
}

/* Pass link: import statements that bind a name to the same thing, which they do however often they run. See link.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/link.h"

#include <string.h>

/* The dotted path of what the import statement `site` binds `name` to ("matplotlib.pyplot"); NULL: it binds it to
 * nothing, or is no import. */
static const char *
imported_as (const struct linking *l, int site, symbol name)
{
    const struct site *s = &l->flow->sites.items[site];
    const char *path = NULL;
    if (s->kind != SITE_IMPORT || !s->statement)
        return NULL;
    bool from = s->statement->kind == AST_IMPORT_FROM;
    ast_foreach (alias, s->statement) {
        if (!(*alias)->nkids || (*alias)->kids[0]->name != name)
            continue;
        bool first_only = !from && (*alias)->flags & AST_STAR; /* import a.b binds a */
        path = link_name (l, first_only ? name : (*alias)->name);
        if (from)
            path = arena_printf (l->arena, "%s.%s", link_name (l, s->statement->name), path);
    }
    return path;
}

bool
link_is_same_import (const struct linking *l, int x, int y, symbol name)
{
    const char *a = imported_as (l, x, name), *b = a ? imported_as (l, y, name) : NULL;
    return b && strcmp (a, b) == 0;
}

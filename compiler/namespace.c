/* The module's namespace as a dict: globals (), and at module level locals () and vars (). An item that is named by a
 * constant is the name itself; else any name may be meant. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include <string.h>

bool
namespace_is (struct interpreter *in, const struct ast *n)
{
    if (!n || n->kind != AST_CALL || n->nkids != 1 || n->kids[0]->kind != AST_NAME)
        return false;
    const char *name = symbol_text (in->symbols, n->kids[0]->name);
    bool local = !in->env && (strcmp (name, "locals") == 0 || strcmp (name, "vars") == 0);
    return (local || strcmp (name, "globals") == 0) && !name_is_bound (in, n->kids[0]->name);
}

/* The name that `key` is known to be, or 0. */
static symbol
name_of (struct interpreter *in, const struct ast *key)
{
    const char *text = text_of (in, evaluate (in, key));
    return text && *text ? symbol_of_str (in->symbols, text) : 0;
}

void
namespace_any (struct interpreter *in)
{
    in->dynamic = in->effect = true;
    vec_int_add_once (in->arena, &in->flow->dynamic_sites, in->site);
}

const struct set *
namespace_read_all (struct interpreter *in, bool change)
{
    const struct set *all = NULL;
    for (size_t i = 0; i < in->globals.len; i++) {
        const struct set *value = in->globals.items[i].value;
        bool plain = *symbol_text (in->symbols, (symbol) i) != '%' && name_is_bound (in, (symbol) i);
        set_foreach (id, value)
            plain = plain && heap_get (in->heap, id)->kind == OBJECT_VALUE && !heap_get (in->heap, id)->unpicklable;
        if (!plain)
            continue;
        all = set_union (in->arena, all, name_read (in, (symbol) i, NULL));
        if (change)
            name_may_change (in, (symbol) i);
    }
    return all;
}

const struct set *
namespace_item (struct interpreter *in, const struct ast *key)
{
    symbol name = name_of (in, key);
    if (name)
        return name_read (in, name, NULL);
    return namespace_read_all (in, false);
}

void
namespace_store (struct interpreter *in, const struct ast *key, const struct set *value)
{
    symbol name = name_of (in, key);
    namespace_any (in);
    if (name)
        name_bind (in, name, value);
    else
        namespace_read_all (in, true);
}

bool
namespace_call (struct interpreter *in, const struct ast *call, const struct set **result)
{
    const char *method = symbol_text (in->symbols, call->kids[0]->name);
    const struct ast *first = call->nkids > 1 ? call->kids[1] : NULL;
    *result = NULL;
    if (strcmp (method, "get") == 0 && first) {
        symbol name = name_of (in, first);
        const struct set *other = call->nkids > 2 ? evaluate (in, call->kids[2]) : NULL;
        if (!name || name_is_bound (in, name))
            *result = namespace_item (in, first);
        *result = set_union (in->arena, *result, other);
        return true;
    }
    if (strcmp (method, "update") != 0)
        return false;
    for (uint32_t i = 1; i < call->nkids; i++)
        if (call->kids[i]->kind == AST_KEYWORD) {
            name_bind (in, call->kids[i]->name, evaluate (in, call->kids[i]));
        } else {
            evaluate (in, call->kids[i]);
            namespace_any (in);
            namespace_read_all (in, true);
        }
    in->effect = true;
    return true;
}

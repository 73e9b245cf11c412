/* Python's name rules: which names are local to a function, lambda, class or comprehension, which are declared global
 * or nonlocal. As CPython's symtable, on struct ast.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_SCOPE_H
#define CHARD_COMPILER_SCOPE_H

#include "compiler/ast.h"

struct scope {
    const struct ast *owner; /* the function, lambda, class, comprehension or list of type parameters */
    struct scope *outer;     /* the scope it stands in; NULL: the module */
    symbol own_class;        /* of classes: `__class__`, which its methods find without anybody binding it */
    struct vec_sym {
        symbol *items;
        size_t len, cap;
    } locals, globals, nonlocals;
};

/* Finds every scope within `tree` (a cell's AST_BLOCK) and hangs it on its node. */
void scope_build (struct arena *a, struct symbols *symbols, struct ast *tree);

/* True if `name`, used directly within scope `s`, is local to it. */
bool scope_is_local (const struct scope *s, symbol name);

/* True if `name`, used within scope `s`, means the module's name: no function around it has it as a local. */
bool scope_is_global (const struct scope *s, symbol name);

/* Calls `visit` for each name that the statements of `body` bind in the scope they stand in: assignments, loops,
 * imports, definitions, walrus (out of comprehensions too), del, patterns. What nested functions bind is not told. */
void scope_visit_bindings (const struct ast *body, void (*visit) (void *context, symbol name, const struct ast *at),
                           void *context);

#endif

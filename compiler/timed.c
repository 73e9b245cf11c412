/* See timed.h. A timed statement becomes the body of a lambda without parameters, called at once: `(lambda: statement)
 * ()`, which only this tree can say.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/timed.h"

#include <string.h>

static struct ast *
make (struct arena *a, enum ast_kind kind, const struct ast *at, uint32_t nkids)
{
    struct ast *n = arena_new (a, struct ast);
    n->kind = kind;
    n->start = at->start;
    n->end = at->end;
    n->nkids = nkids;
    n->kids = arena_alloc (a, (nkids + 1) * sizeof *n->kids);
    return n;
}

static struct ast *
enclosed (struct arena *a, struct ast *block)
{
    struct ast *lambda = make (a, AST_LAMBDA, block, 2), *call = make (a, AST_CALL, block, 1);
    struct ast *statement = make (a, AST_EXPRESSION, block, 1);
    lambda->kids[0] = make (a, AST_PARAMETERS, block, 0);
    lambda->kids[1] = block;
    call->kids[0] = lambda;
    statement->kids[0] = call;
    return statement;
}

static void
enclose_all (struct arena *a, struct ast *tree)
{
    struct ast *block = arena_new (a, struct ast);
    *block = *tree;
    tree->nkids = 1;
    tree->kids = arena_alloc (a, sizeof *tree->kids);
    tree->kids[0] = enclosed (a, block);
}

/* The statement that begins at the byte `at`, wherever it stands. */
static void
enclose_one (struct arena *a, struct ast *n, uint32_t at)
{
    ast_foreach (kid, n) {
        if (!*kid || at < (*kid)->start || at >= (*kid)->end)
            continue;
        if (n->kind == AST_BLOCK && (*kid)->start == at && (*kid)->kind != AST_BLOCK) {
            struct ast *block = make (a, AST_BLOCK, *kid, 1);
            block->kids[0] = *kid;
            *kid = enclosed (a, block);
        } else
            enclose_one (a, *kid, at);
        return;
    }
}

/* The byte at which the code of a line begins. */
static uint32_t
code_of_line (const char *text, int line)
{
    const char *p = text;
    while (--line > 0 && (p = strchr (p, '\n')))
        p++;
    return p ? (uint32_t) (p + strspn (p, " \t\f") - text) : UINT32_MAX;
}

void
timed_enclose (struct arena *a, struct ast *tree, const struct magic_text *text)
{
    vec_foreach (m, &text->magics) {
        if (!m->encloses || !tree->nkids)
            continue;
        if (m->kind == MAGIC_CELL)
            enclose_all (a, tree);
        else
            enclose_one (a, tree, code_of_line (text->code, m->line));
    }
}

/* Python text -> struct ast, through tree-sitter, which only the syntax files know.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_SYNTAX_H
#define CHARD_COMPILER_SYNTAX_H

#include "compiler/ast.h"

#include <stdbool.h>

struct syntax_error {
    uint32_t start, end;  /* bytes within the text; start == end for something missing */
    const char *expected; /* what is missing, or NULL */
    bool too_deep;        /* it may well be Python, but nested deeper than is followed */
    const char *problem;  /* what is wrong with it, in CPython's words, or NULL */
};

/* Levels of nesting that are followed. CPython itself gives up at some more (200 parentheses, about 3,000
 * operators). */
#define SYNTAX_MAX_DEPTH 900

struct syntax;

/* A parser, to be used for many texts one after another. The caller destroys it. */
struct syntax *syntax_create (void);
void syntax_destroy (struct syntax *s);

/* Parses `text`; the tree (an AST_BLOCK) lies in `a`, its names in `symbols`. Never fails: where the text is no
 * Python, `error` is filled with the first such place (else error->end stays 0 and start UINT32_MAX) and the tree
 * holds what could be read. */
struct ast *syntax_parse (struct syntax *s, struct arena *a, struct symbols *symbols, const char *text, size_t len,
                          struct syntax_error *error);

#endif

/* The compiler's own syntax tree of Python: small, in the arena, names interned. syntax.c lowers tree-sitter's tree to
 * it; everything behind reads only this. Names of kinds follow CPython's `ast` module where both have the thing.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_AST_H
#define CHARD_COMPILER_AST_H

#include "base/arena.h"
#include "compiler/symbol.h"

#include <stdbool.h>
#include <stdint.h>

/* Behind each kind: what its `name` is, and what its kids are. "[x]" may be NULL, "x…" is any number. */
enum ast_kind {
    /* expressions */
    AST_NAME,          /* name */
    AST_CONSTANT,      /* a number, None, True, False, Ellipsis, or a string without interpolation */
    AST_STRING,        /* a string constant; its text is what ast_string returns */
    AST_FSTRING,       /* expressions within it… */
    AST_ATTRIBUTE,     /* name: the attribute. value */
    AST_SUBSCRIPT,     /* value, index… */
    AST_SLICE,         /* bounds… */
    AST_CALL,          /* function, argument… (AST_KEYWORD, AST_STARRED, AST_DOUBLE_STARRED among them) */
    AST_KEYWORD,       /* name; value */
    AST_STARRED,       /* value */
    AST_DOUBLE_STARRED, /* value */
    AST_OPERATION,     /* operands…: arithmetic, comparison, not: a new value from old ones */
    AST_BOOLEAN,       /* left, right: `and`, `or`: one of its operands */
    AST_CONDITIONAL,   /* body, test, otherwise */
    AST_TUPLE,         /* elements… */
    AST_LIST,          /* elements… */
    AST_SET,           /* elements… */
    AST_DICT,          /* key, value, … alternating; AST_DOUBLE_STARRED stands alone with a NULL behind it */
    AST_COMPREHENSION, /* element, generator…; a scope of its own */
    AST_GENERATOR,     /* target, iterable, condition… */
    AST_LAMBDA,        /* parameters, body (an expression; a block where timed.h made it); a scope */
    AST_NAMED,         /* target, value: `:=` */
    AST_AWAIT,         /* value */
    AST_YIELD,         /* [value] */
    /* statements */
    AST_BLOCK,       /* statements… */
    AST_EXPRESSION,  /* value */
    AST_ASSIGN,      /* target…, value */
    AST_AUGMENT,     /* target, value */
    AST_ANNOTATE,    /* target, annotation, [value] */
    AST_DELETE,      /* target… */
    AST_FUNCTION,    /* name; parameters, body, decorators (tuple), annotations (tuple), type parameters (tuple, a scope
                        too; of AST_NAMEs whose kids are their bounds); scope */
    AST_PARAMETERS,  /* AST_PARAMETER… */
    AST_PARAMETER,   /* name; [default], [annotation]; flags AST_STAR, AST_STAR_STAR, AST_KEYWORD_ONLY */
    AST_CLASS,       /* name; arguments (tuple), body, decorators (tuple), type parameters (tuple); scope */
    AST_RETURN,      /* [value] */
    AST_RAISE,       /* [values]… */
    AST_ASSERT,      /* values… */
    AST_IF,          /* test, body, [otherwise] */
    AST_FOR,         /* target, iterable, body, [otherwise] */
    AST_WHILE,       /* test, body, [otherwise] */
    AST_TRY,         /* body, handlers (block of AST_HANDLER), [otherwise], [finally] */
    AST_HANDLER,     /* name (or 0); [type], body */
    AST_WITH,        /* item…, body */
    AST_WITH_ITEM,   /* value, [target] */
    AST_MATCH,       /* subject, case… */
    AST_CASE,        /* pattern, [guard], body */
    AST_PATTERN,     /* values and patterns within it…; AST_CAPTURE among them */
    AST_CAPTURE,     /* name: bound by the pattern */
    AST_IMPORT,      /* alias… */
    AST_IMPORT_FROM, /* name: the dotted module, dots of a relative import in front; alias…; flag AST_STAR for `*` */
    AST_ALIAS,       /* name: what is imported, dotted; AST_NAME that it binds; flag AST_STAR: `import a.b` binds a */
    AST_GLOBAL,      /* AST_NAME… */
    AST_NONLOCAL,    /* AST_NAME… */
    AST_TYPE_ALIAS,  /* target, value, type parameters (tuple) */
    AST_PASS,        /* also break and continue */
    AST_ERROR,       /* text that is no Python; kids are what could be read of it */
};

enum ast_flags {
    AST_STAR = 1,
    AST_STAR_STAR = 2,
    AST_KEYWORD_ONLY = 4,
    AST_ASYNC = 8,
    AST_LAZY = 16, /* a generator expression: evaluated when iterated */
    AST_BREAK = 32,
    AST_CONTINUE = 64,
};

struct ast {
    uint8_t kind;
    uint8_t flags;
    uint32_t start, end; /* bytes within the cell's source */
    symbol name;         /* 0 if the kind has none */
    uint32_t nkids;
    struct ast **kids;
    struct scope *scope; /* of functions, lambdas, classes, comprehensions, type parameters; set by scope.c */
};

static inline struct ast *
ast_kid (const struct ast *n, uint32_t i)
{
    return i < n->nkids ? n->kids[i] : NULL;
}

#define ast_foreach(kid, n) for (struct ast **kid = (n)->kids; kid && kid < (n)->kids + (n)->nkids; kid++)

/* The value of a string constant (quotes and prefix off, plain escapes resolved), allocated in `a`; `source` is the
 * cell's. NULL if it isn't an AST_STRING or is a bytes literal. */
char *ast_string (struct arena *a, const struct ast *n, const char *source);

/* Name of a kind, for dumps. */
const char *ast_kind_name (int kind);

#endif

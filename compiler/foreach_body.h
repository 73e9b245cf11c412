/* What foreach.c and foreach_body.c share: the body of a loop whose rounds may run at once. Nobody else includes it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_FOREACH_BODY_H
#define CHARD_COMPILER_FOREACH_BODY_H

#include "compiler/flow.h"
#include "compiler/judge.h"

struct foreach_body {
    struct arena *arena;
    const struct flow *flow;
    const struct symbols *symbols;
    const struct unit *unit; /* that the loop is in; or at which the search for it ended */
    int site;                /* of the loop, or -1 */
    const struct ast *loop;
    bool last;               /* nothing follows it in the step */
    struct vec_str head;     /* names that stand before the loop and in what it goes over */
    struct vec_int bound;    /* symbols that a round binds for itself, … */
    struct vec_int gathered; /* … and those of values that rounds only add to; … */
    struct vec_int tried;    /* … of these, where an error of it might be caught */
    struct vec_int now;      /* while it is walked: what is bound for sure */
    struct fault fault;      /* the first that was found */
};

/* Notes why the rounds depend on one another, unless that is known already. */
void foreach_fail (struct foreach_body *b, const struct ast *at, const char *reason);

/* Walks the loop: fills `bound`, `gathered` and `tried`, and fails where a round leaves the loop, reads what another
 * has left, or looks at what rounds add to. */
void foreach_walk (struct foreach_body *b);

#endif

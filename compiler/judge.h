/* What the passes share that judge whether a step's code is as a tag of it promises: when.c, foreach.c. Where it isn't,
 * they say so, and the step runs as if the tag were not there.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_JUDGE_H
#define CHARD_COMPILER_JUDGE_H

#include "base/diag.h"
#include "compiler/pipeline.h"
#include "compiler/program.h"

/* Why a promise isn't kept. */
struct fault {
    const struct unit *unit; /* NULL: the cell that carries the tag */
    const struct ast *at;    /* NULL: the cell as a whole */
    const char *reason;      /* NULL: it is kept */
};

/* Whether the unit is one of the step's own cells. */
bool judge_is_of_step (const struct step *s, const struct unit *u);

/* Warns of the fault under that rule's name: `message` is told with the reason behind it. `tag` is the key with its
 * colon; `hint_at` is the way out where the fault has a place in the code, `hint` where it hasn't. Silent where no cell
 * carries the tag, as where the notebook's metadata say it of all steps. */
void judge_warn (const struct program *program, const struct step *s, const char *tag, struct fault fault,
                 const char *rule, const char *message, const char *hint_at, const char *hint, struct diag_list *diags);

#endif

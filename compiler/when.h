/* Tag when:EXPRESSION. It doesn't change what the code means: the step's own code has to stand under `if EXPRESSION:`.
 * Where that is so, and no other step waits for this one, nothing is lost if elsewhere its pod isn't started at all;
 * here the step runs as ever. Where it can't be shown, a warning says why, and the step starts everywhere.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_WHEN_H
#define CHARD_COMPILER_WHEN_H

#include "base/diag.h"
#include "compiler/pipeline.h"
#include "compiler/program.h"

/* Judges each step's settings.when, behind pass link: what isn't shown is taken away. */
void when_check (struct pipeline *p, const struct program *program, struct diag_list *diags);

/* Adds the names that an expression which when_check let pass reads. */
void when_names (struct arena *a, const char *expression, struct vec_str *names);

#endif

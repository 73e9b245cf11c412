/* What a run observed of a notebook, kept beside the cache for the compiler (compiler/learned.h has the form):
 * .chard/learned/NAME.json. `chard run` and `chard verify` keep it; whoever compiles loads it and hands it on.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_OBSERVED_H
#define CHARD_ENGINE_OBSERVED_H

#include "compiler/compile.h"

/* Set by the kernel for the commands of a session: a file with what the session saw its cells bind, in the order in
 * which they ran, from the first on: [{"source", "values", "unserializable"}], the last two as in learned.h. It counts
 * as long as the notebook begins with the same cells: then the session did what the notebook does. */
#define OBSERVED_SESSION "CHARD_SESSION_FACTS"

/* What is known of the notebook at `path`, by runs and by the session; NULL if nothing is. The caller owns it. */
json_t *observed_load (struct arena *a, const char *path);

/* Adds what the run in `run_dir` observed to what is known of the notebook that `c` was compiled from; what was known
 * of code that is no longer there is dropped. -1 if it can't be written. */
int observed_keep (struct arena *a, const struct compilation *c, const char *run_dir, struct error *err);

#endif

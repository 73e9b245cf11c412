/* Puts aside what a run of a notebook made in its directory, so that the next run finds the directory as the first did:
 * `os.mkdir ("out")` works once only. `chard verify` runs a notebook several times. Nothing is removed: what is new is
 * moved, and comes to lie where the caller says. Files that a run changed stay as they are.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_ASIDE_H
#define CHARD_ENGINE_ASIDE_H

#include "base/arena.h"

#include <jansson.h>

/* What lies in a directory and below it, but for hidden entries and Chard's own directory `state`: an object with the
 * relative paths as keys. NULL if it holds more than can be looked through in a moment. The caller owns it. */
json_t *aside_look (const char *dir, const char *state);

/* Moves what isn't in `before` from `dir` to `to`, which is made; does nothing if `before` is NULL. What can't be moved
 * stays where it is. */
void aside_put (struct arena *a, const char *dir, const char *state, const json_t *before, const char *to);

/* Moves back from `to` what `dir` doesn't have again: it was somebody else's. */
void aside_back (struct arena *a, const char *dir, const char *to);

#endif

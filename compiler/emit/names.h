/* Names of steps, values and parameters may be anything; those of Kubernetes objects may not. A name that is fine
 * already stays as it is; others are rewritten, and told apart by some digits of their digest where two would be alike.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_NAMES_H
#define CHARD_COMPILER_EMIT_NAMES_H

#include "base/arena.h"
#include "base/vec.h"

enum name_rule {
    NAME_LABEL, /* RFC 1035 label: a-z, 0-9 and '-', a letter first, no '-' last, at most 50 long, so that what the
                   services put before or behind it keeps it below 63 */
    NAME_SHORT, /* such a label of at most 26, which KFP puts a UUID before: a claim and a pod's volume are called so */
    NAME_KEY,   /* A-Z, a-z, 0-9 and '_', a letter first, at most 50 long */
};

/* A name for each of `names`, in their order, all different, the same each time. `fallback` is used where nothing of a
 * name is left, and goes before one that does not begin with a letter. */
const char **names_map (struct arena *a, const struct vec_str *names, enum name_rule rule, const char *fallback);

/* One name by itself. */
const char *names_map_one (struct arena *a, const char *name, enum name_rule rule, const char *fallback);

#endif

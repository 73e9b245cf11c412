/* What a step's result depends on, piece by piece, and the cache key over all of it. The pieces are kept in the run
 * log, so that the next run can say which of them changed.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_KEY_H
#define CHARD_ENGINE_KEY_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include "compiler/pipeline.h"

#include <jansson.h>

enum component_kind {
    COMPONENT_CODE,        /* a segment: name "cell 3" (for people, not part of the key), value: digest */
    COMPONENT_OUTPUTS,     /* what the step is asked to leave: value: names */
    COMPONENT_PARAMETER,   /* value: JSON */
    COMPONENT_INPUT,       /* value: digest of its content */
    COMPONENT_FILE,        /* value: digest */
    COMPONENT_MODULE,      /* a module beside the notebook; value: digest */
    COMPONENT_SETTING,     /* environment variables the tags set; value: text */
    COMPONENT_ENVIRONMENT, /* Python and its packages; value: digest */
    COMPONENT_HARNESS,     /* step.py itself; value: digest */
};

struct component {
    enum component_kind kind;
    const char *name, *value;
};

struct key {
    vec (struct component) parts;
    char hex[HASH_HEX_SIZE];
};

/* Adds a piece; both strings are borrowed. */
void key_add (struct arena *a, struct key *k, enum component_kind kind, const char *name, const char *value);

/* Adds the code of all segments, normalised so that a comment changes nothing. */
void key_add_code (struct arena *a, struct key *k, const struct step *s);

/* Computes k->hex once all pieces are there. */
void key_finish (struct key *k);

/* [[kind, name, value], …], as the run log keeps it; the caller owns it. */
json_t *key_to_json (const struct key *k);

/* Says what changed since `before` (key_to_json of the step's last run): "parameter N: 3 is now 5",
 * "cell 4, line 2: `x = 1` is now `x = 2`", several joined by "; ". `then` is the step as it was then (for the lines;
 * may be NULL). NULL if nothing did. The text lies in `a`. */
char *key_explain (struct arena *a, const struct key *now, const struct step *step, const json_t *before,
                   const struct step *then);

#endif

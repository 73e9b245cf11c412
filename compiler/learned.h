/* What earlier runs of a notebook observed, as the compiler uses it: {"version": 1, "cells": [{"code", "cell",
 * "changed": [name], "unserializable": [name], "values": {name: {"type", "bytes", "module", "stamp"}}, "deep": true}]}.
 * `code` is the digest of all code down to and with that cell, so that a fact counts only while nothing above it has
 * changed. Facts make the analysis see more: what a cell changed without its text saying so, what can't travel, of
 * which class a value is (whose module, a file, was last written at `stamp`), that a cell called deeper than Python
 * allows (where the notebook may have had it from the caches of its functions). The engine keeps the document
 * (engine/observed.h) and leaves out classes whose modules have changed; the compiler opens no file for it.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_LEARNED_H
#define CHARD_COMPILER_LEARNED_H

#include "base/hash.h"
#include "compiler/program.h"

#include <jansson.h>

/* The digests of all units, in the program's arena. */
struct code_digest {
    char hex[HASH_HEX_SIZE];
} *learned_digests (const struct program *p);

/* The digest of all code down to and with `source`: `hex` is that of what stands above ("" for nothing), and becomes
 * it. What does nothing leaves it as it is: a cell without code, or with nothing but %chard lines. */
void learned_extend (char hex[HASH_HEX_SIZE], const char *source);

/* Whether any cell of the program has called too deeply. */
bool learned_deep (const json_t *learned, const struct program *p, const struct code_digest *digests);

/* The facts about the code of that digest, or NULL. Borrowed. */
const json_t *learned_find (const json_t *learned, const char *digest);

#endif

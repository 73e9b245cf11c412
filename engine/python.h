/* Which Python runs the steps, and what it has installed. Nothing here starts Python but python_probe, once per
 * interpreter: what it answers is kept in the state directory until the interpreter changes, so that a cached run
 * starts no Python at all.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_PYTHON_H
#define CHARD_ENGINE_PYTHON_H

#include "base/arena.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/vec.h"
#include "engine/state.h"

struct python {
    const char *path;       /* absolute, links not resolved: a virtual environment is known by it */
    const char *version;    /* "3.11.2" after python_probe */
    struct vec_str library; /* directories of sys.path that hold packages, after python_probe */
    const char *compiled;   /* step.py as this interpreter's bytecode, or the source itself; after python_probe */
    const char *note;       /* why it isn't the kernelspec's, if so; or NULL */
};

/* Chooses: `wanted` (a path, or a name in PATH) if given; else the interpreter of kernelspec `kernel` (may be NULL),
 * read from Jupyter's directories; else python3 in PATH. ERROR_ENVIRONMENT if there is none. Strings lie in `a`. */
int python_find (struct python *py, struct arena *a, const char *wanted, const char *kernel, struct error *err);

/* Fills version, library and compiled, from `state`'s notes or by asking the interpreter, which also compiles
 * `harness` (step.py; `digest` of its content): that saves each start of it some 70 ms. */
int python_probe (struct python *py, struct arena *a, const struct state *state, const char *harness,
                  const char *digest, struct error *err);

/* Digest of the environment: version, and names and times of all installed distributions. */
void python_fingerprint (const struct python *py, char hex[HASH_HEX_SIZE]);

/* Where templates/step.py lies: $CHARD_TEMPLATES, the tree's templates/ next to the program, or where it was
 * installed. NULL and ERROR_ENVIRONMENT if it is nowhere. */
char *python_find_harness (struct arena *a, struct error *err);

#endif

/* Requirements with the digests of the files that pip takes for them: an image that is built from such lines gets these
 * bytes and no others (pip's hash-checking mode).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_HASHES_H
#define CHARD_ENGINE_HASHES_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "engine/python.h"

/* Digests that stand in `dir`/requirements.txt, as pip-compile and `pip hash` write them: puts them behind the lines of
 * all `n` lists if there is one for every line, else leaves the lists as they are. */
void hashes_from_lock (struct arena *a, const char *dir, struct vec_str *lists, size_t n);

/* Has pip resolve all lines of the lists, downloading nothing that the index describes: each line gets the version that
 * pip takes, and its digest; what pip finds missing goes into every list. ERROR_ENVIRONMENT, the lists as they were, if
 * pip can't (what it says goes to standard error), or if something comes from elsewhere than a file. */
int hashes_from_pip (struct arena *a, const struct python *py, struct vec_str *lists, size_t n, struct error *err);

#endif

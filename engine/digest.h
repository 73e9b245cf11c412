/* Digests of files, remembered: a file whose inode, size and time are as they were is not read again, so that a cached
 * run stays cheap beside large data. What was changed within the last second is not trusted to keep its time (two
 * writes can carry the same stamp) and read each time.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_DIGEST_H
#define CHARD_ENGINE_DIGEST_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/vec.h"
#include "engine/state.h"

struct digests;

/* Never NULL; reads what is remembered in the state directory. digests_close writes it back and frees. */
struct digests *digests_open (const struct state *s);
void digests_close (struct digests *d);

/* Digest of a regular file's content, or of a directory's tree (paths and contents). "absent" if there is nothing that
 * can be read. The text lies in `a`. */
const char *digests_path (struct digests *d, struct arena *a, const char *path);

/* The Python files in `dir` that the modules `imports` stand for (NAME.py, or the package NAME/), and those that they
 * import in turn: absolute paths, sorted. Found by reading their import lines; nothing is run. */
void digests_local_modules (struct arena *a, const char *dir, const struct vec_str *imports, struct vec_str *files);

/* Names of the modules that these Python files import, each once. */
void digests_imports (struct arena *a, const struct vec_str *files, struct vec_str *names);

/* True if `name` is a module of `dir` itself, not of the environment. */
bool digests_is_local_module (const char *dir, const char *name);

#endif

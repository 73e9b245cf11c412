/* Files: read whole, write atomically, make and remove directories, look for files.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_FS_H
#define CHARD_BASE_FS_H

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads a whole regular file (a pipe or a terminal too: it reads to the end). `*data` is malloc'ed with a NUL behind
 * it, the caller's to free. A directory is an error that says so. */
int fs_read (const char *path, char **data, size_t *len, struct error *err);

/* Writes beside `path` and renames over it, after fsync: readers see the old content or the new, never half.
 * A file that was there keeps its permission bits, a link its target's place; a device is simply written to. */
int fs_write (const char *path, const void *data, size_t len, struct error *err);

/* The same without fsync, some 10 ms less: for what can be made again should the machine crash. */
int fs_write_unsynced (const char *path, const void *data, size_t len, struct error *err);

/* mkdir -p; an existing directory is fine. */
int fs_mkdirs (const char *path, struct error *err);

/* rm -rf without following links; a path that isn't there is fine. */
int fs_remove_tree (const char *path, struct error *err);

bool fs_is_dir (const char *path);
bool fs_exists (const char *path);

/* Bytes of all regular files below `path`. */
uint64_t fs_tree_size (const char *path);

/* Pieces of a path, allocated in `a`: "x/y/z.ipynb" -> "x/y" (or "."), "z.ipynb", "z". */
char *fs_dirname (struct arena *a, const char *path);
const char *fs_basename (const char *path);
char *fs_stem (struct arena *a, const char *path);

/* `dir`/`name`, or `name` itself if it is absolute. */
char *fs_join (struct arena *a, const char *dir, const char *name);

/* Absolute path without links resolved: the current directory put before a relative path, its leading "./" dropped. */
char *fs_absolute (struct arena *a, const char *path);

/* The path without "." and "dir/.." in it, by its text alone: links are not looked at. "" becomes ".". */
char *fs_normalize (struct arena *a, const char *path);

/* How `path` is called from the directory `from`, both absolute, by their text alone: "/a/b", "/a/c/x" -> "../c/x". */
char *fs_relative (struct arena *a, const char *from, const char *path);

/* All regular files below `dir` that end with one of the NULL-terminated `suffixes`, sorted by name; hidden
 * directories (.git, .ipynb_checkpoints, .venv) are passed over. */
int fs_find (struct arena *a, const char *dir, const char *const *suffixes, struct vec_str *found, struct error *err);

#endif

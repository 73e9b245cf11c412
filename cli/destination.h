/* Where a command's results go when it may have several notebooks: standard output, one file, or a directory in which
 * the notebooks' own folders are repeated.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_DESTINATION_H
#define CHARD_CLI_DESTINATION_H

#include "cli/command.h"

struct destination {
    const char *output; /* as given: "-", a file or a directory */
    bool directory;     /* `output` is a directory, made as needed */
    size_t common;      /* leading bytes that all paths share: left out below the directory */
};

/* Chooses for the notebooks `paths`. Several of them need a directory, unless `may_join` says that standard output can
 * take them all; ERROR_USAGE otherwise. */
int destination_choose (struct destination *to, const struct invocation *inv, const struct vec_str *paths,
                        const char *output, bool may_join, struct error *err);

/* True if results go to standard output. */
bool destination_is_stdout (const struct destination *to);

/* "OUT/sub/train.svg" for "notebooks/sub/train.ipynb" and the ending ".svg"; scripts keep theirs ("train.py.svg"),
 * since a notebook of the same name may lie beside them. For a single file that file. */
const char *destination_path (const struct destination *to, struct arena *a, const char *path, const char *ending);

/* Writes the text of `path`'s result to where it belongs. */
int destination_write (const struct destination *to, struct invocation *inv, const char *path, const char *ending,
                       const char *text, size_t len, struct error *err);

#endif

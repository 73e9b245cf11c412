/* Text that a program puts together, as far as the analysis knows it: what it can't know of a path is PATH_ANY, which
 * stands for any characters, none included: f"out/{name}.csv" is "out/", PATH_ANY, ".csv". Steps that may use the same
 * file are ordered by that. No interpreter in here, only text.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_PATH_H
#define CHARD_COMPILER_PATH_H

#include "base/arena.h"
#include "compiler/ast.h"

#define PATH_ANY '\1'
#define PATH_UNKNOWN "\1" /* all of it */

/* True if nothing of it is unknown. */
bool path_is_exact (const char *path);

/* The text of an f-string in `source`; known[i] is the text of its expression i, or NULL. */
char *path_of_fstring (struct arena *a, const struct ast *n, const char *source, const char *const *known);

/* "…%d…" % x, "…{}…".format (x): `text` with PATH_ANY for what is put in. `sign` is '%' or '{'. */
char *path_of_format (struct arena *a, const char *text, char sign);

/* "data*.csv", as who reads may say it of many files: with PATH_ANY for its wildcards. The path itself where it has no
 * '*'. */
const char *path_of_glob (struct arena *a, const char *path);

/* `path` as seen from folder `cwd` ("" is the notebook's), normalised; unknown as a whole where ".." may undo what
 * isn't known. */
char *path_in (struct arena *a, const char *cwd, const char *path);

/* Whether two paths may be of one file, or one of them of a folder that holds the other. */
bool path_may_meet (const char *x, const char *y);

#endif

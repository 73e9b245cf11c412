/* Puts tags into a notebook's file, or takes outputs out of it, without touching anything else: the text is edited at
 * the right bytes, in the style it already has (one line or indented, by whatever, LF or CRLF), never printed anew.
 * Called by `chard tag`, and for what is kept of a run in Git.
 *
 *     notebook_edit.c          finds out whether a file is JSON or a script, and proves the result
 *     notebook_edit_json.c     tags in nbformat's JSON
 *     notebook_edit_outputs.c  outputs in nbformat's JSON
 *     notebook_edit_percent.c  "# %%" lines of percent scripts
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_NOTEBOOK_EDIT_H
#define CHARD_COMPILER_NOTEBOOK_EDIT_H

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "doc/json_walk.h"

/* One tag to be added to a cell; the order of several for one cell is kept. */
struct notebook_edit_tag {
    int cell; /* index into the notebook's cells, as compiler/notebook.h counts them */
    const char *tag;
};

/* Adds to `out` the text with the tags in it; a tag that a cell has already is passed over. `path` tells which kind of
 * file it is and is named in errors; a NUL must stand behind `data`. The result has been read again: apart from the
 * tags it means the same. -1 with
 * ERROR_NOTEBOOK, and `out` untouched, if the text is no notebook, has no such cell, or can't be edited safely. */
int notebook_edit_add_tags (const char *path, const char *data, size_t len, const struct notebook_edit_tag *tags,
                            size_t n, struct strbuf *out, struct error *err);

/* Adds to `out` the text without what running it left: outputs, execution counts and the state of widgets. A script is
 * added as it is. `path`, `data` and failure as above. */
int notebook_edit_strip_outputs (const char *path, const char *data, size_t len, struct strbuf *out, struct error *err);

/* ---- between the files ------------------------------------------------------------------------------------------ */

/* Replace `length` bytes (white space only) at `at` by `text`. */
struct edit {
    size_t at, length;
    const char *text;
};

struct edits {
    struct arena *arena;
    vec (struct edit) all; /* ascending, not overlapping */
};

struct notebook_edit_cells {
    struct arena *arena;
    vec (size_t) all; /* where each begins, in the order of compiler/notebook.h */
};

void notebook_edit_find_cells (struct notebook_edit_cells *c, const struct json_span *t);

void notebook_edit_outputs (struct edits *edits, const char *data, size_t len);

/* What has to be done to the text so that cell number tags[i].cell gets the tags; they are sorted by cell. */
int notebook_edit_json (struct edits *edits, const char *data, size_t len, const struct notebook_edit_tag *tags,
                        size_t n, struct error *err);
int notebook_edit_percent (struct edits *edits, const char *data, size_t len, const struct notebook_edit_tag *tags,
                           size_t n, struct error *err);

#endif

/* The lines of a percent script, told apart: for its reader (notebook_percent.c) and its editor
 * (notebook_edit_percent.c). Format: Jupytext's "percent", with what VS Code and Spyder allow.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_PERCENT_LINE_H
#define CHARD_COMPILER_PERCENT_LINE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes [start, end) of the text, without the line's end; the next line begins at `next`. */
struct percent_line {
    size_t start, end, next;
};

/* The line that begins at `at`; false at the text's end. */
bool percent_line_at (const char *data, size_t len, size_t at, struct percent_line *l);

bool percent_line_starts_with (const char *data, const struct percent_line *l, const char *prefix);

/* True for a line that begins a cell: "# %%" or "#%%", with a title and options behind. "# %%time" begins none: so
 * Jupytext writes the cell magic %%time. */
bool percent_line_is_marker (const char *data, const struct percent_line *l);

/* Where the first line stands, behind a byte order mark and Jupytext's header, a YAML document in comments between two
 * "# ---" lines; [*header, *header_end) are the lines between those two, empty where there is none. */
size_t percent_line_first (const char *data, size_t len, size_t *header, size_t *header_end);

#endif

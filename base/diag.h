/* Diagnostics: what a user should know or mend in a notebook. Passes collect them; the command prints them all at
 * once, in compiler style or as JSON. Nothing is ever printed from deep inside.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_DIAG_H
#define CHARD_BASE_DIAG_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/vec.h"

#include <stdbool.h>

enum severity { SEVERITY_ERROR, SEVERITY_WARNING, SEVERITY_NOTE };

/* Where: `cell` is the index into the notebook's cells (all kinds) from 0, -1 for the notebook as a whole.
 * `line` and `column` count from 1 within the cell's source; 0 is unknown. Columns count characters, not bytes. */
struct place {
    int cell, line, column;
    const char *notebook; /* path of another notebook that it is in (composition); NULL: the list's own */
};

#define PLACE_NOTEBOOK ((struct place){ .cell = -1 })

struct diag {
    const char *notebook; /* path as the user gave it */
    struct place at;
    enum severity severity;
    const char *rule;        /* "unresolved-name", … : stable, documented in chard-diagnostics(7) */
    const char *message;     /* one sentence without a full stop */
    const char *hint;        /* what to do next, or NULL */
    const char *source_line; /* the line it is about, or NULL */
};

struct diag_list {
    struct arena *arena;
    const char *notebook;
    vec (struct diag) all;
    int errors, warnings;
};

/* Adds one; strings are copied (or printed) into the list's arena. The same rule, place and message twice is one. */
void diag_add (struct diag_list *list, enum severity severity, const char *rule, struct place at,
               const char *source_line, const char *hint, const char *fmt, ...)
    __attribute__ ((format (printf, 7, 8)));

/* Sorts by notebook, cell, line and column, errors of the notebook as a whole first. */
void diag_sort (struct diag_list *list);

/* "error", "warning", "note" */
const char *severity_name (enum severity s);

/* "nb.ipynb:cell 7:3:5: error: message [rule]", the source line, a caret, "hint: …". `color` adds ANSI colours. */
void diag_print (const struct diag *d, bool color, struct strbuf *out);

#endif

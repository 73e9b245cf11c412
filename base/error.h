/* Errors: one shape for all layers. A function that can fail returns 0 or -1 (or NULL), takes `struct error *err`
 * last, and fails in one line: `return error_set (err, ERROR_NOTEBOOK, "…", …);`. Outputs are untouched on failure.
 * What a user got wrong *in a notebook* is not an error but a diagnostic (base/diag.h).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_BASE_ERROR_H
#define CHARD_BASE_ERROR_H

/* The kinds are the exit statuses that the programs promise. */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_NOTEBOOK = 1,    /* the notebook, or the run of it, failed */
    ERROR_USAGE = 2,       /* the call was wrong */
    ERROR_ENVIRONMENT = 3, /* a missing tool, no permission, no disk, no network */
};

struct error {
    enum error_kind kind;
    char text[2000]; /* one sentence, no trailing newline; longer messages are cut */
};

/* Fills `err` (which may be NULL) and returns -1. */
int error_set (struct error *err, enum error_kind kind, const char *fmt, ...) __attribute__ ((format (printf, 3, 4)));

/* Puts "CONTEXT: " before what `err` says and returns -1. */
int error_wrap (struct error *err, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

/* Like error_set, appending ": strerror (errno)"; the kind is ERROR_ENVIRONMENT. */
int error_errno (struct error *err, const char *fmt, ...) __attribute__ ((format (printf, 2, 3)));

#endif

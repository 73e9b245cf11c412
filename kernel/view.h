/* What people see of a command that runs beside the session: its text as it is printed, or for some commands a picture.
 * A row of `views` in view.c says which command is shown how; a command without a row, and one whose user asked for a
 * form of his own (--format, --to, -o), is shown as text.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_VIEW_H
#define CHARD_KERNEL_VIEW_H

#include "base/loop.h"
#include "base/proc.h"
#include "base/strbuf.h"
#include "base/vec.h"
#include "kernel/outlet.h"

struct view;

struct view_kind {
    const char *command;          /* "run" */
    const char *const *unless;    /* options (as they begin a word) with which it is shown as text; NULL-terminated */
    const char *const *words;     /* put before the command's own, so that its output can be read */
    size_t size;                  /* of the struct that begins with a struct view */

    /* A whole line of its standard output, or all of it at the end if `whole` is set; the line end is left out. */
    void (*take) (struct view *v, const char *text, size_t len);
    bool whole;

    void (*finish) (struct view *v, bool well); /* draws the last state; may be NULL */
    void (*clear) (struct view *v);             /* frees what the kind owns; may be NULL */
};

struct view {
    const struct view_kind *kind;
    struct loop *loop;
    struct outlet outlet;     /* owned */
    char *id;                 /* for what is redrawn: unique in the session */
    struct strbuf out, err;   /* read, but no whole line yet */
    struct strbuf complaint;  /* what the command says of its failure: its line "chard: …" */
    bool interrupted;
};

/* Chooses how `words`, the words of a call from the command's name on, are shown, and puts what that needs among them.
 * The header of `outlet` is borrowed. */
struct view *view_create (struct loop *l, const struct outlet *outlet, struct arena *a, struct vec_str *words);

/* The command has printed that, on standard error where `error`. */
void view_printed (struct view *v, bool error, const char *data, size_t len);

/* The command has ended: draws the last state. */
void view_ended (struct view *v, const struct proc_status *status);
void view_destroy (struct view *v);

extern const struct view_kind view_check, view_graph, view_run;

#endif

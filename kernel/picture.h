/* The picture of a run as it stands: a progress line, the DAG with states, and a table of steps with times, what each
 * printed, and errors at their cell and line. HTML with SVG in it that needs no script, so that a saved notebook and
 * nbconvert's page show the last state as well; and the same as text.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_KERNEL_PICTURE_H
#define CHARD_KERNEL_PICTURE_H

#include "base/strbuf.h"
#include "compiler/draw.h"

struct picture_step {
    const char *name;
    enum draw_state state;
    bool canceled;         /* it is skipped because the run was ended while it ran */
    double began, seconds; /* loop_now when it began; how long it took, -1: not known */
    const char *note;      /* why it was skipped, that it is tried again; or NULL */
    const char *printed;   /* the end of what it printed, or NULL */
    const char *error;     /* "cell 3, line 2: ZeroDivisionError: …", or NULL */
    const char *trace;     /* the traceback behind it, or NULL */
    const char *hint;
};

struct picture {
    struct arena *arena;
    const char *notebook;           /* its file's name */
    const char *run;                /* the run's id */
    const char *status;             /* "running", "canceling", "ok", "failed", "canceled" */
    const char *advice;             /* what is to be known meanwhile, or NULL */
    const char *report;             /* path, or NULL */
    double now, began, seconds;     /* loop_now; when the run began; how long it took, -1 while it runs */
    const struct pipeline *pipeline; /* NULL: no DAG is drawn */
    vec (struct picture_step) steps;
    struct vec_str notes;
};

/* Add it to `out`. */
void picture_html (const struct picture *p, struct strbuf *out);
void picture_text (const struct picture *p, struct strbuf *out);

#endif

/* One piece of work for each of many notebooks, over all cores: for `check` and `compile`. The work is done by forked
 * processes, one per core, so that a notebook that crashes or exhausts one of them harms no other. What they print
 * comes out in the order of the notebooks, as soon as it is that notebook's turn; memory does not grow with their
 * number. A single notebook is worked on in this process.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_BATCH_H
#define CHARD_CLI_BATCH_H

#include "cli/command.h"

struct batch {
    /* Does the work for one notebook, as command.run: prints to inv->out and inv->err, 0 or -1 with `err`. `data` is
     * what is given below; `inv->arena` lives for this notebook only. */
    int (*work) (struct invocation *inv, const char *path, const void *data, struct error *err);
    const void *data;

    /* Prints to inv->out what stands for the result of a notebook whose process was lost in the middle of it; `err`
     * is told on inv->err anyway. May be NULL. */
    void (*lost) (struct invocation *inv, const char *path, const struct error *err);

    /* Printed before the first, between two and after the last notebook that printed any result, e.g. "[", ",", "]". */
    const char *open, *separator, *close;
    const char *done; /* for the summary: "fine", "compiled" */
};

/* Works through `paths`. What goes wrong with one is told on inv->err at its turn. With more than one, a summary line
 * ends inv->err: "12 notebooks: 10 fine, 2 failed". Returns 0 if all was well, else -1 with an empty text and the
 * kind of the first failure, ERROR_NOTEBOOK going before others. */
int batch_run (struct invocation *inv, const struct vec_str *paths, const struct batch *batch, struct error *err);

#endif

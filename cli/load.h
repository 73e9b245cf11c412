/* From a path to a pipeline that is fit to run, for the commands that run one.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_LOAD_H
#define CHARD_CLI_LOAD_H

#include "cli/command.h"
#include "compiler/compile.h"

struct loaded {
    const struct pipeline *pipeline;
    struct compilation compilation; /* of a notebook */
    bool compiled;                  /* false: read from an IR document, there is no compilation */
};

/* compile_file with what earlier runs of the notebook observed, unless --no-learned. */
int load_compile (struct invocation *inv, struct compilation *c, const char *path, struct compile_options options,
                  struct error *err);

/* Keeps what a run of it observed, for the next compile; a notebook only. Told where it can't be kept. */
void load_keep_observed (struct invocation *inv, const struct loaded *l, const char *run_dir);

/* Compiles a notebook, or reads the IR that `chard compile` wrote (a path ending in .json). Diagnostics are printed
 * to inv->err. -1 with an empty text if there are errors, or warnings that some name can't be found (unless `force`):
 * such a run would fail in the middle. load_clear gives everything up, also after a failure. */
int load_pipeline (struct invocation *inv, const char *path, bool force, struct loaded *l, struct error *err);
void load_clear (struct loaded *l);

#endif

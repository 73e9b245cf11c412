/* The table of targets: what a pipeline can be turned into. Commands and the kernel's magic loop over it; to add one is
 * a function in compiler/emit/ and a row in target.c.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_TARGET_H
#define CHARD_CLI_TARGET_H

#include "cli/command.h"
#include "client/service.h"
#include "compiler/emit/emit.h"

struct target {
    const char *name;    /* "kfp", for --to */
    const char *summary; /* what it makes, for people */
    int (*emit) (const struct emit_plan *plan, struct emission *e, struct error *err);
    bool scheduled;      /* it needs a schedule: "all" passes it over where there is none */
    const struct service *service; /* runs what was emitted; NULL: nothing does */

    /* A parameter's value as the service is told it: see emit_kfp_argument. NULL where there is none. */
    json_t *(*argument) (const struct emit_plan *plan, const char *name, const json_t *value, struct error *err);
};

/* All of them; ends with a zeroed row. */
extern const struct target targets[];

/* The choices for an option: "kfp|argo|…|all". */
#define TARGET_CHOICES "argo|container|cron|kfp|all"

/* What the user says. */
struct target_settings {
    struct emit_options emit;
    const char *python; /* whose packages the images get: --python, or NULL for the notebook's kernel's */
};

/* Emits for `name`, or for every target if it is "all", and writes what came of it: below the directory `output`, made
 * as needed, or to inv->out if that is "-" and it is a single file. Nothing is written unless all went well. */
int target_write (struct invocation *inv, const struct pipeline *p, const char *name,
                  const struct target_settings *settings, const char *output, struct error *err);

/* The plan of `p` with all that targets need of this machine; in inv->arena. */
struct emit_plan *target_plan (struct invocation *inv, const struct pipeline *p, const struct target_settings *settings,
                               struct error *err);

/* Writes what was emitted below `directory`, made as needed. */
int target_write_files (struct invocation *inv, const struct emission *e, const char *directory, struct error *err);

/* The target of that name, or NULL. */
const struct target *target_find (const char *name);

#endif

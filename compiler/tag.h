/* The tag language: `key[:value]` in metadata.tags or as directive comments (`#| key: value`) at a cell's top. Both
 * generations of Kale's spellings and Chard's own are one table (tag.c); tags that aren't ours are left alone.
 * Documented in chard-tags(7).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_TAG_H
#define CHARD_COMPILER_TAG_H

#include "base/diag.h"
#include "compiler/notebook.h"
#include "compiler/pipeline.h"

enum cell_role {
    ROLE_NONE,       /* joins the step before it */
    ROLE_STEP,
    ROLE_IMPORTS,    /* code that every step may need */
    ROLE_FUNCTIONS,
    ROLE_PARAMETERS,
    ROLE_METRICS,
    ROLE_SKIP,       /* takes no part */
    ROLE_NOTEBOOK,   /* stands for another notebook's cells */
};

struct cell_tags {
    enum cell_role role;
    const char *step;     /* of ROLE_STEP; the notebook's name for ROLE_NOTEBOOK */
    struct vec_str after; /* prev:, after: */
    const char *schedule, *timezone; /* of the whole pipeline, as struct pipeline has them; NULL: not said */
};

/* Reads the directive comments at the top of a cell's source into `c->tags`, behind the metadata's. */
void tag_read_directives (struct arena *a, struct cell *c);

/* What a cell's tags say of its place in the pipeline. Malformed tags of ours become diagnostics. */
void tag_read (struct arena *a, const struct cell *c, struct cell_tags *tags, struct diag_list *diags);

/* What they say of how its step is run: merged into `settings`, the first that speaks wins. */
void tag_read_settings (struct arena *a, const struct cell *c, struct step_settings *settings, struct diag_list *diags);

/* The same for one tag from elsewhere (kubeflow_notebook's steps_defaults); false if it isn't one of ours. */
bool tag_apply_setting (struct arena *a, const char *tag, struct step_settings *settings);

/* A Kubernetes quantity: "2", "0.5", "500m", "1.5Gi", "1e9". */
bool tag_is_quantity (const char *text);

/* Settings that say nothing. */
void tag_settings_init (struct step_settings *settings);

#endif

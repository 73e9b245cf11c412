/* Sweeps: a notebook once for each point of a grid of parameters, compared in a table. Each point is a run of its own,
 * with its log and report, by a `chard run` of ours. The first runs alone, so that what doesn't depend on the swept
 * parameters is in the cache; the others then run side by side, and share the jobs.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_SWEEP_H
#define CHARD_CLI_SWEEP_H

#include "cli/command.h"
#include "compiler/pipeline.h"

#include <jansson.h>

struct sweep {
    const struct pipeline *pipeline;
    struct vec_str names; /* of the swept parameters, in the order they were given */
    vec (struct vec_str) points; /* each "NAME=VALUE" for each of them; the last one given varies quickest */
};

/* Reads "NAME=V1,V2,…" lines: values end at commas outside of quotes and brackets; those of a str parameter may stand
 * in quotes to hold commas. ERROR_USAGE for what is none, a name that comes twice, and grids of more than 1000 points.
 * No line at all makes one point. Whether values fit is sweep_resolve's to say. */
int sweep_parse (struct arena *a, const struct pipeline *p, const struct vec_str *lines, struct sweep *s,
                 struct error *err);

/* Values of all parameters at a point: as params_resolve does, over `settings` what the point says. */
json_t *sweep_resolve (struct arena *a, const struct sweep *s, size_t point, const char *file,
                       const struct vec_str *settings, struct error *err);

/* Runs the points: `argv` are the words behind "chard run" that all have in common, the notebook among them; `jobs` as
 * for `chard run`. Tells each end on inv->err, and all in the end on inv->out, as a table or JSON. -1 with an empty
 * text if one failed or was canceled; what makes all of them fail (no Python, wrong options) is told once. */
int sweep_run (struct invocation *inv, const struct sweep *s, const char *notebook, const struct vec_str *argv,
               int jobs, struct error *err);

#endif

/* The parts of the report's page, from its top to its bottom. Each adds its section to `out`, or nothing where the run
 * has nothing of the kind. For report.c, which puts the page together.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_REPORT_PART_H
#define CHARD_ENGINE_REPORT_PART_H

#include "base/strbuf.h"
#include "engine/report_run.h"

/* report_head.c: which run, how it went, and first of all what went wrong. */
void report_add_head (const struct report_run *r, struct strbuf *out);
const char *report_run_name (const struct report_run *r);

/* report_graph.c: the steps and what ties them; when each ran. */
void report_add_graph (const struct report_run *r, struct strbuf *out);
void report_add_timeline (const struct report_run *r, struct strbuf *out);

/* report_numbers.c: beside those of the run before. */
void report_add_metrics (const struct report_run *r, struct strbuf *out);
void report_add_parameters (const struct report_run *r, struct strbuf *out);

/* report_steps.c: what each step showed and left. */
void report_add_steps (const struct report_run *r, struct strbuf *out);

#endif

/* Snapshots: the exact sources of a run, kept as a commit on refs/chard/runs/ID of the repository that they lie in.
 * The tree holds the notebooks without their outputs, local modules and chard.yaml at their places in the work tree (or
 * below the folder that it shares with sources outside), and in .chard-run/ what was made of them (pipeline.json, …).
 * The commit has no parents, so that pushing it sends nothing else. `chard runs checkout` gives the files back.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_SNAPSHOT_H
#define CHARD_CLI_SNAPSHOT_H

#include "cli/origin.h"

#define SNAPSHOT_REFS "refs/chard/runs/"
#define SNAPSHOT_FOLDER ".chard-run/"

/* Writes the commit and adds its id to the record as "snapshot"; snapshot_name then names it. `made` (or NULL) are
 * files for .chard-run/ beside pipeline.json. `since` is when the pipeline's compilation began (seconds since 1970): a
 * source that was changed after that is refused, since it may not be what was compiled. -1 too if there is no
 * repository; 1 if there is one that can't be written (a read-only one, say), and why. */
int snapshot_write (struct origin *o, const struct pipeline *p, const struct repo_files *made, double since,
                    struct error *err);

/* Lets refs/chard/runs/ID mean it. 1 if it can't be written, and why. */
int snapshot_name (const struct origin *o, const char *run, struct error *err);

/* Sends that ref to a remote of the repository. */
int snapshot_push (const struct origin *o, const char *run, const char *remote, struct error *err);

/* The id of the run that `wanted` means: one, a unique beginning or end of one, or NULL or "latest". NULL and
 * ERROR_USAGE if no snapshot, or more than one, is called so. In `a`. */
const char *snapshot_find (struct repo *r, struct arena *a, const char *wanted, struct error *err);

#endif

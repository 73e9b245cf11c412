/* Where a pipeline comes from: the files that it is made of, and what Git knows of them. Recorded with each run, and
 * the ground on which snapshots (cli/snapshot.h) are made.
 *
 *     {"repository": "/home/me/project", "branch": "main", "commit": "…", "remote": "origin", "url": "https://…",
 *      "dirty": [{"path": "train.ipynb", "change": "modified"}], "dirty_count": 1, "snapshot": "…"}
 *     {"note": "there is no Git repository around /home/me"}
 *
 * "dirty" tells of tracked files that aren't as the commit has them, and of sources of the pipeline that Git doesn't
 * track, at most 100 of them; "dirty_count" of all (null: looking took too long, or failed, as a "note" says). The
 * change "outputs" is of a notebook in which only outputs differ. Names are valid UTF-8; URLs have no credentials.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_ORIGIN_H
#define CHARD_CLI_ORIGIN_H

#include "client/repo.h"
#include "compiler/pipeline.h"

struct origin {
    struct arena *arena;
    struct repo *repo;      /* NULL: there is none, or it can't be read */
    struct vec_str sources; /* absolute paths, folders without links: notebooks, local modules, chard.yaml */
    const char *notebook;   /* the pipeline's own among them */
    json_t *record;         /* the above; owned */
};

/* Looks. It never fails: what can't be known is said in the record. origin_close gives up what it holds. */
void origin_open (struct origin *o, struct arena *a, const struct pipeline *p);
void origin_close (struct origin *o);

/* -1 unless there is a commit and all is as it has it, outputs excepted; the error names what isn't. */
int origin_require_clean (const struct origin *o, struct error *err);

/* The commit that the directory's repository has checked out, and its remote URL without credentials, in `a`; or
 * NULL. */
void origin_head (struct arena *a, const char *dir, const char **commit, const char **url);

/* "train.ipynb (modified), util.py (untracked) and 3 more", on one line; "" if all is clean. In `a`. */
const char *origin_dirty_text (struct arena *a, const json_t *record);

#endif

/* Git, through libgit2: what a directory's repository has checked out, and snapshots: commits without parents that hold
 * exactly the files given, under a ref of their own. Work tree, index, branches and configuration are only ever read.
 * Knows nothing of notebooks: callers say what goes into a snapshot. repo_git.h is the only file that includes git2.h.
 *
 * Repositories are found as Git does from a directory upwards (worktrees and submodules included; GIT_DIR and the like
 * are not asked: a hook's are of another repository). Hooks and filters that are programs aren't run: where the time of
 * a filtered file has changed it is taken as modified, unless it is Git LFS's and what its pointer says.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_REPO_H
#define CHARD_CLIENT_REPO_H

#include "base/arena.h"
#include "base/error.h"
#include "base/strbuf.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stddef.h>

#define REPO_ID_SIZE 41 /* 40 digits and the NUL */

struct repo;

/* Gets libgit2 ready in the background if there is a repository around `dir`: it reads all certificates of the machine
 * first, some 10 ms. For those who will open it soon and have something else to do until then; it may be left out. */
void repo_warm_up (const char *dir);

/* Opens the repository around `dir`, for reading. NULL, and why in one sentence: there is none (ERROR_USAGE), or it
 * can't be opened (ERROR_ENVIRONMENT): another user's, of a newer format, without a work tree. repo_close accepts
 * NULL. */
struct repo *repo_open (const char *dir, struct error *err);
void repo_close (struct repo *r);

/* The work tree, absolute, links resolved, no slash at its end. Borrowed. */
const char *repo_root (const struct repo *r);

/* A path below the root as bytes without the root and the slash; NULL if it lies elsewhere. Points into `path`. */
const char *repo_relative (const struct repo *r, const char *path);

/* ---- what is checked out ---------------------------------------------------------------------------------------- */

struct repo_change {
    const char *path; /* from the root; bytes as the file system has them */
    const char *kind; /* "added", "deleted", "modified", "conflicted", "untracked", "ignored", … */
};

struct repo_changes {
    struct repo_change *items;
    size_t len, cap;
};

struct repo_state {
    const char *branch;      /* "main"; NULL: detached */
    const char *commit;      /* NULL: the branch has none yet */
    const char *remote, *url; /* the branch's remote, else origin, else the only one; the URL without credentials; or
                                 NULL */
};

/* Fills `s`, in `a`. -1 if the repository can't be read. */
int repo_describe (struct repo *r, struct arena *a, struct repo_state *s, struct error *err);

/* Tracked files that aren't as the commit (NULL: an empty one) has them, staged or not, sorted by path. 1, and none, if
 * looking through the work tree takes longer than `seconds`. */
int repo_changes (struct repo *r, struct arena *a, const char *commit, double seconds, struct repo_changes *changes,
                  struct error *err);

/* Why a file of the work tree isn't tracked: "untracked" or "ignored"; NULL if it is tracked or lies in a submodule. */
const char *repo_untracked (struct repo *r, const char *path);

/* ---- snapshots -------------------------------------------------------------------------------------------------- */

struct repo_file {
    const char *path; /* in the snapshot: relative, no "." or ".." in it */
    const char *data;
    size_t len;
    bool executable;
};

struct repo_files {
    struct repo_file *items;
    size_t len, cap;
};

/* Writes a commit that holds exactly these files; nothing refers to it yet. */
int repo_write_snapshot (struct repo *r, const struct repo_files *files, const char *message, char id[REPO_ID_SIZE],
                        struct error *err);

/* Lets a new ref ("refs/chard/runs/ID") mean that commit. -1 if there is such a ref already. */
int repo_create_ref (struct repo *r, const char *ref, const char *id, struct error *err);

/* The commit of a ref; -1 and ERROR_USAGE if there is none. */
int repo_read_ref (struct repo *r, const char *ref, char id[REPO_ID_SIZE], struct error *err);

/* What stands behind `prefix` in the names of all refs that begin with it, sorted. */
int repo_list_refs (struct repo *r, struct arena *a, const char *prefix, struct vec_str *names, struct error *err);

/* The files of a commit, in `a`. What isn't a plain file, or has a name that might lead out of a directory, is refused:
 * a snapshot may come from elsewhere. */
int repo_read_files (struct repo *r, struct arena *a, const char *commit, struct repo_files *files, struct error *err);

/* One file as the commit has it, in `a`; -1 if it isn't there. */
int repo_read_file (struct repo *r, struct arena *a, const char *commit, const char *path, struct repo_file *file,
                   struct error *err);

/* -1 and ERROR_USAGE if the repository knows no remote of that name; those that it knows are told. */
int repo_check_remote (struct repo *r, const char *remote, struct error *err);

/* Sends a ref to a remote by the program git, which knows the user's keys, credential helpers and proxies; it never
 * asks at the terminal. In repo_push.c. */
int repo_push (struct repo *r, struct arena *a, const char *remote, const char *ref, struct error *err);

/* ---- differences between texts ---------------------------------------------------------------------------------- */

/* For each line of `old` (from 0; `lines` of them) the line of `new` that it became unchanged, or -1. */
int repo_match_lines (const char *old, const char *new, int *match, size_t lines, struct error *err);

/* Adds the hunks of a unified diff with `context` lines around; nothing if the texts are equal. */
int repo_diff_text (const char *old, const char *new, int context, struct strbuf *out, struct error *err);

#endif

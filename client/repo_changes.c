/* What in a work tree isn't as the commit has it: see repo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/repo_git.h"

#include "base/cleanup.h"
#include "base/hash.h"
#include "base/loop.h"

#include <stdio.h>
#include <stdlib.h>

#define POINTER "version https://git-lfs.github.com/spec/v1\n" /* git-lfs/docs/spec.md */

enum { POINTER_MAX = 1024 };

static const char *
kind_name (git_delta_t status)
{
    switch (status) {
    case GIT_DELTA_ADDED: return "added";
    case GIT_DELTA_DELETED: return "deleted";
    case GIT_DELTA_TYPECHANGE: return "changed into another kind of file";
    case GIT_DELTA_CONFLICTED: return "conflicted";
    case GIT_DELTA_UNREADABLE: return "unreadable";
    default: return "modified";
    }
}

static int
stop_when_late (const git_diff *diff, const char *old_path, const char *new_path, void *deadline)
{
    (void) diff, (void) old_path, (void) new_path;
    return loop_now () > *(const double *) deadline ? GIT_EUSER : 0;
}

/* Git LFS has a pointer in the commit in place of the file: whether this one points to what lies there. libgit2
 * compares the two texts, as soon as the file's time is another than the index has, or the same as the index's own. */
static bool
is_pointed_to (struct repo *r, const git_diff_delta *d)
{
    scoped (blob) git_blob *blob = NULL;
    char wanted[HASH_HEX_SIZE], found[HASH_HEX_SIZE];
    if (d->status != GIT_DELTA_MODIFIED || lib.git_blob_lookup (&blob, r->repo, &d->old_file.id) < 0
        || lib.git_blob_rawsize (blob) > POINTER_MAX)
        return false;
    cleanup_free char *text = xasprintf ("%.*s", (int) lib.git_blob_rawsize (blob),
                                         (const char *) lib.git_blob_rawcontent (blob));
    cleanup_free char *path = xasprintf ("%s/%s", r->root, d->new_file.path);
    const char *oid = strncmp (text, POINTER, strlen (POINTER)) == 0 ? strstr (text, "\noid sha256:") : NULL;
    return oid && sscanf (oid, " oid sha256:%64[0-9a-f]", wanted) == 1 && hash_file (path, found, NULL) == 0
           && strcmp (wanted, found) == 0;
}

int
repo_changes (struct repo *r, struct arena *a, const char *commit, double seconds, struct repo_changes *changes,
              struct error *err)
{
    scoped (tree) git_tree *tree = NULL;
    scoped (diff) git_diff *diff = NULL;
    double deadline = loop_now () + seconds;
    git_diff_options o;
    lib.git_diff_options_init (&o, GIT_DIFF_OPTIONS_VERSION);
    o.progress_cb = stop_when_late;
    o.payload = &deadline;
    o.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
    if (commit && repo_git_tree (r, commit, &tree, err) < 0)
        return -1;
    int code = lib.git_diff_tree_to_workdir_with_index (&diff, r->repo, tree, &o);
    if (code < 0)
        return code == GIT_EUSER ? 1 : repo_git_fail (err, r->root);
    for (size_t i = 0; i < lib.git_diff_num_deltas (diff); i++) {
        const git_diff_delta *d = lib.git_diff_get_delta (diff, i);
        if (is_pointed_to (r, d))
            continue;
        const char *path = d->new_file.path ? d->new_file.path : d->old_file.path;
        struct repo_change change = { arena_strdup (a, path), kind_name (d->status) };
        vec_push (a, changes, change);
    }
    return 0;
}

/* Whether one of the path's folders is a submodule's. */
static bool
is_in_submodule (git_index *index, const char *path)
{
    char *folder = xstrdup (path);
    bool found = false;
    for (char *slash = strchr (folder, '/'); slash && !found; slash = strchr (slash + 1, '/')) {
        *slash = '\0';
        const git_index_entry *e = lib.git_index_get_bypath (index, folder, 0);
        found = e && e->mode == GIT_FILEMODE_COMMIT;
        *slash = '/';
    }
    free (folder);
    return found;
}

const char *
repo_untracked (struct repo *r, const char *path)
{
    scoped (index) git_index *index = NULL;
    int ignored = 0;
    if (lib.git_repository_index (&index, r->repo) < 0 || lib.git_index_get_bypath (index, path, 0)
        || is_in_submodule (index, path))
        return NULL;
    lib.git_ignore_path_is_ignored (&ignored, r->repo, path);
    return ignored ? "ignored" : "untracked";
}

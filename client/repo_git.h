/* What the files of repo.h share: libgit2, which this file alone includes, and the repository. Not for others.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_REPO_GIT_H
#define CHARD_CLIENT_REPO_GIT_H

#include "base/dynlib.h"
#include "client/repo.h"

#include <git2.h>

struct repo {
    git_repository *repo;
    char *root;
};

/* ---- the library ------------------------------------------------------------------------------------------------ */

#define REPO_GIT_FUNCTIONS(X)                                                                                          \
    X (git_blob_create_from_buffer) X (git_blob_free) X (git_blob_lookup) X (git_blob_rawcontent)                      \
    X (git_blob_rawsize) X (git_branch_upstream_remote) X (git_buf_dispose) X (git_commit_create)                      \
    X (git_commit_free) X (git_commit_lookup) X (git_commit_tree) X (git_config_free)                                  \
    X (git_config_get_multivar_foreach) X (git_config_open_default) X (git_diff_free) X (git_diff_get_delta)           \
    X (git_diff_num_deltas) X (git_diff_options_init) X (git_diff_tree_to_workdir_with_index) X (git_error_last)       \
    X (git_ignore_path_is_ignored) X (git_index_add) X (git_index_free) X (git_index_get_bypath) X (git_index_new)     \
    X (git_index_write_tree_to) X (git_libgit2_init) X (git_libgit2_opts) X (git_libgit2_shutdown)                     \
    X (git_oid_fromstr) X (git_oid_tostr) X (git_patch_free) X (git_patch_from_buffers)                                \
    X (git_patch_get_line_in_hunk) X (git_patch_num_hunks) X (git_patch_print) X (git_reference_create)                \
    X (git_reference_free) X (git_reference_iterator_free) X (git_reference_iterator_glob_new)                         \
    X (git_reference_lookup) X (git_reference_name_to_id) X (git_reference_next_name) X (git_reference_resolve)        \
    X (git_reference_symbolic_target) X (git_reference_target) X (git_reference_type) X (git_remote_free)              \
    X (git_remote_list) X (git_remote_lookup) X (git_remote_url) X (git_repository_free) X (git_repository_index)      \
    X (git_repository_open) X (git_repository_workdir) X (git_signature_default) X (git_signature_free)                \
    X (git_signature_now) X (git_strarray_dispose) X (git_tree_entry_bypath) X (git_tree_entry_filemode)               \
    X (git_tree_entry_free) X (git_tree_entry_id) X (git_tree_entry_name) X (git_tree_free) X (git_tree_lookup)        \
    X (git_tree_walk)

/* libgit2's functions, there as soon as a repository is open or repo_git_ready has succeeded. */
struct repo_git {
    REPO_GIT_FUNCTIONS (DYNLIB_MEMBER)
};
extern struct repo_git repo_git;
#define lib repo_git

/* Loads it, and begins to use it: each success wants a lib.git_libgit2_shutdown (). */
int repo_git_ready (struct error *err);

/* -1: WHAT, and why libgit2 says so. */
int repo_git_fail (struct error *err, const char *what);

/* The tree of a commit, the caller's. */
int repo_git_tree (struct repo *r, const char *commit, git_tree **tree, struct error *err);

/* libgit2's objects end with their scope. */
#define DEFINE_CLEANUP(type)                                                                                           \
    static inline void cleanup_##type (git_##type **p)                                                                 \
    {                                                                                                                  \
        if (*p)                                                                                                        \
            lib.git_##type##_free (*p);                                                                                \
    }
DEFINE_CLEANUP (blob)
DEFINE_CLEANUP (commit)
DEFINE_CLEANUP (config)
DEFINE_CLEANUP (diff)
DEFINE_CLEANUP (index)
DEFINE_CLEANUP (patch)
DEFINE_CLEANUP (reference)
DEFINE_CLEANUP (reference_iterator)
DEFINE_CLEANUP (remote)
DEFINE_CLEANUP (signature)
DEFINE_CLEANUP (tree)
DEFINE_CLEANUP (tree_entry)
#define scoped(type) __attribute__ ((cleanup (cleanup_##type)))

static inline void
cleanup_strarray (git_strarray *a)
{
    lib.git_strarray_dispose (a);
}

#endif

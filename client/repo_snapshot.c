/* Commits that hold exactly the files given, and reading those of others: see repo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/repo_git.h"

#include <stdlib.h>
#include <strings.h>

/* ---- writing a snapshot ----------------------------------------------------------------------------------------- */

static int
write_tree (struct repo *r, const struct repo_files *files, git_oid *tree, struct error *err)
{
    scoped (index) git_index *index = NULL; /* in memory: the repository's own is left alone */
    if (lib.git_index_new (&index) < 0)
        return repo_git_fail (err, r->root);
    vec_foreach (f, files) {
        git_index_entry e = { .path = f->path,
                              .mode = f->executable ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB };
        if (lib.git_blob_create_from_buffer (&e.id, r->repo, f->data, f->len) < 0 || lib.git_index_add (index, &e) < 0)
            return repo_git_fail (err, f->path);
    }
    return lib.git_index_write_tree_to (tree, index, r->repo) < 0 ? repo_git_fail (err, r->root) : 0;
}

/* As the user's configuration names them; it need not. */
static int
make_signature (struct repo *r, git_signature **who, struct error *err)
{
    if (lib.git_signature_default (who, r->repo) == 0 || lib.git_signature_now (who, "chard", "chard@localhost") == 0)
        return 0;
    return repo_git_fail (err, r->root);
}

int
repo_write_snapshot (struct repo *r, const struct repo_files *files, const char *message, char id[REPO_ID_SIZE],
                    struct error *err)
{
    scoped (signature) git_signature *who = NULL;
    scoped (tree) git_tree *tree = NULL;
    git_oid tree_id, commit;
    if (write_tree (r, files, &tree_id, err) < 0 || make_signature (r, &who, err) < 0)
        return -1;
    if (lib.git_tree_lookup (&tree, r->repo, &tree_id) < 0
        || lib.git_commit_create (&commit, r->repo, NULL, who, who, NULL, message, tree, 0, NULL) < 0)
        return repo_git_fail (err, r->root);
    lib.git_oid_tostr (id, REPO_ID_SIZE, &commit);
    return 0;
}

int
repo_create_ref (struct repo *r, const char *ref, const char *id, struct error *err)
{
    scoped (reference) git_reference *made = NULL;
    git_oid oid;
    if (lib.git_oid_fromstr (&oid, id) < 0 || lib.git_reference_create (&made, r->repo, ref, &oid, 0, NULL) < 0)
        return repo_git_fail (err, ref);
    return 0;
}

/* ---- reading one ------------------------------------------------------------------------------------------------ */

int
repo_read_ref (struct repo *r, const char *ref, char id[REPO_ID_SIZE], struct error *err)
{
    git_oid oid;
    int code = lib.git_reference_name_to_id (&oid, r->repo, ref);
    if (code == GIT_ENOTFOUND)
        return error_set (err, ERROR_USAGE, "there is no %s in %s", ref, r->root);
    if (code < 0)
        return repo_git_fail (err, ref);
    lib.git_oid_tostr (id, REPO_ID_SIZE, &oid);
    return 0;
}

int
repo_list_refs (struct repo *r, struct arena *a, const char *prefix, struct vec_str *names, struct error *err)
{
    scoped (reference_iterator) git_reference_iterator *refs = NULL;
    const char *name;
    int code = lib.git_reference_iterator_glob_new (&refs, r->repo, arena_printf (a, "%s*", prefix));
    while (code == 0 && (code = lib.git_reference_next_name (&name, refs)) == 0)
        vec_push (a, names, arena_strdup (a, name + strlen (prefix)));
    if (code != GIT_ITEROVER)
        return repo_git_fail (err, prefix);
    vec_str_sort (names);
    return 0;
}

struct reading {
    struct repo *repo;
    struct arena *arena;
    struct repo_files *files;
    struct error *err;
};

static int
read_blob (struct reading *reading, const git_oid *id, struct repo_file *f)
{
    scoped (blob) git_blob *blob = NULL;
    if (lib.git_blob_lookup (&blob, reading->repo->repo, id) < 0)
        return repo_git_fail (reading->err, f->path);
    f->len = (size_t) lib.git_blob_rawsize (blob);
    f->data = arena_strndup (reading->arena, lib.git_blob_rawcontent (blob), f->len);
    return 0;
}

/* Trees that others made may hold anything. */
static bool
is_safe_name (const char *name)
{
    return *name && strcmp (name, ".") != 0 && strcmp (name, "..") != 0 && strcasecmp (name, ".git") != 0
           && !strchr (name, '/');
}

static int
visit (const char *folder, const git_tree_entry *e, void *arg)
{
    struct reading *reading = arg;
    git_filemode_t mode = lib.git_tree_entry_filemode (e);
    struct repo_file f = { .path = arena_printf (reading->arena, "%s%s", folder, lib.git_tree_entry_name (e)),
                          .executable = mode == GIT_FILEMODE_BLOB_EXECUTABLE };
    if (!is_safe_name (lib.git_tree_entry_name (e)))
        return error_set (reading->err, ERROR_ENVIRONMENT, "the snapshot holds a file that is called “%s”", f.path);
    if (mode == GIT_FILEMODE_TREE)
        return 0;
    if (mode != GIT_FILEMODE_BLOB && mode != GIT_FILEMODE_BLOB_EXECUTABLE)
        return error_set (reading->err, ERROR_ENVIRONMENT, "the snapshot holds %s, which is no plain file", f.path);
    if (read_blob (reading, lib.git_tree_entry_id (e), &f) < 0)
        return -1;
    vec_push (reading->arena, reading->files, f);
    return 0;
}

int
repo_read_files (struct repo *r, struct arena *a, const char *commit, struct repo_files *files, struct error *err)
{
    scoped (tree) git_tree *tree = NULL;
    struct error why = { 0 };
    struct reading reading = { r, a, files, &why };
    if (repo_git_tree (r, commit, &tree, err) < 0)
        return -1;
    if (lib.git_tree_walk (tree, GIT_TREEWALK_PRE, visit, &reading) == 0)
        return 0;
    if (!why.kind)
        return repo_git_fail (err, commit);
    if (err)
        *err = why;
    return -1;
}

int
repo_read_file (struct repo *r, struct arena *a, const char *commit, const char *path, struct repo_file *file,
               struct error *err)
{
    scoped (tree) git_tree *tree = NULL;
    scoped (tree_entry) git_tree_entry *e = NULL;
    struct reading reading = { .repo = r, .arena = a, .err = err };
    struct repo_file f = { .path = path };
    if (repo_git_tree (r, commit, &tree, err) < 0)
        return -1;
    if (lib.git_tree_entry_bypath (&e, tree, path) < 0)
        return repo_git_fail (err, path);
    if (read_blob (&reading, lib.git_tree_entry_id (e), &f) < 0)
        return -1;
    *file = f;
    return 0;
}

/* See repo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/repo.h"

#include "base/dynlib.h"
#include "base/fs.h"
#include "base/sonames.h"
#include "client/url.h"

#include <git2.h>
#include <pthread.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

struct repo {
    git_repository *repo;
    char *root;
};

/* ---- the library ------------------------------------------------------------------------------------------------ */

#define FUNCTIONS(X)                                                                                                   \
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

static struct {
    FUNCTIONS (DYNLIB_MEMBER)
} lib;

static const struct dynlib_symbol symbols[] = { FUNCTIONS (DYNLIB_SYMBOL) };
static struct dynlib dynlib = DYNLIB (GIT2_SONAME, "libgit2", "to look into a Git repository", symbols);

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

static int
fail (struct error *err, const char *what)
{
    const git_error *e = lib.git_error_last ();
    return error_set (err, ERROR_ENVIRONMENT, "%s: %s", what, e && e->message ? e->message : "Git failed");
}

/* ---- getting ready ---------------------------------------------------------------------------------------------- */

static pthread_t warming;
static bool is_warming;

static void *
warm_up (void *unused)
{
    if (dynlib_load (&dynlib, NULL) == 0)
        lib.git_libgit2_init (); /* never shut down: it would have to be made ready again */
    return unused;
}

/* The nearest folder from `dir` upwards that has a .git, the caller's to free; NULL if there is none: libgit2 needn't be
 * made ready then. */
static char *
find_root (const char *dir)
{
    struct arena *a = arena_create ();
    char *real = realpath (dir, NULL), *at = real ? arena_strdup (a, real) : NULL;
    while (at && !fs_exists (fs_join (a, at, ".git")))
        at = strcmp (at, "/") == 0 ? NULL : fs_dirname (a, at);
    char *found = at ? xstrdup (at) : NULL;
    free (real);
    arena_destroy (a);
    return found;
}

/* Also before the process exits: what the thread uses is taken apart then. */
static void
wait_until_warm (void)
{
    if (is_warming)
        pthread_join (warming, NULL);
    is_warming = false;
}

void
repo_warm_up (const char *dir)
{
    char *root = is_warming ? NULL : find_root (dir);
    if (!root)
        return;
    free (root);
    is_warming = pthread_create (&warming, NULL, warm_up, NULL) == 0;
    atexit (wait_until_warm);
}

static int
make_ready (struct error *err)
{
    wait_until_warm ();
    if (dynlib_load (&dynlib, err) < 0)
        return -1;
    lib.git_libgit2_init ();
    return 0;
}

/* ---- the repository --------------------------------------------------------------------------------------------- */

/* libgit2 1.5 says that the setting safe.directory can't be found where it means that the owner is another. */
static bool
is_distrusted (int code)
{
    const git_error *e = lib.git_error_last ();
    return code == GIT_EOWNER || (code == GIT_ENOTFOUND && e && e->klass == GIT_ERROR_CONFIG);
}

static int
note_all (const git_config_entry *e, void *all)
{
    *(bool *) all |= strcmp (e->value, "*") == 0;
    return 0;
}

/* safe.directory=* in the user's or the system's configuration, which libgit2 1.5 doesn't know. */
static bool
trusts_all (void)
{
    scoped (config) git_config *config = NULL;
    bool all = false;
    if (lib.git_config_open_default (&config) == 0)
        lib.git_config_get_multivar_foreach (config, "safe.directory", NULL, note_all, &all);
    return all;
}

static int
fail_open (int code, const char *root, struct error *err)
{
    if (is_distrusted (code))
        return error_set (err, ERROR_ENVIRONMENT, "the Git repository %s belongs to another user, so Git doesn't trust it; "
                                                  "if you do: git config --global --add safe.directory %s", root, root);
    return fail (err, root);
}

static int
open_repository (struct repo *r, const char *root, struct error *err)
{
    int code = lib.git_repository_open (&r->repo, root);
    if (code < 0 && is_distrusted (code) && trusts_all ()) {
        lib.git_libgit2_opts (GIT_OPT_SET_OWNER_VALIDATION, 0);
        code = lib.git_repository_open (&r->repo, root);
        lib.git_libgit2_opts (GIT_OPT_SET_OWNER_VALIDATION, 1);
    }
    if (code < 0)
        return fail_open (code, root, err);
    if (!lib.git_repository_workdir (r->repo))
        return error_set (err, ERROR_ENVIRONMENT, "the Git repository %s has no work tree", root);
    return 0;
}

static char *
without_slash (const char *path)
{
    char *s = xstrdup (path);
    size_t n = strlen (s);
    if (n > 1 && s[n - 1] == '/')
        s[n - 1] = '\0';
    return s;
}

struct repo *
repo_open (const char *dir, struct error *err)
{
    char *root = find_root (dir);
    if (!root) {
        error_set (err, ERROR_USAGE, "there is no Git repository around %s", dir);
        return NULL;
    }
    struct repo *r = make_ready (err) == 0 ? xcalloc (1, sizeof *r) : NULL;
    if (r && open_repository (r, root, err) == 0) {
        r->root = without_slash (lib.git_repository_workdir (r->repo));
    } else {
        repo_close (r);
        r = NULL;
    }
    free (root);
    return r;
}

void
repo_close (struct repo *r)
{
    if (!r)
        return;
    lib.git_repository_free (r->repo);
    free (r->root);
    free (r);
    lib.git_libgit2_shutdown ();
}

const char *
repo_root (const struct repo *r)
{
    return r->root;
}

const char *
repo_relative (const struct repo *r, const char *path)
{
    size_t n = strlen (r->root);
    n -= n == 1; /* "/" */
    return strncmp (path, r->root, n) == 0 && path[n] == '/' && path[n + 1] ? path + n + 1 : NULL;
}

/* ---- what is checked out ---------------------------------------------------------------------------------------- */

/* A branch without a commit, as after `git init`, has a name all the same. */
static int
describe_head (struct repo *r, struct arena *a, struct repo_state *s, struct error *err)
{
    scoped (reference) git_reference *head = NULL, *target = NULL;
    char id[REPO_ID_SIZE];
    if (lib.git_reference_lookup (&head, r->repo, "HEAD") < 0)
        return fail (err, r->root);
    if (lib.git_reference_type (head) == GIT_REFERENCE_SYMBOLIC) {
        const char *name = lib.git_reference_symbolic_target (head);
        s->branch = arena_strdup (a, strncmp (name, "refs/heads/", 11) == 0 ? name + 11 : name);
    }
    int code = lib.git_reference_resolve (&target, head);
    if (code == GIT_ENOTFOUND)
        return 0;
    if (code < 0)
        return fail (err, r->root);
    s->commit = arena_strdup (a, lib.git_oid_tostr (id, sizeof id, lib.git_reference_target (target)));
    return 0;
}

/* The branch's own remote, if its configuration names one. */
static const char *
upstream (struct repo *r, struct arena *a, const char *branch)
{
    git_buf name = { 0 };
    const char *found = NULL;
    if (branch && lib.git_branch_upstream_remote (&name, r->repo, arena_printf (a, "refs/heads/%s", branch)) == 0)
        found = arena_strdup (a, name.ptr);
    lib.git_buf_dispose (&name);
    return found;
}

static void
describe_remote (struct repo *r, struct arena *a, struct repo_state *s)
{
    __attribute__ ((cleanup (cleanup_strarray))) git_strarray names = { 0 };
    scoped (remote) git_remote *remote = NULL;
    const char *name = upstream (r, a, s->branch);
    if (lib.git_remote_list (&names, r->repo) < 0 || names.count == 0)
        return;
    for (size_t i = 0; i < names.count && !name; i++)
        if (names.count == 1 || strcmp (names.strings[i], "origin") == 0)
            name = arena_strdup (a, names.strings[i]);
    if (!name || lib.git_remote_lookup (&remote, r->repo, name) < 0 || !lib.git_remote_url (remote))
        return;
    s->remote = name;
    s->url = url_strip_credentials (a, lib.git_remote_url (remote));
}

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

static double
now (void)
{
    struct timespec t;
    clock_gettime (CLOCK_MONOTONIC, &t);
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

static int
stop_when_late (const git_diff *diff, const char *old_path, const char *new_path, void *deadline)
{
    (void) diff, (void) old_path, (void) new_path;
    return now () > *(const double *) deadline ? GIT_EUSER : 0;
}

static int
head_tree (struct repo *r, const char *commit, git_tree **tree, struct error *err)
{
    scoped (commit) git_commit *c = NULL;
    git_oid id;
    if (lib.git_oid_fromstr (&id, commit) < 0 || lib.git_commit_lookup (&c, r->repo, &id) < 0 || lib.git_commit_tree (tree, c) < 0)
        return fail (err, commit);
    return 0;
}

int
repo_describe (struct repo *r, struct arena *a, struct repo_state *s, struct error *err)
{
    struct repo_state found = { 0 };
    if (describe_head (r, a, &found, err) < 0)
        return -1;
    describe_remote (r, a, &found);
    *s = found;
    return 0;
}

int
repo_changes (struct repo *r, struct arena *a, const char *commit, double seconds, struct repo_changes *changes,
              struct error *err)
{
    scoped (tree) git_tree *tree = NULL;
    scoped (diff) git_diff *diff = NULL;
    double deadline = now () + seconds;
    git_diff_options o;
    lib.git_diff_options_init (&o, GIT_DIFF_OPTIONS_VERSION);
    o.progress_cb = stop_when_late;
    o.payload = &deadline;
    o.flags = GIT_DIFF_INCLUDE_TYPECHANGE;
    if (commit && head_tree (r, commit, &tree, err) < 0)
        return -1;
    int code = lib.git_diff_tree_to_workdir_with_index (&diff, r->repo, tree, &o);
    if (code < 0)
        return code == GIT_EUSER ? 1 : fail (err, r->root);
    for (size_t i = 0; i < lib.git_diff_num_deltas (diff); i++) {
        const git_diff_delta *d = lib.git_diff_get_delta (diff, i);
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

/* ---- writing a snapshot ----------------------------------------------------------------------------------------- */

static int
write_tree (struct repo *r, const struct repo_files *files, git_oid *tree, struct error *err)
{
    scoped (index) git_index *index = NULL; /* in memory: the repository's own is left alone */
    if (lib.git_index_new (&index) < 0)
        return fail (err, r->root);
    vec_foreach (f, files) {
        git_index_entry e = { .path = f->path,
                              .mode = f->executable ? GIT_FILEMODE_BLOB_EXECUTABLE : GIT_FILEMODE_BLOB };
        if (lib.git_blob_create_from_buffer (&e.id, r->repo, f->data, f->len) < 0 || lib.git_index_add (index, &e) < 0)
            return fail (err, f->path);
    }
    return lib.git_index_write_tree_to (tree, index, r->repo) < 0 ? fail (err, r->root) : 0;
}

/* As the user's configuration names them; it need not. */
static int
make_signature (struct repo *r, git_signature **who, struct error *err)
{
    if (lib.git_signature_default (who, r->repo) == 0 || lib.git_signature_now (who, "chard", "chard@localhost") == 0)
        return 0;
    return fail (err, r->root);
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
        return fail (err, r->root);
    lib.git_oid_tostr (id, REPO_ID_SIZE, &commit);
    return 0;
}

int
repo_create_ref (struct repo *r, const char *ref, const char *id, struct error *err)
{
    scoped (reference) git_reference *made = NULL;
    git_oid oid;
    if (lib.git_oid_fromstr (&oid, id) < 0 || lib.git_reference_create (&made, r->repo, ref, &oid, 0, NULL) < 0)
        return fail (err, ref);
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
        return fail (err, ref);
    lib.git_oid_tostr (id, REPO_ID_SIZE, &oid);
    return 0;
}

static int
compare_names (const void *x, const void *y)
{
    return strcmp (*(const char *const *) x, *(const char *const *) y);
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
        return fail (err, prefix);
    if (names->len)
        qsort (names->items, names->len, sizeof *names->items, compare_names);
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
        return fail (reading->err, f->path);
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
    if (head_tree (r, commit, &tree, err) < 0)
        return -1;
    if (lib.git_tree_walk (tree, GIT_TREEWALK_PRE, visit, &reading) == 0)
        return 0;
    if (!why.kind)
        return fail (err, commit);
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
    if (head_tree (r, commit, &tree, err) < 0)
        return -1;
    if (lib.git_tree_entry_bypath (&e, tree, path) < 0)
        return fail (err, path);
    if (read_blob (&reading, lib.git_tree_entry_id (e), &f) < 0)
        return -1;
    *file = f;
    return 0;
}

int
repo_check_remote (struct repo *r, const char *name, struct error *err)
{
    __attribute__ ((cleanup (cleanup_strarray))) git_strarray names = { 0 };
    cleanup_strbuf struct strbuf known = { 0 };
    if (lib.git_remote_list (&names, r->repo) < 0)
        return fail (err, r->root);
    for (size_t i = 0; i < names.count; i++) {
        if (strcmp (names.strings[i], name) == 0)
            return 0;
        strbuf_addf (&known, "%s%s", i ? ", " : "", names.strings[i]);
    }
    return error_set (err, ERROR_USAGE, "the repository %s has no remote “%s”; %s%s", r->root, name,
                      names.count ? "it has: " : "git remote add tells it of one", strbuf_str (&known));
}

/* ---- differences between texts ---------------------------------------------------------------------------------- */

static int
compare_texts (const char *old, const char *new, unsigned context, git_patch **patch, struct error *err)
{
    git_diff_options o;
    lib.git_diff_options_init (&o, GIT_DIFF_OPTIONS_VERSION);
    o.context_lines = context;
    o.flags = GIT_DIFF_FORCE_TEXT | GIT_DIFF_PATIENCE;
    if (lib.git_patch_from_buffers (patch, old, strlen (old), NULL, new, strlen (new), NULL, &o) < 0)
        return fail (err, "the texts can't be compared");
    return 0;
}

int
repo_match_lines (const char *old, const char *new, int *match, size_t lines, struct error *err)
{
    bool same = strcmp (old, new) == 0;
    scoped (patch) git_patch *patch = NULL;
    for (size_t i = 0; i < lines; i++)
        match[i] = same ? (int) i : -1;
    if (same)
        return 0;
    if (make_ready (err) < 0)
        return -1;
    int status = compare_texts (old, new, 1u << 30, &patch, err);
    const git_diff_line *l;
    for (size_t h = 0; status == 0 && h < lib.git_patch_num_hunks (patch); h++)
        for (size_t i = 0; lib.git_patch_get_line_in_hunk (&l, patch, h, i) == 0; i++)
            if (l->origin == GIT_DIFF_LINE_CONTEXT && l->old_lineno > 0 && (size_t) l->old_lineno <= lines)
                match[l->old_lineno - 1] = l->new_lineno - 1;
    lib.git_patch_free (patch);
    patch = NULL;
    lib.git_libgit2_shutdown ();
    return status;
}

static int
add_line (const git_diff_delta *delta, const git_diff_hunk *hunk, const git_diff_line *l, void *out)
{
    (void) delta, (void) hunk;
    if (l->origin == GIT_DIFF_LINE_CONTEXT || l->origin == GIT_DIFF_LINE_ADDITION || l->origin == GIT_DIFF_LINE_DELETION)
        strbuf_addc (out, l->origin);
    else if (l->origin != GIT_DIFF_LINE_HUNK_HDR)
        return 0;
    strbuf_add (out, l->content, l->content_len);
    return 0;
}

int
repo_diff_text (const char *old, const char *new, int context, struct strbuf *out, struct error *err)
{
    git_patch *patch = NULL;
    if (make_ready (err) < 0)
        return -1;
    int status = compare_texts (old, new, (unsigned) context, &patch, err);
    if (status == 0 && lib.git_patch_print (patch, add_line, out) < 0)
        status = fail (err, "the texts can't be compared");
    lib.git_patch_free (patch);
    lib.git_libgit2_shutdown ();
    return status;
}

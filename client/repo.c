/* Finding a repository, and what it has checked out: see repo.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "client/repo_git.h"

#include "base/fs.h"
#include "base/sonames.h"
#include "client/url.h"

#include <pthread.h>
#include <stdlib.h>

/* ---- the library ------------------------------------------------------------------------------------------------ */

struct repo_git repo_git;

static const struct dynlib_symbol symbols[] = { REPO_GIT_FUNCTIONS (DYNLIB_SYMBOL) };
static struct dynlib dynlib = DYNLIB (GIT2_SONAME, "libgit2", "to look into a Git repository", symbols);

int
repo_git_fail (struct error *err, const char *what)
{
    const git_error *e = lib.git_error_last ();
    return error_set (err, ERROR_ENVIRONMENT, "%s: %s", what, e && e->message ? e->message : "Git failed");
}

int
repo_git_tree (struct repo *r, const char *commit, git_tree **tree, struct error *err)
{
    scoped (commit) git_commit *c = NULL;
    git_oid id;
    if (lib.git_oid_fromstr (&id, commit) < 0 || lib.git_commit_lookup (&c, r->repo, &id) < 0
        || lib.git_commit_tree (tree, c) < 0)
        return repo_git_fail (err, commit);
    return 0;
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

/* The nearest folder from `dir` upwards that has a .git, the caller's to free; NULL if there is none: libgit2 needn't
 * be made ready then. */
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

int
repo_git_ready (struct error *err)
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
        return error_set (err, ERROR_ENVIRONMENT, "the Git repository %s belongs to another user, so Git doesn't trust "
                                                  "it; if you do: git config --global --add safe.directory %s", root,
                                                  root);
    const git_error *e = lib.git_error_last ();
    if (e && e->message && strstr (e->message, "unsupported extension")) /* objects by SHA-256, references as
                                                                            reftable */
        return error_set (err, ERROR_ENVIRONMENT,
                          "the Git repository %s is of a newer kind than libgit2 here can read (%s)", root, e->message);
    return repo_git_fail (err, root);
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
    struct repo *r = repo_git_ready (err) == 0 ? xcalloc (1, sizeof *r) : NULL;
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
        return repo_git_fail (err, r->root);
    if (lib.git_reference_type (head) == GIT_REFERENCE_SYMBOLIC) {
        const char *name = lib.git_reference_symbolic_target (head);
        s->branch = arena_strdup (a, strncmp (name, "refs/heads/", 11) == 0 ? name + 11 : name);
    }
    int code = lib.git_reference_resolve (&target, head);
    if (code == GIT_ENOTFOUND)
        return 0;
    if (code < 0)
        return repo_git_fail (err, r->root);
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

/* As it may be kept. What git-remote-ext runs is a command line, which may hold anything. */
static const char *
bare_url (struct arena *a, const char *url)
{
    cleanup_strbuf struct strbuf text = { 0 };
    if (strncmp (url, "ext::", 5) == 0)
        return "ext::";
    for (; *url; url++) /* one URL to its end, blanks or not */
        strbuf_adds (&text, *url == ' ' ? "%20" : (char[]){ *url, '\0' });
    return url_strip_credentials (a, strbuf_str (&text));
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
    s->url = bare_url (a, lib.git_remote_url (remote));
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
repo_check_remote (struct repo *r, const char *name, struct error *err)
{
    __attribute__ ((cleanup (cleanup_strarray))) git_strarray names = { 0 };
    cleanup_strbuf struct strbuf known = { 0 };
    if (lib.git_remote_list (&names, r->repo) < 0)
        return repo_git_fail (err, r->root);
    for (size_t i = 0; i < names.count; i++) {
        if (strcmp (names.strings[i], name) == 0)
            return 0;
        strbuf_addf (&known, "%s%s", i ? ", " : "", names.strings[i]);
    }
    return error_set (err, ERROR_USAGE, "the repository %s has no remote “%s”; %s%s", r->root, name,
                      names.count ? "it has: " : "git remote add tells it of one", strbuf_str (&known));
}

/* See snapshot.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/snapshot.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/utf8.h"
#include "cli/past_run.h"
#include "compiler/notebook_edit.h"
#include "doc/json_value.h"

#include <sys/stat.h>
#include <time.h>

/* ---- the files -------------------------------------------------------------------------------------------------- */

/* Bytes of the folder that both absolute paths share, without its slash. */
static size_t
common_folder (const char *folder, size_t len, const char *path)
{
    size_t same = 0;
    for (size_t i = 0; i <= len && path[i]; i++) {
        if ((i == len || folder[i] == '/') && path[i] == '/')
            same = i;
        if (i == len || folder[i] != path[i])
            break;
    }
    return same;
}

static double
seconds (struct timespec t)
{
    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* Clocks of file servers may go ahead: what will be changed only later is fine. */
static int
check_time (const char *path, const struct stat *st, double since, struct error *err)
{
    struct timespec now;
    clock_gettime (CLOCK_REALTIME, &now);
    if (seconds (st->st_mtim) < since || seconds (st->st_mtim) > seconds (now))
        return 0;
    return error_set (err, ERROR_NOTEBOOK, "%s was changed while the pipeline was being made of it: try again", path);
}

static int
read_source (struct arena *a, const char *path, double since, struct repo_file *f, struct error *err)
{
    cleanup_free char *data = NULL;
    cleanup_strbuf struct strbuf bare = { 0 };
    struct stat st;
    size_t len, n = strlen (path);
    if (fs_read (path, &data, &len, err) < 0)
        return -1;
    if (stat (path, &st) < 0)
        return error_errno (err, "%s", path);
    if (check_time (path, &st, since, err) < 0)
        return -1;
    if (n > 6 && strcmp (path + n - 6, ".ipynb") == 0) {
        if (notebook_edit_strip_outputs (path, data, len, &bare, err) < 0)
            return -1;
    } else {
        strbuf_add (&bare, data, len);
    }
    f->data = arena_strndup (a, strbuf_str (&bare), bare.len);
    f->len = bare.len;
    f->executable = st.st_mode & S_IXUSR;
    return 0;
}

/* The pipeline, which says where it belongs by places in the work tree: those of this machine mean nothing
 * elsewhere. */
static struct repo_file
pipeline_file (const struct origin *o, const struct pipeline *p)
{
    json_auto_t *j = pipeline_to_json (p);
    const char *notebook = fs_relative (o->arena, repo_root (o->repo), o->notebook);
    json_object_set_new (j, "notebook", json_string (utf8_repair (o->arena, notebook)));
    json_object_set_new (j, "notebook_dir",
                         json_string (utf8_repair (o->arena, fs_dirname (o->arena, notebook))));
    cleanup_free char *text = json_dumps (j, JSON_INDENT (2) | JSON_REAL_PRECISION (17));
    struct repo_file f = { .path = "pipeline.json", .data = arena_printf (o->arena, "%s\n", text ? text : "{}") };
    f.len = strlen (f.data);
    return f;
}

static int
collect (const struct origin *o, const struct pipeline *p, const struct repo_files *made, double since,
         struct repo_files *files, struct error *err)
{
    const char *root = repo_root (o->repo);
    size_t common = strlen (root);
    vec_foreach (source, &o->sources)
        common = common_folder (root, common, *source);
    vec_foreach (source, &o->sources) {
        struct repo_file f = { .path = *source + common + 1 };
        if (read_source (o->arena, *source, since, &f, err) < 0)
            return -1;
        vec_push (o->arena, files, f);
    }
    const char *folder = strlen (root) > common ? arena_printf (o->arena, "%s/", root + common + 1) : "";
    for (size_t i = 0; i <= (made ? made->len : 0); i++) {
        struct repo_file f = i ? made->items[i - 1] : pipeline_file (o, p);
        f.path = arena_printf (o->arena, "%s" SNAPSHOT_FOLDER "%s", folder, f.path);
        vec_push (o->arena, files, f);
    }
    return 0;
}

/* ---- the commit ------------------------------------------------------------------------------------------------- */

static const char *
message (const struct origin *o, const struct pipeline *p)
{
    cleanup_strbuf struct strbuf text = { 0 };
    const char *commit = json_text (o->record, "commit"), *branch = json_text (o->record, "branch");
    const char *dirty = origin_dirty_text (o->arena, o->record);
    strbuf_addf (&text, "%s, as Chard ran it\n\n", past_one_line (o->arena, fs_basename (p->notebook)));
    strbuf_addf (&text, "Commit: %s\n", *commit ? commit : "none yet");
    if (*branch)
        strbuf_addf (&text, "Branch: %s\n", branch);
    if (*dirty)
        strbuf_addf (&text, "Not-committed: %s\n", dirty);
    if (p->notebook_digest)
        strbuf_addf (&text, "Notebook-digest: %s\n", p->notebook_digest);
    return arena_strdup (o->arena, strbuf_str (&text));
}

int
snapshot_write (struct origin *o, const struct pipeline *p, const struct repo_files *made, double since,
                struct error *err)
{
    struct repo_files files = { 0 };
    char id[REPO_ID_SIZE];
    if (!o->repo)
        return error_set (err, ERROR_USAGE, "a snapshot needs a Git repository: %s", json_text (o->record, "note"));
    if (collect (o, p, made, since, &files, err) < 0)
        return error_wrap (err, "the snapshot");
    if (repo_write_snapshot (o->repo, &files, message (o, p), id, err) < 0)
        return -error_wrap (err, "the snapshot");
    json_object_set_new (o->record, "snapshot", json_string (id));
    return 0;
}

int
snapshot_name (const struct origin *o, const char *run, struct error *err)
{
    return -repo_create_ref (o->repo, arena_printf (o->arena, SNAPSHOT_REFS "%s", run),
                             json_text (o->record, "snapshot"), err);
}

int
snapshot_push (const struct origin *o, const char *run, const char *remote, struct error *err)
{
    return repo_push (o->repo, o->arena, remote, arena_printf (o->arena, SNAPSHOT_REFS "%s", run), err);
}

/* ---- finding one ------------------------------------------------------------------------------------------------ */

const char *
snapshot_find (struct repo *r, struct arena *a, const char *wanted, struct error *err)
{
    struct vec_str ids = { 0 };
    if (repo_list_refs (r, a, SNAPSHOT_REFS, &ids, err) < 0)
        return NULL;
    if (ids.len == 0) {
        error_set (err, ERROR_USAGE, "there are no snapshots in %s: chard run --snapshot keeps one", repo_root (r));
        return NULL;
    }
    return state_choose_run (&ids, wanted, arena_printf (a, "the snapshots of %s", repo_root (r)), err);
}

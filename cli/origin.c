/* See origin.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/origin.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/utf8.h"
#include "cli/past_run.h"
#include "compiler/compile.h"
#include "compiler/notebook_edit.h"
#include "doc/json_value.h"
#include "engine/digest.h"

#include <stdlib.h>

enum {
    SECONDS = 5,    /* to look through a work tree */
    DIRTY_MAX = 100, /* files that are recorded by name */
    DIRTY_SHOWN = 5,
};

/* ---- sources ---------------------------------------------------------------------------------------------------- */

/* As libgit2 names what is below its root: links among the folders are followed, the file's own name stays. */
static const char *
resolve (struct arena *a, const char *path)
{
    const char *absolute = fs_normalize (a, fs_absolute (a, path));
    cleanup_free char *folder = realpath (fs_dirname (a, absolute), NULL);
    return folder ? fs_join (a, folder, fs_basename (absolute)) : absolute;
}

static const char *
add_source (struct origin *o, const char *path)
{
    const char *source = resolve (o->arena, path);
    if (fs_exists (source) && !fs_is_dir (source))
        vec_str_add_once (o->arena, &o->sources, source);
    return source;
}

/* A notebook that is brought in twice is called "a.ipynb#2" the second time. */
static void
add_included (struct origin *o, const struct pipeline *p, const char *reference)
{
    char *path = fs_join (o->arena, p->notebook_dir, reference), *mark = strrchr (path, '#');
    if (mark && !fs_exists (path))
        *mark = '\0';
    add_source (o, path);
}

static void
add_modules (struct origin *o, const char *dir, const struct vec_str *imports)
{
    struct vec_str files = { 0 };
    digests_local_modules (o->arena, dir, imports, &files);
    vec_foreach (f, &files)
        add_source (o, *f);
}

static void
collect_sources (struct origin *o, const struct pipeline *p)
{
    struct vec_str imports = { 0 }, folders = { 0 };
    o->notebook = add_source (o, fs_join (o->arena, p->notebook_dir, fs_basename (p->notebook)));
    vec_foreach (s, &p->steps) {
        vec_foreach (seg, &s->segments)
            if (seg->notebook)
                add_included (o, p, seg->notebook);
        vec_foreach (name, &s->imports)
            vec_str_add_once (o->arena, &imports, *name);
    }
    add_modules (o, p->notebook_dir, &imports);
    pipeline_folders (p, &folders);
    vec_foreach (f, &folders)
        add_modules (o, fs_join (o->arena, p->notebook_dir, *f), &imports);
    const char *project = compile_project_file (o->arena, p->notebook_dir);
    if (project)
        add_source (o, project);
}

/* ---- what has changed ------------------------------------------------------------------------------------------- */

static bool
strip (const char *path, const char *data, size_t len, struct strbuf *out)
{
    return notebook_edit_strip_outputs (path, data, len, out, NULL) == 0;
}

/* A notebook that was run again since the commit, but not edited. */
static bool
differs_in_outputs_only (const struct origin *o, const char *commit, const char *path)
{
    const char *absolute = fs_join (o->arena, repo_root (o->repo), path);
    cleanup_strbuf struct strbuf old = { 0 }, new = { 0 };
    cleanup_free char *data = NULL;
    struct repo_file before;
    size_t len;
    return commit && vec_str_has (&o->sources, absolute) && fs_read (absolute, &data, &len, NULL) == 0
           && repo_read_file (o->repo, o->arena, commit, path, &before, NULL) == 0
           && strip (path, before.data, before.len, &old) && strip (path, data, len, &new) && old.len == new.len
           && memcmp (strbuf_str (&old), strbuf_str (&new), old.len) == 0;
}

static void
add_dirty (struct origin *o, json_t *dirty, const char *path, const char *change, int *count)
{
    if (++*count <= DIRTY_MAX)
        json_array_append_new (dirty, json_pack ("{s:s,s:s}", "path", utf8_repair (o->arena, path), "change", change));
}

static void
record_changes (struct origin *o, const char *commit)
{
    struct repo_changes changes = { 0 };
    struct error err = { 0 };
    json_t *dirty = json_array ();
    int count = 0, status = repo_changes (o->repo, o->arena, commit, SECONDS, &changes, &err);
    vec_foreach (c, &changes) {
        bool outputs = strcmp (c->kind, "modified") == 0 && differs_in_outputs_only (o, commit, c->path);
        add_dirty (o, dirty, c->path, outputs ? "outputs" : c->kind, &count);
    }
    vec_foreach (source, &o->sources) {
        const char *path = repo_relative (o->repo, *source);
        const char *untracked = path ? repo_untracked (o->repo, path) : "outside the repository";
        if (untracked)
            add_dirty (o, dirty, path ? path : *source, untracked, &count);
    }
    json_object_set_new (o->record, "dirty", dirty);
    json_object_set_new (o->record, "dirty_count", status ? json_null () : json_integer (count));
    if (status < 0)
        json_object_set_new (o->record, "note",
                             json_string (arena_printf (o->arena, "what has changed since the commit can't be told: %s",
                                                        utf8_repair (o->arena, err.text))));
}

/* ---- the record ------------------------------------------------------------------------------------------------- */

static int
record (struct origin *o, struct error *err)
{
    struct repo_state s = { 0 };
    if (repo_describe (o->repo, o->arena, &s, err) < 0)
        return -1;
    const struct {
        const char *key, *value;
    } texts[] = { { "repository", repo_root (o->repo) }, { "branch", s.branch }, { "commit", s.commit },
                  { "remote", s.remote }, { "url", s.url } };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        json_object_set_new (o->record, texts[i].key,
                             texts[i].value ? json_string (utf8_repair (o->arena, texts[i].value)) : json_null ());
    record_changes (o, s.commit);
    return 0;
}

void
origin_open (struct origin *o, struct arena *a, const struct pipeline *p)
{
    struct error err = { 0 };
    *o = (struct origin){ .arena = a, .record = json_object () };
    collect_sources (o, p);
    o->repo = repo_open (p->notebook_dir, &err);
    if (o->repo && record (o, &err) == 0)
        return;
    json_object_set_new (o->record, "note", json_string (utf8_repair (a, err.text)));
    repo_close (o->repo);
    o->repo = NULL;
}

void
origin_close (struct origin *o)
{
    repo_close (o->repo);
    o->repo = NULL;
    json_decref (o->record);
    o->record = NULL;
}

void
origin_head (struct arena *a, const char *dir, const char **commit, const char **url)
{
    struct repo_state s = { 0 };
    struct repo *r = repo_open (dir, NULL);
    if (r)
        repo_describe (r, a, &s, NULL);
    repo_close (r);
    *commit = s.commit;
    *url = s.url;
}

/* ---- judging it ------------------------------------------------------------------------------------------------- */

const char *
origin_dirty_text (struct arena *a, const json_t *record)
{
    const json_t *dirty = json_object_get (record, "dirty"), *count = json_object_get (record, "dirty_count");
    const char *note = json_text (record, "note");
    cleanup_strbuf struct strbuf text = { 0 };
    for (size_t i = 0; i < json_array_size (dirty) && i < DIRTY_SHOWN; i++) {
        const json_t *d = json_array_get (dirty, i);
        strbuf_addf (&text, "%s%s (%s)", i ? ", " : "", past_one_line (a, json_text (d, "path")),
                     json_text (d, "change"));
    }
    if (json_integer_value (count) > DIRTY_SHOWN)
        strbuf_addf (&text, " and %d more", (int) json_integer_value (count) - DIRTY_SHOWN);
    else if (json_is_null (count))
        strbuf_adds (&text, *note ? note : "not known: looking through the work tree took too long");
    return arena_strdup (a, strbuf_str (&text));
}

static bool
is_clean (const json_t *record)
{
    const json_t *dirty = json_object_get (record, "dirty");
    size_t i;
    json_t *d;
    json_array_foreach (dirty, i, d)
        if (strcmp (json_text (d, "change"), "outputs") != 0)
            return false;
    return json_integer_value (json_object_get (record, "dirty_count")) == (json_int_t) json_array_size (dirty)
           && json_is_integer (json_object_get (record, "dirty_count"));
}

int
origin_require_clean (const struct origin *o, struct error *err)
{
    if (!o->repo)
        return error_set (err, ERROR_NOTEBOOK, "--require-clean: %s", json_text (o->record, "note"));
    if (!json_is_string (json_object_get (o->record, "commit")))
        return error_set (err, ERROR_NOTEBOOK, "--require-clean: nothing is committed yet in %s", repo_root (o->repo));
    if (is_clean (o->record))
        return 0;
    return error_set (err, ERROR_NOTEBOOK,
                      "--require-clean: not as the commit has it: %s; commit, or leave the option out",
                      origin_dirty_text (o->arena, o->record));
}

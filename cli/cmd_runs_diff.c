/* `chard runs diff`: what differs between two runs: code cell by cell, parameters, metrics.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"
#include "cli/past_run.h"
#include "cli/remote_metrics.h"
#include "cli/run_code.h"
#include "cli/snapshot.h"
#include "doc/json_value.h"

#include <stdlib.h>
#include <string.h>

enum { CONTEXT = 2 }; /* unchanged lines around a change */

static const struct option options[] = { PAST_OPTION_OF, { 0 } };

struct side {
    struct past_run run;
    const char *id;
    struct pipeline *pipeline;
    json_t *parameters, *metrics; /* owned; metrics are named STEP.NAME */
    json_t *files;                /* owned: digests of what snapshots hold beside the notebook; NULL: not known */
    const char *commit, *status;
};

/* ---- reading the runs ------------------------------------------------------------------------------------------- */

static struct pipeline *
parse_pipeline (struct arena *a, const char *text, size_t len, const char *where, struct error *err)
{
    json_auto_t *j = json_loadb (text, len, JSON_ALLOW_NUL, NULL);
    struct pipeline *p = j ? pipeline_from_json (a, j, err) : NULL;
    if (!j)
        error_set (err, ERROR_ENVIRONMENT, "%s isn't JSON", where);
    return p;
}

static int
read_local (struct invocation *inv, struct side *s, struct error *err)
{
    const char *path = fs_join (inv->arena, s->run.dir, "pipeline.json");
    cleanup_free char *text = NULL;
    size_t len;
    if (fs_read (path, &text, &len, err) < 0)
        return -1;
    s->pipeline = parse_pipeline (inv->arena, text, len, path, err);
    s->id = s->run.id;
    s->parameters = json_deep_copy (json_object_get (s->run.begin, "parameters"));
    s->metrics = past_run_metrics (inv->arena, &s->run);
    s->commit = json_text (s->run.begin, "commit");
    s->status = past_run_status (&s->run);
    return s->pipeline ? 0 : -1;
}

/* What is known of a run that this machine submitted elsewhere. */
static void
read_record (struct invocation *inv, const struct past_settings *settings, struct side *s)
{
    struct state state;
    struct error why = { 0 };
    if (past_state_open (inv, settings, &state, &why) < 0)
        return;
    json_auto_t *record = remote_load (&state, inv->arena, s->id);
    if (!record) {
        fprintf (inv->err,
                 "note: of run %s the repository has the code; its parameters and metrics aren't known here\n", s->id);
        return;
    }
    remote_metrics_look (inv, &state, record);
    s->metrics = remote_metrics (inv->arena, record);
    s->parameters = json_deep_copy (json_object_get (record, "parameters"));
    s->commit = arena_strdup (inv->arena, json_text (record, "commit"));
    s->status = arena_strdup (inv->arena, json_text (record, "status"));
}

/* Local modules, and what else stands there beside the notebook, whose code is compared cell by cell. */
static void
note_files (struct side *s, const struct repo_files *files)
{
    char hex[HASH_HEX_SIZE];
    s->files = json_object ();
    vec_foreach (f, files) {
        const char *ending = strrchr (f->path, '.');
        if (strstr (f->path, SNAPSHOT_FOLDER) || (ending && strcmp (ending, ".ipynb") == 0)
            || strcmp (fs_basename (f->path), fs_basename (s->pipeline->notebook)) == 0)
            continue;
        hash_bytes (f->data, f->len, hex);
        json_object_set_new (s->files, f->path, json_string (hex));
    }
}

/* The code of a run elsewhere is that of its snapshot. */
static int
read_snapshot (struct invocation *inv, struct repo *r, const char *wanted, struct side *s, struct error *err)
{
    struct repo_files files = { 0 };
    char commit[REPO_ID_SIZE];
    s->id = snapshot_find (r, inv->arena, wanted, err);
    if (!s->id || repo_read_ref (r, arena_printf (inv->arena, SNAPSHOT_REFS "%s", s->id), commit, err) < 0
        || repo_read_files (r, inv->arena, commit, &files, err) < 0)
        return -1;
    vec_foreach (f, &files) {
        const char *at = strstr (f->path, SNAPSHOT_FOLDER "pipeline.json");
        if (at && (at == f->path || at[-1] == '/') && !at[strlen (SNAPSHOT_FOLDER "pipeline.json")])
            s->pipeline = parse_pipeline (inv->arena, f->data, f->len, f->path, err);
    }
    if (!s->pipeline)
        return error_set (err, ERROR_ENVIRONMENT, "the snapshot of run %s holds no pipeline", s->id);
    note_files (s, &files);
    return 0;
}

static int
read_side (struct invocation *inv, const struct past_settings *settings, const char *wanted, struct side *s,
           struct error *err)
{
    if (past_run_open (inv, settings, wanted, &s->run, err) == 0)
        return read_local (inv, s, err);
    struct repo *r = wanted && !s->run.id ? repo_open (past_dir (inv, settings), NULL) : NULL;
    struct error why;
    int status = r ? read_snapshot (inv, r, wanted, s, &why) : -1;
    if (status == 0)
        read_record (inv, settings, s);
    repo_close (r);
    return status;
}

static void
clear_side (struct side *s)
{
    if (s->pipeline)
        pipeline_clear (s->pipeline);
    runlog_content_clear (&s->run.log);
    json_decref (s->parameters);
    json_decref (s->metrics);
    json_decref (s->files);
}

/* ---- comparing -------------------------------------------------------------------------------------------------- */

/* {name: {"a": value, "b": value}} of what differs; a side that hasn't got it is left out. */
static json_t *
diff_values (const json_t *a, const json_t *b)
{
    json_t *all = json_object (), *value;
    const char *name;
    json_object_foreach ((json_t *) a, name, value)
        if (!json_equal (value, json_object_get (b, name)))
            json_object_set_new (all, name, json_pack ("{s:O,s:O*}", "a", value, "b", json_object_get (b, name)));
    json_object_foreach ((json_t *) b, name, value)
        if (!json_object_get (a, name))
            json_object_set_new (all, name, json_pack ("{s:O}", "b", value));
    return all;
}

static json_t *
cell_to_json (const struct code_cell *c)
{
    return json_pack ("{s:s?,s:i,s:s?}", "notebook", c->notebook, "cell", c->cell, "step", c->step);
}

/* Adds how a cell changed; either may be NULL. Nothing if both have the same code. */
static int
add_cell (json_t *all, const struct code_cell *a, const struct code_cell *b, struct error *err)
{
    cleanup_strbuf struct strbuf hunks = { 0 };
    if (a && b && strcmp (a->text, b->text) == 0)
        return 0;
    if (repo_diff_text (a ? a->text : "", b ? b->text : "", CONTEXT, &hunks, err) < 0)
        return -1;
    const char *change = !a ? "added" : !b ? "removed" : "changed";
    json_array_append_new (all, json_pack ("{s:s,s:o*,s:o*,s:s}", "change", change, "a", a ? cell_to_json (a) : NULL,
                                           "b", b ? cell_to_json (b) : NULL, "diff", strbuf_str (&hunks)));
    return 0;
}

/* In the order of the new cells; what was removed stands where it was. */
static json_t *
diff_code (struct arena *a, const struct pipeline *old, const struct pipeline *new, struct error *err)
{
    struct code_cells x = { 0 }, y = { 0 };
    run_code_cells (a, old, &x);
    run_code_cells (a, new, &y);
    int *partner = arena_alloc (a, (x.len + 1) * sizeof *partner);
    json_t *all = json_array ();
    int status = run_code_align (a, &x, &y, partner, err);
    size_t j = 0;
    for (size_t i = 0; i < x.len && status == 0; i++) {
        for (; partner[i] >= 0 && j < (size_t) partner[i] && status == 0; j++)
            status = add_cell (all, NULL, &y.items[j], err);
        if (status == 0)
            status = add_cell (all, &x.items[i], partner[i] < 0 ? NULL : &y.items[partner[i]], err);
        j += partner[i] >= 0;
    }
    for (; j < y.len && status == 0; j++)
        status = add_cell (all, NULL, &y.items[j], err);
    if (status == 0)
        return all;
    json_decref (all);
    return NULL;
}

static json_t *
side_to_json (const struct side *s)
{
    return json_pack ("{s:s,s:s?,s:s?}", "run", s->id, "status", s->status, "commit",
                      s->commit && *s->commit ? s->commit : NULL);
}

/* The names of files that differ; empty where they aren't known of both. */
static json_t *
diff_files (const json_t *a, const json_t *b)
{
    json_t *names = json_array (), *value;
    const char *name;
    json_auto_t *changes = a && b ? diff_values (a, b) : NULL;
    json_object_foreach (changes, name, value)
        json_array_append_new (names, json_string (name));
    return names;
}

static json_t *
diff (struct arena *arena, const struct side *a, const struct side *b, struct error *err)
{
    json_t *cells = diff_code (arena, a->pipeline, b->pipeline, err);
    return cells ? json_pack ("{s:o,s:o,s:o,s:o,s:o,s:o}", "a", side_to_json (a), "b", side_to_json (b), "parameters",
                              diff_values (a->parameters, b->parameters), "metrics",
                              diff_values (a->metrics, b->metrics), "files", diff_files (a->files, b->files), "cells",
                              cells)
                 : NULL;
}

/* ---- showing ---------------------------------------------------------------------------------------------------- */

static void
print_values (struct invocation *inv, const char *what, const json_t *values)
{
    const char *name;
    json_t *v;
    json_object_foreach ((json_t *) values, name, v) {
        const json_t *a = json_object_get (v, "a"), *b = json_object_get (v, "b");
        cleanup_free char *old = a ? json_dumps (a, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION (6)) : NULL;
        cleanup_free char *new = b ? json_dumps (b, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION (6)) : NULL;
        fprintf (inv->out, "%-10s %s: %s -> %s\n", what, past_one_line (inv->arena, name), old ? old : "(none)",
                 new ? new : "(none)");
    }
}

static const char *
cell_name (struct arena *a, const json_t *cell)
{
    const char *notebook = json_text (cell, "notebook"), *step = json_text (cell, "step");
    return arena_printf (a, "%s%scell %d%s%s", notebook, *notebook ? ", " : "",
                         (int) json_integer_value (json_object_get (cell, "cell")), *step ? ", step " : "", step);
}

static void
print_hunks (struct invocation *inv, const char *text)
{
    static const struct {
        char first;
        const char *color;
    } colors[] = { { '+', "\033[32m" }, { '-', "\033[31m" }, { '@', "\033[36m" } };
    while (*text) {
        size_t n = strcspn (text, "\n");
        const char *color = "";
        for (size_t i = 0; i < sizeof colors / sizeof colors[0] && inv->color_out; i++)
            if (*text == colors[i].first)
                color = colors[i].color;
        fprintf (inv->out, "%s%.*s%s\n", color, (int) n, text, *color ? "\033[0m" : "");
        text += n + (text[n] == '\n');
    }
}

static void
print_cell (struct invocation *inv, const json_t *c)
{
    const json_t *a = json_object_get (c, "a"), *b = json_object_get (c, "b");
    const char *old = a ? cell_name (inv->arena, a) : NULL, *new = b ? cell_name (inv->arena, b) : NULL;
    const char *bold = inv->color_out ? "\033[1m" : "";
    fprintf (inv->out, "\n%s%s", bold, old ? past_one_line (inv->arena, old) : past_one_line (inv->arena, new));
    if (old && new && strcmp (old, new) != 0)
        fprintf (inv->out, " -> %s", past_one_line (inv->arena, new));
    fprintf (inv->out, "%s%s\n", !a ? " (new)" : !b ? " (removed)" : "", *bold ? "\033[0m" : "");
    print_hunks (inv, json_text (c, "diff"));
}

static void
print_diff (struct invocation *inv, const json_t *d)
{
    const json_t *a = json_object_get (d, "a"), *b = json_object_get (d, "b"), *cells = json_object_get (d, "cells");
    fprintf (inv->out, "runs       %s -> %s\n", json_text (a, "run"), json_text (b, "run"));
    if (strcmp (json_text (a, "status"), json_text (b, "status")) != 0)
        fprintf (inv->out, "status     %s -> %s\n", json_text (a, "status"), json_text (b, "status"));
    if (strcmp (json_text (a, "commit"), json_text (b, "commit")) != 0)
        fprintf (inv->out, "commit     %.12s -> %.12s\n",
                 json_text (a, "commit")[0] ? json_text (a, "commit") : "(none)",
                 json_text (b, "commit")[0] ? json_text (b, "commit") : "(none)");
    print_values (inv, "parameter", json_object_get (d, "parameters"));
    print_values (inv, "metric", json_object_get (d, "metrics"));
    size_t i;
    json_t *c;
    const json_t *files = json_object_get (d, "files");
    json_array_foreach (files, i, c)
        fprintf (inv->out, "file       %s differs\n", past_one_line (inv->arena, json_string_value (c)));
    json_array_foreach (cells, i, c)
        print_cell (inv, c);
    if (json_array_size (cells) == 0)
        fprintf (inv->out, "code       the same%s\n", json_array_size (files) ? " in all cells" : "");
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

/* Runs here, and those elsewhere whose sources are kept; oldest first. */
static void
list_runs (const struct state *state, struct arena *a, struct vec_str *ids)
{
    struct vec_str elsewhere = { 0 };
    state_list_runs (state, a, ids);
    remote_list (state, a, &elsewhere);
    vec_foreach (id, &elsewhere) {
        json_auto_t *record = remote_load (state, a, *id);
        if (*json_text (json_object_get (record, "git"), "snapshot"))
            vec_push (a, ids, *id);
    }
    vec_str_sort (ids);
}

/* Which runs are meant: two, one and the last, or the last two. */
static int
choose (struct invocation *inv, const struct past_settings *s, const char *wanted[2], struct error *err)
{
    struct state state;
    struct vec_str ids = { 0 };
    if (inv->operands.len > 2)
        return error_set (err, ERROR_USAGE, "name two runs, one to compare with the last, or none for the last two");
    wanted[0] = inv->operands.len ? inv->operands.items[0] : NULL;
    wanted[1] = inv->operands.len > 1 ? inv->operands.items[1] : NULL;
    if (wanted[1])
        return 0;
    if (past_state_open (inv, s, &state, err) < 0)
        return -1;
    list_runs (&state, inv->arena, &ids);
    if (ids.len < (wanted[0] ? 1 : 2))
        return error_set (err, ERROR_USAGE, "there are no two runs in %s to compare", state.dir);
    wanted[1] = ids.items[ids.len - 1];
    if (!wanted[0])
        wanted[0] = ids.items[ids.len - 2];
    return 0;
}

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    const char *wanted[2] = { NULL };
    struct side a = { 0 }, b = { 0 };
    json_t *d = NULL;
    if (choose (inv, settings, wanted, err) == 0 && read_side (inv, settings, wanted[0], &a, err) == 0
        && read_side (inv, settings, wanted[1], &b, err) == 0)
        d = diff (inv->arena, &a, &b, err);
    if (d && inv->json)
        past_print_json (inv, json_incref (d));
    else if (d)
        print_diff (inv, d);
    clear_side (&a);
    clear_side (&b);
    json_decref (d);
    return d ? 0 : -1;
}

const struct command command_runs_diff = {
    .name = "runs diff",
    .operands = "[RUN [RUN]]",
    .summary = "Compare two runs: code cell by cell, parameters, metrics",
    .details = "The code is what the pipelines ran. Cells that share lines are taken as the same cell, whatever their "
               "numbers. One run is compared with the last; without any, the last two are. Metrics of a run elsewhere "
               "are asked of its service once; where that can't be reached, or of a run that another machine "
               "submitted, the rest is compared.",
    .examples = "chard runs diff              # the last two\n"
                "chard runs diff 3e71 a90c    # from the first to the second",
    .options = options,
    PAST_COMMAND,
    .run = run,
};

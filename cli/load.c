/* See load.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/load.h"

#include "base/fs.h"
#include "engine/observed.h"

#include <string.h>

static bool
is_ir (const char *path)
{
    size_t n = strlen (path);
    return n > 5 && strcmp (path + n - 5, ".json") == 0;
}

static int
read_ir (struct invocation *inv, const char *path, struct loaded *l, struct error *err)
{
    json_error_t where;
    json_auto_t *j = json_load_file (path, JSON_ALLOW_NUL, &where);
    if (!j)
        return error_set (err, where.line < 0 ? ERROR_ENVIRONMENT : ERROR_NOTEBOOK, "%s: %s", path, where.text);
    struct pipeline *p = pipeline_from_json (inv->arena, j, err);
    if (!p || pipeline_verify (p, err) < 0)
        return error_wrap (err, "%s", path);
    if (!p->notebook || !p->notebook_dir)
        return error_set (err, ERROR_NOTEBOOK, "%s: the pipeline doesn't say which notebook it was made of", path);
    l->pipeline = p;
    return 0;
}

static void
print_diagnostics (struct invocation *inv, struct diag_list *list)
{
    cleanup_strbuf struct strbuf text = { 0 };
    diag_sort (list);
    vec_foreach (d, &list->all)
        if (d->severity != SEVERITY_NOTE || inv->verbose)
            diag_print (d, inv->color_err, &text);
    fputs (strbuf_str (&text), inv->err);
}

static int
count_unresolved (const struct diag_list *list)
{
    int n = 0;
    vec_foreach (d, &list->all)
        n += strcmp (d->rule, "unresolved-name") == 0 && d->severity == SEVERITY_WARNING;
    return n;
}

int
load_compile (struct invocation *inv, struct compilation *c, const char *path, struct compile_options options,
              struct error *err)
{
    json_auto_t *learned = inv->no_learned ? NULL : observed_load (inv->arena, path);
    options.learned = learned;
    return compile_file (c, path, &options, err);
}

void
load_keep_observed (struct invocation *inv, const struct loaded *l, const char *run_dir)
{
    struct error err = { 0 };
    if (l->compiled && observed_keep (inv->arena, &l->compilation, run_dir, &err) < 0)
        fprintf (inv->err, "note: what the run observed isn't kept: %s\n", err.text);
}

static int
compile (struct invocation *inv, const char *path, bool force, struct loaded *l, struct error *err)
{
    l->compiled = true;
    if (load_compile (inv, &l->compilation, path, (struct compile_options){ 0 }, err) < 0)
        return -1;
    struct diag_list *diags = &l->compilation.diags;
    print_diagnostics (inv, diags);
    if (diags->errors > 0)
        return error_set (err, ERROR_NOTEBOOK, "%s", "");
    int unresolved = force ? 0 : count_unresolved (diags);
    if (unresolved)
        return error_set (err, ERROR_NOTEBOOK,
                          "%s: %d name%s can't be found where %s used, so the run would fail there; --force runs it "
                          "all the same", path, unresolved, unresolved == 1 ? "" : "s",
                          unresolved == 1 ? "it is" : "they are");
    l->pipeline = l->compilation.pipeline;
    return 0;
}

int
load_pipeline (struct invocation *inv, const char *path, bool force, struct loaded *l, struct error *err)
{
    int status = is_ir (path) ? read_ir (inv, path, l, err) : compile (inv, path, force, l, err);
    if (status == 0 && l->pipeline->steps.len == 0)
        return error_set (err, ERROR_NOTEBOOK, "%s: there is nothing to run: no code cell makes a step", path);
    return status;
}

void
load_clear (struct loaded *l)
{
    if (l->compiled)
        compilation_destroy (&l->compilation);
    else
        pipeline_clear ((struct pipeline *) l->pipeline);
}

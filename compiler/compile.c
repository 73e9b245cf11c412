/* The driver: reads a notebook and runs the table of passes over one `struct compilation`. See compile.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/compile.h"

#include "base/fs.h"
#include "base/cleanup.h"
#include "compiler/exit.h"
#include "compiler/facts.h"
#include "compiler/foreach.h"
#include "compiler/front.h"
#include "compiler/lint.h"
#include "compiler/requirement.h"
#include "compiler/volume.h"
#include "compiler/when.h"
#include "doc/yaml.h"

#include <stdio.h>
#include <string.h>

/* What passes hand on besides the compilation's public parts. */
struct passing {
    const json_t *environment, *learned;
    struct program *program;
    struct grouping *grouping;
};

typedef void pass_fn (struct compilation *c, struct passing *p);

static void
pass_syntax (struct compilation *c, struct passing *p)
{
    p->program = program_build (c->arena, c->notebook, &c->diags);
    c->program = p->program;
}

/* Whether the line "%chard load STEP.NAME [as VAR]" brings that name into the session, which no pipeline does. */
static bool
is_loaded (const struct program *p, const char *name)
{
    const size_t n = strlen (name);
    vec_foreach (unit, &p->units)
        vec_foreach (call, &unit->text->calls) {
            const char *at = strncmp (call->arguments, "load ", 5) == 0 ? call->arguments : NULL;
            while (at && (at = strpbrk (at, " .")) != NULL)
                if (strncmp (++at, name, n) == 0 && (!at[n] || at[n] == ' '))
                    return true;
        }
    return false;
}

/* What is known of a name that no cell above defines: a cell below does, or the cell ran all the same. */
static const char *
where_else (const struct compilation *c, const struct unresolved *u)
{
    const struct program *p = c->flow->program;
    const struct cell *cell = p->units.items[u->unit].cell;
    vec_foreach (change, &c->flow->changes)
        if (change->name == u->name && change->site > u->site)
            return arena_printf (c->arena, ", but cell %d, below, does",
                                 p->units.items[c->flow->sites.items[change->site].unit].cell->index);
    return cell->execution_count > 0 && !u->maybe
        ? ": if the cell's output shows it, the session had it from a cell that is gone" : "";
}

static void
diagnose_unresolved (struct compilation *c, const struct unresolved *u)
{
    const struct program *p = c->flow->program;
    const struct unit *unit = &p->units.items[u->unit];
    struct place at = u->at ? program_place (p, u->unit, u->at->start) : cell_place (unit->cell, 0, 0);
    diag_add (&c->diags, u->maybe ? SEVERITY_NOTE : SEVERITY_WARNING, "unresolved-name", at,
              at.line ? cell_line (c->arena, unit->cell, at.line) : NULL,
              is_loaded (p, symbol_text (p->symbols, u->name))
                  ? "`%chard load` brings it into the session only: tag the cells that look at it `skip`"
                  : "define it in a cell above that takes part in the pipeline (cells tagged `skip` do not)",
              "no step defines `%s`%s", symbol_text (p->symbols, u->name), where_else (c, u));
}

static void
diagnose_dynamic (struct compilation *c, int site)
{
    const struct site *s = &c->flow->sites.items[site];
    const struct unit *unit = &c->flow->program->units.items[s->unit];
    struct place at = s->statement ? program_place (c->flow->program, s->unit, s->statement->start)
                                   : cell_place (unit->cell, 1, 1);
    diag_add (&c->diags, SEVERITY_WARNING, "dynamic-names", at, cell_line (c->arena, unit->cell, at.line),
              "bind the names by plain assignments, or keep their readers in the same step",
              "names that are bound here can't be seen by the compiler");
}

const char *
compile_project_file (struct arena *a, const char *dir)
{
    for (; dir; dir = strcmp (dir, "/") == 0 ? NULL : fs_dirname (a, dir)) {
        const char *path = fs_join (a, dir, "chard.yaml");
        if (fs_exists (path))
            return path;
    }
    return NULL;
}

/* NULL: there is none, or it is wrong. */
static json_t *
read_project (struct compilation *c)
{
    const char *path = compile_project_file (c->arena, c->notebook->dir);
    cleanup_free char *text = NULL;
    size_t len = 0;
    struct error err = { 0 };
    if (!path)
        return NULL;
    json_t *project = fs_read (path, &text, &len, &err) == 0 ? yaml_parse (text, len, &err) : NULL;
    const json_t *effects = json_object_get (project, "effects");
    if (project && (!effects || json_is_object (effects)))
        return project;
    diag_add (&c->diags, SEVERITY_ERROR, "project-file", PLACE_NOTEBOOK, NULL,
              "mend it: effects: {mylib.scale: mutates=0}",
              "%s: %s", path, project ? "`effects` is no mapping" : err.text);
    json_decref (project);
    return NULL;
}

static void
pass_flow (struct compilation *c, struct passing *p)
{
    json_auto_t *project = read_project (c);
    p->program->effects = json_object_get (project, "effects");
    p->program->learned = p->learned;
    c->flow = interpreter_run (p->program);
    p->program->effects = p->program->learned = NULL;
    if (c->flow->wrong_effect)
        diag_add (&c->diags, SEVERITY_ERROR, "project-file", PLACE_NOTEBOOK, NULL,
                  "the words are those of compiler/effects.txt: mutates, returns-view, setup, …",
                  "chard.yaml: what `effects` says of `%s` isn't understood", c->flow->wrong_effect);
    vec_foreach (u, &c->flow->unresolved)
        diagnose_unresolved (c, u);
    vec_foreach (site, &c->flow->dynamic_sites)
        diagnose_dynamic (c, *site);
    lint_flow (c->flow, &c->diags);
}

static void
pass_step (struct compilation *c, struct passing *p)
{
    p->grouping = step_group (c->flow, &c->diags);
    lint_history (c->flow, p->grouping, &c->diags);
}

static void
pass_link (struct compilation *c, struct passing *p)
{
    link_steps (c->pipeline, c->flow, p->grouping, &c->diags, NULL);
    lint_sizes (c->pipeline, p->program, p->learned, &c->diags);
    vec_foreach (u, &p->program->units)
        vec_foreach (m, &u->text->magics)
            magic_requirements (c->arena, m, &c->pipeline->requirements);
}

static void
pass_metadata (struct compilation *c, struct passing *p)
{
    metadata_apply (c->pipeline, c->flow->program);
    when_check (c->pipeline, p->program, &c->diags);
    foreach_check (c->pipeline, c->flow, &c->diags);
    exit_check (c->pipeline, p->program, &c->diags);
    volume_check (c->pipeline, &c->diags);
}

static void
pass_requirement (struct compilation *c, struct passing *p)
{
    requirement_collect (c->pipeline, p->program, p->environment, &c->diags);
}

static const struct pass {
    const char *name;
    pass_fn *run;
} passes[] = {
    { "syntax", pass_syntax }, { "flow", pass_flow },         { "step", pass_step },
    { "link", pass_link },     { "metadata", pass_metadata }, { "requirement", pass_requirement },
};

#define PASSES (sizeof passes / sizeof *passes)

const char *const *
compile_pass_names (void)
{
    static const char *names[PASSES + 2] = { "notebook" };
    for (size_t i = 0; i < PASSES; i++)
        names[i + 1] = passes[i].name;
    return names;
}

/* What the passes say of another language's cells is nonsense. They ran all the same, so that nothing is absent. */
static void
refuse_language (struct compilation *c)
{
    if (strcmp (c->notebook->language, "python") == 0)
        return;
    c->diags.all.len = 0;
    c->diags.errors = c->diags.warnings = 0;
    diag_add (&c->diags, SEVERITY_ERROR, "language", PLACE_NOTEBOOK, NULL,
              "pipelines are compiled from Python notebooks", "the notebook's language is %s", c->notebook->language);
}

int
compile_file (struct compilation *c, const char *path, const struct compile_options *options, struct error *err)
{
    struct passing p = { .environment = options ? options->environment : NULL,
                         .learned = options ? options->learned : NULL };
    *c = (struct compilation){ .arena = arena_create () };
    c->path = arena_strdup (c->arena, path);
    c->diags.arena = c->arena;
    c->diags.notebook = c->path;
    c->notebook = notebook_read (c->arena, path, err);
    if (!c->notebook)
        return -1;
    c->pipeline = pipeline_create (c->arena);
    c->pipeline->name = c->notebook->name;
    const char *stop = options ? options->stop_after : NULL;
    for (size_t i = 0; i < PASSES && !(stop && strcmp (stop, "notebook") == 0); i++) {
        passes[i].run (c, &p);
        if (stop && strcmp (stop, passes[i].name) == 0)
            break;
    }
    refuse_language (c);
    if (!stop && c->diags.errors == 0 && pipeline_verify (c->pipeline, err) < 0)
        return error_wrap (err, "%s: internal error, please report it", path);
    diag_sort (&c->diags);
    return 0;
}

void
compilation_destroy (struct compilation *c)
{
    pipeline_clear (c->pipeline);
    notebook_clear (c->notebook);
    arena_destroy (c->arena);
    *c = (struct compilation){ 0 };
}

static json_t *
dump_notebook (const struct compilation *c)
{
    static const char *const kinds[] = { [CELL_CODE] = "code", [CELL_MARKDOWN] = "markdown", [CELL_RAW] = "raw" };
    json_t *cells = json_array ();
    vec_foreach (cell, &c->notebook->cells) {
        json_t *tags = json_array ();
        vec_foreach (t, &cell->tags)
            json_array_append_new (tags, json_string (*t));
        json_array_append_new (cells, json_pack ("{s:i, s:s, s:s, s:o}", "index", cell->index, "kind",
                                                 kinds[cell->kind], "source", cell->source, "tags", tags));
    }
    return json_pack ("{s:s, s:o}", "language", c->notebook->language, "cells", cells);
}

static json_t *
dump_facts (const struct compilation *c)
{
    json_t *cells = json_array ();
    vec_foreach (u, &c->program->units)
        json_array_append_new (cells, facts_to_json (c->program, u));
    return json_pack ("{s:s, s:o}", "language", c->notebook->language, "cells", cells);
}

json_t *
compile_dump (const struct compilation *c, const char *pass)
{
    if (strcmp (pass, "notebook") == 0)
        return dump_notebook (c);
    if (strcmp (pass, "syntax") == 0)
        return dump_facts (c);
    if (strcmp (pass, "flow") == 0 || strcmp (pass, "step") == 0)
        return compile_cell_graph (c);
    return pipeline_to_json (c->pipeline);
}

json_t *
compile_cell_graph (const struct compilation *c)
{
    return flow_cell_edges (c->flow);
}

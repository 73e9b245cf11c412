/* `chard graph`: the pipeline as a picture, or what passes between its cells. Formats are rows of a table.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "cli/batch.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/destination.h"
#include "cli/option.h"
#include "compiler/compile.h"
#include "compiler/draw.h"
#include "compiler/notebook.h"
#include "compiler/why.h"

#include <stdlib.h>
#include <string.h>

struct graph_settings {
    const char *to, *output;
    bool cells;
    const char *why;   /* a step … */
    const char *waits; /* … that this one waits for; set by run */
};

static const struct option options[] = {
    { .name = "to",
      .kind = OPTION_STRING,
      .offset = offsetof (struct graph_settings, to),
      .argument = "FORMAT",
      .help = "text (the default), dot, svg, mermaid or json",
      .choices = "text|dot|svg|mermaid|json" },
    { .name = "output",
      .letter = 'o',
      .kind = OPTION_STRING,
      .offset = offsetof (struct graph_settings, output),
      .argument = "FILE",
      .help = "write there; - is standard output (the default); with several notebooks a directory" },
    { .name = "cells",
      .kind = OPTION_FLAG,
      .offset = offsetof (struct graph_settings, cells),
      .help = "what passes between code cells instead of steps" },
    { .name = "why",
      .kind = OPTION_STRING,
      .offset = offsetof (struct graph_settings, why),
      .argument = "STEP",
      .help = "tell why the step named next waits for STEP: chard graph --why load train x.ipynb" },
    { 0 },
};

static const struct graph_settings defaults = { .output = "-" };

static const struct format {
    const char *name, *ending;
    bool joins; /* several may follow one another on standard output */
    void (*write) (const struct drawing *d, struct strbuf *out);                  /* what can't fail */
    int (*draw) (const struct drawing *d, struct strbuf *out, struct error *err); /* what can; neither: JSON */
} formats[] = {
    { "text", ".txt", true, draw_text, NULL },
    { "dot", ".dot", true, draw_dot, NULL },
    { "mermaid", ".mmd", false, draw_mermaid, NULL },
    { "svg", ".svg", false, NULL, draw_svg },
    { "json", ".json", true, NULL, NULL },
};

static bool
is_json (const struct format *f)
{
    return !f->write && !f->draw;
}

struct job {
    const struct graph_settings *settings;
    const struct format *format;
    struct destination to;
    bool several; /* notebooks on one standard output */
};

/* ---- one notebook ----------------------------------------------------------------------------------------------- */

static void
print_diagnostics (struct invocation *inv, struct diag_list *list)
{
    cleanup_strbuf struct strbuf text = { 0 };
    diag_sort (list);
    vec_foreach (d, &list->all)
        if (d->severity == SEVERITY_ERROR || inv->verbose)
            diag_print (d, inv->color_err, &text);
    fputs (strbuf_str (&text), inv->err);
}

static int *
code_cells (struct arena *a, const struct notebook *nb)
{
    int *indices = arena_alloc (a, (size_t) (nb->code_cells + 1) * sizeof *indices);
    vec_foreach (c, &nb->cells)
        if (c->code_index >= 0)
            indices[c->code_index] = c->index;
    return indices;
}

static struct drawing *
make_drawing (struct arena *a, const struct compilation *c, const struct job *job)
{
    if (!job->settings->cells)
        return draw_pipeline (a, c->pipeline);
    json_auto_t *graph = compile_cell_graph (c);
    return draw_cells (a, c->notebook->name, json_object_get (graph, "edges"), c->notebook->code_cells,
                       code_cells (a, c->notebook));
}

/* With several on one output each says whose it is: text under a heading, JSON as a member of one object. */
static void
add_heading (const char *path, const struct job *job, struct strbuf *out)
{
    if (!job->several)
        return;
    json_auto_t *name = json_string (path);
    cleanup_free char *quoted = name ? json_dumps (name, JSON_ENCODE_ANY) : NULL;
    if (is_json (job->format))
        strbuf_addf (out, "%s: ", quoted ? quoted : "\"?\"");
    else if (strcmp (job->format->name, "text") == 0)
        strbuf_addf (out, "%s:\n", path);
}

static int
print_graph (struct arena *a, const struct compilation *c, const struct job *job, struct strbuf *out,
             struct error *err)
{
    add_heading (c->path, job, out);
    if (job->format->draw)
        return job->format->draw (make_drawing (a, c, job), out, err);
    if (job->format->write) {
        job->format->write (make_drawing (a, c, job), out);
        return 0;
    }
    json_auto_t *graph = job->settings->cells ? compile_cell_graph (c) : draw_pipeline_json (c->pipeline);
    cleanup_free char *text = json_dumps (graph, JSON_INDENT (2));
    strbuf_addf (out, "%s%s", text ? text : "null", job->several ? "" : "\n");
    return 0;
}

/* ---- why -------------------------------------------------------------------------------------------------------- */

static void
print_places (const json_t *places, struct strbuf *out)
{
    size_t i;
    const json_t *at;
    json_array_foreach (places, i, at)
        strbuf_addf (out, "    cell %d:%d %s it: %s\n", (int) json_integer_value (json_object_get (at, "cell")),
                     (int) json_integer_value (json_object_get (at, "line")),
                     json_string_value (json_object_get (at, "how")), json_string_value (json_object_get (at, "text")));
}

static void
print_tie (const json_t *tie, struct strbuf *out)
{
    static const struct {
        const char *kind, *text;
    } kinds[] = { { "data", "the value of %s" },  { "state", "the state of %s" },       { "file", "the file %s" },
                  { "tag", "a tag asks for it" }, { "order", "effects that must keep their order" } };
    const char *kind = json_string_value (json_object_get (tie, "kind"));
    const char *name = json_string_value (json_object_get (tie, "name"));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp (kinds[i].kind, kind) == 0) {
            const char *text = kinds[i].text, *hole = strstr (text, "%s");
            strbuf_addf (out, "  %.*s%s\n", hole ? (int) (hole - text) : (int) strlen (text), text, hole ? name : "");
        }
    print_places (json_object_get (tie, "writes"), out);
    print_places (json_object_get (tie, "reads"), out);
}

static void
print_why (const json_t *why, struct strbuf *out)
{
    const char *from = json_string_value (json_object_get (why, "from"));
    const char *to = json_string_value (json_object_get (why, "to"));
    size_t i;
    const json_t *x, *through = json_object_get (why, "through");
    if (json_is_true (json_object_get (why, "waits"))) {
        strbuf_addf (out, "%s waits for %s:\n", to, from);
        json_array_foreach (json_object_get (why, "ties"), i, x)
            print_tie (x, out);
        return;
    }
    strbuf_addf (out, json_array_size (through) ? "%s waits for %s only through others: %s" : "%s does not wait for %s",
                 to, from, from);
    json_array_foreach (through, i, x)
        strbuf_addf (out, " -> %s", json_string_value (x));
    if (json_array_size (through))
        strbuf_addf (out, " -> %s", to);
    json_array_foreach (json_object_get (why, "as_code"), i, x)
        strbuf_addf (out, i ? ", %s" : "; it repeats definitions from there: %s", json_string_value (x));
    strbuf_addf (out, "\n");
}

static int
print_reasons (const struct compilation *c, const struct job *job, struct strbuf *out, struct error *err)
{
    int from = pipeline_ask_step (c->pipeline, job->settings->why, err);
    int to = from < 0 ? -1 : pipeline_ask_step (c->pipeline, job->settings->waits, err);
    if (to < 0)
        return error_wrap (err, "--why");
    json_auto_t *why = why_explain (c->pipeline, c->flow, from, to);
    cleanup_free char *text = json_dumps (why, JSON_INDENT (2));
    add_heading (c->path, job, out);
    if (is_json (job->format))
        strbuf_addf (out, "%s%s", text ? text : "null", job->several ? "" : "\n");
    else
        print_why (why, out);
    return 0;
}

/* The cells' graph needs no pipeline: it is shown whatever is wrong with the tags. */
static int
graph_compiled (struct invocation *inv, struct compilation *c, const struct job *job, struct error *err)
{
    print_diagnostics (inv, &c->diags);
    bool failed = c->diags.errors > 0;
    if (job->settings->cells ? !c->flow : failed || !c->pipeline)
        return error_set (err, ERROR_NOTEBOOK, "%s", "");
    cleanup_strbuf struct strbuf out = { 0 };
    if ((job->settings->why ? print_reasons (c, job, &out, err) : print_graph (inv->arena, c, job, &out, err)) < 0
        || destination_write (&job->to, inv, c->path, job->format->ending, strbuf_str (&out), out.len, err) < 0)
        return -1;
    return failed ? error_set (err, ERROR_NOTEBOOK, "%s", "") : 0;
}

static int
graph_one (struct invocation *inv, const char *path, const void *data, struct error *err)
{
    struct compilation c = { 0 };
    int status = load_compile (inv, &c, path, (struct compile_options){ 0 }, err);
    if (status == 0)
        status = graph_compiled (inv, &c, data, err);
    compilation_destroy (&c);
    return status;
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static const struct format *
find_format (const struct invocation *inv, const struct graph_settings *settings)
{
    const char *wanted = settings->to ? settings->to : inv->json ? "json" : "text";
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++)
        if (strcmp (formats[i].name, wanted) == 0)
            return &formats[i];
    return &formats[0];
}

/* The operand behind `--why STEP` is a step too. */
static int
take_step (struct invocation *inv, struct graph_settings *settings, struct error *err)
{
    if (inv->operands.len < 2)
        return error_set (err, ERROR_USAGE, "graph: --why needs two steps and a notebook: chard graph --why load train "
                                            "x.ipynb");
    settings->waits = inv->operands.items[0];
    inv->operands.items++;
    inv->operands.len--;
    return 0;
}

static int
run (struct invocation *inv, const void *data, struct error *err)
{
    struct graph_settings with_step = *(const struct graph_settings *) data, *settings = &with_step;
    struct vec_str paths = { 0 };
    if (settings->why && take_step (inv, settings, err) < 0)
        return -1;
    struct job job = { .settings = settings, .format = find_format (inv, settings) };
    if (command_expand_notebooks (inv, &paths, err) < 0
        || destination_choose (&job.to, inv, &paths, settings->output, job.format->joins, err) < 0)
        return error_wrap (err, "graph");
    job.several = paths.len > 1 && destination_is_stdout (&job.to);
    struct batch batch = { .work = graph_one, .data = &job, .done = "drawn" };
    if (job.several && is_json (job.format)) {
        batch.open = "{\n";
        batch.separator = ",\n";
        batch.close = "\n}\n";
    } else if (job.several) {
        batch.separator = "\n";
    }
    return batch_run (inv, &paths, &batch, err);
}

const struct command command_graph = {
    .name = "graph",
    .operands = "NOTEBOOK…",
    .summary = "Show the pipeline that a notebook means",
    .details =
        "The text form has a line for each step: the wave in which it can start, its name, its cells (counted from "
        "0 among all cells of the notebook), and what it gets from which step. svg is a picture for people, "
        "dot is for Graphviz, mermaid for Markdown files.\n"
        "json is {name, notebook, steps: [{name, title, cells, inferred}], edges: [{from, to, names, kind}]}; "
        "kind is data, file, state (hidden state of a library) or order. --format=json means --to json.\n"
        "With --cells the boxes are the code cells: {edges: [{from, to, names, kind}]}, from and to counted "
        "among the code cells from 0; kind is data, code, import, file, state (hidden state of a library) or "
        "order (asked for by tags).\n"
        "With --why A B it tells why step B waits for step A: each name, file or tag that ties them, the cell and line "
        "that wrote or changed it, and those that read it.\n"
        "Several notebooks (a directory stands for all below it) on standard output: text and dot follow one "
        "another, json is one object {notebook: graph}; svg and mermaid need -o DIRECTORY.",
    .examples = "chard graph train.ipynb\n"
                "chard graph --to svg -o train.svg train.ipynb\n"
                "chard graph --to mermaid train.ipynb >> README.md\n"
                "chard graph --why load train train.ipynb       # what train gets of load, line by line\n"
                "chard graph --cells --format=json train.ipynb  # which cell needs what of which\n"
                "chard graph --to svg -o pictures/ notebooks/   # all of them, over all cores",
    .options = options,
    .settings_size = sizeof (struct graph_settings),
    .defaults = &defaults,
    .run = run,
};

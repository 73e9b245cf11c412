/* `chard tag`: shows the steps that were inferred for a notebook without tags, and writes them into it as tags.
 * What is written is proved twice: the file means the same as before but for the tags, and it gives the same steps.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "cli/batch.h"
#include "cli/command.h"
#include "cli/load.h"
#include "compiler/compile.h"
#include "compiler/draw.h"
#include "compiler/notebook.h"
#include "compiler/notebook_edit.h"
#include "compiler/program.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct tag_settings {
    bool write;
};

static const struct option options[] = {
    { .name = "write",
      .kind = OPTION_FLAG,
      .offset = offsetof (struct tag_settings, write),
      .help = "put the tags into the notebook's file; nothing else in it changes" },
    { 0 },
};

struct tags {
    struct notebook_edit_tag *items;
    size_t len, cap;
};

/* ---- which tags ------------------------------------------------------------------------------------------------- */

/* Index of the step that the cell belongs to, or -1. */
static int *
steps_of_cells (struct arena *a, const struct compilation *c)
{
    size_t n = c->notebook->cells.len;
    int *steps = arena_alloc (a, (n + 1) * sizeof *steps);
    for (size_t i = 0; i < n; i++)
        steps[i] = -1;
    for (size_t s = 0; s < c->pipeline->steps.len; s++)
        if (!c->pipeline->steps.items[s].notebook) /* cells of other notebooks are tagged there */
            vec_foreach (cell, &c->pipeline->steps.items[s].cells)
                steps[*cell] = (int) s;
    return steps;
}

static bool
has_role (const struct cell *c)
{
    static const char *const roles[] = { "imports",    "functions",        "pipeline-parameters",
                                         "parameters", "pipeline-metrics", "skip" };
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
        if (vec_str_has (&c->tags, roles[i]))
            return true;
    return false;
}

/* Goes through the lines that are neither empty nor comments: how many there are, and whether all are imports. */
static size_t
count_lines (const struct cell *c, bool *only_imports)
{
    size_t n = 0;
    *only_imports = true;
    for (const char *line = c->source; line; line = strchr (line, '\n') ? strchr (line, '\n') + 1 : NULL) {
        const char *p = line + strspn (line, " \t\r");
        if (*p == '\0' || *p == '\n' || *p == '#')
            continue;
        n++;
        if (strncmp (p, "import ", 7) != 0 && strncmp (p, "from ", 5) != 0)
            *only_imports = false;
    }
    return n;
}

/* Whether the pipeline knows of the cell's code; not if that is nothing but %chard lines. */
static bool
is_known (const struct compilation *c, const struct cell *cell)
{
    vec_foreach (u, &c->program->units)
        if (u->cell->notebook == cell->notebook && u->cell->index == cell->index)
            return true;
    return false;
}

/* Cells of inferred steps get the step's tag. A cell that only defines belongs to no step; left untagged behind the
 * first tag it would join the step before it, so it is called what it is. */
static struct tags
choose_tags (struct arena *a, const struct compilation *c)
{
    struct tags tags = { 0 };
    const int *steps = steps_of_cells (a, c);
    bool inferred = false, begun = false;
    vec_foreach (s, &c->pipeline->steps)
        inferred |= s->inferred && !s->notebook;
    if (!inferred)
        return tags;
    vec_foreach (cell, &c->notebook->cells) {
        const struct step *s = steps[cell->index] >= 0 ? &c->pipeline->steps.items[steps[cell->index]] : NULL;
        bool only_imports;
        struct notebook_edit_tag tag = { .cell = cell->index };
        begun |= s != NULL;
        if (s && s->inferred)
            tag.tag = arena_printf (a, "step:%s", s->name);
        else if (!s && begun && is_known (c, cell) && !has_role (cell) && count_lines (cell, &only_imports))
            tag.tag = only_imports ? "imports" : "functions";
        if (tag.tag)
            vec_push (a, &tags, tag);
    }
    return tags;
}

/* ---- showing ---------------------------------------------------------------------------------------------------- */

static void
print_json (struct invocation *inv, const struct compilation *c, const struct tags *tags)
{
    json_auto_t *all = json_pack ("{s:s, s:[], s:[]}", "notebook", c->path, "steps", "tags");
    vec_foreach (s, &c->pipeline->steps) {
        json_t *cells = json_array ();
        vec_foreach (cell, &s->cells)
            json_array_append_new (cells, json_integer (*cell));
        json_array_append_new (json_object_get (all, "steps"),
                               json_pack ("{s:s, s:s, s:o, s:b}", "name", s->name, "title",
                                          s->title ? s->title : s->name, "cells", cells, "inferred",
                                          (int) s->inferred));
    }
    vec_foreach (t, tags)
        json_array_append_new (json_object_get (all, "tags"),
                               json_pack ("{s:i, s:s}", "cell", t->cell, "tag", t->tag));
    cleanup_free char *text = json_dumps (all, JSON_INDENT (2));
    fputs (text ? text : "null", inv->out);
}

static const char *
first_line (struct arena *a, const struct cell *c)
{
    const char *p = c->source + strspn (c->source, " \t\r\n");
    size_t n = strcspn (p, "\r\n");
    while (n > 60 || (n && ((unsigned char) p[n] & 0xc0) == 0x80))
        n--;
    return arena_printf (a, "%.*s%s", (int) n, p, p[n] && p[n] != '\n' && p[n] != '\r' ? "…" : "");
}

static void
print_text (struct invocation *inv, const struct compilation *c, const struct tags *tags, bool written)
{
    if (tags->len == 0) {
        fprintf (inv->out, "%s: nothing to add: its steps are tagged\n", c->path);
        return;
    }
    fprintf (inv->out, "%s: %s\n", c->path, written ? "tags written" : "inferred; --write puts these tags in");
    vec_foreach (t, tags)
        fprintf (inv->out, "  cell %-3d  %-24s  %s\n", t->cell, t->tag,
                 first_line (inv->arena, &c->notebook->cells.items[t->cell]));
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

/* Whether both have the same steps of the same work: cells that hold no code may change hands. */
static bool
same_steps (struct arena *a, const struct compilation *x, const struct compilation *y)
{
    if (!y->pipeline || x->pipeline->steps.len != y->pipeline->steps.len)
        return false;
    const int *in_x = steps_of_cells (a, x), *in_y = steps_of_cells (a, y);
    vec_foreach (c, &x->notebook->cells) {
        bool only_imports;
        int s = in_x[c->index], t = in_y[c->index];
        if (c->kind != CELL_CODE || !count_lines (c, &only_imports))
            continue;
        if ((s < 0) != (t < 0)
            || (s >= 0 && strcmp (x->pipeline->steps.items[s].name, y->pipeline->steps.items[t].name) != 0))
            return false;
    }
    return true;
}

static const char *
first_error (const struct diag_list *diags)
{
    vec_foreach (d, &diags->all)
        if (d->severity == SEVERITY_ERROR)
            return d->message;
    return "";
}

/* Compiles the text under a name beside the notebook (its own folder counts: local modules, other notebooks). */
static int
prove_steps (struct invocation *inv, const struct compilation *before, const struct strbuf *text, struct error *err)
{
    static const struct compile_options all = { 0 };
    const char *ending = strrchr (before->path, '.');
    const char *path = arena_printf (inv->arena, "%s/.chard-tag-%d%s", fs_dirname (inv->arena, before->path),
                                     (int) getpid (), ending ? ending : ".ipynb");
    struct compilation after = { 0 };
    if (fs_write_unsynced (path, strbuf_str (text), text->len, err) < 0)
        return -1;
    int status = load_compile (inv, &after, path, all, err);
    unlink (path);
    if (status == 0 && after.diags.errors)
        status = error_set (err, ERROR_NOTEBOOK,
                            "%s: steps tagged like these would not compile, so nothing was written: "
                            "%s",
                            before->path, first_error (&after.diags));
    else if (status == 0 && !same_steps (inv->arena, before, &after))
        status = error_set (err, ERROR_NOTEBOOK, "%s: with these tags it would give other steps; nothing was written",
                            before->path);
    compilation_destroy (&after);
    return status;
}

static int
write_tags (struct invocation *inv, const struct compilation *c, const struct tags *tags, struct error *err)
{
    cleanup_free char *data = NULL;
    cleanup_strbuf struct strbuf text = { 0 };
    size_t len;
    if (tags->len == 0)
        return 0;
    if (c->diags.errors)
        return error_set (err, ERROR_NOTEBOOK, "%s: it has errors, so nothing was written: %s", c->path,
                          first_error (&c->diags));
    if (fs_read (c->path, &data, &len, err) < 0
        || notebook_edit_add_tags (c->path, data, len, tags->items, tags->len, &text, err) < 0
        || prove_steps (inv, c, &text, err) < 0)
        return -1;
    return fs_write (c->path, strbuf_str (&text), text.len, err);
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int
tag_compiled (struct invocation *inv, struct compilation *c, const struct tag_settings *settings, struct error *err)
{
    if (!c->pipeline)
        return error_set (err, ERROR_NOTEBOOK, "%s: it has no steps; chard check tells why", c->path);
    struct tags tags = choose_tags (inv->arena, c);
    if (settings->write && write_tags (inv, c, &tags, err) < 0)
        return -1;
    if (inv->json)
        print_json (inv, c, &tags);
    else
        print_text (inv, c, &tags, settings->write);
    return 0;
}

static int
tag_one (struct invocation *inv, const char *path, const void *data, struct error *err)
{
    static const struct compile_options all = { 0 };
    struct compilation c = { 0 };
    int status = load_compile (inv, &c, path, all, err);
    if (status == 0)
        status = tag_compiled (inv, &c, data, err);
    compilation_destroy (&c);
    return status;
}

static int
run (struct invocation *inv, const void *data, struct error *err)
{
    struct vec_str paths = { 0 };
    if (command_expand_notebooks (inv, &paths, err) < 0)
        return error_wrap (err, "tag");
    struct batch batch = { .work = tag_one, .data = data, .done = "looked at" };
    if (inv->json) {
        batch.open = "[\n";
        batch.separator = ",\n";
        batch.close = "\n]\n";
    }
    return batch_run (inv, &paths, &batch, err);
}

const struct command command_tag = {
    .name = "tag",
    .operands = "NOTEBOOK…",
    .summary = "Show the steps inferred for untagged notebooks, and write them as tags",
    .details =
        "A notebook without step tags gets its steps from its Markdown headings, or, without headings, from its "
        "cells. This command shows them as the tags they amount to (chard-tags(7)).\n"
        "With --write the tags go into the notebook's file. They are inserted into its text: every other byte stays "
        "as it is, and what was written has been read and compiled again before the file is replaced.\n"
        "With --format=json it prints one list of {notebook, steps: [{name, title, cells, inferred}], "
        "tags: [{cell, tag}]}. Cells are counted from 0 among all cells of the notebook.",
    .examples = "chard tag train.ipynb          # what would be written\n"
                "chard tag --write train.ipynb\n"
                "chard tag --write script.py    # percent scripts too: # %% tags=[\"step:load\"]",
    .options = options,
    .settings_size = sizeof (struct tag_settings),
    .run = run,
};

/* The passes tag, magic and syntax: cells become units. See program.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/program.h"

#include "compiler/compose.h"
#include "compiler/front.h"
#include "compiler/scope.h"
#include "compiler/syntax.h"
#include "compiler/timed.h"

#include <string.h>

struct place
program_place (const struct program *p, int unit, uint32_t offset)
{
    const struct unit *u = &p->units.items[unit];
    struct place at = cell_place (u->cell, 1, 1);
    for (uint32_t i = 0; i < offset && u->text->code[i]; i++) {
        unsigned char c = (unsigned char) u->text->code[i];
        if (c == '\n') {
            at.line++;
            at.column = 1;
        } else if ((c & 0xc0) != 0x80)
            at.column++;
    }
    return at;
}

static void
diagnose_syntax (struct program *p, int unit, const struct syntax_error *e, struct diag_list *diags)
{
    struct unit *u = &p->units.items[unit];
    struct place at = program_place (p, unit, e->start);
    u->broken = true;
    if (e->too_deep) {
        diag_add (diags, SEVERITY_ERROR, "syntax", at, cell_line (p->arena, u->cell, at.line),
                  "split it: give a part of it a name, or make it a loop over a list",
                  "this is nested deeper than %d levels", SYNTAX_MAX_DEPTH);
        return;
    }
    diag_add (diags, SEVERITY_ERROR, "syntax", at, cell_line (p->arena, u->cell, at.line),
              "mend the cell, or tag it `skip` to leave it out of the pipeline",
              e->expected ? "this is no Python: %s is missing" : e->problem ? "this is no Python: %s"
                          : "this is no Python%s",
              e->expected ? e->expected : e->problem ? e->problem : "");
}

/* What stands there instead would be another text, without anybody's noticing. */
static void
diagnose_nul (struct program *p, struct unit *u, struct diag_list *diags)
{
    u->broken = true;
    diag_add (diags, SEVERITY_ERROR, "syntax", cell_place (u->cell, u->cell->nul_line, 0),
              cell_line (p->arena, u->cell, u->cell->nul_line), "take it out, or write it as \\x00 within a string",
              "this line holds a NUL character, which Python refuses");
}

/* Prompts of a cell that is Python as it stands are within a text, which IPython's versions differ about. */
static void
diagnose_prompts (struct program *p, struct syntax *syntax, struct unit *u, struct diag_list *diags)
{
    struct syntax_error error;
    if (!u->text->newly_bare)
        return;
    syntax_parse (syntax, p->arena, p->symbols, u->cell->source, u->cell->len, &error);
    if (error.start == UINT32_MAX)
        diag_add (diags, SEVERITY_WARNING, "prompts", cell_place (u->cell, u->text->newly_bare, 1),
                  cell_line (p->arena, u->cell, u->text->newly_bare), "let the line begin with something else",
                  "IPython takes this prompt off from version 9.10 on, and so do steps; earlier ones leave it in the "
                  "text");
}

struct building {
    struct program *program;
    struct syntax *syntax;
    struct diag_list *diags;
};

/* Cells that hold nothing but %chard lines work on the notebook rather than in it. */
static bool
only_calls (const struct unit *u)
{
    return u->tags.role == ROLE_NONE && u->text->calls.len && !u->text->magics.len && !u->broken && u->tree->nkids == 0;
}

static void
add_unit (struct building *b, const struct cell *c, const struct cell_tags *tags)
{
    struct program *p = b->program;
    struct unit *u = vec_add (p->arena, &p->units);
    struct syntax_error error;
    u->cell = c;
    u->tags = *tags;
    u->text = magic_rewrite (p->arena, c->source, c->len);
    u->tree = syntax_parse (b->syntax, p->arena, p->symbols, u->text->code, c->len, &error);
    timed_enclose (p->arena, u->tree, u->text);
    scope_build (p->arena, p->symbols, u->tree);
    if (c->nul_line)
        diagnose_nul (p, u, b->diags);
    else if (error.start != UINT32_MAX)
        diagnose_syntax (p, (int) p->units.len - 1, &error, b->diags);
    else
        diagnose_prompts (p, b->syntax, u, b->diags);
    if (only_calls (u))
        p->units.len--;
}

/* A pipeline runs at one schedule; what a notebook that is brought in says is of its own pipeline. */
static void
note_schedule (struct building *b, const struct cell *c, const struct cell_tags *tags)
{
    struct program *p = b->program;
    const struct {
        const char *key, *said, **known;
    } all[] = { { "schedule", tags->schedule, &p->schedule }, { "timezone", tags->timezone, &p->timezone } };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!*all[i].known)
            *all[i].known = all[i].said;
        else if (all[i].said && strcmp (all[i].said, *all[i].known) != 0)
            diag_add (b->diags, SEVERITY_ERROR, "tag-value", cell_place (c, 0, 0), NULL,
                      "a pipeline has one: take one of the tags off",
                      "tag \"%s:%s\" contradicts \"%s:%s\" of a cell above", all[i].key, all[i].said,
                      all[i].key, *all[i].known);
}

static void
add_notebook (struct building *b, struct notebook *nb)
{
    struct program *p = b->program;
    vec_foreach (c, &nb->cells) {
        struct cell_tags tags;
        if (c->kind != CELL_CODE)
            continue;
        tag_read_directives (p->arena, c);
        tag_read (p->arena, c, &tags, b->diags);
        if (nb == p->notebook && tags.role != ROLE_SKIP)
            note_schedule (b, c, &tags);
        if (tags.role == ROLE_NOTEBOOK) {
            compose_check_cell (p->arena, c, tags.step, b->diags);
            struct notebook *other = compose_read (p->arena, p->notebook, c, tags.step, b->diags);
            if (other)
                add_notebook (b, other);
        } else if (tags.role != ROLE_SKIP)
            add_unit (b, c, &tags);
    }
}

struct program *
program_build (struct arena *a, struct notebook *nb, struct diag_list *diags)
{
    struct building b = { arena_new (a, struct program), syntax_create (), diags };
    b.program->arena = a;
    b.program->symbols = symbols_create (a);
    b.program->notebook = nb;
    add_notebook (&b, nb);
    if (b.program->timezone && !b.program->schedule)
        diag_add (diags, SEVERITY_WARNING, "tag-idle", PLACE_NOTEBOOK, NULL, "say when, as in schedule:0 6 * * 1-5",
                  "nothing acts on tag \"timezone:%s\": no cell has a schedule:", b.program->timezone);
    syntax_destroy (b.syntax);
    return b.program;
}

struct notebook *
program_notebook (const struct program *p, const char *reference)
{
    vec_foreach (nb, &p->notebook->included)
        if (reference && strcmp ((*nb)->reference, reference) == 0)
            return *nb;
    return p->notebook;
}

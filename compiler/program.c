/* The passes tag, magic and syntax: cells become units. See program.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/program.h"

#include "compiler/front.h"
#include "compiler/scope.h"
#include "compiler/syntax.h"

struct place
program_place (const struct program *p, int unit, uint32_t offset)
{
    const struct unit *u = &p->units.items[unit];
    struct place at = { u->cell->index, 1, 1 };
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
    diag_add (diags, SEVERITY_ERROR, "syntax", at, cell_line (p->arena, u->cell, at.line),
              "mend the cell, or tag it `skip` to leave it out of the pipeline",
              e->expected ? "this is no Python: %s is missing" : "this is no Python%s", e->expected ? e->expected : "");
}

struct program *
program_build (struct arena *a, struct notebook *nb, struct diag_list *diags)
{
    struct program *p = arena_new (a, struct program);
    struct syntax *syntax = syntax_create ();
    p->arena = a;
    p->symbols = symbols_create (a);
    p->notebook = nb;
    vec_foreach (c, &nb->cells) {
        vec_push (a, &p->unit_of_cell, -1);
        if (c->kind != CELL_CODE)
            continue;
        struct cell_tags tags;
        tag_read_directives (a, c);
        tag_read (a, c, &tags, diags);
        if (tags.role == ROLE_SKIP)
            continue;
        struct unit *u = vec_add (a, &p->units);
        int unit = (int) p->units.len - 1;
        struct syntax_error error;
        p->unit_of_cell.items[c->index] = unit;
        u->cell = c;
        u->tags = tags;
        u->text = magic_rewrite (a, c->source, c->len);
        u->tree = syntax_parse (syntax, a, p->symbols, u->text->code, c->len, &error);
        scope_build (a, u->tree);
        if (error.start != UINT32_MAX)
            diagnose_syntax (p, unit, &error, diags);
    }
    syntax_destroy (syntax);
    return p;
}

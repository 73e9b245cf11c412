/* Pipeline parameters: `NAME = literal` in cells tagged pipeline-parameters (Kale) or parameters (Papermill). See
 * front.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A literal as JSON; NULL if it isn't one, or one that JSON would make something else of: a tuple is no list, and an
 * integer of more than 64 bits no real. */
static json_t *
literal (struct arena *a, const struct ast *n, const char *source)
{
    char *text = arena_strndup (a, source + n->start, n->end - n->start);
    if (n->kind == AST_STRING) {
        const char *value = ast_string (a, n, source);
        return value ? json_string (value) : NULL;
    }
    if (n->kind == AST_OPERATION && n->nkids == 1 && (*text == '-' || *text == '+')) {
        json_auto_t *value = literal (a, n->kids[0], source);
        if (json_is_integer (value))
            return json_integer (*text == '-' ? -json_integer_value (value) : json_integer_value (value));
        if (json_is_real (value))
            return json_real (*text == '-' ? -json_real_value (value) : json_real_value (value));
        return NULL;
    }
    if (n->kind == AST_LIST || n->kind == AST_DICT) {
        bool dict = n->kind == AST_DICT;
        json_t *all = dict ? json_object () : json_array ();
        for (uint32_t i = 0; all && i < n->nkids; i += dict ? 2 : 1) {
            const char *key = dict ? ast_string (a, n->kids[i], source) : "";
            const struct ast *item = dict ? n->kids[i + 1] : n->kids[i];
            json_t *value = key && item ? literal (a, item, source) : NULL;
            if (!value || (dict ? json_object_set_new (all, key, value) : json_array_append_new (all, value)) < 0) {
                json_decref (all);
                return NULL;
            }
        }
        return all;
    }
    if (n->kind != AST_CONSTANT)
        return NULL;
    if (strcmp (text, "True") == 0 || strcmp (text, "False") == 0)
        return json_boolean (*text == 'T');
    if (strcmp (text, "None") == 0)
        return json_null ();
    char *to = text; /* 1_000 is 1000 */
    for (char *p = text; *p; p++)
        if (*p != '_')
            *to++ = *p;
    *to = '\0';
    char *end;
    errno = 0;
    long long integer = strtoll (text, &end, 0);
    if (!*end && end != text)
        return errno ? NULL : json_integer (integer);
    double real = strtod (text, &end);
    return !*end && end != text ? json_real (real) : NULL;
}

static const char *
type_of (const json_t *v)
{
    return json_is_boolean (v)   ? "bool"
           : json_is_integer (v) ? "int"
           : json_is_real (v)    ? "float"
           : json_is_string (v)  ? "str"
           : json_is_array (v)   ? "list"
           : json_is_object (v)  ? "dict"
                                 : "none";
}

/* One declaration. */
struct declaration {
    size_t site;
    struct param param;
    const struct notebook *notebook;
};

struct declarations {
    struct declaration *items;
    size_t len, cap;
};

static bool
take (struct pipeline *p, const struct flow *flow, size_t site, struct declarations *all)
{
    const struct site *s = &flow->sites.items[site];
    const struct ast *n = s->statement;
    const struct unit *u = &flow->program->units.items[s->unit];
    const struct ast *value = n && n->kind == AST_ANNOTATE                  ? n->kids[2]
                              : n && n->kind == AST_ASSIGN && n->nkids == 2 ? n->kids[1]
                                                                            : NULL;
    if (!value || n->kids[0]->kind != AST_NAME)
        return false;
    json_t *json = literal (p->arena, value, u->text->code);
    if (!json)
        return false;
    struct declaration d = { site,
                             { symbol_text (flow->program->symbols, n->kids[0]->name), type_of (json), json,
                               u->cell->notebook->reference, u->cell->index },
                             u->cell->notebook };
    vec_push (p->arena, all, d);
    return true;
}

/* ---- several notebooks ------------------------------------------------------------------------------------------ */

static bool
is_within (const struct notebook *inner, const struct notebook *outer)
{
    while (inner && inner != outer)
        inner = inner->included_by ? inner->included_by->notebook : NULL;
    return inner;
}

/* The last declaration of a name in one notebook; the outer notebook's wins over those it brings in. Notebooks side by
 * side have to agree on the value: if not, NULL and the declaration that differs. */
static const struct declaration *
choose (const struct declarations *all, const char *name, const struct declaration **other)
{
    const struct declaration *best = NULL;
    vec_foreach (d, all)
        if (strcmp (d->param.name, name) == 0 && (!best || is_within (best->notebook, d->notebook)))
            best = d;
    vec_foreach (d, all)
        if (strcmp (d->param.name, name) == 0 && !is_within (d->notebook, best->notebook)
            && !json_equal (d->param.default_value, best->param.default_value)) {
            *other = d;
            return NULL;
        }
    return best;
}

static void
diagnose_conflict (struct pipeline *p, const struct flow *flow, struct diag_list *diags, const struct declaration *d)
{
    const struct site *s = &flow->sites.items[d->site];
    struct place at = program_place (flow->program, s->unit, s->statement->start);
    diag_add (diags, SEVERITY_WARNING, "parameter-conflict", at,
              cell_line (p->arena, flow->program->units.items[s->unit].cell, at.line),
              "declare it in the notebook that brings them in: its value then holds for all",
              "`%s` can't be set from outside: notebooks declare it with different values", d->param.name);
}

/* Declarations become the pipeline's parameters. */
static void
settle (struct pipeline *p, const struct flow *flow, struct diag_list *diags, const struct declarations *all,
        bool *site_is_param)
{
    vec_foreach (d, all) {
        const struct declaration *other = d, *best = choose (all, d->param.name, &other);
        site_is_param[d->site] = best != NULL;
        if (!best)
            diagnose_conflict (p, flow, diags, other);
        else if (pipeline_find_param (p, d->param.name) < 0) {
            vec_push (p->arena, &p->params, best->param);
            json_incref (best->param.default_value);
        }
    }
    vec_foreach (d, all)
        json_decref (d->param.default_value);
}

void
param_collect (struct pipeline *p, const struct flow *flow, struct diag_list *diags, bool *site_is_param)
{
    struct declarations all = { 0 };
    for (size_t i = 0; i < flow->sites.len; i++) {
        const struct site *s = &flow->sites.items[i];
        if (flow->program->units.items[s->unit].tags.role != ROLE_PARAMETERS)
            continue;
        if (take (p, flow, i, &all) || !s->statement || s->kind == SITE_IMPORT)
            continue;
        struct place at = program_place (flow->program, s->unit, s->statement->start);
        diag_add (diags, SEVERITY_WARNING, "parameter-not-literal", at,
                  cell_line (p->arena, flow->program->units.items[s->unit].cell, at.line),
                  "a number, text, bool, None, list or dict can be set from outside; this line is run in each step "
                  "that needs it",
                  "this is no pipeline parameter");
    }
    settle (p, flow, diags, &all, site_is_param);
}

/* Pipeline parameters: `NAME = literal` in cells tagged pipeline-parameters (Kale) or parameters (Papermill). See
 * front.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/front.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A literal as JSON; NULL if it isn't one. */
static json_t *
literal (struct arena *a, const struct ast *n, const char *source)
{
    char *text = arena_strndup (a, source + n->start, n->end - n->start);
    if (n->kind == AST_STRING) {
        const char *value = ast_string (a, n, source);
        return value ? json_string (value) : NULL;
    }
    if (n->kind == AST_OPERATION && n->nkids == 1 && (*text == '-' || *text == '+')) {
        json_t *value = literal (a, n->kids[0], source), *negative = value;
        if (*text == '-' && json_is_integer (value))
            negative = json_integer (-json_integer_value (value));
        else if (*text == '-' && json_is_real (value))
            negative = json_real (-json_real_value (value));
        if (negative != value)
            json_decref (value);
        return negative;
    }
    if (n->kind == AST_LIST || n->kind == AST_TUPLE || n->kind == AST_DICT) {
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
    if (!*end && end != text && !errno)
        return json_integer (integer);
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

static bool
take (struct pipeline *p, const struct flow *flow, const struct site *s)
{
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
    const char *name = symbol_text (flow->program->symbols, n->kids[0]->name);
    int known = pipeline_find_param (p, name);
    struct param *x = known >= 0 ? &p->params.items[known] : vec_add (p->arena, &p->params);
    json_decref (x->default_value);
    *x = (struct param){ name, type_of (json), json, u->cell->index };
    return true;
}

void
param_collect (struct pipeline *p, const struct flow *flow, struct diag_list *diags, bool *site_is_param)
{
    for (size_t i = 0; i < flow->sites.len; i++) {
        const struct site *s = &flow->sites.items[i];
        if (flow->program->units.items[s->unit].tags.role != ROLE_PARAMETERS)
            continue;
        site_is_param[i] = take (p, flow, s);
        if (site_is_param[i] || !s->statement || s->kind == SITE_IMPORT)
            continue;
        struct place at = program_place (flow->program, s->unit, s->statement->start);
        diag_add (diags, SEVERITY_WARNING, "parameter-not-literal", at,
                  cell_line (p->arena, flow->program->units.items[s->unit].cell, at.line),
                  "only NAME = literal can be set from outside; the line is run in each step that needs it",
                  "this is no pipeline parameter");
    }
}

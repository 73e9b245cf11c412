/* Statements, and the walk over the whole program: each top-level statement is a site. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include "compiler/builtins.h"
#include "compiler/learned.h"

#include "base/fs.h"

#include <ctype.h>
#include <string.h>

/* ---- imports ---------------------------------------------------------------------------------------------------- */

static void
bind_alias (struct interpreter *in, const struct ast *alias, symbol path)
{
    assign (in, alias->kids[0], set_one (in->arena, library_object (in, path)));
}

/* A module that the notebook itself has written (%%writefile helper.py) has to be there first. */
static void
module_used (struct interpreter *in, const char *module)
{
    const char *stem = arena_strndup (in->arena, module, strcspn (module, "."));
    const char *paths[] = { arena_printf (in->arena, "%s.py", stem), arena_printf (in->arena, "%s/__init__.py", stem) };
    for (size_t i = 0; i < in->flow->files.len; i++)
        for (int k = 0; k < 2; k++) {
            struct file_event f = in->flow->files.items[i];
            if (f.use == FILE_WRITE && strcmp (f.path, path_in (in->arena, in->cwd, paths[k])) == 0) {
                file_used (in, FILE_READ, paths[k]);
                return;
            }
        }
}

static void
run_import (struct interpreter *in, const struct ast *n)
{
    ast_foreach (alias, n) {
        bool first_only = (*alias)->flags & AST_STAR; /* import a.b binds a */
        module_used (in, symbol_text (in->symbols, (*alias)->name));
        bind_alias (in, *alias, first_only ? (*alias)->kids[0]->name : (*alias)->name);
    }
}

static void
run_import_from (struct interpreter *in, const struct ast *n)
{
    module_used (in, symbol_text (in->symbols, n->name));
    if (n->flags & AST_STAR && !vec_int_has (&in->star_sites, in->site))
        vec_push (in->arena, &in->star_sites, in->site);
    ast_foreach (alias, n)
        bind_alias (in, *alias,
                    symbol_of_str (in->symbols, arena_printf (in->arena, "%s.%s", symbol_text (in->symbols, n->name),
                                                              symbol_text (in->symbols, (*alias)->name))));
}

static bool
is_word_of (const char *word, const char *list)
{
    size_t n = strlen (word);
    for (const char *p = list; (p = strstr (p, word)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
            return true;
    return false;
}

/* ---- definitions ------------------------------------------------------------------------------------------------ */

/* Decorators are applied inside out; a pure one (dataclass, lru_cache, property) leaves the definition as it is. */
static const struct set *
decorate (struct interpreter *in, const struct ast *decorators, const struct set *value)
{
    for (uint32_t i = decorators->nkids; i-- > 0;) {
        const struct ast *text = decorators->kids[i];
        const struct set *decorator = evaluate (in, text);
        if (text->kind == AST_ATTRIBUTE && text->kids[0]->kind == AST_NAME
            && is_word_of (symbol_text (in->symbols, text->name), "setter deleter getter")) { /* with the property it is of */
            value = set_union (in->arena, value, evaluate (in, text->kids[0]));
            continue;
        }
        in->decorating = true; /* who decorates calls later, if at all */
        const struct set *result = call_value (in, decorator, &value, 1);
        in->decorating = false;
        value = set_union (in->arena, value, result);
    }
    return value;
}

/* Type parameters live in a scope around the definition; NULL: there are none. */
static struct env *
enter_types (struct interpreter *in, const struct ast *types)
{
    if (!types || !types->scope)
        return NULL;
    struct env *env = arena_new (in->arena, struct env);
    *env = (struct env){ .outer = in->env, .scope = types->scope, .branches = in->branches };
    in->env = env;
    return env;
}

static void
leave_types (struct interpreter *in, const struct env *types)
{
    if (types)
        in->env = types->outer;
}

static void
run_function (struct interpreter *in, const struct ast *n)
{
    int id = heap_add (in->heap, OBJECT_FUNCTION, in->site);
    ast_foreach (p, n->kids[0]) {
        const struct set *value = (*p)->kids[0] ? evaluate (in, (*p)->kids[0]) : NULL;
        heap_store (in->heap, id, (*p)->name, value, true);
    }
    const struct env *types = enter_types (in, n->kids[4]);
    ast_foreach (annotation, n->kids[3])
        evaluate (in, *annotation);
    struct object *o = heap_get (in->heap, id);
    o->definition = n;
    o->env = in->env;
    o->unit = in->unit;
    keep_locals (in, id);
    leave_types (in, types);
    struct ast name = { .kind = AST_NAME, .name = n->name, .start = n->start, .end = n->end };
    assign (in, &name, decorate (in, n->kids[2], set_one (in->arena, id)));
}

/* A base hears of each class that is derived from it: registries are made so. */
static void
tell_bases (struct interpreter *in, const struct set *bases, int derived)
{
    const struct set *const arguments[] = { set_one (in->arena, derived) };
    set_foreach (base, bases)
        if (heap_get (in->heap, base)->kind == OBJECT_CLASS)
            call_value (in, class_member (in, base, symbol_of_str (in->symbols, "__init_subclass__"), 0), arguments, 1);
}

static void
run_class (struct interpreter *in, const struct ast *n)
{
    const struct set *bases = NULL;
    const struct env *types = enter_types (in, n->kids[3]);
    ast_foreach (base, n->kids[0])
        bases = set_union (in->arena, bases, evaluate (in, *base));
    int id = heap_add (in->heap, OBJECT_CLASS, in->site);
    heap_get (in->heap, id)->definition = n;
    heap_get (in->heap, id)->unit = in->unit;
    heap_store (in->heap, id, in->s_bases, bases, true);
    struct env *env = arena_new (in->arena, struct env);
    *env = (struct env){ .outer = in->env, .scope = n->scope, .branches = in->branches };
    if (n->scope) {
        in->env = env;
        run_block (in, n->kids[1]);
        in->env = env->outer;
    }
    leave_types (in, types);
    vec_foreach (l, &env->locals)
        heap_store (in->heap, id, l->name, l->value, true);
    special_note (in, id);
    tell_bases (in, bases, id);
    struct ast name = { .kind = AST_NAME, .name = n->name, .start = n->start, .end = n->end };
    assign (in, &name, decorate (in, n->kids[2], set_one (in->arena, id)));
}

/* ---- control flow ----------------------------------------------------------------------------------------------- */

static bool
is_true_constant (const struct interpreter *in, const struct ast *n)
{
    const char *text = in->program->units.items[in->unit].text->code + n->start;
    return n->kind == AST_CONSTANT && (strncmp (text, "True", 4) == 0 || (isdigit ((unsigned char) *text) && *text != '0'));
}

static void
test (struct interpreter *in, const struct ast *condition)
{
    special_run (in, evaluate (in, condition), SPECIAL_TEST, NULL);
}

static void
run_if (struct interpreter *in, const struct ast *n)
{
    struct journal ways[2];
    test (in, n->kids[0]);
    if (is_true_constant (in, n->kids[0])) {
        run_block (in, n->kids[1]);
        return;
    }
    branch_begin (in, &ways[0]);
    run_block (in, n->kids[1]);
    branch_end (in, &ways[0]);
    branch_begin (in, &ways[1]);
    if (n->kids[2])
        run_statement (in, n->kids[2]);
    branch_end (in, &ways[1]);
    branch_join (in, ways, 2, n->kids[2] != NULL);
}

/* A loop over a non-empty display or range (3) runs at least once. */
static bool
runs_for_sure (const struct interpreter *in, const struct ast *iterable)
{
    if (iterable->kind == AST_LIST || iterable->kind == AST_TUPLE || iterable->kind == AST_DICT)
        return iterable->nkids > 0;
    if (iterable->kind != AST_CALL || iterable->nkids < 2 || iterable->kids[0]->kind != AST_NAME)
        return false;
    const char *name = symbol_text (in->symbols, iterable->kids[0]->name);
    const char *last = in->program->units.items[in->unit].text->code + iterable->kids[1]->start;
    if (strcmp (name, "range") == 0)
        return iterable->nkids == 2 && iterable->kids[1]->kind == AST_CONSTANT && *last >= '1' && *last <= '9';
    return strcmp (name, "enumerate") == 0 && runs_for_sure (in, iterable->kids[1]);
}

static void
run_loop_body (struct interpreter *in, const struct ast *target, const struct set *elements, const struct ast *body)
{
    in->loops++;
    for (int round = 0; round < (in->loops > 1 ? 1 : 2); round++) { /* twice: what one round leaves, the next may read */
        if (target)
            assign (in, target, elements);
        run_block (in, body);
    }
    in->loops--;
}

static void
run_for (struct interpreter *in, const struct ast *n)
{
    const struct set *iterable = evaluate (in, n->kids[1]);
    set_foreach (id, iterable)
        if (heap_get (in->heap, id)->iterator)
            objects_change (in, set_one (in->arena, id), false);
    if (runs_for_sure (in, n->kids[1])) {
        run_loop_body (in, n->kids[0], iterate (in, iterable), n->kids[2]);
    } else {
        struct journal way;
        branch_begin (in, &way);
        run_loop_body (in, n->kids[0], iterate (in, iterable), n->kids[2]);
        branch_end (in, &way);
        branch_join (in, &way, 1, false);
    }
    if (n->kids[3])
        run_statement (in, n->kids[3]);
}

static void
run_while (struct interpreter *in, const struct ast *n)
{
    test (in, n->kids[0]);
    if (is_true_constant (in, n->kids[0])) {
        run_loop_body (in, NULL, NULL, n->kids[1]);
        return;
    }
    struct journal way;
    branch_begin (in, &way);
    run_loop_body (in, NULL, NULL, n->kids[1]);
    test (in, n->kids[0]);
    branch_end (in, &way);
    branch_join (in, &way, 1, false);
    if (n->kids[2])
        run_statement (in, n->kids[2]);
}

/* A handler that ends by raising leaves nothing for what comes after. */
static bool
ends_in_raise (const struct ast *block)
{
    return block->nkids && block->kids[block->nkids - 1]->kind == AST_RAISE;
}

static void
run_try (struct interpreter *in, const struct ast *n)
{
    struct journal ways[17];
    int count = 1;
    branch_begin (in, &ways[0]);
    in->tries++;
    run_block (in, n->kids[0]);
    in->tries--;
    if (n->kids[2])
        run_statement (in, n->kids[2]);
    branch_end (in, &ways[0]);
    ast_foreach (handler, n->kids[1]) {
        if (count == 17)
            break;
        branch_begin (in, &ways[count]);
        if ((*handler)->kids[0])
            evaluate (in, (*handler)->kids[0]);
        if ((*handler)->name) {
            struct ast name = { .kind = AST_NAME, .name = (*handler)->name };
            assign (in, &name, NULL);
        }
        run_block (in, (*handler)->kids[1]);
        branch_end (in, &ways[count]);
        count += !ends_in_raise ((*handler)->kids[1]);
    }
    branch_join (in, ways, count, true);
    if (n->kids[3])
        run_statement (in, n->kids[3]);
}

static void
run_with (struct interpreter *in, const struct ast *n)
{
    for (uint32_t i = 0; i + 1 < n->nkids; i++) {
        const struct set *value = evaluate (in, n->kids[i]->kids[0]);
        const struct set *entered = special_run (in, value, SPECIAL_BLOCK, NULL);
        if (n->kids[i]->kids[1])
            assign (in, n->kids[i]->kids[1], set_union (in->arena, value, entered));
    }
    if (n->nkids)
        run_block (in, n->kids[n->nkids - 1]);
}

static void
run_pattern (struct interpreter *in, const struct ast *pattern, const struct set *subject)
{
    const struct set *parts = set_union (in->arena, subject, elements_of (in, subject));
    ast_foreach (kid, pattern)
        if ((*kid)->kind == AST_CAPTURE)
            assign (in, *kid, parts);
        else
            evaluate (in, *kid);
}

static void
run_match (struct interpreter *in, const struct ast *n)
{
    struct journal ways[32];
    int count = 0;
    const struct set *subject = n->kids[0]->nkids == 1 ? evaluate (in, n->kids[0]->kids[0]) : evaluate (in, n->kids[0]);
    for (uint32_t i = 1; i < n->nkids && count < 32; i++) {
        const struct ast *c = n->kids[i];
        branch_begin (in, &ways[count]);
        run_pattern (in, c->kids[0], subject);
        evaluate (in, c->kids[1]);
        run_block (in, c->kids[2]);
        branch_end (in, &ways[count++]);
    }
    branch_join (in, ways, count, false);
}

/* ---- the other statements --------------------------------------------------------------------------------------- */

static void
run_assign (struct interpreter *in, const struct ast *n)
{
    const struct set *value = evaluate (in, n->kids[n->nkids - 1]);
    for (uint32_t i = 0; i + 1 < n->nkids; i++) {
        const struct ast *target = n->kids[i], *right = n->kids[n->nkids - 1];
        bool pairwise = target->kind == AST_TUPLE && right->kind == AST_TUPLE && target->nkids == right->nkids;
        if (!pairwise)
            assign (in, target, value);
        for (uint32_t k = 0; pairwise && k < target->nkids; k++) /* a, b = x, y: each its own */
            assign (in, target->kids[k], evaluate (in, right->kids[k]));
    }
}

static void
run_augment (struct interpreter *in, const struct ast *n)
{
    const struct set *old = evaluate (in, n->kids[0]);
    const struct set *added = evaluate (in, n->kids[1]);
    const struct set *given = special_run (in, old, SPECIAL_AUGMENT | SPECIAL_OPERATOR, added);
    objects_change (in, old, false);
    set_foreach (id, old)
        heap_store (in->heap, id, 0, elements_of (in, added), false);
    assign (in, n->kids[0], set_union (in->arena, old, given));
}

static void
run_delete (struct interpreter *in, const struct ast *n)
{
    ast_foreach (target, n)
        if ((*target)->kind == AST_NAME && !in->env)
            name_delete (in, (*target)->name);
        else if ((*target)->kind == AST_TUPLE)
            run_delete (in, *target);
        else if ((*target)->kind != AST_NAME && (*target)->nkids)
            objects_change (in, evaluate (in, (*target)->kids[0]), false);
}

/* The last expression of a cell is shown, unless a semicolon follows it. */
static bool
is_shown (const struct interpreter *in, const struct ast *n)
{
    const struct unit *u = &in->program->units.items[in->unit];
    if (in->env || !u->tree->nkids || u->tree->kids[u->tree->nkids - 1] != n)
        return false;
    const char *behind = u->text->code + n->end;
    return behind[strspn (behind, " \t")] != ';';
}

/* Figures, which are no longer quite the same once they have been drawn. */
static const struct set *
drawn (struct interpreter *in, const struct set *value)
{
    const struct set *all = NULL;
    set_foreach (id, value) {
        const struct object *o = heap_get (in->heap, id);
        if (o->kind == OBJECT_VALUE && o->type && strncmp (symbol_text (in->symbols, o->type), "matplotlib.", 11) == 0)
            all = set_union (in->arena, all, set_one (in->arena, id));
    }
    return all;
}

static void
run_expression (struct interpreter *in, const struct ast *n)
{
    const struct ast *outer = in->statement;
    bool outer_shown = in->shown;
    in->statement = n->kids[0];
    in->shown = is_shown (in, n);
    const struct set *value = evaluate (in, n->kids[0]);
    if (in->shown) {
        special_run (in, value, SPECIAL_TEXT, NULL);
        objects_change (in, drawn (in, value), false);
    }
    in->statement = outer;
    in->shown = outer_shown;
}

static void
run_return (struct interpreter *in, const struct ast *n)
{
    const struct set *value = n->nkids ? evaluate (in, n->kids[0]) : NULL;
    if (in->env)
        in->env->returned = set_union (in->arena, in->env->returned, value);
}

void
run_block (struct interpreter *in, const struct ast *block)
{
    ast_foreach (statement, block)
        run_statement (in, *statement);
}

void
run_statement (struct interpreter *in, const struct ast *n)
{
    if (!n || in->budget-- <= 0)
        return;
    switch ((enum ast_kind) n->kind) {
    case AST_BLOCK: run_block (in, n); break;
    case AST_EXPRESSION: run_expression (in, n); break;
    case AST_ASSIGN: run_assign (in, n); break;
    case AST_AUGMENT: run_augment (in, n); break;
    case AST_ANNOTATE:
        evaluate (in, n->kids[1]);
        if (n->kids[2] && n->kids[0])
            assign (in, n->kids[0], evaluate (in, n->kids[2]));
        break;
    case AST_DELETE: run_delete (in, n); break;
    case AST_FUNCTION: run_function (in, n); break;
    case AST_CLASS: run_class (in, n); break;
    case AST_RETURN: run_return (in, n); break;
    case AST_RAISE:
    case AST_ASSERT:
    case AST_ERROR:
        ast_foreach (kid, n)
            evaluate (in, *kid);
        break;
    case AST_IF: run_if (in, n); break;
    case AST_FOR: run_for (in, n); break;
    case AST_WHILE: run_while (in, n); break;
    case AST_TRY: run_try (in, n); break;
    case AST_WITH: run_with (in, n); break;
    case AST_MATCH: run_match (in, n); break;
    case AST_IMPORT: run_import (in, n); break;
    case AST_IMPORT_FROM: run_import_from (in, n); break;
    case AST_TYPE_ALIAS: assign (in, n->kids[0], NULL); break;
    case AST_GLOBAL:
    case AST_NONLOCAL:
    case AST_PASS: break;
    default: /* an expression where a statement stands: within broken text */
        if (n->kind < AST_BLOCK)
            evaluate (in, n);
    }
}

/* ---- files ------------------------------------------------------------------------------------------------------ */

/* A relative path counts from the folder of the notebook whose cell runs; events count from the main one's. */
void
file_used (struct interpreter *in, enum file_use use, const char *path)
{
    const struct site *s = &in->flow->sites.items[in->site];
    const struct notebook *nb = in->program->units.items[s->unit].cell->notebook;
    if (use != FILE_SHELL && *path) {
        path = path_in (in->arena, in->cwd, path);
        path = nb->folder ? path_in (in->arena, nb->folder, path) : path;
    }
    struct file_event f = { in->site, use, arena_strdup (in->arena, path) };
    vec_push (in->arena, &in->flow->files, f);
}

/* A folder that the notebook makes itself has to be there first. */
void
folder_changed (struct interpreter *in, const char *path)
{
    const char *to = path_in (in->arena, in->cwd, path ? path : PATH_UNKNOWN);
    for (size_t i = in->flow->files.len; i-- > 0;)
        if (in->flow->files.items[i].use == FILE_WRITE && path_may_meet (in->flow->files.items[i].path, to)) {
            file_used (in, FILE_READ, path ? path : PATH_UNKNOWN);
            break;
        }
    const char *cwd = path_in (in->arena, in->cwd, path ? path : PATH_UNKNOWN);
    in->cwd = strcmp (cwd, ".") == 0 ? "" : cwd;
}

/* ---- sites ------------------------------------------------------------------------------------------------------ */

static bool
is_literal (const struct ast *n)
{
    if (n->kind == AST_CONSTANT || n->kind == AST_STRING)
        return true;
    if (n->kind != AST_TUPLE && n->kind != AST_LIST && n->kind != AST_DICT && n->kind != AST_SET
        && n->kind != AST_OPERATION)
        return false;
    ast_foreach (kid, n)
        if (*kid && !is_literal (*kid))
            return false;
    return true;
}

static bool
is_constant (const struct ast *n)
{
    if (n->kind == AST_ANNOTATE)
        return n->kids[2] && is_literal (n->kids[2]);
    return n->kind == AST_ASSIGN && is_literal (n->kids[n->nkids - 1]);
}

/* Made of nothing but modules, what is in them, classes, and other such names. */
static bool
is_library_value (const struct interpreter *in, const struct ast *n)
{
    if (n->kind == AST_CONSTANT || n->kind == AST_STRING)
        return true;
    if (n->kind == AST_NAME) {
        const struct binding *b = (size_t) n->name < in->globals.len ? &in->globals.items[n->name] : NULL;
        if (!b || !b->writes)
            return builtins_has (symbol_text (in->symbols, n->name));
        int site = b->writes->items[b->writes->len - 1].site;
        enum site_kind kind = in->flow->sites.items[site].kind;
        return site != in->site && b->writes->len == 1 && (kind == SITE_IMPORT || kind == SITE_DEFINITION);
    }
    if (n->kind != AST_ATTRIBUTE && n->kind != AST_SUBSCRIPT && n->kind != AST_TUPLE && n->kind != AST_LIST
        && n->kind != AST_OPERATION)
        return false;
    ast_foreach (kid, n)
        if (!*kid || !is_library_value (in, *kid))
            return false;
    return true;
}

/* Word = str, Grid = Dict[Square, Word]: a name for a type, repeated wherever it is needed as definitions are. */
static bool
is_alias (const struct interpreter *in, const struct ast *n)
{
    const struct ast *value = n->kind == AST_ASSIGN && n->nkids == 2 ? n->kids[1] : NULL;
    return value && n->kids[0]->kind == AST_NAME
           && (value->kind == AST_NAME || value->kind == AST_ATTRIBUTE || value->kind == AST_SUBSCRIPT)
           && is_library_value (in, value);
}

void
set_up (struct interpreter *in, symbol state)
{
    in->setup = true;
    if (state)
        vec_int_add_once (in->arena, &in->states, state);
}

/* Set-up is repeated in every later step; unless the statement does more than that, depends on what a step made, or
 * comes after one that could not be repeated. Then the state travels like a value. */
static bool
sets_up_itself (const struct interpreter *in)
{
    if (in->flow->changes.len > in->first_change || in->flow->files.len > in->first_file)
        return true;
    vec_foreach (state, &in->states)
        if (vec_int_has (&in->ambient, *state))
            return true;
    return in->states.len && in->working && in->working[in->site];
}

/* Whether a site's unit has nothing in it but definitions, so far. */
static bool
only_defines (const struct interpreter *in, int site)
{
    int unit = in->flow->sites.items[site].unit;
    for (size_t i = in->flow->sites.len; i-- > 0;) {
        const struct site *s = &in->flow->sites.items[i];
        if (s->unit == unit && (int) i != in->site && s->kind == SITE_PLAIN)
            return false;
    }
    return true;
}

/* What is made of a value that a step works out (`def f (x=rows)`, `if len (rows) > 3: …`) can't be repeated ahead of any
 * step: of that one, for instance. */
static bool
reads_definitions_only (const struct interpreter *in, const struct site *s)
{
    for (size_t i = s->first_event; i < in->flow->events.len; i++) {
        const struct writes *w = in->flow->events.items[i].writes;
        for (int k = 0; w && k < w->len; k++) {
            int site = w->items[k].site;
            enum site_kind kind = in->flow->sites.items[site].kind;
            if (site != in->site && kind != SITE_IMPORT && kind != SITE_DEFINITION
                && !(kind == SITE_CONSTANT && only_defines (in, site)))
                return false;
        }
    }
    return true;
}

static enum site_kind
kind_of (const struct interpreter *in, const struct site *s)
{
    const struct ast *n = s->statement;
    if (!n)
        return in->setup && !in->effect && !sets_up_itself (in) ? SITE_SETUP : SITE_PLAIN;
    if (n->kind == AST_IMPORT || n->kind == AST_IMPORT_FROM) /* of what a step writes it can't be repeated anywhere */
        return in->flow->files.len > in->first_file ? SITE_PLAIN : SITE_IMPORT;
    if (in->setup && s->binds.len == 0 && !sets_up_itself (in))
        return SITE_SETUP;
    if (in->effect || in->states.len)
        return SITE_PLAIN;
    bool singleton = in->singleton && n->kind == AST_ASSIGN && n->nkids == 2 && n->kids[0]->kind == AST_NAME;
    if (n->kind == AST_FUNCTION || n->kind == AST_CLASS || singleton || is_alias (in, n)
        || ((n->kind == AST_TRY || n->kind == AST_IF) && s->binds.len))
        return reads_definitions_only (in, s) ? SITE_DEFINITION : SITE_PLAIN;
    return is_constant (n) ? SITE_CONSTANT : SITE_PLAIN;
}

static void
begin_site (struct interpreter *in, int unit, const struct ast *statement)
{
    struct site s = { .unit = unit, .statement = statement, .first_event = in->flow->events.len };
    vec_push (in->arena, &in->flow->sites, s);
    in->site = (int) in->flow->sites.len - 1;
    in->effect = in->setup = in->singleton = false;
    in->states.len = 0;
    in->first_change = in->flow->changes.len;
    in->first_file = in->flow->files.len;
}

/* What runs may depend on state that earlier steps set up, whether it names it or not. */
static void
use_ambient (struct interpreter *in)
{
    for (size_t i = 0; i < in->ambient.len && !in->ambient_read; i++)
        name_read (in, in->ambient.items[i], NULL);
    in->ambient_read = true;
    if (in->setup)
        vec_foreach (state, &in->states) {
            vec_int_add_once (in->arena, &in->ambient, *state);
            name_bind (in, *state, NULL);
        }
}

static void
end_site (struct interpreter *in)
{
    struct site *s = &in->flow->sites.items[in->site];
    s->effect = in->effect;
    s->kind = kind_of (in, s);
    if (s->kind == SITE_PLAIN)
        use_ambient (in);
    in->flow->sites.items[in->site].last_event = in->flow->events.len;
}

static size_t
read_shell_name (struct interpreter *in, const char *name)
{
    size_t n = 0;
    while (isalnum ((unsigned char) name[n]) || name[n] == '_')
        n++;
    symbol s = n && !isdigit ((unsigned char) *name) ? symbol_of (in->symbols, name, n) : 0;
    if (s && name_is_bound (in, s))
        name_read (in, s, NULL);
    return n;
}

/* `!cmd {expression}` and `$name` read names that are bound; `{{` and `$$` stand for the signs themselves. As IPython's
 * DollarFormatter does. */
static void
read_shell_names (struct interpreter *in, const char *text)
{
    bool braces = false;
    for (const char *p = text; *p; p++) {
        bool doubled = p[0] == p[1];
        if (braces && (isalpha ((unsigned char) *p) || *p == '_'))
            p += read_shell_name (in, p) - 1;
        else if ((*p == '{' || *p == '$') && doubled)
            p++;
        else if (*p == '{' || *p == '}')
            braces = *p == '{';
        else if (*p == '$')
            p += read_shell_name (in, p + 1);
    }
}

static void
run_magic (struct interpreter *in, const struct magic *m)
{
    static const char harmless[] = "matplotlib config load_ext reload_ext autoreload precision pylab xmode cd env set_env "
                                   "tensorflow_version";
    if (!m->transparent) /* what stands behind %time is code: `{n: f (n)}` is a dict there */
        read_shell_names (in, m->arguments);
    struct vec_str packages = { 0 };
    if (m->kind == MAGIC_LINE && is_word_of (m->name, harmless)) {
        bool folder = strcmp (m->name, "cd") == 0, environ = is_word_of (m->name, "env set_env");
        if (folder)
            folder_changed (in, *m->arguments ? m->arguments : NULL);
        set_up (in, folder || environ ? symbol_of_str (in->symbols, folder ? "%cwd" : "%environ") : 0);
        return;
    }
    if (m->transparent || m->kind == MAGIC_HELP || magic_requirements (in->arena, m, &packages))
        return;
    in->effect = true;
    if (m->kind == MAGIC_LINE && strcmp (m->name, "run") == 0) {
        in->dynamic = true;
        vec_int_add_once (in->arena, &in->flow->dynamic_sites, in->site);
        const char *script = m->arguments + strspn (m->arguments, " ");
        if (*script && *script != '-')
            file_used (in, FILE_READ, arena_strndup (in->arena, script, strcspn (script, " ")));
    }
    bool writes = m->kind == MAGIC_CELL && (strcmp (m->name, "writefile") == 0 || strcmp (m->name, "file") == 0);
    const char *path = writes ? m->arguments + (strncmp (m->arguments, "-a ", 3) == 0 ? 3 : 0) : m->arguments;
    bool shell = m->kind == MAGIC_SHELL || is_word_of (m->name, "bash sh script sx system ls mkdir rm cp mv cat");
    if (m->kind == MAGIC_CELL && shell)
        path = m->body;
    if ((writes || shell) && strcmp (path, "true") != 0)
        file_used (in, writes ? FILE_WRITE : FILE_SHELL, path);
}

static int
line_of (const char *text, uint32_t offset)
{
    int line = 1;
    for (uint32_t i = 0; i < offset && text[i]; i++)
        line += text[i] == '\n';
    return line;
}

/* ---- what earlier runs observed (learned.h) ---------------------------------------------------------------------- */

/* The class as the table has it: what "pandas.core.frame.DataFrame" is called there is "pandas.DataFrame". */
static symbol
class_in_table (struct interpreter *in, const char *type)
{
    const char *last = strrchr (type, '.');
    if (!last)
        return symbol_of_str (in->symbols, type);
    const char *shorter = arena_printf (in->arena, "%.*s%s", (int) strcspn (type, "."), type, last);
    bool known = library_knows (in->library, arena_printf (in->arena, "%s.*", shorter));
    return symbol_of_str (in->symbols, known ? shorter : type);
}

/* Only where the text says nothing of it. */
static void
learn_type (struct interpreter *in, symbol name, const char *type)
{
    const struct set *value = (size_t) name < in->globals.len ? in->globals.items[name].value : NULL;
    struct object *o = value && value->len == 1 ? heap_get (in->heap, value->items[0]) : NULL;
    if (o && o->kind == OBJECT_VALUE && !o->type && !o->text && o->class_object < 0)
        o->type = class_in_table (in, type);
}

static symbol
bound_name (struct interpreter *in, const json_t *name)
{
    symbol s = json_is_string (name) ? symbol_of_str (in->symbols, json_string_value (name)) : 0;
    return s && name_is_bound (in, s) ? s : 0;
}

/* At the end of the unit's last statement, which is taken to do it. */
static void
learn (struct interpreter *in)
{
    const json_t *facts = learned_find (in->program->learned, in->digests[in->unit].hex), *entry;
    size_t i;
    json_array_foreach (json_object_get (facts, "changed"), i, entry)
        if (bound_name (in, entry))
            objects_change (in, name_read (in, bound_name (in, entry), NULL), true);
    json_array_foreach (json_object_get (facts, "unserializable"), i, entry)
        if (bound_name (in, entry))
            set_foreach (id, in->globals.items[bound_name (in, entry)].value)
                heap_get (in->heap, id)->unpicklable = true;
    const char *name;
    json_t *about;
    json_object_foreach (json_object_get (facts, "values"), name, about) {
        const char *type = json_string_value (json_object_get (about, "type"));
        if (type && *type)
            learn_type (in, symbol_of_str (in->symbols, name), type);
    }
}

static void
run_unit (struct interpreter *in, int unit)
{
    const struct unit *u = &in->program->units.items[unit];
    size_t next = 0;
    in->unit = unit;
    in->ambient_read = false;
    if (u->tree->nkids == 0 && u->text->magics.len) {
        begin_site (in, unit, NULL);
        vec_foreach (m, &u->text->magics)
            run_magic (in, m);
        end_site (in);
        return;
    }
    ast_foreach (statement, u->tree) {
        begin_site (in, unit, *statement);
        in->budget = in->budget < 20000 ? 20000 : in->budget;
        int last = next < u->text->magics.len ? line_of (u->text->code, (*statement)->end) : 0;
        for (; next < u->text->magics.len && u->text->magics.items[next].line <= last; next++)
            run_magic (in, &u->text->magics.items[next]);
        run_statement (in, *statement);
        if (in->digests && *statement == u->tree->kids[u->tree->nkids - 1])
            learn (in);
        end_site (in);
    }
}

static struct flow *
walk (struct program *program, const bool *working)
{
    struct arena *a = program->arena;
    struct flow *flow = arena_new (a, struct flow);
    flow->program = program;
    flow->heap = arena_new (a, struct heap);
    flow->heap->arena = a;
    struct symbols *s = program->symbols;
    struct interpreter in = { .arena = a, .symbols = s, .program = program, .flow = flow, .heap = flow->heap,
                              .working = working, .cwd = "" };
    in.library = library_create (a, s);
    flow->wrong_effect = library_add (in.library, program->effects);
    in.digests = program->learned ? learned_digests (program) : NULL;
    in.budget = 2000000;
    in.s_init = symbol_of_str (s, "__init__");
    in.s_call = symbol_of_str (s, "__call__");
    in.s_forward = symbol_of_str (s, "forward");
    in.s_shared = symbol_of_str (s, "[shared]");
    in.s_bases = symbol_of_str (s, "__bases__");
    in.s_inplace = symbol_of_str (s, "inplace");
    in.s_out = symbol_of_str (s, "out");
    in.s_mode = symbol_of_str (s, "mode");
    for (int i = 0; i < MAX_PLACES; i++)
        in.s_place[i] = symbol_of_str (s, arena_printf (a, "[%d]", i));
    for (size_t i = 0; i < program->units.len; i++)
        run_unit (&in, (int) i);
    return flow;
}

/* Whether every step can have what the site reads without waiting for another: definitions, parameters, and constants
 * that belong to no step, as long as they keep their first value. */
static bool
is_repeatable (const struct flow *flow, const struct site *s, const int *changes)
{
    for (size_t i = s->first_event; i < s->last_event; i++) {
        const struct event *e = &flow->events.items[i];
        for (int k = 0; e->writes && k < e->writes->len; k++) {
            const struct site *w = &flow->sites.items[e->writes->items[k].site];
            enum cell_role role = flow->program->units.items[w->unit].tags.role;
            bool shared = role == ROLE_PARAMETERS || role == ROLE_IMPORTS || role == ROLE_FUNCTIONS;
            bool once = changes[e->name] == 1 && shared && (w->kind == SITE_CONSTANT || role == ROLE_PARAMETERS);
            if (w->kind != SITE_IMPORT && w->kind != SITE_DEFINITION && !once)
                return false;
        }
    }
    return true;
}

struct flow *
interpreter_run (struct program *program)
{
    struct flow *flow = walk (program, NULL);
    bool *working = arena_alloc (program->arena, flow->sites.len + 1), any = false;
    int *changes = arena_alloc (program->arena, (size_t) (symbols_count (program->symbols) + 1) * sizeof *changes);
    vec_foreach (c, &flow->changes)
        changes[c->name]++;
    for (size_t i = 0; i < flow->sites.len; i++) {
        const struct site *s = &flow->sites.items[i];
        working[i] = s->kind == SITE_SETUP && !is_repeatable (flow, s, changes);
        any |= working[i];
    }
    return any ? walk (program, working) : flow;
}

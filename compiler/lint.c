/* See lint.h. Each rule is a function; the table of shapes of secrets is data.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/lint.h"
#include "compiler/learned.h"
#include "compiler/path.h"

#include "compiler/scope.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

struct linting {
    const struct flow *flow;
    struct program *program;
    struct diag_list *diags;
    struct vec_str told; /* paths */
    int unit;
};

static void
tell (struct linting *l, int unit, uint32_t offset, enum severity severity, const char *rule, const char *hint,
      const char *message)
{
    struct place at = program_place (l->program, unit, offset);
    diag_add (l->diags, severity, rule, at, cell_line (l->program->arena, l->program->units.items[unit].cell, at.line),
              hint, "%s", message);
}

/* ---- execution counts ------------------------------------------------------------------------------------------- */

/* %chard lines and nothing else: it computes nothing, and is run at any time. */
static bool
only_calls (const struct unit *u)
{
    const char *code = u->text->code;
    return u->text->calls.len > 0 && code[strspn (code, " \t\r\n")] == '\0';
}

/* The first cell that was last run before one above it; only one is told, since the rest follows from it. */
static void
lint_order (struct linting *l)
{
    const struct cell *last = NULL;
    vec_foreach (u, &l->program->units) {
        const struct cell *c = u->cell;
        if (c->notebook != l->program->notebook || c->execution_count <= 0 || only_calls (u))
            continue;
        if (last && c->execution_count < last->execution_count) {
            struct place at = { .cell = c->index };
            diag_add (l->diags, SEVERITY_NOTE, "cell-order", at, NULL,
                      "run the notebook from top to bottom once, to see what the pipeline will compute",
                      "this cell was run before cell %d, which stands above it", last->index);
            return;
        }
        last = c;
    }
}

/* ---- paths ------------------------------------------------------------------------------------------------------ */

/* /home/ann/x, C:\x, ~/x; but what every machine has, and what people mount, is not of one machine. */
static bool
is_of_one_machine (const char *path)
{
    static const char *const everywhere[] = { "/tmp", "/dev/", "/proc/", "/etc/", "/usr/",
                                              "/opt/", "/var/tmp", "/gcs/", "/mnt/", "/data" };
    if (isalpha ((unsigned char) path[0]) && path[1] == ':' && (path[2] == '\\' || path[2] == '/'))
        return true;
    if (path[0] == '~' && path[1] == '/')
        return true;
    if (path[0] != '/' || !path[1])
        return false;
    for (size_t i = 0; i < sizeof everywhere / sizeof *everywhere; i++)
        if (strncmp (path, everywhere[i], strlen (everywhere[i])) == 0)
            return false;
    return true;
}

static void
lint_paths (struct linting *l)
{
    vec_foreach (f, &l->flow->files) {
        const struct site *s = &l->flow->sites.items[f->site];
        if (f->use == FILE_SHELL || f->use == FILE_NAMED || !s->statement || !path_is_exact (f->path)
            || !is_of_one_machine (f->path) || !vec_str_add_once (l->program->arena, &l->told, f->path))
            continue;
        tell (l, s->unit, s->statement->start, SEVERITY_WARNING, "absolute-path",
              "take a path from the notebook's folder, or a parameter; other machines run the steps too",
              arena_printf (l->program->arena, "`%.80s` is a path of one machine", f->path));
    }
}

/* ---- secrets ---------------------------------------------------------------------------------------------------- */

/* Keys that services hand out: a prefix, then so many letters, digits, - or _. */
static const struct {
    const char *prefix;
    size_t least;
} keys[] = {
    { "AKIA", 16 }, { "ASIA", 16 }, { "ghp_", 36 }, { "gho_", 36 }, { "github_pat_", 40 }, { "glpat-", 20 },
    { "sk-", 32 },  { "AIza", 35 }, { "xoxb-", 20 }, { "xoxp-", 20 }, { "hf_", 30 }, { "SG.", 40 }, { "ya29.", 30 },
};

static bool
is_key (const char *text)
{
    if (strstr (text, "-----BEGIN ") && strstr (text, "PRIVATE KEY-----"))
        return true;
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        size_t n = strlen (keys[i].prefix), m = 0, digits = 0;
        if (strncmp (text, keys[i].prefix, n) != 0)
            continue;
        for (; isalnum ((unsigned char) text[n + m]) || strchr ("-_.", text[n + m] ? text[n + m] : ' '); m++)
            digits += isdigit ((unsigned char) text[n + m]) != 0;
        if (m >= keys[i].least && digits >= 2 && !text[n + m])
            return true;
    }
    return false;
}

/* "postgres://ann:hunter2@db/x": a user's password, which is no placeholder. */
static bool
is_url_with_password (const char *text)
{
    const char *user = strstr (text, "://"), *at = user ? strchr (user + 3, '@') : NULL;
    const char *colon = at ? memchr (user + 3, ':', (size_t) (at - user - 3)) : NULL;
    size_t n = colon ? (size_t) (at - colon - 1) : 0;
    return n >= 4 && strcspn (colon + 1, "{}<>$*[]/ ") >= n && strncasecmp (colon + 1, "pass", 4) != 0
           && strncasecmp (colon + 1, "your", 4) != 0 && strncasecmp (colon + 1, "xxx", 3) != 0;
}

static bool
names_secret (const char *name)
{
    static const char *const words[] = { "password", "passwd", "api_key", "apikey", "secret", "access_key",
                                         "auth_token", "access_token", "private_key" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr (name, words[i]))
            return true;
    return false;
}

/* "hunter2-xyz": no blank, no placeholder, letters and digits. */
static bool
looks_secret (const char *text)
{
    static const char *const placeholders[] = { "your", "xxx", "example", "insert", "replace", "changeme", "<", "{",
                                                "[",
                                                "...", "***", "todo", "://", "/", "_here", "dummy", "fake", "test" };
    size_t n = strlen (text), digits = 0, letters = 0;
    for (const char *p = text; *p; p++) {
        if (isspace ((unsigned char) *p))
            return false;
        digits += isdigit ((unsigned char) *p) != 0;
        letters += isalpha ((unsigned char) *p) != 0;
    }
    for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++)
        if (strcasestr (text, placeholders[i]))
            return false;
    return n >= 8 && digits && letters >= 2;
}

static const char *
string_of (struct linting *l, const struct ast *n)
{
    const char *source = l->program->units.items[l->unit].text->code;
    return n && n->kind == AST_STRING ? ast_string (l->program->arena, n, source) : NULL;
}

/* The line isn't shown: what is printed here ends up in logs. */
static void
tell_secret (struct linting *l, struct place at)
{
    diag_add (l->diags, SEVERITY_WARNING, "secret-in-source", at, NULL,
              "read it from os.environ, and tag the step `secret:NAME:KEY:ENV`; and have it replaced, since others "
              "have seen it", "this looks like a secret: it would be written into every document made of the notebook");
}

static void
tell_string (struct linting *l, const struct ast *n)
{
    tell_secret (l, program_place (l->program, l->unit, n->start));
}

/* !pip install git+https://me:s3cret@host/x */
static void
lint_magics (struct linting *l)
{
    vec_foreach (m, &l->program->units.items[l->unit].text->magics) {
        struct place at = program_place (l->program, l->unit, 0);
        at.line = m->line;
        if (is_url_with_password (m->arguments) || (m->body && is_url_with_password (m->body)))
            tell_secret (l, at);
    }
}

/* password = "…", connect (password="…"), config["password"] = "…" */
static bool
is_given_secret (struct linting *l, const struct ast *n)
{
    const struct ast *target = n->kids[0], *value = n->kids[n->nkids - 1];
    const char *name = NULL, *text = string_of (l, value);
    if (n->kind == AST_KEYWORD)
        name = symbol_text (l->program->symbols, n->name);
    else if (target->kind == AST_NAME || target->kind == AST_ATTRIBUTE)
        name = symbol_text (l->program->symbols, target->name);
    else if (target->kind == AST_SUBSCRIPT && target->nkids == 2)
        name = string_of (l, target->kids[1]);
    return text && name && names_secret (name) && looks_secret (text);
}

/* ---- questions to the user -------------------------------------------------------------------------------------- */

static void
lint_call (struct linting *l, const struct ast *n)
{
    const struct ast *f = n->kids[0];
    const char *name = f->kind == AST_NAME
        || f->kind == AST_ATTRIBUTE ? symbol_text (l->program->symbols, f->name) : "";
    bool asks = f->kind == AST_NAME ? strcmp (name, "input") == 0 || strcmp (name, "getpass") == 0
                                    : strcmp (name, "getpass") == 0;
    if (asks)
        tell (l, l->unit, n->start, SEVERITY_WARNING, "asks-user",
              "make it a parameter: a cell tagged `pipeline-parameters`, or an environment variable",
              arena_printf (l->program->arena, "`%s` waits for somebody to type, and no one sits before a step", name));
}

static void
walk (struct linting *l, const struct ast *n)
{
    if (!n)
        return;
    if (n->kind == AST_CALL && n->nkids)
        lint_call (l, n);
    bool gives = (n->kind == AST_ASSIGN && n->nkids == 2) || (n->kind == AST_KEYWORD && n->nkids == 1);
    if (gives && is_given_secret (l, n)) {
        tell_string (l, n->kids[n->nkids - 1]);
        return;
    }
    const char *text = string_of (l, n);
    if (text && (is_key (text) || is_url_with_password (text)))
        tell_string (l, n);
    ast_foreach (kid, n)
        walk (l, *kid);
}

void
lint_flow (const struct flow *flow, struct diag_list *diags)
{
    struct linting l = { .flow = flow, .program = flow->program, .diags = diags };
    lint_order (&l);
    lint_paths (&l);
    for (size_t i = 0; i < l.program->units.len; i++) {
        l.unit = (int) i;
        lint_magics (&l);
        walk (&l, l.program->units.items[i].tree);
    }
}

/* ---- the session's history -------------------------------------------------------------------------------------- */

/* Whether the unit ends with a value that is shown and kept as `_`; print and display give None. */
static bool
ends_with_value (const struct program *p, const struct unit *u)
{
    const struct ast *last = u->tree->nkids ? u->tree->kids[u->tree->nkids - 1] : NULL;
    if (!last || last->kind != AST_EXPRESSION)
        return false;
    const struct ast *value = last->kids[0];
    const struct ast *f = value->kind == AST_CALL ? value->kids[0] : NULL;
    const char *name = f && f->kind == AST_NAME ? symbol_text (p->symbols, f->name) : "";
    return strcmp (name, "print") != 0 && strcmp (name, "display") != 0;
}

/* The last unit above `unit` that shows a value; -1. */
static int
last_shown (const struct program *p, int unit)
{
    while (--unit >= 0)
        if (ends_with_value (p, &p->units.items[unit]))
            return unit;
    return -1;
}

void
lint_history (const struct flow *flow, const struct grouping *g, struct diag_list *diags)
{
    struct linting l = { .flow = flow, .program = flow->program, .diags = diags };
    vec_foreach (u, &flow->history) {
        const char *name = symbol_text (l.program->symbols, u->name);
        int unit = flow->sites.items[u->site].unit, shown = last_shown (l.program, unit);
        bool last = name[0] == '_' && strspn (name, "_") == strlen (name);
        if (last && (shown < 0 || g->owner.items[shown] == g->owner.items[unit]))
            continue;
        tell (&l, u->unit, u->at ? u->at->start : 0, SEVERITY_ERROR, "session-history",
              "give the value a name in the cell that shows it, and use that",
              arena_printf (l.program->arena,
                            "`%s` is what the session showed or ran before, of which a step knows only its own cells",
                            name));
    }
}

/* ---- sizes ------------------------------------------------------------------------------------------------------ */

static const double large = 1 << 30; /* bytes: where pipelines run elsewhere each step uploads and fetches it */

static double
size_seen (const json_t *learned, const struct code_digest *digests, const struct program *p, const struct output *o)
{
    for (size_t i = 0; i < p->units.len; i++)
        if (p->units.items[i].cell->index == o->cell && p->units.items[i].cell->notebook == p->notebook)
            return json_number_value (json_object_get (
                json_object_get (json_object_get (learned_find (learned, digests[i].hex), "values"), o->name),
                "bytes"));
    return 0;
}

void
lint_sizes (const struct pipeline *p, const struct program *program, const json_t *learned, struct diag_list *diags)
{
    const struct code_digest *digests = learned ? learned_digests (program) : NULL;
    vec_foreach (s, &p->steps)
        vec_foreach (o, &s->outputs) {
            double bytes = learned && o->kind == INPUT_DATA && !s->notebook ? size_seen (learned, digests, program, o)
                                                                            : 0;
            struct place at = { .cell = o->cell };
            if (bytes >= large)
                diag_add (diags, SEVERITY_WARNING, "large-value", at, NULL,
                          "hand on less (what later cells need of it), write it to a file or volume:, or give the "
                          "cells one step",
                          "`%s`, which step \"%s\" hands on, had %.1f GiB when it was run last", o->name, s->name,
                          bytes / (1 << 30));
        }
}

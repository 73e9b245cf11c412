/* What inferred steps are called, so that people know them again. See step.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/step.h"

#include <ctype.h>
#include <string.h>

#define LONGEST_NAME 40

/* ---- words ------------------------------------------------------------------------------------------------------ */

/* Length of the character of another script at `p` if it can be part of a word: most can, signs and pictures can't. */
static size_t
letter_len (const unsigned char *p, size_t left)
{
    size_t n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc2 ? 2 : 0;
    if (n == 0 || n > left || n == 4)
        return 0;
    bool sign = (p[0] == 0xc2) || (p[0] == 0xe2 && p[1] >= 0x80 && p[1] <= 0xaf) || (p[0] == 0xe3 && p[1] == 0x80)
                || (p[0] == 0xef && p[1] >= 0xb8) || (p[0] == 0xee);
    return sign ? 0 : n;
}

char *
step_slug (struct arena *a, const char *text, size_t len)
{
    char *slug = arena_alloc (a, len + 2);
    size_t n = 0, fits = 0; /* `fits`: up to the last whole word that fits */
    for (size_t i = 0; i < len;) {
        const unsigned char *p = (const unsigned char *) text + i;
        size_t letter = *p < 0x80 ? isalnum (*p) != 0 : letter_len (p, len - i);
        if (letter) {
            for (size_t k = 0; k < letter; k++)
                slug[n++] = (char) (p[k] < 0x80 ? tolower (p[k]) : p[k]);
        } else if (n && slug[n - 1] != '-' && *p != '\'') {
            fits = n <= LONGEST_NAME ? n : fits;
            slug[n++] = '-';
        }
        i += letter ? letter : 1;
    }
    while (n && slug[n - 1] == '-')
        n--;
    if (n > LONGEST_NAME)
        for (n = fits ? fits : LONGEST_NAME; !fits && n && ((unsigned char) slug[n] & 0xc0) == 0x80;)
            n--;
    slug[n] = '\0';
    return slug;
}

/* trainTestSplit, LogisticRegression, read_csv -> words that are told apart. */
static const char *
split_words (struct arena *a, const char *name)
{
    char *out = arena_alloc (a, 2 * strlen (name) + 1);
    size_t n = 0;
    for (const char *p = name; *p; p++) {
        if (p > name && isupper ((unsigned char) *p) && islower ((unsigned char) p[-1]))
            out[n++] = '_';
        out[n++] = *p;
    }
    out[n] = '\0';
    return out;
}

/* ---- comments --------------------------------------------------------------------------------------------------- */

/* A comment that is prose, not code set aside or a remark for tools. */
static bool
is_prose (const char *p, size_t len)
{
    size_t letters = 0, words = 1;
    if (len < 3 || len > 100 || memchr (p, '=', len) || memchr (p, '[', len) || memchr (p, '{', len)
        || memchr (p, '%', len))
        return false;
    for (size_t i = 0; i < len; i++) {
        letters += isalpha ((unsigned char) p[i]) || ((unsigned char) p[i] & 0x80);
        words += p[i] == ' ';
        if (p[i] == '(' && i && p[i - 1] != ' ')
            return false; /* a call */
    }
    static const char *const others[] = { "import ", "from ", "TODO", "FIXME", "XXX", "noqa", "type:", "pylint", "fmt:",
                                          "print ", "coding", "http", "In ", "!", "@", "Copyright", "SPDX" };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strncmp (p, others[i], strlen (others[i])) == 0)
            return false;
    return letters * 2 > len && words <= 14;
}

/* The first comment line before the cell's code. */
static const char *
comment_of (struct arena *a, const struct cell *c)
{
    for (const char *p = c->source; *p;) {
        size_t len = strcspn (p, "\r\n");
        const char *line = p + strspn (p, " \t"), *end = p + len;
        if (line < end && *line != '#')
            return NULL;
        line += strspn (line, "#-=*~ \t:");
        if (end - line > 7 && strncmp (line, "@title ", 7) == 0) { /* Colab's forms: #@title Load { display-mode: "form"
                                                                      } */
            const char *brace = memchr (line, '{', (size_t) (end - line));
            line += 7 + strspn (line + 7, " ");
            end = brace && brace > line ? brace : end;
        }
        while (end > line && strchr ("#-=*~ \t:.", end[-1]))
            end--;
        if (line < end && line[0] != '|' && is_prose (line, (size_t) (end - line)))
            return arena_strndup (a, line, (size_t) (end - line));
        p += len + strspn (p + len, "\r\n");
    }
    return NULL;
}

/* ---- calls and bound names -------------------------------------------------------------------------------------- */

struct naming {
    struct stepping *s;
    const char *call;  /* of the first call that says something */
    const char *bound; /* the first name that is bound */
};

static const char *
text_of_name (const struct naming *n, symbol name)
{
    return symbol_text (n->s->flow->program->symbols, name);
}

/* Calls that say nothing of what a cell is for. */
static bool
is_common (const char *name)
{
    static const char *const common[] = {
        "abs", "any", "all", "append", "bool", "copy", "dict", "display", "enumerate", "exit", "figure", "filter",
        "float", "format",
        "get_ipython", "getattr", "hasattr", "input", "int", "isinstance", "iter", "join", "keys", "len", "list", "map",
        "max", "min", "next", "open", "print", "range", "repr", "reversed", "round", "set", "show", "sorted", "str",
        "sum", "super", "time", "tuple", "type", "values", "items", "zip",
    };
    for (size_t i = 0; i < sizeof common / sizeof *common; i++)
        if (strcmp (name, common[i]) == 0)
            return true;
    return false;
}

static bool
is_imported (const struct naming *n, symbol name)
{
    vec_foreach (s, &n->s->flow->sites)
        if (s->kind == SITE_IMPORT && vec_int_has (&s->binds, name))
            return true;
    return false;
}

/* pd.read_csv -> "read_csv", model.fit -> "model_fit", train -> "train"; NULL if it says nothing. */
static const char *
callee_text (const struct naming *n, const struct ast *f)
{
    const char *name = f->name ? text_of_name (n, f->name) : "";
    if ((f->kind != AST_NAME && f->kind != AST_ATTRIBUTE) || !*name || is_common (name))
        return NULL;
    const struct ast *base = f->kind == AST_ATTRIBUTE ? ast_kid (f, 0) : NULL;
    while (base && base->kind == AST_SUBSCRIPT)
        base = ast_kid (base, 0);
    if (!base || base->kind != AST_NAME || is_imported (n, base->name))
        return name;
    return arena_printf (n->s->arena, "%s_%s", text_of_name (n, base->name), name);
}

static void
look (struct naming *n, const struct ast *node)
{
    if (!node || n->call || node->kind == AST_FUNCTION || node->kind == AST_CLASS || node->kind == AST_LAMBDA)
        return;
    if (node->kind == AST_ASSIGN && !n->bound) {
        const struct ast *target = ast_kid (node, 0);
        while (target && (target->kind == AST_SUBSCRIPT || target->kind == AST_ATTRIBUTE || target->kind == AST_TUPLE))
            target = ast_kid (target, 0);
        if (target && target->kind == AST_NAME && strcmp (text_of_name (n, target->name), "_") != 0)
            n->bound = text_of_name (n, target->name);
    }
    if (node->kind == AST_CALL && node->nkids) { /* the innermost of a.b ().c () comes first */
        look (n, node->kids[0]);
        if (!n->call)
            n->call = callee_text (n, node->kids[0]);
    }
    ast_foreach (kid, node)
        look (n, *kid);
}

/* "%%bash" -> "bash", "!wget http://…" -> "wget" */
static const char *
magic_name (struct arena *a, const struct unit *u)
{
    vec_foreach (m, &u->text->magics)
        if (m->kind == MAGIC_SHELL)
            return arena_strndup (a, m->arguments, strcspn (m->arguments, " \t|;&"));
        else if (m->name && *m->name)
            return m->name;
    return NULL;
}

/* ---- the name --------------------------------------------------------------------------------------------------- */

static const char *
name_by_code (struct stepping *s, const struct unit *u)
{
    struct naming n = { .s = s };
    ast_foreach (statement, u->tree)
        look (&n, *statement);
    const char *word = n.call ? n.call : n.bound;
    word = word && *word ? split_words (s->arena, word) : magic_name (s->arena, u);
    return word ? step_slug (s->arena, word, strlen (word)) : "";
}

const char *
step_name_units (struct stepping *s, const struct vec_int *units, const char **title)
{
    const struct unit *all = s->flow->program->units.items, *first = &all[units->items[0]];
    *title = comment_of (s->arena, first->cell);
    const char *name = *title ? step_slug (s->arena, *title, strlen (*title)) : "";
    for (size_t i = 0; i < units->len && !*name; i++)
        if (units->len == 1 || !step_only_shows (s, units->items[i]))
            name = name_by_code (s, &all[units->items[i]]);
    if (!*name)
        name = arena_printf (s->arena, "cell-%d", first->cell->index);
    return name;
}

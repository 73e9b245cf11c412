/* See library.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/library.h"

#include "base/vec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct library {
    struct arena *arena;
    struct symbols *symbols;   /* of the compilation: what effects name is one of these */
    struct effect *lines;      /* what the table's lines say, in their order; flags 0: not read yet */
    vec (struct effect) added; /* a project's own lines, by the symbol of their key */
};

static const struct effect unknown;

static const struct {
    const char *word;
    uint32_t flag;
} words[] = {
    { "mutates", EFFECT_MUTATES },
    { "mutates-deep", EFFECT_MUTATES | EFFECT_MUTATES_DEEP },
    { "holds", EFFECT_HOLDS },
    { "returns-self", EFFECT_RETURNS_SELF },
    { "returns-view", EFFECT_RETURNS_VIEW },
    { "returns-element", EFFECT_RETURNS_ELEMENT },
    { "returns-holder", EFFECT_RETURNS_HOLDER },
    { "returns-plain", EFFECT_RETURNS_PLAIN },
    { "iterator", EFFECT_ITERATOR },
    { "unpicklable", EFFECT_UNPICKLABLE },
    { "setup", EFFECT_SETUP },
    { "dynamic", EFFECT_DYNAMIC },
    { "consumes", EFFECT_CONSUMES },
    { "opens", EFFECT_OPENS_FILE },
    { "shell", EFFECT_SHELL },
    { "decorator", EFFECT_PURE_DECORATOR },
    { "zips", EFFECT_ZIPS },
    { "numbers", EFFECT_NUMBERS },
    { "tuples", EFFECT_TUPLES },
    { "maps", EFFECT_MAPS },
    { "acts", EFFECT_ACTS },
    { "gathers", EFFECT_GATHERS },
    { "evaluates", EFFECT_EVALUATES },
    { "singleton", EFFECT_SINGLETON },
    { "shallow", EFFECT_SHALLOW },
    { "deep", EFFECT_DEEP },
    { "makes-decorator", EFFECT_MAKES_DECORATOR },
    { "changes-folder", EFFECT_CHANGES_FOLDER },
    { "drawing", EFFECT_DRAWING },
    { "fresh", 0 },
};

static uint32_t
file_bit (const char *place)
{
    return strcmp (place, "self") == 0 ? FILE_OF_RECEIVER : 1u << atoi (place);
}

/* keeps=database_in_memory */
static bool
read_process_word (const struct library *l, struct effect *e, const char *word)
{
    static const char *const names[] = { [PROCESS_NOT] = "", [PROCESS_ASKED] = "keeps",
                                         [PROCESS_EVERYWHERE] = "everywhere",
                                         [PROCESS_HANDLED] = "handled", [PROCESS_ENDS] = "ends" };
    size_t n = strcspn (word, "=");
    for (int i = PROCESS_ASKED; word[n] && i <= PROCESS_ENDS; i++)
        if (strncmp (names[i], word, n) == 0 && names[i][n] == '\0') {
            e->process = i;
            e->process_state = symbol_of_str (l->symbols, arena_printf (l->arena, "%%%s", word + n + 1));
            return true;
        }
    return false;
}

/* False if there is no such word. */
static bool
read_word (const struct library *l, struct effect *e, const char *word)
{
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcmp (words[i].word, word) == 0) {
            e->flags |= words[i].flag;
            return true;
        }
    if (strncmp (word, "mutates=", 8) == 0 && !(word[8] >= '0' && word[8] <= '9')) {
        e->mutates_keyword = symbol_of_str (l->symbols, word + 8);
    } else if (strncmp (word, "mutates=", 8) == 0) {
        e->mutates_arguments |= 1u << atoi (word + 8);
    } else if (strncmp (word, "out=", 4) == 0) {
        e->out = atoi (word + 4);
    } else if (strcmp (word, "shares") == 0) {
        e->shares = true;
    } else if (strcmp (word, "unpickles") == 0) {
        e->unpickles = true;
    } else if (strcmp (word, "caches") == 0) {
        e->caches = true;
    } else if (strcmp (word, "of-receiver") == 0) {
        e->of_receiver = true;
    } else if (strcmp (word, "accessor") == 0) {
        e->accessor = true;
    } else if (strcmp (word, "observes") == 0) {
        e->observes = true;
    } else if (strcmp (word, "shows") == 0) {
        e->shows = true;
    } else if (strcmp (word, "connects") == 0) {
        e->connects = CONNECTS;
    } else if (strcmp (word, "connects=url") == 0) {
        e->connects = CONNECTS_BY_URL;
    } else if (strcmp (word, "asks") == 0) {
        e->asks = true;
    } else if (strncmp (word, "parts=", 6) == 0) {
        e->parts = arena_strdup (l->arena, word + 6);
    } else if (strncmp (word, "type=", 5) == 0) {
        e->returns = symbol_of_str (l->symbols, word + 5);
    } else if (strncmp (word, "seeds=", 6) == 0) {
        e->flags |= EFFECT_SEEDS;
        e->state = symbol_of_str (l->symbols, arena_printf (l->arena, "%%%s", word + 6));
    } else if (strncmp (word, "draws=", 6) == 0) {
        e->flags |= EFFECT_DRAWS;
        e->state = symbol_of_str (l->symbols, arena_printf (l->arena, "%%%s", word + 6));
    } else if (strncmp (word, "random=", 7) == 0) {
        e->random = symbol_of_str (l->symbols, arena_printf (l->arena, "%%%s", word + 7));
    } else if (strncmp (word, "random-if=", 10) == 0) {
        e->random_if = symbol_of_str (l->symbols, word + 10);
    } else if (strncmp (word, "traces=", 7) == 0) {
        e->traces = symbol_of_str (l->symbols, arena_printf (l->arena, "%%%s", word + 7));
    } else if (read_process_word (l, e, word)) {
    } else if (strncmp (word, "setup=", 6) == 0) {
        e->flags |= EFFECT_SETUP;
        e->state = symbol_of_str (l->symbols, arena_printf (l->arena, "%%%s", word + 6));
    } else if (strncmp (word, "reads=", 6) == 0) {
        e->reads |= file_bit (word + 6);
    } else if (strcmp (word, "opens=self") == 0) {
        e->flags |= EFFECT_OPENS_FILE;
        e->opens = -1;
    } else if (strncmp (word, "memory=", 7) == 0) {
        e->memory = strcmp (word + 7, "open") == 0 ? MEMORY_OF_OPEN : atoi (word + 7);
    } else if (strncmp (word, "mode=", 5) == 0) {
        e->mode = arena_strdup (l->arena, word + 5);
    } else if (strncmp (word, "writes=", 7) == 0) {
        e->writes |= file_bit (word + 7);
    } else {
        return false;
    }
    return true;
}

/* Reads words, which are changed; false if one isn't known. */
static bool
read_words (const struct library *l, struct effect *e, char *words)
{
    char *save;
    *e = (struct effect){ .flags = EFFECT_KNOWN };
    for (char *word = strtok_r (words, " \t\n", &save); word; word = strtok_r (NULL, " \t\n", &save))
        if (!read_word (l, e, word))
            return false;
    return true;
}

static void
add (struct library *l, const char *key, struct effect e)
{
    symbol s = symbol_of_str (l->symbols, key);
    while (l->added.len <= (size_t) s)
        vec_push (l->arena, &l->added, unknown);
    l->added.items[s] = e;
}

const char *
library_add (struct library *l, const json_t *effects)
{
    void *at;
    for (at = json_object_iter ((json_t *) effects); at; at = json_object_iter_next ((json_t *) effects, at)) {
        const char *key = json_object_iter_key (at), *text = json_string_value (json_object_iter_value (at));
        struct effect e;
        if (!read_words (l, &e, arena_strdup (l->arena, text ? text : "?")))
            return arena_strdup (l->arena, key);
        add (l, key, e);
    }
    return NULL;
}

struct library *
library_create (struct arena *a, struct symbols *symbols)
{
    struct library *l = arena_new (a, struct library);
    l->arena = a;
    l->symbols = symbols;
    l->lines = arena_alloc (a, library_lines_count * sizeof *l->lines);
    return l;
}

static int
compare_key (const void *key, const void *line)
{
    return strcmp (key, ((const struct library_line *) line)->key);
}

static const struct effect *
find_line (const struct library *l, const char *key)
{
    const struct library_line *line = bsearch (key, library_lines, library_lines_count, sizeof *line, compare_key);
    if (!line)
        return &unknown;
    struct effect *e = &l->lines[line - library_lines];
    if (!e->flags && !read_words (l, e, arena_strdup (l->arena, line->words))) {
        fprintf (stderr, "chard: effects table: unknown word in \"%s %s\"\n", line->key, line->words);
        abort (); /* our own mistake, which tests/unit/library.c looks for */
    }
    return e;
}

static const struct effect *
find (const struct library *l, const char *key)
{
    symbol s = l->added.len ? symbol_find (l->symbols, key) : 0;
    if (s && (size_t) s < l->added.len && l->added.items[s].flags)
        return &l->added.items[s];
    return find_line (l, key);
}

const struct effect *
library_function (const struct library *l, const char *path)
{
    const struct effect *e = find (l, path);
    char pattern[512];
    size_t n = strlen (path);
    if (e->flags || n + 3 > sizeof pattern)
        return e;
    memcpy (pattern, path, n + 1);
    for (char *dot; (dot = strrchr (pattern, '.'));) {
        strcpy (dot, ".*");
        e = find (l, pattern);
        if (e->flags)
            return e;
        *dot = '\0';
    }
    const char *last = strrchr (path, '.');
    if (!last)
        return &unknown;
    snprintf (pattern, sizeof pattern, "*%s", last);
    return find (l, pattern);
}

bool
library_knows (const struct library *l, const char *path)
{
    return find (l, path)->flags != 0;
}

/* "a.set_xlabel" -> "a.set_*"; false if there is no word to go by. */
static bool
to_prefix (char *key, size_t size, char separator)
{
    char *name = strrchr (key, separator);
    char *end = name && name[1] ? strrchr (name + 2, '_') : NULL;
    if (!end)
        return false;
    snprintf (end, size - (size_t) (end - key), "_*");
    return true;
}

static const struct effect *
find_member (const struct library *l, symbol type, char separator, symbol name)
{
    char key[512];
    const struct effect *e = &unknown;
    const char *class = type ? symbol_text (l->symbols, type) : "", *member = symbol_text (l->symbols, name);
    if (type) {
        snprintf (key, sizeof key, "%s%c%s", class, separator, member);
        e = find (l, key);
        if (!e->flags && to_prefix (key, sizeof key, separator))
            e = find (l, key);
        if (!e->flags) {
            snprintf (key, sizeof key, "%s%c*", class, separator);
            e = find (l, key);
        }
        if (e->flags)
            return e;
    }
    snprintf (key, sizeof key, "%c%s", separator, member);
    e = find (l, key);
    return e->flags || !to_prefix (key, sizeof key, separator) ? e : find (l, key);
}

const struct effect *
library_method (const struct library *l, symbol type, symbol name)
{
    return find_member (l, type, '.', name);
}

const struct effect *
library_element (const struct library *l, symbol type)
{
    char key[512];
    if (!type)
        return &unknown;
    snprintf (key, sizeof key, "%s[]", symbol_text (l->symbols, type));
    return find (l, key);
}

const struct effect *
library_keyword (const struct library *l, symbol keyword)
{
    char key[128];
    snprintf (key, sizeof key, "=%s", symbol_text (l->symbols, keyword));
    return find (l, key);
}

const struct effect *
library_attribute (const struct library *l, symbol type, symbol name)
{
    return find_member (l, type, '@', name);
}

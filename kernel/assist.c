/* See assist.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/assist.h"

#include "base/fs.h"
#include "cli/option.h"
#include "doc/json_value.h"
#include "kernel/own.h"

#include <ctype.h>
#include <dirent.h>
#include <string.h>

/* ---- candidates ------------------------------------------------------------------------------------------------- */

static bool
begins (const char *text, const char *with)
{
    return strncmp (text, with, strlen (with)) == 0;
}

static void
offer (struct arena *a, struct vec_str *matches, const char *candidate, const char *word)
{
    if (begins (candidate, word))
        vec_str_add_once (a, matches, candidate);
}

/* First words of commands, or the second ones of the group `first`. */
static void
offer_commands (struct arena *a, const struct command *const *table, const char *first, const char *word,
                struct vec_str *matches)
{
    size_t n = first ? strlen (first) : 0;
    for (const struct command *const *c = table; *c; c++) {
        const char *name = (*c)->name;
        if (!first)
            offer (a, matches, arena_strndup (a, name, strcspn (name, " ")), word);
        else if (begins (name, first) && name[n] == ' ')
            offer (a, matches, name + n + 1, word);
    }
}

static bool
takes_value (const struct option *o)
{
    return o->kind != OPTION_FLAG && o->kind != OPTION_COUNT;
}

static void
offer_options (struct arena *a, const struct option *options, const char *word, struct vec_str *matches)
{
    for (const struct option *o = options; o && o->name; o++)
        offer (a, matches, arena_printf (a, "--%s%s", o->name, takes_value (o) ? "=" : ""), word);
}

/* The option that a word gives without its value, "-p" or "--only"; NULL if it gives none, or none that wants one. */
static const struct option *
option_of (const struct option *options, const char *word, size_t len)
{
    for (const struct option *o = options; o && o->name; o++) {
        bool longer = len > 2 && begins (word, "--") && strlen (o->name) == len - 2
            && strncmp (o->name, word + 2, len - 2) == 0;
        if (takes_value (o) && (longer || (len == 2 && word[0] == '-' && o->letter && word[1] == o->letter)))
            return o;
    }
    return NULL;
}

static void
offer_choices (struct arena *a, const char *choices, const char *word, struct vec_str *matches)
{
    for (const char *c = choices; *c; c += strspn (c, "|")) {
        size_t n = strcspn (c, "|");
        offer (a, matches, arena_strndup (a, c, n), word);
        c += n;
    }
}

/* Which call tells the names of a kind; `kind` is also what a usage line calls them. */
static const struct {
    const char *kind, *ask;
} told_by[] = {
    { "STEP", "compile --to=ir -o -" },
    { "STEP.NAME", "compile --to=ir -o -" },
    { "NAME=VALUE", "compile --to=ir -o -" },
    { "RUN", "runs list --format=json" },
};

static void
ask_for (const char *kind, struct assist_question *q)
{
    for (size_t i = 0; kind && i < sizeof told_by / sizeof *told_by; i++)
        if (strcmp (told_by[i].kind, kind) == 0) {
            q->ask = told_by[i].ask;
            q->kind = told_by[i].kind;
        }
}

static void
offer_values (struct arena *a, const struct option *o, const char *word, struct vec_str *matches,
              struct assist_question *q)
{
    if (o->choices)
        offer_choices (a, o->choices, word, matches);
    else
        ask_for (o->argument, q);
}

static bool
is_notebook (const char *name)
{
    const char *dot = strrchr (name, '.');
    return dot && dot > name && (strcmp (dot, ".ipynb") == 0 || strcmp (dot, ".py") == 0);
}

/* Notebooks, and folders that may hold some, of the one that the word names. Those with blanks would need quotes. */
static void
offer_files (struct arena *a, const char *cwd, const char *word, struct vec_str *matches)
{
    const char *slash = strrchr (word, '/'), *folder = slash ? arena_strndup (a, word, (size_t) (slash + 1 - word))
                                                             : "";
    const char *dir = *folder == '/' ? folder : fs_join (a, cwd ? cwd : ".", folder);
    DIR *d = opendir (dir);
    for (struct dirent *e; d && (e = readdir (d));) {
        bool inside = e->d_name[0] != '.' && fs_is_dir (fs_join (a, dir, e->d_name));
        if (e->d_name[0] != '.' && (inside || is_notebook (e->d_name)) && !strpbrk (e->d_name, " \t\"'\\"))
            offer (a, matches, arena_printf (a, "%s%s%s", folder, e->d_name, inside ? "/" : ""), word);
    }
    if (d)
        closedir (d);
    vec_str_sort (matches);
}

/* Operands: of "[RUN] [STEP]" the first is a run, the second a step; of "bash|zsh|fish" one of these. */
static void
offer_operands (struct arena *a, const struct command *c, size_t before, const char *cwd, const char *word,
                struct vec_str *matches, struct assist_question *q)
{
    const char *step = strstr (c->operands, "STEP"), *run = strstr (c->operands, "RUN");
    if (strchr (c->operands, '|'))
        offer_choices (a, c->operands, word, matches);
    else if (step && (before > 0 || !run))
        ask_for (begins (step, "STEP.NAME") ? "STEP.NAME" : "STEP", q);
    else if (run)
        ask_for ("RUN", q);
    else if (strstr (c->operands, "NOTEBOOK"))
        offer_files (a, cwd, word, matches);
}

/* Splits what stands before the cursor at blanks; the last word is the one that is being typed, perhaps "". */
static void
split (struct arena *a, const char *text, struct vec_str *words, size_t *from)
{
    for (const char *p = text;;) {
        p += strspn (p, " \t\n");
        size_t n = strcspn (p, " \t\n");
        *from = (size_t) (p - text);
        vec_push (a, words, arena_strndup (a, p, n));
        p += n;
        if (!*p)
            return;
    }
}

void
assist_complete (struct arena *a, const char *text, const char *cwd, struct vec_str *matches, size_t *from,
                 struct assist_question *q)
{
    struct vec_str words = { 0 };
    *q = (struct assist_question){ 0 };
    split (a, text, &words, from);
    size_t typed = words.len - 1;
    const char *word = words.items[typed], *last = typed > 0 ? words.items[typed - 1] : "";
    const struct vec_str before = { words.items, typed, typed };
    const struct command *c = own_find (&before);
    if (!c) {
        const char *first = typed ? words.items[0] : NULL;
        if (typed < 2)
            offer_commands (a, commands, first, word, matches);
        if (typed < 1)
            offer_commands (a, own_commands, first, word, matches);
        return;
    }
    vec_foreach (w, &before)
        if ((*w)[0] != '-' && is_notebook (*w) && strstr (c->operands, "NOTEBOOK"))
            q->notebook = *w;
    const char *equals = begins (word, "--") ? strchr (word, '=') : NULL;
    const struct option *o = equals ? option_of (c->options, word, (size_t) (equals - word))
                                    : option_of (c->options, last, strlen (last));
    if (equals && !o)
        o = option_of (option_common_table, word, (size_t) (equals - word));
    if (equals) {
        *from += (size_t) (equals + 1 - word);
        word = equals + 1;
    }
    if (o)
        offer_values (a, o, word, matches, q);
    else if (*word == '-') {
        offer_options (a, c->options, word, matches);
        offer_options (a, option_common_table, word, matches);
        offer (a, matches, "--background", word);
    } else
        offer_operands (a, c, typed - (strchr (c->name, ' ') ? 2 : 1), cwd, word, matches, q);
}

/* "train.model": what the steps leave for others. */
static void
pick_outputs (struct arena *a, const json_t *step, const char *word, struct vec_str *matches)
{
    const json_t *output;
    size_t i;
    json_array_foreach (json_object_get (step, "outputs"), i, output)
        offer (a, matches, arena_printf (a, "%s.%s", json_text (step, "name"), json_string_value (output)), word);
}

void
assist_pick (struct arena *a, const json_t *answer, const char *kind, const char *word, struct vec_str *matches)
{
    bool runs = strcmp (kind, "RUN") == 0, parameters = strcmp (kind, "NAME=VALUE") == 0;
    const json_t *list = runs ? answer : json_object_get (answer, parameters ? "parameters" : "steps"), *one;
    size_t i;
    json_array_foreach (list, i, one) {
        const char *name = json_string_value (json_object_get (one, runs ? "run" : "name"));
        if (name && strcmp (kind, "STEP.NAME") == 0)
            pick_outputs (a, one, word, matches);
        else if (name)
            offer (a, matches, arena_printf (a, "%s%s", name, parameters ? "=" : ""), word);
    }
}

/* ---- where the cursor stands ------------------------------------------------------------------------------------ */

/* The byte at which the `n`-th character begins. */
static size_t
byte_of (const char *text, json_int_t n)
{
    size_t i = 0;
    for (; text[i] && n > 0; i++)
        n -= ((unsigned char) text[i + 1] & 0xc0) != 0x80;
    return i;
}

static int
character_of (const char *text, size_t byte)
{
    int n = 0;
    for (size_t i = 0; i < byte && text[i]; i++)
        n += ((unsigned char) text[i] & 0xc0) != 0x80;
    return n;
}

/* The byte behind the "%chard" of the line in which the cursor stands, or of a cell that begins with %%chard; else 0.
 * Question marks may stand in front of it. */
static size_t
find_call (const char *code, size_t cursor)
{
    static const char mark[] = "%chard";
    size_t line = cursor, first = strspn (code, "?"), behind = first + sizeof mark;
    while (line > 0 && code[line - 1] != '\n')
        line--;
    line += strspn (code + line, "?");
    if (code[first] != '%' || !begins (code + first + 1, mark)) {
        if (!begins (code + line, mark))
            return 0;
        behind = line + sizeof mark - 1;
    }
    return !code[behind] || strchr (" \t\n?", code[behind]) ? behind : 0;
}

/* ---- answering -------------------------------------------------------------------------------------------------- */

struct assist {
    struct relay *relay;
    const struct call_context *context;
    const struct screens *screens;
    struct pending_answer *pending;
};

/* A completion that waits for what a command tells. */
struct pending_answer {
    struct pending_answer *next;
    struct assist *assist;
    struct arena *arena;
    struct origin origin;
    struct call *call;
    struct vec_str matches;
    const char *code, *word;
    struct assist_question question;
    size_t start, end; /* bytes of `code` that are replaced */
};

static void
answer (struct assist *s, const struct origin *o, const char *type, const json_t *content)
{
    json_auto_t *busy = json_pack ("{s:s}", "execution_state", "busy"), *idle = json_pack ("{s:s}", "execution_state",
                                                                                           "idle");
    relay_publish (s->relay, "status", o->header, busy);
    relay_answer (s->relay, o, type, content);
    relay_publish (s->relay, "status", o->header, idle);
}

static void
free_pending (struct pending_answer *p)
{
    struct pending_answer **at = &p->assist->pending;
    while (*at && *at != p)
        at = &(*at)->next;
    if (*at)
        *at = p->next;
    call_destroy (p->call);
    origin_clear (&p->origin);
    arena_destroy (p->arena);
}

static void
finish (struct pending_answer *p)
{
    json_t *matches = json_array ();
    vec_foreach (m, &p->matches)
        json_array_append_new (matches, json_string (*m));
    json_auto_t *content = json_pack ("{s:s,s:o,s:i,s:i,s:{}}", "status", "ok", "matches", matches, "cursor_start",
                                      character_of (p->code, p->start), "cursor_end", character_of (p->code, p->end),
                                      "metadata");
    answer (p->assist, &p->origin, "complete_reply", content);
    free_pending (p);
}

static void
on_told (void *arg, const json_t *told)
{
    struct pending_answer *p = arg;
    p->call = NULL;
    if (told)
        assist_pick (p->arena, told, p->question.kind, p->word, &p->matches);
    finish (p);
}

static struct call *
ask (const struct assist *s, struct arena *a, const struct assist_question *q, struct pending_answer *p)
{
    struct vec_str words = { 0 };
    struct error ignored;
    cell_parts_words (a, q->ask, &words, &ignored);
    if (q->notebook)
        vec_push (a, &words, q->notebook);
    json_auto_t *metadata = screens_metadata (s->screens, p->origin.header);
    return call_ask_words (s->context, &words, metadata, on_told, p);
}

static void
complete (struct assist *s, const struct wire_message *m, const char *code, size_t call, size_t cursor)
{
    struct arena *a = arena_create ();
    struct pending_answer *p = arena_new (a, struct pending_answer);
    *p = (struct pending_answer){ .next = s->pending, .assist = s, .arena = a, .origin = origin_copy (m),
                                  .code = arena_strdup (a, code), .end = cursor };
    s->pending = p;
    const char *text = arena_strndup (a, code + call, cursor - call);
    assist_complete (a, text, call_directory (a, s->context), &p->matches, &p->start, &p->question);
    p->word = text + p->start;
    p->start += call;
    struct call *c = p->question.ask ? ask (s, a, &p->question, p) : NULL;
    if (c)
        p->call = c;
    else if (!p->question.ask)
        finish (p);
}

static void
inspect (struct assist *s, const struct wire_message *m, const char *code, size_t call)
{
    struct arena *a = arena_create ();
    struct vec_str words = { 0 };
    struct origin o = origin_copy (m);
    char *line = arena_strndup (a, code + call, strcspn (code + call, "\n"));
    line[strcspn (line, "?")] = '\0';
    struct error ignored;
    cell_parts_words (a, line, &words, &ignored);
    cleanup_strbuf struct strbuf help = { 0 };
    call_help (&words, &help);
    json_auto_t *content = json_pack ("{s:s,s:b,s:{s:s},s:{}}", "status", "ok", "found", true, "data", "text/plain",
                                      strbuf_str (&help), "metadata");
    answer (s, &o, "inspect_reply", content);
    origin_clear (&o);
    arena_destroy (a);
}

bool
assist_take (struct assist *s, const struct wire_message *m)
{
    bool completes = strcmp (m->type, "complete_request") == 0;
    const wire_frame *frame = &m->parts[WIRE_CONTENT];
    if ((!completes && strcmp (m->type, "inspect_request") != 0) || !cell_parts_may_call (frame->data, frame->len))
        return false;
    json_auto_t *content = wire_parse (m, WIRE_CONTENT);
    const char *code = json_string_value (json_object_get (content, "code"));
    if (!code)
        return false;
    size_t cursor = byte_of (code, json_integer_value (json_object_get (content, "cursor_pos")));
    size_t call = find_call (code, cursor);
    if (!call || (completes && cursor <= call)) /* %chard itself is the inner kernel's to complete */
        return false;
    if (completes)
        complete (s, m, code, call, cursor);
    else
        inspect (s, m, code, call);
    return true;
}

struct assist *
assist_create (struct relay *r, const struct call_context *context, const struct screens *screens)
{
    struct assist *s = xcalloc (1, sizeof *s);
    s->relay = r;
    s->context = context;
    s->screens = screens;
    return s;
}

void
assist_destroy (struct assist *s)
{
    while (s && s->pending)
        free_pending (s->pending);
    free (s);
}

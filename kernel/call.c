/* See call.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/call.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "cli/option.h"
#include "compiler/notebook.h"
#include "engine/observed.h"
#include "kernel/job.h"
#include "kernel/own.h"
#include "kernel/unnamed.h"
#include "kernel/view.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#define HELP_WIDTH 78 /* what JupyterLab's tooltip shows without folding */

struct call {
    struct job *job;
    struct view *view;
    char *name;       /* "chard run" */
    char *unsaved;    /* the file with the text of the notebook that isn't saved, or NULL */
    bool interrupted;
    call_done_fn done;
    call_answered_fn answered; /* instead of `done` and a view: who gets the JSON that is printed */
    struct strbuf printed;
    void *arg;
    struct call **list, *next; /* among those in the background; `list` is NULL for others */
};

/* ---- help ------------------------------------------------------------------------------------------------------- */

static void
add_overview (struct strbuf *out)
{
    strbuf_adds (out, "%chard COMMAND [OPTION…]   on a line of its own, among other lines or alone; it means the "
                      "notebook that is open\n\n");
    for (const struct command *const *c = commands; *c; c++)
        strbuf_addf (out, "  %-16s %s\n", (*c)->name, (*c)->summary);
    for (const struct command *const *c = own_commands; *c; c++)
        strbuf_addf (out, "  %-16s %s\n", (*c)->name, (*c)->summary);
    strbuf_adds (out, "\n%chard COMMAND? tells more. Interrupting the cell ends the command; with --background it "
                      "goes on while you work.\n");
}

static const struct command *
find_command (const struct vec_str *words)
{
    return words->len ? command_find (words->items[0], words->len > 1 ? words->items[1] : NULL) : NULL;
}

void
call_help (const struct vec_str *words, struct strbuf *out)
{
    const struct command *c = own_find (words);
    if (c) {
        if (command_takes_notebook (c)) {
            option_fold ("NOTEBOOK need not be named here: it is the one that is open. With --background the command "
                         "goes on after its cell.", 0, HELP_WIDTH, out);
            strbuf_adds (out, "\n\n");
        }
        option_help (c, true, HELP_WIDTH, out);
        return;
    }
    if (words->len)
        strbuf_addf (out, "There is no command %s.\n\n", words->items[0]);
    add_overview (out);
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static const struct option *
find_option (const struct command *c, const char *name)
{
    const struct option *o = c->options;
    while (o && o->name && strcmp (o->name, name) != 0)
        o++;
    return o && o->name ? o : NULL;
}

static bool
is_given (const struct vec_str *words, const char *option)
{
    size_t n = strlen (option);
    vec_foreach (word, words)
        if (strncmp (*word, option, n) == 0 && ((*word)[n] == '\0' || (*word)[n] == '='))
            return true;
    return false;
}

/* -1 if the words are wrong; what stands before the mistake is read all the same. */
static int
parse_words (struct arena *a, const struct vec_str *words, void *settings, struct option_common *common,
             struct vec_str *operands)
{
    const struct command *c = find_command (words);
    size_t skip = strchr (c->name, ' ') ? 2 : 1;
    struct error ignored;
    return option_parse (a, c->options, settings, common, (int) (words->len - skip),
                         (char *const *) words->items + skip, operands, &ignored);
}

const void *
call_settings (struct arena *a, const struct vec_str *words, struct vec_str *operands)
{
    const struct command *c = find_command (words);
    struct option_common common = { 0 };
    void *settings = c ? arena_alloc (a, c->settings_size + 1) : NULL;
    return settings && parse_words (a, words, settings, &common, operands) == 0 ? settings : NULL;
}

const void *
call_setting (const struct vec_str *words, const void *settings, const char *option)
{
    return (const char *) settings + find_option (find_command (words), option)->offset;
}

/* Whether the words name a notebook themselves (the second step of --why is none); if they are wrong, the command will
 * say so. */
static bool
has_operand (struct arena *a, const struct command *c, const struct vec_str *words)
{
    struct option_common common = { 0 };
    struct vec_str operands = { 0 };
    parse_words (a, words, arena_alloc (a, c->settings_size + 1), &common, &operands);
    size_t others = find_option (c, "why") && is_given (words, "--why");
    return operands.len > others || common.help;
}

/* One call as it is put together. */
struct wanted {
    const struct call_context *context;
    struct arena *arena;
    struct vec_str words;
    struct vec_str env;     /* for the command; NULL-terminated when it is started */
    const char *cwd;
    const json_t *metadata; /* of the request */
    const struct outlet *outlet; /* NULL: it is asked for what it knows, and need not look at Python's packages */
};

/* The text goes to a file of the session's private directory, and the command is told of it. */
static int
hand_over_text (struct call *c, struct wanted *w, const struct session_notebook *nb, struct error *err)
{
    static unsigned made;
    struct arena *a = w->arena;
    if (!nb->text)
        return 0;
    c->unsaved = xasprintf ("%s/notebook-%u.ipynb", w->context->dir, made++);
    vec_push (a, &w->env, arena_printf (a, NOTEBOOK_UNSAVED "=%s", nb->path));
    vec_push (a, &w->env, arena_printf (a, NOTEBOOK_UNSAVED_TEXT "=%s", c->unsaved));
    return fs_write_unsynced (c->unsaved, nb->text, strlen (nb->text), err);
}

static void
note (const struct wanted *w, const char *text)
{
    if (w->outlet)
        outlet_print (w->outlet, "stderr", text, strlen (text));
}

/* As a person would name it who stands in that directory, if it lies there: it stands in what commands say. */
static const char *
from_directory (const char *path, const char *cwd)
{
    size_t n = cwd ? strlen (cwd) : 0;
    bool below = n > 1 && strncmp (path, cwd, n) == 0 && path[n] == '/';
    return below && path[n + 1] != '-' ? path + n + 1 : path;
}

/* The notebook that is open. Who writes into the file reads the file too. */
static int
add_notebook (struct call *c, struct wanted *w, bool writes, struct error *err)
{
    struct session_notebook nb;
    if (session_get_notebook (w->context->notebook, w->arena, w->metadata, w->cwd, &nb, err) < 0)
        return -1;
    nb.path = from_directory (nb.path, w->cwd);
    int status = writes ? 0 : hand_over_text (c, w, &nb, err);
    if (nb.missed)
        note (w, arena_printf (w->arena,
                               "note: %s; what ran here so far is taken for it, without tags. To have it whole, name "
                               "it (%%chard %s NAME.ipynb) or set " UNNAMED_VARIABLE " to its path\n",
                               nb.missed, w->words.items[0]));
    if (nb.newer > 0) {
        const char *form = writes
            ? "note: %s is older than what ran here (%d cell%s); save it first, for this works on the file\n"
                                  : "note: %s is older than %d cell%s that ran here; they are taken as they ran\n";
        note (w, arena_printf (w->arena, form, fs_basename (nb.path), nb.newer, nb.newer == 1 ? "" : "s"));
    }
    free (nb.text);
    vec_push (w->arena, &w->words, nb.path);
    return status;
}

/* What the user needn't say: the notebook that is open, and the session's Python. */
static int
add_the_obvious (struct call *c, struct wanted *w, const struct command *command, struct error *err)
{
    const char *python = w->context->python;
    bool operand = has_operand (w->arena, command, &w->words);
    bool of = find_option (command, "of") && !is_given (&w->words, "--of");
    if (python && w->outlet && find_option (command, "python") && !is_given (&w->words, "--python"))
        vec_push (w->arena, &w->words, arena_printf (w->arena, "--python=%s", python));
    const char *path = of ? session_path_for (w->context->notebook, w->arena, w->metadata) : NULL;
    if (path)
        vec_push (w->arena, &w->words, arena_printf (w->arena, "--of=%s", path));
    if (operand || !command_takes_notebook (command))
        return 0;
    return add_notebook (c, w, is_given (&w->words, "--write"), err);
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

static void
on_printed (void *arg, bool error, const char *data, size_t len)
{
    struct call *c = arg;
    if (c->view)
        view_printed (c->view, error, data, len);
    else if (!error)
        strbuf_add (&c->printed, data, len);
}

/* The complaint that "chard run" failed need not say "run: " once more. */
static const char *
complaint_of (const struct call *c)
{
    const char *text = strbuf_str (&c->view->complaint), *name = strchr (c->name, ' ');
    size_t n = name ? strlen (++name) : 0;
    if (n && strncmp (text, name, n) == 0 && strncmp (text + n, ": ", 2) == 0)
        return text + n + 2;
    return *text ? text : "what is wrong stands above";
}

static json_t *
outcome (const struct call *c, const struct proc_status *status)
{
    if (c->interrupted)
        return outlet_error_content ("KeyboardInterrupt", "");
    if (status->signal) {
        cleanup_free char *why = xasprintf ("it was ended by signal %d (%s)", status->signal,
                                            strsignal (status->signal));
        return outlet_error_content (c->name, why);
    }
    return status->exit == 0 ? NULL : outlet_error_content (c->name, complaint_of (c));
}

static void
on_ended (void *arg, const struct proc_status *status)
{
    struct call *c = arg;
    c->job = NULL;
    if (c->answered) {
        json_auto_t *answer = json_loadb (strbuf_str (&c->printed), c->printed.len, JSON_ALLOW_NUL, NULL);
        c->answered (c->arg, answer);
        call_destroy (c);
        return;
    }
    view_ended (c->view, status);
    json_auto_t *error = outcome (c, status);
    call_done_fn done = c->list ? NULL : c->done;
    void *to = c->arg;
    call_destroy (c);
    if (done)
        done (to, error);
}

static void
fail (call_done_fn done, void *arg, const char *text)
{
    json_auto_t *error = outlet_error_content ("chard", text);
    done (arg, error);
}

const char *
call_directory (struct arena *a, const struct call_context *context)
{
    const pid_t pid = context->session;
    char path[PATH_MAX];
    ssize_t n = pid > 0 ? readlink (arena_printf (a, "/proc/%d/cwd", (int) pid), path, sizeof path) : -1;
    return n > 0 && n < (ssize_t) sizeof path ? arena_strndup (a, path, (size_t) n) : NULL;
}

/* Takes a word out of the call's; whether it was there. */
static bool
take_word (struct wanted *w, const char *word)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->words.len; i++)
        if (strcmp (w->words.items[i], word) != 0)
            w->words.items[kept++] = w->words.items[i];
    bool found = kept < w->words.len;
    w->words.len = kept;
    return found;
}

static int
prepare (struct call *c, struct wanted *w, struct error *err)
{
    const struct command *command = find_command (&w->words);
    c->name = xasprintf ("chard %s", command ? command->name : w->words.items[0]);
    w->cwd = call_directory (w->arena, w->context);
    if (command && add_the_obvious (c, w, command, err) < 0)
        return -1;
    if (w->outlet)
        c->view = view_create (w->context->loop, w->outlet, w->arena, &w->words);
    if (w->context->facts)
        vec_push (w->arena, &w->env, arena_printf (w->arena, OBSERVED_SESSION "=%s", w->context->facts));
    vec_push (w->arena, &w->env, NULL);
    struct job_listener listener = { on_printed, on_ended, c };
    c->job = job_start (w->context->loop, &w->words, w->env.items, w->cwd, &listener, err);
    return c->job ? 0 : -1;
}

static struct call *
start (struct wanted *w, call_done_fn done, void *arg)
{
    struct error err = { 0 };
    struct call *c = xcalloc (1, sizeof *c);
    *c = (struct call){ .done = done, .arg = arg };
    bool background = take_word (w, "--background");
    if (prepare (c, w, &err) < 0) {
        call_destroy (c);
        fail (done, arg, err.text);
        return NULL;
    }
    if (!background)
        return c;
    c->list = w->context->background;
    c->next = *c->list;
    *c->list = c;
    done (arg, NULL);
    return NULL;
}

struct call *
call_start_words (const struct call_context *context, const struct vec_str *words, const char *env,
                  const json_t *metadata, const struct outlet *outlet, call_done_fn done, void *arg)
{
    struct wanted w = { .context = context, .arena = arena_create (), .metadata = metadata, .outlet = outlet };
    vec_foreach (word, words)
        vec_push (w.arena, &w.words, *word);
    if (env)
        vec_push (w.arena, &w.env, env);
    struct call *c = start (&w, done, arg);
    arena_destroy (w.arena);
    return c;
}

struct call *
call_start (const struct call_context *context, const struct cell_part *part, const json_t *metadata,
            const struct outlet *outlet, call_done_fn done, void *arg)
{
    struct arena *a = arena_create ();
    struct vec_str words = { 0 };
    struct error err = { 0 };
    struct call *c = NULL;
    if (cell_parts_words (a, part->text, &words, &err) < 0)
        fail (done, arg, err.text);
    else if (part->kind == PART_HELP || words.len == 0) {
        cleanup_strbuf struct strbuf help = { 0 };
        call_help (&words, &help);
        outlet_print (outlet, "stdout", strbuf_str (&help), help.len);
        done (arg, NULL);
    } else
        c = call_start_words (context, &words, NULL, metadata, outlet, done, arg);
    arena_destroy (a);
    return c;
}

struct call *
call_ask_words (const struct call_context *context, const struct vec_str *words, const json_t *metadata,
                call_answered_fn answered, void *arg)
{
    struct wanted w = { .context = context, .arena = arena_create (), .metadata = metadata };
    struct call *c = xcalloc (1, sizeof *c);
    struct error ignored;
    *c = (struct call){ .answered = answered, .arg = arg };
    vec_foreach (word, words)
        vec_push (w.arena, &w.words, *word);
    if (prepare (c, &w, &ignored) < 0) {
        call_destroy (c);
        c = NULL;
        answered (arg, NULL);
    }
    arena_destroy (w.arena);
    return c;
}

struct call *
call_ask (const struct call_context *context, const char *text, call_answered_fn answered, void *arg)
{
    struct arena *a = arena_create ();
    struct vec_str words = { 0 };
    struct error ignored;
    struct call *c = NULL;
    if (cell_parts_words (a, text, &words, &ignored) == 0)
        c = call_ask_words (context, &words, NULL, answered, arg);
    else
        answered (arg, NULL);
    arena_destroy (a);
    return c;
}

void
call_interrupt (struct call *c)
{
    c->interrupted = c->view->interrupted = true;
    job_interrupt (c->job);
}

void
call_destroy (struct call *c)
{
    if (!c)
        return;
    for (struct call **at = c->list; at && *at; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            break;
        }
    job_destroy (c->job);
    view_destroy (c->view);
    if (c->unsaved)
        unlink (c->unsaved);
    strbuf_free (&c->printed);
    free (c->unsaved);
    free (c->name);
    free (c);
}

int
call_stop_background (const struct call_context *context)
{
    int n = 0;
    for (struct call *c = *context->background; c; c = c->next, n++)
        call_interrupt (c);
    return n;
}

void
call_destroy_background (const struct call_context *context)
{
    while (*context->background)
        call_destroy (*context->background);
}

/* See call.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/call.h"

#include "base/cleanup.h"
#include "cli/option.h"
#include "kernel/job.h"
#include "kernel/view.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

struct call {
    struct job *job;
    struct view *view;
    char *name;       /* "chard run" */
    bool interrupted;
    call_done_fn done;
    void *arg;
};

/* ---- help ------------------------------------------------------------------------------------------------------- */

static void
print_overview (const struct outlet *o)
{
    cleanup_strbuf struct strbuf text = { 0 };
    strbuf_adds (&text, "%chard COMMAND [OPTION…]   on a line of its own, among other lines or alone; it means the notebook "
                        "that is open\n\n");
    for (const struct command *const *c = commands; *c; c++)
        strbuf_addf (&text, "  %-14s %s\n", (*c)->name, (*c)->summary);
    strbuf_adds (&text, "\n%chard COMMAND? tells more. Interrupting the cell ends the command.\n");
    outlet_print (o, "stdout", text.data, text.len);
}

static void
print_help (const struct outlet *o, const struct command *c)
{
    cleanup_strbuf struct strbuf text = { 0 };
    if (c)
        option_help (c, true, 100, &text);
    else
        print_overview (o);
    outlet_print (o, "stdout", strbuf_str (&text), text.len);
}

/* ---- words ------------------------------------------------------------------------------------------------------ */

static const struct command *
find_command (const struct vec_str *words)
{
    return words->len ? command_find (words->items[0], words->len > 1 ? words->items[1] : NULL) : NULL;
}

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

/* Whether the words name a notebook themselves; if they are wrong, the command will say so. */
static bool
has_operand (struct arena *a, const struct command *c, const struct vec_str *words, size_t skip)
{
    struct option_common common = { 0 };
    struct vec_str operands = { 0 };
    struct error ignored;
    void *settings = arena_alloc (a, c->settings_size);
    option_parse (a, c->options, settings, &common, (int) (words->len - skip), (char *const *) words->items + skip,
                  &operands, &ignored);
    return operands.len > 0 || common.help;
}

/* What the user needn't say: the notebook that is open, and the session's Python. */
static void
add_the_obvious (struct arena *a, const struct call_context *context, const struct command *c, struct vec_str *words)
{
    size_t skip = strchr (c->name, ' ') ? 2 : 1;
    bool operand = has_operand (a, c, words, skip);
    if (context->python && find_option (c, "python") && !is_given (words, "--python"))
        vec_push (a, words, arena_printf (a, "--python=%s", context->python));
    if (operand || !context->notebook)
        return;
    if (strncmp (c->operands, "NOTEBOOK", 8) == 0)
        vec_push (a, words, context->notebook);
    else if (find_option (c, "of") && !is_given (words, "--of"))
        vec_push (a, words, arena_printf (a, "--of=%s", context->notebook));
}

/* ---- running ---------------------------------------------------------------------------------------------------- */

static void
on_printed (void *arg, bool error, const char *data, size_t len)
{
    struct call *c = arg;
    view_printed (c->view, error, data, len);
}

static json_t *
outcome (const struct call *c, const struct proc_status *status)
{
    if (c->interrupted)
        return outlet_error_content ("KeyboardInterrupt", "");
    if (status->signal) {
        cleanup_free char *why = xasprintf ("it was ended by signal %d (%s)", status->signal, strsignal (status->signal));
        return outlet_error_content (c->name, why);
    }
    return status->exit == 0 ? NULL : outlet_error_content (c->name, strbuf_str (&c->view->complaint));
}

static void
on_ended (void *arg, const struct proc_status *status)
{
    struct call *c = arg;
    c->job = NULL;
    view_ended (c->view, status);
    json_auto_t *error = outcome (c, status);
    call_done_fn done = c->done;
    void *to = c->arg;
    call_destroy (c);
    done (to, error);
}

static void
fail (call_done_fn done, void *arg, const char *text)
{
    json_auto_t *error = outlet_error_content ("chard", text);
    done (arg, error);
}

/* The directory that a process is in, or NULL. */
static const char *
directory_of (struct arena *a, pid_t pid)
{
    char path[PATH_MAX];
    ssize_t n = pid > 0 ? readlink (arena_printf (a, "/proc/%d/cwd", (int) pid), path, sizeof path) : -1;
    return n > 0 && n < (ssize_t) sizeof path ? arena_strndup (a, path, (size_t) n) : NULL;
}

static struct call *
start (const struct call_context *context, struct arena *a, struct vec_str *words, const struct outlet *outlet,
       call_done_fn done, void *arg)
{
    struct error err = { 0 };
    const struct command *command = find_command (words);
    struct call *c = xcalloc (1, sizeof *c);
    *c = (struct call){ .name = xasprintf ("chard %s", command ? command->name : words->items[0]), .done = done,
                        .arg = arg };
    if (command)
        add_the_obvious (a, context, command, words);
    c->view = view_create (context->loop, outlet, a, words);
    struct job_listener listener = { on_printed, on_ended, c };
    c->job = job_start (context->loop, words, directory_of (a, context->session), &listener, &err);
    if (c->job)
        return c;
    call_destroy (c);
    fail (done, arg, err.text);
    return NULL;
}

struct call *
call_start (const struct call_context *context, const struct cell_part *part, const struct outlet *outlet,
            call_done_fn done, void *arg)
{
    struct arena *a = arena_create ();
    struct vec_str words = { 0 };
    struct error err = { 0 };
    struct call *c = NULL;
    if (cell_parts_words (a, part->text, &words, &err) < 0)
        fail (done, arg, err.text);
    else if (part->kind == PART_HELP || words.len == 0) {
        print_help (outlet, find_command (&words));
        done (arg, NULL);
    } else
        c = start (context, a, &words, outlet, done, arg);
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
    job_destroy (c->job);
    view_destroy (c->view);
    free (c->name);
    free (c);
}

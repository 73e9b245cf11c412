/* The program `chard`: finds the command in the table, parses its options, runs it, prints its error, and turns that
 * into the exit status: 0 fine, 1 the notebook or the run failed, 2 wrong usage, 3 the environment.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/term.h"
#include "cli/command.h"
#include "cli/option.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* The words of a call as they come in, and what the words before the command said. */
struct call {
    struct arena *arena;
    int argc;
    char **argv;
    struct option_common common;
};

/* ---- help ------------------------------------------------------------------------------------------------------- */

static void
print_overview (FILE *out, bool color)
{
    fputs ("Usage: chard COMMAND [OPTION…] …\n"
           "Turns a notebook into a pipeline, and runs it.\n\n",
           out);
    fprintf (out, "%sCommands%s\n", color ? "\033[1m" : "", color ? "\033[0m" : "");
    for (const struct command *const *c = commands; *c; c++)
        fprintf (out, "  %-17s %s\n", (*c)->name, (*c)->summary);
    fputs ("\n`chard COMMAND --help` or `chard help COMMAND` tells more; `chard --version` the version.\n", out);
}

static int
print_help (const struct command *c, bool color)
{
    cleanup_strbuf struct strbuf text = { 0 };
    option_help (c, color, term_width (stdout), &text);
    fputs (strbuf_str (&text), stdout);
    return 0;
}

/* Whether `name` is the first word of commands of two words. */
static bool
is_group (const char *name)
{
    size_t n = strlen (name);
    for (const struct command *const *c = commands; *c; c++)
        if (strncmp ((*c)->name, name, n) == 0 && (*c)->name[n] == ' ')
            return true;
    return false;
}

static int
print_group (const char *name, FILE *out)
{
    size_t n = strlen (name);
    fprintf (out, "Usage: chard %s COMMAND …\n\n", name);
    for (const struct command *const *c = commands; *c; c++)
        if (strncmp ((*c)->name, name, n) == 0 && (*c)->name[n] == ' ')
            fprintf (out, "  %-17s %s\n", (*c)->name, (*c)->summary);
    return 0;
}

/* ---- finding the command ---------------------------------------------------------------------------------------- */

static int
unknown_command (struct call *call, const char *first, const char *second, struct error *err)
{
    struct vec_str names = { 0 };
    for (const struct command *const *c = commands; *c; c++)
        vec_push (call->arena, &names, (*c)->name);
    vec_push (call->arena, &names, "help");
    vec_push (call->arena, &names, NULL);
    const char *word = second ? arena_printf (call->arena, "%s %s", first, second) : first;
    const char *near = option_nearest (word, names.items);
    if (strchr (first, '.') || strchr (first, '/'))
        return error_set (err, ERROR_USAGE, "'%s' is no command; did you mean: chard run %s", first, first);
    return near ? error_set (err, ERROR_USAGE, "unknown command '%s'; did you mean '%s'?", word, near)
                : error_set (err, ERROR_USAGE, "unknown command '%s'; `chard --help` lists them", word);
}

static bool
wants_help (const char *word)
{
    return word && (strcmp (word, "--help") == 0 || strcmp (word, "-h") == 0);
}

/* `chard help [COMMAND [SUBCOMMAND]]`. */
static int
help_command (struct call *call, int at, struct error *err)
{
    const char *first = at < call->argc ? call->argv[at] : NULL;
    const char *second = first && at + 1 < call->argc ? call->argv[at + 1] : NULL;
    bool color = term_wants_color (stdout, call->common.color);
    if (!first || wants_help (first)) {
        print_overview (stdout, color);
        return 0;
    }
    const struct command *c = command_find (first, second);
    if (c)
        return print_help (c, color);
    if (is_group (first) && !second)
        return print_group (first, stdout);
    return unknown_command (call, first, is_group (first) ? second : NULL, err);
}

/* ---- running it ------------------------------------------------------------------------------------------------- */

static int
run_command (struct call *call, const struct command *c, int at, struct error *err)
{
    struct invocation inv = { .arena = call->arena, .out = stdout, .err = stderr };
    void *settings = arena_alloc (call->arena, c->settings_size);
    if (c->defaults)
        memcpy (settings, c->defaults, c->settings_size);
    if (option_parse (call->arena, c->options, settings, &call->common, call->argc - at, call->argv + at, &inv.operands,
                      err) < 0)
        return error_wrap (err, "%s", c->name);
    if (call->common.help)
        return print_help (c, term_wants_color (stdout, call->common.color));
    inv.json = call->common.format && strcmp (call->common.format, "json") == 0;
    inv.verbose = call->common.verbose;
    inv.no_learned = call->common.no_learned;
    inv.color_out = term_wants_color (stdout, call->common.color);
    inv.color_err = term_wants_color (stderr, call->common.color);
    inv.terminal = isatty (STDERR_FILENO);
    return c->run (&inv, settings, err);
}

static int
dispatch (struct call *call, struct error *err)
{
    if (call->argc > 1 && (strcmp (call->argv[1], "--version") == 0 || strcmp (call->argv[1], "-V") == 0)) {
        puts ("chard " CHARD_VERSION);
        return 0;
    }
    int at = option_parse_leading (call->arena, &call->common, call->argc - 1, call->argv + 1, err);
    if (at < 0)
        return -1;
    at++;
    const char *first = at < call->argc ? call->argv[at] : NULL;
    const char *second = first && at + 1 < call->argc ? call->argv[at + 1] : NULL;
    if (call->common.help)
        return help_command (call, at, err);
    if (!first) {
        print_overview (stderr, term_wants_color (stderr, call->common.color));
        return error_set (err, ERROR_USAGE, "%s", "");
    }
    if (strcmp (first, "help") == 0)
        return help_command (call, at + 1, err);
    const struct command *c = command_find (first, second);
    if (c)
        return run_command (call, c, at + (strchr (c->name, ' ') ? 2 : 1), err);
    if (!is_group (first))
        return unknown_command (call, first, NULL, err);
    if (wants_help (second))
        return print_group (first, stdout);
    if (second)
        return unknown_command (call, first, second, err);
    print_group (first, stderr);
    return error_set (err, ERROR_USAGE, "%s", "");
}

/* Results that can't be written are no results: a full disk, a closed descriptor. */
static int
flush_output (struct error *err)
{
    if (fflush (stdout) == 0 && !ferror (stdout))
        return 0;
    return error_errno (err, "standard output");
}

static void
print_error (const struct error *err, const char *when)
{
    bool color = term_wants_color (stderr, when);
    if (err->text[0])
        fprintf (stderr, "%schard:%s %s\n", color ? "\033[1;31m" : "", color ? "\033[0m" : "", err->text);
}

int
main (int argc, char **argv)
{
    setlocale (LC_CTYPE, "");
    struct call call = { arena_create (), argc, argv, { 0 } };
    struct error err = { 0 };
    int status = dispatch (&call, &err);
    if (status == 0)
        status = flush_output (&err);
    else
        fflush (stdout);
    if (status < 0)
        print_error (&err, call.common.color);
    arena_destroy (call.arena);
    return status == 0 ? 0 : err.kind == ERROR_NONE ? ERROR_NOTEBOOK : (int) err.kind;
}

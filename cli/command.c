/* The table of commands, and what several of them need; see command.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <string.h>

extern const struct command command_check, command_compile, command_graph, command_tag, command_run,
    command_runs_list, command_runs_show, command_runs_logs, command_runs_get, command_runs_report, command_runs_diff,
    command_runs_checkout, command_runs_wait, command_runs_cancel, command_runs_retry, command_runs_rm,
    command_runs_gc, command_schedules_list, command_schedules_pause, command_schedules_resume,
    command_schedules_delete, command_submit, command_verify, command_context_list, command_context_add,
    command_context_use,
    command_context_remove, command_context_test, command_context_offers, command_ci_github, command_ci_gitlab,
    command_kernel_install, command_kernel_uninstall, command_kernel_doctor, command_completion;

const struct command *const commands[] = {
    &command_check,
    &command_compile,
    &command_graph,
    &command_tag,
    &command_run,
    &command_verify,
    &command_submit,
    &command_runs_list,
    &command_runs_show,
    &command_runs_logs,
    &command_runs_get,
    &command_runs_report,
    &command_runs_diff,
    &command_runs_checkout,
    &command_runs_wait,
    &command_runs_cancel,
    &command_runs_retry,
    &command_runs_rm,
    &command_runs_gc,
    &command_schedules_list,
    &command_schedules_pause,
    &command_schedules_resume,
    &command_schedules_delete,
    &command_context_list,
    &command_context_add,
    &command_context_use,
    &command_context_remove,
    &command_context_test,
    &command_context_offers,
    &command_ci_github,
    &command_ci_gitlab,
    &command_kernel_install,
    &command_kernel_uninstall,
    &command_kernel_doctor,
    &command_completion,
    NULL,
};

/* A command of one word is found whatever follows it. */
static bool
is_named (const char *name, const char *first, const char *second)
{
    size_t n = strlen (first);
    if (strncmp (name, first, n) != 0)
        return false;
    return name[n] == '\0' || (name[n] == ' ' && second && strcmp (name + n + 1, second) == 0);
}

bool
command_takes_notebook (const struct command *c)
{
    return strncmp (c->operands, "NOTEBOOK", 8) == 0;
}

const struct command *
command_find (const char *first, const char *second)
{
    for (const struct command *const *c = commands; *c; c++)
        if (is_named ((*c)->name, first, second))
            return *c;
    return NULL;
}

/* ---- operands that are notebooks -------------------------------------------------------------------------------- */

/* Whether a script has a cell marker near its top: other Python files are none of ours. */
static bool
is_percent_script (const char *path)
{
    char head[1 << 14];
    cleanup_file FILE *f = fopen (path, "re");
    if (!f)
        return false;
    size_t n = fread (head, 1, sizeof head - 1, f);
    head[n] = '\0';
    for (const char *line = head; line; line = strchr (line, '\n')) {
        line += *line == '\n';
        if (strncmp (line, "# %%", 4) == 0 || strncmp (line, "#%%", 3) == 0)
            return true;
    }
    return false;
}

static int
expand_directory (struct invocation *inv, const char *dir, struct vec_str *paths, struct error *err)
{
    static const char *const suffixes[] = { ".ipynb", ".py", NULL };
    struct vec_str found = { 0 };
    if (fs_find (inv->arena, dir, suffixes, &found, err) < 0)
        return -1;
    size_t before = paths->len;
    vec_foreach (path, &found)
        if (strcmp (*path + strlen (*path) - 3, ".py") != 0 || is_percent_script (*path))
            vec_push (inv->arena, paths, *path);
    if (paths->len == before)
        return error_set (err, ERROR_USAGE, "%s: no notebook below this directory", dir);
    return 0;
}

int
command_expand_notebooks (struct invocation *inv, struct vec_str *paths, struct error *err)
{
    if (inv->operands.len == 0)
        return error_set (err, ERROR_USAGE, "name a notebook, or a directory of them");
    vec_foreach (operand, &inv->operands) {
        if (!fs_is_dir (*operand))
            vec_push (inv->arena, paths, *operand);
        else if (expand_directory (inv, *operand, paths, err) < 0)
            return -1;
    }
    return 0;
}

/* `chard runs list|show|logs|report|rm|gc`: what has been run, and what it left.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "cli/command.h"
#include "cli/progress.h"
#include "engine/cache.h"
#include "engine/index.h"
#include "engine/report.h"
#include "engine/runlog.h"
#include "engine/state.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

struct runs_settings {
    const char *of, *max_size, *output;
    int limit, keep;
    bool all;
};

#define FIELD(f) .offset = offsetof (struct runs_settings, f)
#define OPTION_OF                                                                                                      \
    { .name = "of", .kind = OPTION_STRING, FIELD (of), .argument = "NOTEBOOK",                                        \
      .help = "the notebook, or the directory, whose runs are meant (default: this directory)" }

static const struct option common_options[] = { OPTION_OF, { 0 } };

static const struct runs_settings defaults = { .limit = 20, .keep = -1 };

/* ---- finding ---------------------------------------------------------------------------------------------------- */

static int
open_state (struct invocation *inv, const struct runs_settings *s, struct state *state, struct error *err)
{
    const char *dir = !s->of ? "." : fs_is_dir (s->of) ? s->of : fs_dirname (inv->arena, s->of);
    return state_open (state, inv->arena, dir, false, err);
}

/* One run, read. */
struct run {
    struct state state;
    const char *id, *dir;
    struct runlog_content log;
    const json_t *begin, *end;
};

static int
open_run (struct invocation *inv, const struct runs_settings *s, const char *wanted, struct run *run, struct error *err)
{
    if (open_state (inv, s, &run->state, err) < 0)
        return -1;
    run->id = state_find_run (&run->state, inv->arena, wanted, err);
    if (!run->id)
        return -1;
    run->dir = state_run_dir (&run->state, inv->arena, run->id);
    if (runlog_read (fs_join (inv->arena, run->dir, "run.jsonl"), &run->log, err) < 0)
        return -1;
    run->begin = runlog_first (&run->log, "run.begin", NULL);
    run->end = runlog_last (&run->log, "run.end", NULL);
    return 0;
}

static const char *
text_of (const json_t *o, const char *key)
{
    const char *s = json_string_value (json_object_get (o, key));
    return s ? s : "";
}

static const char *
status_of (const struct run *run)
{
    return run->end ? text_of (run->end, "status") : run->log.alive ? "running" : "interrupted";
}

/* How a step stands: its end, or what can be said without one. */
static const char *
step_status (const struct run *run, const char *step)
{
    const json_t *end = runlog_last (&run->log, "step.end", step);
    if (end)
        return text_of (end, "status");
    if (!runlog_first (&run->log, "step.begin", step))
        return "waiting";
    return run->log.alive ? "running" : "interrupted";
}

static const char *
color_of (const struct invocation *inv, const char *status)
{
    static const struct {
        const char *status, *color;
    } colors[] = { { "ok", "\033[32m" },         { "cached", "\033[36m" },     { "failed", "\033[1;31m" },
                   { "timeout", "\033[1;31m" },  { "canceled", "\033[33m" },   { "skipped", "\033[33m" },
                   { "running", "\033[1;34m" },  { "interrupted", "\033[1;31m" } };
    for (size_t i = 0; inv->color_out && i < sizeof colors / sizeof *colors; i++)
        if (strcmp (colors[i].status, status) == 0)
            return colors[i].color;
    return "";
}

static const char *
color_off (const struct invocation *inv, const char *color)
{
    (void) inv;
    return color[0] ? "\033[0m" : "";
}

static void
format_time (double t, char text[32])
{
    time_t seconds = (time_t) t;
    struct tm local;
    localtime_r (&seconds, &local);
    strftime (text, 32, "%Y-%m-%d %H:%M:%S", &local);
}

/* Names from notebooks may hold line ends and worse: kept to one line. */
static const char *
one_line (struct arena *a, const char *name)
{
    char *s = arena_strdup (a, name);
    for (char *c = s; *c; c++)
        if ((unsigned char) *c < 32 || *c == 127)
            *c = '?';
    return s;
}

/* ---- list ------------------------------------------------------------------------------------------------------- */

static const struct option list_options[] = {
    OPTION_OF,
    { .name = "limit", .letter = 'n', .kind = OPTION_INT, FIELD (limit), .argument = "N",
      .help = "show the last N runs (default: 20); 0 shows all" },
    { 0 },
};

static json_t *
run_to_json (const struct index_run *r)
{
    json_t *params = r->parameters ? json_loads (r->parameters, JSON_ALLOW_NUL, NULL) : NULL;
    return json_pack ("{s:s,s:s?,s:s?,s:s?,s:s,s:f,s:f,s:i,s:i,s:i,s:i,s:o}", "run", r->id, "notebook", r->notebook,
                      "name", r->name, "commit", r->commit, "status", r->status, "began", r->began, "seconds",
                      r->seconds, "ran", r->ran, "cached", r->cached, "failed", r->failed, "skipped", r->skipped,
                      "parameters", params ? params : json_object ());
}

static void
print_list (struct invocation *inv, const struct index_runs *runs)
{
    fprintf (inv->out, "%-21s %-12s %-9s %-24s %s\n", "RUN", "STATUS", "TIME", "STEPS", "NOTEBOOK");
    vec_foreach (r, runs) {
        char time[32];
        cleanup_strbuf struct strbuf steps = { 0 };
        const char *color = color_of (inv, r->status);
        progress_format_seconds (r->seconds, time);
        strbuf_addf (&steps, "%d run, %d cached", r->ran, r->cached);
        if (r->failed)
            strbuf_addf (&steps, ", %d failed", r->failed);
        fprintf (inv->out, "%-21s %s%-12s%s %-9s %-24s %s\n", r->id, color, r->status, color_off (inv, color), time,
                 strbuf_str (&steps), r->notebook ? one_line (inv->arena, fs_basename (r->notebook)) : "?");
    }
}

static int
runs_list (struct invocation *inv, const void *settings, struct error *err)
{
    struct runs_settings s = *(const struct runs_settings *) settings;
    struct state state;
    struct index_runs runs = { 0 };
    if (inv->operands.len > 1)
        return error_set (err, ERROR_USAGE, "name one notebook, or none");
    if (inv->operands.len)
        s.of = inv->operands.items[0];
    if (open_state (inv, &s, &state, err) < 0)
        return -1;
    const char *notebook = s.of && !fs_is_dir (s.of) ? fs_absolute (inv->arena, s.of) : NULL;
    struct index *ix = fs_is_dir (state.runs) ? index_open (&state) : NULL;
    index_refresh (ix, &state);
    index_list (ix, inv->arena, notebook, s.limit, &runs);
    index_close (ix);
    if (!inv->json) {
        if (runs.len)
            print_list (inv, &runs);
        else
            fprintf (inv->err, "no runs in %s\n", state.dir);
        return 0;
    }
    json_auto_t *all = json_array ();
    vec_foreach (r, &runs)
        json_array_append_new (all, run_to_json (r));
    json_dumpf (all, inv->out, JSON_INDENT (2) | JSON_REAL_PRECISION (15));
    fputc ('\n', inv->out);
    return 0;
}

/* ---- show ------------------------------------------------------------------------------------------------------- */

/* Why it ran, or why it didn't: the last word about it. */
static const char *
step_why (const struct run *run, const char *step)
{
    const json_t *end = runlog_last (&run->log, "step.end", step);
    if (text_of (end, "why")[0])
        return text_of (end, "why");
    return text_of (runlog_last (&run->log, "step.begin", step), "why");
}

static void
print_step (struct invocation *inv, const struct run *run, const char *step)
{
    const char *status = step_status (run, step), *color = color_of (inv, status);
    const json_t *end = runlog_last (&run->log, "step.end", step), *error = json_object_get (end, "error");
    char time[32] = "", memory[32] = "";
    if (json_object_get (end, "seconds"))
        progress_format_seconds (json_number_value (json_object_get (end, "seconds")), time);
    if (json_object_get (end, "max_rss"))
        snprintf (memory, sizeof memory, "%.0f MiB", json_number_value (json_object_get (end, "max_rss")) / (1 << 20));
    fprintf (inv->out, "  %-24s %s%-11s%s %9s %9s  %s\n", one_line (inv->arena, step), color, status,
             color_off (inv, color), time, memory, step_why (run, step));
    if (json_is_integer (json_object_get (error, "cell")))
        fprintf (inv->out, "      %s%scell %d, line %d: %s: %s\n", text_of (error, "notebook"),
                 text_of (error, "notebook")[0] ? ", " : "", (int) json_integer_value (json_object_get (error, "cell")), (int) json_integer_value (json_object_get (error, "line")), text_of (error, "type"),
                 text_of (error, "message"));
    else if (error)
        fprintf (inv->out, "      %s: %s\n", text_of (error, "type"), text_of (error, "message"));
}

static void
print_run (struct invocation *inv, const struct run *run)
{
    const char *status = status_of (run), *color = color_of (inv, status);
    char began[32], time[32] = "";
    format_time (json_number_value (json_object_get (run->begin, "time")), began);
    if (run->end)
        progress_format_seconds (json_number_value (json_object_get (run->end, "seconds")), time);
    fprintf (inv->out, "run        %s\nnotebook   %s\nstatus     %s%s%s\n", run->id, text_of (run->begin, "notebook"), color,
             status, color_off (inv, color));
    if (text_of (run->end, "error")[0])
        fprintf (inv->out, "error      %s\n", text_of (run->end, "error"));
    fprintf (inv->out, "began      %s\n", began);
    if (time[0])
        fprintf (inv->out, "took       %s\n", time);
    if (text_of (run->begin, "commit")[0])
        fprintf (inv->out, "commit     %s\n", text_of (run->begin, "commit"));
    fprintf (inv->out, "python     %s (%s)\n", text_of (run->begin, "python"), text_of (run->begin, "python_version"));
    const char *name;
    json_t *value;
    json_object_foreach (json_object_get (run->begin, "parameters"), name, value) {
        cleanup_free char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT);
        fprintf (inv->out, "parameter  %s = %s\n", name, text ? text : "?");
    }
    fputs ("steps\n", inv->out);
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (run->begin, "steps"), i, step)
        print_step (inv, run, json_string_value (step));
    char *report = fs_join (inv->arena, run->dir, "report.html");
    if (fs_exists (report))
        fprintf (inv->out, "report     %s\n", report);
}

static json_t *
show_to_json (const struct run *run)
{
    json_t *o = json_deep_copy (run->begin), *steps = json_array ();
    json_object_del (o, "event");
    json_object_set_new (o, "status", json_string (status_of (run)));
    json_object_set_new (o, "dir", json_string (run->dir));
    json_object_set_new (o, "end", run->end ? json_deep_copy (run->end) : json_null ());
    size_t i;
    json_t *name;
    json_array_foreach (json_object_get (run->begin, "steps"), i, name) {
        const char *step = json_string_value (name);
        json_t *end = runlog_last (&run->log, "step.end", step);
        json_t *s = end ? json_deep_copy (end) : json_pack ("{s:s}", "step", step);
        json_object_del (s, "event");
        json_object_set_new (s, "status", json_string (step_status (run, step)));
        json_object_set_new (s, "why", json_string (step_why (run, step)));
        json_array_append_new (steps, s);
    }
    json_object_set_new (o, "steps", steps);
    return o;
}

static int
runs_show (struct invocation *inv, const void *settings, struct error *err)
{
    struct run run = { 0 };
    if (inv->operands.len > 1)
        return error_set (err, ERROR_USAGE, "name one run, or none for the last");
    int status = open_run (inv, settings, inv->operands.len ? inv->operands.items[0] : NULL, &run, err);
    if (status == 0 && !run.begin)
        status = error_set (err, ERROR_NOTEBOOK, "run %s was killed before it began: its log is empty", run.id);
    else if (status == 0 && inv->json) {
        json_auto_t *o = show_to_json (&run);
        json_dumpf (o, inv->out, JSON_INDENT (2) | JSON_REAL_PRECISION (15));
        fputc ('\n', inv->out);
    } else if (status == 0)
        print_run (inv, &run);
    runlog_content_clear (&run.log);
    return status;
}

/* ---- logs ------------------------------------------------------------------------------------------------------- */

static int
copy_out (struct invocation *inv, const char *path, struct error *err)
{
    cleanup_file FILE *f = fopen (path, "re");
    if (!f)
        return error_errno (err, "%s", path);
    char block[1 << 16];
    size_t n;
    while ((n = fread (block, 1, sizeof block, f)) > 0)
        fwrite (block, 1, n, inv->out);
    return 0;
}

/* The log of a cached step lies with the run that made the result. */
static const char *
log_of_key (struct invocation *inv, const struct run *run, const char *step, const char *key)
{
    struct vec_str ids = { 0 };
    state_list_runs (&run->state, inv->arena, &ids);
    const char *found = NULL;
    for (size_t i = ids.len; i-- > 0 && !found;) {
        struct runlog_content log;
        char *dir = state_run_dir (&run->state, inv->arena, ids.items[i]);
        if (runlog_read (fs_join (inv->arena, dir, "run.jsonl"), &log, NULL) < 0)
            continue;
        const json_t *end = runlog_last (&log, "step.end", step);
        if (strcmp (text_of (end, "status"), "ok") == 0 && strcmp (text_of (end, "key"), key) == 0)
            found = arena_strdup (inv->arena, text_of (end, "log"));
        runlog_content_clear (&log);
    }
    return found;
}

static const char *
log_of (struct invocation *inv, const struct run *run, const char *step)
{
    const json_t *end = runlog_last (&run->log, "step.end", step);
    const json_t *begin = runlog_last (&run->log, "step.begin", step);
    if (text_of (begin, "log")[0])
        return text_of (begin, "log");
    return text_of (end, "key")[0] ? log_of_key (inv, run, step, text_of (end, "key")) : NULL;
}

static bool
has_step (const struct run *run, const char *step)
{
    size_t i;
    json_t *name;
    json_array_foreach (json_object_get (run->begin, "steps"), i, name)
        if (strcmp (json_string_value (name), step) == 0)
            return true;
    return false;
}

static int
print_logs (struct invocation *inv, const struct run *run, const char *only, struct error *err)
{
    if (only && !has_step (run, only))
        return error_set (err, ERROR_USAGE, "run %s has no step “%s”", run->id, only);
    size_t i;
    json_t *name;
    bool some = false;
    json_array_foreach (json_object_get (run->begin, "steps"), i, name) {
        const char *step = json_string_value (name), *log = log_of (inv, run, step);
        if (only && strcmp (only, step) != 0)
            continue;
        if (!log || !fs_exists (log)) {
            if (only)
                return error_set (err, ERROR_NOTEBOOK, "step %s of run %s has no log (%s)", step, run->id,
                                  step_status (run, step));
            continue;
        }
        if (!only)
            fprintf (inv->out, "%s==> %s <==\n", some ? "\n" : "", one_line (inv->arena, step));
        some = true;
        if (copy_out (inv, log, err) < 0)
            return -1;
    }
    return 0;
}

static int
runs_logs (struct invocation *inv, const void *settings, struct error *err)
{
    const struct runs_settings *s = settings;
    struct run run = { 0 };
    if (inv->operands.len > 2)
        return error_set (err, ERROR_USAGE, "name a run and a step");
    const char *wanted = inv->operands.len ? inv->operands.items[0] : NULL;
    const char *step = inv->operands.len == 2 ? inv->operands.items[1] : NULL;
    int status = open_run (inv, s, wanted, &run, err);
    if (status < 0 && inv->operands.len == 1 && err->kind == ERROR_USAGE) { /* a step of the last run? */
        struct error ignored;
        struct run last = { 0 };
        if (open_run (inv, s, NULL, &last, &ignored) == 0 && has_step (&last, wanted)) {
            run = last;
            step = wanted;
            status = 0;
        } else
            runlog_content_clear (&last.log);
    }
    if (status == 0)
        status = print_logs (inv, &run, step, err);
    runlog_content_clear (&run.log);
    return status;
}

/* ---- report ----------------------------------------------------------------------------------------------------- */

static const struct option report_options[] = {
    OPTION_OF,
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, FIELD (output), .argument = "FILE",
      .help = "write the page there (default: report.html in the run's directory)" },
    { 0 },
};

static int
runs_report (struct invocation *inv, const void *settings, struct error *err)
{
    const struct runs_settings *s = settings;
    struct run run = { 0 };
    if (inv->operands.len > 1)
        return error_set (err, ERROR_USAGE, "name one run, or none for the last");
    int status = open_run (inv, s, inv->operands.len ? inv->operands.items[0] : NULL, &run, err);
    if (status == 0) {
        const char *path = s->output ? s->output : fs_join (inv->arena, run.dir, "report.html");
        status = report_write (run.dir, path, err);
        if (status == 0)
            fprintf (inv->out, "%s\n", path);
    }
    runlog_content_clear (&run.log);
    return status;
}

/* ---- rm --------------------------------------------------------------------------------------------------------- */

static int
remove_run (struct invocation *inv, const struct runs_settings *s, struct index *ix, const char *wanted,
            struct error *err)
{
    struct run run = { 0 };
    struct error unreadable;
    if (open_run (inv, s, wanted, &run, &unreadable) < 0 && !run.id) {
        *err = unreadable;
        return -1;
    }
    bool alive = run.log.alive;
    runlog_content_clear (&run.log);
    if (alive)
        return error_set (err, ERROR_NOTEBOOK, "run %s still goes on", run.id);
    if (fs_remove_tree (run.dir, err) < 0)
        return -1;
    index_remove_run (ix, run.id);
    if (inv->verbose)
        fprintf (inv->err, "removed %s\n", run.id);
    return 0;
}

static int
runs_rm (struct invocation *inv, const void *settings, struct error *err)
{
    struct state state;
    if (inv->operands.len == 0)
        return error_set (err, ERROR_USAGE, "name the runs to remove");
    if (open_state (inv, settings, &state, err) < 0)
        return -1;
    struct index *ix = fs_is_dir (state.dir) ? index_open (&state) : NULL;
    int status = 0;
    for (size_t i = 0; i < inv->operands.len && status == 0; i++)
        status = remove_run (inv, settings, ix, inv->operands.items[i], err);
    index_close (ix);
    return status;
}

/* ---- gc --------------------------------------------------------------------------------------------------------- */

static const struct option gc_options[] = {
    OPTION_OF,
    { .name = "max-size", .kind = OPTION_STRING, FIELD (max_size), .argument = "SIZE",
      .help = "let the cache keep this much, such as 500M (default: 10G); what was not used for longest goes first" },
    { .name = "keep", .kind = OPTION_INT, FIELD (keep), .argument = "N", .help = "keep only the last N runs too" },
    { 0 },
};

static void
format_size (uint64_t bytes, char text[32])
{
    static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
    double n = (double) bytes;
    size_t u = 0;
    for (; n >= 1024 && u < 4; u++)
        n /= 1024;
    snprintf (text, 32, u ? "%.1f %s" : "%.0f %s", n, units[u]);
}

/* Removes all ended runs but the last `keep`. */
static int
remove_old_runs (struct invocation *inv, const struct runs_settings *s, const struct state *state, int *removed,
                 struct error *err)
{
    struct vec_str ids = { 0 };
    state_list_runs (state, inv->arena, &ids);
    struct index *ix = index_open (state);
    int status = 0;
    for (size_t i = 0; s->keep >= 0 && i + (size_t) s->keep < ids.len && status == 0; i++) {
        struct error why;
        if (remove_run (inv, s, ix, ids.items[i], &why) == 0)
            (*removed)++;
        else if (why.kind != ERROR_NOTEBOOK) {
            *err = why;
            status = -1;
        }
    }
    index_close (ix);
    return status;
}

static int
runs_gc (struct invocation *inv, const void *settings, struct error *err)
{
    const struct runs_settings *s = settings;
    struct state state;
    struct cache_usage u = { 0 };
    uint64_t limit = CACHE_DEFAULT_SIZE;
    int runs = 0;
    if (inv->operands.len)
        return error_set (err, ERROR_USAGE, "it takes no operand; --of names a notebook");
    if ((s->max_size && cache_parse_size (s->max_size, &limit, err) < 0) || open_state (inv, s, &state, err) < 0)
        return -1;
    if (fs_is_dir (state.runs) && remove_old_runs (inv, s, &state, &runs, err) < 0)
        return -1;
    int status = cache_collect (&state, limit, &u, err);
    if (status == 1)
        return error_set (err, ERROR_NOTEBOOK, "a run is going on in %s; try again when it has ended", state.dir);
    if (status < 0)
        return -1;
    char freed[32], left[32];
    format_size (u.freed, freed);
    format_size (u.bytes, left);
    if (inv->json)
        fprintf (inv->out, "{\"removed\": %d, \"freed\": %llu, \"entries\": %d, \"bytes\": %llu, \"runs_removed\": %d}\n",
                 u.removed, (unsigned long long) u.freed, u.entries, (unsigned long long) u.bytes, runs);
    else
        fprintf (inv->out, "removed %d results (%s)%s; %d are left (%s)\n", u.removed, freed,
                 runs ? arena_printf (inv->arena, " and %d runs", runs) : "", u.entries, left);
    return 0;
}

/* ---- the commands ----------------------------------------------------------------------------------------------- */

#define RUNS_COMMAND(variable, words, what, sum, opts, function, example)                                              \
    const struct command variable = {                                                                                  \
        .name = words,                                                                                                 \
        .operands = what,                                                                                              \
        .summary = sum,                                                                                                \
        .examples = example,                                                                                           \
        .options = opts,                                                                                               \
        .settings_size = sizeof (struct runs_settings),                                                                \
        .defaults = &defaults,                                                                                         \
        .run = function,                                                                                               \
    }

RUNS_COMMAND (command_runs_list, "runs list", "[NOTEBOOK]", "List past runs, the last one first", list_options,
              runs_list, "chard runs list                  # of the notebooks in this directory\n"
                         "chard runs list train.ipynb -n5  # the last five of one notebook\n");
RUNS_COMMAND (command_runs_show, "runs show", "[RUN]", "Tell how a run went, and why each step ran or did not",
              common_options, runs_show, "chard runs show         # the last run\n"
                                         "chard runs show 3e71    # the one whose name ends so\n");
RUNS_COMMAND (command_runs_logs, "runs logs", "[RUN] [STEP]", "Print what the steps of a run printed", common_options,
              runs_logs, "chard runs logs latest train   # one step of the last run\n"
                         "chard runs logs                # all steps of it\n");
RUNS_COMMAND (command_runs_report, "runs report", "[RUN]", "Write the report of a run, one HTML page", report_options,
              runs_report, "chard runs report -o report.html   # of the last run\n");
RUNS_COMMAND (command_runs_rm, "runs rm", "RUN…", "Remove runs with their logs; cached results stay", common_options,
              runs_rm, "chard runs rm 20261123-235959-3e71\n");
RUNS_COMMAND (command_runs_gc, "runs gc", "", "Make the cache smaller, and forget old runs", gc_options, runs_gc,
              "chard runs gc --max-size 2G           # keep what was used last\n"
              "chard runs gc --max-size 0 --keep 5   # no results, the last five runs\n");

/* `chard runs list`: past runs, from the index.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "cli/past_run.h"
#include "cli/progress.h"
#include "cli/remote.h"
#include "cli/target.h"
#include "doc/json_value.h"
#include "engine/index.h"

#include <stdlib.h>
#include <string.h>

static const struct option list_options[] = {
    PAST_OPTION_OF,
    { .name = "limit", .letter = 'n', .kind = OPTION_INT, PAST_FIELD (limit), .argument = "N",
      .help = "show the last N runs (default: 20); 0 shows all" },
    { .name = "refresh", .letter = 'r', .kind = OPTION_FLAG, PAST_FIELD (refresh),
      .help = "ask the services how the runs elsewhere that were not over stand now" },
    { .name = "context", .letter = 'c', .kind = OPTION_STRING, PAST_FIELD (context), .argument = "NAME",
      .help = "ask this context what has run there: what schedules and other people have started, too" },
    { 0 },
};

static json_t *
run_to_json (const struct index_run *r)
{
    json_t *params = r->parameters ? json_loads (r->parameters, JSON_ALLOW_NUL, NULL) : NULL;
    return json_pack ("{s:s,s:s*,s:s?,s:s?,s:s?,s:s,s:f,s:f,s:i,s:i,s:i,s:i,s:o}", "run", r->id, "context", r->place,
                      "notebook",
                      r->notebook, "name", r->name, "commit", r->commit, "status", r->status, "began", r->began,
                      "seconds", r->seconds, "ran", r->ran, "cached", r->cached, "failed", r->failed, "skipped",
                      r->skipped, "parameters", params ? params : json_object ());
}

/* ---- runs elsewhere --------------------------------------------------------------------------------------------- */

static int
count_steps (const json_t *record, const char *status)
{
    int n = 0;
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (record, "steps"), i, step)
        n += strcmp (json_text (step, "status"), status) == 0;
    return n;
}

static void
add_remote (struct arena *a, const json_t *record, const char *notebook, struct index_runs *runs)
{
    const char *of = json_text (record, "notebook"), *commit = json_text (record, "commit");
    if (notebook && strcmp (notebook, of) != 0)
        return;
    cleanup_free char *parameters = json_dumps (json_object_get (record, "parameters"), JSON_COMPACT);
    struct index_run r = {
        .id = arena_strdup (a, json_text (record, "run")),
        .notebook = arena_strdup (a, of),
        .name = arena_strdup (a, json_text (record, "name")),
        .commit = *commit ? arena_strdup (a, commit) : NULL,
        .status = arena_strdup (a, json_text (record, "status")),
        .parameters = parameters ? arena_strdup (a, parameters) : NULL,
        .began = json_number_value (json_object_get (record, "began")),
        .ran = count_steps (record, "ok"),
        .cached = count_steps (record, "cached"),
        .failed = count_steps (record, "failed"),
        .place = arena_strdup (a, json_text (record, "context")),
    };
    vec_push (a, runs, r);
}

static int
compare_runs (const void *x, const void *y)
{
    const struct index_run *a = x, *b = y;
    return a->began < b->began ? 1 : a->began > b->began ? -1 : strcmp (b->id, a->id);
}

/* A context that can't be reached is told, and not asked again. */
static void
refresh (struct invocation *inv, const struct state *state, json_t *record, struct vec_str *silent)
{
    struct error why = { 0 };
    const char *context = json_text (record, "context");
    if (remote_is_over (record) || vec_str_has (silent, context) || remote_refresh (inv, state, record, &why) == 0)
        return;
    fprintf (inv->err, "run %s is told as it was known last, since %s\n", json_text (record, "run"), why.text);
    vec_push (inv->arena, silent, arena_strdup (inv->arena, context));
}

/* Newest first, as many as before. */
static void
merge_remote (struct invocation *inv, const struct past_settings *s, const struct state *state, const char *notebook,
              struct index_runs *runs)
{
    struct vec_str ids = { 0 }, silent = { 0 };
    const int limit = s->limit;
    remote_list (state, inv->arena, &ids);
    for (size_t i = ids.len; i-- > 0;) {
        json_auto_t *record = remote_load (state, inv->arena, ids.items[i]);
        if (record && s->refresh && (limit <= 0 || ids.len - i <= (size_t) limit))
            refresh (inv, state, record, &silent);
        if (record)
            add_remote (inv->arena, record, notebook, runs);
    }
    if (runs->len)
        qsort (runs->items, runs->len, sizeof *runs->items, compare_runs);
    if (limit > 0 && runs->len > (size_t) limit)
        runs->len = (size_t) limit;
}

/* ---- what has run at one place, whoever started it --------------------------------------------------------------- */

/* {what the service calls a run: its record} of those that were started from here. The caller's. */
static json_t *
read_records (struct invocation *inv, const struct state *state, const char *context)
{
    struct vec_str ids = { 0 };
    json_t *all = json_object ();
    remote_list (state, inv->arena, &ids);
    vec_foreach (id, &ids) {
        json_auto_t *record = remote_load (state, inv->arena, *id);
        if (record && strcmp (json_text (record, "context"), context) == 0)
            json_object_set (all, json_text (record, "run_id"), record);
    }
    return all;
}

/* A run that another machine has started is called "PIPELINE RUN" on KFP (cli/cmd_submit.c). */
static void
add_there (struct arena *a, const json_t *records, const char *context, const json_t *run, struct index_runs *runs)
{
    const json_t *record = json_object_get (records, json_text (run, "run_id"));
    const char *schedule = json_text (run, "schedule"), *commit = json_text (record, "commit");
    const char *name = json_text (run, "name"), *space = *schedule ? NULL : strrchr (name, ' ');
    const char *pipeline = *json_text (record, "notebook") ? json_text (record, "notebook")
                                                           : json_text (run, "pipeline");
    struct index_run r = {
        .id = arena_strdup (a, record ? json_text (record, "run") : space ? space + 1 : name),
        .notebook = *schedule   ? arena_printf (a, "%s (schedule)", schedule)
                    : *pipeline ? arena_strdup (a, pipeline)
                    : space     ? arena_strndup (a, name, (size_t) (space - name))
                                : arena_strdup (a, name),
        .name = arena_strdup (a, name),
        .commit = *commit ? arena_strdup (a, commit) : NULL,
        .status = arena_strdup (a, json_text (run, "status")),
        .began = json_number_value (json_object_get (run, "began")),
        .seconds = json_number_value (json_object_get (run, "seconds")),
        .place = context,
    };
    vec_push (a, runs, r);
}

static int
list_there (struct invocation *inv, const struct past_settings *s, const struct state *state, struct index_runs *runs,
            struct error *err)
{
    struct context c;
    struct auth auth;
    size_t i;
    json_t *run;
    if (context_read (inv->arena, s->context, &c, err) < 0 || auth_prepare (inv->arena, &c, &auth, err) < 0)
        return -1;
    json_auto_t *all = target_find (c.target)->service->runs (inv->arena, &auth, s->limit, err);
    if (!all)
        return -1;
    json_auto_t *records = read_records (inv, state, c.name);
    json_array_foreach (all, i, run)
        add_there (inv->arena, records, c.name, run, runs);
    return 0;
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static void
print_list (struct invocation *inv, const struct index_runs *runs)
{
    fprintf (inv->out, "%-21s %-12s %-9s %-24s %-9s %s\n", "RUN", "STATUS", "TIME", "STEPS", "COMMIT", "NOTEBOOK");
    vec_foreach (r, runs) {
        char time[32];
        cleanup_strbuf struct strbuf steps = { 0 };
        const char *color = past_status_color (inv, r->status);
        if (r->place && r->seconds <= 0)
            snprintf (time, sizeof time, "-");
        else
            progress_format_seconds (r->seconds, time);
        if (r->ran || r->cached || !r->place)
            strbuf_addf (&steps, "%d run, %d cached", r->ran, r->cached);
        if (r->failed)
            strbuf_addf (&steps, ", %d failed", r->failed);
        if (r->place)
            strbuf_addf (&steps, "%son %s", steps.len ? " " : "", r->place);
        fprintf (inv->out, "%-21s %s%-12s%s %-9s %-24s %-9.8s %s\n", r->id, color, r->status, *color ? "\033[0m" : "",
                 time, strbuf_str (&steps), r->commit ? r->commit : "-",
                 r->notebook ? past_one_line (inv->arena, fs_basename (r->notebook)) : "?");
    }
}

static int
list_here (struct invocation *inv, const struct past_settings *s, const struct state *state, const char *notebook,
           struct index_runs *runs, struct error *err)
{
    struct index *ix = fs_is_dir (state->runs) ? index_open (state, err) : NULL;
    if (!ix && fs_is_dir (state->runs))
        return -1;
    index_refresh (ix, state);
    index_list (ix, inv->arena, notebook, s->limit, runs);
    index_close (ix);
    merge_remote (inv, s, state, notebook, runs);
    return 0;
}

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    struct past_settings s = *(const struct past_settings *) settings;
    struct state state;
    struct index_runs runs = { 0 };
    if (inv->operands.len > 1)
        return error_set (err, ERROR_USAGE, "name one notebook, or none");
    if (inv->operands.len)
        s.of = inv->operands.items[0];
    if (past_state_open (inv, &s, &state, err) < 0)
        return -1;
    const char *notebook = s.of && !fs_is_dir (s.of) ? fs_absolute (inv->arena, s.of) : NULL;
    if (s.context && notebook)
        return error_set (err, ERROR_USAGE, "with --context all that has run there is listed: name no notebook");
    if ((s.context ? list_there (inv, &s, &state, &runs, err) : list_here (inv, &s, &state, notebook, &runs, err)) < 0)
        return -1;
    if (!inv->json) {
        if (runs.len)
            print_list (inv, &runs);
        else
            fprintf (inv->err, s.context ? "no runs of %s on %s\n" : "no runs of %s in %s\n",
                     notebook ? fs_basename (notebook) : "any notebook", s.context ? s.context : state.dir);
        return 0;
    }
    json_t *all = json_array ();
    vec_foreach (r, &runs)
        json_array_append_new (all, run_to_json (r));
    past_print_json (inv, all);
    return 0;
}

const struct command command_runs_list = {
    .name = "runs list",
    .operands = "[NOTEBOOK]",
    .summary = "List past runs, the last one first",
    .examples = "chard runs list                  # of the notebooks in this directory\n"
                "chard runs list train.ipynb -n5  # the last five of one notebook\n"
                "chard runs list --refresh        # and how those elsewhere stand now\n"
                "chard runs list --context lab    # what has run there, by schedules too",
    .options = list_options,
    PAST_COMMAND,
    .run = run,
};

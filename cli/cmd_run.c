/* `chard run`: a notebook runs as a pipeline on this machine.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/option.h"
#include "cli/progress.h"
#include "cli/snapshot.h"
#include "cli/sweep.h"
#include "engine/cache.h"
#include "engine/params.h"
#include "engine/runlog.h"
#include "engine/runner.h"

#include <string.h>

struct run_settings {
    struct vec_str parameters, sweep;
    const char *params_file, *from, *only, *python, *max_size, *push;
    int jobs, retries;
    bool no_cache, isolated, keep_going, json_events, force, require_clean, snapshot, from_session;
};

#define FIELD(f) .offset = offsetof (struct run_settings, f)

static const struct option options[] = {
    { .name = "parameter", .letter = 'p', .kind = OPTION_LIST, FIELD (parameters), .argument = "NAME=VALUE",
      .help = "set a parameter of the notebook; may be given several times" },
    { .name = "params-file", .kind = OPTION_STRING, FIELD (params_file), .argument = "FILE",
      .help = "read parameters from a JSON object; -p goes over it" },
    { .name = "sweep", .kind = OPTION_LIST, FIELD (sweep), .argument = "NAME=V,V,…",
      .help = "run it once with each of these values, and compare; given several times: with all combinations" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_INT, FIELD (jobs), .argument = "N",
      .help = "run at most N steps at once (default: as many as there are cores)" },
    { .name = "from", .kind = OPTION_STRING, FIELD (from), .argument = "STEP",
      .help = "run this step and all that depend on it, cached or not" },
    { .name = "only", .kind = OPTION_STRING, FIELD (only), .argument = "STEP",
      .help = "run this step alone, on the results that the others left" },
    { .name = "from-session", .kind = OPTION_FLAG, FIELD (from_session),
      .help = "with --only, in a notebook: take its inputs from the session's variables as they are now" },
    { .name = "no-cache", .kind = OPTION_FLAG, FIELD (no_cache), .help = "run every step, cached or not" },
    { .name = "isolated", .kind = OPTION_FLAG, FIELD (isolated), .help = "start a fresh Python for each step" },
    { .name = "python", .kind = OPTION_STRING, FIELD (python), .argument = "PATH",
      .help = "the Python to run with (default: the notebook's kernel, else python3)" },
    { .name = "keep-going", .letter = 'k', .kind = OPTION_FLAG, FIELD (keep_going),
      .help = "a failed step stops only what depends on it" },
    { .name = "retries", .kind = OPTION_INT, FIELD (retries), .argument = "N",
      .help = "try a failed step N more times, waiting longer each time" },
    { .name = "max-size", .kind = OPTION_STRING, FIELD (max_size), .argument = "SIZE",
      .help = "keep the cache below this size, such as 500M (default: CHARD_CACHE_SIZE, else 10G)" },
    { .name = "force", .kind = OPTION_FLAG, FIELD (force), .help = "run although some name can't be found" },
    { .name = "require-clean", .kind = OPTION_FLAG, FIELD (require_clean),
      .help = "run only what is committed in Git; a notebook's outputs don't count" },
    { .name = "snapshot", .kind = OPTION_FLAG, FIELD (snapshot),
      .help = "keep the exact sources in Git, on refs/chard/runs/RUN: chard runs checkout gives them back" },
    { .name = "push", .kind = OPTION_STRING, FIELD (push), .argument = "REMOTE",
      .help = "send the snapshot to this remote of the repository; implies --snapshot" },
    { .name = "json-events", .kind = OPTION_FLAG, FIELD (json_events),
      .help = "print the run's events to standard output as they happen, as JSON lines" },
    { 0 },
};

static void
print_summary (struct invocation *inv, const struct pipeline *p, const struct run_result *r)
{
    static const char *const colors[] = { "\033[1;32m", "\033[1;31m", "\033[1;33m" };
    const char *name = fs_basename (p->notebook);
    char time[32];
    progress_format_seconds (r->seconds, time);
    fprintf (inv->out, "%s%s%s: %s in %s: %d run, %d cached", inv->color_out ? colors[r->status] : "", name,
             inv->color_out ? "\033[0m" : "", run_status_name (r->status), time, r->ran, r->cached);
    if (r->failed)
        fprintf (inv->out, ", %d failed", r->failed);
    if (r->skipped)
        fprintf (inv->out, ", %d skipped", r->skipped);
    fputc ('\n', inv->out);
    if (r->report)
        fprintf (inv->out, "report: %s\n", r->report);
    if (r->status != RUN_OK)
        fprintf (inv->err, "What finished is kept: the same command goes on from there. More: chard runs show %s\n",
                 r->id);
}

static void
print_json (struct invocation *inv, const struct run_result *r)
{
    json_auto_t *o = json_pack ("{s:s,s:s,s:s,s:s?,s:i,s:i,s:i,s:i,s:f}", "run", r->id, "status",
                                run_status_name (r->status), "dir", r->dir, "report", r->report, "ran", r->ran,
                                "cached", r->cached, "failed", r->failed, "skipped", r->skipped, "seconds", r->seconds);
    json_dumpf (o, inv->out, JSON_INDENT (2) | JSON_REAL_PRECISION (15));
    fputc ('\n', inv->out);
}

/* What Git is asked before the run. */
static int
prepare_origin (const struct run_settings *s, const struct pipeline *p, double since, struct origin *origin,
                struct error *err)
{
    if (s->require_clean && origin_require_clean (origin, err) < 0)
        return -1;
    if (s->push && origin->repo && repo_check_remote (origin->repo, s->push, err) < 0)
        return -1;
    return (s->snapshot || s->push) && snapshot_write (origin, p, NULL, since, err) ? -1 : 0;
}

struct watch {
    struct progress *progress;
    const struct origin *origin;
    struct error named; /* why the snapshot couldn't be named after the run */
};

/* A snapshot is named as soon as the run has a name, so that runs that are killed have theirs too. */
static void
on_event (const json_t *event, void *arg)
{
    struct watch *w = arg;
    const char *kind = json_string_value (json_object_get (event, "event"));
    if (json_object_get (w->origin->record, "snapshot") && strcmp (kind, "run.begin") == 0)
        snapshot_name (w->origin, json_string_value (json_object_get (event, "run")), &w->named);
    progress_event (event, w->progress);
}

static void
on_tick (void *arg)
{
    progress_tick (((struct watch *) arg)->progress);
}

static int
push_snapshot (const struct watch *w, const struct run_settings *s, const struct run_result *r, struct error *err)
{
    if (w->named.kind) {
        *err = w->named;
        return -1;
    }
    return s->push ? snapshot_push (w->origin, r->id, s->push, err) : 0;
}

/* Runs it; `origin` is ready. */
static int
run_pipeline (struct invocation *inv, const struct loaded *l, const struct run_settings *s, const struct origin *origin,
              struct error *err)
{
    const struct pipeline *p = l->pipeline;
    json_auto_t *params = params_resolve (p, s->params_file, &s->parameters, err);
    if (!params)
        return -1;
    struct watch watch = { .progress = progress_create (inv, s->json_events), .origin = origin };
    struct run_options o = {
        .params = params,
        .git = origin->record,
        .jobs = s->jobs,
        .from = s->from,
        .only = s->only,
        .session = s->from_session ? getenv (RUN_SESSION) : NULL,
        .no_cache = s->no_cache && !s->only, /* its step runs anyhow, on what the others have left */
        .isolated = s->isolated,
        .keep_going = s->keep_going,
        .retries = s->retries,
        .python = s->python,
        .on_event = on_event,
        .on_tick = on_tick,
        .arg = &watch,
    };
    struct run_result r = { 0 };
    int status = s->max_size ? cache_parse_size (s->max_size, &o.cache_bytes, err) : 0;
    if (status == 0)
        status = runner_run (inv->arena, p, &o, &r, err);
    progress_destroy (watch.progress);
    if (status < 0)
        return -1;
    load_keep_observed (inv, l, r.dir);
    int pushed = push_snapshot (&watch, s, &r, err);
    if (inv->json && !s->json_events)
        print_json (inv, &r);
    else if (!s->json_events)
        print_summary (inv, p, &r);
    if (pushed < 0)
        return -1;
    return r.status == RUN_OK ? 0 : error_set (err, ERROR_NOTEBOOK, "%s", "");
}

static int
run_with_origin (struct invocation *inv, const struct loaded *l, const struct run_settings *s, double since,
                 struct error *err)
{
    struct origin origin;
    origin_open (&origin, inv->arena, l->pipeline);
    int status = prepare_origin (s, l->pipeline, since, &origin, err);
    if (status == 0)
        status = run_pipeline (inv, l, s, &origin, err);
    origin_close (&origin);
    return status;
}

static int
check_settings (const struct invocation *inv, const struct run_settings *s, struct error *err)
{
    if (inv->operands.len != 1)
        return error_set (err, ERROR_USAGE, "name one notebook to run");
    if (s->from && s->only)
        return error_set (err, ERROR_USAGE, "--from and --only don't go together");
    if (s->from_session && !s->only)
        return error_set (err, ERROR_USAGE, "--from-session gives one step its inputs: say which with --only STEP");
    if (s->from_session && !getenv (RUN_SESSION))
        return error_set (err, ERROR_USAGE, "--from-session takes the variables of a notebook's session: in a notebook "
                                            "whose kernel is “Python 3 (Chard)”, execute %%chard run --only %s "
                                            "--from-session (`chard kernel install` installs that kernel)", s->only);
    if (s->jobs < 0 || s->retries < 0)
        return error_set (err, ERROR_USAGE, "%s can't be negative", s->jobs < 0 ? "--jobs" : "--retries");
    return 0;
}

/* ---- sweeps ----------------------------------------------------------------------------------------------------- */

/* All is checked before anything runs. */
static int
run_sweep (struct invocation *inv, const struct loaded *l, const struct run_settings *s, struct error *err)
{
    struct sweep sweep;
    struct run_settings each = *s;
    struct vec_str argv = { 0 };
    if (s->from || s->only || s->json_events)
        return error_set (err, ERROR_USAGE, "--sweep and --%s don't go together",
                          s->from ? "from" : s->only ? "only" : "json-events");
    if (sweep_parse (inv->arena, l->pipeline, &s->sweep, &sweep, err) < 0)
        return -1;
    for (size_t i = 0; i < sweep.points.len; i++) {
        json_auto_t *params = sweep_resolve (inv->arena, &sweep, i, s->params_file, &s->parameters, err);
        if (!params)
            return -1;
    }
    each.sweep.len = 0;
    each.jobs = 0;
    option_words (inv->arena, options, &each, &argv);
    if (inv->no_learned)
        vec_push (inv->arena, &argv, "--no-learned");
    vec_push (inv->arena, &argv, "--");
    vec_push (inv->arena, &argv, inv->operands.items[0]);
    return sweep_run (inv, &sweep, inv->operands.items[0], &argv, s->jobs, err);
}

static int
cmd_run (struct invocation *inv, const void *settings, struct error *err)
{
    const struct run_settings *s = settings;
    if (check_settings (inv, s, err) < 0)
        return -1;
    struct loaded l = { 0 };
    double since = runlog_now ();
    repo_warm_up (fs_dirname (inv->arena, inv->operands.items[0]));
    int status = load_pipeline (inv, inv->operands.items[0], s->force, &l, err);
    if (status == 0)
        status = s->sweep.len ? run_sweep (inv, &l, s, err) : run_with_origin (inv, &l, s, since, err);
    load_clear (&l);
    return status;
}

const struct command command_run = {
    .name = "run",
    .operands = "NOTEBOOK",
    .summary = "Run a notebook as a pipeline on this machine",
    .details = "Each step runs in a process of its own, as many at once as cores and memory allow. A step whose code, "
               "inputs, parameters and environment are as they were is not run again: its result is taken from the "
               "cache in .chard/ beside the notebook. Ctrl-C ends all steps; the same command then goes on where it "
               "was.",
    .examples = "chard run train.ipynb                       # all of it\n"
                "chard run train.ipynb -p epochs=3 -j 2      # with a parameter, two steps at once\n"
                "chard run train.ipynb --sweep lr=0.1,0.01 --sweep depth=3,5   # four runs, compared\n"
                "chard run train.ipynb --from evaluate       # again from one step on\n"
                "chard run train.ipynb --no-cache --isolated # trust nothing\n"
                "%chard run --only train --from-session      # in a notebook: one step, on what the session has\n",
    .options = options,
    .settings_size = sizeof (struct run_settings),
    .run = cmd_run,
};

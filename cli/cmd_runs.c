/* `chard runs rm` and `chard runs gc`: past runs and cached results go.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "cli/remote.h"
#include "doc/json_value.h"
#include "engine/cache.h"
#include "engine/index.h"

static const struct option common_options[] = { PAST_OPTION_OF, { 0 } };

/* ---- rm --------------------------------------------------------------------------------------------------------- */

static void
tell_removed (struct invocation *inv, const char *id, json_t *removed)
{
    json_array_append_new (removed, json_string (id));
    if (inv->verbose)
        fprintf (inv->err, "removed %s\n", id);
}

/* A run elsewhere is forgotten here; there it stays. */
static int
forget_remote (struct invocation *inv, const struct state *state, const char *id, json_t *removed, struct error *err)
{
    if (remote_remove (state, inv->arena, id, err) < 0)
        return -1;
    tell_removed (inv, id, removed);
    return 0;
}

static int
remove_run (struct invocation *inv, const struct past_settings *s, struct index *ix, const char *wanted,
            json_t *removed, struct error *err)
{
    struct past_run run = { 0 };
    struct error unreadable;
    if (past_run_open (inv, s, wanted, &run, &unreadable) < 0 && !run.id) {
        struct state state;
        json_auto_t *record = remote_find (inv, s, wanted, &state, NULL);
        if (record)
            return forget_remote (inv, &state, json_text (record, "run"), removed, err);
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
    tell_removed (inv, run.id, removed);
    return 0;
}

static int
runs_rm (struct invocation *inv, const void *settings, struct error *err)
{
    struct state state;
    if (inv->operands.len == 0)
        return error_set (err, ERROR_USAGE, "name the runs to remove");
    if (past_state_open (inv, settings, &state, err) < 0)
        return -1;
    struct index *ix = fs_is_dir (state.dir) ? index_open (&state, NULL) : NULL;
    json_t *removed = json_array ();
    int status = 0;
    for (size_t i = 0; i < inv->operands.len && status == 0; i++)
        status = remove_run (inv, settings, ix, inv->operands.items[i], removed, err);
    index_close (ix);
    if (status == 0 && inv->json)
        past_print_json (inv, json_pack ("{s:O}", "removed", removed));
    json_decref (removed);
    return status;
}

/* ---- gc --------------------------------------------------------------------------------------------------------- */

static const struct option gc_options[] = {
    PAST_OPTION_OF,
    { .name = "max-size", .kind = OPTION_STRING, PAST_FIELD (max_size), .argument = "SIZE",
      .help = "let the cache keep this much, such as 500M (default: CHARD_CACHE_SIZE, else 10G); what was not "
              "used for longest goes first" },
    { .name = "keep", .kind = OPTION_INT, PAST_FIELD (keep), .argument = "N", .help = "keep only the last N runs too" },
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
remove_old_runs (struct invocation *inv, const struct past_settings *s, const struct state *state, int *removed,
                 struct error *err)
{
    struct vec_str ids = { 0 };
    state_list_runs (state, inv->arena, &ids);
    struct index *ix = index_open (state, NULL);
    int status = 0;
    for (size_t i = 0; s->keep >= 0 && i + (size_t) s->keep < ids.len && status == 0; i++) {
        struct error why;
        if (remove_run (inv, s, ix, ids.items[i], NULL, &why) == 0)
            (*removed)++;
        else if (why.kind != ERROR_NOTEBOOK) {
            *err = why;
            status = -1;
        }
    }
    index_close (ix);
    return status;
}

/* With no run going on, whatever is half-written was left by one that was killed. */
static void
sweep_killed_runs (struct invocation *inv, struct state *state)
{
    struct vec_str ids = { 0 };
    if (state_lock (state, true, NULL) != 0)
        return;
    state_list_runs (state, inv->arena, &ids);
    vec_foreach (id, &ids)
        state_sweep_run (inv->arena, state_run_dir (state, inv->arena, *id));
    state_close (state);
}

static int
runs_gc (struct invocation *inv, const void *settings, struct error *err)
{
    const struct past_settings *s = settings;
    struct state state;
    struct cache_usage u = { 0 };
    uint64_t limit;
    int runs = 0;
    if (inv->operands.len)
        return error_set (err, ERROR_USAGE, "it takes no operand; --of names a notebook");
    if (cache_limit (&limit, err) < 0 || (s->max_size && cache_parse_size (s->max_size, &limit, err) < 0)
        || past_state_open (inv, s, &state, err) < 0)
        return -1;
    if (fs_is_dir (state.runs) && remove_old_runs (inv, s, &state, &runs, err) < 0)
        return -1;
    int status = cache_collect (&state, limit, &u, err);
    if (status == 0)
        sweep_killed_runs (inv, &state);
    if (status == 1)
        return error_set (err, ERROR_NOTEBOOK, "a run is going on in %s; try again when it has ended", state.dir);
    if (status < 0)
        return -1;
    char freed[32], left[32];
    format_size (u.freed, freed);
    format_size (u.bytes, left);
    if (inv->json)
        fprintf (inv->out,
                 "{\"removed\": %d, \"freed\": %llu, \"entries\": %d, \"bytes\": %llu, \"runs_removed\": %d}\n",
                 u.removed, (unsigned long long) u.freed, u.entries, (unsigned long long) u.bytes, runs);
    else
        fprintf (inv->out, "removed %d results (%s)%s; %d are left (%s)\n", u.removed, freed,
                 runs ? arena_printf (inv->arena, " and %d runs", runs) : "", u.entries, left);
    return 0;
}

/* ---- the commands ----------------------------------------------------------------------------------------------- */

const struct command command_runs_rm = {
    .name = "runs rm",
    .operands = "RUN…",
    .summary = "Remove runs with their logs; cached results stay",
    .examples = "chard runs rm 20261123-235959-3e71",
    .options = common_options,
    PAST_COMMAND,
    .run = runs_rm,
};

const struct command command_runs_gc = {
    .name = "runs gc",
    .operands = "",
    .summary = "Make the cache smaller, and forget old runs",
    .examples = "chard runs gc --max-size 2G           # keep what was used last\n"
                "chard runs gc --max-size 0 --keep 5   # no results, the last five runs",
    .options = gc_options,
    PAST_COMMAND,
    .run = runs_gc,
};

/* `chard runs list`: past runs, from the index.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"
#include "cli/past_run.h"
#include "cli/progress.h"
#include "engine/index.h"

static const struct option list_options[] = {
    PAST_OPTION_OF,
    { .name = "limit", .letter = 'n', .kind = OPTION_INT, PAST_FIELD (limit), .argument = "N",
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
    fprintf (inv->out, "%-21s %-12s %-9s %-24s %-9s %s\n", "RUN", "STATUS", "TIME", "STEPS", "COMMIT", "NOTEBOOK");
    vec_foreach (r, runs) {
        char time[32];
        cleanup_strbuf struct strbuf steps = { 0 };
        const char *color = past_status_color (inv, r->status);
        progress_format_seconds (r->seconds, time);
        strbuf_addf (&steps, "%d run, %d cached", r->ran, r->cached);
        if (r->failed)
            strbuf_addf (&steps, ", %d failed", r->failed);
        fprintf (inv->out, "%-21s %s%-12s%s %-9s %-24s %-9.8s %s\n", r->id, color, r->status, *color ? "\033[0m" : "",
                 time, strbuf_str (&steps), r->commit ? r->commit : "-",
                 r->notebook ? past_one_line (inv->arena, fs_basename (r->notebook)) : "?");
    }
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
    struct index *ix = fs_is_dir (state.runs) ? index_open (&state) : NULL;
    index_refresh (ix, &state);
    index_list (ix, inv->arena, notebook, s.limit, &runs);
    index_close (ix);
    if (!inv->json) {
        if (runs.len)
            print_list (inv, &runs);
        else
            fprintf (inv->err, "no runs of %s in %s\n", notebook ? fs_basename (notebook) : "any notebook", state.dir);
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
                "chard runs list train.ipynb -n5  # the last five of one notebook",
    .options = list_options,
    PAST_COMMAND,
    .run = run,
};

/* `chard runs get`: what a step of a run has handed on, as a file, from here or from elsewhere. The harness reads and
 * writes values (templates/step/get.py), since only Python can.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "cli/remote.h"
#include "doc/json_value.h"
#include "engine/python.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct get_settings {
    struct past_settings past;
    const char *python;
};

static const struct option options[] = {
    PAST_OPTION_OF,
    { .name = "output", .letter = 'o', .kind = OPTION_STRING, PAST_FIELD (output), .argument = "FILE",
      .help = "write it there: .pkl, .json, .csv, .parquet, .npy, .joblib, … by the file's ending" },
    { .name = "python", .kind = OPTION_STRING, .offset = offsetof (struct get_settings, python), .argument = "PATH",
      .help = "the Python that reads the value, with the packages of its classes; else that of the run, or python3" },
    { 0 },
};

enum { SECONDS = 3600 }; /* for Python to read and write it */

/* What is asked for, and where it lies. */
struct getting {
    struct invocation *inv;
    const struct get_settings *settings;
    const char *step, *name; /* NULL: all of it is told */
    const char *result;      /* directory, or archive */
    const char *kind;        /* of what was fetched: "value", "file" or "plain"; NULL: it is a step's whole result */
    const char *cwd, *python;
};

/* ---- Python ----------------------------------------------------------------------------------------------------- */

static json_t *
make_request (const struct getting *g)
{
    const char *to = g->settings->past.output;
    return json_pack ("{s:s,s:s*,s:s*,s:s*,s:s}", "from", g->result, "kind", g->kind, "name", to ? g->name : NULL, "to",
                      to ? fs_absolute (g->inv->arena, to) : NULL, "cwd", g->cwd);
}

/* What the harness answers; the caller owns it. */
static json_t *
ask_harness (const struct getting *g, const char *request, struct error *err)
{
    struct python py = { 0 };
    cleanup_strbuf struct strbuf out = { 0 };
    const char *harness = python_find_harness (g->inv->arena, err);
    if (!harness || python_find (&py, g->inv->arena, g->python, NULL, err) < 0)
        return NULL;
    const char *argv[] = { py.path, harness, "get", request, NULL };
    const struct proc_options o = { .argv = argv, .in = -1, .err = STDERR_FILENO, .three = -1 };
    if (proc_capture (&o, SECONDS, &out, err) < 0) {
        error_set (err, ERROR_ENVIRONMENT, "%s", ""); /* it has said why */
        return NULL;
    }
    const char *line = strbuf_str (&out), *last = line; /* a module that is imported may print */
    for (; (line = strstr (line, "\n{")); line++)
        last = line + 1;
    json_t *told = json_loads (last, 0, NULL);
    if (!told)
        error_set (err, ERROR_ENVIRONMENT, "%s can't be asked: it printed %.80s", py.path, strbuf_str (&out));
    return told;
}

static void
tell_values (const struct getting *g, const json_t *values)
{
    const char *name;
    json_t *about;
    json_object_foreach ((json_t *) values, name, about) {
        cleanup_free char *text = json_dumps (about, JSON_COMPACT);
        if (!g->name || strcmp (name, g->name) == 0)
            fprintf (g->inv->out, "%s.%s %.300s\n", past_one_line (g->inv->arena, g->step),
                     past_one_line (g->inv->arena, name), text ? text : "");
    }
}

static int
tell (const struct getting *g, json_t *told, struct error *err)
{
    const json_t *values = json_object_get (told, "values");
    if (values && g->name && !json_object_get (values, g->name))
        return error_set (err, ERROR_USAGE, "step %s has no %s; chard runs get %s tells what it has", g->step, g->name,
                          g->step);
    if (g->inv->json)
        past_print_json (g->inv, json_incref (values && g->name ? json_object_get (values, g->name) : told));
    else if (values)
        tell_values (g, values);
    else
        fprintf (g->inv->out, "%s\n", json_text (told, "file"));
    return 0;
}

static int
get_from (const struct getting *g, struct error *err)
{
    char path[] = "/tmp/chard-get-XXXXXX";
    json_auto_t *request = make_request (g);
    cleanup_free char *text = json_dumps (request, JSON_COMPACT);
    int fd = mkstemp (path);
    if (fd < 0)
        return error_errno (err, "%s", path);
    close (fd);
    json_auto_t *told = text && fs_write_unsynced (path, text, strlen (text), err) == 0 ? ask_harness (g, path, err)
                                                                                        : NULL;
    unlink (path);
    return told ? tell (g, told, err) : -1;
}

/* ---- runs here -------------------------------------------------------------------------------------------------- */

/* Splits STEP.NAME, or STEP alone, at a step's name: both may have dots in them. */
static bool
split (struct getting *g, const char *wanted, const char *step)
{
    size_t n = strlen (step);
    if (strncmp (wanted, step, n) != 0 || (wanted[n] != '.' && wanted[n] != '\0'))
        return false;
    g->step = step;
    g->name = wanted[n] == '.' && wanted[n + 1] ? wanted + n + 1 : NULL;
    return true;
}

/* `steps`: names, or objects that have them. */
static int
refuse (const char *wanted, const char *run, const json_t *steps, struct error *err)
{
    cleanup_strbuf struct strbuf names = { 0 };
    size_t i;
    json_t *step;
    json_array_foreach (steps, i, step)
        strbuf_addf (&names, "%s%s", i ? ", " : "",
                     json_is_string (step) ? json_string_value (step) : json_text (step, "step"));
    return error_set (err, ERROR_USAGE, "run %s has no step that “%s” begins with (STEP.NAME); its steps: %s", run,
                      wanted, strbuf_str (&names));
}

static int
get_here (struct getting *g, const struct past_run *run, const char *wanted, struct error *err)
{
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (run->begin, "steps"), i, step)
        if (split (g, wanted, json_string_value (step)))
            break;
    if (!g->step)
        return refuse (wanted, run->id, json_object_get (run->begin, "steps"), err);
    g->result = json_text (runlog_last (&run->log, "step.end", g->step), "result");
    if (!*g->result || !fs_is_dir (g->result))
        return error_set (err, ERROR_NOTEBOOK, "step %s of run %s has no result any more (%s)", g->step, run->id,
                          past_step_status (run, g->step));
    g->cwd = fs_dirname (g->inv->arena, json_text (run->begin, "notebook"));
    g->python = g->settings->python ? g->settings->python : json_text (run->begin, "python");
    return get_from (g, err);
}

/* ---- runs elsewhere --------------------------------------------------------------------------------------------- */

/* What the step hands on was noted when it was submitted. */
static int
tell_artifacts (const struct getting *g, const json_t *step)
{
    json_auto_t *told = json_pack ("{s:O?}", "values", json_object_get (step, "artifacts"));
    if (g->inv->json)
        past_print_json (g->inv, json_incref (told));
    else
        tell_values (g, json_object_get (told, "values"));
    return 0;
}

/* Which artifact of the step is wanted, and what comes of it. NULL: none is called so. */
static const char *
find_artifact (struct getting *g, const json_t *step, struct error *err)
{
    const json_t *artifact = json_object_get (json_object_get (step, "artifacts"), g->name);
    g->kind = json_text (artifact, "kind");
    if (artifact)
        return json_text (artifact, "key");
    error_set (err, ERROR_USAGE, "step %s has no %s; chard runs get %s tells what it has", g->step, g->name, g->step);
    return NULL;
}

static int
get_there (struct getting *g, const struct state *state, json_t *record, const char *wanted, struct error *err)
{
    size_t i;
    json_t *step = NULL;
    if (!remote_is_over (record) && remote_refresh (g->inv, state, record, err) < 0)
        return -1;
    json_array_foreach (json_object_get (record, "steps"), i, step)
        if (split (g, wanted, json_text (step, "step")))
            break;
    if (!g->step)
        return refuse (wanted, json_text (record, "run"), json_object_get (record, "steps"), err);
    struct auth auth;
    const struct service *service = remote_service (g->inv, record, &auth, err);
    if (service && !service->whole && (!g->name || !g->settings->past.output))
        return tell_artifacts (g, step);
    const char *artifact = !service ? NULL : service->whole ? "" : find_artifact (g, step, err);
    if (!artifact)
        return -1;
    const char *path = arena_printf (g->inv->arena, "%s/fetched-%d.tgz", state->dir, (int) getpid ());
    cleanup_file FILE *to = fopen (path, "we");
    if (!to)
        return error_errno (err, "%s", path);
    g->result = path;
    g->cwd = fs_dirname (g->inv->arena, json_text (record, "notebook"));
    g->python = g->settings->python;
    int status = service->fetch (g->inv->arena, &auth, record, step, artifact, to, err);
    if (status == 0 && fflush (to) != 0)
        status = error_errno (err, "%s", path);
    if (status == 0)
        status = get_from (g, err);
    unlink (path);
    return status;
}

/* ---- the command ------------------------------------------------------------------------------------------------ */

static int
get (struct invocation *inv, const void *settings, struct error *err)
{
    const struct get_settings *s = settings;
    struct getting g = { .inv = inv, .settings = s };
    struct past_run run = { 0 };
    struct state state;
    if (inv->operands.len < 1 || inv->operands.len > 2)
        return error_set (err, ERROR_USAGE, "name what to get: [RUN] STEP.NAME");
    const char *wanted = inv->operands.items[inv->operands.len - 1];
    const char *id = inv->operands.len == 2 ? inv->operands.items[0] : NULL;
    int status = past_run_open (inv, &s->past, id, &run, err);
    json_auto_t *record = remote_find (inv, &s->past, id, &state, NULL);
    if (record && (!run.id || strcmp (json_text (record, "run"), run.id) > 0))
        status = get_there (&g, &state, record, wanted, err);
    else if (status == 0)
        status = get_here (&g, &run, wanted, err);
    runlog_content_clear (&run.log);
    return status;
}

const struct command command_runs_get = {
    .name = "runs get",
    .operands = "[RUN] STEP.NAME",
    .summary = "Get what a step has handed on: a value, a file, metrics or outputs",
    .details = "Without -o it tells what is known of it, and with STEP alone what there is. Values are written as the "
               "file's ending says, else pickled; STEP.metrics and STEP.outputs are the step's metrics and its "
               "executed cells. Values are pickles: get those of runs that you trust. Of runs elsewhere argo-server "
               "hands results out and KFP's user interface (its API doesn't); the Kubernetes API can't.",
    .examples = "chard runs get train.model -o model.joblib\n"
                "chard runs get 3e71 load.df -o df.parquet\n"
                "chard runs get train               # what there is",
    .options = options,
    .settings_size = sizeof (struct get_settings),
    .defaults = &(const struct get_settings){ .past = { .limit = 20, .keep = -1 } },
    .run = get,
};

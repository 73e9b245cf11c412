/* `chard verify`: does the pipeline compute what the notebook computes?
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/fs.h"
#include "cli/command.h"
#include "cli/load.h"
#include "cli/progress.h"
#include "doc/json_text.h"
#include "doc/json_value.h"
#include "engine/params.h"
#include "engine/verify.h"

#include <string.h>

struct verify_settings {
    struct vec_str parameters;
    const char *params_file, *python;
    int jobs;
    bool isolated, force;
};

#define FIELD(f) .offset = offsetof (struct verify_settings, f)

static const struct option options[] = {
    { .name = "parameter", .letter = 'p', .kind = OPTION_LIST, FIELD (parameters), .argument = "NAME=VALUE",
      .help = "set a parameter of the notebook; may be given several times" },
    { .name = "params-file", .kind = OPTION_STRING, FIELD (params_file), .argument = "FILE",
      .help = "read parameters from a JSON object; -p goes over it" },
    { .name = "jobs", .letter = 'j', .kind = OPTION_INT, FIELD (jobs), .argument = "N",
      .help = "run at most N steps at once (default: as many as there are cores)" },
    { .name = "isolated", .kind = OPTION_FLAG, FIELD (isolated), .help = "start a fresh Python for each step" },
    { .name = "python", .kind = OPTION_STRING, FIELD (python), .argument = "PATH",
      .help = "the Python to run with (default: the notebook's kernel, else python3)" },
    { .name = "force", .kind = OPTION_FLAG, FIELD (force), .help = "run although some name can't be found" },
    { 0 },
};

static size_t
count (const json_t *answer, const char *key)
{
    return json_array_size (json_object_get (answer, key));
}

/* What is shown of an output or a value: one line, not too long. */
static void
print_side (struct invocation *inv, const char *side, const json_t *value)
{
    size_t flags = JSON_ENCODE_ANY | JSON_COMPACT | json_text_precision (value);
    char *text = json_is_string (value) ? strdup (json_string_value (value)) : json_dumps (value, flags);
    fprintf (inv->out, "    %-9s %.300s\n", side, text ? text : "?");
    free (text);
}

/* " (cell 3)", " (prepare.ipynb, cell 3)" */
static void
print_place (struct invocation *inv, const json_t *d)
{
    const char *notebook = json_text (d, "notebook");
    if (json_is_integer (json_object_get (d, "cell")))
        fprintf (inv->out, " (%s%scell %d)", notebook, notebook[0] ? ", " : "",
                 (int) json_integer_value (json_object_get (d, "cell")));
}

static void
print_difference (struct invocation *inv, const json_t *d, const char *what)
{
    const char *red = inv->color_out ? "\033[1;31m" : "", *off = inv->color_out ? "\033[0m" : "";
    fprintf (inv->out, "%sdiffers:%s step %s, %s", red, off, json_text (d, "step"), what);
    if (json_text (d, "path")[0])
        fprintf (inv->out, " %s", json_text (d, "path"));
    else if (json_text (d, "name")[0])
        fprintf (inv->out, " %s", json_text (d, "name"));
    print_place (inv, d);
    fputc ('\n', inv->out);
    print_side (inv, "straight", json_object_get (d, "straight"));
    print_side (inv, "pipeline", json_object_get (d, "pipeline"));
}

static void
print_notes (struct invocation *inv, const json_t *answer, const char *key, const char *text)
{
    size_t i;
    const json_t *d;
    json_array_foreach (json_object_get (answer, key), i, d) {
        const char *name = json_text (d, "path")[0] ? json_text (d, "path") : json_text (d, "name");
        fprintf (inv->out, "%s: step %s%s%s", text, json_text (d, "step"), name[0] ? ", " : "", name);
        print_place (inv, d);
        if (json_text (d, "why")[0])
            fprintf (inv->out, ": %s", json_text (d, "why"));
        fputc ('\n', inv->out);
    }
}

static void
print_answer (struct invocation *inv, const struct pipeline *p, const struct verification *v)
{
    const json_t *answer = v->answer;
    size_t i;
    const json_t *d;
    json_array_foreach (json_object_get (answer, "differences"), i, d)
        print_difference (inv, d, "value");
    json_array_foreach (json_object_get (answer, "outputs"), i, d)
        print_difference (inv, d, "shown output");
    print_notes (inv, answer, "nondeterministic", "not deterministic");
    print_notes (inv, answer, "nondeterministic_outputs", "shows something else each time");
    print_notes (inv, answer, "skipped", "can't be compared");
    size_t differences = count (answer, "differences") + count (answer, "outputs");
    int compared = (int) json_integer_value (json_object_get (answer, "compared"));
    fprintf (inv->out, "%s: %d value%s compared over %zu step%s: ", fs_basename (p->notebook), compared,
             compared == 1 ? "" : "s", p->steps.len, p->steps.len == 1 ? "" : "s");
    if (differences)
        fprintf (inv->out, "%zu differ from running the notebook straight\n", differences);
    else if (v->run.status != RUN_OK)
        fputs ("the pipeline fails, where the notebook runs straight to its end\n", inv->out);
    else
        fputs ("all as when the notebook is run straight\n", inv->out);
}

static void
print_straight_error (struct invocation *inv, const struct pipeline *p, const json_t *e)
{
    fprintf (inv->err, "the notebook itself fails when it is run straight: %s",
             json_text (e, "notebook")[0] ? json_text (e, "notebook") : fs_basename (p->notebook));
    if (json_is_integer (json_object_get (e, "cell")))
        fprintf (inv->err, ", cell %d, line %d", (int) json_integer_value (json_object_get (e, "cell")),
                 (int) json_integer_value (json_object_get (e, "line")));
    fprintf (inv->err, ": %s: %s\n", json_text (e, "type"), json_text (e, "message"));
}

/* 0 if the promise holds. */
static int
report (struct invocation *inv, const struct pipeline *p, const struct verification *v, struct error *err)
{
    const json_t *failed = json_object_get (v->answer, "straight_error");
    bool equal = v->run.status == RUN_OK && v->answer && !failed && !count (v->answer, "differences")
                 && !count (v->answer, "outputs");
    if (inv->json) {
        json_auto_t *o = v->answer ? json_deep_copy (v->answer) : json_object ();
        json_object_set_new (o, "notebook", json_string (p->notebook));
        json_object_set_new (o, "run", json_string (v->run.id));
        json_object_set_new (o, "status", json_string (run_status_name (v->run.status)));
        json_object_set_new (o, "equal", json_boolean (equal));
        json_dumpf (o, inv->out, JSON_INDENT (2));
        fputc ('\n', inv->out);
    } else if (failed)
        print_straight_error (inv, p, failed);
    else if (v->answer)
        print_answer (inv, p, v);
    return equal ? 0 : error_set (err, ERROR_NOTEBOOK, "%s", "");
}

static int
verify (struct invocation *inv, const struct loaded *l, const struct verify_settings *s, struct error *err)
{
    json_auto_t *params = params_resolve (l->pipeline, s->params_file, &s->parameters, err);
    if (!params)
        return -1;
    struct progress *progress = progress_create (inv, false);
    struct run_options o = {
        .params = params,
        .jobs = s->jobs,
        .no_cache = true,
        .isolated = s->isolated,
        .keep_going = true,
        .python = s->python,
        .on_event = progress_event,
        .on_tick = progress_tick,
        .arg = progress,
    };
    struct verification v = { 0 };
    int status = verify_notebook (inv->arena, &l->compilation, &o, &v, err);
    progress_destroy (progress);
    if (status == 0)
        load_keep_observed (inv, l, v.run.dir);
    if (status == 0)
        status = report (inv, l->pipeline, &v, err);
    json_decref (v.answer);
    return status;
}

static int
cmd_verify (struct invocation *inv, const void *settings, struct error *err)
{
    const struct verify_settings *s = settings;
    if (inv->operands.len != 1)
        return error_set (err, ERROR_USAGE, "name one notebook to verify");
    struct loaded l = { 0 };
    int status = load_pipeline (inv, inv->operands.items[0], s->force, &l, err);
    if (status == 0 && !l.compiled)
        status = error_set (err, ERROR_USAGE, "%s: verify needs the notebook itself", inv->operands.items[0]);
    if (status == 0)
        status = verify (inv, &l, s, err);
    load_clear (&l);
    return status;
}

const struct command command_verify = {
    .name = "verify",
    .operands = "NOTEBOOK",
    .summary = "Check that the pipeline computes what the notebook computes",
    .details = "Runs the notebook as a pipeline, without the cache, and at least twice straight through in one "
               "process, and compares every value that crosses a step boundary, by value and type, and what every cell "
               "showed. What the straight runs don't agree on is told as not deterministic, not as a difference.",
    .examples = "chard verify train.ipynb                 # exit status 1 if anything differs\n"
                "chard verify --format=json train.ipynb   # the same for programs\n",
    .options = options,
    .settings_size = sizeof (struct verify_settings),
    .run = cmd_verify,
};

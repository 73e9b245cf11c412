/* See verify.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/verify.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/proc.h"
#include "compiler/flow.h"
#include "compiler/step_spec.h"
#include "engine/aside.h"
#include "engine/launcher.h"
#include "engine/python.h"
#include "engine/runlog.h"
#include "engine/spec.h"
#include "engine/state.h"

#include <fcntl.h>

#define STRAIGHT_MOST 6 /* straight runs in all */

/* ---- the notebook, straight ---- */

/* A JSON value as a Python literal. */
static void
add_literal (struct strbuf *b, const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;
    if (json_is_object (value)) {
        strbuf_addc (b, '{');
        json_object_foreach ((json_t *) value, key, item) {
            json_auto_t *name = json_string (key);
            add_literal (b, name);
            strbuf_adds (b, ": ");
            add_literal (b, item);
            strbuf_adds (b, ", ");
        }
        strbuf_addc (b, '}');
    } else if (json_is_array (value)) {
        strbuf_addc (b, '[');
        json_array_foreach (value, i, item) {
            add_literal (b, item);
            strbuf_adds (b, ", ");
        }
        strbuf_addc (b, ']');
    } else if (json_is_boolean (value) || json_is_null (value))
        strbuf_adds (b, json_is_true (value) ? "True" : json_is_false (value) ? "False" : "None");
    else { /* numbers and strings are written alike in both languages */
        cleanup_free char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_REAL_PRECISION (17));
        strbuf_adds (b, text ? text : "None");
    }
}

static bool
declares (const struct compilation *c, int unit, const char *name)
{
    symbol s = symbol_find (c->flow->program->symbols, name);
    vec_foreach (site, &c->flow->sites)
        if (site->unit == unit && vec_int_has (&site->binds, s))
            return true;
    return false;
}

static bool
is_same_text (const char *a, const char *b)
{
    return a == b || (a && b && strcmp (a, b) == 0);
}

/* Assignments of the parameters whose value isn't the one that the cell gives them, to stand behind it. */
static char *
overrides (const struct compilation *c, const json_t *params, int unit)
{
    struct strbuf b = { 0 };
    const struct unit *u = &c->flow->program->units.items[unit];
    if (u->tags.role != ROLE_PARAMETERS)
        return strbuf_take (&b);
    vec_foreach (param, &c->pipeline->params) {
        const json_t *value = json_object_get (params, param->name);
        bool own = param->cell == u->cell->index && is_same_text (param->notebook, u->cell->notebook->reference);
        value = value ? value : param->default_value;
        if (!declares (c, unit, param->name) || (own && json_equal (value, param->default_value)))
            continue;
        strbuf_addf (&b, "%s = ", param->name);
        add_literal (&b, value);
        strbuf_addc (&b, '\n');
    }
    return strbuf_take (&b);
}

static json_t *
segment (const struct cell *c, const char *source, const char *original)
{
    json_t *s = json_pack ("{s:i,s:i,s:s,s:b}", "cell", c->index, "line", 1, "source", source, "replicated", 0);
    if (original)
        json_object_set_new (s, "original", json_string (original));
    if (c->notebook->reference)
        json_object_set_new (s, "notebook", json_string (c->notebook->reference));
    return s;
}

static json_t *
segments (const struct compilation *c, const json_t *params)
{
    json_t *all = json_array ();
    for (size_t i = 0; i < c->flow->program->units.len; i++) {
        const struct unit *u = &c->flow->program->units.items[i];
        cleanup_free char *more = overrides (c, params, (int) i);
        json_array_append_new (all, segment (u->cell, u->text->run, u->cell->source));
        if (more[0])
            json_array_append_new (all, segment (u->cell, more, NULL));
    }
    return all;
}

/* The position of a step's cell among the units; -1 if it is none. */
static int
find_unit (const struct compilation *c, const struct step *s, int index)
{
    for (size_t i = 0; i < c->flow->program->units.len; i++) {
        const struct cell *cell = c->flow->program->units.items[i].cell;
        if (cell->index == index && is_same_text (cell->notebook->reference, s->notebook))
            return (int) i;
    }
    return -1;
}

/* An output is looked at behind the cell that made it what its readers want. */
static void
add_checkpoint (json_t *all, const struct compilation *c, const struct step *s, int cell)
{
    json_t *names = json_array ();
    vec_foreach (o, &s->outputs)
        if (o->kind == INPUT_DATA && o->cell == cell)
            json_array_append_new (names, json_string (o->name));
    json_array_append_new (all, json_pack ("{s:i,s:s,s:o}", "before_segment", find_unit (c, s, cell) + 1,
                                           "step", s->name, "names", names));
}

json_t *
verify_checkpoints (const struct compilation *c)
{
    json_t *all = json_array ();
    vec_foreach (s, &c->pipeline->steps)
        for (size_t i = 0; i < s->outputs.len; i++) {
            const struct output *o = &s->outputs.items[i];
            bool first = o->kind == INPUT_DATA && o->cell >= 0;
            for (size_t k = 0; k < i && first; k++)
                first = s->outputs.items[k].cell != o->cell || s->outputs.items[k].kind != INPUT_DATA;
            if (first)
                add_checkpoint (all, c, s, o->cell);
        }
    return all;
}

/* Checkpoints count units; overriding assignments shift what is behind them. */
static void
shift_checkpoints (json_t *checkpoints, const json_t *segments)
{
    size_t i, k;
    json_t *point, *s;
    json_array_foreach (checkpoints, i, point) {
        int unit = (int) json_integer_value (json_object_get (point, "before_segment")), seen = 0;
        json_array_foreach (segments, k, s)
            if (json_object_get (s, "original") && seen++ == unit)
                break;
        json_object_set_new (point, "before_segment", json_integer ((json_int_t) k));
    }
}

static json_t *
straight_spec (const struct compilation *c, const json_t *params, const char *result)
{
    const struct pipeline *p = c->pipeline;
    json_t *cells = segments (c, params), *points = verify_checkpoints (c), *env = json_object ();
    shift_checkpoints (points, cells);
    vec_foreach (s, &p->steps)
        if (s->settings.env)
            json_object_update (env, s->settings.env);
    json_t *spec = json_pack ("{s:i,s:s,s:s,s:s,s:s,s:o,s:{},s:o,s:[],s:o}", "version", 1, "step", "straight",
                              "notebook",
                      fs_basename (p->notebook), "cwd", p->notebook_dir, "result", result, "segments", cells,
                      "parameters", "env", env, "metrics", "checkpoints", points);
    step_spec_put_folders (spec, p);
    return spec;
}

/* ---- running step.py ---- */

struct tools {
    struct arena *arena;
    const struct pipeline *p;
    struct python python;
    const char *dir; /* where specs, logs and results go */
    const char *state; /* Chard's own directory */
    json_t *before;  /* what lay in the notebook's directory at first, or NULL; what a run makes, the next must not
                        find */
};

static int
find_tools (struct tools *t, const char *wanted, struct error *err)
{
    struct state state;
    char digest[HASH_HEX_SIZE];
    const char *harness = python_find_harness (t->arena, err);
    if (!harness || hash_file (harness, digest, err) < 0
        || state_open (&state, t->arena, t->p->notebook_dir, true, err) < 0
        || python_find (&t->python, t->arena, wanted, t->p->kernel, err) < 0)
        return -1;
    return python_probe (&t->python, t->arena, &state, harness, digest, err);
}

/* `step.py MODE SPEC`; what it prints on standard output goes to `out`, or with the rest to a log. */
static int
run_harness (const struct tools *t, const char *mode, const char *name, const json_t *spec, struct strbuf *out,
             struct error *err)
{
    char *path = arena_printf (t->arena, "%s/%s.json", t->dir, name);
    char *log_path = arena_printf (t->arena, "%s/%s.log", t->dir, name);
    if (spec_write (path, spec, err) < 0)
        return -1;
    cleanup_fd int log = open (log_path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666);
    if (log < 0)
        return error_errno (err, "%s", log_path);
    const char *const argv[] = { t->python.path, t->python.compiled, mode, path, NULL };
    struct proc_options o = { .argv = argv, .env = launcher_env, .cwd = t->p->notebook_dir, .in = -1, .out = log,
                              .err = log, .three = -1 };
    if (out)
        return proc_capture (&o, 3600, out, err) < 0 ? error_wrap (err, "step.py %s (see %s)", mode, log_path) : 0;
    struct proc p = { 0 };
    if (proc_spawn (&p, &o, err) < 0)
        return -1;
    proc_wait (&p);
    int exit = p.status.exit, signal = p.status.signal;
    proc_close (&p);
    if (signal)
        return error_set (err, ERROR_NOTEBOOK, "the notebook, run straight, was ended by signal %d (see %s)", signal,
                          log_path);
    if (exit > 1)
        return error_set (err, ERROR_ENVIRONMENT, "step.py %s could not do its work (see %s)", mode, log_path);
    return 0;
}

/* Runs the notebook straight, to `result`. If the notebook itself fails, *error is what step.py tells of it. */
static int
run_straight (const struct tools *t, const struct compilation *c, const json_t *params, const char *name,
              const char *result, json_t **error, struct error *err)
{
    json_auto_t *spec = straight_spec (c, params, result);
    if (run_harness (t, "straight", name, spec, NULL, err) < 0)
        return -1;
    json_auto_t *told = json_load_file (fs_join (t->arena, result, "result.json"), JSON_ALLOW_NUL, NULL);
    if (!told)
        return error_set (err, ERROR_NOTEBOOK, "the notebook, run straight, left no result: it may have ended Python "
                                               "(see %s/%s.log)", t->dir, name);
    *error = json_incref (json_object_get (told, "error"));
    return 0;
}

/* ---- the pipeline's results ---- */

/* Where the steps that have a result left it. */
static json_t *
step_results (struct arena *a, const char *run_dir, struct error *err)
{
    struct runlog_content log;
    if (runlog_read (fs_join (a, run_dir, "run.jsonl"), &log, err) < 0)
        return NULL;
    json_t *all = json_array ();
    size_t i;
    const json_t *e;
    json_array_foreach (log.events, i, e) {
        const char *event = json_string_value (json_object_get (e, "event"));
        const char *status = json_string_value (json_object_get (e, "status"));
        if (event && strcmp (event, "step.end") == 0 && status && strcmp (status, "ok") == 0)
            json_array_append_new (all, json_pack ("{s:O,s:O}", "step", json_object_get (e, "step"),
                                                   "result", json_object_get (e, "result")));
    }
    runlog_content_clear (&log);
    return all;
}

static int
compare (const struct tools *t, const char *run_dir, const char *const straight[2], json_t **answer, struct error *err)
{
    json_t *steps = step_results (t->arena, run_dir, err);
    if (!steps)
        return -1;
    json_auto_t *spec = json_pack ("{s:i,s:[s,s],s:o,s:s,s:s}", "version", 1, "straight", straight[0], straight[1],
                                   "steps", steps, "cwd", t->p->notebook_dir, "notebook", fs_basename (t->p->notebook));
    step_spec_put_folders (spec, t->p);
    cleanup_strbuf struct strbuf out = { 0 };
    if (run_harness (t, "compare", "compare", spec, &out, err) < 0)
        return -1;
    *answer = json_loads (strbuf_str (&out), JSON_ALLOW_NUL, NULL);
    return *answer ? 0 : error_set (err, ERROR_ENVIRONMENT, "step.py compare: its answer can't be read");
}

/* Two entries of an answer that are about the same value or the same cell's output. */
static bool
is_same (const json_t *a, const json_t *b)
{
    static const char *const keys[] = { "step", "name", "cell", "notebook" };
    size_t n = json_object_get (a, "name") ? 2 : 4; /* a value is known by its name */
    for (size_t i = 0; i < n; i++) {
        const json_t *x = json_object_get (a, keys[i]), *y = json_object_get (b, keys[i]);
        if (x != y && !json_equal (x, y))
            return false;
    }
    return true;
}

/* What one more straight run does otherwise is no difference: moves it from answer[from] to answer[to]. */
static void
take_back (json_t *answer, const json_t *again, const char *from, const char *to)
{
    json_t *told = json_object_get (answer, from), *excused = json_object_get (answer, to);
    size_t k;
    const json_t *n;
    json_array_foreach (json_object_get (again, to), k, n)
        for (size_t i = json_array_size (told); i-- > 0;)
            if (is_same (json_array_get (told, i), n)) {
                json_array_remove (told, i);
                json_array_append (excused, (json_t *) n);
            }
}

static bool
has_differences (const json_t *answer)
{
    return json_array_size (json_object_get (answer, "differences"))
        || json_array_size (json_object_get (answer, "outputs"));
}

/* Where what a run made is put aside: run 0 is the pipeline's. */
static const char *
made_by (const struct tools *t, int run)
{
    return fs_join (t->arena, t->dir, arena_printf (t->arena, "made-%d", run));
}

/* Two straight runs may agree on something random by chance, so that the pipeline seems to differ: before that is
 * said, up to STRAIGHT_MOST runs have to agree. */
static int
run_and_compare (const struct tools *t, const struct compilation *c, const json_t *params, const char *run_dir,
                 json_t **answer, struct error *err)
{
    const char *straight[2] = { NULL, NULL };
    json_auto_t *first = NULL;
    for (int i = 0; i < 2 || (i < STRAIGHT_MOST && has_differences (first)); i++) {
        char *name = arena_printf (t->arena, "straight-%d", i + 1);
        json_t *failed = NULL;
        straight[i > 0] = fs_join (t->arena, t->dir, name);
        aside_put (t->arena, t->p->notebook_dir, t->state, t->before, made_by (t, i));
        if (run_straight (t, c, params, name, straight[i > 0], &failed, err) < 0)
            return -1;
        if (failed) {
            *answer = json_pack ("{s:o}", "straight_error", failed);
            return 0;
        }
        json_auto_t *again = NULL;
        if (i > 0 && compare (t, run_dir, straight, &again, err) < 0)
            return -1;
        if (i == 1)
            first = json_incref (again);
        else if (i > 1) {
            take_back (first, again, "differences", "nondeterministic");
            take_back (first, again, "outputs", "nondeterministic_outputs");
        }
    }
    *answer = json_incref (first);
    return 0;
}

int
verify_notebook (struct arena *a, const struct compilation *c, const struct run_options *o, struct verification *v,
                 struct error *err)
{
    struct tools t = { .arena = a, .p = c->pipeline };
    struct verification done = { 0 };
    struct state state;
    if (state_open (&state, a, c->pipeline->notebook_dir, true, err) < 0)
        return -1;
    t.state = state.dir;
    json_auto_t *before = aside_look (c->pipeline->notebook_dir, t.state);
    int status = 0;
    t.before = before;
    if (find_tools (&t, o->python, err) < 0 || runner_run (a, c->pipeline, o, &done.run, err) < 0)
        return -1;
    t.dir = fs_join (a, done.run.dir, "verify");
    if (done.run.status != RUN_CANCELED
        && (fs_mkdirs (t.dir, err) < 0 || run_and_compare (&t, c, o->params, done.run.dir, &done.answer, err) < 0))
        status = -1;
    for (int i = 0; i < STRAIGHT_MOST; i++)
        aside_back (a, c->pipeline->notebook_dir, made_by (&t, i));
    if (status < 0)
        return -1;
    *v = done;
    return 0;
}

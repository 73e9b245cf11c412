/* See plan.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/plan.h"

#include "base/fs.h"
#include "base/strbuf.h"

#define RUNS_LOOKED_AT 30 /* how far back a step's last run is searched for */

/* An earlier run of the same notebook. But for `dir`, all is read when first asked for. */
struct earlier {
    const char *dir;
    struct runlog_content log;
    json_t *begins, *ends;     /* step -> its last step.begin, step.end */
    struct pipeline *pipeline;
};

struct plan {
    struct arena *arena;
    const struct pipeline *p;
    struct plan_options o;
    struct digests *digests;
    struct plan_step *steps;
    struct result session; /* what --from-session gives; dir NULL: nothing */
    int only;              /* index of the step that --only names, or -1 */
    bool *forced; /* --from, --only: not from the cache */
    bool *wanted; /* false: --only leaves it out */
    vec (struct earlier) earlier; /* newest first */
    bool earlier_found;
    json_t *restored;      /* path -> index of the cached step whose version counts now */
};

/* ---- --from and --only ---- */

static int
mark_from (struct plan *plan, struct error *err)
{
    int from = pipeline_ask_step (plan->p, plan->o.from, err);
    if (from < 0)
        return error_wrap (err, "--from");
    plan->forced[from] = true;
    for (int i = from + 1; i < (int) plan->p->steps.len; i++) {
        const struct step *s = &plan->p->steps.items[i];
        for (size_t k = 0; k < s->after.len; k++)
            plan->forced[i] |= plan->forced[s->after.items[k]];
    }
    return 0;
}

static int
mark_only (struct plan *plan, struct error *err)
{
    int only = pipeline_ask_step (plan->p, plan->o.only, err);
    if (only < 0)
        return error_wrap (err, "--only");
    plan->only = only;
    memset (plan->wanted, 0, plan->p->steps.len * sizeof *plan->wanted);
    plan->wanted[only] = plan->forced[only] = true;
    if (plan->o.session)
        return result_read (&plan->session, plan->arena, plan->o.session, err);
    for (int i = only; i >= 0; i--) {
        const struct step *s = &plan->p->steps.items[i];
        for (size_t k = 0; plan->wanted[i] && k < s->after.len; k++)
            plan->wanted[s->after.items[k]] = true;
    }
    return 0;
}

struct plan *
plan_create (struct arena *a, const struct pipeline *p, const struct plan_options *o, struct error *err)
{
    struct plan *plan = arena_new (a, struct plan);
    size_t n = p->steps.len;
    plan->arena = a;
    plan->p = p;
    plan->o = *o;
    plan->only = -1;
    plan->steps = arena_alloc (a, (n + 1) * sizeof *plan->steps);
    plan->forced = arena_alloc (a, n + 1);
    plan->wanted = arena_alloc (a, n + 1);
    memset (plan->wanted, 1, n);
    if ((o->from && mark_from (plan, err) < 0) || (o->only && mark_only (plan, err) < 0))
        return NULL;
    plan->digests = digests_open (o->state);
    plan->restored = json_object ();
    return plan;
}

void
plan_destroy (struct plan *plan)
{
    if (!plan)
        return;
    for (size_t i = 0; i < plan->p->steps.len; i++)
        result_clear (&plan->steps[i].result);
    result_clear (&plan->session);
    vec_foreach (e, &plan->earlier) {
        json_decref (e->begins);
        json_decref (e->ends);
        runlog_content_clear (&e->log);
        pipeline_clear (e->pipeline);
    }
    digests_close (plan->digests);
    json_decref (plan->restored);
}

struct plan_step *
plan_step (struct plan *plan, int i)
{
    return &plan->steps[i];
}

const struct result *
plan_source (const struct plan *plan, int i)
{
    return plan->session.dir ? &plan->session : &plan->steps[i].result;
}

bool
plan_is_wanted (const struct plan *plan, int i)
{
    return plan->wanted[i];
}

/* ---- earlier runs ---- */

static void
read_log (struct plan *plan, struct earlier *e)
{
    if (e->log.events || runlog_read (fs_join (plan->arena, e->dir, "run.jsonl"), &e->log, NULL) < 0)
        return;
    e->begins = runlog_last_of_steps (&e->log, "step.begin");
    e->ends = runlog_last_of_steps (&e->log, "step.end");
}

static bool
is_same_notebook (const struct runlog_glance *glance, const char *notebook)
{
    const char *then = json_string_value (json_object_get (glance->begin, "notebook"));
    return then && strcmp (then, notebook) == 0;
}

/* Finds them by a glance at each log: a folder may hold many runs, of many notebooks. */
static void
find_earlier (struct plan *plan)
{
    if (plan->earlier_found)
        return;
    plan->earlier_found = true;
    struct arena *a = plan->arena;
    struct vec_str ids = { 0 };
    state_list_runs (plan->o.state, a, &ids);
    const char *notebook = fs_absolute (a, plan->p->notebook);
    int looked_at = 0;
    for (size_t i = ids.len; i-- > 0 && looked_at < RUNS_LOOKED_AT;) {
        struct earlier e = { .dir = state_run_dir (plan->o.state, a, ids.items[i]) };
        struct runlog_glance glance;
        if (strcmp (ids.items[i], plan->o.run_id) >= 0
            || runlog_look_at (fs_join (a, e.dir, "run.jsonl"), &glance) < 0)
            continue;
        looked_at++;
        if (!glance.ended && !glance.alive)
            state_sweep_run (a, e.dir);
        if (is_same_notebook (&glance, notebook))
            vec_push (a, &plan->earlier, e);
        json_decref (glance.begin);
    }
}

/* The step.begin or step.end with a key of that step's last run, and the run it is in. */
static const json_t *
last_key (struct plan *plan, const char *step, struct earlier **in)
{
    find_earlier (plan);
    vec_foreach (e, &plan->earlier) {
        read_log (plan, e);
        const json_t *begin = json_object_get (e->ends, step);
        const json_t *components = json_object_get (begin, "components");
        if (!json_is_array (components)) {
            begin = json_object_get (e->begins, step);
            components = json_object_get (begin, "components");
        }
        if (json_is_array (components)) {
            *in = e;
            return begin;
        }
    }
    return NULL;
}

static const struct step *
step_then (struct plan *plan, struct earlier *e, const char *name)
{
    if (!e->pipeline) {
        json_auto_t *j = json_load_file (fs_join (plan->arena, e->dir, "pipeline.json"), JSON_ALLOW_NUL, NULL);
        e->pipeline = j ? pipeline_from_json (plan->arena, j, NULL) : NULL;
    }
    int i = e->pipeline ? pipeline_find_step (e->pipeline, name) : -1;
    return i < 0 ? NULL : &e->pipeline->steps.items[i];
}

static const char *
why_not_cached (struct plan *plan, int i)
{
    const struct step *s = &plan->p->steps.items[i];
    struct earlier *e = NULL;
    const json_t *then = last_key (plan, s->name, &e);
    if (!then)
        return "it has not run before";
    const char *changed = key_explain (plan->arena, &plan->steps[i].key, s, json_object_get (then, "components"),
                                       step_then (plan, e, s->name));
    if (changed)
        return changed;
    const char *status = json_string_value (json_object_get (json_object_get (e->ends, s->name), "status"));
    if (!status)
        return "its last run was interrupted";
    if (strcmp (status, "failed") == 0 || strcmp (status, "timeout") == 0)
        return "it failed last time";
    return strcmp (status, "canceled") == 0 ? "its last run was canceled" : "its result is no longer in the cache";
}

/* ---- the key ---- */

static const char *
names_of_outputs (struct arena *a, const struct step *s)
{
    cleanup_strbuf struct strbuf names = { 0 };
    vec_foreach (o, &s->outputs)
        strbuf_addf (&names, "%s%s%s", names.len ? " " : "", o->name, o->kind == INPUT_DATA ? "" : ":code");
    vec_foreach (m, &s->metrics)
        strbuf_addf (&names, " metric:%s", *m);
    return arena_strdup (a, strbuf_str (&names));
}

static void
add_params (struct plan *plan, struct key *k, const struct step *s)
{
    vec_foreach (name, &s->parameters) {
        char *text = json_dumps (json_object_get (plan->o.params, *name),
                                 JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION (17));
        key_add (plan->arena, k, COMPONENT_PARAMETER, *name, text ? arena_strdup (plan->arena, text) : "");
        free (text);
    }
}

static int
add_inputs (struct plan *plan, struct key *k, const struct step *s, struct error *err)
{
    vec_foreach (in, &s->inputs) {
        if (in->kind != INPUT_DATA)
            continue;
        const char *digest = result_value_digest (plan_source (plan, in->from), plan->arena, in->name);
        if (!digest)
            return error_set (err, ERROR_NOTEBOOK, "step %s needs %s, which step %s did not leave", s->name, in->name,
                              plan->p->steps.items[in->from].name);
        key_add (plan->arena, k, COMPONENT_INPUT, in->name, digest);
    }
    return 0;
}

/* Digest of a file as the step will find it: a cached step's version if that still has to be put back. */
static const char *
file_digest (struct plan *plan, const char *path)
{
    const json_t *from = json_object_get (plan->restored, path);
    if (from) {
        const struct result *r = &plan->steps[json_integer_value (from)].result;
        const char *hex = json_string_value (json_object_get (json_object_get (r->files, path), "sha256"));
        if (hex)
            return hex;
    }
    return digests_path (plan->digests, plan->arena, fs_join (plan->arena, plan->p->notebook_dir, path));
}

static void
add_files (struct plan *plan, struct key *k, const struct step *s)
{
    vec_foreach (f, &s->files)
        if (strcmp (f->path, PIPELINE_ALL_FILES) != 0)
            key_add (plan->arena, k, COMPONENT_FILE, f->path, file_digest (plan, f->path));
    vec_foreach (path, &s->files_read)
        if (!strstr (*path, "://"))
            key_add (plan->arena, k, COMPONENT_FILE, *path, file_digest (plan, *path));
    struct vec_str modules = { 0 }, folders = { 0 };
    pipeline_folders (plan->p, &folders);
    digests_local_modules (plan->arena, plan->p->notebook_dir, &s->imports, &modules);
    vec_foreach (folder, &folders)
        digests_local_modules (plan->arena, fs_join (plan->arena, plan->p->notebook_dir, *folder), &s->imports,
                               &modules);
    vec_foreach (m, &modules)
        key_add (plan->arena, k, COMPONENT_MODULE, fs_relative (plan->arena, plan->p->notebook_dir, *m),
                 digests_path (plan->digests, plan->arena, *m));
}

static void
add_settings (struct plan *plan, struct key *k, const struct step *s)
{
    const char *name;
    json_t *value;
    json_object_foreach (s->settings.env, name, value)
        key_add (plan->arena, k, COMPONENT_SETTING, name, json_is_string (value) ? json_string_value (value) : "");
}

static int
make_key (struct plan *plan, int i, struct error *err)
{
    const struct step *s = &plan->p->steps.items[i];
    struct key k = { 0 };
    key_add_code (plan->arena, &k, s);
    key_add (plan->arena, &k, COMPONENT_OUTPUTS, "", names_of_outputs (plan->arena, s));
    add_params (plan, &k, s);
    if (add_inputs (plan, &k, s, err) < 0)
        return -1;
    add_files (plan, &k, s);
    add_settings (plan, &k, s);
    key_add (plan->arena, &k, COMPONENT_ENVIRONMENT, "", plan->o.environment);
    key_add (plan->arena, &k, COMPONENT_HARNESS, "", plan->o.harness);
    key_finish (&k);
    plan->steps[i].key = k;
    return 0;
}

/* ---- deciding ---- */

/* A run that was killed and is now asked for again: what it finished counts, even where the cache is not to be used. */
static bool
take_interrupted (struct plan *plan, int i)
{
    find_earlier (plan);
    if (plan->earlier.len == 0)
        return false;
    struct earlier *e = &plan->earlier.items[0];
    read_log (plan, e);
    if (e->log.ended || e->log.alive)
        return false;
    const json_t *options = json_object_get (runlog_first (&e->log, "run.begin", NULL), "options");
    const char *from = json_string_value (json_object_get (options, "from"));
    const char *only = json_string_value (json_object_get (options, "only"));
    if (json_is_true (json_object_get (options, "no_cache")) != plan->o.no_cache
        || strcmp (from ? from : "", plan->o.from ? plan->o.from : "") != 0
        || strcmp (only ? only : "", plan->o.only ? plan->o.only : "") != 0)
        return false;
    const json_t *end = json_object_get (e->ends, plan->p->steps.items[i].name);
    const char *key = json_string_value (json_object_get (end, "key"));
    const char *dir = json_string_value (json_object_get (end, "result"));
    const char *status = json_string_value (json_object_get (end, "status"));
    if (!key || !dir || strcmp (key, plan->steps[i].key.hex) != 0
        || (strcmp (status, "ok") != 0 && strcmp (status, "cached") != 0))
        return false;
    return result_read (&plan->steps[i].result, plan->arena, arena_strdup (plan->arena, dir), NULL) == 0;
}

static bool
uses_cache (const struct plan *plan, int i)
{
    return !plan->o.no_cache && !plan->forced[i] && plan->p->steps.items[i].settings.cache != 0;
}

static const char *
why_forced (const struct plan *plan, int i)
{
    if (plan->o.no_cache)
        return "--no-cache";
    if (!plan->forced[i])
        return "its cache is switched off";
    return plan->o.only ? "--only asks for it" : "--from asks for it";
}

/* Its files are in place only once somebody needs them: a fully cached run copies nothing it needn't. */
static void
note_files (struct plan *plan, int i)
{
    const char *path;
    json_t *file;
    json_object_foreach (plan->steps[i].result.files, path, file)
        json_object_set_new (plan->restored, path, json_integer (i));
}

/* Whether the step that --only asks for would get values of step `i`, were it not for the session's. */
static bool
gives_by_session (const struct plan *plan, int i)
{
    if (!plan->session.dir)
        return false;
    vec_foreach (in, &plan->p->steps.items[plan->only].inputs)
        if (in->kind == INPUT_DATA && in->from == i)
            return true;
    return false;
}

int
plan_decide (struct plan *plan, int i, struct error *err)
{
    struct plan_step *ps = &plan->steps[i];
    if (ps->decided)
        return 0;
    if (!plan->wanted[i]) {
        ps->decision = PLAN_LEFT;
        ps->why = gives_by_session (plan, i) ? "its values are the session's" : "--only leaves it out";
        ps->decided = true;
        return 0;
    }
    if (make_key (plan, i, err) < 0)
        return -1;
    if (uses_cache (plan, i) && cache_lookup (plan->o.state, plan->arena, ps->key.hex, &ps->result)) {
        ps->why = "nothing it depends on has changed";
        ps->has_result = true;
    } else if (!uses_cache (plan, i) && take_interrupted (plan, i)) {
        ps->why = "the interrupted run had finished it";
        ps->has_result = true;
    }
    ps->decision = ps->has_result ? PLAN_CACHED : PLAN_RUN;
    if (ps->has_result)
        note_files (plan, i);
    else
        ps->why = uses_cache (plan, i) ? why_not_cached (plan, i) : why_forced (plan, i);
    if (!ps->has_result && plan->only >= 0 && i != plan->only)
        return error_set (err, ERROR_USAGE, "--only %s needs the result of step %s, which isn't there: %s; run without "
                                            "--only first", plan->o.only, plan->p->steps.items[i].name, ps->why);
    ps->decided = true;
    return 0;
}

int
plan_set_result (struct plan *plan, int i, const char *dir, struct error *err)
{
    struct plan_step *ps = &plan->steps[i];
    struct result r;
    if (result_read (&r, plan->arena, dir, err) < 0)
        return -1;
    result_clear (&ps->result);
    ps->result = r;
    ps->has_result = true;
    return 0;
}

bool
plan_may_store (const struct plan *plan, int i)
{
    return plan->p->steps.items[i].settings.cache != 0;
}

json_t *
plan_step_params (const struct plan *plan, int i)
{
    json_t *used = json_object ();
    vec_foreach (name, &plan->p->steps.items[i].parameters)
        json_object_set (used, *name, json_object_get (plan->o.params, *name));
    return used;
}

/* ---- files ---- */

static int
restore (struct plan *plan, const char *path, struct error *err)
{
    const json_t *from = json_object_get (plan->restored, path);
    if (!from)
        return 0;
    struct plan_step *ps = &plan->steps[json_integer_value (from)];
    if (cache_restore_file (plan->digests, plan->arena, &ps->result, plan->p->notebook_dir, path, err) < 0)
        return -1;
    return json_object_del (plan->restored, path), 0;
}

int
plan_restore_files (struct plan *plan, int i, struct error *err)
{
    if (i < 0) {
        void *at;
        while ((at = json_object_iter (plan->restored)))
            if (restore (plan, arena_strdup (plan->arena, json_object_iter_key (at)), err) < 0)
                return -1;
        return 0;
    }
    const struct step *s = &plan->p->steps.items[i];
    vec_foreach (f, &s->files)
        if (restore (plan, f->path, err) < 0)
            return -1;
    const struct vec_str *lists[] = { &s->files_read, &s->files_written };
    for (size_t l = 0; l < 2; l++)
        vec_foreach (path, lists[l])
            if (restore (plan, *path, err) < 0)
                return -1;
    return 0;
}

int
plan_keep_files (struct plan *plan, int i, const char *result_dir, struct error *err)
{
    return cache_keep_files (plan->digests, plan->arena, result_dir, plan->p->notebook_dir,
                             &plan->p->steps.items[i].files_written, err);
}

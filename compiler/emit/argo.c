/* Argo Workflows: a Workflow, a WorkflowTemplate of the same, and a CronWorkflow. Each step's whole result is one
 * artifact in the cluster's repository; what steps have in common (image, number of inputs, resources, …) is a template
 * that their tasks share, each handing it its own specification, so that hundreds of steps stay small.
 *
 *     spec.templates: pipeline (DAG) ── task NAME ──> step, step-2, … (containers)
 *                                    ├─ task NAME-each ──> loop-NAME-each (DAG) ── task each, withParam ──> step-…
 *                                    └─ task NAME ──> when-NAME (DAG) ── task NAME or NAME-otherwise ──> step-…
 *
 * Of hundreds of steps the pipeline is a graph of parts (argo_parts.c).
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/cron.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "compiler/emit/argo_build.h"
#include "compiler/emit/argo_verify.h"
#include "compiler/emit/pod_spec.h"
#include "compiler/emit/template_limit.h"
#include "doc/json_text.h"
#include "doc/json_value.h"

#define ENTRY "pipeline"
#define EXIT "exit" /* what runs at the end */

static void
put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value);
}

json_t *
argo_value (const char *name, const char *value)
{
    return json_pack ("{s:s,s:s}", "name", name, "value", value);
}

/* ---- tasks ------------------------------------------------------------------------------------------------------ */

/* What decides a step's result: its specification, its image, the same of all steps it takes from, and parameters. */
static const char *
code_digest (const struct argo *argo, int step, const json_t *spec)
{
    const struct emit_plan *plan = argo->plan;
    char hex[HASH_HEX_SIZE];
    struct hash *h = hash_begin ();
    size_t i;
    json_t *piece;
    json_array_foreach (spec, i, piece)
        hash_add_str (h, json_string_value (piece));
    hash_add_str (h, plan->images.items[plan->steps[step].image].reference);
    const struct vec_int *after = &plan->pipeline->steps.items[step].after;
    for (size_t k = 0; k < after->len; k++)
        hash_add_str (h, argo->codes[after->items[k]]);
    hash_end (h, hex);
    return arena_strdup (plan->arena, hex);
}

/* Which parameters a step and all before it use, and whether these and code are all that its result comes from. */
static void
mark_sources (struct argo *argo, int step)
{
    const struct pipeline *p = argo->plan->pipeline;
    const struct step *s = &p->steps.items[step];
    bool *used = argo->used[step] = arena_alloc (argo->plan->arena, p->params.len + 1);
    vec_foreach (name, &s->parameters)
        used[pipeline_find_param (p, *name)] = true;
    argo->fixed[step] = emit_is_cached (argo->plan, step);
    for (size_t k = 0; k < s->after.len; k++) {
        argo->fixed[step] &= argo->fixed[s->after.items[k]];
        for (size_t i = 0; i < p->params.len; i++)
            used[i] |= argo->used[s->after.items[k]][i];
    }
}

/* The key under which Argo keeps a step's outputs, before it is digested: code, then digests of parameters. */
static const char *
memo_text (const struct argo *argo, int step)
{
    const struct pipeline *p = argo->plan->pipeline;
    cleanup_strbuf struct strbuf text = { 0 };
    strbuf_adds (&text, argo->codes[step]);
    for (size_t i = 0; i < p->params.len; i++)
        if (argo->used[step][i])
            strbuf_addf (&text, " {{=sprig.sha256sum(workflow.parameters.%s)}}",
                         emit_param_key (argo->plan, p->params.items[i].name));
    return arena_strdup (argo->plan->arena, strbuf_str (&text));
}

static json_t *
task_arguments (const struct argo *argo, int step, const json_t *spec)
{
    const struct emit_plan *plan = argo->plan;
    json_t *parameters = json_array (), *artifacts = json_array (), *all = json_object ();
    size_t i;
    json_t *piece;
    json_array_foreach (spec, i, piece)
        json_array_append_new (parameters, argo_value (argo_piece_name (plan->arena, i), json_string_value (piece)));
    if (argo_is_memoized (argo, step))
        json_array_append_new (parameters, argo_value ("memo", memo_text (argo, step)));
    struct vec_int producers = { 0 };
    emit_producers (plan, step, &producers);
    for (size_t k = 0; k < producers.len; k++)
        json_array_append_new (artifacts,
                               json_pack ("{s:s,s:s}", "name", arena_printf (plan->arena, "in-%zu", k), "from",
                                                     arena_printf (plan->arena, "{{tasks.%s.outputs.artifacts.result}}",
                                                                   plan->steps[producers.items[k]].name)));
    json_put_unless_empty (all, "parameters", parameters);
    json_put_unless_empty (all, "artifacts", artifacts);
    return all;
}

static json_t *
task (struct argo *argo, int step)
{
    const struct emit_plan *plan = argo->plan;
    const struct step *s = &plan->pipeline->steps.items[step];
    json_auto_t *spec = pod_spec_pieces (plan, step, POD_RESULTS);
    argo->codes[step] = code_digest (argo, step, spec);
    mark_sources (argo, step);
    const size_t pieces = json_array_size (spec);
    const char *template = argo_share_template (argo, argo_step_template (argo, step, pieces));
    json_t *arguments = task_arguments (argo, step, spec);
    const int guard = plan->steps[step].guard, each = plan->steps[step].each;
    const bool is_choice = plan->steps[step].otherwise >= 0;
    if (plan->steps[step].role == EMIT_EACH)
        template = argo_add_loop (argo, step, template, arguments);
    else if (is_choice)
        template = argo_add_choice (argo, step, template, pieces, arguments);
    json_t *t = json_pack ("{s:s,s:s}", "name", plan->steps[step].name, "template", template);
    json_t *after = json_array ();
    for (size_t k = 0; k < s->after.len && !s->settings.exit; k++)
        json_array_append_new (after, json_string (plan->steps[s->after.items[k]].name));
    if (guard >= 0)
        json_array_append_new (after, json_string (plan->steps[guard].name));
    if (guard >= 0 && !is_choice)
        put (t, "when", json_sprintf ("{{tasks.%s.outputs.parameters.when}} == true", plan->steps[guard].name));
    if (each >= 0)
        json_array_append_new (after, json_string (plan->steps[each].name));
    json_put_unless_empty (t, "dependencies", after);
    json_put_unless_empty (t, "arguments", arguments);
    return t;
}

/* ---- the workflow ----------------------------------------------------------------------------------------------- */

/* Argo's parameters are text: strings as they are, all else as JSON. A string that Argo would take for a template is
 * written as JSON too, and pod_spec says so. */
static const char *
parameter_text (struct arena *a, const json_t *value, bool as_json)
{
    if (json_is_string (value) && !as_json)
        return json_string_value (value);
    if (json_is_real (value)) {
        char digits[JSON_TEXT_REAL_SIZE];
        json_text_print_real (json_real_value (value), digits);
        return arena_strdup (a, digits);
    }
    cleanup_free char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII
                                          | JSON_REAL_PRECISION (17));
    return pod_escape (a, text);
}

/* Whether the step reads its text as JSON: that is decided by the default. */
static bool
is_json_text (const struct param *p)
{
    return pod_string_needs_json (json_string_value (p->default_value));
}

json_t *
emit_argo_argument (const struct emit_plan *plan, const char *name, const json_t *value, struct error *err)
{
    const struct param *p = &plan->pipeline->params.items[pipeline_find_param (plan->pipeline, name)];
    const char *text = json_string_value (value);
    bool as_json = is_json_text (p);
    if (as_json || !text || !pod_string_needs_json (text))
        return json_string (parameter_text (plan->arena, value, as_json));
    for (const char *c = text; *c; c++)
        if (((unsigned char) *c < 0x20 && *c != '\n' && *c != '\t') || *c == 0x7f || pod_is_reference (c)) {
            error_set (err, ERROR_USAGE, "parameter %s: Argo takes no “{{”, “$$”, “$(” or control characters in text, "
                                         "but as the value in the notebook's parameters cell", name);
            return NULL;
        }
    return json_string (text);
}

static json_t *
workflow_arguments (const struct emit_plan *plan)
{
    json_t *parameters = json_array (), *all = json_object ();
    vec_foreach (p, &plan->pipeline->params)
        json_array_append_new (parameters,
                               argo_value (emit_param_key (plan, p->name),
                                           parameter_text (plan->arena, p->default_value, is_json_text (p))));
    json_put_unless_empty (all, "parameters", parameters);
    return all;
}

/* For Prometheus, which Argo's controller serves: how long runs take, and how they end. */
static json_t *
run_metrics (const struct emit_plan *plan)
{
    json_auto_t *labels = json_pack ("[{s:s,s:s},{s:s,s:s}]", "key", "pipeline", "value", plan->name, "key", "status",
                                     "value", "{{workflow.status}}");
    json_t *duration = json_pack ("{s:s,s:s,s:O,s:{s:b,s:s}}", "name", "chard_run_seconds", "help",
                                  "Duration of a pipeline's last run", "labels", labels, "gauge", "realtime", 0,
                                  "value", "{{workflow.duration}}");
    json_t *runs = json_pack ("{s:s,s:s,s:O,s:{s:s}}", "name", "chard_runs_total", "help",
                              "Runs of a pipeline by how they ended", "labels", labels, "counter", "value", "1");
    return json_pack ("{s:[o,o]}", "prometheus", duration, runs);
}

static json_t *
workflow_spec (const struct emit_plan *plan)
{
    const size_t n = plan->pipeline->steps.len;
    struct argo argo = { .plan = plan, .templates = json_array (), .graphs = json_array (), .volumes = json_array (),
                         .claims = json_array (),
                         .codes = arena_alloc (plan->arena, (n + 1) * sizeof (char *)),
                         .used = arena_alloc (plan->arena, (n + 1) * sizeof (bool *)),
                         .fixed = arena_alloc (plan->arena, n + 1) };
    json_t *tasks = json_array (), *last = json_array (), *spec = json_pack ("{s:s}", "entrypoint", ENTRY);
    argo_declare_volumes (&argo);
    for (size_t i = 0; i < n; i++) {
        if (plan->steps[i].role == EMIT_OTHERWISE)
            continue;
        const bool at_end = n > 1 && plan->pipeline->steps.items[i].settings.exit;
        json_array_append_new (at_end ? last : tasks, task (&argo, (int) i));
    }
    json_put_unless_empty (spec, "arguments", workflow_arguments (plan));
    if (plan->pipeline->security)
        put (spec, "securityContext", json_incref (plan->pipeline->security));
    put (spec, "archiveLogs", json_true ()); /* of pods that are gone when somebody asks */
    put (spec, "podGC", json_pack ("{s:s}", "strategy", "OnPodSuccess"));
    put (spec, "metrics", run_metrics (plan));
    json_put_unless_empty (spec, "volumes", argo.volumes);
    json_put_unless_empty (spec, "volumeClaimTemplates", argo.claims);
    tasks = argo_split_tasks (plan->arena, tasks, argo.graphs);
    json_array_insert_new (argo.templates, 0, json_pack ("{s:s,s:{s:o}}", "name", ENTRY, "dag", "tasks", tasks));
    if (json_array_size (last)) {
        put (spec, "onExit", json_string (EXIT));
        json_array_append_new (argo.graphs, json_pack ("{s:s,s:{s:O}}", "name", EXIT, "dag", "tasks", last));
    }
    json_decref (last);
    json_array_extend (argo.templates, argo.graphs);
    json_decref (argo.graphs);
    put (spec, "templates", argo.templates);
    return spec;
}

/* Names as in the notebook, of steps that had to be renamed. */
static const char *
renamed_steps (const struct emit_plan *plan)
{
    json_auto_t *map = json_object ();
    for (size_t i = 0; i < plan->pipeline->steps.len; i++)
        if (strcmp (plan->steps[i].name, plan->pipeline->steps.items[i].name) != 0)
            put (map, plan->steps[i].name, json_string (plan->pipeline->steps.items[i].name));
    if (json_object_size (map) == 0)
        return NULL;
    cleanup_free char *text = json_dumps (map, JSON_COMPACT | JSON_ENSURE_ASCII);
    return pod_escape (plan->arena, text);
}

static json_t *
metadata (const struct emit_plan *plan, const char *name_key, const char *name)
{
    const struct pipeline *p = plan->pipeline;
    json_t *annotations = json_object ();
    const char *renamed = renamed_steps (plan);
    put (annotations, "chard.dev/notebook", json_string (fs_basename (p->notebook)));
    if (p->notebook_digest)
        put (annotations, "chard.dev/notebook-sha256", json_string (p->notebook_digest));
    if (plan->options->commit)
        put (annotations, "chard.dev/commit", json_string (plan->options->commit));
    if (p->description && *p->description)
        put (annotations, "workflows.argoproj.io/description", json_string (p->description));
    if (renamed)
        put (annotations, "chard.dev/steps", json_string (renamed));
    return json_pack ("{s:s,s:{s:s,s:s},s:o}", name_key, name, "labels", "app.kubernetes.io/managed-by", "chard",
                      "chard.dev/pipeline", plan->name, "annotations", annotations);
}

static json_t *
document (const char *kind, json_t *about, json_t *spec)
{
    return json_pack ("{s:s,s:s,s:o,s:o}", "apiVersion", "argoproj.io/v1alpha1", "kind", kind, "metadata", about,
                      "spec", spec);
}

static json_t *
verified_spec (const struct emit_plan *plan, struct error *err)
{
    json_t *spec = workflow_spec (plan);
    const size_t templates = json_array_size (json_object_get (spec, "templates"));
    if (argo_verify (spec, err) == 0 && template_limit_check (plan, templates, "Argo", err) == 0)
        return spec;
    json_decref (spec);
    return NULL;
}

int
emit_argo (const struct emit_plan *plan, struct emission *e, struct error *err)
{
    struct arena *a = plan->arena;
    json_auto_t *spec = verified_spec (plan, err);
    if (!spec)
        return -1;
    emission_add_yaml (e, arena_printf (a, "%s.workflow.yaml", plan->name),
                       document ("Workflow", metadata (plan, "generateName", arena_printf (a, "%s-", plan->name)),
                                 json_incref (spec)));
    emission_add_yaml (e, arena_printf (a, "%s.workflowtemplate.yaml", plan->name),
                       document ("WorkflowTemplate", metadata (plan, "name", plan->name), json_incref (spec)));
    return 0;
}

int
emit_cron (const struct emit_plan *plan, struct emission *e, struct error *err)
{
    const struct emit_options *o = plan->options;
    if (cron_check (o->schedule, err) < 0 || (o->timezone && cron_check_zone (o->timezone, err) < 0))
        return -1;
    json_t *spec = verified_spec (plan, err);
    if (!spec)
        return -1;
    json_t *cron = json_pack ("{s:[s],s:s,s:i}", "schedules", o->schedule, "concurrencyPolicy", "Forbid",
                              "startingDeadlineSeconds", 300);
    if (o->timezone)
        put (cron, "timezone", json_string (o->timezone));
    put (cron, "workflowSpec", spec);
    emission_add_yaml (e, arena_printf (plan->arena, "%s.cronworkflow.yaml", plan->name),
                       document ("CronWorkflow", metadata (plan, "name", plan->name), cron));
    return 0;
}

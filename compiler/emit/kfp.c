/* Kubeflow Pipelines v2: a PipelineSpec of schema 2.1.0 (pipeline_spec.proto, in proto3's JSON mapping) as YAML, and
 * where Kubernetes has to know more, a PlatformSpec behind it. Each value that a step leaves is an artifact, a folder
 * that templates/step.py reads and writes; parameters reach the steps that use them and no others, so that KFP's cache
 * stays useful.
 *
 *     root.dag.tasks[NAME] ── componentRef ──> components[comp-NAME] ── executorLabel ──> executors[exec-NAME]
 *                                          └─> components[comp-NAME--loop, --when, comp-part--N, …].dag.tasks[…] ── …
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "compiler/emit/kfp_build.h"
#include "compiler/emit/kfp_claim.h"
#include "compiler/emit/kfp_param.h"
#include "compiler/emit/kfp_platform.h"
#include "compiler/emit/kfp_verify.h"
#include "compiler/emit/template_limit.h"
#include "doc/json_value.h"

static void
put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value);
}

/* ---- graphs around the steps ------------------------------------------------------------------------------------- */

/* The pipeline's step that runs at the end, or -1. */
static int
find_exit (const struct emit_plan *plan)
{
    for (int i = 0; i < (int) plan->pipeline->steps.len; i++)
        if (plan->pipeline->steps.items[i].settings.exit)
            return plan->pipeline->steps.len > 1 ? i : -1;
    return -1;
}

/* All other tasks as one, and behind it the step that runs whatever became of them. `given`: what they are given. */
static json_t *
tasks_and_exit (const struct emit_plan *plan, json_t *tasks, const json_t *given, json_t *all_components)
{
    static const char body[] = "exit--handler"; /* no step's task is called so */
    const int exit = find_exit (plan);
    if (exit < 0)
        return tasks;
    json_t *all = json_pack ("{s:o}", body, kfp_enclosed (body, tasks, given, all_components));
    json_t *last = kfp_task_of (plan, exit, false);
    kfp_run_at_end (last, body);
    put (all, plan->steps[exit].name, last);
    return all;
}

/* The tasks of the root. `given`: what it is given. */
static json_t *
root_tasks (const struct emit_plan *plan, json_t *given, json_t *all_components, json_t *platform)
{
    json_auto_t *within = kfp_claims_given (plan, given);
    json_t *tasks = kfp_split_tasks (plan->arena, kfp_tasks (plan), within, all_components, platform);
    tasks = tasks_and_exit (plan, tasks, within, all_components);
    return kfp_claims_enclose (plan, tasks, given, all_components);
}

/* ---- the document ----------------------------------------------------------------------------------------------- */

static json_t *
pipeline_info (const struct emit_plan *plan)
{
    const struct pipeline *p = plan->pipeline;
    json_t *info = json_pack ("{s:s}", "name", plan->name);
    if (strcmp (plan->name, p->name) != 0)
        put (info, "displayName", json_string (kfp_text (plan->arena, p->name)));
    if (p->description && *p->description)
        put (info, "description", json_string (kfp_text (plan->arena, p->description)));
    return info;
}

/* `platform`: what Kubernetes is told of executors. */
static json_t *
pipeline_spec (const struct emit_plan *plan, json_t *platform, struct error *err)
{
    json_t *all_components = kfp_components (plan);
    json_t *all_executors = kfp_executors (plan, all_components, err);
    if (!all_executors) {
        json_decref (all_components);
        return NULL;
    }
    kfp_claims_add_components (plan, all_components);
    kfp_claims_add_executors (plan, all_executors);
    json_t *inputs = json_object (), *root = json_object (), *spec = json_object ();
    json_put_unless_empty (inputs, "parameters", kfp_root_parameters (plan));
    put (root, "dag", json_pack ("{s:o}", "tasks", root_tasks (plan, inputs, all_components, platform)));
    json_put_unless_empty (root, "inputDefinitions", inputs);
    put (spec, "pipelineInfo", pipeline_info (plan));
    put (spec, "root", root);
    put (spec, "components", all_components);
    put (spec, "deploymentSpec", json_pack ("{s:o}", "executors", all_executors));
    put (spec, "schemaVersion", json_string ("2.1.0"));
    put (spec, "sdkVersion", json_string ("chard-" CHARD_VERSION));
    return spec;
}

int
emit_kfp (const struct emit_plan *plan, struct emission *e, struct error *err)
{
    if (kfp_claims_check (plan, err) < 0)
        return -1;
    json_auto_t *more = kfp_platform (plan);
    json_auto_t *spec = pipeline_spec (plan, kfp_platform_executors (more), err);
    if (!spec || kfp_verify (spec, err) < 0)
        return -1;
    const size_t templates = kfp_count_templates (spec, kfp_platform_executors (more));
    if (template_limit_check (plan, templates, "Kubeflow Pipelines", err) < 0)
        return -1;
    json_t *documents = json_array ();
    json_array_append (documents, spec);
    if (json_object_size (more)) {
        if (kfp_verify_platform (spec, more, err) < 0)
            return json_decref (documents), -1;
        json_array_append (documents, more);
    }
    emission_add_yaml (e, arena_printf (plan->arena, "%s.kfp.yaml", plan->name), documents);
    return 0;
}

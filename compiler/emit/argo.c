/* Argo Workflows: a Workflow, a WorkflowTemplate of the same, and a CronWorkflow. Each step's whole result is one
 * artifact in the cluster's repository; what steps have in common (image, number of inputs, resources, …) is a template
 * that their tasks share, each handing it its own specification, so that hundreds of steps stay small.
 *
 *     spec.templates: pipeline (DAG) ── task NAME ──> step, step-2, … (containers)
 *                                    ├─ task NAME-each ──> loop-NAME-each (DAG) ── task each, withParam ──> step-…
 *                                    └─ task NAME ──> when-NAME (DAG) ── task NAME or NAME-otherwise ──> step-…
 *
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/cron.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/strbuf.h"
#include "compiler/emit/argo_verify.h"
#include "compiler/emit/emit.h"
#include "compiler/emit/kubernetes.h"
#include "compiler/emit/names.h"
#include "compiler/emit/pod_spec.h"
#include "doc/json_text.h"
#include "doc/json_value.h"

#include <math.h>

#define ENTRY "pipeline"
#define EXIT "exit" /* what runs at the end */
#define INPUT_PATH "/tmp/chard-in" /* Argo mounts inputs there: its folders are root's, so nothing of ours goes there */
#define RESULT_PATH "/tmp/chard-out/result"
#define GUARD_PATH "/tmp/chard-out/when"
#define RANGES_PATH "/tmp/chard-out/ranges"
#define PART_PATH "/tmp/chard-out/part"
#define PARTS_PATH INPUT_PATH "/parts"
#define PARAMETERS_PATH "/tmp/chard-parameters.json"
/* Whose result it is, of two tasks of which one has been started. */
#define CHOICE "inputs.parameters.when == 'true' ? tasks['%s'].outputs.artifacts.result : tasks['%s'].outputs.artifacts.result"
/* A ConfigMap holds 1 MiB, some 2000 steps' results; a step whose result doesn't fit fails. So they lie in 16. */
#define MEMO_KEY "{{=sprig.sha256sum(inputs.parameters.memo)}}"
#define MEMO_SHELF "{{=sprig.trunc(1, sprig.sha256sum(inputs.parameters.memo))}}"
#define MEMO_AGE "2160h" /* 90 days */

struct argo {
    const struct emit_plan *plan;
    json_t *templates; /* containers, each once */
    json_t *graphs;    /* around those that run the rounds of a loop, and around two of which one is started */
    json_t *volumes, *claims; /* of the workflow: "volumes", "volumeClaimTemplates" */
    struct vec_str claimed;   /* names of the volumes of all steps, … */
    const char **volume_names; /* … and what each is called in the workflow */
    const char **codes; /* by step: digest of its specification and of all that it builds upon */
    bool **used;        /* by step: which parameters it and all before it use, … */
    bool *fixed;        /* … and whether nothing else decides its result: none of them is to run each time */
};

static void
put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value);
}

static json_t *
value_of (const char *name, const char *value)
{
    return json_pack ("{s:s,s:s}", "name", name, "value", value);
}

/* ---- what a step's container is told ---------------------------------------------------------------------------- */

/* Pieces of the specification are parameters spec, spec-2, … */
static const char *
piece_name (struct arena *a, size_t k)
{
    return k == 0 ? "spec" : arena_printf (a, "spec-%zu", k + 1);
}

/* Argo hands nobody a list of artifacts: what the rounds of a loop did lies in one folder of the repository. Of the kind of
 * storage Argo's own setting is taken, whatever kind this is; "s3" stands for any of them. */
static const char *
parts_key (const struct argo *argo, int each)
{
    return arena_printf (argo->plan->arena, "{{workflow.name}}/%s", argo->plan->steps[each].name);
}

static json_t *
template_inputs (const struct argo *argo, int step, size_t pieces, bool memoized)
{
    struct arena *a = argo->plan->arena;
    json_t *parameters = json_array (), *artifacts = json_array ();
    for (size_t k = 0; k < pieces; k++)
        json_array_append_new (parameters, json_pack ("{s:s}", "name", piece_name (a, k)));
    if (memoized)
        json_array_append_new (parameters, json_pack ("{s:s}", "name", "memo"));
    struct vec_int producers = { 0 };
    emit_producers (argo->plan, step, &producers);
    for (size_t k = 0; k < producers.len; k++)
        json_array_append_new (artifacts, json_pack ("{s:s,s:s}", "name", arena_printf (a, "in-%zu", k), "path",
                                                     arena_printf (a, INPUT_PATH "/%zu", k)));
    if (argo->plan->steps[step].role == EMIT_EACH)
        json_array_append_new (parameters, json_pack ("{s:s}", "name", "rounds"));
    if (argo->plan->steps[step].each >= 0)
        json_array_append_new (artifacts, json_pack ("{s:s,s:s,s:{s:{}},s:{s:s}}", "name", "parts", "path", PARTS_PATH,
                                                     "archive", "none", "s3", "key", parts_key (argo, argo->plan->steps[step].each)));
    if (argo->plan->pipeline->steps.items[step].parameters.len)
        json_array_append_new (artifacts, json_pack ("{s:s,s:s,s:{s:s}}", "name", "parameters", "path", PARAMETERS_PATH,
                                                     "raw", "data", "{{workflow.parameters.json}}"));
    json_t *inputs = json_object ();
    json_put_unless_empty (inputs, "parameters", parameters);
    json_put_unless_empty (inputs, "artifacts", artifacts);
    return inputs;
}

static void
append_out (json_t *args, const char *key, const char *path)
{
    json_array_append_new (args, json_string ("--out"));
    json_array_append_new (args, json_string (key));
    json_array_append_new (args, json_string (path));
}

static json_t *
container_args (const struct argo *argo, int step, size_t pieces)
{
    struct arena *a = argo->plan->arena;
    json_t *args = json_array ();
    for (size_t k = 0; k < pieces; k++) {
        json_array_append_new (args, json_string (argo->plan->code_in_image ? "--spec-file" : "--spec"));
        json_array_append_new (args, json_sprintf ("{{inputs.parameters.%s}}", piece_name (a, k)));
    }
    if (argo->plan->pipeline->steps.items[step].parameters.len) {
        json_array_append_new (args, json_string ("--parameters"));
        json_array_append_new (args, json_string (PARAMETERS_PATH));
    }
    struct vec_int producers = { 0 };
    emit_producers (argo->plan, step, &producers);
    for (size_t k = 0; k < producers.len; k++) {
        json_array_append_new (args, json_string ("--in"));
        json_array_append_new (args, json_sprintf ("%zu", k));
        json_array_append_new (args, json_sprintf (INPUT_PATH "/%zu", k));
    }
    const enum emit_role role = argo->plan->steps[step].role;
    if (role == EMIT_EACH) {
        json_array_append_new (args, json_string ("--rounds"));
        json_array_append_new (args, json_string ("{{inputs.parameters.rounds}}"));
    }
    if (argo->plan->steps[step].each >= 0) {
        json_array_append_new (args, json_string ("--parts"));
        json_array_append_new (args, json_string (PARTS_PATH));
    }
    if (role == EMIT_GUARD)
        append_out (args, emit_guard_key (argo->plan), GUARD_PATH);
    else if (role == EMIT_EACH)
        append_out (args, emit_part_key (argo->plan), PART_PATH);
    else
        append_out (args, "result", RESULT_PATH);
    if (role == EMIT_ITEMS)
        append_out (args, EMIT_RANGES, RANGES_PATH);
    return args;
}

static json_t *
secret_variables (const struct step *s)
{
    json_t *all = json_array ();
    vec_foreach (x, &s->settings.secrets)
        json_array_append_new (all, json_pack ("{s:s,s:{s:{s:s,s:s}}}", "name", x->env, "valueFrom", "secretKeyRef", "name",
                                               x->name, "key", x->key));
    return all;
}

/* ---- volumes ---------------------------------------------------------------------------------------------------- */

/* A claim that is there already, or one that the workflow makes and gives up with itself. */
static void
declare_volume (struct argo *argo, const struct volume *v, const char *name)
{
    if (!kubernetes_is_new_claim (v)) {
        json_array_append_new (argo->volumes, json_pack ("{s:s,s:{s:s}}", "name", name, "persistentVolumeClaim",
                                                         "claimName", v->name));
        return;
    }
    json_t *metadata = json_pack ("{s:s}", "name", name);
    if (json_object_size (v->annotations))
        json_object_set (metadata, "annotations", v->annotations);
    json_array_append_new (argo->claims,
                           json_pack ("{s:o,s:o}", "metadata", metadata, "spec", kubernetes_claim_spec (v)));
}

/* Volumes of one name are one; the first that speaks says what it is. */
static void
declare_volumes (struct argo *argo)
{
    const struct emit_plan *plan = argo->plan;
    struct vec_volume all = { 0 };
    vec_foreach (s, &plan->pipeline->steps) {
        struct vec_volume mounted = { 0 };
        kubernetes_volumes (plan->pipeline, s, &mounted);
        vec_foreach (v, &mounted)
            if (vec_str_add_once (plan->arena, &argo->claimed, (*v)->name))
                vec_push (plan->arena, &all, *v);
    }
    argo->volume_names = names_map (plan->arena, &argo->claimed, NAME_LABEL, "volume");
    for (size_t i = 0; i < all.len; i++)
        declare_volume (argo, all.items[i], argo->volume_names[i]);
}

static json_t *
volume_mounts (const struct argo *argo, const struct step *s)
{
    json_t *mounts = json_array ();
    struct vec_volume mounted = { 0 };
    kubernetes_volumes (argo->plan->pipeline, s, &mounted);
    vec_foreach (v, &mounted)
        for (size_t i = 0; i < argo->claimed.len; i++)
            if (strcmp (argo->claimed.items[i], (*v)->name) == 0)
                json_array_append_new (mounts, json_pack ("{s:s,s:s}", "name", argo->volume_names[i], "mountPath",
                                                          (*v)->mount_point));
    return mounts;
}

/* ---- templates -------------------------------------------------------------------------------------------------- */

static json_t *
container (struct argo *argo, int step, size_t pieces)
{
    const struct step *s = &argo->plan->pipeline->steps.items[step];
    json_t *c = json_pack ("{s:s,s:[s,s,s],s:o}", "image", argo->plan->images.items[argo->plan->steps[step].image].reference,
                           "command", "python3", EMIT_HARNESS, "pod", "args", container_args (argo, step, pieces));
    json_put_unless_empty (c, "env", secret_variables (s));
    json_t *resources = json_object ();
    json_put_unless_empty (resources, "limits", emit_limits (argo->plan, step));
    json_put_unless_empty (c, "resources", resources);
    json_put_unless_empty (c, "volumeMounts", volume_mounts (argo, s));
    return c;
}

static void
put_running (struct arena *a, json_t *template, const struct step *s)
{
    json_t *metadata = json_object ();
    json_put_unless_empty (metadata, "labels", s->settings.labels ? json_incref (s->settings.labels) : json_object ());
    json_put_unless_empty (metadata, "annotations",
                      s->settings.annotations ? json_incref (s->settings.annotations) : json_object ());
    json_put_unless_empty (template, "metadata", metadata);
    json_put_unless_empty (template, "nodeSelector", s->settings.nodes ? json_incref (s->settings.nodes) : json_object ());
    json_put_unless_empty (template, "tolerations", kubernetes_tolerations (s));
    if (s->settings.retries > 0)
        put (template, "retryStrategy",
             json_pack ("{s:s,s:s,s:{s:s,s:s,s:s}}", "limit", arena_printf (a, "%d", s->settings.retries), "retryPolicy", "Always",
                        "backoff", "duration", "10s", "factor", "2", "maxDuration", "1h"));
    if (s->settings.timeout > 0)
        put (template, "activeDeadlineSeconds", json_sprintf ("%.0f", ceil (s->settings.timeout)));
}

/* Rounds are not: what they did lies in a folder of this run. */
static bool
is_memoized (const struct argo *argo, int step)
{
    return argo->fixed[step] && argo->plan->steps[step].role != EMIT_EACH;
}

/* The step's result, and its metrics apart, so that they are seen without fetching it. */
static json_t *
template_outputs (const struct argo *argo, int step)
{
    const struct step *s = &argo->plan->pipeline->steps.items[step];
    if (argo->plan->steps[step].role == EMIT_GUARD)
        return json_pack ("{s:[{s:s,s:{s:s}}]}", "parameters", "name", "when", "valueFrom", "path", GUARD_PATH);
    if (argo->plan->steps[step].role == EMIT_EACH)
        return json_pack ("{s:[{s:s,s:s,s:{s:{}},s:{s:s}}]}", "artifacts", "name", "part", "path", PART_PATH, "archive", "none",
                          "s3", "key", arena_printf (argo->plan->arena, "%s/{{inputs.parameters.rounds}}", parts_key (argo, step)));
    json_t *outputs = json_pack ("{s:[{s:s,s:s,s:{s:{s:i}}}]}", "artifacts", "name", "result", "path", RESULT_PATH, "archive",
                                 "tar", "compressionLevel", 0);
    if (argo->plan->steps[step].role == EMIT_ITEMS)
        put (outputs, "parameters", json_pack ("[{s:s,s:{s:s}}]", "name", "ranges", "valueFrom", "path", RANGES_PATH));
    if (s->metrics.len)
        put (outputs, "parameters", json_pack ("[{s:s,s:{s:s,s:s}}]", "name", "metrics", "valueFrom", "path",
                                               RESULT_PATH "/metrics.json", "default", "{}"));
    return outputs;
}

/* All of a step's template but its name. */
static json_t *
step_template (struct argo *argo, int step, size_t pieces)
{
    const struct step *s = &argo->plan->pipeline->steps.items[step];
    json_t *t = json_object ();
    put (t, "inputs", template_inputs (argo, step, pieces, is_memoized (argo, step)));
    put (t, "container", container (argo, step, pieces));
    put (t, "outputs", template_outputs (argo, step));
    put_running (argo->plan->arena, t, s);
    if (is_memoized (argo, step))
        put (t, "memoize",
             json_pack ("{s:s,s:s,s:{s:{s:s}}}", "key", MEMO_KEY, "maxAge", MEMO_AGE, "cache", "configMap", "name",
                        arena_printf (argo->plan->arena, "chard-%s-" MEMO_SHELF, argo->plan->name)));
    return t;
}

/* The name of the template that is like `body` (taken over), which becomes one if there is none yet. */
static const char *
share_template (struct argo *argo, json_t *body)
{
    size_t i;
    json_t *known;
    json_array_foreach (argo->templates, i, known) {
        json_auto_t *bare = json_copy (known);
        json_object_del (bare, "name");
        if (json_equal (bare, body)) {
            json_decref (body);
            return json_string_value (json_object_get (known, "name"));
        }
    }
    const char *name = i == 0 ? "step" : arena_printf (argo->plan->arena, "step-%zu", i + 1);
    json_t *named = json_pack ("{s:s}", "name", name);
    json_object_update (named, body);
    json_decref (body);
    json_array_append_new (argo->templates, named);
    return name;
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
    argo->fixed[step] = s->settings.cache != 0;
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
        json_array_append_new (parameters, value_of (piece_name (plan->arena, i), json_string_value (piece)));
    if (is_memoized (argo, step))
        json_array_append_new (parameters, value_of ("memo", memo_text (argo, step)));
    struct vec_int producers = { 0 };
    emit_producers (plan, step, &producers);
    for (size_t k = 0; k < producers.len; k++)
        json_array_append_new (artifacts, json_pack ("{s:s,s:s}", "name", arena_printf (plan->arena, "in-%zu", k), "from",
                                                     arena_printf (plan->arena, "{{tasks.%s.outputs.artifacts.result}}",
                                                                   plan->steps[producers.items[k]].name)));
    json_put_unless_empty (all, "parameters", parameters);
    json_put_unless_empty (all, "artifacts", artifacts);
    return all;
}

/* A graph of its own takes all that its task is given, … */
static json_t *
graph_template (const char *name, const json_t *arguments)
{
    static const char *const kinds[] = { "parameters", "artifacts" };
    json_t *inputs = json_object (), *one;
    size_t i;
    for (size_t k = 0; k < 2; k++) {
        json_t *all = json_array ();
        json_array_foreach (json_object_get (arguments, kinds[k]), i, one)
            json_array_append_new (all, json_pack ("{s:O}", "name", json_object_get (one, "name")));
        json_put_unless_empty (inputs, kinds[k], all);
    }
    return json_pack ("{s:s,s:o,s:{s:[]}}", "name", name, "inputs", inputs, "dag", "tasks");
}

/* … and hands it to its tasks. */
static json_t *
graph_task (struct argo *argo, const char *name, const char *template, const json_t *arguments)
{
    struct arena *a = argo->plan->arena;
    json_t *parameters = json_array (), *artifacts = json_array (), *all = json_object (), *one;
    size_t i;
    json_array_foreach (json_object_get (arguments, "parameters"), i, one) {
        const char *key = json_text (one, "name");
        json_array_append_new (parameters, value_of (key, arena_printf (a, "{{inputs.parameters.%s}}", key)));
    }
    json_array_foreach (json_object_get (arguments, "artifacts"), i, one)
        json_array_append_new (artifacts, json_pack ("{s:O,s:s}", "name", json_object_get (one, "name"), "from",
                                                     arena_printf (a, "{{inputs.artifacts.%s}}", json_text (one, "name"))));
    json_put_unless_empty (all, "parameters", parameters);
    json_put_unless_empty (all, "artifacts", artifacts);
    return json_pack ("{s:s,s:s,s:o}", "name", name, "template", template, "arguments", all);
}

/* A graph around the rounds of a loop, which bounds how many run at a time. Its name. */
static const char *
add_loop (struct argo *argo, int each, const char *template, json_t *arguments)
{
    const int limit = argo->plan->pipeline->steps.items[each].settings.parallel;
    const char *name = arena_printf (argo->plan->arena, "loop-%s", argo->plan->steps[each].name);
    json_t *task = graph_task (argo, "each", template, arguments);
    json_array_append_new (json_object_get (json_object_get (task, "arguments"), "parameters"), value_of ("rounds", "{{item}}"));
    put (task, "withParam", json_string ("{{inputs.parameters.ranges}}"));
    json_array_append_new (json_object_get (arguments, "parameters"),
                           value_of ("ranges", arena_printf (argo->plan->arena, "{{tasks.%s.outputs.parameters.ranges}}",
                                                             argo->plan->steps[argo->plan->steps[each].items].name)));
    json_t *loop = graph_template (name, arguments);
    json_array_append_new (json_object_get (json_object_get (loop, "dag"), "tasks"), task);
    if (limit > 0)
        put (loop, "parallelism", json_integer (limit));
    json_array_append_new (argo->graphs, loop);
    return name;
}

/* A graph in which one of two is started, by what the step's guard told. Its name. */
static const char *
add_choice (struct argo *argo, int step, const char *template, size_t pieces, json_t *arguments)
{
    const struct emit_plan *plan = argo->plan;
    const char *name = arena_printf (plan->arena, "when-%s", plan->steps[step].name);
    const int otherwise = plan->steps[step].otherwise;
    argo->fixed[otherwise] = argo->fixed[step];
    json_t *task = graph_task (argo, plan->steps[step].name, template, arguments);
    json_t *other = graph_task (argo, plan->steps[otherwise].name,
                                share_template (argo, step_template (argo, otherwise, pieces)), arguments);
    put (task, "when", json_string ("{{inputs.parameters.when}} == true"));
    put (other, "when", json_string ("{{inputs.parameters.when}} != true"));
    json_array_append_new (json_object_get (arguments, "parameters"),
                           value_of ("when", arena_printf (plan->arena, "{{tasks.%s.outputs.parameters.when}}",
                                                           plan->steps[plan->steps[step].guard].name)));
    json_t *choice = graph_template (name, arguments);
    json_array_append_new (json_object_get (json_object_get (choice, "dag"), "tasks"), task);
    json_array_append_new (json_object_get (json_object_get (choice, "dag"), "tasks"), other);
    put (choice, "outputs", json_pack ("{s:[{s:s,s:s}]}", "artifacts", "name", "result", "fromExpression",
                                       arena_printf (plan->arena, CHOICE, plan->steps[step].name, plan->steps[otherwise].name)));
    json_array_append_new (argo->graphs, choice);
    return name;
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
    const char *template = share_template (argo, step_template (argo, step, pieces));
    json_t *arguments = task_arguments (argo, step, spec);
    const int guard = plan->steps[step].guard, each = plan->steps[step].each;
    const bool is_choice = plan->steps[step].otherwise >= 0;
    if (plan->steps[step].role == EMIT_EACH)
        template = add_loop (argo, step, template, arguments);
    else if (is_choice)
        template = add_choice (argo, step, template, pieces, arguments);
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
    cleanup_free char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION (17));
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
            error_set (err, ERROR_USAGE, "parameter %s: Argo takes no “{{”, “$$”, “$(” or control characters in text, but as the "
                                         "value in the notebook's parameters cell", name);
            return NULL;
        }
    return json_string (text);
}

static json_t *
workflow_arguments (const struct emit_plan *plan)
{
    json_t *parameters = json_array (), *all = json_object ();
    vec_foreach (p, &plan->pipeline->params)
        json_array_append_new (parameters, value_of (emit_param_key (plan, p->name), parameter_text (plan->arena, p->default_value, is_json_text (p))));
    json_put_unless_empty (all, "parameters", parameters);
    return all;
}

/* For Prometheus, which Argo's controller serves: how long runs take, and how they end. */
static json_t *
run_metrics (const struct emit_plan *plan)
{
    json_auto_t *labels = json_pack ("[{s:s,s:s},{s:s,s:s}]", "key", "pipeline", "value", plan->name, "key", "status", "value",
                                     "{{workflow.status}}");
    json_t *duration = json_pack ("{s:s,s:s,s:O,s:{s:b,s:s}}", "name", "chard_run_seconds", "help",
                                  "Duration of a pipeline's last run", "labels", labels, "gauge", "realtime", 0, "value",
                                  "{{workflow.duration}}");
    json_t *runs = json_pack ("{s:s,s:s,s:O,s:{s:s}}", "name", "chard_runs_total", "help",
                              "Runs of a pipeline by how they ended", "labels", labels, "counter", "value", "1");
    return json_pack ("{s:[o,o]}", "prometheus", duration, runs);
}

static json_t *
workflow_spec (const struct emit_plan *plan)
{
    const size_t n = plan->pipeline->steps.len;
    struct argo argo = { .plan = plan, .templates = json_array (), .graphs = json_array (), .volumes = json_array (), .claims = json_array (),
                         .codes = arena_alloc (plan->arena, (n + 1) * sizeof (char *)),
                         .used = arena_alloc (plan->arena, (n + 1) * sizeof (bool *)),
                         .fixed = arena_alloc (plan->arena, n + 1) };
    json_t *tasks = json_array (), *last = json_array (), *spec = json_pack ("{s:s}", "entrypoint", ENTRY);
    declare_volumes (&argo);
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
    return json_pack ("{s:s,s:s,s:o,s:o}", "apiVersion", "argoproj.io/v1alpha1", "kind", kind, "metadata", about, "spec",
                      spec);
}

static json_t *
verified_spec (const struct emit_plan *plan, struct error *err)
{
    json_t *spec = workflow_spec (plan);
    if (argo_verify (spec, err) == 0)
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

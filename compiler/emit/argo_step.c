/* Argo Workflows: templates of what runs in pods. See argo_build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/argo_build.h"

#include "base/strbuf.h"
#include "compiler/emit/kubernetes.h"
#include "compiler/emit/names.h"
#include "compiler/emit/pod_spec.h"
#include "doc/json_value.h"

#include <math.h>
#include <string.h>

#define INPUT_PATH "/tmp/chard-in" /* Argo mounts inputs there: its folders are root's, so nothing of ours goes there */
#define RESULT_PATH "/tmp/chard-out/result"
#define GUARD_PATH "/tmp/chard-out/when"
#define RANGES_PATH "/tmp/chard-out/ranges"
#define PART_PATH "/tmp/chard-out/part"
#define PARTS_PATH INPUT_PATH "/parts"
#define PARAMETERS_PATH "/tmp/chard-parameters.json"
/* A ConfigMap holds 1 MiB, some 2000 steps' results; a step whose result doesn't fit fails. So they lie in 16. */
#define MEMO_KEY "{{=sprig.sha256sum(inputs.parameters.memo)}}"
#define MEMO_SHELF "{{=sprig.trunc(1, sprig.sha256sum(inputs.parameters.memo))}}"
#define MEMO_AGE "2160h" /* 90 days */

static void
put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value);
}

/* ---- what a step's container is told ---------------------------------------------------------------------------- */

/* Pieces of the specification are parameters spec, spec-2, … */
const char *
argo_piece_name (struct arena *a, size_t k)
{
    return k == 0 ? "spec" : arena_printf (a, "spec-%zu", k + 1);
}

/* Argo hands nobody a list of artifacts: what the rounds of a loop did lies in one folder of the repository. Of the
 * kind of storage Argo's own setting is taken, whatever kind this is; "s3" stands for any of them. */
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
        json_array_append_new (parameters, json_pack ("{s:s}", "name", argo_piece_name (a, k)));
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
                                                     "archive", "none", "s3", "key",
                                                     parts_key (argo, argo->plan->steps[step].each)));
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
        json_array_append_new (args, json_sprintf ("{{inputs.parameters.%s}}", argo_piece_name (a, k)));
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
        json_array_append_new (all, json_pack ("{s:s,s:{s:{s:s,s:s}}}", "name", x->env, "valueFrom", "secretKeyRef",
                                               "name", x->name, "key", x->key));
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
void
argo_declare_volumes (struct argo *argo)
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
    json_t *c = json_pack ("{s:s,s:[s,s,s],s:o}", "image",
                           argo->plan->images.items[argo->plan->steps[step].image].reference,
                           "command", "python3", EMIT_HARNESS, "pod", "args", container_args (argo, step, pieces));
    json_put_unless_empty (c, "env", secret_variables (s));
    json_t *resources = json_object ();
    json_put_unless_empty (resources, "limits", emit_limits (argo->plan, step));
    json_put_unless_empty (c, "resources", resources);
    json_put_unless_empty (c, "volumeMounts", volume_mounts (argo, s));
    return c;
}

/* Texts of the user's, whose double braces are no references. */
static json_t *
escaped_texts (const json_t *texts)
{
    json_t *all = json_object (), *value;
    const char *key;
    json_object_foreach ((json_t *) texts, key, value) {
        cleanup_strbuf struct strbuf text = { 0 };
        const char *from = json_string_value (value);
        for (const char *at; (at = strstr (from, "{{")); from = at + 2)
            strbuf_addf (&text, "%.*s" ARGO_BRACES, (int) (at - from), from);
        strbuf_adds (&text, from);
        put (all, key, json_string (strbuf_str (&text)));
    }
    return all;
}

static void
put_running (struct arena *a, json_t *template, const struct step *s)
{
    json_t *metadata = json_object ();
    json_put_unless_empty (metadata, "labels", s->settings.labels ? json_incref (s->settings.labels) : json_object ());
    json_put_unless_empty (metadata, "annotations", escaped_texts (s->settings.annotations));
    json_put_unless_empty (template, "metadata", metadata);
    json_put_unless_empty (template, "nodeSelector",
                           s->settings.nodes ? json_incref (s->settings.nodes) : json_object ());
    json_put_unless_empty (template, "tolerations", kubernetes_tolerations (s));
    if (s->settings.retries > 0)
        put (template, "retryStrategy",
             json_pack ("{s:s,s:s,s:{s:s,s:s,s:s}}", "limit", arena_printf (a, "%d", s->settings.retries),
                        "retryPolicy", "Always", "backoff", "duration", "10s", "factor", "2", "maxDuration", "1h"));
    if (s->settings.timeout > 0)
        put (template, "activeDeadlineSeconds", json_sprintf ("%.0f", ceil (s->settings.timeout)));
}

/* Rounds are not: what they did lies in a folder of this run. */
bool
argo_is_memoized (const struct argo *argo, int step)
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
        return json_pack ("{s:[{s:s,s:s,s:{s:{}},s:{s:s}}]}", "artifacts", "name", "part", "path", PART_PATH, "archive",
                          "none",
                          "s3", "key",
                          arena_printf (argo->plan->arena, "%s/{{inputs.parameters.rounds}}", parts_key (argo, step)));
    json_t *outputs = json_pack ("{s:[{s:s,s:s,s:{s:{s:i}}}]}", "artifacts", "name", "result", "path", RESULT_PATH,
                                 "archive", "tar", "compressionLevel", 0);
    if (argo->plan->steps[step].role == EMIT_ITEMS)
        put (outputs, "parameters", json_pack ("[{s:s,s:{s:s}}]", "name", "ranges", "valueFrom", "path", RANGES_PATH));
    if (s->metrics.len)
        put (outputs, "parameters", json_pack ("[{s:s,s:{s:s,s:s}}]", "name", "metrics", "valueFrom", "path",
                                               RESULT_PATH "/metrics.json", "default", "{}"));
    return outputs;
}

/* All of a step's template but its name. */
json_t *
argo_step_template (struct argo *argo, int step, size_t pieces)
{
    const struct step *s = &argo->plan->pipeline->steps.items[step];
    json_t *t = json_object ();
    put (t, "inputs", template_inputs (argo, step, pieces, argo_is_memoized (argo, step)));
    put (t, "container", container (argo, step, pieces));
    put (t, "outputs", template_outputs (argo, step));
    put_running (argo->plan->arena, t, s);
    if (argo_is_memoized (argo, step))
        put (t, "memoize",
             json_pack ("{s:s,s:s,s:{s:{s:s}}}", "key", MEMO_KEY, "maxAge", MEMO_AGE, "cache", "configMap", "name",
                        arena_printf (argo->plan->arena, "chard-%s-" MEMO_SHELF, argo->plan->name)));
    return t;
}

/* The name of the template that is like `body` (taken over), which becomes one if there is none yet. */
const char *
argo_share_template (struct argo *argo, json_t *body)
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

/* See pod_spec.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/pod_spec.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "compiler/emit/kfp_param.h"
#include "compiler/step_spec.h"

#define PIECE 100000

/* Which input artifact brings the result of step `from`: its place among the steps that this one takes from. */
static const char *
producer_key (const struct emit_plan *plan, int step, int from)
{
    struct vec_int producers = { 0 };
    emit_producers (plan, step, &producers);
    for (size_t k = 0; k < producers.len; k++)
        if (producers.items[k] == from)
            return arena_printf (plan->arena, "%zu", k);
    return "";
}

static json_t *
inputs (const struct emit_plan *plan, int step, enum pod_layout layout)
{
    json_t *all = json_array ();
    vec_foreach (in, &plan->pipeline->steps.items[step].inputs)
        if (in->kind == INPUT_DATA)
            json_array_append_new (all, json_pack ("{s:s,s:s,s:b,s:b}", "name", in->name, "artifact",
                                                   layout == POD_VALUES ? emit_value_key (plan, in->name)
                                                                        : producer_key (plan, step, in->from),
                                                   "optional", in->optional, "mutated", in->mutated));
    return all;
}

/* Of values that are artifacts of their own: which. */
static void
name_outputs (const struct emit_plan *plan, json_t *spec)
{
    size_t i;
    json_t *o;
    json_array_foreach (json_object_get (spec, "outputs"), i, o)
        json_object_set_new (o, "artifact",
                             json_string (emit_value_key (plan, json_string_value (json_object_get (o, "name")))));
}

static json_t *
parameters (const struct emit_plan *plan, const struct step *s, enum pod_layout layout)
{
    json_t *all = json_object ();
    vec_foreach (name, &s->parameters) {
        const struct param *p = &plan->pipeline->params.items[pipeline_find_param (plan->pipeline, *name)];
        json_t *one = json_pack ("{s:s,s:O}", "type", p->type, "default", p->default_value);
        const char *key = emit_param_key (plan, *name);
        if (strcmp (key, *name) != 0)
            json_object_set_new (one, "key", json_string (key));
        const char *text = json_string_value (p->default_value);
        if (layout == POD_RESULTS ? pod_string_needs_json (text) : kfp_param_is_json (text))
            json_object_set_new (one, "json", json_true ());
        json_object_set_new (all, *name, one);
    }
    return all;
}

/* A file as an artifact of its own, or as a folder in the result of the step that writes it. */
static json_t *
file (const struct emit_plan *plan, const char *path, const char *artifact, enum pod_layout layout)
{
    if (layout == POD_VALUES)
        return json_pack ("{s:s,s:s}", "path", path, "artifact", artifact);
    return json_pack ("{s:s,s:s,s:s}", "path", path, "artifact", artifact, "inside",
                      arena_printf (plan->arena, "files/%s", emit_file_key (plan, path)));
}

static json_t *
files (const struct emit_plan *plan, int step, enum pod_layout layout)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    json_t *in = json_array (), *out = json_array ();
    for (size_t k = 0; k < s->files.len; k++)
        json_array_append_new (in, file (plan, s->files.items[k].path,
                                         layout == POD_VALUES ? emit_file_input_key (plan, step, k)
                                                              : producer_key (plan, step, s->files.items[k].from),
                                                              layout));
    vec_foreach (path, &plan->steps[step].files)
        json_array_append_new (out, file (plan, *path, layout == POD_VALUES ? emit_file_key (plan, *path) : "result",
                                          layout));
    return json_pack ("{s:o,s:o}", "in", in, "out", out);
}

static json_t *
special_artifacts (const struct emit_plan *plan, int step, enum pod_layout layout)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    json_t *all = json_object ();
    const enum emit_role role = plan->steps[step].role;
    if (role == EMIT_GUARD || role == EMIT_EACH) {
        json_object_set_new (all, role == EMIT_GUARD ? "when" : "part",
                             json_string (role == EMIT_GUARD ? emit_guard_key (plan) : emit_part_key (plan)));
        return all;
    }
    if (role == EMIT_ITEMS)
        json_object_set_new (all, "ranges", json_string (EMIT_RANGES));
    if (plan->steps[step].each >= 0)
        json_object_set_new (all, "parts", json_string (emit_part_key (plan)));
    if (layout == POD_RESULTS) {
        json_object_set_new (all, "result", json_string ("result"));
        return all;
    }
    if (s->metrics.len)
        json_object_set_new (all, "metrics", json_string (emit_metrics_key (plan)));
    if (s->settings.report != 0)
        json_object_set_new (all, "report", json_string (emit_report_key (plan)));
    return all;
}

const char *
pod_layout_name (enum pod_layout layout)
{
    return layout == POD_VALUES ? "kfp" : "argo";
}

bool
pod_is_reference (const char *s)
{
    return strncmp (s, "{{", 2) == 0 || strncmp (s, "$$", 2) == 0 || strncmp (s, "$(", 2) == 0;
}

bool
pod_string_needs_json (const char *s)
{
    for (; s && *s; s++)
        if ((unsigned char) *s < 0x20 || (unsigned char) *s >= 0x7f || pod_is_reference (s))
            return true;
    return false;
}

const char *
pod_escape (struct arena *a, const char *json)
{
    cleanup_strbuf struct strbuf out = { 0 };
    for (const char *p = json; *p; p++) {
        if (*p == '$')
            strbuf_adds (&out, "\\u0024");
        else if (*p == '{' && p > json && p[-1] == '{')
            strbuf_adds (&out, "\\u007b");
        else if (*p == 0x7f)
            strbuf_adds (&out, "\\u007f");
        else
            strbuf_addc (&out, *p);
    }
    return arena_strndup (a, strbuf_str (&out), out.len);
}

/* What the pod does of a loop that is taken apart. */
static const char *
loop_part (const struct emit_step *e)
{
    return e->role == EMIT_ITEMS ? "items" : e->role == EMIT_EACH ? "rounds" : e->each >= 0 ? "join" : NULL;
}

/* The step whose code it runs: what takes another's place is told the same. */
static int
runs_as (const struct emit_plan *plan, int step)
{
    return plan->steps[step].role == EMIT_OTHERWISE ? plan->steps[step].of : step;
}

const char *
pod_spec_text (const struct emit_plan *plan, int step, enum pod_layout layout)
{
    const struct pipeline *p = plan->pipeline;
    step = runs_as (plan, step);
    const struct step *s = &p->steps.items[step];
    json_auto_t *spec = step_spec_create (p, step);
    const char *part = loop_part (&plan->steps[step]);
    if (part)
        json_object_set_new (json_object_get (spec, "loop"), "part", json_string (part));
    if (layout == POD_VALUES)
        name_outputs (plan, spec);
    json_object_set_new (spec, "inputs", inputs (plan, step, layout));
    json_object_set_new (spec, "parameters", parameters (plan, s, layout));
    json_object_set_new (spec, "files", files (plan, step, layout));
    json_object_set_new (spec, "artifacts", special_artifacts (plan, step, layout));
    cleanup_free char *text = json_dumps (spec, JSON_COMPACT | JSON_ENSURE_ASCII | JSON_REAL_PRECISION (17));
    return pod_escape (plan->arena, text);
}

json_t *
pod_spec_pieces (const struct emit_plan *plan, int step, enum pod_layout layout)
{
    json_t *pieces = json_array ();
    if (plan->code_in_image) {
        json_array_append_new (pieces, json_sprintf ("%s/%s/%s.json", EMIT_SPECS, pod_layout_name (layout),
                                                     plan->steps[runs_as (plan, step)].name));
        return pieces;
    }
    const char *text = pod_spec_text (plan, step, layout);
    for (size_t left = strlen (text); left > 0;) {
        size_t n = left < PIECE ? left : PIECE;
        json_array_append_new (pieces, json_stringn (text, n));
        text += n;
        left -= n;
    }
    return pieces;
}

void
pod_spec_append (json_t *args, const struct emit_plan *plan, int step, enum pod_layout layout)
{
    json_auto_t *pieces = pod_spec_pieces (plan, step, layout);
    size_t i;
    json_t *piece;
    json_array_foreach (pieces, i, piece) {
        json_array_append_new (args, json_string (plan->code_in_image ? "--spec-file" : "--spec"));
        json_array_append (args, piece);
    }
}

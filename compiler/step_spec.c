/* See step_spec.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/step_spec.h"

#include "base/fs.h"

static json_t *
segments (const struct step *s)
{
    json_t *all = json_array ();
    vec_foreach (seg, &s->segments) {
        json_t *one = json_pack ("{s:i,s:i,s:s,s:b}", "cell", seg->cell, "line", seg->line, "source", seg->source,
                                 "replicated", seg->replicated);
        if (seg->late)
            json_object_set_new (one, "late", json_true ());
        if (seg->notebook)
            json_object_set_new (one, "notebook", json_string (seg->notebook));
        json_array_append_new (all, one);
    }
    return all;
}

static json_t *
outputs (const struct step *s)
{
    json_t *all = json_array ();
    vec_foreach (o, &s->outputs)
        if (o->kind == INPUT_DATA)
            json_array_append_new (all, json_pack ("{s:s,s:s,s:b}", "name", o->name, "kind", input_kind_name (o->kind),
                                                   "optional", o->optional));
    return all;
}

void
step_spec_put_folders (json_t *spec, const struct pipeline *p)
{
    struct vec_str folders = { 0 };
    pipeline_folders (p, &folders);
    if (folders.len)
        json_object_set_new (spec, "path", pipeline_names_to_json (&folders));
}

json_t *
step_spec_create (const struct pipeline *p, int step)
{
    const struct step *s = &p->steps.items[step];
    json_t *spec = json_pack ("{s:i,s:s,s:s}", "version", 1, "step", s->name, "notebook", fs_basename (p->notebook));
    json_object_set_new (spec, "segments", segments (s));
    step_spec_put_folders (spec, p);
    json_object_set_new (spec, "outputs", outputs (s));
    json_object_set_new (spec, "metrics", pipeline_names_to_json (&s->metrics));
    json_object_set_new (spec, "definitions", pipeline_names_to_json (&s->definitions));
    if (s->loop) {
        json_t *loop = pipeline_loop_to_json (s->loop);
        json_object_set_new (loop, "parallel", json_integer (s->settings.parallel));
        json_object_set_new (spec, "loop", loop);
    }
    json_object_set_new (spec, "env", s->settings.env ? json_incref (s->settings.env) : json_object ());
    return spec;
}

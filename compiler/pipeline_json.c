/* The IR as JSON: the published form that `chard compile --to ir` prints, that the run log keeps and
 * share/chard/pipeline.schema.json describes; pipeline_read.c is the way back. See pipeline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/pipeline.h"

static void
put_text (json_t *o, const char *key, const char *value)
{
    if (value)
        json_object_set_new (o, key, json_string (value));
}

static void
put_flag (json_t *o, const char *key, bool value)
{
    if (value)
        json_object_set_new (o, key, json_true ());
}

json_t *
pipeline_names_to_json (const struct vec_str *names)
{
    json_t *list = json_array ();
    vec_foreach (n, names)
        json_array_append_new (list, json_string (*n));
    return list;
}

/* Leaves empty lists out: most steps have none of most things. */
static void
put_names (json_t *o, const char *key, const struct vec_str *names)
{
    if (names->len)
        json_object_set_new (o, key, pipeline_names_to_json (names));
}

static void
put_object (json_t *o, const char *key, json_t *value)
{
    if (value && json_object_size (value))
        json_object_set (o, key, value);
}

static json_t *
inputs_to_json (const struct pipeline *p, const struct step *s)
{
    json_t *list = json_array ();
    vec_foreach (in, &s->inputs) {
        json_t *o = json_pack ("{s:s, s:s, s:s}", "name", in->name, "from", p->steps.items[in->from].name, "kind",
                               input_kind_name (in->kind));
        put_flag (o, "optional", in->optional);
        put_flag (o, "mutated", in->mutated);
        json_array_append_new (list, o);
    }
    return list;
}

/* The published form names outputs; how each travels stands in "artifacts", for those who want to know. */
static void
put_outputs (json_t *o, const struct step *s)
{
    json_t *names = json_array (), *artifacts = json_array ();
    vec_foreach (out, &s->outputs) {
        json_array_append_new (names, json_string (out->name));
        json_t *artifact = json_pack ("{s:s, s:s}", "name", out->name, "kind", input_kind_name (out->kind));
        put_flag (artifact, "optional", out->optional);
        if (out->cell >= 0)
            json_object_set_new (artifact, "cell", json_integer (out->cell));
        put_text (artifact, "type", out->type);
        put_text (artifact, "report", out->report);
        json_array_append_new (artifacts, artifact);
    }
    json_object_set_new (o, "outputs", names);
    json_object_set_new (o, "artifacts", artifacts);
}

static json_t *
segments_to_json (const struct step *s)
{
    json_t *list = json_array ();
    vec_foreach (seg, &s->segments) {
        json_t *o = json_object ();
        put_text (o, "notebook", seg->notebook);
        json_object_set_new (o, "cell", json_integer (seg->cell));
        json_object_set_new (o, "line", json_integer (seg->line));
        json_object_set_new (o, "source", json_string (seg->source));
        put_flag (o, "replicated", seg->replicated);
        put_flag (o, "late", seg->late);
        json_array_append_new (list, o);
    }
    return list;
}

static json_t *
step_names (const struct pipeline *p, const struct vec_int *indices)
{
    json_t *list = json_array ();
    vec_foreach (i, indices)
        json_array_append_new (list, json_string (p->steps.items[*i].name));
    return list;
}

static json_t *
volumes_to_json (const struct volume *items, size_t n)
{
    json_t *list = json_array ();
    for (size_t i = 0; i < n; i++) {
        json_t *o = json_object ();
        put_text (o, "name", items[i].name);
        put_text (o, "mount_point", items[i].mount_point);
        put_text (o, "type", items[i].type);
        put_text (o, "size", items[i].size);
        put_text (o, "storage_class", items[i].storage_class);
        put_text (o, "access_mode", items[i].access_mode);
        put_object (o, "annotations", items[i].annotations);
        json_array_append_new (list, o);
    }
    return list;
}

static void
put_settings (json_t *o, const struct step_settings *s)
{
    put_text (o, "image", s->image);
    if (s->retries >= 0)
        json_object_set_new (o, "retries", json_integer (s->retries));
    if (s->timeout > 0)
        json_object_set_new (o, "timeout", json_real (s->timeout));
    if (s->cache >= 0)
        json_object_set_new (o, "cache", json_boolean (s->cache));
    if (s->report >= 0)
        json_object_set_new (o, "report", json_boolean (s->report));
    put_object (o, "limits", s->limits);
    put_object (o, "labels", s->labels);
    put_object (o, "annotations", s->annotations);
    put_object (o, "env", s->env);
    put_object (o, "nodes", s->nodes);
    put_object (o, "tolerations", s->tolerations);
    put_text (o, "foreach", s->foreach);
    if (s->parallel > 0)
        json_object_set_new (o, "parallel", json_integer (s->parallel));
    put_text (o, "when", s->when);
    put_flag (o, "exit", s->exit);
    put_text (o, "serve", s->serve);
    put_text (o, "register", s->register_as);
    if (s->secrets.len) {
        json_t *list = json_array ();
        vec_foreach (x, &s->secrets)
            json_array_append_new (list, json_pack ("{s:s, s:s, s:s}", "name", x->name, "key", x->key, "env", x->env));
        json_object_set_new (o, "secrets", list);
    }
    if (s->volumes.len)
        json_object_set_new (o, "volumes", volumes_to_json (s->volumes.items, s->volumes.len));
}

json_t *
pipeline_loop_to_json (const struct loop *l)
{
    json_t *o = json_pack ("{s:i, s:i, s:b}", "cell", l->cell, "line", l->line, "last", l->last);
    put_text (o, "notebook", l->notebook);
    json_object_set_new (o, "head", pipeline_names_to_json (&l->head));
    json_object_set_new (o, "bound", pipeline_names_to_json (&l->bound));
    json_object_set_new (o, "kept", pipeline_names_to_json (&l->kept));
    json_object_set_new (o, "gathered", pipeline_names_to_json (&l->gathered));
    json_object_set_new (o, "tried", pipeline_names_to_json (&l->tried));
    return o;
}

static json_t *
step_to_json (const struct pipeline *p, const struct step *s)
{
    json_t *o = json_pack ("{s:s, s:s}", "name", s->name, "title", s->title ? s->title : s->name);
    put_flag (o, "inferred", s->inferred);
    put_text (o, "notebook", s->notebook);
    json_t *cells = json_array ();
    vec_foreach (c, &s->cells)
        json_array_append_new (cells, json_integer (*c));
    json_object_set_new (o, "cells", cells);
    json_object_set_new (o, "after", step_names (p, &s->after));
    if (s->tagged.len)
        json_object_set_new (o, "tagged", step_names (p, &s->tagged));
    json_object_set_new (o, "inputs", inputs_to_json (p, s));
    put_outputs (o, s);
    json_object_set_new (o, "parameters", pipeline_names_to_json (&s->parameters));
    if (s->files.len) {
        json_t *list = json_array ();
        vec_foreach (f, &s->files)
            json_array_append_new (list, json_pack ("{s:s, s:s}", "path", f->path, "from",
                                                    p->steps.items[f->from].name));
        json_object_set_new (o, "files", list);
    }
    put_names (o, "files_read", &s->files_read);
    put_names (o, "files_written", &s->files_written);
    put_names (o, "definitions", &s->definitions);
    put_names (o, "imports", &s->imports);
    put_names (o, "requirements", &s->requirements);
    put_names (o, "modules", &s->modules);
    put_names (o, "metrics", &s->metrics);
    put_settings (o, &s->settings);
    if (s->loop)
        json_object_set_new (o, "loop", pipeline_loop_to_json (s->loop));
    json_object_set_new (o, "segments", segments_to_json (s));
    return o;
}

json_t *
pipeline_to_json (const struct pipeline *p)
{
    json_t *o = json_pack ("{s:i, s:s, s:s}", "version", 1, "name", p->name, "description",
                           p->description ? p->description : "");
    put_text (o, "experiment", p->experiment);
    put_text (o, "notebook", p->notebook);
    put_text (o, "notebook_dir", p->notebook_dir);
    put_text (o, "notebook_digest", p->notebook_digest);
    put_text (o, "kernel", p->kernel);
    put_text (o, "image", p->image);
    put_text (o, "schedule", p->schedule);
    put_text (o, "timezone", p->timezone);
    if (p->security)
        json_object_set (o, "security", p->security);
    json_t *params = json_array (), *steps = json_array ();
    vec_foreach (x, &p->params) {
        json_t *param = json_pack ("{s:s, s:s, s:O, s:i}", "name", x->name, "type", x->type, "default",
                                   x->default_value, "cell", x->cell);
        put_text (param, "notebook", x->notebook);
        json_array_append_new (params, param);
    }
    json_object_set_new (o, "parameters", params);
    vec_foreach (s, &p->steps)
        json_array_append_new (steps, step_to_json (p, s));
    json_object_set_new (o, "steps", steps);
    if (p->volumes.len)
        json_object_set_new (o, "volumes", volumes_to_json (p->volumes.items, p->volumes.len));
    put_names (o, "requirements", &p->requirements);
    return o;
}

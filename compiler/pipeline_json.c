/* The IR as JSON and back: the published form that `chard compile --to ir` prints, that the run log keeps and
 * share/chard/pipeline.schema.json describes. See pipeline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/pipeline.h"

#include <stdarg.h>

/* ---- to JSON ---------------------------------------------------------------------------------------------------- */

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
            json_array_append_new (list, json_pack ("{s:s, s:s}", "path", f->path, "from", p->steps.items[f->from].name));
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
        json_t *param = json_pack ("{s:s, s:s, s:O, s:i}", "name", x->name, "type", x->type, "default", x->default_value,
                                   "cell", x->cell);
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

/* ---- from JSON -------------------------------------------------------------------------------------------------- */

static const char *
get_text (struct arena *a, const json_t *o, const char *key)
{
    const char *s = json_string_value (json_object_get (o, key));
    return s ? arena_strdup (a, s) : NULL;
}

static void
get_names (struct arena *a, const json_t *o, const char *key, struct vec_str *names)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get (o, key), i, item)
        if (json_is_string (item))
            vec_push (a, names, arena_strdup (a, json_string_value (item)));
}

static int
get_steps (const struct pipeline *p, const json_t *o, const char *key, struct vec_int *indices, struct error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get (o, key), i, item) {
        const char *name = json_string_value (item);
        int index = name ? pipeline_find_step (p, name) : -1;
        if (index < 0)
            return error_set (err, ERROR_NOTEBOOK, "\"%s\" names a step that isn't there: %s", key, name ? name : "?");
        vec_push (p->arena, indices, index);
    }
    return 0;
}

static enum input_kind
get_kind (const json_t *o)
{
    const char *kind = json_string_value (json_object_get (o, "kind"));
    for (int k = INPUT_DATA; kind && k <= INPUT_IMPORT; k++)
        if (strcmp (kind, input_kind_name (k)) == 0)
            return k;
    return INPUT_DATA;
}

static int
get_inputs (const struct pipeline *p, struct step *s, const json_t *o, struct error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get (o, "inputs"), i, item) {
        const char *from = json_string_value (json_object_get (item, "from"));
        struct input in = { .name = get_text (p->arena, item, "name"),
                            .from = from ? pipeline_find_step (p, from) : -1,
                            .kind = get_kind (item),
                            .optional = json_is_true (json_object_get (item, "optional")),
                            .mutated = json_is_true (json_object_get (item, "mutated")) };
        if (!in.name || in.from < 0)
            return error_set (err, ERROR_NOTEBOOK, "input %zu has no name or comes from no step", i);
        vec_push (p->arena, &s->inputs, in);
    }
    return 0;
}

static void
get_outputs (const struct pipeline *p, struct step *s, const json_t *o)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get (o, "artifacts"), i, item) {
        const json_t *cell = json_object_get (item, "cell");
        struct output out = { .name = get_text (p->arena, item, "name"),
                              .kind = get_kind (item),
                              .optional = json_is_true (json_object_get (item, "optional")),
                              .cell = cell ? (int) json_integer_value (cell) : -1,
                              .type = get_text (p->arena, item, "type"),
                              .report = get_text (p->arena, item, "report") };
        if (out.name)
            vec_push (p->arena, &s->outputs, out);
    }
}

static void
get_segments (const struct pipeline *p, struct step *s, const json_t *o)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get (o, "segments"), i, item) {
        struct segment seg = { .notebook = get_text (p->arena, item, "notebook"),
                               .cell = (int) json_integer_value (json_object_get (item, "cell")),
                               .line = (int) json_integer_value (json_object_get (item, "line")),
                               .source = get_text (p->arena, item, "source"),
                               .replicated = json_is_true (json_object_get (item, "replicated")),
                               .late = json_is_true (json_object_get (item, "late")) };
        if (seg.source)
            vec_push (p->arena, &s->segments, seg);
    }
}

static int
get_tristate (const json_t *o, const char *key)
{
    const json_t *v = json_object_get (o, key);
    return json_is_true (v) ? 1 : json_is_false (v) ? 0 : -1;
}

static json_t *
get_object (const json_t *o, const char *key)
{
    json_t *v = json_object_get (o, key);
    return json_is_object (v) ? json_deep_copy (v) : NULL;
}

static void
get_volumes (struct arena *a, const json_t *list, struct step_settings *s, struct pipeline *p)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        struct volume v = { .name = get_text (a, item, "name"),
                            .mount_point = get_text (a, item, "mount_point"),
                            .type = get_text (a, item, "type"),
                            .size = get_text (a, item, "size"),
                            .storage_class = get_text (a, item, "storage_class"),
                            .access_mode = get_text (a, item, "access_mode"),
                            .annotations = get_object (item, "annotations") };
        if (s)
            vec_push (a, &s->volumes, v);
        else
            vec_push (a, &p->volumes, v);
    }
}

static void
get_settings (struct arena *a, struct step_settings *s, const json_t *o)
{
    s->image = get_text (a, o, "image");
    s->retries = json_is_integer (json_object_get (o, "retries"))
                     ? (int) json_integer_value (json_object_get (o, "retries"))
                     : -1;
    s->timeout = json_number_value (json_object_get (o, "timeout"));
    s->cache = get_tristate (o, "cache");
    s->report = get_tristate (o, "report");
    s->limits = get_object (o, "limits");
    s->labels = get_object (o, "labels");
    s->annotations = get_object (o, "annotations");
    s->env = get_object (o, "env");
    s->nodes = get_object (o, "nodes");
    s->tolerations = get_object (o, "tolerations");
    s->foreach = get_text (a, o, "foreach");
    s->parallel = (int) json_integer_value (json_object_get (o, "parallel"));
    s->when = get_text (a, o, "when");
    s->exit = json_is_true (json_object_get (o, "exit"));
    s->serve = get_text (a, o, "serve");
    s->register_as = get_text (a, o, "register");
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get (o, "secrets"), i, item) {
        struct secret x = { get_text (a, item, "name"), get_text (a, item, "key"), get_text (a, item, "env") };
        vec_push (a, &s->secrets, x);
    }
    get_volumes (a, json_object_get (o, "volumes"), s, NULL);
}

static struct loop *
get_loop (struct arena *a, const json_t *o)
{
    if (!json_is_object (o))
        return NULL;
    struct loop *l = arena_new (a, struct loop);
    l->notebook = get_text (a, o, "notebook");
    l->cell = (int) json_integer_value (json_object_get (o, "cell"));
    l->line = (int) json_integer_value (json_object_get (o, "line"));
    l->last = json_is_true (json_object_get (o, "last"));
    get_names (a, o, "head", &l->head);
    get_names (a, o, "bound", &l->bound);
    get_names (a, o, "kept", &l->kept);
    get_names (a, o, "gathered", &l->gathered);
    get_names (a, o, "tried", &l->tried);
    return l;
}

static int
step_from_json (struct pipeline *p, int index, const json_t *o, struct error *err)
{
    struct arena *a = p->arena;
    struct step *s = &p->steps.items[index];
    s->title = get_text (a, o, "title");
    s->inferred = json_is_true (json_object_get (o, "inferred"));
    s->notebook = get_text (a, o, "notebook");
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get (o, "cells"), i, item)
        vec_push (a, &s->cells, (int) json_integer_value (item));
    if (get_steps (p, o, "after", &s->after, err) < 0 || get_steps (p, o, "tagged", &s->tagged, err) < 0
        || get_inputs (p, s, o, err) < 0)
        return -1;
    get_outputs (p, s, o);
    get_names (a, o, "parameters", &s->parameters);
    get_names (a, o, "files_read", &s->files_read);
    get_names (a, o, "files_written", &s->files_written);
    get_names (a, o, "definitions", &s->definitions);
    get_names (a, o, "imports", &s->imports);
    get_names (a, o, "requirements", &s->requirements);
    get_names (a, o, "modules", &s->modules);
    get_names (a, o, "metrics", &s->metrics);
    json_array_foreach (json_object_get (o, "files"), i, item) {
        const char *from = json_string_value (json_object_get (item, "from"));
        struct file_dependency f = { get_text (a, item, "path"), from ? pipeline_find_step (p, from) : -1 };
        if (f.path && f.from >= 0)
            vec_push (a, &s->files, f);
    }
    get_settings (a, &s->settings, o);
    s->loop = get_loop (a, json_object_get (o, "loop"));
    get_segments (p, s, o);
    return 0;
}

static int
params_from_json (struct pipeline *p, const json_t *j, struct error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get (j, "parameters"), i, item) {
        struct param x = { .name = get_text (p->arena, item, "name"),
                           .type = get_text (p->arena, item, "type"),
                           .default_value = json_deep_copy (json_object_get (item, "default")),
                           .notebook = get_text (p->arena, item, "notebook"),
                           .cell = (int) json_integer_value (json_object_get (item, "cell")) };
        if (!x.default_value)
            x.default_value = json_null ();
        vec_push (p->arena, &p->params, x);
        if (!x.name || !x.type)
            return error_set (err, ERROR_NOTEBOOK, "parameter %zu has no name or no type", i);
    }
    return 0;
}

struct pipeline *
pipeline_from_json (struct arena *a, const json_t *j, struct error *err)
{
    struct pipeline *p = pipeline_create (a);
    p->name = get_text (a, j, "name");
    p->description = get_text (a, j, "description");
    p->experiment = get_text (a, j, "experiment");
    p->notebook = get_text (a, j, "notebook");
    p->notebook_dir = get_text (a, j, "notebook_dir");
    p->notebook_digest = get_text (a, j, "notebook_digest");
    p->kernel = get_text (a, j, "kernel");
    p->image = get_text (a, j, "image");
    p->schedule = get_text (a, j, "schedule");
    p->timezone = get_text (a, j, "timezone");
    p->security = json_deep_copy (json_object_get (j, "security"));
    get_names (a, j, "requirements", &p->requirements);
    get_volumes (a, json_object_get (j, "volumes"), NULL, p);
    if (!p->name) {
        error_set (err, ERROR_NOTEBOOK, "not a pipeline: it has no \"name\"");
        return NULL;
    }
    size_t i;
    json_t *item;
    json_array_foreach (json_object_get (j, "steps"), i, item) {
        struct step *s = vec_add (a, &p->steps);
        s->name = get_text (a, item, "name");
        if (!s->name) {
            error_set (err, ERROR_NOTEBOOK, "not a pipeline: step %zu has no \"name\"", i);
            return NULL;
        }
    }
    bool ok = params_from_json (p, j, err) == 0;
    for (i = 0; ok && i < p->steps.len; i++)
        ok = step_from_json (p, (int) i, json_array_get (json_object_get (j, "steps"), i), err) == 0
             || error_wrap (err, "step %s", p->steps.items[i].name) == 0;
    if (ok)
        return p;
    pipeline_clear (p);
    return NULL;
}

/* The IR from JSON: the published form that pipeline_json.c writes, as it comes from a file or a run log. See
 * pipeline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/pipeline.h"

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

/* All steps have their names before the first one is read: it may name any of them. */
static int
steps_from_json (struct pipeline *p, const json_t *list, struct error *err)
{
    size_t i;
    json_t *item;
    json_array_foreach (list, i, item) {
        struct step *s = vec_add (p->arena, &p->steps);
        s->name = get_text (p->arena, item, "name");
        if (!s->name)
            return error_set (err, ERROR_NOTEBOOK, "not a pipeline: step %zu has no \"name\"", i);
    }
    json_array_foreach (list, i, item)
        if (step_from_json (p, (int) i, item, err))
            return error_wrap (err, "step %s", p->steps.items[i].name);
    return 0;
}

struct pipeline *
pipeline_from_json (struct arena *a, const json_t *j, struct error *err)
{
    struct pipeline *p = pipeline_create (a);
    p->name = get_text (a, j, "name");
    if (!p->name) {
        error_set (err, ERROR_NOTEBOOK, "not a pipeline: it has no \"name\"");
        return NULL;
    }
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
    if (params_from_json (p, j, err) == 0 && steps_from_json (p, json_object_get (j, "steps"), err) == 0)
        return p;
    pipeline_clear (p);
    return NULL;
}

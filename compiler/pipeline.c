/* Builds, looks up and verifies the IR; its JSON form is in pipeline_json.c. See pipeline.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/pipeline.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"

struct pipeline *
pipeline_create (struct arena *a)
{
    struct pipeline *p = arena_new (a, struct pipeline);
    p->arena = a;
    return p;
}

static void
volumes_clear (struct volume *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        json_decref (items[i].annotations);
        items[i].annotations = NULL;
    }
}

static void
settings_clear (struct step_settings *s)
{
    json_t **owned[] = { &s->limits, &s->labels, &s->annotations, &s->env, &s->nodes, &s->tolerations };
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
        json_decref (*owned[i]);
        *owned[i] = NULL;
    }
    volumes_clear (s->volumes.items, s->volumes.len);
}

void
pipeline_clear (struct pipeline *p)
{
    if (!p)
        return;
    vec_foreach (s, &p->steps)
        settings_clear (&s->settings);
    vec_foreach (param, &p->params) {
        json_decref (param->default_value);
        param->default_value = NULL;
    }
    volumes_clear (p->volumes.items, p->volumes.len);
    json_decref (p->security);
    p->security = NULL;
}

int
pipeline_find_step (const struct pipeline *p, const char *name)
{
    for (size_t i = 0; i < p->steps.len; i++)
        if (strcmp (p->steps.items[i].name, name) == 0)
            return (int) i;
    return -1;
}

int
pipeline_ask_step (const struct pipeline *p, const char *name, struct error *err)
{
    int i = pipeline_find_step (p, name);
    if (i >= 0)
        return i;
    cleanup_strbuf struct strbuf names = { 0 };
    vec_foreach (s, &p->steps) {
        if (s->title && strcmp (s->title, name) == 0)
            return (int) (s - p->steps.items);
        strbuf_addf (&names, "%s%s", names.len ? ", " : "", s->name);
    }
    return error_set (err, ERROR_USAGE, "there is no step “%s”; the notebook has %s", name, strbuf_str (&names));
}

int
pipeline_find_param (const struct pipeline *p, const char *name)
{
    for (size_t i = 0; i < p->params.len; i++)
        if (strcmp (p->params.items[i].name, name) == 0)
            return (int) i;
    return -1;
}

void
pipeline_folders (const struct pipeline *p, struct vec_str *folders)
{
    vec_foreach (s, &p->steps)
        vec_foreach (seg, &s->segments)
            if (seg->notebook && strchr (seg->notebook, '/'))
                vec_str_add_once (p->arena, folders, fs_dirname (p->arena, seg->notebook));
}

const char *
input_kind_name (enum input_kind k)
{
    static const char *const names[] = { "data", "code", "import" };
    return names[k];
}

static bool
has_output (const struct step *s, const char *name)
{
    vec_foreach (o, &s->outputs)
        if (strcmp (o->name, name) == 0)
            return true;
    return false;
}

static int
verify_inputs (const struct pipeline *p, int index, struct error *err)
{
    const struct step *s = &p->steps.items[index];
    vec_foreach (in, &s->inputs) {
        if (in->from < 0 || in->from >= (int) p->steps.len)
            return error_set (err, ERROR_NOTEBOOK, "input %s comes from step %d, which isn't there", in->name,
                              in->from);
        if (in->kind != INPUT_DATA)
            continue;
        if (!has_output (&p->steps.items[in->from], in->name))
            return error_set (err, ERROR_NOTEBOOK, "input %s is no output of %s", in->name,
                              p->steps.items[in->from].name);
        if (!vec_int_has (&s->after, in->from))
            return error_set (err, ERROR_NOTEBOOK, "does not wait for %s, which leaves %s",
                              p->steps.items[in->from].name, in->name);
    }
    return 0;
}

static int
verify_step (const struct pipeline *p, int index, struct error *err)
{
    const struct step *s = &p->steps.items[index];
    if (!s->name || !s->name[0])
        return error_set (err, ERROR_NOTEBOOK, "has no name");
    if (pipeline_find_step (p, s->name) != index)
        return error_set (err, ERROR_NOTEBOOK, "the name stands twice");
    for (size_t i = 0; i < s->after.len; i++)
        if (s->after.items[i] < 0 || s->after.items[i] >= index)
            return error_set (err, ERROR_NOTEBOOK, "waits for step %d, which does not come before it",
                              s->after.items[i]);
    vec_foreach (name, &s->parameters)
        if (pipeline_find_param (p, *name) < 0)
            return error_set (err, ERROR_NOTEBOOK, "reads parameter %s, which isn't there", *name);
    return verify_inputs (p, index, err);
}

int
pipeline_verify (const struct pipeline *p, struct error *err)
{
    for (size_t i = 0; i < p->steps.len; i++)
        if (verify_step (p, (int) i, err) < 0)
            return error_wrap (err, "step %s (%zu)", p->steps.items[i].name ? p->steps.items[i].name : "?", i);
    return 0;
}

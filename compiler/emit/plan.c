/* What all targets share of a pipeline's names, images and files (emit.h).
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/emit.h"

#include "base/strbuf.h"
#include "compiler/emit/guard.h"
#include "compiler/emit/image.h"
#include "compiler/emit/kubernetes.h"
#include "compiler/emit/names.h"
#include "compiler/emit/rounds.h"
#include "doc/yaml.h"

#define INLINE_LIMIT 200000     /* bytes of Python in one document: a workflow may have 1 MB, and KFP's own compiler
                                   makes one of some three times the code, for 300 steps */
#define INLINE_STEP_LIMIT 40000 /* and in one step: a pod's template, which repeats it, is limited to 128 kB */

#define MOST_ROLES 5 /* a step of the pipeline and its helpers */

/* What has a key but is no value: spelt so that no Python name can be it. */
#define REPORT "step report"
#define METRICS "step metrics"
#define GUARD "step when"
#define PART "step part"
#define FILE_PREFIX "file "

static const char *
file_name (struct arena *a, const char *path)
{
    return arena_printf (a, FILE_PREFIX "%s", path);
}

/* Of the step's files, number `file`, among those that have the same path. */
static const char *
file_input_name (struct arena *a, const struct step *s, size_t file)
{
    const char *path = s->files.items[file].path;
    int before = 0;
    for (size_t k = 0; k < file; k++)
        before += strcmp (s->files.items[k].path, path) == 0;
    return before ? arena_printf (a, FILE_PREFIX "%s %d", path, before + 1) : file_name (a, path);
}

static void
collect_names (struct emit_plan *plan)
{
    struct arena *a = plan->arena;
    vec_foreach (p, &plan->pipeline->params)
        vec_str_add_once (a, &plan->known, p->name);
    vec_foreach (s, &plan->pipeline->steps) {
        vec_foreach (o, &s->outputs)
            vec_str_add_once (a, &plan->known, o->name);
        for (size_t k = 0; k < s->files.len; k++) {
            vec_str_add_once (a, &plan->known, file_name (a, s->files.items[k].path));
            vec_str_add_once (a, &plan->known, file_input_name (a, s, k));
        }
    }
    vec_push (a, &plan->known, REPORT);
    vec_push (a, &plan->known, METRICS);
    vec_push (a, &plan->known, GUARD);
    vec_push (a, &plan->known, PART);
    plan->keys = names_map (a, &plan->known, NAME_KEY, "value");
}

static int
add_helper (struct emit_plan *plan, struct pipeline *all, enum emit_role role, int of)
{
    int index = (int) all->steps.len;
    vec_add (plan->arena, &all->steps);
    plan->steps[index] = (struct emit_step){ .role = role, .guard = -1, .otherwise = -1, .items = -1, .each = -1,
                                             .of = of };
    return index;
}

/* Whether it matters to somebody that the step's code was run, even where it then did nothing. */
static bool
is_waited_for (const struct pipeline *p, int step)
{
    vec_foreach (s, &p->steps)
        if (vec_int_has (&s->after, step))
            return true;
    return p->steps.items[step].metrics.len > 0;
}

/* The pipeline, with the helpers that its steps need elsewhere behind them. Everything else is shared with `p`. */
static void
add_helpers (struct emit_plan *plan, const struct pipeline *p)
{
    struct arena *a = plan->arena;
    struct pipeline *all = arena_new (a, struct pipeline);
    *all = *p;
    memset (&all->steps, 0, sizeof all->steps);
    plan->pipeline = all;
    plan->steps = arena_alloc (a, (p->steps.len * MOST_ROLES + 1) * sizeof *plan->steps);
    vec_foreach (s, &p->steps) {
        plan->steps[all->steps.len] = (struct emit_step){ .guard = -1, .otherwise = -1, .items = -1, .each = -1,
                                                          .of = -1 };
        vec_push (a, &all->steps, *s);
    }
    for (int i = 0; i < (int) p->steps.len; i++) {
        const struct step *s = &p->steps.items[i];
        struct emit_step *e = &plan->steps[i];
        if (s->settings.when) {
            e->guard = add_helper (plan, all, EMIT_GUARD, i);
            guard_make (a, p, s, &all->steps.items[e->guard]);
        }
        if (s->settings.when && is_waited_for (p, i)) {
            e->otherwise = add_helper (plan, all, EMIT_OTHERWISE, i);
            plan->steps[e->otherwise].guard = e->guard;
            guard_make_otherwise (a, p, s, &all->steps.items[e->otherwise]);
        }
        if (s->loop) {
            e->items = add_helper (plan, all, EMIT_ITEMS, i);
            rounds_make_items (a, p, s, &all->steps.items[e->items]);
            e->each = add_helper (plan, all, EMIT_EACH, i);
            plan->steps[e->each].items = e->items;
            rounds_make_each (a, p, s, e->items, &all->steps.items[e->each]);
        }
    }
}

static void
name_steps (struct emit_plan *plan)
{
    struct arena *a = plan->arena;
    const struct pipeline *p = plan->pipeline;
    struct vec_str names = { 0 };
    vec_foreach (s, &p->steps)
        vec_push (a, &names, s->name);
    const char **mapped = names_map (a, &names, NAME_LABEL, "step");
    plan->name = names_map_one (a, p->name, NAME_LABEL, "pipeline");
    for (size_t i = 0; i < p->steps.len; i++)
        plan->steps[i].name = mapped[i];
    vec_foreach (s, &p->steps)
        vec_foreach (f, &s->files)
            vec_str_add_once (a, &plan->steps[f->from].files, f->path);
    for (size_t i = 0; i < p->steps.len; i++)
        if (plan->steps[i].role == EMIT_OTHERWISE)
            plan->steps[i].files = plan->steps[plan->steps[i].of].files;
}

static void
find_claims (struct emit_plan *plan)
{
    struct vec_str names = { 0 };
    vec_foreach (s, &plan->pipeline->steps) {
        struct vec_volume mounted = { 0 };
        kubernetes_volumes (plan->pipeline, s, &mounted);
        vec_foreach (v, &mounted)
            if (kubernetes_is_new_claim (*v) && vec_str_add_once (plan->arena, &names, (*v)->name))
                vec_push (plan->arena, &plan->claims, *v);
    }
    plan->claim_names = names_map (plan->arena, &names, NAME_SHORT, "volume");
}

static bool
is_code_large (const struct pipeline *p)
{
    size_t bytes = 0;
    vec_foreach (s, &p->steps) {
        size_t before = bytes;
        vec_foreach (seg, &s->segments)
            bytes += strlen (seg->source);
        if (bytes - before > INLINE_STEP_LIMIT)
            return true;
    }
    return bytes > INLINE_LIMIT;
}

struct emit_plan *
emit_plan_create (struct arena *a, const struct pipeline *p, const struct emit_options *o, struct error *err)
{
    struct emit_plan *plan = arena_new (a, struct emit_plan);
    if (kubernetes_check (p, err) < 0)
        return NULL;
    plan->arena = a;
    add_helpers (plan, p);
    plan->options = o;
    plan->code_in_image = is_code_large (p);
    name_steps (plan);
    find_claims (plan);
    collect_names (plan);
    return image_plan (plan, err) < 0 ? NULL : plan;
}

/* ---- keys ---- */

static const char *
key_of (const struct emit_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->known.len; i++)
        if (strcmp (plan->known.items[i], name) == 0)
            return plan->keys[i];
    return NULL;
}

const char *
emit_value_key (const struct emit_plan *plan, const char *name)
{
    return key_of (plan, name);
}

const char *
emit_param_key (const struct emit_plan *plan, const char *name)
{
    return key_of (plan, name);
}

const char *
emit_file_key (const struct emit_plan *plan, const char *path)
{
    return key_of (plan, file_name (plan->arena, path));
}

const char *
emit_file_input_key (const struct emit_plan *plan, int step, size_t file)
{
    return key_of (plan, file_input_name (plan->arena, &plan->pipeline->steps.items[step], file));
}

const char *
emit_report_key (const struct emit_plan *plan)
{
    return key_of (plan, REPORT);
}

const char *
emit_metrics_key (const struct emit_plan *plan)
{
    return key_of (plan, METRICS);
}

const char *
emit_guard_key (const struct emit_plan *plan)
{
    return key_of (plan, GUARD);
}

const char *
emit_part_key (const struct emit_plan *plan)
{
    return key_of (plan, PART);
}

json_t *
emit_limits (const struct emit_plan *plan, int step)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    json_t *limits = json_object (), *value;
    const char *key;
    json_object_foreach (s->settings.limits, key, value)
        if (plan->steps[step].each < 0 || !s->loop->last || !strchr (key, '/'))
            json_object_set (limits, key, value);
    return limits;
}

bool
emit_is_cached (const struct emit_plan *plan, int step)
{
    const int cache = plan->pipeline->steps.items[step].settings.cache;
    return plan->options->schedule ? cache == 1 : cache != 0;
}

void
emit_producers (const struct emit_plan *plan, int step, struct vec_int *producers)
{
    const struct step *s = &plan->pipeline->steps.items[step];
    for (int from = 0; from < step; from++) {
        bool takes = false;
        vec_foreach (in, &s->inputs)
            takes |= in->kind == INPUT_DATA && in->from == from;
        vec_foreach (f, &s->files)
            takes |= f->from == from;
        if (takes)
            vec_push (plan->arena, producers, from);
    }
}

/* ---- files ---- */

void
emission_add (struct emission *e, const char *path, const char *text, size_t len)
{
    struct emit_file f = { .path = arena_strdup (e->arena, path), .text = arena_strndup (e->arena, text, len),
                           .len = len };
    vec_push (e->arena, &e->files, f);
}

void
emission_add_copy (struct emission *e, const char *path, const char *source)
{
    struct emit_file f = { .path = arena_strdup (e->arena, path), .source = arena_strdup (e->arena, source) };
    vec_push (e->arena, &e->files, f);
}

void
emission_add_yaml (struct emission *e, const char *path, json_t *documents)
{
    cleanup_strbuf struct strbuf text = { 0 };
    size_t i;
    json_t *document;
    if (json_is_array (documents)) {
        json_array_foreach (documents, i, document)
            yaml_print (document, &text);
    } else {
        yaml_print (documents, &text);
    }
    json_decref (documents);
    emission_add (e, path, strbuf_str (&text), text.len);
}

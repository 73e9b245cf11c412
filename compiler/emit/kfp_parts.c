/* Kubeflow Pipelines: a graph of more tasks than its Argo takes becomes a graph of parts, each a component with a graph
 * of its own. What a task takes from a task of another part goes through the borders of both:
 *
 *     part--1 (dag): outputs PRODUCER--KEY, from task PRODUCER
 *        └──> part--2 (dag): inputs PRODUCER--KEY ──> its tasks
 *
 * and what the graph around is given goes on into each part of which a task takes it. See kfp_build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kfp_build.h"

#include "base/cleanup.h"
#include "compiler/emit/graph_parts.h"
#include "doc/json_value.h"

#include <string.h>

/* What goes in and out of tasks is of two kinds, which documents spell alike but for these words. */
static const struct kind {
    const char *name;
    const char *given; /* the field that names what the graph around is given, … */
    const char *told, *key; /* … those of what another task leaves, … */
    const char *left;       /* … and the one that says which task of a graph leaves what the graph does */
} kinds[] = {
    { "artifacts", "componentInputArtifact", "taskOutputArtifact", "outputArtifactKey", "artifactSelectors" },
    { "parameters", "componentInputParameter", "taskOutputParameter", "outputParameterKey", "valueFromParameter" },
};

enum { ARTIFACTS, PARAMETERS };

struct parts {
    struct arena *arena;
    json_t *tasks;       /* all of them */
    json_t **graphs;     /* by part: its component */
    struct graph_parting parting;
    const json_t *given; /* input definitions of the graph around */
    json_t *components, *platform; /* the latter by executor */
};

/* The object at object[x][y], which is made if it isn't there. */
static json_t *
object_at (json_t *object, const char *x, const char *y)
{
    const char *const keys[] = { x, y };
    for (size_t i = 0; i < 2; i++) {
        if (!json_object_get (object, keys[i]))
            json_object_set_new (object, keys[i], json_object ());
        object = json_object_get (object, keys[i]);
    }
    return object;
}

static json_t *
component_of (const struct parts *p, const char *task)
{
    const json_t *ref = json_object_get (json_object_get (p->tasks, task), "componentRef");
    return json_object_get (p->components, json_text (ref, "name"));
}

static bool
is_list (const json_t *component, const char *input)
{
    const json_t *artifacts = json_object_get (json_object_get (component, "inputDefinitions"), "artifacts");
    return json_is_true (json_object_get (json_object_get (artifacts, input), "isArtifactList"));
}

/* Lets `part` be given what the graph around is. */
static void
hand_down (struct parts *p, size_t part, const struct kind *k, const char *name)
{
    const json_t *definition = json_object_get (json_object_get (p->given, k->name), name);
    json_t *own = json_copy ((json_t *) definition);
    json_object_del (own, "defaultValue"); /* it is given the value */
    json_object_set_new (object_at (p->graphs[part], "inputDefinitions", k->name), name, own);
    json_object_set_new (object_at (p->parting.callers[part], "inputs", k->name), name,
                         json_pack ("{s:s}", k->given, name));
}

/* How a part's graph says that it leaves what one of its tasks does. */
static json_t *
left_by (const struct kind *k, const char *task, const char *key)
{
    json_t *from = json_pack ("{s:s,s:s}", "producerSubtask", task, k->key, key);
    return json_pack (k == &kinds[ARTIFACTS] ? "{s:[o]}" : "{s:o}", k->left, from);
}

/* Lets `part` be given what a task of another part leaves. What it is called there. */
static const char *
bring (struct parts *p, size_t part, const struct kind *k, const char *task, const char *key)
{
    const size_t from = graph_part_of (&p->parting, task);
    const char *name = arena_printf (p->arena, "%s--%s", task, key);
    const json_t *outputs = json_object_get (component_of (p, task), "outputDefinitions");
    json_t *definition = json_object_get (json_object_get (outputs, k->name), key);
    json_object_set (object_at (p->graphs[from], "outputDefinitions", k->name), name, definition);
    json_object_set_new (object_at (json_object_get (p->graphs[from], "dag"), "outputs", k->name), name,
                         left_by (k, task, key));
    json_object_set (object_at (p->graphs[part], "inputDefinitions", k->name), name, definition);
    json_object_set_new (object_at (p->parting.callers[part], "inputs", k->name), name,
                         json_pack ("{s:{s:s,s:s}}", k->told, "producerTask", p->parting.name[from], k->key, name));
    return name;
}

/* What an input of a task of `part` is there; NULL: what it is already. */
static json_t *
redirected (struct parts *p, size_t part, const struct kind *k, const json_t *input)
{
    const json_t *told = json_object_get (input, k->told);
    const char *given = json_text (input, k->given), *task = json_text (told, "producerTask");
    if (*given)
        hand_down (p, part, k, given);
    if (!told || graph_part_of (&p->parting, task) == part)
        return NULL;
    return json_pack ("{s:s}", k->given, bring (p, part, k, task, json_text (told, k->key)));
}

static void
redirect_inputs (struct parts *p, size_t part, json_t *task, const struct kind *k)
{
    json_t *all = json_object_get (json_object_get (task, "inputs"), k->name), *input;
    const char *key;
    json_object_foreach (all, key, input) {
        json_t *other = redirected (p, part, k, input);
        if (other)
            json_object_set_new (all, key, other); /* a key that is there already: the loop goes on */
    }
}

/* A claim that the task's pod mounts may be made in another part. */
static void
redirect_mounts (struct parts *p, size_t part, const char *task)
{
    const char *executor = json_text (component_of (p, task), "executorLabel");
    json_t *mount;
    size_t i;
    json_array_foreach (json_object_get (json_object_get (p->platform, executor), "pvcMount"), i, mount) {
        json_t *other = redirected (p, part, &kinds[PARAMETERS], json_object_get (mount, "pvcNameParameter"));
        if (other)
            json_object_set_new (mount, "pvcNameParameter", other);
    }
}

static void
move_task (struct parts *p, size_t part, const char *name, json_t *task)
{
    graph_divide_waits (&p->parting, part, task);
    redirect_inputs (p, part, task, &kinds[ARTIFACTS]);
    redirect_inputs (p, part, task, &kinds[PARAMETERS]);
    redirect_mounts (p, part, name);
    json_object_set (object_at (p->graphs[part], "dag", "tasks"), name, task);
}

static struct vec_int *
waiting (struct arena *a, json_t *tasks, const json_t *index)
{
    struct vec_int *after = arena_alloc (a, (json_object_size (tasks) + 1) * sizeof *after), *next = after;
    const char *name;
    json_t *task, *one;
    size_t i;
    json_object_foreach (tasks, name, task) {
        json_array_foreach (json_object_get (task, "dependentTasks"), i, one)
            vec_push (a, next, (int) json_integer_value (json_object_get (index, json_string_value (one))));
        next++;
    }
    return after;
}

/* KFP gives a part no list of artifacts, as the rounds of a loop leave: who takes one stays with the loop. */
static size_t *
find_units (struct arena *a, const struct parts *p)
{
    size_t *unit = arena_alloc (a, json_object_size (p->tasks) * sizeof *unit), i = 0;
    const char *name, *key;
    json_t *task, *input;
    json_object_foreach (p->tasks, name, task) {
        unit[i] = i;
        json_object_foreach (json_object_get (json_object_get (task, "inputs"), "artifacts"), key, input) {
            const char *producer = json_text (json_object_get (input, "taskOutputArtifact"), "producerTask");
            if (is_list (component_of (p, name), key))
                unit[i] = (size_t) json_integer_value (json_object_get (p->parting.index, producer));
        }
        i++;
    }
    return unit;
}

json_t *
kfp_split_tasks (struct arena *a, json_t *tasks, const json_t *given, json_t *components, json_t *platform)
{
    const size_t n = json_object_size (tasks);
    if (n <= KFP_MOST_TASKS)
        return tasks;
    json_auto_t *index = json_object ();
    const char *name;
    json_t *task;
    json_object_foreach (tasks, name, task)
        json_object_set_new (index, name, json_integer ((json_int_t) json_object_size (index)));
    size_t *part = arena_alloc (a, n * sizeof *part);
    struct parts p = { .arena = a, .tasks = tasks, .given = given, .components = components, .platform = platform,
                       .parting = { "dependentTasks", index, part, NULL, NULL } };
    const size_t parts = graph_parts (a, waiting (a, tasks, index), find_units (a, &p), n, KFP_MOST_TASKS, part);
    p.graphs = arena_alloc (a, parts * sizeof *p.graphs);
    json_t **caller = p.parting.callers = arena_alloc (a, parts * sizeof *caller);
    const char **called = arena_alloc (a, parts * sizeof *called);
    p.parting.name = called;
    json_t *callers = json_object ();
    for (size_t k = 0; k < parts; k++) {
        called[k] = arena_printf (a, "part--%zu", k + 1); /* no step's name has two hyphens */
        const char *component = arena_printf (a, "comp-%s", called[k]);
        p.graphs[k] = json_pack ("{s:{s:{}}}", "dag", "tasks");
        caller[k] = json_pack ("{s:{s:s},s:{s:s}}", "taskInfo", "name", called[k], "componentRef", "name", component);
        json_object_set_new (components, component, p.graphs[k]);
        json_object_set_new (callers, called[k], caller[k]);
    }
    json_object_foreach (tasks, name, task)
        move_task (&p, graph_part_of (&p.parting, name), name, task);
    json_decref (tasks);
    return callers;
}

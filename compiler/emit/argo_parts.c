/* Argo Workflows: a graph of more tasks than Argo takes becomes a graph of parts, each a graph of its own. What a task
 * takes from a task of another part goes through the borders of both:
 *
 *     part-1 (DAG): outputs.artifacts.NAME-result, from task NAME
 *        └──> part-2 (DAG): inputs.artifacts.NAME-result ──> its tasks
 *
 * See argo_build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/argo_build.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "compiler/emit/graph_parts.h"
#include "doc/json_value.h"

#include <stdio.h>
#include <string.h>

struct parts {
    struct arena *arena;
    json_t *tasks;    /* all of them */
    json_t **graphs;  /* by part: its template */
    struct graph_parting parting;
};

/* `list` of `object`, which is made if it isn't there. */
static json_t *
list_of (json_t *object, const char *key)
{
    if (!json_object_get (object, key))
        json_object_set_new (object, key, json_array ());
    return json_object_get (object, key);
}

static json_t *
object_of (json_t *object, const char *key)
{
    if (!json_object_get (object, key))
        json_object_set_new (object, key, json_object ());
    return json_object_get (object, key);
}

/* Adds {"name": name, …rest}, unless the list has that name. `rest` is taken over. */
static void
add_named (json_t *list, const char *name, json_t *rest)
{
    size_t i;
    json_t *one;
    json_array_foreach (list, i, one)
        if (strcmp (json_text (one, "name"), name) == 0) {
            json_decref (rest);
            return;
        }
    json_t *named = json_pack ("{s:s}", "name", name);
    json_object_update (named, rest);
    json_decref (rest);
    json_array_append_new (list, named);
}

/* Lets `part` have the output KEY (of `kind`: "artifacts" or "parameters") of a task of another part. What it is called
 * there. */
static const char *
bring (struct parts *p, size_t part, const char *task, const char *kind, const char *key)
{
    struct arena *a = p->arena;
    const size_t from = graph_part_of (&p->parting, task);
    const bool is_artifact = strcmp (kind, "artifacts") == 0;
    const char *name = arena_printf (a, "%s-%s", task, key);
    const char *inside = arena_printf (a, "{{tasks.%s.outputs.%s.%s}}", task, kind, key);
    const char *outside = arena_printf (a, "{{tasks.%s.outputs.%s.%s}}", p->parting.name[from], kind,
                                        name);
    add_named (list_of (object_of (p->graphs[from], "outputs"), kind), name,
               is_artifact ? json_pack ("{s:s}", "from", inside)
                           : json_pack ("{s:{s:s}}", "valueFrom", "parameter", inside));
    add_named (list_of (object_of (p->graphs[part], "inputs"), kind), name, json_object ());
    add_named (list_of (object_of (p->parting.callers[part], "arguments"), kind), name,
               json_pack ("{s:s}", is_artifact ? "from" : "value", outside));
    return arena_printf (a, "{{inputs.%s.%s}}", kind, name);
}

/* The text with other parts' outputs as what the part itself is given; NULL: there are none in it. */
static json_t *
redirected (struct parts *p, size_t part, const char *text)
{
    cleanup_strbuf struct strbuf out = { 0 };
    const char *copied = text;
    char task[80], kind[16], key[80];
    for (const char *at = text; (at = strstr (at, "{{tasks.")); at += 2) {
        int end = 0;
        if (sscanf (at, "{{tasks.%79[^.}].outputs.%15[a-z].%79[^.}]}}%n", task, kind, key, &end) != 3 || !end
            || graph_part_of (&p->parting, task) == part)
            continue;
        strbuf_add (&out, copied, (size_t) (at - copied));
        strbuf_adds (&out, bring (p, part, task, kind, key));
        copied = at + end;
    }
    if (copied == text)
        return NULL;
    strbuf_adds (&out, copied);
    return json_string (strbuf_str (&out));
}

static void
redirect (struct parts *p, size_t part, json_t *object, const char *key)
{
    const char *text = json_string_value (json_object_get (object, key));
    json_t *other = text ? redirected (p, part, text) : NULL;
    if (other)
        json_object_set_new (object, key, other);
}

static void
move_task (struct parts *p, size_t part, json_t *task)
{
    const json_t *arguments = json_object_get (task, "arguments");
    size_t i;
    json_t *one;
    graph_divide_waits (&p->parting, part, task);
    redirect (p, part, task, "when");
    json_array_foreach (json_object_get (arguments, "parameters"), i, one)
        redirect (p, part, one, "value");
    json_array_foreach (json_object_get (arguments, "artifacts"), i, one)
        redirect (p, part, one, "from");
    json_array_append (json_object_get (json_object_get (p->graphs[part], "dag"), "tasks"), task);
}

static struct vec_int *
waiting (struct arena *a, const json_t *tasks, const json_t *index)
{
    struct vec_int *after = arena_alloc (a, (json_array_size (tasks) + 1) * sizeof *after);
    size_t i, k;
    json_t *task, *one;
    json_array_foreach (tasks, i, task)
        json_array_foreach (json_object_get (task, "dependencies"), k, one)
            vec_push (a, &after[i], (int) json_integer_value (json_object_get (index, json_string_value (one))));
    return after;
}

json_t *
argo_split_tasks (struct arena *a, json_t *tasks, json_t *graphs)
{
    const size_t n = json_array_size (tasks);
    if (n <= ARGO_MOST_TASKS)
        return tasks;
    json_auto_t *index = json_object ();
    size_t i;
    json_t *task;
    json_array_foreach (tasks, i, task)
        json_object_set_new (index, json_text (task, "name"), json_integer ((json_int_t) i));
    size_t *alone = arena_alloc (a, n * sizeof *alone), *part = arena_alloc (a, n * sizeof *part);
    for (i = 0; i < n; i++)
        alone[i] = i;
    const size_t parts = graph_parts (a, waiting (a, tasks, index), alone, n, ARGO_MOST_TASKS, part);
    json_t **graph = arena_alloc (a, parts * sizeof *graph), **caller = arena_alloc (a, parts * sizeof *caller);
    const char **name = arena_alloc (a, parts * sizeof *name);
    json_t *callers = json_array ();
    for (size_t k = 0; k < parts; k++) {
        name[k] = arena_printf (a, "part-%zu", k + 1);
        graph[k] = json_pack ("{s:s,s:{s:[]}}", "name", name[k], "dag", "tasks");
        caller[k] = json_pack ("{s:s,s:s}", "name", name[k], "template", name[k]);
        json_array_append_new (graphs, graph[k]);
        json_array_append_new (callers, caller[k]);
    }
    struct parts p = { .arena = a, .tasks = tasks, .graphs = graph,
                       .parting = { "dependencies", index, part, caller, name } };
    json_array_foreach (tasks, i, task)
        move_task (&p, part[i], task);
    json_decref (tasks);
    return callers;
}

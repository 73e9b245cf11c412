/* See argo_verify.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/argo_verify.h"

#include "compiler/emit/argo_build.h"
#include "compiler/emit/argo_shape.h"
#include "doc/json_value.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct check {
    const json_t *spec;
    json_t *templates;   /* by name, borrowed values */
    const json_t *graph; /* the template whose graph is looked at, … */
    json_t *tasks;       /* … and its tasks by name */
    struct error *err;
};

static int __attribute__ ((format (printf, 2, 3)))
wrong (const struct check *c, const char *fmt, ...)
{
    char what[1000];
    va_list ap;
    va_start (ap, fmt);
    vsnprintf (what, sizeof what, fmt, ap);
    va_end (ap);
    return error_set (c->err, ERROR_NOTEBOOK,
                      "the Argo document is wrong: %s. This is a mistake of Chard's; please report it", what);
}

/* The entries of `list` by their names into `map`. */
static int
index_names (const struct check *c, const json_t *list, json_t *map, const char *what)
{
    size_t i;
    json_t *one;
    json_array_foreach (list, i, one) {
        const char *name = json_text (one, "name");
        if (!*name || json_object_get (map, name))
            return wrong (c, "two %s are called '%s'", what, name);
        json_object_set (map, name, one);
    }
    return 0;
}

static const json_t *
find (const json_t *list, const char *name)
{
    size_t i;
    json_t *one;
    json_array_foreach (list, i, one)
        if (strcmp (json_text (one, "name"), name) == 0)
            return one;
    return NULL;
}

/* ---- tasks ---- */

/* What the graph is given itself. */
static bool
is_given (const struct check *c, const char *kind, const char *name)
{
    return find (json_object_get (json_object_get (c->graph, "inputs"), kind), name) != NULL;
}

/* "{{tasks.NAME.outputs.artifacts.KEY}}", or "{{inputs.artifacts.KEY}}" of the graph. */
static int
check_from (const struct check *c, const json_t *task, const char *from)
{
    char producer[80], key[80];
    if (sscanf (from, "{{inputs.artifacts.%79[^}]}}", key) == 1 && is_given (c, "artifacts", key))
        return 0;
    if (sscanf (from, "{{tasks.%79[^.].outputs.artifacts.%79[^}]}}", producer, key) != 2)
        return wrong (c, "task %s takes an artifact from '%s'", json_text (task, "name"), from);
    const json_t *other = json_object_get (c->tasks, producer);
    if (!other || !json_has_string (json_object_get (task, "dependencies"), producer))
        return wrong (c, "task %s takes an artifact from %s without waiting for it", json_text (task, "name"),
                      producer);
    const json_t *template = json_object_get (c->templates, json_text (other, "template"));
    const json_t *outputs = json_object_get (json_object_get (template, "outputs"), "artifacts");
    return find (outputs, key) ? 0 : wrong (c, "task %s does not leave the artifact %s", producer, key);
}

/* Each input of the template is given, unless it says itself where it comes from, and nothing else is. */
static int
check_given (const struct check *c, const json_t *task, const json_t *template, const char *kind)
{
    const json_t *given = json_object_get (json_object_get (task, "arguments"), kind);
    const json_t *wanted = json_object_get (json_object_get (template, "inputs"), kind);
    size_t i;
    json_t *one;
    json_array_foreach (wanted, i, one)
        if (!json_object_get (one, "raw") && !json_object_get (one, "s3") && !find (given, json_text (one, "name")))
            return wrong (c, "task %s does not give %s", json_text (task, "name"), json_text (one, "name"));
    json_array_foreach (given, i, one) {
        if (!find (wanted, json_text (one, "name")))
            return wrong (c, "task %s gives %s, which its template does not take", json_text (task, "name"),
                          json_text (one, "name"));
        if (json_object_get (one, "from") && check_from (c, task, json_text (one, "from")) < 0)
            return -1;
    }
    return 0;
}

/* "{{tasks.NAME.outputs.parameters.KEY}} == true", or of what the graph is given itself, "{{inputs.parameters.KEY}} !=
 * true" */
static int
check_when (const struct check *c, const json_t *task)
{
    char guard[80], key[80];
    int end = 0;
    if (!json_object_get (task, "when"))
        return 0;
    if (sscanf (json_text (task, "when"), "{{inputs.parameters.%79[^}]}} %*1[!=]= true%n", key, &end) == 1 && end)
        return is_given (c, "parameters", key)
            ? 0 : wrong (c, "task %s asks for %s, which isn't given", json_text (task, "name"), key);
    if (sscanf (json_text (task, "when"), "{{tasks.%79[^.].outputs.parameters.%79[^}]}} == true%n", guard, key, &end)
        != 2 || !end)
        return wrong (c, "task %s starts when '%s'", json_text (task, "name"), json_text (task, "when"));
    const json_t *other = json_object_get (c->tasks, guard);
    const json_t *template = json_object_get (c->templates, json_text (other, "template"));
    if (!other || !json_has_string (json_object_get (task, "dependencies"), guard))
        return wrong (c, "task %s asks %s without waiting for it", json_text (task, "name"), guard);
    return find (json_object_get (json_object_get (template, "outputs"), "parameters"), key)
               ? 0
               : wrong (c, "task %s does not leave the parameter %s", guard, key);
}

/* "{{inputs.parameters.NAME}}" of the graph */
static int
check_loop (const struct check *c, const json_t *task)
{
    char key[80];
    int end = 0;
    if (!json_object_get (task, "withParam"))
        return 0;
    if (sscanf (json_text (task, "withParam"), "{{inputs.parameters.%79[^}]}}%n", key, &end) != 1 || !end
        || !is_given (c, "parameters", key))
        return wrong (c, "task %s is repeated over '%s'", json_text (task, "name"), json_text (task, "withParam"));
    return 0;
}

static int
check_task (const struct check *c, const json_t *task)
{
    const json_t *template = json_object_get (c->templates, json_text (task, "template"));
    size_t i;
    json_t *other;
    if (!template)
        return wrong (c, "task %s has no template '%s'", json_text (task, "name"), json_text (task, "template"));
    json_array_foreach (json_object_get (task, "dependencies"), i, other)
        if (!json_object_get (c->tasks, json_string_value (other)))
            return wrong (c, "task %s waits for %s, which isn't there", json_text (task, "name"),
                          json_string_value (other));
    if (check_when (c, task) < 0 || check_loop (c, task) < 0 || check_given (c, task, template, "parameters") < 0)
        return -1;
    return check_given (c, task, template, "artifacts");
}

enum mark { UNSEEN, OPEN, DONE };

static int
check_order (const struct check *c, json_t *marks, const char *name)
{
    json_int_t mark = json_integer_value (json_object_get (marks, name));
    if (mark != UNSEEN)
        return mark == DONE ? 0 : wrong (c, "task %s waits for itself", name);
    json_object_set_new (marks, name, json_integer (OPEN));
    size_t i;
    json_t *other;
    json_array_foreach (json_object_get (json_object_get (c->tasks, name), "dependencies"), i, other)
        if (check_order (c, marks, json_string_value (other)) < 0)
            return -1;
    json_object_set_new (marks, name, json_integer (DONE));
    return 0;
}

static int
check_tasks (const struct check *c)
{
    json_auto_t *marks = json_object ();
    const char *name;
    json_t *task;
    json_object_foreach (c->tasks, name, task)
        if (check_task (c, task) < 0)
            return -1;
    json_object_foreach (c->tasks, name, task)
        if (check_order (c, marks, name) < 0)
            return -1;
    return 0;
}

/* ---- templates ---- */

static int
check_container (const struct check *c, const json_t *template)
{
    const json_t *container = json_object_get (template, "container");
    if (!container)
        return 0;
    if (!*json_text (container, "image") || json_array_size (json_object_get (container, "command")) == 0)
        return wrong (c, "template %s has no image or no command", json_text (template, "name"));
    size_t i, k;
    json_t *mount, *claim;
    json_array_foreach (json_object_get (container, "volumeMounts"), i, mount) {
        bool known = find (json_object_get (c->spec, "volumes"), json_text (mount, "name")) != NULL;
        json_array_foreach (json_object_get (c->spec, "volumeClaimTemplates"), k, claim)
            known |= strcmp (json_text (json_object_get (claim, "metadata"), "name"), json_text (mount, "name")) == 0;
        if (!known)
            return wrong (c, "template %s mounts the volume %s, which isn't declared", json_text (template, "name"),
                          json_text (mount, "name"));
    }
    return 0;
}

/* ---- references ---- */

static bool
is_known_reference (const char *tag, size_t len)
{
    static const char *const beginnings[] = { "inputs.parameters.", "inputs.artifacts.", "workflow.parameters.",
                                              "tasks.",
                                              "=sprig.sha256sum(inputs.parameters.",
                                              "=sprig.trunc(1, sprig.sha256sum(inputs.parameters.",
                                              "=sprig.sha256sum(workflow.parameters." };
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++) {
        size_t n = strlen (beginnings[i]);
        if (len > n && strncmp (tag, beginnings[i], n) == 0 && !memchr (tag, '{', len))
            return true;
    }
    static const char *const whole[] = { "item", "workflow.name", "workflow.status", "workflow.duration" };
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        if (len == strlen (whole[i]) && memcmp (tag, whole[i], len) == 0)
            return true;
    return false;
}

/* Whether what stands behind escaped braces would be a reference or an expression again once they are braces. */
static bool
is_meant_by_argo (const char *inside)
{
    static const char *const beginnings[] = { "=", "artifacts", "cronworkflow", "inputs", "item", "lastRetry", "node",
                                              "outputs", "pod", "retries", "steps", "tasks", "workflow" };
    inside += strspn (inside, " \t\r\n{");
    for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
        if (strncmp (inside, beginnings[i], strlen (beginnings[i])) == 0)
            return true;
    return false;
}

/* How long the reference at `p` is; 0: Argo would not take it, or take it for what it isn't. */
static size_t
reference_length (const char *p)
{
    static const char escaped[] = ARGO_BRACES;
    if (strncmp (p, escaped, sizeof escaped - 1) == 0)
        return is_meant_by_argo (p + sizeof escaped - 1) ? 0 : sizeof escaped - 1;
    const char *end = strstr (p, "}}");
    return end && is_known_reference (p + 2, (size_t) (end - p - 2)) ? (size_t) (end - p) + 2 : 0;
}

/* Argo looks for references everywhere, so a text of the user's that looks like one must not get through. */
static int
check_references (const struct check *c, const json_t *value)
{
    const char *key, *s = json_string_value (value);
    size_t i;
    json_t *member;
    for (const char *p = s ? strstr (s, "{{") : NULL; p; p = strstr (p, "{{")) {
        const size_t len = reference_length (p);
        p += len;
        if (len == 0)
            return error_set (c->err, ERROR_NOTEBOOK, "Argo takes what stands in double braces for a reference of its "
                                                      "own, and would not start this: %.200s", s);
    }
    json_object_foreach ((json_t *) value, key, member)
        if (check_references (c, member) < 0)
            return -1;
    json_array_foreach (value, i, member)
        if (check_references (c, member) < 0)
            return -1;
    return 0;
}

/* "inputs.parameters.KEY == 'true' ? tasks['ONE'].outputs.artifacts.KEY : tasks['OTHER'].outputs.artifacts.KEY" */
static int
check_choice (const struct check *c, const json_t *output)
{
    const char *expression = json_text (output, "fromExpression");
    char asked[80], task[2][80], key[2][80];
    int end = 0;
    if (sscanf (expression, "inputs.parameters.%79[a-z] == 'true' ? tasks['%79[^']'].outputs.artifacts.%79[a-z] : "
                            "tasks['%79[^']'].outputs.artifacts.%79[a-z]%n", asked, task[0], key[0], task[1], key[1],
                            &end) != 5
        || expression[end] || !is_given (c, "parameters", asked))
        return wrong (c, "template %s leaves '%s'", json_text (c->graph, "name"), expression);
    for (int i = 0; i < 2; i++) {
        const json_t *template = json_object_get (c->templates,
                                                  json_text (json_object_get (c->tasks, task[i]), "template"));
        if (!find (json_object_get (json_object_get (template, "outputs"), "artifacts"), key[i]))
            return wrong (c, "task %s does not leave the artifact %s", task[i], key[i]);
    }
    return 0;
}

/* "{{tasks.NAME.outputs.KIND.KEY}}" of a task of the graph */
static int
check_left (const struct check *c, const char *kind, const char *reference)
{
    char task[80], of[16], key[80];
    int end = 0;
    if (sscanf (reference, "{{tasks.%79[^.].outputs.%15[a-z].%79[^}]}}%n", task, of, key, &end) != 3 || !end
        || strcmp (of, kind) != 0)
        return wrong (c, "template %s leaves '%s'", json_text (c->graph, "name"), reference);
    const json_t *template = json_object_get (c->templates, json_text (json_object_get (c->tasks, task), "template"));
    return find (json_object_get (json_object_get (template, "outputs"), kind), key)
               ? 0
               : wrong (c, "template %s leaves '%s', which isn't there", json_text (c->graph, "name"), reference);
}

/* What a graph leaves is chosen from what its tasks do, or the same. */
static int
check_outputs (const struct check *c)
{
    const json_t *outputs = json_object_get (c->graph, "outputs");
    size_t i;
    json_t *output;
    if (!json_object_get (c->graph, "dag"))
        return 0;
    json_array_foreach (json_object_get (outputs, "artifacts"), i, output)
        if ((json_object_get (output, "from") ? check_left (c, "artifacts", json_text (output, "from"))
                                              : check_choice (c, output)) < 0)
            return -1;
    json_array_foreach (json_object_get (outputs, "parameters"), i, output)
        if (check_left (c, "parameters", json_text (json_object_get (output, "valueFrom"), "parameter")) < 0)
            return -1;
    return 0;
}

static int
check_graph (const struct check *c, const json_t *template)
{
    json_auto_t *tasks = json_object ();
    struct check inner = { .spec = c->spec, .templates = c->templates, .graph = template, .tasks = tasks,
                           .err = c->err };
    const json_t *all = json_object_get (json_object_get (template, "dag"), "tasks");
    if (json_array_size (all) > ARGO_MOST_TASKS)
        return wrong (c, "template %s has more tasks than Argo takes", json_text (template, "name"));
    return index_names (&inner, all, tasks, "tasks") < 0 || check_tasks (&inner) < 0 ? -1 : check_outputs (&inner);
}

static int
check_all (const struct check *c)
{
    const json_t *entry = json_object_get (c->templates, json_text (c->spec, "entrypoint"));
    const json_t *tasks = json_object_get (json_object_get (entry, "dag"), "tasks");
    if (!tasks)
        return wrong (c, "there is no entry point '%s'", json_text (c->spec, "entrypoint"));
    if (json_array_size (tasks) == 0)
        return error_set (c->err, ERROR_NOTEBOOK, "the pipeline has no steps; there is nothing to run");
    if (json_object_get (c->spec, "onExit") && !json_object_get (c->templates, json_text (c->spec, "onExit")))
        return wrong (c, "there is no template '%s' for what runs at the end", json_text (c->spec, "onExit"));
    const char *name;
    json_t *template;
    json_object_foreach (c->templates, name, template)
        if (check_container (c, template) < 0 || check_graph (c, template) < 0)
            return -1;
    return check_references (c, c->spec);
}

/* No field that Argo doesn't know, and no parameter of the workflow twice. */
static int
check_shape (const struct check *c)
{
    struct error found = { 0 };
    json_auto_t *parameters = json_object ();
    if (shape_check (c->spec, argo_shape_workflow, &found) < 0)
        return wrong (c, "%s", found.text);
    return index_names (c, json_object_get (json_object_get (c->spec, "arguments"), "parameters"), parameters,
                        "parameters");
}

int
argo_verify (const json_t *spec, struct error *err)
{
    json_auto_t *templates = json_object ();
    struct check c = { .spec = spec, .templates = templates, .err = err };
    if (index_names (&c, json_object_get (spec, "templates"), templates, "templates") < 0)
        return -1;
    return check_all (&c) < 0 ? -1 : check_shape (&c);
}

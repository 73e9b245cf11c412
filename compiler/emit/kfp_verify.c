/* See kfp_verify.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kfp_verify.h"

#include "compiler/emit/kfp_build.h"
#include "compiler/emit/kfp_shape.h"
#include "doc/json_value.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define MISTAKE "This is a mistake of Chard's; please report it"

struct check {
    const json_t *spec;
    const json_t *tasks; /* of the graph being looked at, … */
    const json_t *given; /* … and the inputs that it is given */
    const char *name; /* of the task being looked at */
    const json_t *task, *component;
    struct error *err;
};

/* The value at a path of keys, which ends with NULL. */
static json_t *
at (const json_t *object, ...)
{
    va_list keys;
    va_start (keys, object);
    for (const char *key; object && (key = va_arg (keys, const char *));)
        object = json_object_get (object, key);
    va_end (keys);
    return (json_t *) object;
}

static int __attribute__ ((format (printf, 2, 3)))
wrong (const struct check *c, const char *fmt, ...)
{
    char what[1000];
    va_list ap;
    va_start (ap, fmt);
    vsnprintf (what, sizeof what, fmt, ap);
    va_end (ap);
    return error_set (c->err, ERROR_NOTEBOOK, "the KFP document is wrong at task %s: %s. " MISTAKE, c->name, what);
}

static json_t *
component_of (const struct check *c, const json_t *task)
{
    const char *name = json_string_value (at (task, "componentRef", "name", NULL));
    return name ? at (c->spec, "components", name, NULL) : NULL;
}

/* ---- executors ---- */

static const char *
known_placeholder (const json_t *component, const char *text)
{
    char direction[8], kind[12], key[80];
    int end = 0;
    if (strcmp (text, "{{$}}") == 0)
        return NULL;
    if (sscanf (text, "{{$.inputs.parameters['%79[^']']}}%n", key, &end) == 1 && end)
        return at (component, "inputDefinitions", "parameters", key, NULL)
            ? NULL : "names nothing that the component has";
    if (sscanf (text, "{{$.outputs.parameters['%79[^']'].output_file}}%n", key, &end) == 1 && end)
        return at (component, "outputDefinitions", "parameters", key, NULL)
            ? NULL : "names nothing that the component has";
    if (sscanf (text, "{{$.%7[a-z].%11[a-z]['%79[^']'].path}}", direction, kind, key) != 3
        || strcmp (kind, "artifacts") != 0)
        return "is not understood";
    const char *definitions = strcmp (direction, "inputs") == 0 ? "inputDefinitions" : "outputDefinitions";
    return at (component, definitions, kind, key, NULL) ? NULL : "names nothing that the component has";
}

static int
check_executor (const struct check *c)
{
    const char *label = json_string_value (at (c->component, "executorLabel", NULL));
    const json_t *container = label ? at (c->spec, "deploymentSpec", "executors", label, "container", NULL) : NULL;
    if (!container)
        return wrong (c, "there is no executor %s", label ? label : "(none named)");
    const char *image = json_string_value (at (container, "image", NULL));
    if (image && strncmp (image, "argostub/", 9) == 0)
        return 0; /* KFP's driver does it itself */
    if (!image || !*image || json_array_size (at (container, "command", NULL)) == 0)
        return wrong (c, "executor %s has no image or no command", label);
    size_t i;
    json_t *arg;
    json_array_foreach (at (container, "args", NULL), i, arg) {
        const char *text = json_string_value (arg);
        if (!text)
            return wrong (c, "argument %zu is no text", i);
        const char *problem = strncmp (text, "{{", 2) == 0  ? known_placeholder (c->component, text)
                              : strstr (text, "{{") != NULL ? "stands where none may"
                                                            : NULL;
        if (problem)
            return wrong (c, "the placeholder in argument %zu %s", i, problem);
    }
    return 0;
}

/* ---- inputs ---- */

/* Two definitions of an artifact go together. */
static bool
is_alike (const json_t *x, const json_t *y)
{
    return x && y && json_equal (at (x, "artifactType", NULL), at (y, "artifactType", NULL))
           && json_is_true (at (x, "isArtifactList", NULL)) == json_is_true (at (y, "isArtifactList", NULL));
}

static int
check_artifact (const struct check *c, const char *key, const json_t *input)
{
    const json_t *wanted = at (c->component, "inputDefinitions", "artifacts", key, NULL);
    const char *from = json_string_value (at (input, "componentInputArtifact", NULL));
    const char *producer = json_string_value (at (input, "taskOutputArtifact", "producerTask", NULL));
    const char *output = json_string_value (at (input, "taskOutputArtifact", "outputArtifactKey", NULL));
    if (!wanted)
        return wrong (c, "its component has no artifact %s", key);
    if (from)
        return is_alike (at (c->given, "artifacts", from, NULL), wanted)
                   ? 0 : wrong (c, "artifact %s is not like what its graph is given", key);
    const json_t *task = producer ? at (c->tasks, producer, NULL) : NULL;
    if (!task)
        return wrong (c, "artifact %s comes from task %s, which isn't there", key,
                      producer ? producer : "(none named)");
    const json_t *given = output ? at (component_of (c, task), "outputDefinitions", "artifacts", output, NULL) : NULL;
    if (!given)
        return wrong (c, "task %s has no output %s", producer, output ? output : "(none named)");
    if (!is_alike (given, wanted))
        return wrong (c, "artifact %s is of another type than what task %s leaves", key, producer);
    if (json_has_string (at (c->task, "dependentTasks", NULL), producer))
        return 0;
    return wrong (c, "it does not wait for task %s, whose %s it needs", producer, key);
}

/* Whether the task waits for `producer`, if only for one that does: what KFP makes a hook of waits for one alone. */
static bool
is_behind (const struct check *c, const char *producer)
{
    const json_t *before = at (c->task, "dependentTasks", NULL);
    bool found = json_has_string (before, producer);
    json_t *other;
    size_t i;
    json_array_foreach (before, i, other)
        found |= json_has_string (at (json_object_get (c->tasks, json_string_value (other)), "dependentTasks", NULL),
                                  producer);
    return found;
}

/* What another task tells. */
static int
check_told (const struct check *c, const char *key, const json_t *input)
{
    const char *producer = json_string_value (at (input, "taskOutputParameter", "producerTask", NULL));
    const char *output = json_string_value (at (input, "taskOutputParameter", "outputParameterKey", NULL));
    const json_t *task = producer ? at (c->tasks, producer, NULL) : NULL;
    const json_t *given = task && output ? at (component_of (c, task), "outputDefinitions", "parameters", output, NULL)
                                         : NULL;
    const json_t *wanted = at (c->component, "inputDefinitions", "parameters", key, NULL);
    if (!given || !json_equal (at (given, "parameterType", NULL), at (wanted, "parameterType", NULL)))
        return wrong (c, "parameter %s comes from no output of a task that is like it", key);
    if (is_behind (c, producer))
        return 0;
    return wrong (c, "it does not wait for task %s, whose %s it needs", producer, key);
}

/* A condition is a parameter of the task that is compared with a text. */
static int
check_condition (const struct check *c)
{
    const char *condition = json_string_value (at (c->task, "triggerPolicy", "condition", NULL));
    char key[256];
    int end = 0;
    if (!condition)
        return 0;
    if (sscanf (condition, "inputs.parameter_values['%255[^']'] %*1[!=]= 'true'%n", key, &end) != 1 || !end
        || !at (c->task, "inputs", "parameters", key, NULL))
        return wrong (c, "the condition %s is about none of its parameters", condition);
    return 0;
}

static int
check_parameter (const struct check *c, const char *key, const json_t *input)
{
    if (at (input, "taskOutputParameter", NULL))
        return check_told (c, key, input);
    if (at (input, "runtimeValue", "constant", NULL))
        return at (c->component, "inputDefinitions", "parameters", key, NULL)
            ? 0 : wrong (c, "its component has no parameter %s", key);
    const char *from = json_string_value (at (input, "componentInputParameter", NULL));
    const json_t *given = from ? at (c->given, "parameters", from, NULL) : NULL;
    const json_t *wanted = at (c->component, "inputDefinitions", "parameters", key, NULL);
    if (!given || !wanted)
        return wrong (c, "parameter %s is not one of the pipeline's and the component's", key);
    return json_equal (at (given, "parameterType", NULL), at (wanted, "parameterType", NULL))
               ? 0
               : wrong (c, "parameter %s has two types", key);
}

/* What a loop gives each of its rounds is no input of its task. */
static bool
is_item (const struct check *c, const char *key)
{
    const char *item = json_string_value (at (c->task, "parameterIterator", "itemInput", NULL));
    return item && strcmp (item, key) == 0;
}

static int
check_iterator (const struct check *c)
{
    const json_t *iterator = at (c->task, "parameterIterator", NULL);
    const char *items = json_string_value (at (iterator, "items", "inputParameter", NULL));
    const char *item = json_string_value (at (iterator, "itemInput", NULL));
    const json_t *wanted = at (c->component, "inputDefinitions", "parameters", NULL);
    if (!iterator)
        return 0;
    if (!items || !at (c->task, "inputs", "parameters", items, NULL) || !item || !at (wanted, item, NULL))
        return wrong (c, "its loop is about none of its parameters");
    const char *type = json_string_value (at (wanted, items, "parameterType", NULL));
    return type && strcmp (type, "LIST") == 0 ? 0 : wrong (c, "its loop is over something else than a list");
}

/* Each entry of the task's inputs of one kind is right, and each that the component has is given. */
static int
check_inputs (const struct check *c, const char *kind,
              int (*check) (const struct check *c, const char *key, const json_t *input))
{
    const char *key;
    json_t *value;
    const json_t *given = at (c->task, "inputs", kind, NULL);
    json_object_foreach ((json_t *) given, key, value)
        if (check (c, key, value) < 0)
            return -1;
    json_object_foreach (at (c->component, "inputDefinitions", kind, NULL), key, value)
        if (!json_object_get (given, key) && !is_item (c, key))
            return wrong (c, "%s of its component are not given: %s", kind, key);
    return 0;
}

/* ---- order ---- */

enum mark { UNSEEN, OPEN, DONE };

/* Depth first; `marks` maps names to enum mark. */
static int
check_order (struct check *c, json_t *marks, const char *name)
{
    json_int_t mark = json_integer_value (json_object_get (marks, name));
    c->name = name;
    if (mark == OPEN)
        return wrong (c, "it waits for itself");
    const json_t *task = json_object_get (c->tasks, name);
    if (!task)
        return wrong (c, "it is waited for and isn't there");
    if (mark == DONE)
        return 0;
    json_object_set_new (marks, name, json_integer (OPEN));
    size_t i;
    json_t *other;
    json_array_foreach (at (task, "dependentTasks", NULL), i, other)
        if (!json_is_string (other) || check_order (c, marks, json_string_value (other)) < 0)
            return -1;
    json_object_set_new (marks, name, json_integer (DONE));
    return 0;
}

static int check_graph (struct check *c);

/* One of a graph's own tasks leaves what is selected, like what the graph says that it leaves itself. A loop makes a
 * list of it. */
static int
check_selector (const struct check *c, const struct check *inner, const char *key, const json_t *selector)
{
    const json_t *output = at (c->component, "outputDefinitions", "artifacts", key, NULL);
    const char *task = json_string_value (at (selector, "producerSubtask", NULL));
    const char *left = json_string_value (at (selector, "outputArtifactKey", NULL));
    const json_t *found = task && left
        ? at (component_of (c, at (inner->tasks, task, NULL)), "outputDefinitions", "artifacts", left, NULL)
                                       : NULL;
    if (!found || !json_equal (at (found, "artifactType", NULL), at (output, "artifactType", NULL)))
        return wrong (c, "none of its own tasks leaves %s", key);
    return at (c->task, "parameterIterator", NULL)
        || is_alike (found, output) ? 0 : wrong (c, "%s is and isn't a list", key);
}

/* One of a graph's own tasks tells what the graph says that it tells itself. */
static int
check_source (const struct check *c, const struct check *inner, const char *key, const json_t *output)
{
    const json_t *source = at (c->component, "dag", "outputs", "parameters", key, "valueFromParameter", NULL);
    const char *task = json_string_value (at (source, "producerSubtask", NULL));
    const char *told = json_string_value (at (source, "outputParameterKey", NULL));
    const json_t *found = task && told
        ? at (component_of (c, at (inner->tasks, task, NULL)), "outputDefinitions", "parameters", told, NULL)
                                       : NULL;
    return json_equal (found, output) ? 0 : wrong (c, "none of its own tasks tells %s", key);
}

/* The graph that a task stands for: it hands on, of one of its own tasks, what the component says it leaves. */
static int
check_within (const struct check *c)
{
    struct check inner = { .spec = c->spec, .tasks = at (c->component, "dag", "tasks", NULL),
                           .given = at (c->component, "inputDefinitions", NULL), .name = c->name, .err = c->err };
    const char *key;
    json_t *output, *selector;
    size_t i;
    if (check_graph (&inner) < 0)
        return -1;
    json_object_foreach (at (c->component, "outputDefinitions", "artifacts", NULL), key, output) {
        const json_t *selectors = at (c->component, "dag", "outputs", "artifacts", key, "artifactSelectors", NULL);
        if (json_array_size (selectors) == 0)
            return wrong (c, "nothing says which of its own tasks leaves %s", key);
        json_array_foreach (selectors, i, selector)
            if (check_selector (c, &inner, key, selector) < 0)
                return -1;
    }
    json_object_foreach (at (c->component, "outputDefinitions", "parameters", NULL), key, output)
        if (check_source (c, &inner, key, output) < 0)
            return -1;
    return 0;
}

static int
check_task (struct check *c)
{
    const char *info = json_string_value (at (c->task, "taskInfo", "name", NULL));
    if (!info || strcmp (info, c->name) != 0)
        return wrong (c, "KFP's driver needs taskInfo.name to be the task's key");
    c->component = component_of (c, c->task);
    if (!c->component)
        return wrong (c, "its component isn't there");
    bool is_graph = at (c->component, "dag", NULL) != NULL;
    if ((is_graph ? check_within (c) : check_executor (c)) < 0 || check_iterator (c) < 0 || check_condition (c) < 0
        || check_inputs (c, "artifacts", check_artifact) < 0)
        return -1;
    return check_inputs (c, "parameters", check_parameter);
}

static int
check_graph (struct check *c)
{
    json_auto_t *marks = json_object ();
    const char *name;
    json_t *task;
    if (json_object_size (c->tasks) > KFP_MOST_TASKS)
        return wrong (c, "its graph has more than %d tasks", KFP_MOST_TASKS);
    json_object_foreach ((json_t *) c->tasks, name, task)
        if (check_order (c, marks, name) < 0)
            return -1;
    json_object_foreach ((json_t *) c->tasks, name, task) {
        c->name = name;
        c->task = task;
        if (check_task (c) < 0)
            return -1;
    }
    return 0;
}

static int
mistaken (struct error *err, const char *document)
{
    char what[sizeof err->text];
    snprintf (what, sizeof what, "%s", err ? err->text : "");
    return error_set (err, ERROR_NOTEBOOK, "KFP's %s is wrong: %s. " MISTAKE, document, what);
}

/* The version that KFP's server takes, and no field that it doesn't know. */
static int
check_version (const json_t *spec, struct error *err)
{
    const char *version = json_string_value (at (spec, "schemaVersion", NULL));
    if (shape_check (spec, kfp_shape_pipeline, err) < 0)
        return mistaken (err, "document");
    return strcmp (version, "2.1.0") == 0 ? 0
                                          : error_set (err, ERROR_NOTEBOOK,
                                                       "KFP takes schema version 2.1.0 alone. " MISTAKE);
}

int
kfp_verify (const json_t *spec, struct error *err)
{
    struct check c = { .spec = spec, .tasks = at (spec, "root", "dag", "tasks", NULL),
                       .given = at (spec, "root", "inputDefinitions", NULL), .name = "(none)", .err = err };
    if (!json_object_size (c.tasks))
        return error_set (err, ERROR_NOTEBOOK, "the pipeline has no steps; there is nothing to run");
    return check_graph (&c) < 0 ? -1 : check_version (spec, err);
}

int
kfp_verify_platform (const json_t *spec, const json_t *document, struct error *err)
{
    const json_t *executors = at (spec, "deploymentSpec", "executors", NULL);
    const char *label;
    json_t *one;
    json_object_foreach (at (document, "platforms", "kubernetes", "deploymentSpec", "executors", NULL), label, one)
        if (!json_object_get (executors, label))
            return error_set (err, ERROR_NOTEBOOK,
                              "KFP's platform document speaks of the executor %s, which isn't there. " MISTAKE, label);
    return shape_check (document, kfp_shape_platform, err) < 0 ? mistaken (err, "platform document") : 0;
}

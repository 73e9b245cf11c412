/* See template_limit.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/template_limit.h"

#include "doc/json_value.h"

#include <string.h>

/* Pods of a kind share two templates. A kind is told by whether there are retries, and how many labels and annotations:
 * Argo can't patch these. Claims are made by drivers, without pods. */
static void
add_kind_of_pod (json_t *kinds, const json_t *spec, const json_t *task, const json_t *component, const json_t *platform)
{
    const char *label = json_text (component, "executorLabel");
    const json_t *executors = json_object_get (json_object_get (spec, "deploymentSpec"), "executors");
    const json_t *container = json_object_get (json_object_get (executors, label), "container");
    const json_t *about = json_object_get (json_object_get (platform, label), "podMetadata");
    char kind[64];
    if (strncmp (json_text (container, "image"), "argostub/", 9) == 0)
        return;
    snprintf (kind, sizeof kind, "%d %d %zu %zu", json_object_get (task, "retryPolicy") != NULL, about != NULL,
              json_object_size (json_object_get (about, "labels")),
              json_object_size (json_object_get (about, "annotations")));
    json_object_set_new (kinds, kind, json_true ());
}

/* A graph is a template, a loop two more, and what runs at the end one. */
static size_t
count_graph (json_t *kinds, const json_t *spec, const json_t *graph, const json_t *platform)
{
    const json_t *components = json_object_get (spec, "components");
    size_t n = 1;
    const char *name;
    json_t *task;
    json_object_foreach (json_object_get (json_object_get (graph, "dag"), "tasks"), name, task) {
        const json_t *component = json_object_get (components,
                                                   json_text (json_object_get (task, "componentRef"), "name"));
        n += json_object_get (task, "parameterIterator") ? 2 : 0;
        n += *json_text (json_object_get (task, "triggerPolicy"), "strategy") ? 1 : 0;
        if (json_object_get (component, "executorLabel"))
            add_kind_of_pod (kinds, spec, task, component, platform);
    }
    return n;
}

size_t
kfp_count_templates (const json_t *spec, const json_t *platform)
{
    json_auto_t *kinds = json_object ();
    size_t n = 3 + count_graph (kinds, spec, json_object_get (spec, "root"), platform); /* entrypoint, two drivers */
    const char *name;
    json_t *component;
    json_object_foreach (json_object_get (spec, "components"), name, component)
        if (json_object_get (component, "dag"))
            n += count_graph (kinds, spec, component, platform);
    return n + 2 * json_object_size (kinds);
}

int
template_limit_check (const struct emit_plan *plan, size_t templates, const char *service, struct error *err)
{
    size_t loops = 0, choices = 0;
    for (size_t i = 0; i < plan->pipeline->steps.len; i++) {
        loops += plan->steps[i].role == EMIT_EACH;
        choices += plan->steps[i].otherwise >= 0;
    }
    if (templates <= MOST_TEMPLATES)
        return 0;
    return error_set (err, ERROR_NOTEBOOK,
                      "%s makes %zu templates of %zu steps with foreach: and %zu with when:, and its workflows hold "
                      "%d; take the tags off some: such a step runs whole, in one pod, and computes the same",
                      service, templates, loops, choices, MOST_TEMPLATES);
}

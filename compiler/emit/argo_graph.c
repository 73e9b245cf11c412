/* Argo Workflows: graphs within the graph, around the rounds of a loop and around two tasks of which one is started.
 * See argo_build.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/argo_build.h"

#include "doc/json_value.h"

/* Whose result it is, of two tasks of which one has been started. */
#define CHOICE                                                                                                         \
    "inputs.parameters.when == 'true' ? tasks['%s'].outputs.artifacts.result : "                                       \
    "tasks['%s'].outputs.artifacts.result"

static void
put (json_t *object, const char *key, json_t *value)
{
    json_object_set_new (object, key, value);
}

/* A graph of its own takes all that its task is given, … */
static json_t *
graph_template (const char *name, const json_t *arguments)
{
    static const char *const kinds[] = { "parameters", "artifacts" };
    json_t *inputs = json_object (), *one;
    size_t i;
    for (size_t k = 0; k < 2; k++) {
        json_t *all = json_array ();
        json_array_foreach (json_object_get (arguments, kinds[k]), i, one)
            json_array_append_new (all, json_pack ("{s:O}", "name", json_object_get (one, "name")));
        json_put_unless_empty (inputs, kinds[k], all);
    }
    return json_pack ("{s:s,s:o,s:{s:[]}}", "name", name, "inputs", inputs, "dag", "tasks");
}

/* … and hands it to its tasks. */
static json_t *
graph_task (struct argo *argo, const char *name, const char *template, const json_t *arguments)
{
    struct arena *a = argo->plan->arena;
    json_t *parameters = json_array (), *artifacts = json_array (), *all = json_object (), *one;
    size_t i;
    json_array_foreach (json_object_get (arguments, "parameters"), i, one) {
        const char *key = json_text (one, "name");
        json_array_append_new (parameters, argo_value (key, arena_printf (a, "{{inputs.parameters.%s}}", key)));
    }
    json_array_foreach (json_object_get (arguments, "artifacts"), i, one)
        json_array_append_new (artifacts, json_pack ("{s:O,s:s}", "name", json_object_get (one, "name"), "from",
                                                     arena_printf (a, "{{inputs.artifacts.%s}}",
                                                                   json_text (one, "name"))));
    json_put_unless_empty (all, "parameters", parameters);
    json_put_unless_empty (all, "artifacts", artifacts);
    return json_pack ("{s:s,s:s,s:o}", "name", name, "template", template, "arguments", all);
}

/* A graph around the rounds of a loop, which bounds how many run at a time. Its name. */
const char *
argo_add_loop (struct argo *argo, int each, const char *template, json_t *arguments)
{
    const int limit = argo->plan->pipeline->steps.items[each].settings.parallel;
    const char *name = arena_printf (argo->plan->arena, "loop-%s", argo->plan->steps[each].name);
    json_t *task = graph_task (argo, "each", template, arguments);
    json_array_append_new (json_object_get (json_object_get (task, "arguments"), "parameters"),
                           argo_value ("rounds", "{{item}}"));
    put (task, "withParam", json_string ("{{inputs.parameters.ranges}}"));
    json_array_append_new (json_object_get (arguments, "parameters"),
                           argo_value ("ranges",
                                       arena_printf (argo->plan->arena, "{{tasks.%s.outputs.parameters.ranges}}",
                                                             argo->plan->steps[argo->plan->steps[each].items].name)));
    json_t *loop = graph_template (name, arguments);
    json_array_append_new (json_object_get (json_object_get (loop, "dag"), "tasks"), task);
    if (limit > 0)
        put (loop, "parallelism", json_integer (limit));
    json_array_append_new (argo->graphs, loop);
    return name;
}

/* A graph in which one of two is started, by what the step's guard told. Its name. */
const char *
argo_add_choice (struct argo *argo, int step, const char *template, size_t pieces, json_t *arguments)
{
    const struct emit_plan *plan = argo->plan;
    const char *name = arena_printf (plan->arena, "when-%s", plan->steps[step].name);
    const int otherwise = plan->steps[step].otherwise;
    argo->fixed[otherwise] = argo->fixed[step];
    json_t *task = graph_task (argo, plan->steps[step].name, template, arguments);
    json_t *other = graph_task (argo, plan->steps[otherwise].name,
                                argo_share_template (argo, argo_step_template (argo, otherwise, pieces)), arguments);
    put (task, "when", json_string ("{{inputs.parameters.when}} == true"));
    put (other, "when", json_string ("{{inputs.parameters.when}} != true"));
    json_array_append_new (json_object_get (arguments, "parameters"),
                           argo_value ("when", arena_printf (plan->arena, "{{tasks.%s.outputs.parameters.when}}",
                                                           plan->steps[plan->steps[step].guard].name)));
    json_t *choice = graph_template (name, arguments);
    json_array_append_new (json_object_get (json_object_get (choice, "dag"), "tasks"), task);
    json_array_append_new (json_object_get (json_object_get (choice, "dag"), "tasks"), other);
    put (choice, "outputs", json_pack ("{s:[{s:s,s:s}]}", "artifacts", "name", "result", "fromExpression",
                                       arena_printf (plan->arena, CHOICE, plan->steps[step].name,
                                                     plan->steps[otherwise].name)));
    json_array_append_new (argo->graphs, choice);
    return name;
}

/* `chard context offers [NAME]`: what there is to choose from at a place, for people and for the forms of JupyterLab's
 * panel.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/past_run.h"
#include "client/offers.h"
#include "doc/json_value.h"

static void
print_experiment (struct invocation *inv, const json_t *name)
{
    fprintf (inv->out, "%s\n", past_one_line (inv->arena, json_string_value (name)));
}

static void
print_volume (struct invocation *inv, const json_t *volume)
{
    const char *size = json_text (volume, "size");
    const json_t *mode;
    size_t i;
    fprintf (inv->out, "%-30s %-8s", json_text (volume, "name"), *size ? size : "-");
    json_array_foreach (json_object_get (volume, "access_modes"), i, mode)
        fprintf (inv->out, " %s", json_string_value (mode));
    fprintf (inv->out, "\n");
}

static const struct offer {
    const char *name;
    json_t *(*ask) (struct arena *a, const struct context *c, struct error *err);
    void (*print) (struct invocation *inv, const json_t *one);
} offers[] = {
    { "experiments", offers_experiments, print_experiment },
    { "volumes", offers_volumes, print_volume },
};

static void
print_offer (struct invocation *inv, const struct offer *o, const json_t *all, const char *why)
{
    const json_t *one;
    size_t i;
    const char *none = json_array_size (all) ? "" : "none";
    fprintf (inv->out, "%s%s: %s\n", o == offers ? "" : "\n", o->name, all ? none : why);
    json_array_foreach (all, i, one)
        o->print (inv, one);
}

static int
run (struct invocation *inv, const void *settings, struct error *err)
{
    (void) settings;
    struct context c;
    size_t known = 0;
    if (inv->operands.len > 1)
        return error_set (err, ERROR_USAGE, "name one context, or none for the current one");
    if (context_read (inv->arena, inv->operands.len ? inv->operands.items[0] : NULL, &c, err) < 0)
        return -1;
    json_auto_t *told = json_pack ("{s:s,s:{}}", "context", c.name, "unknown");
    for (size_t i = 0; i < sizeof offers / sizeof *offers; i++) {
        struct error why = { 0 };
        json_auto_t *all = offers[i].ask (inv->arena, &c, &why);
        known += all != NULL;
        json_object_set (told, offers[i].name, all ? all : json_null ());
        if (!all)
            json_object_set_new (json_object_get (told, "unknown"), offers[i].name, json_string (why.text));
        if (!inv->json)
            print_offer (inv, &offers[i], all, why.text);
    }
    if (inv->json)
        past_print_json (inv, json_incref (told));
    return known ? 0 : error_set (err, ERROR_ENVIRONMENT, "%s", "");
}

const struct command command_context_offers = {
    .name = "context offers",
    .operands = "[NAME]",
    .summary = "Show what there is to choose from at such a place",
    .details = "KFP's experiments, and the namespace's volume claims with their access modes where the context logs in "
               "to Kubernetes' API. What can't be asked is told with the reason; the exit status is 3 if nothing can.",
    .examples = "chard context offers      # the current one\n"
                "chard context offers lab --format=json",
    .run = run,
};

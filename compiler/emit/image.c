/* See image.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/image.h"

#include "compiler/emit/names.h"

#define DEFAULT_BASE "docker.io/library/python:3.11-slim-bookworm"

static const char *
base_of (const struct emit_plan *plan, const struct step *s)
{
    if (s->settings.image)
        return s->settings.image;
    return plan->pipeline->image ? plan->pipeline->image : DEFAULT_BASE;
}

static int
find_image (const struct emit_plan *plan, const char *base)
{
    for (size_t i = 0; i < plan->images.len; i++)
        if (strcmp (plan->images.items[i].base, base) == 0)
            return (int) i;
    return -1;
}

static const char *
reference (const struct emit_plan *plan, const struct emit_image *image)
{
    const struct emit_options *o = plan->options;
    if (o->image && !plan->pipeline->steps.items[image->steps.items[0]].settings.image)
        return o->image;
    return arena_printf (plan->arena, "%s%s%s:latest", o->registry ? o->registry : "", o->registry ? "/" : "", image->name);
}

void
image_plan (struct emit_plan *plan)
{
    const struct pipeline *p = plan->pipeline;
    for (int i = 0; i < (int) p->steps.len; i++) {
        const char *base = base_of (plan, &p->steps.items[i]);
        int k = find_image (plan, base);
        if (k < 0) {
            k = (int) plan->images.len;
            struct emit_image *image = vec_add (plan->arena, &plan->images);
            image->base = base;
            image->name = k == 0 ? plan->name : arena_printf (plan->arena, "%s-%s", plan->name, plan->steps[i].name);
        }
        vec_push (plan->arena, &plan->images.items[k].steps, i);
        plan->steps[i].image = k;
    }
    vec_foreach (image, &plan->images)
        image->reference = reference (plan, image);
}

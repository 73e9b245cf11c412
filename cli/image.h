/* Images of a plan, in the registry: what is there is found by its content's name; what isn't is built and pushed. Then
 * steps refer to it by its digest: what was tried is what runs.
 *
 *     .chard/images/NAME-CONTENT/    Containerfile, context and build.log while it is built; stays if that fails
 *
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_IMAGE_H
#define CHARD_CLI_IMAGE_H

#include "cli/command.h"
#include "client/context.h"
#include "client/http.h"
#include "compiler/emit/emit.h"
#include "engine/state.h"

struct image_place {
    const struct http_settings *http; /* certificates and proxy for the registry */
    const struct state *state;        /* open */
    const char *builder;              /* the context's; NULL: what is here */
    const struct context *context;    /* whose cluster builds where nothing here does */
    bool no_build;                    /* only look */
};

/* For all images of `plan` that aren't the user's own; the plan must know its registry. What happens is told on
 * inv->err.
 * -1 and ERROR_ENVIRONMENT if one can't be had; where nothing here builds images, a Job in the cluster does if
 * the context reaches the Kubernetes API; else the error names that Job. */
int image_provide (struct invocation *inv, struct emit_plan *plan, const struct image_place *place, struct error *err);

/* Asks the registry of the image that `image` is built from for its digest, so that what is built today can be built
 * again. If that can't be known, a note says so, and the base goes by its name. */
void image_pin_base (struct invocation *inv, const struct http_settings *http, struct emit_image *image);

#endif

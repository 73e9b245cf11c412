/* What a context has to choose from, for forms: KFP's experiments, and the volume claims of its namespace.
 * Specifications: api.v2beta1.swagger.json of KFP 2.17, ListExperiments; Kubernetes' API, core/v1
 * PersistentVolumeClaim.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLIENT_OFFERS_H
#define CHARD_CLIENT_OFFERS_H

#include "client/auth.h"

/* Names of the experiments that aren't archived. NULL and `err` if the context has none (it isn't KFP's), or can't be
 * asked. The caller owns what both return. */
json_t *offers_experiments (struct arena *a, const struct context *c, struct error *err);

/* [{"name", "access_modes": ["ReadWriteOnce", …], "size": text or null}]. NULL and `err` where the context doesn't
 * reach the Kubernetes API. */
json_t *offers_volumes (struct arena *a, const struct context *c, struct error *err);

#endif

/* What neither the KFP SDK's loader nor an upload finds, found before a document leaves us.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_KFP_VERIFY_H
#define CHARD_COMPILER_EMIT_KFP_VERIFY_H

#include "base/error.h"

#include <jansson.h>

/* Checks a PipelineSpec whose root is a graph of containers: each task's component, its executor, image and command
 * are there; each artifact that it takes is an output of the task it names, of the same kind, and that task is waited
 * for; each parameter is one of the root's and of the component's, of the same type; what a component needs it gets; no
 * task waits for itself; and every placeholder names what the component has. -1 with ERROR_NOTEBOOK: our own
 * mistake. */
int kfp_verify (const json_t *spec, struct error *err);

/* The same for the PlatformSpec that goes behind `spec`. */
int kfp_verify_platform (const json_t *spec, const json_t *document, struct error *err);

#endif

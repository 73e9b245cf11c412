/* What `kubectl --dry-run` misses and `argo lint` finds, found before a document leaves us.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_COMPILER_EMIT_ARGO_VERIFY_H
#define CHARD_COMPILER_EMIT_ARGO_VERIFY_H

#include "base/error.h"

#include <jansson.h>

/* Checks a WorkflowSpec made of one DAG and containers: names are unique; the entry point and each task's template are
 * there; each task waits for tasks that are there and not for itself; it gives its template all inputs and no other;
 * artifacts come from tasks that it waits for and that leave them; every volume mounted is declared; and whatever
 * stands in double braces, anywhere, is one of the references that we make. -1 with ERROR_NOTEBOOK. */
int argo_verify (const json_t *spec, struct error *err);

#endif

/* What the record of a run elsewhere (cli/remote.h) says of its steps when it is submitted.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_CLI_REMOTE_STEPS_H
#define CHARD_CLI_REMOTE_STEPS_H

#include "compiler/emit/emit.h"

#include <jansson.h>

/* [{"step": "train", "key": what the document calls it, "parts": [keys of those that help it], "artifacts": {NAME:
 * {"key", "kind": "value|file|plain"}}}]. The caller owns it. */
json_t *remote_steps (const struct pipeline *p, const struct emit_plan *plan);

#endif

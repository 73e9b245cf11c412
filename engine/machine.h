/* What this machine has: cores and memory, and what a step asks of them.
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_MACHINE_H
#define CHARD_ENGINE_MACHINE_H

#include "base/error.h"
#include "compiler/pipeline.h"

#include <stdint.h>

/* Cores this process may use (its affinity and its control group's quota). */
int machine_cores (void);

/* Bytes that steps may use together: what $CHARD_MEMORY says ("8G"), else nine tenths of what the system and the
 * control groups leave without swapping; UINT64_MAX if unknown. -1 and ERROR_USAGE if CHARD_MEMORY is no size. */
int machine_memory (uint64_t *bytes, struct error *err);

/* How many processes the kernel has killed since boot because memory ran out; 0 if it doesn't tell. */
uint64_t machine_oom_kills (void);

/* limit:memory of a step in bytes, 0 if it has none; limit:cpu in whole cores, at least 1. */
uint64_t machine_step_memory (const struct step *s);
int machine_step_cores (const struct step *s);

#endif

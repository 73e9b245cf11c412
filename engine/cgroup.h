/* What the control groups of this process leave it: those of version 2 (Linux' cgroup-v2.rst), and those of version 1,
 * which older distributions and some containers have still (cgroup-v1/memory.rst, scheduler/sched-bwc.rst).
 * SPDX-License-Identifier: Apache-2.0 */
#ifndef CHARD_ENGINE_CGROUP_H
#define CHARD_ENGINE_CGROUP_H

#include <stdint.h>

/* Bytes until a limit is reached, of this group's or of those above it; what files occupy is given back when wanted,
 * and so counts as free. UINT64_MAX without a limit. */
uint64_t cgroup_memory (void);

/* Cores that the quotas of these groups are worth, perhaps not whole ones; HUGE_VAL without a quota. */
double cgroup_cores (void);

#endif

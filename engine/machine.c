/* See machine.h. Quantities follow Kubernetes' resource model ("500m", "4Gi").
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/machine.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "engine/cache.h"
#include "engine/cgroup.h"

#include <inttypes.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number behind `label` in a file of "label number" lines, times `unit`; `missing` if it isn't there. */
static uint64_t
number_after (const char *file, const char *label, uint64_t unit, uint64_t missing)
{
    cleanup_free char *data = NULL;
    size_t len;
    if (fs_read (file, &data, &len, NULL) < 0)
        return missing;
    const char *at = data;
    size_t n = strlen (label);
    for (; at && strncmp (at, label, n) != 0; at = strchr (at, '\n') ? strchr (at, '\n') + 1 : NULL)
        ;
    uint64_t value;
    return at && sscanf (at + n, " %" SCNu64, &value) == 1 ? value * unit : missing;
}

int
machine_cores (void)
{
    cpu_set_t set;
    int cores = sched_getaffinity (0, sizeof set, &set) == 0 ? CPU_COUNT (&set) : 1;
    double quota = ceil (cgroup_cores ());
    if (quota < cores)
        cores = (int) quota;
    return cores < 1 ? 1 : cores;
}

int
machine_memory (uint64_t *bytes, struct error *err)
{
    const char *said = getenv ("CHARD_MEMORY");
    if (said && said[0])
        return cache_parse_size (said, bytes, err) < 0 ? error_wrap (err, "CHARD_MEMORY") : 0;
    uint64_t left = number_after ("/proc/meminfo", "MemAvailable:", 1024, UINT64_MAX), group = cgroup_memory ();
    left = group < left ? group : left;
    *bytes = left == UINT64_MAX ? left : left / 10 * 9;
    return 0;
}

uint64_t
machine_oom_kills (void)
{
    return number_after ("/proc/vmstat", "oom_kill ", 1, 0);
}

static const char *
limit_of (const struct step *s, const char *name)
{
    return json_string_value (json_object_get (s->settings.limits, name));
}

uint64_t
machine_step_memory (const struct step *s)
{
    const char *text = limit_of (s, "memory");
    uint64_t bytes = 0;
    if (!text || cache_parse_size (text, &bytes, NULL) < 0)
        return 0;
    return bytes;
}

int
machine_step_cores (const struct step *s)
{
    const char *text = limit_of (s, "cpu");
    char *end = NULL;
    double n = text ? strtod (text, &end) : 1;
    if (end && *end == 'm')
        n /= 1000;
    return n >= 1 && n < 10000 ? (int) ceil (n) : 1;
}

/* See cgroup.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/cgroup.h"

#include "base/cleanup.h"
#include "base/fs.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Where a controller's groups lie, and what the files in them are called. A number is the first in its file or, with a
 * label, what stands behind it. */
struct controller {
    const char *name; /* in /proc/self/cgroup; "" is version 2, with all controllers */
    const char *root;
    const char *limit, *used, *stat, *files;
};

static const struct controller memory[] = {
    { "", "/sys/fs/cgroup", "memory.max", "memory.current", "memory.stat", "inactive_file " },
    { "memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "memory.stat",
      "total_inactive_file " },
};

struct processor {
    const char *name, *root;
    const char *quota, *period; /* files; no `period`: it stands behind the quota */
};

static const struct processor processors[] = {
    { "", "/sys/fs/cgroup", "cpu.max", NULL },
    { "cpu", "/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "cpu.cfs_period_us" },
};

enum { PATH_SIZE = 600 };

/* Whether `name` is one of the controllers, which stand between the first two colons of a line; "" is none at all. */
static bool
is_of (const char *line, const char *name)
{
    const char *at = strchr (line, ':'), *end = at ? strchr (at + 1, ':') : NULL;
    size_t n = strlen (name);
    if (!end)
        return false;
    if (n == 0)
        return end == at + 1;
    for (at++; at < end; at += strcspn (at, ",:") + 1)
        if (strncmp (at, name, n) == 0 && (at[n] == ',' || at[n] == ':'))
            return true;
    return false;
}

/* The path of this process' group below the controller's root; "" for the root itself. */
static void
find_group (const char *controller, char path[PATH_SIZE])
{
    cleanup_free char *data = NULL;
    size_t len;
    path[0] = '\0';
    if (fs_read ("/proc/self/cgroup", &data, &len, NULL) < 0)
        return;
    char *rest = NULL;
    for (char *line = strtok_r (data, "\n", &rest); line; line = strtok_r (NULL, "\n", &rest))
        if (is_of (line, controller)) {
            const char *group = strchr (strchr (line, ':') + 1, ':') + 1;
            snprintf (path, PATH_SIZE, "%s", strcmp (group, "/") == 0 ? "" : group);
            return;
        }
}

/* On to the group above; false from the root. In a container the first ones may not be there: its root is its own
 * group. */
static bool
ascend (char path[PATH_SIZE])
{
    char *slash = strrchr (path, '/');
    if (slash)
        *slash = '\0';
    return slash != NULL;
}

/* Reads up to two numbers; how many there are. */
static int
read_numbers (const char *root, const char *group, const char *file, const char *label, double *a, double *b)
{
    cleanup_free char *data = NULL, *path = xasprintf ("%s%s/%s", root, group, file);
    size_t len;
    if (fs_read (path, &data, &len, NULL) < 0)
        return 0;
    const char *at = data;
    while (at && strncmp (at, label, strlen (label)) != 0)
        at = strchr (at, '\n') ? strchr (at, '\n') + 1 : NULL;
    int n = at ? sscanf (at + strlen (label), "%lf %lf", a, b) : 0;
    return n < 0 ? 0 : n;
}

static double
read_number (const char *root, const char *group, const char *file, const char *label, double missing)
{
    double a, b;
    return read_numbers (root, group, file, label, &a, &b) > 0 ? a : missing;
}

/* A limit that isn't one is "max" in version 2, more bytes than any machine has in version 1. */
static double
memory_left (const struct controller *c, const char *group)
{
    double limit = read_number (c->root, group, c->limit, "", HUGE_VAL);
    if (limit >= 0x1p62)
        return HUGE_VAL;
    double used = read_number (c->root, group, c->used, "", 0);
    return fmax (limit - fmax (used - read_number (c->root, group, c->stat, c->files, 0), 0), 0);
}

uint64_t
cgroup_memory (void)
{
    double least = HUGE_VAL;
    for (size_t i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        char group[PATH_SIZE];
        find_group (memory[i].name, group);
        do
            least = fmin (least, memory_left (&memory[i], group));
        while (ascend (group));
    }
    return least < 0x1p62 ? (uint64_t) least : UINT64_MAX;
}

/* Without a quota there is "max" in version 2, and -1 in version 1. */
static double
quota_of (const struct processor *p, const char *group)
{
    double quota, period = 0;
    if (read_numbers (p->root, group, p->quota, "", &quota, &period) == 0 || quota <= 0)
        return HUGE_VAL;
    if (p->period)
        period = read_number (p->root, group, p->period, "", 0);
    return period > 0 ? quota / period : HUGE_VAL;
}

double
cgroup_cores (void)
{
    double least = HUGE_VAL;
    for (size_t i = 0; i < sizeof processors / sizeof processors[0]; i++) {
        char group[PATH_SIZE];
        find_group (processors[i].name, group);
        do
            least = fmin (least, quota_of (&processors[i], group));
        while (ascend (group));
    }
    return least;
}

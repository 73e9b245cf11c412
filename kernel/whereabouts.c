/* See whereabouts.h. The descriptor is O_PATH: it neither reads nor locks.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/whereabouts.h"

#include "base/arena.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
whereabouts_set (struct whereabouts *w, const char *path)
{
    char *copy = path ? xstrdup (path) : NULL;
    int fd = path ? open (path, O_PATH | O_CLOEXEC) : 0;
    free (w->path);
    if (w->fd > 0)
        close (w->fd);
    *w = (struct whereabouts){ copy, fd > 0 ? fd : 0 };
}

static bool
is_trash (const char *path)
{
    return strstr (path, "/Trash/files/") || strstr (path, "/.Trash");
}

/* Where the descriptor's file lies now; false if it is gone. */
static bool
follow (int fd, char path[static PATH_MAX])
{
    char link[64];
    struct stat st, there;
    snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink (link, path, PATH_MAX - 1);
    if (n <= 0)
        return false;
    path[n] = '\0';
    return !is_trash (path) && fstat (fd, &st) == 0 && stat (path, &there) == 0 && st.st_dev == there.st_dev
           && st.st_ino == there.st_ino;
}

const char *
whereabouts_get (struct whereabouts *w)
{
    char moved[PATH_MAX];
    struct stat st, there;
    if (!w->path)
        return NULL;
    if (stat (w->path, &there) == 0) {
        bool same = w->fd && fstat (w->fd, &st) == 0 && st.st_dev == there.st_dev && st.st_ino == there.st_ino;
        if (!same)
            whereabouts_set (w, w->path);
    } else if (w->fd && follow (w->fd, moved))
        whereabouts_set (w, moved);
    return w->path;
}

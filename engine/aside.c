/* See aside.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/aside.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/strbuf.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST = 20000, DEEPEST = 40 };

typedef void entry_fn (void *arg, const char *relative, bool *enter);

/* Calls `f` for each entry below `dir` but `state`, which may be NULL; *enter, true for directories, tells whether to
 * go into it. */
static void
walk (const char *dir, const char *state, const char *relative, int depth, entry_fn *f, void *arg)
{
    cleanup_free char *path = xasprintf ("%s%s%s", dir, *relative ? "/" : "", relative);
    DIR *d = depth < DEEPEST ? opendir (path) : NULL;
    for (struct dirent *e; d && (e = readdir (d));) {
        if (e->d_name[0] == '.')
            continue;
        cleanup_free char *inner = xasprintf ("%s%s%s", relative, *relative ? "/" : "", e->d_name);
        cleanup_free char *whole = xasprintf ("%s/%s", dir, inner);
        struct stat st;
        if (state && strcmp (whole, state) == 0)
            continue;
        bool enter = lstat (whole, &st) == 0 && S_ISDIR (st.st_mode);
        f (arg, inner, &enter);
        if (enter)
            walk (dir, state, inner, depth + 1, f, arg);
    }
    if (d)
        closedir (d);
}

static void
note_entry (void *arg, const char *relative, bool *enter)
{
    json_t *seen = arg;
    *enter = *enter && json_object_size (seen) < MOST;
    if (json_object_size (seen) < MOST)
        json_object_set_new (seen, relative, json_true ());
}

json_t *
aside_look (const char *dir, const char *state)
{
    json_t *seen = json_object ();
    walk (dir, state, "", 0, note_entry, seen);
    if (json_object_size (seen) < MOST)
        return seen;
    json_decref (seen);
    return NULL;
}

struct moving {
    struct arena *arena;
    const char *dir, *to;
    const json_t *before;
};

static void
move_entry (void *arg, const char *relative, bool *enter)
{
    const struct moving *m = arg;
    if (json_object_get (m->before, relative))
        return;
    char *to = fs_join (m->arena, m->to, relative);
    *enter = false;
    if (fs_mkdirs (fs_dirname (m->arena, to), NULL) == 0)
        (void) rename (fs_join (m->arena, m->dir, relative), to);
}

void
aside_put (struct arena *a, const char *dir, const char *state, const json_t *before, const char *to)
{
    struct moving m = { a, dir, to, before };
    if (before)
        walk (dir, state, "", 0, move_entry, &m);
}

static void
move_back (void *arg, const char *relative, bool *enter)
{
    const struct moving *m = arg;
    const char *there = fs_join (m->arena, m->dir, relative);
    struct stat st;
    if (lstat (there, &st) == 0)
        return;
    *enter = false;
    (void) rename (fs_join (m->arena, m->to, relative), there);
}

void
aside_back (struct arena *a, const char *dir, const char *to)
{
    struct moving m = { a, dir, to, NULL };
    walk (to, NULL, "", 0, move_back, &m);
}

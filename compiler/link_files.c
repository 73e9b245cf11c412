/* Pass link: files that steps hand to one another, known by the paths in their code. See link.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/link.h"

#include "base/fs.h"
#include "compiler/path.h"

#include <string.h>

static bool
mentions (const struct file_event *shell, const struct file_event *other)
{
    return other->use == FILE_SHELL || strcmp (shell->path, PATH_UNKNOWN) == 0 || !path_is_exact (other->path)
        || strstr (shell->path, other->path)
           || strstr (shell->path, fs_basename (other->path));
}

/* Later uses wait for earlier ones where one of the two writes; commands wait for whatever they mention, for anything
 * if it isn't known what they are, and for each other. */
static bool
conflicts (const struct file_event *a, const struct file_event *b)
{
    if (a->use == FILE_SHELL)
        return mentions (a, b);
    if (b->use == FILE_SHELL)
        return mentions (b, a);
    if (a->use == FILE_READ && b->use == FILE_READ)
        return false;
    if ((a->use == FILE_NAMED && *b->path == PATH_ANY) || (b->use == FILE_NAMED && *a->path == PATH_ANY))
        return false; /* what is only named isn't worth that everything waits */
    return path_may_meet (a->path, b->path);
}

/* What belongs to no step is repeated in steps (an `imports` cell, of a module that a step writes): they wait as if it
 * were their own. */
static void
link_shared_file (struct linking *l, size_t event)
{
    const struct file_event *f = &l->flow->files.items[event];
    for (size_t step = 0; step < l->p->steps.len; step++)
        for (size_t k = 0; k < event && vec_int_has (&l->replicated[step], f->site); k++) {
            const struct file_event *old = &l->flow->files.items[k];
            int from = link_owner (l, old->site);
            if (from >= 0 && old->use != FILE_READ && conflicts (f, old))
                link_after (l, (int) step, from);
        }
}

/* The folder that a path lies in that isn't known to its end: "out" of "out/?.csv"; NULL: that isn't known either. */
static const char *
known_folder (struct arena *a, const char *path)
{
    const char *end = NULL;
    for (const char *p = path; *p && *p != PATH_ANY; p++)
        if (*p == '/')
            end = p;
    return end && end > path ? arena_strndup (a, path, (size_t) (end - path)) : NULL;
}

static const char *
longer (const char *x, const char *y)
{
    return strlen (x) > strlen (y) ? x : y;
}

/* Databases and the like, which no file stands for. */
static bool
is_elsewhere (const struct file_event *f)
{
    return f->use != FILE_SHELL && strstr (f->path, "://");
}

/* Whether all that `f` may be about was made by `old`: the file, or a folder that it lies in; not if that may only
 * have been read. What lies in the
 * notebook's own folder is taken to be made by steps if anything is: it holds too much. */
static bool
is_made_by (const struct file_event *f, const struct file_event *old)
{
    const size_t n = strlen (old->path);
    if (old->use == FILE_SHELL || strcmp (f->path, ".") == 0)
        return true;
    if (old->use == FILE_NAMED)
        return false;
    return path_is_exact (old->path) && strncmp (f->path, old->path, n) == 0 && (f->path[n] == '/' || !f->path[n]);
}

/* What a step needs, for its use `f`, of what an earlier one did by `old`: the path of a file or a folder,
 * PIPELINE_ALL_FILES if nobody can tell. Who writes a file takes it too: it may add to it, or leave it alone. */
static const char *
needed (struct arena *a, const struct file_event *f, const struct file_event *old)
{
    const bool known = f->use != FILE_SHELL && path_is_exact (f->path);
    if (old->use != FILE_SHELL && path_is_exact (old->path))
        return known ? longer (f->path, old->path) : old->path;
    if (known)
        return f->path;
    const char *folder = known_folder (a, old->use == FILE_SHELL ? f->use == FILE_SHELL ? "" : f->path : old->path);
    return folder ? folder : PIPELINE_ALL_FILES;
}

/* The same from several steps comes from all of them, the last one's going over the others'; it comes from the last
 * alone if that has `replaced` it, having taken what there was. */
static void
add_file (struct linking *l, struct step *s, const char *path, int from, bool replaced)
{
    struct file_dependency d = { path, from };
    size_t kept = 0;
    vec_foreach (f, &s->files)
        if (strcmp (f->path, path) != 0 || (f->from != from && !replaced))
            s->files.items[kept++] = *f;
    s->files.len = kept;
    vec_push (l->arena, &s->files, d);
}

/* Files that were there before: exactly known ones, and folders of the others. */
static void
add_read (struct linking *l, struct step *s, const char *path)
{
    const char *known = path_is_exact (path) ? path : known_folder (l->arena, path);
    if (known && !strstr (known, "://") && (known == path || (*known != '/' && strncmp (known, "..", 2) != 0)))
        vec_str_add_once (l->arena, &s->files_read, known);
}

void
link_files (struct linking *l)
{
    for (size_t i = 0; i < l->flow->files.len; i++) {
        const struct file_event *f = &l->flow->files.items[i];
        int step = link_owner (l, f->site);
        if (step < 0) {
            link_shared_file (l, i);
            continue;
        }
        struct step *s = &l->p->steps.items[step];
        bool written = false; /* all of it, by steps */
        for (size_t k = 0; k < i; k++) {
            const struct file_event *old = &l->flow->files.items[k];
            int from = link_owner (l, old->site);
            if (from < 0 || !conflicts (f, old))
                continue;
            link_after (l, step, from);
            if (old->use == FILE_READ)
                continue;
            written |= is_made_by (f, old);
            if (from != step && !is_elsewhere (f) && !is_elsewhere (old))
                add_file (l, s, needed (l->arena, f, old), from,
                          old->use == FILE_WRITE && path_is_exact (f->path) && strcmp (f->path, old->path) == 0);
        }
        if (f->use == FILE_WRITE && path_is_exact (f->path))
            vec_str_add_once (l->arena, &s->files_written, f->path);
        if ((f->use == FILE_READ || f->use == FILE_NAMED) && !written)
            add_read (l, s, f->path);
    }
}

/* See unnamed.h. What a program was called with is read from /proc; its relative paths count from where it is, or from
 * where it was started (PWD), for Papermill goes to the folder of --cwd.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/unnamed.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "compiler/notebook.h"

#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct candidate {
    const char *path;
    struct notebook *notebook;
    bool fresh; /* written since the kernel began */
};

struct candidates {
    struct candidate *items;
    size_t len, cap;
};

/* ---- which files may be it -------------------------------------------------------------------------------------- */

static const char *
find_file (struct arena *a, const char *program_dir, const char *name)
{
    const char *started_in = getenv ("PWD"), *path = fs_join (a, program_dir, name);
    if (!fs_exists (path) && started_in)
        path = fs_join (a, started_in, name);
    return fs_normalize (a, path);
}

/* Whether the word behind that one is a file to be written: "--output FILE". */
static bool
is_for_output (const char *option)
{
    return strncmp (option, "--output", 8) == 0 && !strchr (option, '=');
}

/* The notebooks among the words of the program that started us, but for what it shall write. */
static void
add_words (struct arena *a, struct vec_str *paths)
{
    const char *pid = getenv ("JPY_PARENT_PID");
    char dir[PATH_MAX];
    cleanup_free char *words = NULL;
    size_t len;
    ssize_t n = pid ? readlink (arena_printf (a, "/proc/%d/cwd", atoi (pid)), dir, sizeof dir - 1) : -1;
    if (n < 0 || fs_read (arena_printf (a, "/proc/%d/cmdline", atoi (pid)), &words, &len, NULL) < 0)
        return;
    dir[n] = '\0';
    const char *before = "";
    for (const char *word = words; word < words + len; before = word, word += strlen (word) + 1) {
        size_t length = strlen (word);
        if (word[0] != '-' && !is_for_output (before) && length > 6 && strcmp (word + length - 6, ".ipynb") == 0)
            vec_push (a, paths, find_file (a, dir, word));
    }
}

/* ---- which of them is it ---------------------------------------------------------------------------------------- */

static bool
has_tag (const struct cell *c, const char *wanted)
{
    vec_foreach (tag, &c->tags)
        if (strcmp (*tag, wanted) == 0)
            return true;
    return false;
}

/* As nbclient does, which the others are made of. */
static bool
is_executed (const struct cell *c)
{
    return c->kind == CELL_CODE && c->source[strspn (c->source, " \t\r\n\f\v")] != '\0'
           && !has_tag (c, "skip-execution");
}

static bool
begins_with (const struct notebook *nb, const struct vec_str *ran)
{
    size_t n = 0;
    for (size_t i = 0; i < nb->cells.len && n < ran->len; i++)
        if (is_executed (&nb->cells.items[i]) && strcmp (nb->cells.items[i].source, ran->items[n++]) != 0)
            return false;
    return n > 0 && n == ran->len;
}

/* Takes it in if it fits; `notebook` is to be cleared then. */
static void
consider (struct arena *a, struct candidates *all, const char *path, const struct vec_str *ran,
          const struct timespec *began)
{
    struct error ignored;
    struct stat st;
    struct notebook *nb = stat (path, &st) == 0 ? notebook_read (a, path, &ignored) : NULL;
    if (nb && begins_with (nb, ran)) {
        bool fresh = st.st_mtim.tv_sec > began->tv_sec
                     || (st.st_mtim.tv_sec == began->tv_sec && st.st_mtim.tv_nsec >= began->tv_nsec);
        vec_push (a, all, ((struct candidate){ path, nb, fresh }));
    } else
        notebook_clear (nb);
}

static bool
cells_are_alike (const struct cell *a, const struct cell *b)
{
    if (a->kind != b->kind || strcmp (a->source, b->source) != 0 || a->tags.len != b->tags.len)
        return false;
    for (size_t i = 0; i < a->tags.len; i++)
        if (strcmp (a->tags.items[i], b->tags.items[i]) != 0)
            return false;
    return true;
}

static bool
are_alike (const struct notebook *a, const struct notebook *b)
{
    if (a->cells.len != b->cells.len || (a->kubeflow != b->kubeflow && !json_equal (a->kubeflow, b->kubeflow)))
        return false;
    for (size_t i = 0; i < a->cells.len; i++)
        if (!cells_are_alike (&a->cells.items[i], &b->cells.items[i]))
            return false;
    return true;
}

/* The first, if those that are as fresh as any say the same. */
static const char *
choose (struct arena *a, const struct candidates *all, const char **why)
{
    const struct candidate *first = NULL;
    vec_foreach (c, all)
        if (!first || c->fresh > first->fresh)
            first = c;
    vec_foreach (c, all)
        if (c->fresh == first->fresh && !are_alike (c->notebook, first->notebook)) {
            *why = arena_printf (a, "%s and %s both begin with the cells that ran here", first->path, c->path);
            return NULL;
        }
    return first ? first->path : NULL;
}

const char *
unnamed_find (struct arena *a, const struct vec_str *ran, const struct timespec *began, const char **why)
{
    const char *said = getenv (UNNAMED_VARIABLE);
    struct vec_str paths = { 0 };
    struct candidates all = { 0 };
    if (said && *said)
        vec_push (a, &paths, fs_absolute (a, said));
    else
        add_words (a, &paths);
    vec_foreach (path, &paths)
        consider (a, &all, *path, ran, began);
    if (said && *said && all.len == 0)
        *why = arena_printf (a, UNNAMED_VARIABLE " is %s, %s", said, fs_exists (paths.items[0])
                             ? "whose cells don't begin with those that ran here" : "which isn't there");
    const char *path = choose (a, &all, why);
    vec_foreach (c, &all)
        notebook_clear (c->notebook);
    return path;
}

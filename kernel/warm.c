/* See warm.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/warm.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "kernel/job.h"

#include <string.h>
#include <unistd.h>

#define DELAY 2.0 /* seconds: a session's first cells have the machine for themselves */

struct warm {
    struct loop *loop;
    const char *python;
    char *notebook; /* an empty one, whose check asks for the packages and nothing else */
    struct job *job;
    int timer;
};

static void
on_printed (void *arg, bool error, const char *data, size_t len)
{
    (void) arg, (void) error, (void) data, (void) len;
}

static void
on_ended (void *arg, const struct proc_status *status)
{
    struct warm *w = arg;
    (void) status;
    w->job = NULL;
    unlink (w->notebook);
}

static void
begin (void *arg)
{
    static const char empty[] = "{\"cells\": [], \"metadata\": {}, \"nbformat\": 4, \"nbformat_minor\": 4}\n";
    struct warm *w = arg;
    struct arena *a = arena_create ();
    struct vec_str words = { 0 };
    struct job_listener listener = { on_printed, on_ended, w };
    w->timer = 0;
    vec_push (a, &words, "check");
    vec_push (a, &words, arena_printf (a, "--python=%s", w->python));
    vec_push (a, &words, w->notebook);
    if (fs_write_unsynced (w->notebook, empty, strlen (empty), NULL) == 0)
        w->job = job_start (w->loop, &words, NULL, NULL, &listener, NULL);
    if (w->job)
        job_yield (w->job);
    arena_destroy (a);
}

struct warm *
warm_create (struct loop *l, const char *python, const char *dir)
{
    const char *wanted = getenv (WARM_SETTING);
    if (wanted && strcmp (wanted, "0") == 0)
        return NULL;
    struct warm *w = xcalloc (1, sizeof *w);
    *w = (struct warm){ .loop = l, .python = python, .notebook = xasprintf ("%s/warm.ipynb", dir) };
    w->timer = loop_add_timer (l, DELAY, begin, w);
    return w;
}

void
warm_destroy (struct warm *w)
{
    if (!w)
        return;
    loop_remove_timer (w->loop, w->timer);
    job_destroy (w->job);
    free (w->notebook);
    free (w);
}

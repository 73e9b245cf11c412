/* See remote.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/nap.h"
#include "cli/remote_failure.h"
#include "cli/remote_follow.h"
#include "cli/target.h"
#include "doc/json_value.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE = 600 }; /* seconds without an answer until waiting is given up */

/* ---- the records ------------------------------------------------------------------------------------------------ */

static const char *
record_path (const struct state *state, struct arena *a, const char *id)
{
    return arena_printf (a, "%s/remote/%s.json", state->dir, id);
}

int
remote_save (const struct state *state, struct arena *a, const json_t *record, struct error *err)
{
    const char *path = record_path (state, a, json_text (record, "run"));
    cleanup_free char *text = json_dumps (record, JSON_INDENT (2) | JSON_REAL_PRECISION (15));
    if (!text)
        return error_set (err, ERROR_ENVIRONMENT, "%s can't be printed", path);
    return fs_mkdirs (fs_dirname (a, path), err) < 0 ? -1 : fs_write (path, text, strlen (text), err);
}

void
remote_list (const struct state *state, struct arena *a, struct vec_str *ids)
{
    DIR *d = opendir (fs_join (a, state->dir, "remote"));
    if (!d)
        return;
    for (struct dirent *e; (e = readdir (d));) {
        size_t n = strlen (e->d_name);
        if (n > 5 && e->d_name[0] != '.' && strcmp (e->d_name + n - 5, ".json") == 0)
            vec_push (a, ids, arena_strndup (a, e->d_name, n - 5));
    }
    closedir (d);
    vec_str_sort (ids);
}

json_t *
remote_load (const struct state *state, struct arena *a, const char *id)
{
    json_t *record = json_load_file (record_path (state, a, id), 0, NULL);
    if (strcmp (json_text (record, "run"), id) == 0)
        return record;
    json_decref (record);
    return NULL;
}

static const char *
notebook_of (struct arena *a, const struct state *state, const char *id)
{
    json_auto_t *record = remote_load (state, a, id);
    return arena_strdup (a, json_text (record, "notebook"));
}

json_t *
remote_find (struct invocation *inv, const struct past_settings *s, const char *wanted, struct state *state,
             struct error *err)
{
    struct vec_str ids = { 0 };
    if (past_state_open (inv, s, state, err) < 0)
        return NULL;
    remote_list (state, inv->arena, &ids);
    if (ids.len == 0) {
        error_set (err, ERROR_USAGE, "no runs elsewhere are known in %s yet: chard submit NOTEBOOK starts one",
                   state->dir);
        return NULL;
    }
    const char *where = arena_printf (inv->arena, "%s/remote", state->dir);
    const char *id = past_choose_run (inv, s, state, &ids, wanted, where, notebook_of, err);
    json_t *record = id ? remote_load (state, inv->arena, id) : NULL;
    if (id && !record)
        error_set (err, ERROR_ENVIRONMENT, "%s can't be read", record_path (state, inv->arena, id));
    return record;
}

json_t *
remote_find_newer (struct invocation *inv, const struct past_settings *s, const char *wanted, const char *here,
                   struct state *state)
{
    json_t *record = wanted && here ? NULL : remote_find (inv, s, wanted, state, NULL);
    if (!record || !here || strcmp (json_text (record, "run"), here) > 0)
        return record;
    json_decref (record);
    return NULL;
}

int
remote_remove (const struct state *state, struct arena *a, const char *id, struct error *err)
{
    return unlink (record_path (state, a, id)) < 0 ? error_errno (err, "%s", record_path (state, a, id)) : 0;
}

bool
remote_is_over (const json_t *record)
{
    static const char *const ends[] = { "ok", "failed", "canceled" };
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (strcmp (json_text (record, "status"), ends[i]) == 0)
            return true;
    return false;
}

/* ---- how it stands ---------------------------------------------------------------------------------------------- */

/* What helps a step (it says whether it is started, or runs rounds of its loop) is the step to people: it runs when
 * they do, and fails as they do. */
static void
update_by_part (json_t *record, const json_t *news)
{
    const char *status = json_text (news, "status");
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (record, "steps"), i, step) {
        if (!json_has_string (json_object_get (step, "parts"), json_text (news, "step")))
            continue;
        if (json_object_get (news, "metrics"))
            json_object_set (step, "metrics", json_object_get (news, "metrics"));
        const char *own = json_text (step, "status");
        bool failed = strcmp (status, "failed") == 0;
        if (!failed && strcmp (status, "waiting") != 0 && (!*own || strcmp (own, "waiting") == 0))
            json_object_set_new (step, "status", json_string ("running"));
        if (!failed)
            continue;
        json_object_set_new (step, "status", json_string ("failed"));
        if (json_is_string (json_object_get (news, "pod"))) {
            json_object_set (step, "pod", json_object_get (news, "pod"));
            json_object_set (step, "node", json_object_get (news, "node"));
            if (!json_object_get (step, "failure"))
                json_object_set (step, "error", json_object_get (news, "error"));
        }
    }
}

/* The service knows steps by what the document calls them. */
static void
update_step (json_t *record, const json_t *news)
{
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (record, "steps"), i, step)
        if (strcmp (json_text (step, "key"), json_text (news, "step")) == 0) {
            json_object_set (step, "status", json_object_get (news, "status"));
            json_object_set (step, "pod", json_object_get (news, "pod"));
            json_object_set (step, "node", json_object_get (news, "node"));
            if (!json_object_get (step, "failure") || strcmp (json_text (news, "status"), "failed") != 0)
                json_object_set (step, "error", json_object_get (news, "error"));
            if (strcmp (json_text (news, "status"), "failed") != 0)
                json_object_del (step, "failure"); /* of a try before */
            if (json_object_get (news, "metrics"))
                json_object_set (step, "metrics", json_object_get (news, "metrics"));
            else if (strcmp (json_text (news, "status"), "running") == 0)
                json_object_del (step, "metrics"); /* likewise */
        }
}

const struct service *
remote_service (struct invocation *inv, const json_t *record, struct auth *auth, struct error *err)
{
    struct context c;
    const struct target *t = target_find (json_text (record, "target"));
    if (t && t->service)
        return context_read (inv->arena, json_text (record, "context"), &c, err) < 0
            || auth_prepare (inv->arena, &c, auth, err) < 0
                   ? NULL
                   : t->service;
    error_set (err, ERROR_ENVIRONMENT, "run %s is of a target that this Chard doesn't know", json_text (record, "run"));
    return NULL;
}

static int
refresh_by (struct invocation *inv, const struct service *service, const struct auth *auth, const struct state *state,
            json_t *record, struct error *err)
{
    json_auto_t *news = service->status (inv->arena, auth, record, err);
    if (!news)
        return -1;
    json_object_set (record, "status", json_object_get (news, "status"));
    json_object_set (record, "error", json_object_get (news, "error"));
    if (json_object_get (news, "uid"))
        json_object_set (record, "uid", json_object_get (news, "uid"));
    if (json_object_get (news, "steps_note"))
        json_object_set (record, "steps_note", json_object_get (news, "steps_note"));
    else
        json_object_del (record, "steps_note");
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (news, "steps"), i, step)
        update_step (record, step);
    json_array_foreach (json_object_get (news, "steps"), i, step)
        update_by_part (record, step);
    return remote_save (state, inv->arena, record, err);
}

int
remote_refresh (struct invocation *inv, const struct state *state, json_t *record, struct error *err)
{
    struct auth auth;
    const struct service *service = remote_service (inv, record, &auth, err);
    return service ? refresh_by (inv, service, &auth, state, record, err) : -1;
}

/* ---- waiting ---------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void
on_interrupt (int signal)
{
    (void) signal;
    interrupted = 1;
}

/* `printed`: the steps whose logs have been followed; what they printed last isn't told again. */
static void
tell_steps (struct invocation *inv, const json_t *record, json_t *told, const json_t *printed)
{
    size_t i;
    json_t *step;
    const char *note = json_text (record, "steps_note");
    if (strcmp (note, json_text (told, "")) != 0) {
        json_object_set_new (told, "", json_string (note));
        fprintf (inv->err, "%s%s\n", *note ? "note: " : "how its steps stand is known again", note);
    }
    json_array_foreach (json_object_get (record, "steps"), i, step) {
        const char *name = json_text (step, "step"), *status = json_text (step, "status");
        if (strcmp (status, json_text (told, name)) == 0 || !*status || strcmp (status, "waiting") == 0)
            continue;
        json_object_set_new (told, name, json_string (status));
        fprintf (inv->err, "%s: %s\n", past_one_line (inv->arena, name), status);
        if (strcmp (status, "failed") == 0)
            remote_print_failure (inv, record, step, json_object_get (printed, name) != NULL, inv->err);
    }
}

static int
conclude (struct invocation *inv, const json_t *record, struct error *err)
{
    const char *status = json_text (record, "status"), *why = json_text (record, "error");
    if (!inv->json)
        fprintf (inv->out, "run %s: %s%s%s\n", json_text (record, "run"), status, *why ? ": " : "",
                 past_one_line (inv->arena, why));
    return strcmp (status, "ok") == 0 ? 0 : error_set (err, ERROR_NOTEBOOK, "%s", "");
}

/* Credentials are asked for again (a plugin may take seconds) only when the server has refused them, or anything
 * else. */
static int
poll_run (struct invocation *inv, const struct state *state, json_t *record, bool follow, struct error *err)
{
    json_auto_t *told = json_object (), *printed = json_object ();
    double delay = 0.5, silence = 0;
    struct auth auth;
    const struct service *service = NULL;
    while (!interrupted) {
        struct error why = { 0 };
        if (!service || silence > 0)
            service = remote_service (inv, record, &auth, &why);
        if (service && refresh_by (inv, service, &auth, state, record, &why) == 0) {
            silence = 0;
            if (remote_explain (inv, record))
                remote_save (state, inv->arena, record, NULL);
            if (follow)
                remote_follow (inv, record, printed);
            tell_steps (inv, record, told, printed);
            if (remote_is_over (record))
                return conclude (inv, record, err);
        } else if ((silence += delay) > PATIENCE || why.kind != ERROR_ENVIRONMENT) {
            *err = why;
            return -1;
        } else if (silence == delay) {
            fprintf (inv->err, "%s; still waiting\n", why.text);
        }
        nap (delay);
        delay = delay < 5 ? delay * 1.3 : delay;
    }
    return error_set (err, ERROR_NOTEBOOK, "not waited for any more; the run goes on: chard runs wait %s, or chard "
                                           "runs cancel %s", json_text (record, "run"), json_text (record, "run"));
}

int
remote_wait (struct invocation *inv, const struct state *state, json_t *record, bool follow, struct error *err)
{
    struct sigaction catch = { .sa_handler = on_interrupt }, saved;
    interrupted = 0;
    sigaction (SIGINT, &catch, &saved);
    int status = poll_run (inv, state, record, follow, err);
    sigaction (SIGINT, &saved, NULL);
    return status;
}

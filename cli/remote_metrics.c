/* See remote_metrics.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote_metrics.h"

#include "base/cleanup.h"
#include "doc/json_text.h"
#include "doc/json_value.h"

#include <string.h>

enum { MAX_BYTES = 1 << 20 }; /* of a step's metrics */

/* What the document calls a step's metrics, where there are some that aren't known here yet; or NULL. */
static const char *
missing_metrics (const json_t *step)
{
    const char *status = json_text (step, "status");
    const json_t *artifact = json_object_get (json_object_get (step, "artifacts"), "metrics");
    bool done = strcmp (status, "ok") == 0 || strcmp (status, "cached") == 0
                || strcmp (status, "skipped") == 0; /* what took its place tells them */
    return done && !json_object_get (step, "metrics") && strcmp (json_text (artifact, "kind"), "plain") == 0
               ? json_text (artifact, "key")
               : NULL;
}

static json_t *
read_metrics (FILE *f, const char *step, struct error *err)
{
    cleanup_free char *text = xmalloc (MAX_BYTES);
    rewind (f);
    size_t n = fread (text, 1, MAX_BYTES, f);
    json_t *metrics = n < MAX_BYTES ? json_text_parse (text, n, NULL, NULL) : NULL;
    if (json_is_object (metrics))
        return metrics;
    json_decref (metrics);
    error_set (err, ERROR_ENVIRONMENT, "what is kept there as metrics of step %s is no JSON object", step);
    return NULL;
}

static int
fetch_step (struct invocation *inv, const struct service *service, const struct auth *auth, const json_t *record,
            json_t *step, const char *key, struct error *err)
{
    cleanup_file FILE *f = tmpfile ();
    if (!f)
        return error_errno (err, "a temporary file");
    if (service->fetch (inv->arena, auth, record, step, key, f, err) < 0)
        return -1;
    json_t *metrics = read_metrics (f, json_text (step, "step"), err);
    return metrics ? json_object_set_new (step, "metrics", metrics) : -1;
}

int
remote_metrics_fetch (struct invocation *inv, const struct state *state, json_t *record, struct error *err)
{
    struct auth auth;
    const struct service *service = NULL;
    bool found = false;
    int status = 0;
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (record, "steps"), i, step) {
        const char *key = missing_metrics (step);
        if (!key || status < 0)
            continue;
        if (!service && !(service = remote_service (inv, record, &auth, err)))
            return -1;
        if (service->whole)
            return 0; /* tells them with the states of steps, and has nothing but a step's whole result */
        status = fetch_step (inv, service, &auth, record, step, key, err);
        found |= status == 0;
    }
    if (found && remote_save (state, inv->arena, record, err) < 0)
        return -1;
    return status;
}

void
remote_metrics_look (struct invocation *inv, const struct state *state, json_t *record)
{
    struct error why = { 0 };
    if (!remote_is_over (record) && remote_refresh (inv, state, record, &why) < 0)
        fprintf (inv->err, "note: run %s is told as it was known last, since %s\n", json_text (record, "run"),
                 why.text);
    else if (remote_metrics_fetch (inv, state, record, &why) < 0)
        fprintf (inv->err, "note: metrics of run %s aren't known: %s\n", json_text (record, "run"), why.text);
}

json_t *
remote_metrics (struct arena *a, const json_t *record)
{
    json_t *all = json_object (), *step, *value;
    const char *name;
    size_t i;
    json_array_foreach (json_object_get (record, "steps"), i, step)
        json_object_foreach (json_object_get (step, "metrics"), name, value)
            json_object_set (all, arena_printf (a, "%s.%s", json_text (step, "step"), name), value);
    return all;
}

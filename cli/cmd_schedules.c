/* `chard schedules list|pause|resume|delete`: what `chard submit --schedule` has left with a context's service.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cron.h"
#include "cli/past_run.h"
#include "cli/schedule.h"
#include "cli/target.h"
#include "doc/json_value.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

struct schedules_settings {
    const char *context;
};

static const struct option options[] = {
    { .name = "context", .letter = 'c', .kind = OPTION_STRING, .offset = offsetof (struct schedules_settings, context),
      .argument = "NAME", .help = "where (default: $CHARD_CONTEXT, else the current context)" },
    { 0 },
};

/* ---- times ------------------------------------------------------------------------------------------------------ */

/* "2026-11-26 02:00 CET"; the zone is the process's for that moment. */
static void
add_time (json_t *all, time_t at, const char *zone)
{
    const char *now = getenv ("TZ");
    char *before = now ? xstrdup (now) : NULL, text[64];
    struct tm local;
    setenv ("TZ", zone, 1);
    tzset ();
    localtime_r (&at, &local);
    strftime (text, sizeof text, "%Y-%m-%d %H:%M %Z", &local);
    if (before)
        setenv ("TZ", before, 1);
    else
        unsetenv ("TZ");
    tzset ();
    free (before);
    json_array_append_new (all, json_string (text));
}

json_t *
schedule_next (const char *schedule, const char *zone)
{
    time_t times[3];
    size_t n = cron_next (schedule, zone, time (NULL), times, 3);
    json_t *all = json_array ();
    for (size_t i = 0; i < n; i++)
        add_time (all, times[i], zone);
    return all;
}

/* ---- the service ------------------------------------------------------------------------------------------------ */

struct place {
    struct context context;
    struct auth auth;
    const struct service *service;
};

static int
open_place (struct invocation *inv, const void *settings, struct place *p, struct error *err)
{
    const struct schedules_settings *s = settings;
    if (context_read (inv->arena, s->context, &p->context, err) < 0
        || auth_prepare (inv->arena, &p->context, &p->auth, err) < 0)
        return -1;
    p->service = target_find (p->context.target)->service;
    return 0;
}

static int
list (struct invocation *inv, const void *settings, struct error *err)
{
    struct place p;
    size_t i;
    json_t *one;
    if (inv->operands.len)
        return error_set (err, ERROR_USAGE, "it takes no operand");
    if (open_place (inv, settings, &p, err) < 0)
        return -1;
    json_auto_t *all = p.service->schedules (inv->arena, &p.auth, err);
    if (!all)
        return -1;
    if (inv->json) {
        past_print_json (inv, json_incref (all));
        return 0;
    }
    if (json_array_size (all) == 0)
        fprintf (inv->err, "no schedules on %s\n", p.context.name);
    else
        fprintf (inv->out, "%-24s %-8s %-20s %-18s %s\n", "NAME", "STATUS", "SCHEDULE", "TIMEZONE", "ID");
    json_array_foreach (all, i, one) {
        const char *zone = json_text (one, "timezone");
        fprintf (inv->out, "%-24s %-8s %-20s %-18s %s\n", past_one_line (inv->arena, json_text (one, "name")),
                 json_text (one, "status"), past_one_line (inv->arena, json_text (one, "schedule")),
                 *zone ? past_one_line (inv->arena, zone) : "the server's", json_text (one, "id"));
    }
    return 0;
}

/* The id of the schedule that is called so: by its id, or by a name that only one has. */
static const char *
find (struct invocation *inv, const struct place *p, const char *wanted, struct error *err)
{
    const char *found = NULL;
    size_t i;
    json_t *one;
    json_auto_t *all = p->service->schedules (inv->arena, &p->auth, err);
    if (!all)
        return NULL;
    json_array_foreach (all, i, one) {
        const char *id = json_text (one, "id");
        if (strcmp (id, wanted) == 0)
            return wanted;
        if (strcmp (json_text (one, "name"), wanted) != 0)
            continue;
        if (found) {
            error_set (err, ERROR_USAGE,
                       "several schedules on %s are called “%s”: give an id; chard schedules list shows them",
                       p->context.name, wanted);
            return NULL;
        }
        found = arena_strdup (inv->arena, id);
    }
    if (!found)
        error_set (err, ERROR_USAGE, "there is no schedule “%s” on %s: chard schedules list shows them", wanted,
                   p->context.name);
    return found;
}

static int
change (struct invocation *inv, const void *settings, enum schedule_change what, const char *done, struct error *err)
{
    struct place p;
    if (inv->operands.len != 1)
        return error_set (err, ERROR_USAGE, "name one schedule");
    if (open_place (inv, settings, &p, err) < 0)
        return -1;
    const char *id = find (inv, &p, inv->operands.items[0], err);
    if (!id || p.service->change_schedule (inv->arena, &p.auth, id, what, err) < 0)
        return -1;
    if (inv->json)
        past_print_json (inv, json_pack ("{s:s,s:s,s:s}", "schedule", id, "context", p.context.name, "done", done));
    else
        fprintf (inv->out, "schedule %s on %s is %s\n", inv->operands.items[0], p.context.name, done);
    return 0;
}

static int
pause_one (struct invocation *inv, const void *settings, struct error *err)
{
    return change (inv, settings, SCHEDULE_PAUSE, "paused", err);
}

static int
resume_one (struct invocation *inv, const void *settings, struct error *err)
{
    return change (inv, settings, SCHEDULE_RESUME, "active", err);
}

static int
delete_one (struct invocation *inv, const void *settings, struct error *err)
{
    return change (inv, settings, SCHEDULE_DELETE, "deleted", err);
}

/* ---- the commands ----------------------------------------------------------------------------------------------- */

#define COMMON .options = options, .settings_size = sizeof (struct schedules_settings)

const struct command command_schedules_list = {
    .name = "schedules list",
    .operands = "",
    .summary = "List what runs again and again elsewhere",
    .details = "All that is there in the context's namespace: on Kubeflow Pipelines recurring runs, on Argo "
               "CronWorkflows.",
    .examples = "chard schedules list --context lab",
    COMMON,
    .run = list,
};

const struct command command_schedules_pause = {
    .name = "schedules pause",
    .operands = "SCHEDULE",
    .summary = "Let a schedule start no runs for now",
    .examples = "chard schedules pause train",
    COMMON,
    .run = pause_one,
};

const struct command command_schedules_resume = {
    .name = "schedules resume",
    .operands = "SCHEDULE",
    .summary = "Let it start runs again",
    .examples = "chard schedules resume train",
    COMMON,
    .run = resume_one,
};

const struct command command_schedules_delete = {
    .name = "schedules delete",
    .operands = "SCHEDULE",
    .summary = "Remove a schedule; the runs that it has started stay",
    .examples = "chard schedules delete train",
    COMMON,
    .run = delete_one,
};

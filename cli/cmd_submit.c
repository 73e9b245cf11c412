/* `chard submit`: a notebook runs as a pipeline elsewhere, on what a context names.
 * SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "base/cron.h"
#include "base/fs.h"
#include "base/hash.h"
#include "cli/image.h"
#include "cli/load.h"
#include "cli/remote.h"
#include "cli/remote_steps.h"
#include "cli/schedule.h"
#include "cli/snapshot.h"
#include "cli/sweep.h"
#include "cli/target.h"
#include "compiler/emit/kfp_param.h"
#include "doc/json_value.h"
#include "engine/params.h"
#include "engine/runlog.h"

#include <stdlib.h>
#include <string.h>

struct submit_settings {
    struct vec_str parameters, sweep;
    const char *params_file, *context, *experiment, *push;
    const char *schedule, *timezone;  /* as they were said */
    struct target_settings target;
    bool follow, force, no_build, now, require_clean, upload, wait;
};

#define FIELD(f) .offset = offsetof (struct submit_settings, f)

static const struct option options[] = {
    { .name = "context", .letter = 'c', .kind = OPTION_STRING, FIELD (context), .argument = "NAME",
      .help = "where to (default: $CHARD_CONTEXT, else the current context)" },
    { .name = "parameter", .letter = 'p', .kind = OPTION_LIST, FIELD (parameters), .argument = "NAME=VALUE",
      .help = "set a parameter of the notebook; may be given several times" },
    { .name = "params-file", .kind = OPTION_STRING, FIELD (params_file), .argument = "FILE",
      .help = "read parameters from a JSON object; -p goes over it" },
    { .name = "sweep", .kind = OPTION_LIST, FIELD (sweep), .argument = "NAME=V,V,…",
      .help = "a run with each of these values; given several times: with all combinations" },
    { .name = "image", .kind = OPTION_STRING, FIELD (target.emit.image), .argument = "REF",
      .help = "the image that steps run in, but those with an image: of their own" },
    { .name = "no-build", .kind = OPTION_FLAG, FIELD (no_build),
      .help = "don't build an image that the registry doesn't have: fail" },
    { .name = "experiment", .kind = OPTION_STRING, FIELD (experiment), .argument = "NAME",
      .help = "KFP's experiment (default: the context's, else the notebook's, else Default)" },
    { .name = "python", .kind = OPTION_STRING, FIELD (target.python), .argument = "PATH",
      .help = "whose packages the images have; else the Python of the notebook's kernel" },
    { .name = "schedule", .kind = OPTION_STRING, FIELD (schedule), .argument = "CRON",
      .help = "run it again and again: minute, hour, day, month and weekday, as in crontab (default: the tag "
              "schedule:)" },
    { .name = "timezone", .kind = OPTION_STRING, FIELD (timezone), .argument = "ZONE",
      .help = "of the schedule: Europe/Berlin (default: the tag timezone:); KFP has its server's own" },
    { .name = "now", .kind = OPTION_FLAG, FIELD (now), .help = "run it now, whatever its tag schedule: says" },
    { .name = "upload", .kind = OPTION_FLAG, FIELD (upload),
      .help = "only bring the pipeline there: start and schedule nothing" },
    { .name = "wait", .letter = 'w', .kind = OPTION_FLAG, FIELD (wait),
      .help = "wait for the run's end and tell how its steps go; the exit status is then the run's" },
    { .name = "follow", .letter = 'f', .kind = OPTION_FLAG, FIELD (follow),
      .help = "the same, and print what the steps print" },
    { .name = "require-clean", .kind = OPTION_FLAG, FIELD (require_clean),
      .help = "submit only what is committed in Git; a notebook's outputs don't count" },
    { .name = "push", .kind = OPTION_STRING, FIELD (push), .argument = "REMOTE",
      .help = "send the snapshot of the sources to this remote of the repository" },
    { .name = "force", .kind = OPTION_FLAG, FIELD (force), .help = "submit although some name can't be found" },
    { 0 },
};

/* What is gathered on the way. */
struct submitting {
    struct invocation *inv;
    const struct submit_settings *settings;
    struct context context;
    struct auth auth;
    const struct target *target;
    const struct pipeline *pipeline;
    struct emit_plan *plan;
    struct emission emission;
    const struct emit_file *document; /* that of them which is sent */
    struct origin origin;
    struct state state;
    const char *id, *version;
    const char *schedule, *timezone; /* to run at, or NULL: it runs now */
    double since; /* when it all began */
};

/* ---- images ----------------------------------------------------------------------------------------------------- */

static int
provide_images (struct submitting *s, struct error *err)
{
    const struct image_place place = { .http = &s->auth.settings, .state = &s->state, .builder = s->context.builder,
                                       .context = &s->context,
                                       .no_build = s->settings->no_build };
    vec_foreach (image, &s->plan->images)
        if (!image->given && !s->context.registry)
            return error_set (err, ERROR_USAGE, "which image the steps run in isn't known: give --image REF, or the "
                                                "context a --registry");
    return image_provide (s->inv, s->plan, &place, err);
}

/* ---- what is sent ----------------------------------------------------------------------------------------------- */

static const struct emit_file *
find_document (const struct emission *e, const char *ending)
{
    vec_foreach (f, &e->files) {
        size_t n = strlen (f->path), m = strlen (ending);
        if (n > m && strcmp (f->path + n - m, ending) == 0)
            return f;
    }
    return NULL;
}

static int
make_documents (struct submitting *s, struct error *err)
{
    struct target_settings settings = s->settings->target;
    char digest[HASH_HEX_SIZE];
    settings.emit.registry = s->context.registry;
    settings.emit.schedule = s->schedule;
    s->plan = target_plan (s->inv, s->pipeline, &settings, err);
    s->emission = (struct emission){ .arena = s->inv->arena };
    if (!s->plan || provide_images (s, err) < 0 || s->target->emit (s->plan, &s->emission, err) < 0)
        return -1;
    s->document = find_document (&s->emission, s->target->service->document);
    hash_bytes (s->document->text, s->document->len, digest);
    s->version = arena_printf (s->inv->arena, "chard-%.16s", digest);
    return 0;
}

/* Parameters by what the document calls them, and as the service takes them. */
static json_t *
keyed_parameters (const struct submitting *s, const json_t *params, struct error *err)
{
    json_t *all = json_object (), *value;
    const char *name;
    json_object_foreach ((json_t *) params, name, value) {
        if (json_is_null (value))
            continue;
        json_t *argument = s->target->argument (s->plan, name, value, err);
        if (!argument) {
            json_decref (all);
            return NULL;
        }
        json_object_set_new (all, emit_param_key (s->plan, name), argument);
    }
    return all;
}

static const char *
experiment (const struct submitting *s)
{
    const char *const wishes[] = { s->settings->experiment, s->context.experiment, s->pipeline->experiment };
    for (size_t i = 0; i < sizeof wishes / sizeof wishes[0]; i++)
        if (wishes[i] && *wishes[i])
            return kfp_text (s->inv->arena, wishes[i]);
    return "Default";
}

static const char *
description (const struct submitting *s)
{
    const char *commit = json_text (s->origin.record, "commit"), *dirty = origin_dirty_text (s->inv->arena,
                                                                                             s->origin.record);
    return arena_printf (s->inv->arena, "%s by Chard%s%s%s",
                         kfp_text (s->inv->arena, fs_basename (s->pipeline->notebook)),
                         *commit ? ", commit " : "", commit, *dirty ? " with changes" : "");
}

/* ---- Git -------------------------------------------------------------------------------------------------------- */

static void
add_made (struct submitting *s, struct repo_files *made)
{
    vec_foreach (f, &s->emission.files)
        if (f->text) {
            struct repo_file file = { .path = f->path, .data = f->text, .len = f->len };
            vec_push (s->inv->arena, made, file);
        }
}

static int
tell_unkept (const struct submitting *s, const char *why)
{
    fprintf (s->inv->err, "note: %s: the sources of this run aren't kept\n", why);
    return 0;
}

/* The sources and documents are kept before anything is started. Without a repository, or with one that can't be
 * written, that is told and no failure, unless they are to be pushed. */
static int
keep_sources (struct submitting *s, struct error *err)
{
    struct repo_files made = { 0 };
    struct error why = { 0 };
    if (!s->origin.repo && !s->settings->push)
        return tell_unkept (s, json_text (s->origin.record, "note"));
    if (s->settings->push && s->origin.repo && repo_check_remote (s->origin.repo, s->settings->push, err) < 0)
        return -1;
    add_made (s, &made);
    int status = snapshot_write (&s->origin, s->pipeline, &made, s->since, &why);
    if (status == 0)
        status = snapshot_name (&s->origin, s->id, &why);
    if (status > 0 && !s->settings->push) {
        json_object_del (s->origin.record, "snapshot");
        return tell_unkept (s, why.text);
    }
    if (status == 0)
        return s->settings->push ? snapshot_push (&s->origin, s->id, s->settings->push, err) : 0;
    *err = why;
    return -1;
}

/* ---- the run ---------------------------------------------------------------------------------------------------- */

static json_t *
make_record (const struct submitting *s, const json_t *params)
{
    char hex[HASH_HEX_SIZE] = "";
    hash_file (s->pipeline->notebook, hex, NULL);
    return json_pack ("{s:s,s:s,s:s,s:s,s:s,s:s?,s:s,s:O?,s:O,s:O,s:f,s:o,s:s}", "run", s->id, "target",
                      s->target->name, "context",
                      s->context.name, "notebook", fs_absolute (s->inv->arena, s->pipeline->notebook), "name",
                      s->pipeline->name ? s->pipeline->name : "", "digest", s->pipeline->notebook_digest, "sha256", hex,
                      "commit",
                      json_object_get (s->origin.record, "commit"), "git", s->origin.record, "parameters", params,
                      "began", s->since, "steps", remote_steps (s->pipeline, s->plan), "status", "submitted");
}

/* Sends it: to be there, to run at the schedule, or now. */
static int
send (struct submitting *s, const json_t *params, json_t *record, struct error *err)
{
    json_auto_t *keyed = keyed_parameters (s, params, err);
    const struct service *service = s->target->service;
    if (!keyed)
        return -1;
    const struct submission what = {
        .id = s->id,
        .name = s->plan->name,
        .version = s->version,
        .description = description (s),
        .document = s->document->text,
        .len = s->document->len,
        .experiment = experiment (s),
        .run = arena_printf (s->inv->arena, "%s %s", s->plan->name, s->id),
        .parameters = keyed,
        .service_account = s->context.service_account,
        .schedule = s->schedule,
        .timezone = s->timezone,
    };
    if (s->settings->upload)
        return service->upload (s->inv->arena, &s->auth, &what, record, err);
    if (s->schedule)
        return service->schedule (s->inv->arena, &s->auth, &what, record, err);
    if (service->submit (s->inv->arena, &s->auth, &what, record, err) < 0)
        return -1;
    return remote_save (&s->state, s->inv->arena, record, err);
}

static void
tell (const struct submitting *s, json_t *record)
{
    if (!s->inv->json)
        fprintf (s->inv->out, "run %s is submitted to %s\n%s\n", s->id, s->context.name, json_text (record, "link"));
    fflush (s->inv->out);
}

static void
tell_schedule (const struct submitting *s, json_t *record)
{
    const char *zone = s->timezone ? s->timezone : "UTC";
    json_t *next = schedule_next (s->schedule, zone), *time;
    size_t i;
    json_object_set_new (record, "next", next);
    json_object_set_new (record, "status", json_string ("scheduled"));
    if (s->inv->json) {
        past_print_json (s->inv, json_incref (record));
        return;
    }
    if (!s->settings->schedule)
        fprintf (s->inv->err, "note: its tag schedule: says so; chard submit --now runs it once, now\n");
    fprintf (s->inv->out, "%s is scheduled on %s: '%s', %s\n%s\nnext\n", s->plan->name, s->context.name, s->schedule,
             s->timezone ? zone : "in the server's time zone, UTC unless it was set", json_text (record, "link"));
    json_array_foreach (next, i, time)
        fprintf (s->inv->out, "  %s\n", json_string_value (time));
}

static void
tell_upload (const struct submitting *s, json_t *record)
{
    json_object_set_new (record, "status", json_string ("uploaded"));
    if (s->inv->json)
        past_print_json (s->inv, json_incref (record));
    else
        fprintf (s->inv->out, "%s is on %s as version %s; nothing was started\n%s\n", s->plan->name, s->context.name,
                 s->version, json_text (record, "link"));
}

/* One run, schedule or upload; its record goes to `records`. */
static int
start_run (struct submitting *s, const json_t *params, json_t *records, struct error *err)
{
    s->id = state_new_id (s->inv->arena, (int) json_array_size (records));
    if (keep_sources (s, err) < 0)
        return -1;
    json_t *record = make_record (s, params);
    json_array_append_new (records, record);
    if (send (s, params, record, err) < 0)
        return -1;
    if (*json_text (record, "note"))
        fprintf (s->inv->err, "note: %s\n", json_text (record, "note"));
    if (s->settings->upload)
        tell_upload (s, record);
    else if (s->schedule)
        tell_schedule (s, record);
    else
        tell (s, record);
    return 0;
}

/* Follows all of them, one after the other: -1 if one failed. */
static int
wait_for (struct submitting *s, json_t *records, struct error *err)
{
    size_t i;
    json_t *record;
    int status = 0;
    json_array_foreach (records, i, record)
        if (remote_wait (s->inv, &s->state, record, s->settings->follow, err) < 0)
            status = -1;
    return status;
}

/* Of a sweep, what each point's parameters are: all are right before anything is sent. */
static json_t *
resolve_points (const struct submitting *s, struct error *err)
{
    struct sweep sweep;
    if (sweep_parse (s->inv->arena, s->pipeline, &s->settings->sweep, &sweep, err) < 0)
        return NULL;
    json_t *all = json_array ();
    for (size_t i = 0; i < sweep.points.len; i++)
        if (json_array_append_new (all, sweep_resolve (s->inv->arena, &sweep, i, s->settings->params_file,
                                                       &s->settings->parameters, err)) < 0) {
            json_decref (all);
            return NULL;
        }
    return all;
}

/* Before the first is sent: whether the service takes the values of all. */
static int
check_points (const struct submitting *s, const json_t *points, struct error *err)
{
    for (size_t i = 0; i < json_array_size (points); i++) {
        json_auto_t *keyed = keyed_parameters (s, json_array_get (points, i), err);
        if (!keyed)
            return -1;
    }
    return 0;
}

static int
start_runs (struct submitting *s, struct error *err)
{
    json_auto_t *points = resolve_points (s, err), *records = json_array ();
    if (!points || state_open (&s->state, s->inv->arena, s->pipeline->notebook_dir, true, err) < 0
        || make_documents (s, err) < 0 || check_points (s, points, err) < 0)
        return -1;
    for (size_t i = 0; i < json_array_size (points); i++)
        if (start_run (s, json_array_get (points, i), records, err) < 0)
            return -1;
    int status = s->settings->wait || s->settings->follow ? wait_for (s, records, err) : 0;
    if (s->inv->json && !s->schedule && !s->settings->upload)
        past_print_json (s->inv, json_incref (s->settings->sweep.len ? records : json_array_get (records, 0)));
    return status;
}

/* Options of which only one can be meant. */
static int
check_options (const struct submit_settings *o, struct error *err)
{
    const struct {
        bool given;
        const char *option;
    } of_runs[] = { { o->now, "--now" }, { o->sweep.len > 0, "--sweep" }, { o->wait, "--wait" },
                    { o->follow, "--follow" } },
      not_uploaded[] = { { o->schedule, "--schedule" }, { o->parameters.len > 0, "-p" },
                         { o->params_file, "--params-file" } };
    for (size_t i = 0; i < sizeof of_runs / sizeof of_runs[0]; i++)
        if (of_runs[i].given && (o->schedule || o->upload))
            return error_set (err, ERROR_USAGE, "%s is for runs now, not for %s", of_runs[i].option,
                              o->schedule ? "a schedule" : "--upload");
    for (size_t i = 0; i < sizeof not_uploaded / sizeof not_uploaded[0]; i++)
        if (not_uploaded[i].given && o->upload)
            return error_set (err, ERROR_USAGE, "%s is for runs, and --upload starts none", not_uploaded[i].option);
    if ((o->schedule && cron_check (o->schedule, err) < 0) || (o->timezone && cron_check_zone (o->timezone, err) < 0))
        return -1;
    return 0;
}

/* The schedule of the command line, else that of the notebook's tags. */
static int
choose_schedule (struct submitting *s, struct error *err)
{
    const struct submit_settings *o = s->settings;
    s->schedule = o->schedule ? o->schedule : o->now || o->upload ? NULL : s->pipeline->schedule;
    if (o->timezone && !s->schedule)
        return error_set (err, ERROR_USAGE, "--timezone is for --schedule");
    if (s->schedule && !o->schedule && (o->wait || o->follow || o->sweep.len))
        return error_set (err, ERROR_USAGE, "the notebook's tag schedule:%s has it run at these times, and %s is for "
                                            "runs now: say --now for such, or leave it out", s->schedule,
                          o->wait ? "--wait" : o->follow ? "--follow" : "--sweep");
    s->timezone = !s->schedule ? NULL : o->timezone ? o->timezone : s->pipeline->timezone;
    return 0;
}

static int
find_place (struct submitting *s, struct error *err)
{
    if (context_read (s->inv->arena, s->settings->context, &s->context, err) < 0
        || auth_prepare (s->inv->arena, &s->context, &s->auth, err) < 0)
        return -1;
    s->target = target_find (s->context.target);
    if (s->settings->experiment && strcmp (s->context.target, "kfp") != 0)
        return error_set (err, ERROR_USAGE, "context %s: --experiment is for Kubeflow Pipelines; %s has none",
                          s->context.name, s->context.target);
    if (s->target && s->target->service)
        return 0;
    return error_set (err, ERROR_USAGE, "context %s: submitting to %s isn't supported yet; chard compile --to %s "
                                        "writes what kubectl or argo submit", s->context.name, s->context.target,
                                        s->context.target);
}

static int
cmd_submit (struct invocation *inv, const void *settings, struct error *err)
{
    struct submitting s = { .inv = inv, .settings = settings, .since = runlog_now () };
    struct loaded l = { 0 };
    if (inv->operands.len != 1)
        return error_set (err, ERROR_USAGE, "name one notebook to submit");
    if (check_options (settings, err) < 0 || find_place (&s, err) < 0)
        return -1;
    int status = load_pipeline (inv, inv->operands.items[0], s.settings->force, &l, err);
    if (status == 0) {
        s.pipeline = l.pipeline;
        origin_open (&s.origin, inv->arena, l.pipeline);
        status = choose_schedule (&s, err);
        if (status == 0 && s.settings->require_clean)
            status = origin_require_clean (&s.origin, err);
        if (status == 0 && s.origin.repo && *json_text (s.origin.record, "note"))
            fprintf (inv->err, "note: %s\n", json_text (s.origin.record, "note"));
        if (status == 0)
            status = start_runs (&s, err);
        origin_close (&s.origin);
    }
    load_clear (&l);
    return status;
}

const struct command command_submit = {
    .name = "submit",
    .operands = "NOTEBOOK",
    .summary = "Run a notebook as a pipeline elsewhere",
    .details = "Checks the notebook, builds and pushes its image if the context's registry doesn't have this content "
               "yet (with buildah, podman or docker, and their logins; else by a Job in the cluster, where the context "
               "reaches the Kubernetes API), keeps its exact sources in Git (a commit on refs/chard/runs/RUN; work "
               "tree, index and branches stay as they are), brings the pipeline to where the context says, and starts "
               "it there. The same content is sent once. A run is never started twice: where an answer was lost, it is "
               "looked for.\n"
               "chard runs list, show, logs, wait, cancel and retry know runs elsewhere too.\n"
               "With --schedule, or a tag schedule: in the notebook, it runs at these times instead, in place of the "
               "schedule that the pipeline had: chard schedules lists, pauses, resumes and deletes them. With --upload "
               "it is only brought there.",
    .examples = "chard submit train.ipynb -p epochs=20\n"
                "chard submit train.ipynb --schedule '0 2 * * *' --timezone Europe/Berlin\n"
                "chard submit --context lab --image registry.example.com/me/train:1 --wait train.ipynb",
    .options = options,
    .settings_size = sizeof (struct submit_settings),
    .run = cmd_submit,
};

/* `chard runs wait|cancel|retry`: what can be done about runs that were submitted elsewhere.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote.h"

#include "doc/json_value.h"

#include <string.h>

static const struct option options[] = { PAST_OPTION_OF, { 0 } };

static const struct option wait_options[] = {
    PAST_OPTION_OF,
    { .name = "follow", .letter = 'f', .kind = OPTION_FLAG, PAST_FIELD (follow),
      .help = "print what its steps print, too" },
    { 0 },
};

static json_t *
find (struct invocation *inv, const void *settings, struct state *state, struct error *err)
{
    if (inv->operands.len > 1) {
        error_set (err, ERROR_USAGE, "name one run, or none for the last that was submitted");
        return NULL;
    }
    return remote_find (inv, settings, inv->operands.len ? inv->operands.items[0] : NULL, state, err);
}

static int
wait_for (struct invocation *inv, const void *settings, struct error *err)
{
    struct state state;
    json_auto_t *record = find (inv, settings, &state, err);
    if (!record)
        return -1;
    int status = remote_wait (inv, &state, record, ((const struct past_settings *) settings)->follow, err);
    if (inv->json)
        past_print_json (inv, json_incref (record));
    return status;
}

/* What makes no sense isn't asked for: services refuse it in many ways. */
static int
check_state (const json_t *record, bool retry, struct error *err)
{
    const char *run = json_text (record, "run"), *status = json_text (record, "status");
    if (!retry && remote_is_over (record))
        return error_set (err, ERROR_NOTEBOOK, "run %s has ended: %s", run, status);
    if (retry && strcmp (status, "failed") != 0 && strcmp (status, "canceled") != 0)
        return error_set (err, ERROR_NOTEBOOK, "run %s has not failed: %s", run, status);
    return 0;
}

static int
act (struct invocation *inv, const void *settings, bool retry, const char *done, struct error *err)
{
    struct state state;
    struct auth auth;
    json_auto_t *record = find (inv, settings, &state, err);
    const struct service *service = record ? remote_service (inv, record, &auth, err) : NULL;
    if (!service || remote_refresh (inv, &state, record, err) < 0 || check_state (record, retry, err) < 0
        || (retry ? service->retry : service->cancel) (inv->arena, &auth, record, err) < 0
        || remote_refresh (inv, &state, record, err) < 0)
        return -1;
    if (inv->json)
        past_print_json (inv, json_incref (record));
    else
        fprintf (inv->out, "run %s is %s: %s\n", json_text (record, "run"), done, json_text (record, "status"));
    return 0;
}

static int
cancel (struct invocation *inv, const void *settings, struct error *err)
{
    return act (inv, settings, false, "to be canceled", err);
}

static int
retry (struct invocation *inv, const void *settings, struct error *err)
{
    return act (inv, settings, true, "tried again", err);
}

const struct command command_runs_wait = {
    .name = "runs wait",
    .operands = "[RUN]",
    .summary = "Follow a run that was submitted elsewhere to its end",
    .examples = "chard runs wait         # the last one that was submitted\n"
                "chard runs wait 3e71    # the one whose name ends so\n"
                "chard runs wait -f      # with what its steps print",
    .options = wait_options,
    PAST_COMMAND,
    .run = wait_for,
};

const struct command command_runs_cancel = {
    .name = "runs cancel",
    .operands = "[RUN]",
    .summary = "End a run that was submitted elsewhere",
    .examples = "chard runs cancel 3e71",
    .options = options,
    PAST_COMMAND,
    .run = cancel,
};

const struct command command_runs_retry = {
    .name = "runs retry",
    .operands = "[RUN]",
    .summary = "Try the failed steps of a run elsewhere again",
    .examples = "chard runs retry 3e71",
    .options = options,
    PAST_COMMAND,
    .run = retry,
};

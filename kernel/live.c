/* See live.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/live.h"

#include "base/fs.h"
#include "compiler/pipeline.h"
#include "engine/python.h"
#include "engine/runner.h"
#include "engine/state.h"
#include "kernel/helper.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "session-" /* of directories with values, in the state directory: PREFIX, our pid, a number */

struct live {
    const struct call_context *context;
    struct arena *arena;
    struct vec_str words;   /* of the call, as the user gave them */
    const char *step;       /* as the user named it */
    const char *dir;        /* for the values */
    json_t *metadata;       /* borrowed */
    struct outlet outlet;   /* borrowed members */
    struct call **under_way;
    call_done_fn done;
    void *arg;
};

static void
fail (struct live *l, const char *text)
{
    json_auto_t *error = outlet_error_content ("chard run", text);
    l->done (l->arg, error);
}

/* ---- the run ---------------------------------------------------------------------------------------------------- */

/* Parameters are inputs too: -p for each that the step reads, before the user's own words, which therefore count. */
static struct vec_str
words_of_run (struct live *l, const json_t *parameters)
{
    struct vec_str words = { 0 };
    const char *name;
    json_t *text;
    vec_push (l->arena, &words, l->words.items[0]);
    json_object_foreach ((json_t *) parameters, name, text) {
        vec_push (l->arena, &words, "-p");
        vec_push (l->arena, &words, arena_printf (l->arena, "%s=%s", name, json_string_value (text)));
    }
    for (size_t i = 1; i < l->words.len; i++)
        vec_push (l->arena, &words, l->words.items[i]);
    return words;
}

static void
on_saved (void *arg, const json_t *value, bool aborted, int last)
{
    struct live *l = arg;
    (void) last;
    const char *error = json_string_value (json_object_get (value, "error"));
    const json_t *parameters = json_object_get (value, "parameters");
    if (aborted || !parameters) {
        fs_remove_tree (l->dir, NULL);
        fail (l, error ? error : "the session's values were not written: the inner kernel was interrupted, or is no "
                                 "IPython");
        return;
    }
    struct vec_str words = words_of_run (l, parameters);
    struct call *call = call_start_words (l->context, &words, arena_printf (l->arena, RUN_SESSION "=%s", l->dir),
                                          l->metadata, &l->outlet, l->done, l->arg);
    if (call)
        *l->under_way = call;
}

/* ---- the values ------------------------------------------------------------------------------------------------- */

/* Values that a kernel left behind which was killed while it wrote them. */
static void
sweep (struct arena *a, const char *state_dir)
{
    DIR *d = opendir (state_dir);
    for (struct dirent *e; d && (e = readdir (d));) {
        int pid;
        if (sscanf (e->d_name, PREFIX "%d-", &pid) == 1 && kill (pid, 0) < 0 && errno == ESRCH)
            fs_remove_tree (fs_join (a, state_dir, e->d_name), NULL);
    }
    if (d)
        closedir (d);
}

static const char *
choose_dir (struct arena *a, const struct pipeline *p, struct error *err)
{
    static unsigned made;
    struct state state;
    if (state_open (&state, a, p->notebook_dir, true, err) < 0)
        return NULL;
    sweep (a, state.dir);
    return arena_printf (a, "%s/" PREFIX "%d-%u", state.dir, (int) getpid (), made++);
}

/* Where a name comes from in the notebook, for the message that the session lacks it. */
static json_t *
describe_input (struct arena *a, const struct pipeline *p, const struct input *in)
{
    const struct step *from = &p->steps.items[in->from];
    int cell = -1;
    vec_foreach (o, &from->outputs)
        if (strcmp (o->name, in->name) == 0)
            cell = o->cell;
    const char *where = cell < 0 ? arena_printf (a, "step %s", from->name)
                                 : arena_printf (a, "cell %d, step %s", cell, from->name);
    return json_pack ("{s:s,s:s,s:b}", "name", in->name, "where", where, "optional", in->optional);
}

static void
add_definitions (json_t *names, const struct step *s)
{
    vec_foreach (name, &s->definitions)
        json_array_append_new (names, json_string (*name));
}

/* What the helper is asked to write for the step. */
static json_t *
wanted_of (struct live *l, const struct pipeline *p, const struct step *s, const char *harness)
{
    json_t *inputs = json_array (), *definitions = json_array ();
    vec_foreach (in, &s->inputs)
        if (in->kind == INPUT_DATA) {
            json_array_append_new (inputs, describe_input (l->arena, p, in));
            add_definitions (definitions, &p->steps.items[in->from]);
        }
    return json_pack ("{s:s,s:s,s:s,s:o,s:o,s:o}", "harness", harness, "to", l->dir, "step", s->name, "inputs", inputs,
                      "definitions", definitions, "parameters", pipeline_names_to_json (&s->parameters));
}

/* What to ask for; NULL and `err` if it can't be had. */
static json_t *
plan_values (struct live *l, const struct pipeline *p, struct error *err)
{
    if (!helper_fits (l->context->helper)) {
        error_set (err, ERROR_USAGE,
                   "--from-session: only an IPython kernel's variables can be had, and the inner kernel is another");
        return NULL;
    }
    int step = pipeline_ask_step (p, l->step, err);
    const char *harness = step < 0 ? NULL : python_find_harness (l->arena, err);
    l->dir = harness ? choose_dir (l->arena, p, err) : NULL;
    return l->dir ? wanted_of (l, p, &p->steps.items[step], harness) : NULL;
}

/* `p` is done with first: whoever hears of the end may free the arena that it lies in. */
static void
save (struct live *l, struct pipeline *p)
{
    struct error err = { 0 };
    json_auto_t *wanted = plan_values (l, p, &err);
    pipeline_clear (p);
    if (wanted)
        helper_ask (l->context->helper, "save", wanted, on_saved, l);
    else
        fail (l, err.text);
}

/* ---- what is needed --------------------------------------------------------------------------------------------- */

/* Where the notebook doesn't compile, the command says why. */
static void
on_compiled (void *arg, const json_t *ir)
{
    struct live *l = arg;
    struct error ignored;
    struct pipeline *p = ir ? pipeline_from_json (l->arena, ir, &ignored) : NULL;
    *l->under_way = NULL;
    if (p) {
        save (l, p);
        return;
    }
    struct vec_str words = words_of_run (l, NULL);
    struct call *call = call_start_words (l->context, &words, RUN_SESSION "=", l->metadata, &l->outlet, l->done,
                                          l->arg);
    if (call)
        *l->under_way = call;
}

bool
live_start (const struct call_context *context, struct arena *a, const struct cell_part *part, const json_t *metadata,
            const struct outlet *outlet, struct call **under_way, call_done_fn done, void *arg)
{
    struct vec_str words = { 0 }, operands = { 0 }, ask = { 0 };
    struct error ignored;
    if (part->kind != PART_CALL || cell_parts_words (a, part->text, &words, &ignored) < 0 || words.len == 0
        || strcmp (words.items[0], "run") != 0)
        return false;
    const void *settings = call_settings (a, &words, &operands);
    if (!settings || !*(const bool *) call_setting (&words, settings, "from-session"))
        return false;
    const char *step = *(const char *const *) call_setting (&words, settings, "only");
    if (!step)
        return false;
    struct live *l = arena_new (a, struct live);
    *l = (struct live){ .context = context, .arena = a, .words = words, .step = step, .metadata = (json_t *) metadata,
                        .outlet = *outlet, .under_way = under_way, .done = done, .arg = arg };
    vec_push (a, &ask, "compile");
    vec_push (a, &ask, "--stop-after=metadata");
    vec_foreach (o, &operands)
        vec_push (a, &ask, *o);
    struct call *call = call_ask_words (context, &ask, metadata, on_compiled, l);
    if (call)
        *under_way = call;
    return true;
}

/* See own.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/own.h"

#include "cli/option.h"
#include "engine/python.h"

#include <string.h>

/* ---- the table -------------------------------------------------------------------------------------------------- */

struct load_settings {
    const char *run;
};

static const struct option load_options[] = {
    { .name = "run", .kind = OPTION_STRING, .offset = offsetof (struct load_settings, run), .argument = "RUN",
      .help = "the run that it comes from (default: the last one)" },
    { 0 },
};

static const struct command command_load = {
    .name = "load",
    .operands = "STEP.NAME [as VAR]",
    .summary = "Bring a value of a past run into this session",
    .details = "The value is read from what the step left, into a variable of its own name, or of the one behind `as`. "
               "Large arrays are mapped, not copied.",
    .examples = "%chard load train.model\n%chard load prepare.frame as before --run 20260101-120000-1a2b",
    .options = load_options,
    .settings_size = sizeof (struct load_settings),
};

static const struct command command_stop = {
    .name = "stop",
    .operands = "",
    .summary = "End what runs in the background",
    .details = "Commands that were started with --background are asked to end, as Ctrl-C would.",
};

const struct command *const own_commands[] = { &command_load, &command_stop, NULL };

const struct command *
own_find (const struct vec_str *words)
{
    if (words->len == 0)
        return NULL;
    for (const struct command *const *c = own_commands; *c; c++)
        if (strcmp ((*c)->name, words->items[0]) == 0)
            return *c;
    return command_find (words->items[0], words->len > 1 ? words->items[1] : NULL);
}

/* ---- load ------------------------------------------------------------------------------------------------------- */

int
own_parse_load (struct arena *a, const struct vec_str *words, struct own_load *load, struct error *err)
{
    struct load_settings settings = { 0 };
    struct option_common common = { 0 };
    struct vec_str o = { 0 };
    if (option_parse (a, load_options, &settings, &common, (int) words->len - 1, (char *const *) words->items + 1, &o,
                      err) < 0)
        return -1;
    const char *dot = o.len ? strrchr (o.items[0], '.') : NULL;
    if ((o.len != 1 && !(o.len == 3 && strcmp (o.items[1], "as") == 0)) || !dot || dot == o.items[0] || !dot[1])
        return error_set (err, ERROR_USAGE,
                          "say which value: %%chard load STEP.NAME, or %%chard load STEP.NAME as VAR");
    *load = (struct own_load){ arena_strndup (a, o.items[0], (size_t) (dot - o.items[0])), dot + 1,
                               o.len == 3 ? o.items[2] : dot + 1, settings.run };
    return 0;
}

struct loading {
    const struct call_context *context;
    struct arena *arena;
    struct own_load load;
    struct outlet outlet; /* borrowed members */
    struct call **under_way;
    call_done_fn done;
    void *arg;
};

static void
fail (struct loading *l, const char *text)
{
    json_auto_t *error = outlet_error_content ("chard load", text);
    l->done (l->arg, error);
}

/* The helper has put it there, or says why not. */
static void
on_loaded (void *arg, const json_t *value, bool aborted, int last)
{
    struct loading *l = arg;
    (void) last;
    const char *error = json_string_value (json_object_get (value, "error"));
    const char *told = json_string_value (json_object_get (value, "told"));
    if (aborted || !told) {
        fail (l, error ? error : "the inner kernel did not take it; only IPython's can");
        return;
    }
    const char *line = arena_printf (l->arena, "%s: %s\n", l->load.variable, told);
    outlet_print (&l->outlet, "stdout", line, strlen (line));
    l->done (l->arg, NULL);
}

static const json_t *
find_step (const json_t *run, const char *name)
{
    size_t i;
    const json_t *step;
    json_array_foreach (json_object_get (run, "steps"), i, step) {
        const char *s = json_string_value (json_object_get (step, "step"));
        if (s && strcmp (s, name) == 0)
            return step;
    }
    return NULL;
}

static void
on_run (void *arg, const json_t *run)
{
    struct loading *l = arg;
    struct error err = { 0 };
    *l->under_way = NULL;
    const char *id = l->load.run ? l->load.run : "the last run";
    const json_t *step = find_step (run, l->load.step);
    const char *result = json_string_value (json_object_get (step, "result"));
    const char *harness = python_find_harness (l->arena, &err);
    if (!run)
        fail (l, l->load.run
              ? arena_printf (l->arena, "there is no run %s; `%%chard runs list` shows those there are", id)
                             : "no run was made yet; `%chard run` makes one");
    else if (!step)
        fail (l, arena_printf (l->arena, "%s has no step %s", id, l->load.step));
    else if (!result)
        fail (l, arena_printf (l->arena, "step %s left nothing in %s", l->load.step, id));
    else if (!harness)
        fail (l, err.text);
    else {
        json_auto_t *what = json_pack ("{s:s,s:s,s:s,s:s}", "harness", harness, "from", result, "name", l->load.name,
                                       "variable", l->load.variable);
        helper_ask (l->context->helper, "load", what, on_loaded, l);
    }
}

static void
start_load (const struct loading *made, const struct vec_str *words)
{
    struct loading *l = arena_new (made->arena, struct loading);
    struct error err = { 0 };
    *l = *made;
    if (own_parse_load (l->arena, words, &l->load, &err) < 0) {
        fail (l, err.text);
        return;
    }
    const char *run = l->load.run ? l->load.run : "latest";
    struct call *call = call_ask (l->context, arena_printf (l->arena, "runs show --format=json %s", run), on_run, l);
    if (call)
        *l->under_way = call;
}

static void
stop (const struct loading *l)
{
    int n = call_stop_background (l->context);
    const char *told = n ? arena_printf (l->arena, "%d command%s asked to end\n", n, n == 1 ? " was" : "s were")
                         : "nothing runs in the background\n";
    outlet_print (&l->outlet, "stdout", told, strlen (told));
    l->done (l->arg, NULL);
}

bool
own_start (const struct call_context *context, struct arena *a, const struct cell_part *part,
           const struct outlet *outlet, struct call **under_way, call_done_fn done, void *arg)
{
    struct vec_str words = { 0 };
    struct error ignored;
    const struct loading l = { .context = context, .arena = a, .outlet = *outlet, .under_way = under_way, .done = done,
                               .arg = arg };
    if (part->kind != PART_CALL || cell_parts_words (a, part->text, &words, &ignored) < 0)
        return false;
    const struct command *c = own_find (&words);
    if (c == &command_load)
        start_load (&l, &words);
    else if (c == &command_stop)
        stop (&l);
    return c == &command_load || c == &command_stop;
}

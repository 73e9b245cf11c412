/* `%chard run`: its events become one picture, redrawn in place. How often depends on what a picture costs: while it is
 * drawn, nothing else is done.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/view.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/fs.h"
#include "kernel/picture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define REDRAW_LEAST 0.25   /* seconds between two pictures, at least */
#define REDRAW_SHARE 20     /* and at least so many times what drawing one takes */
#define TICK 1.0            /* seconds after which the times of running steps are told anew */
#define PRINTED_MAX (4 << 10) /* bytes of what a step printed that are shown */

struct run {
    struct view view;
    struct arena *arena;
    struct picture picture;
    struct pipeline *pipeline;
    bool shown;       /* the first picture is out */
    bool known;       /* the run has begun */
    int timer;
    double drawn, cost;
};

static void redraw_soon (struct run *r, double seconds);

/* ---- drawing ---------------------------------------------------------------------------------------------------- */

static void
draw (struct run *r)
{
    cleanup_strbuf struct strbuf html = { 0 }, text = { 0 };
    double began = loop_now ();
    struct picture now = r->picture; /* what drawing needs dies with it */
    now.arena = arena_create ();
    now.now = began;
    picture_html (&now, &html);
    picture_text (&now, &text);
    arena_destroy (now.arena);
    json_auto_t *bundle = json_pack ("{s:s,s:s}", "text/html", strbuf_str (&html), "text/plain", strbuf_str (&text));
    if (bundle)
        (r->shown ? outlet_update : outlet_display) (&r->view.outlet, bundle, r->view.id);
    r->shown = true;
    r->drawn = loop_now ();
    r->cost = r->drawn - began;
}

static void
on_timer (void *arg)
{
    struct run *r = arg;
    r->timer = 0;
    draw (r);
    redraw_soon (r, TICK);
}

static void
redraw_soon (struct run *r, double seconds)
{
    double least = r->cost * REDRAW_SHARE > REDRAW_LEAST ? r->cost * REDRAW_SHARE : REDRAW_LEAST;
    double wait = r->drawn + least - loop_now ();
    loop_remove_timer (r->view.loop, r->timer);
    if (seconds > wait)
        wait = seconds;
    r->timer = loop_add_timer (r->view.loop, wait > 0 ? wait : 0, on_timer, r);
}

/* ---- events ----------------------------------------------------------------------------------------------------- */

/* A member that is text, copied; NULL if there is none. */
static const char *
text_of (struct run *r, const json_t *o, const char *key)
{
    const char *s = json_string_value (json_object_get (o, key));
    return s && *s ? arena_strdup (r->arena, s) : NULL;
}

static struct picture_step *
step_of (struct run *r, const json_t *e)
{
    const char *name = json_string_value (json_object_get (e, "step"));
    vec_foreach (s, &r->picture.steps)
        if (name && strcmp (s->name, name) == 0)
            return s;
    return NULL;
}

static void
load_pipeline (struct run *r, const char *dir)
{
    struct error ignored;
    json_auto_t *ir = dir ? json_load_file (fs_join (r->arena, dir, "pipeline.json"), JSON_ALLOW_NUL, NULL) : NULL;
    r->pipeline = ir ? pipeline_from_json (r->arena, ir, &ignored) : NULL;
    r->picture.pipeline = r->pipeline;
}

static void
on_run_begin (struct run *r, const json_t *e)
{
    size_t i;
    const json_t *name;
    const char *notebook = text_of (r, e, "notebook");
    r->known = true;
    r->picture.notebook = notebook ? fs_basename (notebook) : "";
    r->picture.run = text_of (r, e, "run");
    json_array_foreach (json_object_get (e, "steps"), i, name) {
        struct picture_step *s = vec_add (r->arena, &r->picture.steps);
        *s = (struct picture_step){ .name = arena_strdup (r->arena, json_string_value (name)),
                                    .state = DRAW_STATE_WAITING, .seconds = -1 };
    }
    load_pipeline (r, text_of (r, e, "dir"));
}

static void
on_note (struct run *r, const json_t *e)
{
    const char *text = text_of (r, e, "text");
    if (text)
        vec_push (r->arena, &r->picture.notes, text);
}

/* Said as long as it goes on. */
static void
on_cancel (struct run *r, const json_t *e)
{
    r->picture.status = "canceling";
    r->picture.advice = text_of (r, e, "how");
}

static void
on_step_begin (struct run *r, const json_t *e)
{
    struct picture_step *s = step_of (r, e);
    if (!s)
        return;
    s->state = DRAW_STATE_RUNNING;
    s->began = loop_now ();
}

/* The end of a log, from a line's beginning. */
static const char *
tail_of (struct run *r, const char *path)
{
    char data[PRINTED_MAX + 1];
    struct stat st;
    cleanup_fd int fd = path ? open (path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0 || fstat (fd, &st) < 0)
        return NULL;
    bool cut = st.st_size > PRINTED_MAX;
    ssize_t n = pread (fd, data, PRINTED_MAX, cut ? st.st_size - PRINTED_MAX : 0);
    if (n <= 0)
        return NULL;
    data[n] = '\0';
    const char *line = cut ? strchr (data, '\n') : NULL;
    return arena_printf (r->arena, "%s%s", cut ? "…\n" : "", line ? line + 1 : data);
}

static void
take_error (struct run *r, struct picture_step *s, const json_t *error)
{
    const json_t *cell = json_object_get (error, "cell"), *line = json_object_get (error, "line");
    const char *notebook = text_of (r, error, "notebook"), *type = text_of (r, error, "type");
    const char *message = text_of (r, error, "message");
    cleanup_strbuf struct strbuf b = { 0 };
    if (json_is_integer (cell))
        strbuf_addf (&b, "%s%scell %d", notebook ? notebook : "", notebook ? ", " : "",
                     (int) json_integer_value (cell));
    if (json_is_integer (cell) && json_is_integer (line))
        strbuf_addf (&b, ", line %d", (int) json_integer_value (line));
    strbuf_addf (&b, "%s%s%s%s", b.len ? ": " : "", type ? type : "", type && message ? ": " : "",
                 message ? message : "");
    s->error = arena_strdup (r->arena, strbuf_str (&b));
    s->trace = text_of (r, error, "traceback");
    s->hint = text_of (r, error, "hint");
}

static void
on_step_end (struct run *r, const json_t *e)
{
    static const struct {
        const char *status;
        enum draw_state state;
    } states[] = { { "ok", DRAW_STATE_DONE },        { "cached", DRAW_STATE_CACHED },   { "failed", DRAW_STATE_FAILED },
                   { "timeout", DRAW_STATE_FAILED }, { "canceled", DRAW_STATE_SKIPPED },
                   { "skipped", DRAW_STATE_SKIPPED } };
    struct picture_step *s = step_of (r, e);
    const char *status = json_string_value (json_object_get (e, "status"));
    const json_t *seconds = json_object_get (e, "seconds"), *error = json_object_get (e, "error");
    if (!s || !status)
        return;
    for (size_t i = 0; i < sizeof states / sizeof *states; i++)
        if (strcmp (states[i].status, status) == 0)
            s->state = states[i].state;
    s->seconds = json_is_number (seconds) ? json_number_value (seconds) : -1;
    s->note = s->state == DRAW_STATE_SKIPPED ? text_of (r, e, "why") : NULL;
    s->canceled = strcmp (status, "canceled") == 0;
    s->printed = tail_of (r, text_of (r, e, "log"));
    if (error)
        take_error (r, s, error);
}

static void
on_retry (struct run *r, const json_t *e)
{
    struct picture_step *s = step_of (r, e);
    const json_t *error = json_object_get (e, "error");
    if (!s)
        return;
    s->state = DRAW_STATE_WAITING;
    s->note = arena_printf (r->arena, "attempt %d failed (%s), tried again in %.1f s",
                            (int) json_integer_value (json_object_get (e, "attempt")),
                            text_of (r, error, "type") ? text_of (r, error, "type") : "?",
                            json_number_value (json_object_get (e, "delay")));
}

static void
on_run_end (struct run *r, const json_t *e)
{
    const char *status = text_of (r, e, "status");
    r->picture.status = status ? status : "ended";
    r->picture.seconds = json_number_value (json_object_get (e, "seconds"));
    r->picture.report = text_of (r, e, "report");
}

static void
take_line (struct view *v, const char *line, size_t len)
{
    static const struct {
        const char *event;
        void (*take) (struct run *r, const json_t *e);
    } events[] = {
        { "run.begin", on_run_begin }, { "run.note", on_note },     { "step.begin", on_step_begin },
        { "step.end", on_step_end },   { "step.retry", on_retry },  { "run.end", on_run_end },
        { "run.cancel", on_cancel },
    };
    struct run *r = (struct run *) v;
    json_auto_t *e = json_loadb (line, len, JSON_ALLOW_NUL, NULL);
    const char *name = json_string_value (json_object_get (e, "event"));
    if (!r->arena) {
        r->arena = arena_create ();
        r->picture = (struct picture){ .status = "running", .began = loop_now (), .seconds = -1, .notebook = "" };
    }
    for (size_t i = 0; name && i < sizeof events / sizeof *events; i++)
        if (strcmp (events[i].event, name) == 0)
            events[i].take (r, e);
    if (r->known)
        redraw_soon (r, 0);
}

/* ---- the end ---------------------------------------------------------------------------------------------------- */

/* A run that was killed has said nothing of its end. */
static void
finish (struct view *v, bool well)
{
    struct run *r = (struct run *) v;
    loop_remove_timer (v->loop, r->timer);
    r->timer = 0;
    if (!r->known)
        return;
    r->picture.advice = NULL;
    if (r->picture.seconds < 0) {
        r->picture.status = well ? "ok" : v->interrupted ? "canceled" : "failed";
        r->picture.seconds = loop_now () - r->picture.began;
    }
    vec_foreach (s, &r->picture.steps)
        if (s->state == DRAW_STATE_RUNNING) {
            s->seconds = loop_now () - s->began;
            s->state = DRAW_STATE_SKIPPED;
            s->canceled = true;
        }
    draw (r);
    vec_foreach (s, &r->picture.steps)
        if (s->error && v->complaint.len == 0)
            strbuf_addf (&v->complaint, "step %s: %s", s->name, s->error);
}

static void
clear (struct view *v)
{
    struct run *r = (struct run *) v;
    loop_remove_timer (v->loop, r->timer);
    if (r->pipeline)
        pipeline_clear (r->pipeline);
    arena_destroy (r->arena);
}

static const char *const unless[] = { "--format", "--json-events", "--sweep", "--help", "-h", NULL };
static const char *const words[] = { "--json-events", NULL };

const struct view_kind view_run = { .command = "run", .unless = unless, .words = words, .size = sizeof (struct run),
                                    .take = take_line, .finish = finish, .clear = clear };

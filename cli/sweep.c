/* See sweep.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/sweep.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/proc.h"
#include "base/utf8.h"
#include "cli/past_run.h"
#include "cli/progress.h"
#include "doc/json_value.h"
#include "engine/params.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define POINTS_MAX 1000

/* ---- the grid --------------------------------------------------------------------------------------------------- */

/* Length of a value: up to the next comma that is in no quotes and no brackets. */
static size_t
value_length (const char *s)
{
    size_t n = 0;
    int depth = 0;
    for (char quote = 0; s[n]; n++) {
        if (quote) {
            if (s[n] == '\\' && s[n + 1])
                n++;
            else if (s[n] == quote)
                quote = 0;
        } else if (s[n] == '"' || s[n] == '\'') {
            quote = s[n];
        } else if (strchr ("([{", s[n])) {
            depth++;
        } else if (strchr (")]}", s[n])) {
            depth--;
        } else if (s[n] == ',' && depth <= 0) {
            break;
        }
    }
    return n;
}

/* The type of a parameter; "" if there is none of that name. */
static const char *
type_of (const struct pipeline *p, const char *name)
{
    int i = pipeline_find_param (p, name);
    return i < 0 ? "" : p->params.items[i].type;
}

/* A text in quotes is what stands between them. */
static const char *
unquote (struct arena *a, const char *type, const char *value)
{
    if (strcmp (type, "str") != 0 || !strchr ("'\"", *value))
        return value;
    json_auto_t *text = params_parse_literal (value, NULL);
    return json_is_string (text) ? arena_strdup (a, json_string_value (text)) : value;
}

static int
read_line (struct arena *a, const char *line, struct sweep *s, struct vec_str *values, struct error *err)
{
    const char *equals = strchr (line, '=');
    if (!equals || equals == line || !equals[1])
        return error_set (err, ERROR_USAGE, "--sweep %s: write NAME=VALUE,VALUE,…", line);
    const char *name = arena_strndup (a, line, (size_t) (equals - line));
    if (!vec_str_add_once (a, &s->names, name))
        return error_set (err, ERROR_USAGE, "--sweep %s: it is swept twice; give all its values at once", name);
    for (const char *at = equals + 1;; at++) {
        size_t n = value_length (at);
        const char *value = unquote (a, type_of (s->pipeline, name), arena_strndup (a, at, n));
        vec_push (a, values, arena_printf (a, "%s=%s", name, value));
        at += n;
        if (!*at)
            return 0;
    }
}

/* Each point so far with each of the values. */
static int
multiply (struct arena *a, struct sweep *s, const struct vec_str *values, struct error *err)
{
    __typeof__ (s->points) grown = { 0 };
    if (s->points.len * values->len > POINTS_MAX)
        return error_set (err, ERROR_USAGE, "--sweep: the grid has more than %d points", POINTS_MAX);
    vec_foreach (point, &s->points)
        vec_foreach (value, values) {
            struct vec_str *one = vec_add (a, &grown);
            vec_foreach (setting, point)
                vec_push (a, one, *setting);
            vec_push (a, one, *value);
        }
    s->points = grown;
    return 0;
}

int
sweep_parse (struct arena *a, const struct pipeline *p, const struct vec_str *lines, struct sweep *s, struct error *err)
{
    struct sweep found = { .pipeline = p };
    (void) vec_add (a, &found.points);
    vec_foreach (line, lines) {
        struct vec_str values = { 0 };
        if (read_line (a, *line, &found, &values, err) < 0 || multiply (a, &found, &values, err) < 0)
            return -1;
    }
    *s = found;
    return 0;
}

json_t *
sweep_resolve (struct arena *a, const struct sweep *s, size_t point, const char *file, const struct vec_str *settings,
               struct error *err)
{
    struct vec_str all = { 0 };
    vec_foreach (one, settings)
        vec_push (a, &all, *one);
    vec_foreach (one, &s->points.items[point])
        vec_push (a, &all, *one);
    json_t *params = params_resolve (s->pipeline, file, &all, err);
    if (!params && s->names.len)
        error_wrap (err, "--sweep");
    return params;
}

/* ---- running the points ----------------------------------------------------------------------------------------- */

struct sweeping;

struct point {
    struct sweeping *all;
    const struct vec_str *settings;
    const char *text;  /* "n=1 lr=0.5" */
    struct proc proc;
    FILE *out, *err;   /* what it prints, in files that have no name */
    bool started, ended;
    json_t *result;    /* what `chard run --format=json` says; owned; NULL: nothing */
    json_t *metrics;   /* owned */
};

struct sweeping {
    struct invocation *inv;
    const struct pipeline *pipeline;
    const char *notebook, *program;
    const struct vec_str *argv;
    struct loop *loop;
    struct point *points;
    size_t len, started, ended;
    size_t slots;      /* points at once */
    int jobs;          /* of all together */
    int kind;          /* exit status of the first that couldn't run at all */
    bool canceled;
    struct error error;
};

static const char *
status_of (const struct point *p)
{
    return p->result ? json_text (p->result, "status") : p->started ? "failed" : "canceled";
}

static void
start_point (struct sweeping *s, struct point *p);

static void
start_some (struct sweeping *s)
{
    while (!s->canceled && s->started < s->len && s->started - s->ended < s->slots)
        start_point (s, &s->points[s->started++]);
    if (s->started == s->ended)
        loop_stop (s->loop);
}

static char *
read_all (FILE *f, size_t *len)
{
    char *text = NULL;
    struct stat st;
    *len = 0;
    if (fstat (fileno (f), &st) < 0 || !(text = xmalloc ((size_t) st.st_size + 1)))
        return NULL;
    ssize_t n = pread (fileno (f), text, (size_t) st.st_size, 0);
    *len = n > 0 ? (size_t) n : 0;
    text[*len] = '\0';
    return text;
}

/* Metrics stand in the run's log. */
static void
read_metrics (struct sweeping *s, struct point *p)
{
    const struct past_settings where = { .of = s->notebook };
    struct past_run run = { 0 };
    if (past_run_open (s->inv, &where, json_text (p->result, "run"), &run, NULL) == 0)
        p->metrics = past_run_metrics (s->inv->arena, &run);
    runlog_content_clear (&run.log);
}

static void
tell_end (struct sweeping *s, struct point *p)
{
    char time[32];
    size_t len;
    cleanup_free char *text = read_all (p->err, &len);
    const char *status = status_of (p);
    progress_format_seconds (json_number_value (json_object_get (p->result, "seconds")), time);
    fprintf (s->inv->err, "[%zu/%zu] %s: %s in %s\n", s->ended, s->len, p->text, status, time);
    if (text && strcmp (status, "ok") != 0)
        fputs (utf8_repair (s->inv->arena, text), s->inv->err);
}

/* Its own end, or news of its start. */
static void
on_news (int fd, short events, void *arg)
{
    struct point *p = arg;
    struct sweeping *s = p->all;
    (void) events;
    if (!proc_read (&p->proc))
        return;
    loop_remove_fd (s->loop, fd);
    size_t len;
    cleanup_free char *text = read_all (p->out, &len);
    p->result = text ? json_loadb (text, len, 0, NULL) : NULL;
    p->ended = true;
    s->ended++;
    if (p->result)
        read_metrics (s, p);
    else if (p->proc.status.exit > 1 && !s->kind)
        s->kind = p->proc.status.exit;
    proc_close (&p->proc);
    tell_end (s, p);
    if (s->kind)
        s->canceled = true; /* the others would end the same way */
    s->slots = (size_t) s->jobs;
    start_some (s);
}

static void
start_point (struct sweeping *s, struct point *p)
{
    struct arena *a = s->inv->arena;
    struct vec_str argv = { 0 };
    size_t beside = s->slots < s->len - 1 ? s->slots : s->len - 1;
    int jobs = s->slots > 1 && beside ? s->jobs / (int) beside : s->jobs;
    vec_push (a, &argv, s->program);
    vec_push (a, &argv, "run");
    vec_push (a, &argv, "--format=json");
    vec_push (a, &argv, arena_printf (a, "--jobs=%d", jobs > 1 ? jobs : 1));
    vec_foreach (setting, p->settings) {
        vec_push (a, &argv, "-p");
        vec_push (a, &argv, *setting);
    }
    vec_foreach (word, s->argv)
        vec_push (a, &argv, *word);
    vec_push (a, &argv, NULL);
    p->out = tmpfile ();
    p->err = tmpfile ();
    const struct proc_options o = { .argv = argv.items, .in = -1, .out = p->out ? fileno (p->out) : -1,
                                    .err = p->err ? fileno (p->err) : -1, .three = -1 };
    if (!p->out || !p->err || proc_spawn (&p->proc, &o, &s->error) < 0) {
        s->canceled = true;
        s->started--;
        if (!s->error.text[0])
            error_errno (&s->error, "a temporary file");
        return;
    }
    p->started = true;
    loop_add_fd (s->loop, p->proc.fd, POLLIN, on_news, p);
}

/* The runs are canceled, and end by themselves. */
static void
on_signal (int signal, void *arg)
{
    struct sweeping *s = arg;
    s->canceled = true;
    for (size_t i = 0; i < s->len; i++)
        if (s->points[i].started && !s->points[i].ended)
            proc_signal (&s->points[i].proc, signal);
}

static int
run_points (struct sweeping *s, struct error *err)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        if (loop_add_signal (s->loop, signals[i], on_signal, s, err) < 0)
            return -1;
    start_some (s);
    if (s->started > s->ended && loop_run (s->loop, err) < 0)
        return -1;
    if (s->error.text[0]) {
        *err = s->error;
        return -1;
    }
    return s->kind ? error_set (err, (enum error_kind) s->kind, "%s", "") : 0;
}

/* ---- what came of it -------------------------------------------------------------------------------------------- */

static json_t *
to_json (const struct sweeping *s)
{
    json_t *all = json_array ();
    for (size_t i = 0; i < s->len; i++) {
        const struct point *p = &s->points[i];
        json_t *settings = json_object ();
        vec_foreach (setting, p->settings) {
            const char *equals = strchr (*setting, '=');
            const char *name = arena_strndup (s->inv->arena, *setting, (size_t) (equals - *setting));
            json_object_set_new (settings, name, params_parse (type_of (s->pipeline, name), equals + 1, NULL));
        }
        json_array_append_new (all, json_pack ("{s:o,s:s,s:O?,s:O?,s:O?,s:O?}", "parameters", settings, "status",
                                               status_of (p), "run", json_object_get (p->result, "run"), "seconds",
                                               json_object_get (p->result, "seconds"), "report",
                                               json_object_get (p->result, "report"), "metrics", p->metrics));
    }
    return json_pack ("{s:s,s:o}", "notebook", s->notebook, "points", all);
}

/* One row of words, each column as wide as its widest word. */
struct table {
    struct arena *arena;
    vec (struct vec_str) rows;
};

static const char *
metric_text (struct arena *a, const json_t *value)
{
    cleanup_free char *text = json_dumps (value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION (6));
    return value ? past_one_line (a, text ? text : "?") : "-";
}

static void
collect_metrics (const struct sweeping *s, struct vec_str *names)
{
    for (size_t i = 0; i < s->len; i++) {
        const char *name;
        json_t *value;
        json_object_foreach (s->points[i].metrics, name, value)
            vec_str_add_once (s->inv->arena, names, name);
    }
}

static void
fill_table (const struct sweeping *s, const struct vec_str *names, struct table *t)
{
    struct arena *a = t->arena;
    struct vec_str metrics = { 0 };
    collect_metrics (s, &metrics);
    struct vec_str *head = vec_add (a, &t->rows);
    vec_foreach (name, names)
        vec_push (a, head, *name);
    vec_foreach (name, &metrics)
        vec_push (a, head, past_one_line (a, *name));
    vec_push (a, head, "status");
    vec_push (a, head, "seconds");
    vec_push (a, head, "run");
    for (size_t i = 0; i < s->len; i++) {
        const struct point *p = &s->points[i];
        struct vec_str *row = vec_add (a, &t->rows);
        vec_foreach (setting, p->settings)
            vec_push (a, row, past_one_line (a, strchr (*setting, '=') + 1));
        vec_foreach (name, &metrics)
            vec_push (a, row, metric_text (a, json_object_get (p->metrics, *name)));
        vec_push (a, row, status_of (p));
        vec_push (a, row, arena_printf (a, "%.1f", json_number_value (json_object_get (p->result, "seconds"))));
        vec_push (a, row, p->result ? json_text (p->result, "run") : "-");
    }
}

static void
print_table (FILE *out, const struct table *t)
{
    for (size_t i = 0; i < t->rows.len; i++) {
        const struct vec_str *row = &t->rows.items[i];
        for (size_t c = 0; c < row->len; c++) {
            size_t width = 0;
            for (size_t k = 0; k < t->rows.len; k++) {
                size_t w = utf8_columns (t->rows.items[k].items[c]);
                width = w > width ? w : width;
            }
            bool last = c + 1 == row->len;
            fprintf (out, "%s%*s", row->items[c], last ? 0 : (int) (width - utf8_columns (row->items[c]) + 2), "");
        }
        fputc ('\n', out);
    }
}

static void
tell (const struct sweeping *s, const struct vec_str *names)
{
    struct table t = { .arena = s->inv->arena };
    if (s->inv->json) {
        past_print_json (s->inv, to_json (s));
        return;
    }
    fill_table (s, names, &t);
    print_table (s->inv->out, &t);
}

/* ---- all of it -------------------------------------------------------------------------------------------------- */

static const char *
own_program (struct arena *a)
{
    char self[4096];
    ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);
    return n > 0 ? arena_strndup (a, self, (size_t) n) : "chard";
}

int
sweep_run (struct invocation *inv, const struct sweep *sweep, const char *notebook, const struct vec_str *argv,
           int jobs, struct error *err)
{
    struct arena *a = inv->arena;
    struct sweeping s = { .inv = inv, .pipeline = sweep->pipeline, .notebook = notebook, .program = own_program (a),
                          .argv = argv, .loop = loop_create (),
                          .len = sweep->points.len, .slots = 1,
                          .jobs = jobs > 0 ? jobs : (int) sysconf (_SC_NPROCESSORS_ONLN) };
    s.points = arena_alloc (a, s.len * sizeof *s.points);
    for (size_t i = 0; i < s.len; i++) {
        s.points[i].all = &s;
        s.points[i].settings = &sweep->points.items[i];
        s.points[i].text = "";
        vec_foreach (setting, s.points[i].settings)
            s.points[i].text = arena_printf (a, "%s%s%s", s.points[i].text, *s.points[i].text ? " " : "",
                                             past_one_line (a, *setting));
    }
    int status = run_points (&s, err);
    if (status == 0)
        tell (&s, &sweep->names);
    bool well = true;
    for (size_t i = 0; i < s.len; i++) {
        struct point *p = &s.points[i];
        well &= strcmp (status_of (p), "ok") == 0;
        proc_close (&p->proc);
        if (p->out)
            fclose (p->out);
        if (p->err)
            fclose (p->err);
        json_decref (p->result);
        json_decref (p->metrics);
    }
    loop_destroy (s.loop);
    return status < 0 ? -1 : well ? 0 : error_set (err, ERROR_NOTEBOOK, "%s", "");
}

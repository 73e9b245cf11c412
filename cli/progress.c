/* See progress.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/progress.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/loop.h"
#include "base/strbuf.h"
#include "doc/json_value.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#define LOG_LINES 12      /* of a failed step's log that are shown */
#define LOG_TAIL (8 << 10) /* bytes looked at for them */

struct line {
    char *step;   /* NULL: free */
    char *log;
    off_t shown;  /* bytes of the log already printed (-v) */
    double began;
};

struct progress {
    struct invocation *inv;
    bool json_events;
    int total, ended;
    struct line *lines; /* running steps */
    size_t n_lines;
    int drawn;          /* lines on the screen to be redrawn */
    char *notebook;
};

struct progress *
progress_create (struct invocation *inv, bool json_events)
{
    struct progress *p = xcalloc (1, sizeof *p);
    p->inv = inv;
    p->json_events = json_events;
    return p;
}

static void
free_line (struct line *l)
{
    free (l->step);
    free (l->log);
    *l = (struct line){ 0 };
}

static void erase (struct progress *p);

void
progress_destroy (struct progress *p)
{
    if (!p)
        return;
    erase (p);
    for (size_t i = 0; i < p->n_lines; i++)
        free_line (&p->lines[i]);
    free (p->lines);
    free (p->notebook);
    free (p);
}

void
progress_format_seconds (double seconds, char text[32])
{
    if (seconds < 0.1)
        snprintf (text, 32, "%.0f ms", seconds * 1000);
    else if (seconds < 60)
        snprintf (text, 32, "%.1f s", seconds);
    else if (seconds < 3600)
        snprintf (text, 32, "%d min %d s", (int) seconds / 60, (int) seconds % 60);
    else
        snprintf (text, 32, "%d h %d min", (int) (seconds / 3600), (int) seconds / 60 % 60);
}

/* ---- the redrawn part ---- */

static void
erase (struct progress *p)
{
    if (p->drawn > 0)
        fprintf (p->inv->err, "\033[%dA\033[J", p->drawn);
    p->drawn = 0;
}

static int
screen_width (void)
{
    struct winsize w;
    return ioctl (STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

/* Names may hold anything; what a terminal would act on becomes a '?'. Cut to `width` characters. */
static void
add_name (struct strbuf *b, const char *name, int width)
{
    for (int n = 0; *name && n < width; name++) {
        unsigned char c = (unsigned char) *name;
        n += (c & 0xc0) != 0x80;
        strbuf_addc (b, c < 32 || c == 127 ? '?' : *name);
    }
}

static void
draw (struct progress *p)
{
    if (!p->inv->terminal)
        return;
    cleanup_strbuf struct strbuf b = { 0 };
    int width = screen_width ();
    erase (p);
    for (size_t i = 0; i < p->n_lines; i++) {
        const struct line *l = &p->lines[i];
        char time[32];
        if (!l->step)
            continue;
        progress_format_seconds (loop_now () - l->began, time);
        strbuf_addf (&b, "%s[%d/%d] ", p->inv->color_err ? "\033[2m" : "", p->ended, p->total);
        add_name (&b, l->step, width < 38 ? 8 : width - 30);
        strbuf_addf (&b, " … %s%s\n", time, p->inv->color_err ? "\033[0m" : "");
        p->drawn++;
    }
    fputs (strbuf_str (&b), p->inv->err);
    fflush (p->inv->err);
}

/* ---- events ---- */

static struct line *
find_line (struct progress *p, const char *step)
{
    for (size_t i = 0; i < p->n_lines; i++)
        if (step ? p->lines[i].step && strcmp (p->lines[i].step, step) == 0 : !p->lines[i].step)
            return &p->lines[i];
    return NULL;
}

static struct line *
new_line (struct progress *p)
{
    struct line *free_one = find_line (p, NULL);
    if (free_one)
        return free_one;
    p->lines = xrealloc (p->lines, (p->n_lines + 1) * sizeof *p->lines);
    p->lines[p->n_lines] = (struct line){ 0 };
    return &p->lines[p->n_lines++];
}

static void
on_run_begin (struct progress *p, const json_t *e)
{
    p->total = (int) json_array_size (json_object_get (e, "steps"));
    free (p->notebook);
    p->notebook = xstrdup (fs_basename (json_text (e, "notebook")));
}

static void
print_head (struct progress *p, const json_t *e, const char *color, struct strbuf *b)
{
    strbuf_addf (b, "[%d/%d] ", p->ended, p->total);
    add_name (b, json_text (e, "step"), 60);
    strbuf_addf (b, " … %s", p->inv->color_err ? color : "");
}

static void
on_step_begin (struct progress *p, const json_t *e)
{
    struct line *l = new_line (p);
    l->step = xstrdup (json_text (e, "step"));
    l->log = xstrdup (json_text (e, "log"));
    l->shown = 0;
    l->began = loop_now ();
    if (!p->inv->verbose || p->inv->terminal)
        return;
    cleanup_strbuf struct strbuf b = { 0 };
    print_head (p, e, "", &b);
    fprintf (p->inv->err, "%sruns: %s\n", strbuf_str (&b), json_text (e, "why"));
}

/* The last lines of a log, each behind a bar. */
static void
print_log_end (struct progress *p, const char *path)
{
    cleanup_fd int fd = open (path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char tail[LOG_TAIL + 1];
    if (fd < 0 || fstat (fd, &st) < 0)
        return;
    ssize_t n = pread (fd, tail, LOG_TAIL, st.st_size > LOG_TAIL ? st.st_size - LOG_TAIL : 0);
    while (n > 0 && tail[n - 1] == '\n')
        n--;
    if (n <= 0)
        return;
    tail[n] = '\0';
    char *at = tail + n;
    for (int lines = 0; at > tail; at--)
        if (at[-1] == '\n' && ++lines == LOG_LINES)
            break;
    for (char *line = at; line; line = strchr (line, '\n') ? strchr (line, '\n') + 1 : NULL) {
        cleanup_strbuf struct strbuf b = { 0 };
        cleanup_free char *one = strndup (line, strcspn (line, "\n"));
        add_name (&b, one, 400);
        fprintf (p->inv->err, "    | %s\n", strbuf_str (&b));
    }
}

static void
print_error (struct progress *p, const json_t *e)
{
    const json_t *error = json_object_get (e, "error");
    const json_t *cell = json_object_get (error, "cell"), *line = json_object_get (error, "line");
    FILE *f = p->inv->err;
    print_log_end (p, json_text (e, "log"));
    fputs ("  ", f);
    if (json_is_integer (cell)) {
        const char *notebook = json_text (error, "notebook");
        fprintf (f, "%s, cell %d", notebook[0] ? notebook : p->notebook ? p->notebook : "",
                 (int) json_integer_value (cell));
        if (json_is_integer (line))
            fprintf (f, ", line %d", (int) json_integer_value (line));
        fputs (": ", f);
    }
    fprintf (f, "%s: %s\n", json_text (error, "type"), json_text (error, "message"));
    if (json_text (error, "hint")[0])
        fprintf (f, "  hint: %s\n", json_text (error, "hint"));
    if (json_text (e, "log")[0])
        fprintf (f, "  log: %s\n", json_text (e, "log"));
}

/* Prints what a step has said since last time, each line behind its name (-v). */
static void
follow_log (struct progress *p, struct line *l)
{
    cleanup_fd int fd = open (l->log, O_RDONLY | O_CLOEXEC);
    char block[65536];
    ssize_t n = fd < 0 ? -1 : pread (fd, block, sizeof block - 1, l->shown);
    if (n <= 0)
        return;
    block[n] = '\0';
    char *last = memrchr (block, '\n', (size_t) n);
    if (!last && n < (ssize_t) sizeof block - 1)
        return; /* no whole line yet */
    size_t whole = last ? (size_t) (last - block) + 1 : (size_t) n;
    l->shown += (off_t) whole;
    for (char *line = block; line < block + whole;) {
        size_t len = strcspn (line, "\n");
        fprintf (p->inv->err, "%s | %.*s\n", l->step, (int) len, line);
        line += len + 1;
    }
}

static void
on_step_end (struct progress *p, const json_t *e)
{
    static const struct {
        const char *status, *word, *color;
        bool timed;
    } words[] = {
        { "ok", "done", "\033[32m", true },         { "cached", "cached", "\033[36m", false },
        { "failed", "failed", "\033[1;31m", true }, { "timeout", "timed out", "\033[1;31m", true },
        { "canceled", "canceled", "\033[33m", true }, { "skipped", "skipped", "\033[33m", false },
    };
    const char *status = json_text (e, "status");
    struct line *l = find_line (p, json_text (e, "step"));
    if (l && p->inv->verbose)
        follow_log (p, l);
    if (l)
        free_line (l);
    p->ended++;
    cleanup_strbuf struct strbuf b = { 0 };
    size_t w = 0;
    while (w + 1 < sizeof words / sizeof *words && strcmp (words[w].status, status) != 0)
        w++;
    print_head (p, e, words[w].color, &b);
    strbuf_addf (&b, "%s%s", words[w].word, p->inv->color_err ? "\033[0m" : "");
    if (words[w].timed) {
        char time[32];
        progress_format_seconds (json_number_value (json_object_get (e, "seconds")), time);
        strbuf_addf (&b, " %s", time);
    }
    if (strcmp (status, "skipped") == 0 || (p->inv->verbose && !words[w].timed))
        strbuf_addf (&b, ": %s", json_text (e, "why"));
    fprintf (p->inv->err, "%s\n", strbuf_str (&b));
    if (json_object_get (e, "error"))
        print_error (p, e);
}

static void
on_retry (struct progress *p, const json_t *e)
{
    cleanup_strbuf struct strbuf b = { 0 };
    struct line *l = find_line (p, json_text (e, "step"));
    if (l)
        free_line (l);
    print_head (p, e, "\033[33m", &b);
    char time[32];
    progress_format_seconds (json_number_value (json_object_get (e, "delay")), time);
    const json_t *error = json_object_get (e, "error");
    fprintf (p->inv->err, "%sattempt %d failed%s (%s: %s); again in %s\n", strbuf_str (&b),
             (int) json_integer_value (json_object_get (e, "attempt")), p->inv->color_err ? "\033[0m" : "",
             json_text (error, "type"), json_text (error, "message"), time);
}

static void
on_note (struct progress *p, const json_t *e)
{
    fprintf (p->inv->err, "note: %s\n", json_text (e, "text"));
}

static void
on_cancel (struct progress *p, const json_t *e)
{
    fprintf (p->inv->err, "canceling: %s\n", json_text (e, "how"));
}

void
progress_event (const json_t *event, void *arg)
{
    static const struct {
        const char *event;
        void (*show) (struct progress *p, const json_t *e);
    } shown[] = {
        { "run.begin", on_run_begin }, { "run.note", on_note },     { "step.begin", on_step_begin },
        { "step.end", on_step_end },   { "step.retry", on_retry }, { "run.cancel", on_cancel },
    };
    struct progress *p = arg;
    if (p->json_events) {
        json_dumpf (event, p->inv->out, JSON_COMPACT | JSON_REAL_PRECISION (15));
        fputc ('\n', p->inv->out);
        fflush (p->inv->out);
        return;
    }
    erase (p);
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        if (strcmp (json_text (event, "event"), shown[i].event) == 0)
            shown[i].show (p, event);
    draw (p);
}

void
progress_tick (void *arg)
{
    struct progress *p = arg;
    if (p->json_events)
        return;
    erase (p);
    for (size_t i = 0; p->inv->verbose && i < p->n_lines; i++)
        if (p->lines[i].step)
            follow_log (p, &p->lines[i]);
    draw (p);
}

/* The top of the report: which run it is of, how it went. See report_part.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/report_part.h"

#include "base/fs.h"
#include "compiler/markup.h"
#include "engine/report_text.h"

#include <string.h>
#include <time.h>

static const char *
date_text (struct arena *a, double when)
{
    time_t t = (time_t) when;
    struct tm tm;
    char text[64];
    localtime_r (&t, &tm);
    strftime (text, sizeof text, "%-d %B %Y, %H:%M:%S", &tm);
    return arena_strdup (a, text);
}

static void
add_fact (struct strbuf *out, const char *name, const char *value)
{
    if (!report_is_given (value))
        return;
    strbuf_adds (out, "<div>");
    report_add_element (out, "dt", NULL, name);
    report_add_element (out, "dd", NULL, value);
    strbuf_adds (out, "</div>\n");
}

static int
count_state (const struct report_run *r, enum draw_state state)
{
    int n = 0;
    vec_foreach (s, &r->steps)
        n += s->state == state;
    return n;
}

static const char *
counts_text (const struct report_run *r)
{
    static const enum draw_state shown[] = { DRAW_STATE_DONE,    DRAW_STATE_CACHED,  DRAW_STATE_FAILED,
                                             DRAW_STATE_SKIPPED, DRAW_STATE_RUNNING, DRAW_STATE_WAITING };
    static const char *const words[] = { "ran", "cached", "failed", "skipped", "running", "waiting" };
    cleanup_strbuf struct strbuf b = { 0 };
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        int n = count_state (r, shown[i]);
        if (n)
            strbuf_addf (&b, "%s%d %s", b.len ? ", " : "", n, words[i]);
    }
    return arena_strdup (r->arena, strbuf_str (&b));
}

const char *
report_run_name (const struct report_run *r)
{
    const char *notebook = report_string (r->begin, "notebook"), *name = report_string (r->begin, "name");
    return report_is_given (name) ? name : report_is_given (notebook) ? fs_basename (notebook) : r->id;
}

/* What Git knew of the sources; the files that weren't as committed are told below (add_uncommitted). */
static void
add_git_facts (const struct report_run *r, struct strbuf *out)
{
    const json_t *git = json_object_get (r->begin, "git");
    const char *commit = report_string (r->begin, "commit"), *branch = report_string (git, "branch");
    if (report_is_given (commit))
        add_fact (out, "Git commit",
                  report_is_given (branch) ? arena_printf (r->arena, "%.10s on %s", commit, branch)
                                           : arena_printf (r->arena, "%.10s", commit));
    add_fact (out, "Repository",
              report_string (git, report_is_given (report_string (git, "url")) ? "url" : "repository"));
    if (report_is_given (report_string (git, "snapshot")))
        add_fact (out, "Snapshot", arena_printf (r->arena, "refs/chard/runs/%s", r->id));
}

static void
add_uncommitted (const struct report_run *r, struct strbuf *out)
{
    const json_t *git = json_object_get (r->begin, "git"), *dirty = json_object_get (git, "dirty");
    json_int_t all = json_integer_value (json_object_get (git, "dirty_count"));
    size_t n = json_array_size (dirty);
    if (n == 0)
        return;
    strbuf_adds (out, "<p class=\"note\">Not as committed: ");
    for (size_t i = 0; i < n; i++) {
        const json_t *d = json_array_get (dirty, i);
        strbuf_adds (out, i ? ", " : "");
        report_add_element (out, "code", NULL, report_string (d, "path") ? report_string (d, "path") : "?");
        const char *change = report_string (d, "change");
        markup_adds (out, arena_printf (r->arena, " (%s)", change ? change : "?"));
    }
    if (all > (json_int_t) n)
        strbuf_addf (out, " and %d more", (int) (all - (json_int_t) n));
    strbuf_adds (out, "</p>\n");
}

static void
add_facts (const struct report_run *r, struct strbuf *out)
{
    const json_t *jobs = json_object_get (r->begin, "jobs");
    strbuf_adds (out, "<dl class=\"facts\">\n");
    add_fact (out, "Began", date_text (r->arena, r->began));
    add_fact (out, "Took", report_duration (r->arena, r->seconds));
    add_fact (out, r->steps.len == 1 ? "1 step" : arena_printf (r->arena, "%zu steps", r->steps.len),
              counts_text (r));
    if (json_is_integer (jobs))
        add_fact (out, "At once", report_value (r->arena, jobs));
    add_fact (out, "Python", report_string (r->begin, "python_version"));
    add_git_facts (r, out);
    add_fact (out, "Run", r->id);
    strbuf_adds (out, "</dl>\n");
}

/* What went wrong stands first, with a way to it. */
static void
add_failed_steps (const struct report_run *r, struct strbuf *out)
{
    for (size_t i = 0; i < r->steps.len; i++) {
        const struct report_step *s = &r->steps.items[i];
        if (s->state != DRAW_STATE_FAILED)
            continue;
        const char *type = report_string (s->error, "type"), *message = report_string (s->error, "message");
        strbuf_addf (out, "<div class=\"fail\"><p><a href=\"#step-%zu\">", i);
        markup_adds (out, s->name);
        strbuf_adds (out, "</a> ");
        markup_adds (out, s->status);
        if (type)
            markup_adds (out, arena_printf (r->arena, ": %s%s%s", type, report_is_given (message) ? ": " : "",
                                            message ? message : ""));
        strbuf_adds (out, "</p></div>\n");
    }
}

static void
add_run_notes (const struct report_run *r, struct strbuf *out)
{
    size_t i;
    json_t *e;
    json_array_foreach (r->log.events, i, e) {
        const char *event = report_string (e, "event"), *text = report_string (e, "text");
        if (event && text && strcmp (event, "run.note") == 0)
            report_add_element (out, "p", "note", text);
    }
    const char *error = report_string (runlog_last (&r->log, "run.end", NULL), "error");
    if (!report_is_given (error))
        return;
    strbuf_adds (out, "<div class=\"fail\">");
    report_add_element (out, "p", NULL, error);
    strbuf_adds (out, "</div>\n");
}

void
report_add_head (const struct report_run *r, struct strbuf *out)
{
    const char *notebook = report_string (r->begin, "notebook");
    strbuf_adds (out, "<header>\n<h1>");
    markup_adds (out, report_run_name (r));
    report_add_element (out, "span", arena_printf (r->arena, "pill %s", r->status), r->status);
    strbuf_adds (out, "</h1>\n");
    report_add_element (out, "p", "sub", notebook ? notebook : "");
    if (r->pipeline && report_is_given (r->pipeline->description))
        report_add_element (out, "p", "sub", r->pipeline->description);
    add_facts (r, out);
    add_uncommitted (r, out);
    add_run_notes (r, out);
    add_failed_steps (r, out);
    strbuf_adds (out, "</header>\n<main>\n");
}

/* See remote_failure.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote_failure.h"

#include "base/cleanup.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/utf8.h"
#include "doc/json_text.h"
#include "doc/json_value.h"

#include <string.h>

#define MARK "chard-error: "

enum {
    LINES = 400, /* of the log that are looked through */
    SHOWN = 12,  /* of them that are told */
};

int
remote_log (struct invocation *inv, const json_t *record, const json_t *step, int lines, struct strbuf *out,
            struct error *err)
{
    struct auth auth;
    const struct service *service = remote_service (inv, record, &auth, err);
    return service ? service->log (inv->arena, &auth, record, step, lines, out, err) : -1;
}

/* ---- what a log says -------------------------------------------------------------------------------------------- */

/* The last line that begins with the mark; NULL if there is none. */
static const char *
find_mark (const char *log)
{
    const char *found = NULL;
    for (const char *at = log; (at = strstr (at, MARK)); at++)
        if (at == log || at[-1] == '\n')
            found = at;
    return found;
}

/* A line of what runs the step, and not of the step: Argo's executor ("time=2026-11-25T23:44:06.124Z level=INFO
 * msg=…"), KFP's launcher ("I1125 23:44:06.425346 38 main.go:139] …"). */
static bool
is_of_runner (const char *line)
{
    int n = 0;
    if (strncmp (line, "time=", 5) == 0)
        return strncmp (line + strcspn (line, " \n"), " level=", 7) == 0;
    sscanf (line, "%*1[IWEF]%*4[0-9] %*2[0-9]:%*2[0-9]:%*2[0-9].%*[0-9] %*[0-9] %*[a-z0-9_].go:%*[0-9]]%n", &n);
    return n > 0;
}

static size_t
line_length (const char *line)
{
    const size_t n = strcspn (line, "\n");
    return n + (line[n] == '\n');
}

/* How many bytes are of what runs the step. Behind a line that ends with a brace KFP's launcher prints the rest of an
 * object (prettyPrint of launcher_v2.go), up to a line of its own that closes it. */
static size_t
runner_length (const char *line, bool *open)
{
    const size_t n = strcspn (line, "\n");
    *open = false;
    if (!is_of_runner (line))
        return 0;
    if (line[n - 1] != '{')
        return line_length (line);
    const char *end = strstr (line, "\n}\n");
    *open = !end;
    return end ? (size_t) (end - line) + strlen ("\n}\n") : strlen (line);
}

size_t
remote_not_printed (const char *line, bool *open)
{
    const size_t n = runner_length (line, open);
    return !n && strncmp (line, MARK, sizeof MARK - 1) == 0 ? line_length (line) : n;
}

/* The step's last lines before `end`, but for empty ones at the end. */
static json_t *
lines_before (struct arena *a, const char *log, const char *end)
{
    json_t *lines = json_array ();
    while (end - log > 1 && end[-1] == '\n' && end[-2] == '\n')
        end--;
    for (const char *line = log; line < end;) {
        bool open;
        const size_t other = runner_length (line, &open), n = strcspn (line, "\n");
        const char *text = utf8_repair (a, arena_strndup (a, line, n));
        line += other ? other : n + 1;
        if (other)
            continue;
        json_array_append_new (lines, json_string (past_one_line (a, text)));
        if (json_array_size (lines) > SHOWN)
            json_array_remove (lines, 0);
    }
    return lines;
}

static json_t *
read_failure (struct arena *a, const char *log)
{
    const char *mark = find_mark (log);
    if (!mark)
        return *log ? json_pack ("{s:o}", "log", lines_before (a, log, log + strlen (log))) : json_object ();
    const char *text = mark + strlen (MARK);
    json_t *failure = json_text_parse (text, strcspn (text, "\n"), NULL, NULL);
    if (!json_is_object (failure)) {
        json_decref (failure);
        failure = json_object ();
    }
    json_object_set_new (failure, "log", lines_before (a, log, mark));
    return failure;
}

/* "train.ipynb, cell 3, line 2: ValueError: no such thing" */
static const char *
one_line (struct arena *a, const json_t *record, const json_t *failure)
{
    const json_t *cell = json_object_get (failure, "cell"), *line = json_object_get (failure, "line");
    const char *notebook = json_text (failure, "notebook"), *place = "";
    if (json_is_integer (cell))
        place = arena_printf (a, "%s, cell %d, ", *notebook ? notebook : fs_basename (json_text (record, "notebook")),
                              (int) json_integer_value (cell));
    if (json_is_integer (line))
        place = arena_printf (a, "%sline %d", place, (int) json_integer_value (line));
    return past_one_line (a, arena_printf (a, "%s%s%s: %s", place, *place ? ": " : "", json_text (failure, "type"),
                                           json_text (failure, "message")));
}

bool
remote_explain (struct invocation *inv, json_t *record)
{
    bool found = false;
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (record, "steps"), i, step) {
        cleanup_strbuf struct strbuf log = { 0 };
        struct error why = { 0 };
        if (strcmp (json_text (step, "status"), "failed") != 0 || json_object_get (step, "failure"))
            continue;
        if (remote_log (inv, record, step, LINES, &log, &why) < 0) {
            if (inv->verbose)
                fprintf (inv->err, "the log of step %s can't be had: %s\n", json_text (step, "step"), why.text);
            json_object_set_new (step, "failure", json_object ());
            continue;
        }
        json_t *failure = read_failure (inv->arena, strbuf_str (&log));
        json_object_set_new (step, "failure", failure);
        if (json_text (failure, "type")[0])
            json_object_set_new (step, "error", json_string (one_line (inv->arena, record, failure)));
        found = true;
    }
    return found;
}

/* ---- telling it ------------------------------------------------------------------------------------------------- */

/* Cells and lines are of the notebook as it was submitted. */
static bool
has_changed (const json_t *record)
{
    char hex[HASH_HEX_SIZE];
    const char *before = json_text (record, "sha256");
    return *before && hash_file (json_text (record, "notebook"), hex, NULL) == 0 && strcmp (hex, before) != 0;
}

void
remote_print_failure (struct invocation *inv, const json_t *record, const json_t *step, bool seen, FILE *f)
{
    const json_t *failure = json_object_get (step, "failure"), *log = seen ? NULL : json_object_get (failure, "log");
    size_t i;
    json_t *line;
    json_array_foreach (log, i, line)
        fprintf (f, "    | %s\n", json_string_value (line));
    if (json_text (step, "error")[0])
        fprintf (f, "  %s\n", past_one_line (inv->arena, json_text (step, "error")));
    if (json_text (failure, "hint")[0])
        fprintf (f, "  hint: %s\n", past_one_line (inv->arena, json_text (failure, "hint")));
    if (json_object_get (failure, "cell") && has_changed (record))
        fprintf (f, "  the notebook's file has changed since; chard runs checkout %s -o DIR gives what ran\n",
                 json_text (record, "run"));
}

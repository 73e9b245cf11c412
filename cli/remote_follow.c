/* See remote_follow.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "cli/remote_follow.h"

#include "base/utf8.h"
#include "cli/remote_failure.h"
#include "doc/json_value.h"

#include <string.h>

enum { LINES = 100000 }; /* of a step's log, at most */

/* Whole lines only, until there will be no more. How many bytes of the text are done with. */
static size_t
print_lines (struct invocation *inv, const char *step, const char *text, bool over)
{
    const char *at = text;
    while (*at) {
        bool open;
        const size_t n = strcspn (at, "\n"), other = remote_not_printed (at, &open);
        if ((!at[n] || open) && !over)
            break;
        const char *line = utf8_repair (inv->arena, arena_strndup (inv->arena, at, n));
        if (!other)
            fprintf (inv->err, "%s | %s\n", step, past_one_line (inv->arena, line));
        at += other ? other : n + (at[n] == '\n');
    }
    return (size_t) (at - text);
}

static void
follow_step (struct invocation *inv, const json_t *record, const json_t *step, json_t *told)
{
    const char *name = json_text (step, "step"), *pod = json_text (step, "pod");
    bool over = strcmp (json_text (step, "status"), "running") != 0;
    json_t *before = json_object_get (told, name); /* {"pod", "bytes", "over"} */
    bool same = strcmp (json_text (before, "pod"), pod) == 0; /* else it is tried again, in another pod */
    size_t printed = same ? (size_t) json_integer_value (json_object_get (before, "bytes")) : 0;
    cleanup_strbuf struct strbuf log = { 0 };
    struct error why = { 0 };
    if (!*pod || (same && json_is_true (json_object_get (before, "over")))
        || remote_log (inv, record, step, LINES, &log, &why) < 0)
        return;
    if (log.len > printed)
        printed += print_lines (inv, past_one_line (inv->arena, name), strbuf_str (&log) + printed, over);
    json_object_set_new (told, name,
                         json_pack ("{s:s,s:I,s:b}", "pod", pod, "bytes", (json_int_t) printed, "over", over));
}

void
remote_follow (struct invocation *inv, const json_t *record, json_t *told)
{
    static const char *const ran[] = { "running", "ok", "failed", "canceled" };
    size_t i;
    json_t *step;
    json_array_foreach (json_object_get (record, "steps"), i, step)
        for (size_t k = 0; k < sizeof ran / sizeof ran[0]; k++)
            if (strcmp (json_text (step, "status"), ran[k]) == 0)
                follow_step (inv, record, step, told);
}

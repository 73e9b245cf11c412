/* See report_text.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "engine/report_text.h"

#include "base/cleanup.h"
#include "compiler/markup.h"

#include <math.h>
#include <string.h>

/* <name class="class">text</name>; no class if NULL. */
void
report_add_element (struct strbuf *out, const char *name, const char *class, const char *text)
{
    strbuf_addf (out, class ? "<%s class=\"%s\">" : "<%s>", name, class);
    markup_adds (out, text);
    strbuf_addf (out, "</%s>", name);
}

const char *
report_duration (struct arena *a, double s)
{
    if (s < 0.0005)
        return "0 s";
    if (s < 0.9995)
        return arena_printf (a, "%.0f ms", s * 1000);
    if (s < 59.95)
        return arena_printf (a, "%.*f s", s < 9.995 ? 2 : 1, s);
    long whole = lround (s);
    if (whole < 3600)
        return arena_printf (a, "%ld min %ld s", whole / 60, whole % 60);
    return arena_printf (a, "%ld h %ld min", whole / 3600, whole / 60 % 60);
}

const char *
report_bytes (struct arena *a, double bytes)
{
    static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
    size_t u = 0;
    for (; bytes >= 999.5 && u + 1 < sizeof units / sizeof units[0]; u++)
        bytes /= 1000;
    return arena_printf (a, u > 0 && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, units[u]);
}

/* A JSON value as people write it: text without its quotes, numbers short. */
const char *
report_value (struct arena *a, const json_t *v)
{
    if (!v)
        return "—";
    if (json_is_string (v))
        return arena_strdup (a, json_string_value (v));
    if (json_is_real (v))
        return arena_printf (a, "%.6g", json_real_value (v));
    cleanup_free char *text = json_dumps (v, JSON_ENCODE_ANY | JSON_COMPACT);
    return arena_printf (a, "%.*s%s", 300, text ? text : "?", text && strlen (text) > 300 ? "…" : "");
}

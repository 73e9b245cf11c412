/* See outlet.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "kernel/outlet.h"

#include "base/cleanup.h"
#include "base/utf8.h"

void
outlet_clear (struct outlet *o)
{
    json_decref (o->header);
    *o = (struct outlet){ 0 };
}

static void
say (const struct outlet *o, const char *type, const json_t *content)
{
    if (!o->silent && content)
        relay_publish (o->relay, type, o->header, content);
}

void
outlet_print (const struct outlet *o, const char *stream, const char *data, size_t len)
{
    cleanup_strbuf struct strbuf text = { 0 };
    for (size_t i = 0, n; i < len; i += n) {
        unsigned c = utf8_decode (data + i, len - i, &n);
        if (c)
            strbuf_add_utf8 (&text, c);
    }
    if (text.len == 0)
        return;
    json_auto_t *content = json_pack ("{s:s,s:s}", "name", stream, "text", strbuf_str (&text));
    say (o, "stream", content);
}

static void
show (const struct outlet *o, const char *type, const json_t *bundle, const char *id)
{
    json_auto_t *content = json_pack ("{s:O,s:{},s:{}}", "data", (json_t *) bundle, "metadata", "transient");
    if (id)
        json_object_set_new (json_object_get (content, "transient"), "display_id", json_string (id));
    say (o, type, content);
}

void
outlet_display (const struct outlet *o, const json_t *bundle, const char *id)
{
    show (o, "display_data", bundle, id);
}

void
outlet_update (const struct outlet *o, const json_t *bundle, const char *id)
{
    show (o, "update_display_data", bundle, id);
}

json_t *
outlet_error_content (const char *name, const char *value)
{
    cleanup_free char *line = xasprintf ("\033[31m%s\033[0m%s%s", name, *value ? ": " : "", value);
    return json_pack ("{s:s,s:s,s:s,s:[s]}", "status", "error", "ename", name, "evalue", value, "traceback", line);
}

void
outlet_error (const struct outlet *o, const json_t *content)
{
    json_auto_t *error = json_copy ((json_t *) content);
    json_object_del (error, "status");
    json_object_del (error, "execution_count");
    say (o, "error", error);
}

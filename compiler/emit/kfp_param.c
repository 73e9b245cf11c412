/* See kfp_param.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/emit/kfp_param.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "compiler/emit/pod_spec.h"

#include <math.h>
#include <stdlib.h>

/* How many bytes at `p` are a character that KFP's server loses a document by: YAML's readers refuse DEL, C1 and
 * U+FFFE, its databases what lies beyond U+FFFF (their connection speaks MySQL's three-byte UTF-8), and Argo writes
 * some of these so that
 * JSON's readers refuse them. 0: it is none of those. */
static size_t
lethal (const char *p)
{
    const unsigned char *c = (const unsigned char *) p;
    if (*c < 0x20)
        return *c != '\0' && *c != '\n' && *c != '\t';
    if (*c == 0x7f)
        return 1;
    if (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0)
        return 2;
    if (*c == 0xef && c[1] == 0xbf && c[2] >= 0xbe)
        return 3;
    return *c >= 0xf0 ? strnlen (p, 4) : 0;
}

bool
kfp_param_is_json (const char *text)
{
    static const char *const traps[] = { "$$", "$(", "{{", "[[" };
    for (size_t i = 0; text && i < sizeof traps / sizeof *traps; i++)
        if (strstr (text, traps[i]))
            return true;
    for (; text && *text; text++)
        if (lethal (text))
            return true;
    return false;
}

const char *
kfp_text (struct arena *a, const char *text)
{
    cleanup_strbuf struct strbuf out = { 0 };
    for (const char *p = text; *p;) {
        size_t n = lethal (p);
        if (n)
            strbuf_adds (&out, "\uFFFD");
        else
            strbuf_addc (&out, *p);
        p += n ? n : 1;
    }
    return arena_strdup (a, strbuf_str (&out));
}

/* Whether KFP would change the value, or can't hold it. */
static bool
is_beyond_kfp (const json_t *value)
{
    const char *key;
    size_t i;
    json_t *member;
    if (json_is_integer (value))
        return llabs (json_integer_value (value)) > 1LL << 53;
    if (json_is_real (value))
        return json_real_value (value) == 0 && signbit (json_real_value (value));
    if (json_is_string (value))
        return kfp_param_is_json (json_string_value (value));
    json_object_foreach ((json_t *) value, key, member)
        if (json_is_null (member) || kfp_param_is_json (key) || is_beyond_kfp (member))
            return true;
    json_array_foreach (value, i, member)
        if (json_is_null (member) || is_beyond_kfp (member))
            return true;
    return false;
}

const char *
kfp_param_type (const struct param *p)
{
    static const struct {
        const char *ours, *kfp;
    } types[] = { { "int", "NUMBER_INTEGER" }, { "float", "NUMBER_DOUBLE" }, { "str", "STRING" }, { "bool", "BOOLEAN" },
                  { "list", "LIST" },          { "dict", "STRUCT" },         { "none", "STRING" } };
    if (is_beyond_kfp (p->default_value))
        return "STRING";
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp (types[i].ours, p->type) == 0)
            return types[i].kfp;
    return "STRING";
}

/* `[[` of lists gets a blank, of texts an escape; neither changes what the JSON says. */
static const char *
escape_brackets (struct arena *a, const char *json)
{
    cleanup_strbuf struct strbuf out = { 0 };
    bool in_text = false;
    for (const char *p = json; *p; p++) {
        if (*p == '[' && p > json && p[-1] == '[')
            strbuf_adds (&out, in_text ? "\\u005b" : " [");
        else
            strbuf_addc (&out, *p);
        if (*p == '"')
            in_text = !in_text;
        else if (*p == '\\' && p[1])
            strbuf_addc (&out, *++p);
    }
    return arena_strdup (a, strbuf_str (&out));
}

static json_t *
as_text (struct arena *a, const json_t *value)
{
    cleanup_free char *text = json_dumps (value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_ENSURE_ASCII
                                          | JSON_REAL_PRECISION (17));
    return json_string (escape_brackets (a, pod_escape (a, text)));
}

json_t *
kfp_param_default (struct arena *a, const struct param *p)
{
    if (json_is_null (p->default_value))
        return json_string ("None");
    return is_beyond_kfp (p->default_value) ? as_text (a, p->default_value) : json_incref (p->default_value);
}

json_t *
emit_kfp_argument (const struct emit_plan *plan, const char *name, const json_t *value, struct error *err)
{
    const struct param *p = &plan->pipeline->params.items[pipeline_find_param (plan->pipeline, name)];
    if (is_beyond_kfp (p->default_value) || strcmp (p->type, "none") == 0)
        return as_text (plan->arena, value);
    if (!is_beyond_kfp (value))
        return json_incref ((json_t *) value);
    error_set (err, ERROR_USAGE, "parameter %s: Kubeflow Pipelines would change that value: it takes no “$$”, “$(”, "
                                 "“{{” or “[[”, control characters and emoji in text, no None in lists and no integers "
                                 "beyond 2**53, but where the value in the notebook's parameters cell has one too",
                                 name);
    return NULL;
}

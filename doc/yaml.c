/* See yaml.h. Both ways go through libyaml's events, not its document tree, whose nodes it would not let us style.
 * SPDX-License-Identifier: Apache-2.0 */
#include "doc/yaml.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/words.h"
#include "doc/json_text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#define MAX_DEPTH 100

/* ---- printing --------------------------------------------------------------------------------------------------- */

/* Only memory can run out here: events come from a tree, so they are always well-formed. */
static void
emit (yaml_emitter_t *e, yaml_event_t *event)
{
    if (!yaml_emitter_emit (e, event)) {
        fprintf (stderr, "chard: libyaml: %s\n", e->problem ? e->problem : "out of memory");
        abort ();
    }
}

static void
emit_scalar (yaml_emitter_t *e, const char *text, size_t len, yaml_scalar_style_t style)
{
    yaml_event_t event;
    yaml_scalar_event_initialize (&event, NULL, NULL, (const yaml_char_t *) text, (int) len, 1, 1, style);
    emit (e, &event);
}

/* Words that YAML 1.1 takes for booleans or null. */
static bool
is_trap (const char *word)
{
    static const char *const traps[] = { "y", "yes", "n", "no", "on", "off", "true", "false", "null" };
    for (size_t i = 0; i < sizeof traps / sizeof *traps; i++)
        if (strcasecmp (word, traps[i]) == 0)
            return true;
    return false;
}

static bool
is_plain_key (const char *key)
{
    if (!isalpha ((unsigned char) *key) && *key != '_')
        return false;
    for (const char *p = key; *p; p++)
        if (!isalnum ((unsigned char) *p) && !strchr ("_-./", *p))
            return false;
    return !is_trap (key);
}

static void
emit_key (yaml_emitter_t *e, const char *key)
{
    emit_scalar (e, key, strlen (key), is_plain_key (key) ? YAML_PLAIN_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

/* True for text of several lines that every parser reads back from a literal block: nothing but printable characters
 * and line feeds (no tab: some editors and templates change it; none of Unicode's own line ends), no line that ends in
 * a blank, no blank or line feed at its start, where libyaml would have to say the indentation, and no empty line at
 * its end, behind which it would have to say that the document is over. */
static bool
is_block (const char *text, size_t len)
{
    if (!memchr (text, '\n', len) || text[0] == ' ' || text[0] == '\n'
        || (len > 1 && text[len - 1] == '\n' && text[len - 2] == '\n'))
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char) text[i], next = i + 1 < len ? (unsigned char) text[i + 1] : 0;
        unsigned char third = i + 2 < len ? (unsigned char) text[i + 2] : 0;
        if ((c < 0x20 && c != '\n') || c == 0x7f || c >= 0xf0)
            return false;
        if (c == ' ' && (next == '\n' || i + 1 == len))
            return false;
        if ((c == 0xc2 && next < 0xa0) || (c == 0xe2 && next == 0x80 && (third == 0xa8 || third == 0xa9))
            || (c == 0xef && next == 0xbb && third == 0xbf) || (c == 0xef && next == 0xbf && third >= 0xbe))
            return false; /* C1 controls, line and paragraph separators, byte order mark, non-characters */
    }
    return true;
}

static void
emit_string (yaml_emitter_t *e, const json_t *value)
{
    const char *text = json_string_value (value);
    size_t len = json_string_length (value);
    emit_scalar (e, text, len, is_block (text, len) ? YAML_LITERAL_SCALAR_STYLE : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static void
emit_real (yaml_emitter_t *e, double x)
{
    char digits[JSON_TEXT_REAL_SIZE];
    json_text_print_real (x, digits);
    emit_scalar (e, digits, strlen (digits), YAML_PLAIN_SCALAR_STYLE);
}

static void
emit_integer (yaml_emitter_t *e, json_int_t n)
{
    char digits[32];
    snprintf (digits, sizeof digits, "%" JSON_INTEGER_FORMAT, n);
    emit_scalar (e, digits, strlen (digits), YAML_PLAIN_SCALAR_STYLE);
}

static void
emit_word (yaml_emitter_t *e, const char *word)
{
    emit_scalar (e, word, strlen (word), YAML_PLAIN_SCALAR_STYLE);
}

static void emit_value (yaml_emitter_t *e, const json_t *value);

static void
emit_object (yaml_emitter_t *e, const json_t *object)
{
    yaml_event_t event;
    yaml_mapping_start_event_initialize (&event, NULL, NULL, 1, YAML_BLOCK_MAPPING_STYLE);
    emit (e, &event);
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *) object, key, value) {
        emit_key (e, key);
        emit_value (e, value);
    }
    yaml_mapping_end_event_initialize (&event);
    emit (e, &event);
}

static void
emit_array (yaml_emitter_t *e, const json_t *array)
{
    yaml_event_t event;
    yaml_sequence_start_event_initialize (&event, NULL, NULL, 1, YAML_BLOCK_SEQUENCE_STYLE);
    emit (e, &event);
    size_t i;
    json_t *value;
    json_array_foreach (array, i, value)
        emit_value (e, value);
    yaml_sequence_end_event_initialize (&event);
    emit (e, &event);
}

static void
emit_value (yaml_emitter_t *e, const json_t *value)
{
    switch (json_typeof (value)) {
    case JSON_OBJECT: emit_object (e, value); break;
    case JSON_ARRAY: emit_array (e, value); break;
    case JSON_STRING: emit_string (e, value); break;
    case JSON_INTEGER: emit_integer (e, json_integer_value (value)); break;
    case JSON_REAL: emit_real (e, json_real_value (value)); break;
    case JSON_TRUE: emit_word (e, "true"); break;
    case JSON_FALSE: emit_word (e, "false"); break;
    case JSON_NULL: emit_word (e, "null"); break;
    }
}

static int
add_to_strbuf (void *out, unsigned char *data, size_t len)
{
    strbuf_add (out, (const char *) data, len);
    return 1;
}

void
yaml_print (const json_t *document, struct strbuf *out)
{
    yaml_emitter_t e;
    yaml_event_t event;
    if (out->len > 0)
        strbuf_adds (out, "---\n");
    yaml_emitter_initialize (&e);
    yaml_emitter_set_output (&e, add_to_strbuf, out);
    yaml_emitter_set_unicode (&e, 1);
    yaml_emitter_set_width (&e, -1); /* never fold */
    yaml_stream_start_event_initialize (&event, YAML_UTF8_ENCODING);
    emit (&e, &event);
    yaml_document_start_event_initialize (&event, NULL, NULL, NULL, 1);
    emit (&e, &event);
    emit_value (&e, document);
    yaml_document_end_event_initialize (&event, 1);
    emit (&e, &event);
    yaml_stream_end_event_initialize (&event);
    emit (&e, &event);
    yaml_emitter_delete (&e);
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

struct reader {
    yaml_parser_t parser;
    json_t *anchors; /* name -> value, once it is whole */
    json_t *open;    /* names of anchors that are being built */
    int depth;
    struct error *err;
};

/* An event, deleted when it goes out of scope. */
#define cleanup_event __attribute__ ((cleanup (yaml_event_delete)))

static json_t *
fail (struct reader *r, yaml_mark_t at, const char *what)
{
    error_set (r->err, ERROR_USAGE, "line %zu, column %zu: %s", at.line + 1, at.column + 1, what);
    return NULL;
}

static int
next_event (struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse (&r->parser, event))
        return 0;
    const char *problem = r->parser.problem ? r->parser.problem : "this isn't YAML";
    if (r->parser.error == YAML_READER_ERROR)
        return error_set (r->err, ERROR_USAGE, "byte %zu: %s", r->parser.problem_offset, problem);
    fail (r, r->parser.problem_mark, problem);
    return -1;
}

/* [-+]?[0-9]+, 0o[0-7]+, 0x[0-9a-fA-F]+; the rest must be digits up to the end. */
static json_t *
read_integer (const char *text)
{
    int base = strncmp (text, "0o", 2) == 0 ? 8 : strncmp (text, "0x", 2) == 0 ? 16 : 10;
    const char *digits = base == 10 ? text + (*text == '-' || *text == '+') : text + 2;
    const char *allowed = base == 8 ? "01234567" : base == 10 ? "0123456789" : "0123456789abcdefABCDEF";
    if (!*digits || digits[strspn (digits, allowed)])
        return NULL;
    errno = 0;
    long long n = strtoll (base == 10 ? text : digits, NULL, base);
    if (errno != ERANGE)
        return json_integer (n);
    return base == 10 ? json_real (strtod (text, NULL)) : NULL;
}

/* [-+]? ( \.[0-9]+ | [0-9]+ ( \.[0-9]* )? ) ( [eE][-+]?[0-9]+ )? ; .inf and .nan have no JSON value and stay text. */
static json_t *
read_real (const char *text)
{
    const char *p = text + (*text == '-' || *text == '+');
    size_t before = strspn (p, "0123456789"), after = 0;
    p += before;
    if (*p == '.') {
        after = strspn (p + 1, "0123456789");
        p += 1 + after;
    }
    if (before + after == 0)
        return NULL;
    if (*p == 'e' || *p == 'E') {
        p += 1 + (p[1] == '-' || p[1] == '+');
        size_t n = strspn (p, "0123456789");
        if (n == 0)
            return NULL;
        p += n;
    }
    double x = strtod (text, NULL);
    return *p || !isfinite (x) ? NULL : json_real (x);
}

static json_t *
read_plain (const char *text, size_t len)
{
    static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
    static const char *const yes[] = { "true", "True", "TRUE", NULL };
    static const char *const no[] = { "false", "False", "FALSE", NULL };
    if (words_have (nulls, text))
        return json_null ();
    if (words_have (yes, text))
        return json_true ();
    if (words_have (no, text))
        return json_false ();
    json_t *number = read_integer (text);
    if (!number)
        number = read_real (text);
    return number ? number : json_stringn (text, len);
}

static json_t *
read_scalar (struct reader *r, const yaml_event_t *event)
{
    const char *text = (const char *) event->data.scalar.value;
    size_t len = event->data.scalar.length;
    json_t *value = event->data.scalar.plain_implicit ? read_plain (text, len) : json_stringn (text, len);
    return value ? value : fail (r, event->start_mark, "this text isn't UTF-8");
}

static json_t *read_value (struct reader *r, yaml_event_t *event);

static json_t *
read_sequence (struct reader *r)
{
    json_auto_t *array = json_array ();
    for (;;) {
        cleanup_event yaml_event_t event = { 0 };
        if (next_event (r, &event) < 0)
            return NULL;
        if (event.type == YAML_SEQUENCE_END_EVENT)
            return json_incref (array);
        json_t *value = read_value (r, &event);
        if (!value)
            return NULL;
        json_array_append_new (array, value);
    }
}

/* The key of a mapping's next entry, or NULL after a failure. */
static const char *
check_key (struct reader *r, const yaml_event_t *event, const json_t *object)
{
    if (event->type != YAML_SCALAR_EVENT)
        return fail (r, event->start_mark, "a key must be a plain word or a quoted text"), NULL;
    const char *key = (const char *) event->data.scalar.value;
    if (strlen (key) != event->data.scalar.length)
        return fail (r, event->start_mark, "a key can't hold a NUL character"), NULL;
    if (strcmp (key, "<<") == 0 && event->data.scalar.plain_implicit)
        return fail (r, event->start_mark, "merge keys (<<) aren't read; write the entries out"), NULL;
    if (json_object_get (object, key)) {
        cleanup_free char *what = xasprintf ("the key '%.200s' is there twice", key);
        return fail (r, event->start_mark, what), NULL;
    }
    return key;
}

static json_t *
read_mapping (struct reader *r)
{
    json_auto_t *object = json_object ();
    for (;;) {
        cleanup_event yaml_event_t key_event = { 0 };
        if (next_event (r, &key_event) < 0)
            return NULL;
        if (key_event.type == YAML_MAPPING_END_EVENT)
            return json_incref (object);
        const char *key = check_key (r, &key_event, object);
        cleanup_event yaml_event_t event = { 0 };
        if (!key || next_event (r, &event) < 0)
            return NULL;
        json_t *value = read_value (r, &event);
        if (!value)
            return NULL;
        if (json_object_set_new (object, key, value) < 0)
            return fail (r, key_event.start_mark, "this key isn't UTF-8");
    }
}

static json_t *
read_alias (struct reader *r, const yaml_event_t *event)
{
    const char *name = (const char *) event->data.alias.anchor;
    if (json_object_get (r->open, name))
        return fail (r, event->start_mark, "this alias lies within its own anchor");
    json_t *value = json_object_get (r->anchors, name);
    return value ? json_incref (value) : fail (r, event->start_mark, "there is no such anchor before this alias");
}

/* A list or mapping, whose anchor is in sight only when it is whole. */
static json_t *
read_collection (struct reader *r, const yaml_event_t *event, const char *anchor)
{
    if (++r->depth > MAX_DEPTH)
        return fail (r, event->start_mark, "this is nested too deeply");
    if (anchor)
        json_object_set_new (r->open, anchor, json_true ());
    json_t *value = event->type == YAML_SEQUENCE_START_EVENT ? read_sequence (r) : read_mapping (r);
    if (anchor)
        json_object_del (r->open, anchor);
    r->depth--;
    return value;
}

static json_t *
read_value (struct reader *r, yaml_event_t *event)
{
    const char *anchor = NULL;
    json_t *value = NULL;
    switch (event->type) {
    case YAML_ALIAS_EVENT: return read_alias (r, event);
    case YAML_SCALAR_EVENT:
        anchor = (const char *) event->data.scalar.anchor;
        value = read_scalar (r, event);
        break;
    case YAML_SEQUENCE_START_EVENT:
        anchor = (const char *) event->data.sequence_start.anchor;
        value = read_collection (r, event, anchor);
        break;
    case YAML_MAPPING_START_EVENT:
        anchor = (const char *) event->data.mapping_start.anchor;
        value = read_collection (r, event, anchor);
        break;
    default: return fail (r, event->start_mark, "a value is missing here");
    }
    if (value && anchor)
        json_object_set (r->anchors, anchor, value);
    return value;
}

/* All documents of the stream into `documents`. */
static int
read_stream (struct reader *r, json_t *documents)
{
    for (;;) {
        cleanup_event yaml_event_t event = { 0 };
        if (next_event (r, &event) < 0)
            return -1;
        if (event.type == YAML_STREAM_END_EVENT)
            return 0;
        if (event.type == YAML_DOCUMENT_START_EVENT)
            json_object_clear (r->anchors); /* they end with their document */
        if (event.type == YAML_STREAM_START_EVENT || event.type == YAML_DOCUMENT_START_EVENT
            || event.type == YAML_DOCUMENT_END_EVENT)
            continue;
        json_t *value = read_value (r, &event);
        if (!value)
            return -1;
        json_array_append_new (documents, value);
    }
}

json_t *
yaml_parse_all (const char *data, size_t len, struct error *err)
{
    json_auto_t *documents = json_array ();
    struct reader r = { .anchors = json_object (), .open = json_object (), .err = err };
    yaml_parser_initialize (&r.parser);
    yaml_parser_set_input_string (&r.parser, (const unsigned char *) data, len);
    int status = read_stream (&r, documents);
    yaml_parser_delete (&r.parser);
    json_decref (r.anchors);
    json_decref (r.open);
    return status < 0 ? NULL : json_incref (documents);
}

json_t *
yaml_parse (const char *data, size_t len, struct error *err)
{
    json_auto_t *documents = yaml_parse_all (data, len, err);
    if (!documents)
        return NULL;
    if (json_array_size (documents) > 1) {
        error_set (err, ERROR_USAGE, "there is a second document in it; one is wanted");
        return NULL;
    }
    json_t *only = json_array_get (documents, 0);
    return only ? json_incref (only) : json_null ();
}

/* Text that the interpreter knows, in whole or as a pattern (path.h): constants, what is put together of them, and
 * paths. See interpreter.h.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include "base/fs.h"

#include <string.h>

const char *
pattern_of (struct interpreter *in, const struct set *s)
{
    return s && s->len == 1 ? heap_get (in->heap, s->items[0])->text : NULL;
}

const char *
text_of (struct interpreter *in, const struct set *s)
{
    const char *text = pattern_of (in, s);
    return text && path_is_exact (text) ? text : NULL;
}

const struct set *
text_value (struct interpreter *in, const char *text)
{
    if (!text || strlen (text) > 4096)
        return NULL;
    int id = new_value (in);
    heap_get (in->heap, id)->text = text;
    heap_get (in->heap, id)->immutable = true;
    return set_one (in->arena, id);
}

/* An operand of which no more is known than that it is nothing that can be changed is taken for text as the other
 * is. */
static const char *
operand (struct interpreter *in, const struct set *s, bool path)
{
    const char *text = pattern_of (in, s);
    return text || (s && !path) ? text : PATH_UNKNOWN;
}

const struct set *
text_joined (struct interpreter *in, char sign, const struct set *left, const struct set *right)
{
    const char *a = pattern_of (in, left), *b = pattern_of (in, right);
    if (sign == '%' && a)
        return text_value (in, path_of_format (in->arena, a, '%'));
    if ((!a && !b) || (sign != '+' && sign != '/'))
        return NULL;
    a = operand (in, left, sign == '/');
    b = operand (in, right, sign == '/');
    if (!a || !b)
        return NULL;
    return text_value (in, sign == '/' ? path_joined (in, a, b) : arena_printf (in->arena, "%s%s", a, b));
}

const char *
path_joined (struct interpreter *in, const char *folder, const char *name)
{
    if (*name == '/' || !*folder)
        return name;
    size_t n = strlen (folder);
    bool open = folder[n - 1] == '/' || folder[n - 1] == PATH_ANY || *name == PATH_ANY;
    return arena_printf (in->arena, "%s%s%s", folder, open ? "" : "/", name);
}

/* Functions that give a path of the paths they are given: the text, or NULL if it is none of them. */
static const char *
path_of_call (struct interpreter *in, const char *function, const struct set *const *arguments, int count)
{
    static const char *const joins[] = { "os.path.join", "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath" };
    static const char *const keeps[] = { "str", "os.fspath", "os.path.normpath", "os.path.expanduser" };
    const char *first = count ? pattern_of (in, arguments[0]) : NULL, *path = first ? first : PATH_UNKNOWN;
    for (size_t i = 0; i < sizeof joins / sizeof *joins; i++)
        if (count && strcmp (function, joins[i]) == 0) {
            for (int k = 1; k < count; k++) {
                const char *next = pattern_of (in, arguments[k]);
                path = path_joined (in, path, next ? next : PATH_UNKNOWN);
            }
            return path;
        }
    for (size_t i = 0; i < sizeof keeps / sizeof *keeps; i++)
        if (count == 1 && strcmp (function, keeps[i]) == 0)
            return first;
    return NULL;
}

const struct set *
text_of_call (struct interpreter *in, const char *function, const struct set *const *arguments, int count)
{
    return text_value (in, path_of_call (in, function, arguments, count));
}

/* Methods of text: "{}".format (x), Path.joinpath (x); what others give isn't known. */
const struct set *
text_of_method (struct interpreter *in, const char *text, const char *method, const struct set *const *arguments,
                int count)
{
    if (strcmp (method, "format") == 0)
        return text_value (in, path_of_format (in->arena, text, '{'));
    if (strcmp (method, "joinpath") != 0)
        return NULL;
    for (int i = 0; i < count; i++) {
        const char *next = pattern_of (in, arguments[i]);
        text = path_joined (in, text, next ? next : PATH_UNKNOWN);
    }
    return text_value (in, text);
}

/* Special methods: what Python calls without its being named. An operator, len (), a loop, a test, printing run code of the
 * notebook's classes, which reads names and changes things like any other call. See interpreter.h.
 * Specification: Python's reference, "Data model", §3.3 Special method names; IPython's rich display.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include <string.h>

/* `uses`: a set of enum special_use; `signs`: first characters of the operators that mean it (`in`, `is`, `not` by their letter),
 * NULL for any. Constructors are calls of the class. */
static const struct special {
    const char *name;
    unsigned uses;
    const char *signs;
} specials[] = {
    { "__add__", SPECIAL_OPERATOR, "+" },
    { "__radd__", SPECIAL_OPERATOR, "+" },
    { "__sub__", SPECIAL_OPERATOR, "-" },
    { "__rsub__", SPECIAL_OPERATOR, "-" },
    { "__mul__", SPECIAL_OPERATOR, "*" },
    { "__rmul__", SPECIAL_OPERATOR, "*" },
    { "__matmul__", SPECIAL_OPERATOR, "@" },
    { "__rmatmul__", SPECIAL_OPERATOR, "@" },
    { "__truediv__", SPECIAL_OPERATOR, "/" },
    { "__rtruediv__", SPECIAL_OPERATOR, "/" },
    { "__floordiv__", SPECIAL_OPERATOR, "/" },
    { "__rfloordiv__", SPECIAL_OPERATOR, "/" },
    { "__mod__", SPECIAL_OPERATOR, "%" },
    { "__rmod__", SPECIAL_OPERATOR, "%" },
    { "__pow__", SPECIAL_OPERATOR, "*" },
    { "__rpow__", SPECIAL_OPERATOR, "*" },
    { "__and__", SPECIAL_OPERATOR, "&" },
    { "__rand__", SPECIAL_OPERATOR, "&" },
    { "__or__", SPECIAL_OPERATOR, "|" },
    { "__ror__", SPECIAL_OPERATOR, "|" },
    { "__xor__", SPECIAL_OPERATOR, "^" },
    { "__rxor__", SPECIAL_OPERATOR, "^" },
    { "__lshift__", SPECIAL_OPERATOR, "<" },
    { "__rlshift__", SPECIAL_OPERATOR, "<" },
    { "__rshift__", SPECIAL_OPERATOR, ">" },
    { "__rrshift__", SPECIAL_OPERATOR, ">" },
    { "__neg__", SPECIAL_OPERATOR, "-" },
    { "__pos__", SPECIAL_OPERATOR, "+" },
    { "__invert__", SPECIAL_OPERATOR, "~" },
    { "__abs__", SPECIAL_OPERATOR, "a" },
    { "__eq__", SPECIAL_OPERATOR, "=!in" },
    { "__ne__", SPECIAL_OPERATOR, "=!" },
    { "__lt__", SPECIAL_OPERATOR, "<>" },
    { "__le__", SPECIAL_OPERATOR, "<>" },
    { "__gt__", SPECIAL_OPERATOR, "<>" },
    { "__ge__", SPECIAL_OPERATOR, "<>" },
    { "__contains__", SPECIAL_OPERATOR, "in" },
    { "__hash__", SPECIAL_OPERATOR, "in" },
    { "__iadd__", SPECIAL_AUGMENT, "+" },
    { "__isub__", SPECIAL_AUGMENT, "-" },
    { "__imul__", SPECIAL_AUGMENT, "*" },
    { "__itruediv__", SPECIAL_AUGMENT, "/" },
    { "__ifloordiv__", SPECIAL_AUGMENT, "/" },
    { "__imod__", SPECIAL_AUGMENT, "%" },
    { "__imatmul__", SPECIAL_AUGMENT, "@" },
    { "__ipow__", SPECIAL_AUGMENT, "*" },
    { "__iand__", SPECIAL_AUGMENT, "&" },
    { "__ior__", SPECIAL_AUGMENT, "|" },
    { "__ixor__", SPECIAL_AUGMENT, "^" },
    { "__ilshift__", SPECIAL_AUGMENT, "<" },
    { "__irshift__", SPECIAL_AUGMENT, ">" },
    { "__getitem__", SPECIAL_ELEMENT | SPECIAL_ITERATION, NULL },
    { "__missing__", SPECIAL_ELEMENT, NULL },
    { "__setitem__", SPECIAL_STORE, NULL },
    { "__delitem__", SPECIAL_STORE, NULL },
    { "__len__", SPECIAL_TEST | SPECIAL_ITERATION, NULL },
    { "__iter__", SPECIAL_ITERATION, NULL },
    { "__next__", SPECIAL_ITERATION | SPECIAL_STEP, NULL },
    { "__reversed__", SPECIAL_ITERATION, NULL },
    { "__bool__", SPECIAL_TEST, NULL },
    { "__int__", SPECIAL_TEST, NULL },
    { "__float__", SPECIAL_TEST, NULL },
    { "__index__", SPECIAL_TEST, NULL },
    { "__round__", SPECIAL_TEST, NULL },
    { "__enter__", SPECIAL_BLOCK, NULL },
    { "__exit__", SPECIAL_BLOCK, NULL },
    { "__aenter__", SPECIAL_BLOCK, NULL },
    { "__aexit__", SPECIAL_BLOCK, NULL },
    { "__repr__", SPECIAL_TEXT, NULL },
    { "__str__", SPECIAL_TEXT, NULL },
    { "__format__", SPECIAL_TEXT, NULL },
    { "_repr_html_", SPECIAL_TEXT, NULL },
    { "_repr_markdown_", SPECIAL_TEXT, NULL },
    { "_repr_svg_", SPECIAL_TEXT, NULL },
    { "_repr_png_", SPECIAL_TEXT, NULL },
    { "_repr_latex_", SPECIAL_TEXT, NULL },
    { "_repr_mimebundle_", SPECIAL_TEXT, NULL },
    { "__array__", SPECIAL_ITERATION, NULL },
    { "__getattr__", SPECIAL_ATTRIBUTE, NULL },
    { "__getattribute__", SPECIAL_ATTRIBUTE, NULL },
    { NULL, 0, NULL },
};

void
special_note (struct interpreter *in, int class_object)
{
    unsigned uses = 0;
    for (const struct special *s = specials; s->name; s++)
        if (class_member (in, class_object, symbol_of_str (in->symbols, s->name)))
            uses |= s->uses;
    heap_get (in->heap, class_object)->specials = uses;
    in->specials |= uses;
}

/* An object of the notebook's own classes. */
static bool
is_instance (struct interpreter *in, int id)
{
    const struct object *o = heap_get (in->heap, id);
    return o->kind == OBJECT_VALUE && o->class_object >= 0;
}

static const struct set *
run_one (struct interpreter *in, int id, unsigned uses, char sign, const struct set *other)
{
    const struct set *const arguments[] = { set_one (in->arena, id), other }, *all = NULL;
    int class_object = heap_get (in->heap, id)->class_object;
    if (!(heap_get (in->heap, class_object)->specials & uses))
        return NULL;
    for (const struct special *s = specials; s->name; s++) {
        if (!(s->uses & uses) || (s->uses & SPECIAL_STEP && !(uses & SPECIAL_STEP)))
            continue;
        if (sign && s->signs && !strchr (s->signs, sign))
            continue;
        symbol name = symbol_of_str (in->symbols, s->name);
        const struct set *methods = class_member (in, class_object, name);
        if (methods)
            all = set_union (in->arena, all, call_value (in, methods, arguments, 2));
    }
    return all;
}

const struct set *
special_operate (struct interpreter *in, const struct set *values, unsigned uses, char sign, const struct set *other)
{
    const struct set *all = NULL;
    if (!(in->specials & uses))
        return NULL;
    set_foreach (id, values)
        if (is_instance (in, id))
            all = set_union (in->arena, all, run_one (in, id, uses, sign, other));
    return all;
}

const struct set *
special_run (struct interpreter *in, const struct set *values, unsigned uses, const struct set *other)
{
    return special_operate (in, values, uses, 0, other);
}

void
special_run_held (struct interpreter *in, const struct set *values)
{
    const struct set *held = NULL;
    if (!in->specials)
        return;
    set_foreach (id, values) {
        special_run (in, set_one (in->arena, id), SPECIAL_GIVEN | SPECIAL_STEP, NULL);
        if (!is_instance (in, id))
            held = set_union (in->arena, held, heap_field (in->heap, id, 0));
    }
    special_run (in, held, SPECIAL_GIVEN, NULL);
}

const struct set *
iterate (struct interpreter *in, const struct set *iterable)
{
    chance_of_use (in, iterable);
    if (!in->specials)
        return elements_of (in, iterable);
    const struct set *given = special_run (in, iterable, SPECIAL_ITERATION | SPECIAL_STEP, NULL);
    set_foreach (id, iterable)
        if (!is_instance (in, id)) /* what a loader gives comes from the data set that it holds */
            special_run (in, heap_reach (in->heap, set_one (in->arena, id)), SPECIAL_ELEMENT | SPECIAL_ITERATION, NULL);
    return set_union (in->arena, elements_of (in, iterable), set_union (in->arena, given, elements_of (in, given)));
}

/* Special methods: what Python calls without its being named. An operator, len (), a loop, a test, printing run code of the
 * notebook's classes, which reads names and changes things like any other call. See interpreter.h.
 * Specification: Python's reference, "Data model", §3.3 Special method names; IPython's rich display.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

/* `uses`: a set of enum special_use. Constructors are calls of the class. */
static const struct special {
    const char *name;
    unsigned uses;
} specials[] = {
    { "__add__", SPECIAL_OPERATOR },       { "__radd__", SPECIAL_OPERATOR },
    { "__sub__", SPECIAL_OPERATOR },       { "__rsub__", SPECIAL_OPERATOR },
    { "__mul__", SPECIAL_OPERATOR },       { "__rmul__", SPECIAL_OPERATOR },
    { "__matmul__", SPECIAL_OPERATOR },    { "__rmatmul__", SPECIAL_OPERATOR },
    { "__truediv__", SPECIAL_OPERATOR },   { "__rtruediv__", SPECIAL_OPERATOR },
    { "__floordiv__", SPECIAL_OPERATOR },  { "__rfloordiv__", SPECIAL_OPERATOR },
    { "__mod__", SPECIAL_OPERATOR },       { "__rmod__", SPECIAL_OPERATOR },
    { "__pow__", SPECIAL_OPERATOR },       { "__rpow__", SPECIAL_OPERATOR },
    { "__and__", SPECIAL_OPERATOR },       { "__rand__", SPECIAL_OPERATOR },
    { "__or__", SPECIAL_OPERATOR },        { "__ror__", SPECIAL_OPERATOR },
    { "__xor__", SPECIAL_OPERATOR },       { "__rxor__", SPECIAL_OPERATOR },
    { "__lshift__", SPECIAL_OPERATOR },    { "__rlshift__", SPECIAL_OPERATOR },
    { "__rshift__", SPECIAL_OPERATOR },    { "__rrshift__", SPECIAL_OPERATOR },
    { "__neg__", SPECIAL_OPERATOR },       { "__pos__", SPECIAL_OPERATOR },
    { "__invert__", SPECIAL_OPERATOR },    { "__abs__", SPECIAL_OPERATOR },
    { "__eq__", SPECIAL_OPERATOR },        { "__ne__", SPECIAL_OPERATOR },
    { "__lt__", SPECIAL_OPERATOR },        { "__le__", SPECIAL_OPERATOR },
    { "__gt__", SPECIAL_OPERATOR },        { "__ge__", SPECIAL_OPERATOR },
    { "__contains__", SPECIAL_OPERATOR },  { "__hash__", SPECIAL_OPERATOR },
    { "__iadd__", SPECIAL_AUGMENT },       { "__isub__", SPECIAL_AUGMENT },
    { "__imul__", SPECIAL_AUGMENT },       { "__itruediv__", SPECIAL_AUGMENT },
    { "__ifloordiv__", SPECIAL_AUGMENT },  { "__imod__", SPECIAL_AUGMENT },
    { "__imatmul__", SPECIAL_AUGMENT },    { "__ipow__", SPECIAL_AUGMENT },
    { "__iand__", SPECIAL_AUGMENT },       { "__ior__", SPECIAL_AUGMENT },
    { "__ixor__", SPECIAL_AUGMENT },       { "__ilshift__", SPECIAL_AUGMENT },
    { "__irshift__", SPECIAL_AUGMENT },
    { "__getitem__", SPECIAL_ELEMENT | SPECIAL_ITERATION },
    { "__missing__", SPECIAL_ELEMENT },    { "__setitem__", SPECIAL_STORE },
    { "__delitem__", SPECIAL_STORE },      { "__len__", SPECIAL_TEST | SPECIAL_ITERATION },
    { "__iter__", SPECIAL_ITERATION },     { "__next__", SPECIAL_ITERATION | SPECIAL_STEP },
    { "__reversed__", SPECIAL_ITERATION }, { "__bool__", SPECIAL_TEST },
    { "__int__", SPECIAL_TEST },           { "__float__", SPECIAL_TEST },
    { "__index__", SPECIAL_TEST },         { "__round__", SPECIAL_TEST },
    { "__enter__", SPECIAL_BLOCK },        { "__exit__", SPECIAL_BLOCK },
    { "__aenter__", SPECIAL_BLOCK },       { "__aexit__", SPECIAL_BLOCK },
    { "__repr__", SPECIAL_TEXT },          { "__str__", SPECIAL_TEXT },
    { "__format__", SPECIAL_TEXT },        { "_repr_html_", SPECIAL_TEXT },
    { "_repr_markdown_", SPECIAL_TEXT },   { "_repr_svg_", SPECIAL_TEXT },
    { "_repr_png_", SPECIAL_TEXT },        { "_repr_latex_", SPECIAL_TEXT },
    { "_repr_mimebundle_", SPECIAL_TEXT }, { "__array__", SPECIAL_ITERATION },
    { "__getattr__", SPECIAL_ATTRIBUTE },  { "__getattribute__", SPECIAL_ATTRIBUTE },
    { NULL, 0 },
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
run_one (struct interpreter *in, int id, unsigned uses, const struct set *other)
{
    const struct set *const arguments[] = { set_one (in->arena, id), other }, *all = NULL;
    int class_object = heap_get (in->heap, id)->class_object;
    if (!(heap_get (in->heap, class_object)->specials & uses))
        return NULL;
    for (const struct special *s = specials; s->name; s++) {
        if (!(s->uses & uses) || (s->uses & SPECIAL_STEP && !(uses & SPECIAL_STEP)))
            continue;
        symbol name = symbol_of_str (in->symbols, s->name);
        const struct set *methods = class_member (in, class_object, name);
        if (methods)
            all = set_union (in->arena, all, call_value (in, methods, arguments, 2));
    }
    return all;
}

const struct set *
special_run (struct interpreter *in, const struct set *values, unsigned uses, const struct set *other)
{
    const struct set *all = NULL;
    if (!(in->specials & uses))
        return NULL;
    set_foreach (id, values)
        if (is_instance (in, id))
            all = set_union (in->arena, all, run_one (in, id, uses, other));
    return all;
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

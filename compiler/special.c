/* Special methods: what Python calls without its being named. An operator, len (), a loop, a test, printing run code of
 * the notebook's classes, which reads names and changes things like any other call. See interpreter.h. Specification:
 * Python's reference, "Data model", §3.3 Special method names; IPython's rich display.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/interpreter.h"

#include "base/words.h"
#include "compiler/requirement.h"

#include <string.h>

/* `uses`: a set of enum special_use; `signs`: first characters of the operators that mean it (`in`, `is`, `not` by
 * their letter), NULL for any. Constructors are calls of the class. */
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
    { "_repr_jpeg_", SPECIAL_TEXT, NULL },
    { "_repr_pdf_", SPECIAL_TEXT, NULL },
    { "_repr_latex_", SPECIAL_TEXT, NULL },
    { "_repr_json_", SPECIAL_TEXT, NULL },
    { "_repr_javascript_", SPECIAL_TEXT, NULL },
    { "_repr_mimebundle_", SPECIAL_TEXT, NULL },
    { "_ipython_display_", SPECIAL_TEXT, NULL },
    { "__array__", SPECIAL_ITERATION, NULL },
    { "__getattr__", SPECIAL_ATTRIBUTE, NULL },
    { "__getattribute__", SPECIAL_ATTRIBUTE, NULL },
    { "__copy__", SPECIAL_COPY, NULL },
    { "__deepcopy__", SPECIAL_COPY, NULL },
    { "__reduce__", SPECIAL_COPY, NULL },
    { "__reduce_ex__", SPECIAL_COPY, NULL },
    { "__getstate__", SPECIAL_COPY, NULL },
    { "__setstate__", SPECIAL_COPY, NULL },
    { "__del__", SPECIAL_END, NULL },
    { NULL, 0, NULL },
};

void
special_note (struct interpreter *in, int class_object)
{
    unsigned uses = 0;
    for (const struct special *s = specials; s->name; s++)
        if (class_member (in, class_object, symbol_of_str (in->symbols, s->name)))
            uses |= s->uses;
    in->classes = true;
    uses |= observer_in (in, class_object) ? SPECIAL_OBSERVED : 0;
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

bool
special_has (struct interpreter *in, const struct set *values, unsigned uses)
{
    set_foreach (id, values)
        if (is_instance (in, id) && heap_get (in->heap, heap_get (in->heap, id)->class_object)->specials & uses)
            return true;
    return false;
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
    if (!(in->specials & (SPECIAL_ITERATION | SPECIAL_STEP | SPECIAL_ELEMENT)))
        return elements_of (in, iterable);
    const struct set *given = special_run (in, iterable, SPECIAL_ITERATION | SPECIAL_STEP, NULL);
    set_foreach (id, iterable)
        if (!is_instance (in, id)) /* what a loader gives comes from the data set that it holds */
            special_run (in, heap_reach (in->heap, set_one (in->arena, id)), SPECIAL_ELEMENT | SPECIAL_ITERATION, NULL);
    return set_union (in->arena, elements_of (in, iterable), set_union (in->arena, given, elements_of (in, given)));
}

/* ---- methods that a library calls -------------------------------------------------------------------------------- */

/* What is done with the whole of a value, and not with its elements only, is told by the table for these. */
static bool
calls_methods (struct interpreter *in, const char *path)
{
    static const char *const known[] = { "numpy", "pandas", "matplotlib", "polars", "tqdm", "IPython", NULL };
    const char *top = arena_strndup (in->arena, path, strcspn (path, "."));
    return path[strlen (top)] && !words_have (known, top) && requirement_distribution (in->arena, top);
}

/* On a copy: what they do to the instance itself is told by the call that was written, `pipe.predict (x)` or `pipe.fit
 * (x)`. */
static void
run_methods (struct interpreter *in, int id, int class_object, int depth)
{
    const struct set *const self[] = { heap_copy (in->heap, set_one (in->arena, id), in->site, false) };
    for (size_t i = 0; i < heap_get (in->heap, class_object)->fields.len; i++) {
        struct field f = heap_get (in->heap, class_object)->fields.items[i];
        if (f.name && strncmp (symbol_text (in->symbols, f.name), "__", 2) != 0)
            set_foreach (m, f.value)
                if (heap_get (in->heap, m)->kind == OBJECT_FUNCTION && heap_get (in->heap, m)->binds == BINDS_INSTANCE)
                    call_value (in, set_one (in->arena, m), self, 1);
    }
    set_foreach (base, heap_field (in->heap, class_object, in->s_bases))
        if (heap_get (in->heap, base)->kind == OBJECT_CLASS && depth < 4)
            run_methods (in, id, base, depth + 1);
}

/* Of an instance whose class is derived from a library's: a method that it inherits calls its own. */
static const char *
library_base (struct interpreter *in, int class_object, int depth)
{
    set_foreach (base, heap_field (in->heap, class_object, in->s_bases)) {
        const struct object *o = heap_get (in->heap, base);
        const char *path = o->kind == OBJECT_LIBRARY ? symbol_text (in->symbols, o->type)
                           : o->kind == OBJECT_CLASS && depth < 4 ? library_base (in, base, depth + 1) : "";
        if (*path)
            return path;
    }
    return "";
}

void
special_lend_receiver (struct interpreter *in, int receiver, const struct set *values)
{
    const struct object *o = heap_get (in->heap, receiver);
    const char *path = o->class_object >= 0 ? library_base (in, o->class_object, 0)
                       : o->type ? symbol_text (in->symbols, o->type) : "";
    special_lend (in, path, set_union (in->arena, set_one (in->arena, receiver), values));
}

void
special_lend (struct interpreter *in, const char *path, const struct set *values)
{
    if (!in->classes || in->depth > 3 || !calls_methods (in, path))
        return;
    const struct set *reach = heap_reach (in->heap, values);
    set_foreach (id, reach)
        if (is_instance (in, id) && vec_int_add_once (in->arena, &in->lent, heap_get (in->heap, id)->class_object))
            run_methods (in, id, heap_get (in->heap, id)->class_object, 0);
}

/* Accessors: a class that a library is told to give by a name, @pandas.api.extensions.register_dataframe_accessor
 * ("geo"). From there on `frame.geo` is an instance of it made of the frame, whoever asks: the name stands for the
 * definition. See interpreter.h. Specification: pandas ("Extending pandas", Registering custom accessors), Polars
 * ("Extending the API"), xarray.
 * SPDX-License-Identifier: Apache-2.0 */
#include "compiler/call.h"

static symbol
state_of (struct interpreter *in, symbol name)
{
    return symbol_of_str (in->symbols, arena_printf (in->arena, "%%accessor_%s", symbol_text (in->symbols, name)));
}

const struct set *
accessor_named (struct interpreter *in, const struct set *name)
{
    const char *text = text_of (in, name);
    if (!text)
        return NULL;
    int id = new_value (in);
    heap_get (in->heap, id)->accessor = symbol_of_str (in->symbols, text);
    return set_one (in->arena, id);
}

void
accessor_register (struct interpreter *in, symbol name, const struct set *classes)
{
    vec_int_add_once (in->arena, &in->accessors, name);
    name_bind (in, state_of (in, name), classes);
}

bool
accessor_is (const struct interpreter *in, symbol name)
{
    return vec_int_has (&in->accessors, name);
}

const struct set *
accessor_of (struct interpreter *in, const struct set *values, symbol name)
{
    const struct set *classes = name_read (in, state_of (in, name), NULL);
    return call_value (in, classes, &values, 1);
}

# What pickles call when they are read. Their names are part of the format.
# SPDX-License-Identifier: Apache-2.0


class _Missing(Exception):
    pass


def _load_reference(name, fingerprint, attributes=None):
    """A function or class of the notebook: the replicated one, or else the one that the writer sent along. `attributes`:
    what the class and its bases kept there (_plain_attributes)."""
    obj = _resolve(name)
    if obj is not None and _fingerprint(obj) == fingerprint:
        if attributes:
            _set_attributes(obj, attributes)
        return obj
    first, _, rest = name.partition(".")
    made = _space.fallback.get((first, None))
    if made is None:
        raise _Missing("the notebook's definition of %s isn't there" % name)
    obj = made()
    for part in rest.split(".") if rest else ():
        obj = getattr(obj, part)
    return obj


def _set_attributes(cls, attributes):
    for c in cls.__mro__:
        own = attributes.get(c.__qualname__, {}) if c.__module__ == "__main__" else {}
        for key, value in own.items():
            if key not in c.__dict__ or c.__dict__[key] != value or type(c.__dict__[key]) is not type(value):
                try:
                    setattr(c, key, value)
                except (AttributeError, TypeError):
                    pass


def _make_cell():
    return types.CellType()


def _set_cell(cell, state):
    if state:
        cell.cell_contents = state[0]


def _make_function(code, name, scope, closure):
    if scope is None:
        scope = _space.ns
    elif isinstance(scope, str):
        scope = _import_module(scope).__dict__
    return types.FunctionType(marshal.loads(code), scope, name, None, closure)


def _set_function(function, state):
    for key, value in state.items():
        if key == "__dict__":
            function.__dict__.update(value)
        elif key == "needs":
            _space.wanted.update(value)
        else:
            try:
                setattr(function, key, value)
            except (AttributeError, TypeError):
                pass


def _import_module(name):
    if name == "__main__":
        return _space.module
    if name not in sys.modules:
        __import__(name)
    return sys.modules[name]


_class_ids = weakref.WeakKeyDictionary()      # class -> id that it travels under
_classes = weakref.WeakValueDictionary()      # id -> class


def _track_class(cls, key):
    try:
        known = _classes.get(key)
        if known is not None:
            return known
        _classes[key] = cls
        _class_ids[cls] = key
    except TypeError:
        pass
    return cls


def _make_class(metaclass, name, bases, attributes, key):
    known = _classes.get(key)
    if known is not None:
        return known
    namespace = metaclass.__prepare__(name, bases)
    namespace.update(attributes)
    with _Unheard(bases):
        return _track_class(_builtin_new(metaclass)(metaclass, name, bases, namespace), key)


def _builtin_new(metaclass):
    """What makes a class without the notebook's metaclass being asked, which has heard of it where it was defined."""
    for base in metaclass.__mro__:
        if "__new__" in base.__dict__ and base.__module__ != "__main__":
            return base.__new__
    return type.__new__


class _Unheard:
    """Meanwhile no base of the notebook hears of classes derived from it: they were, where they were defined."""

    def __init__(self, bases):
        self.hooks = {c: c.__dict__["__init_subclass__"] for base in bases for c in base.__mro__
                      if c.__module__ == "__main__" and "__init_subclass__" in c.__dict__}

    def __enter__(self):
        for base in self.hooks:
            base.__init_subclass__ = classmethod(lambda cls, **options: None)

    def __exit__(self, *error):
        for base, hook in self.hooks.items():
            setattr(base, "__init_subclass__", hook)


def _make_enum(metaclass, name, bases, members, attributes, key):
    known = _classes.get(key)
    if known is not None:
        return known
    body = metaclass.__prepare__(name, bases)
    for k, v in attributes.items():
        body[k] = v
    for k, v in members:
        body[k] = v
    return _track_class(metaclass.__new__(metaclass, name, bases, body), key)


def _set_enum(cls, state):
    members, functions = state
    for name, function in functions.items():
        if name not in cls.__dict__:
            type.__setattr__(cls, name, function)
    for name, attributes in members.items():
        cls.__members__[name].__dict__.update(attributes)


def _set_class(cls, state):
    if cls.__dict__.get("_chard_filled", None) is True:
        return
    registry = state.pop("_abc_registry", ())
    for key, value in state.items():
        try:
            setattr(cls, key, value)
        except (AttributeError, TypeError):
            pass
    for sub in registry:
        cls.register(sub)


def _set_state(obj, state):
    """As pickle does for objects without __setstate__."""
    attributes, slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if attributes:
        object.__getattribute__(obj, "__dict__").update(attributes)
    for name, value in (slots or {}).items():
        object.__setattr__(obj, name, value)


def _set_observed(obj, state):
    obj.__setstate__(state[0])
    for handler, name, kind in state[1]:
        obj._add_notifiers(handler, name, kind)


def _make_attribute(module, name):
    return getattr(_import_module(module), name)


def _make_lru(parameters, function):
    import functools
    return functools.lru_cache(**parameters)(function)


def _make_typevar(kind, name, arguments, keywords):
    import typing
    return getattr(typing, kind)(name, *arguments, **keywords)


def _make_view(base, dtype, shape, offset, strides, writable):
    import numpy
    view = numpy.ndarray(shape, dtype, base, offset, strides)
    if not writable:
        view.flags.writeable = False
    return view


def _make_subview(kind, base, dtype, shape, offset, strides, writable):
    import numpy
    view = numpy.ndarray.__new__(kind, shape, dtype, base, offset, strides)
    if not writable:
        view.flags.writeable = False
    return view


def _make_subarray(kind, array):
    return array.view(kind)


def _make_masked(kind, data, mask, state):
    import numpy
    array = (_make_view(*data) if type(data) is tuple else data).view(kind)
    array._mask = numpy.ma.nomask if mask is None else mask
    for name, value in state.items():
        setattr(array, name, value)
    return array


def _make_object_view(base, shape, offset, strides):
    import numpy
    return numpy.lib.stride_tricks.as_strided(base[offset // base.itemsize:], shape, strides)


def _make_times(memory, dtype, shape, order):
    import numpy
    return numpy.frombuffer(memory, dtype).reshape(shape, order=order)


class _Count:
    """Stands in a pickle for pandas' count of the blocks that share memory."""
    refs = None

    def __reduce__(self):
        return _Count, ()


    def join(self, block):
        if self.refs is None:
            self.refs = block.refs
        else:
            block.refs = self.refs
            self.refs.add_reference(block)


def _make_block(function, arguments, count):
    block = function(*arguments)
    count.join(block)
    return block


def _set_manager(manager, state):
    manager.__setstate__(state[0])
    state[1].join(manager.blocks[0])


_referred = []     # what only weak references mean here: where they were made, names hold it


def _make_weak(kind, items):
    _referred.append(items)
    made = getattr(weakref, kind)()
    for item in items:
        if kind == "WeakSet":
            made.add(item)
        else:
            made[item[0]] = item[1]
    return made


def _make_ref(target):
    _referred.append(target)
    return weakref.ref(target)


def _std_stream(name):
    return getattr(sys, name)

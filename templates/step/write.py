# Pickling. One Writer per group of names.
# SPDX-License-Identifier: Apache-2.0


def _used_globals(code, names=None):
    names = set() if names is None else names
    names.update(code.co_names)
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            _used_globals(const, names)
    return names


def _is_module_attribute(obj, module, qualname):
    """True if plain pickling by reference finds this very object."""
    found = sys.modules.get(module)
    if found is None or module == "__main__" or not qualname or "<" in qualname:
        return False
    for part in qualname.split("."):
        found = getattr(found, part, None)
    return found is obj


class _Chunks(list):
    """A file that keeps what is written as it is: large bytes objects aren't copied."""
    write = list.append

    def size(self):
        return sum(map(len, self))


class Writer(pickle.Pickler):
    def __init__(self, by_value=None, regions=None):
        self.chunks, self.buffers = _Chunks(), []
        super().__init__(self.chunks, 5, buffer_callback=self.on_buffer)
        self.by_value = by_value    # a definition that is itself to be sent
        self.references = {}        # definitions referred to
        self.arrays = []            # numpy arrays met, to find memory that is shared
        self.private = []           # arrays whose sharing is the library's own affair
        self.regions = regions      # memory that several arrays share, as _find_regions gives it
        self.counts = {}            # pandas' counts of shared blocks: id -> what stands for it
        self.keep = []              # what must live as long as the memo
        self.table_ = None

    @property
    def table(self):
        """{id: (number, object)} of all that the pickle holds but plain numbers and constants."""
        if self.table_ is None:
            self.table_ = self.memo.copy()
        return self.table_

    def count(self, refs):
        if id(refs) not in self.counts:
            self.counts[id(refs)] = _Count()
            self.keep.append(refs)
        return self.counts[id(refs)]

    def on_buffer(self, buffer):
        raw = buffer.raw()
        if raw.nbytes < IN_BAND:
            return True
        self.buffers.append(raw)
        return False

    def reducer_override(self, obj):
        kind = type(obj)
        try:
            reduce = _kinds[kind]
        except KeyError:
            reduce = _kinds[kind] = _find_reducer(kind)
        except TypeError:
            reduce = _find_reducer(kind)
        return reduce(self, obj) if reduce else NotImplemented

    def reference(self, obj):
        """By reference, if it is a definition that readers have; else None."""
        qualname = getattr(obj, "__qualname__", None)
        if not isinstance(qualname, str) or "<" in qualname or obj is self.by_value:
            return None
        first = qualname.partition(".")[0]
        if first not in _space.definitions or _resolve(qualname) is not obj:
            return None
        root = _space.ns[first]
        if root is self.by_value:
            return None
        self.references[first] = root
        attributes = _plain_attributes(obj) if isinstance(obj, type) else None
        return _load_reference, (qualname, _fingerprint(obj), attributes) if attributes else (qualname, _fingerprint(obj))


def _reduce_function(w, f):
    scope = f.__globals__
    if scope is not _space.ns and _is_module_attribute(f, f.__module__, f.__qualname__):
        return NotImplemented
    reference = w.reference(f)
    if reference:
        return reference
    try:
        code = marshal.dumps(f.__code__, 2)
    except ValueError:
        code = marshal.dumps(f.__code__)
    used = _used_globals(f.__code__)
    state = {"__qualname__": f.__qualname__, "__module__": f.__module__, "__doc__": f.__doc__}
    if f.__defaults__:
        state["__defaults__"] = f.__defaults__
    if f.__kwdefaults__:
        state["__kwdefaults__"] = f.__kwdefaults__
    if f.__dict__:
        state["__dict__"] = dict(f.__dict__)
    annotate = getattr(f, "__annotate__", None)
    if annotate is not None:
        state["__annotate__"] = annotate
    elif not hasattr(f, "__annotate__") and f.__annotations__:
        state["__annotations__"] = f.__annotations__
    if getattr(f, "__type_params__", ()):
        state["__type_params__"] = f.__type_params__
    if scope is _space.ns:
        where = None
        needs = {n: scope[n] for n in sorted(used) if n in scope and _is_code(scope[n])}
        if needs:
            state["needs"] = needs
    else:
        module = sys.modules.get(scope.get("__name__"))
        if module is not None and module.__dict__ is scope:
            where = module.__name__
        else:
            where = {n: scope[n] for n in sorted(used) if n in scope}
            where["__name__"] = scope.get("__name__", "")
            w.keep.append(where)
    w.keep.append(state)
    return _make_function, (code, f.__name__, where, f.__closure__), state, None, None, _set_function


def _is_code(value):
    """True for what a function may use of the notebook without its being data: modules, functions, classes."""
    if isinstance(value, types.ModuleType):
        return _is_importable(value)
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType, type)):
        return True
    return callable(value) and hasattr(value, "__wrapped__")     # a dict with __getattr__ may raise KeyError


def _is_importable(module):
    name = module.__name__
    return sys.modules.get(name) is module and (getattr(module, "__spec__", None) is not None or name == "__main__")


def _reduce_module(w, module):
    if module.__name__ in ("__main__", "_chard_step"):
        return _import_module, (module.__name__,)
    if not _is_importable(module):
        raise pickle.PicklingError("module %s was made at run time: no import finds it" % module.__name__)
    return _import_module, (module.__name__,)


def _reduce_cell(w, cell):
    try:
        state = (cell.cell_contents,)
    except ValueError:
        state = ()
    # An empty state would not be set at all, and that is right.
    return (_make_cell, (), state, None, None, _set_cell) if state else (_make_cell, ())


def _class_key(cls):
    key = _class_ids.get(cls)
    if key is None:
        _space.class_count += 1
        key = "%s/%s/%d" % (_space.step, cls.__qualname__, _space.class_count)
        _class_ids[cls] = key
        _classes[key] = cls
    return key


_plain_types = {type(None): "NoneType", type(NotImplemented): "NotImplementedType", type(...): "ellipsis"}


def _reduce_class(w, cls):
    if cls in _plain_types or _is_module_attribute(cls, cls.__module__, cls.__qualname__):
        return NotImplemented
    if cls.__module__ == "builtins":
        for name in types.__all__:      # "method" and its like are no names of builtins
            if getattr(types, name) is cls:
                return _make_attribute, ("types", name)
        return NotImplemented
    reference = w.reference(cls)
    if reference:
        return reference
    state = {}
    for key, value in cls.__dict__.items():
        if key in ("__dict__", "__weakref__", "_abc_impl", "__slots__", "__firstlineno__", "__static_attributes__",
                   "__annotate_func__", "__annotations_cache__"):
            continue
        if isinstance(value, (types.GetSetDescriptorType, types.MemberDescriptorType)):
            continue
        state[key] = value
    annotate = cls.__dict__.get("__annotate_func__")
    if annotate is not None:
        state["__annotate__"] = annotate
    attributes = {"__module__": cls.__module__, "__qualname__": cls.__qualname__}
    for name in ("__slots__", "__orig_bases__"):
        if name in cls.__dict__:
            attributes[name] = cls.__dict__[name]
    if "_abc_impl" in cls.__dict__:
        import _abc
        state["_abc_registry"] = [r() for r in _abc._get_dump(cls)[0] if r() is not None]
    enum = sys.modules.get("enum")
    key = _class_key(cls)
    w.keep += [state, attributes]
    if enum and issubclass(type(cls), enum.EnumMeta):
        members = [(n, m._value_) for n, m in cls.__members__.items()]
        names = set(cls.__members__)
        functions = {k: v for k, v in state.items() if k not in names and not k.startswith("_")}
        functions.update({k: state[k] for k in ("__doc__", "__str__", "__repr__", "__format__", "_missing_") if k in state
                          and isinstance(state[k], (str, types.FunctionType, classmethod))
                          and getattr(state[k], "__module__", "__main__") != "enum"})
        attributes.update(functions)
        kept = {n: _member_state(m) for n, m in cls.__members__.items() if _member_state(m)}
        rest = {k: v for k, v in state.items() if isinstance(v, _OF_CLASSES) and k not in attributes
                and getattr(v, "__module__", None) != "enum"}
        w.keep += [members, functions, kept, rest, (kept, rest)]
        return (_make_enum, (type(cls), cls.__name__, cls.__bases__, members, attributes, key), w.keep[-1], None, None,
                _set_enum)
    return _make_class, (type(cls), cls.__name__, cls.__bases__, attributes, key), state, None, None, _set_class


_OF_CLASSES = types.FunctionType, classmethod, staticmethod, property


def _member_state(member):
    """What was set on a member of an enum, by its class's __init__ or later."""
    return {k: v for k, v in member.__dict__.items() if k not in ("_value_", "_name_", "_sort_order_", "__objclass__")}


def _reduce_property(w, p):
    return property, (p.fget, p.fset, p.fdel, p.__doc__)


def _reduce_classmethod(w, m):
    return type(m), (m.__func__,)


def _reduce_method(w, m):
    return types.MethodType, (m.__func__, m.__self__)


def _reduce_mappingproxy(w, p):
    inner = [d for d in gc.get_referents(p) if isinstance(d, dict)]
    return types.MappingProxyType, (inner[0] if inner else dict(p),)


def _reduce_code(w, code):
    return marshal.loads, (marshal.dumps(code),)


def _reduce_lru(w, f):
    if _is_module_attribute(f, f.__module__, getattr(f, "__qualname__", "")):
        return NotImplemented
    reference = w.reference(f)
    if reference:
        return reference
    info = f.cache_parameters() if hasattr(f, "cache_parameters") else {"maxsize": f.cache_info().maxsize}
    return _make_lru, (info, f.__wrapped__)


def _reduce_typevar(w, t):
    if _is_module_attribute(t, t.__module__, t.__name__):
        return NotImplemented
    keywords = {k: v for k, v in (("bound", getattr(t, "__bound__", None)), ("covariant", t.__covariant__),
                                  ("contravariant", t.__contravariant__)) if v}
    return _make_typevar, (type(t).__name__, t.__name__, getattr(t, "__constraints__", ()), keywords)


def _reduce_sentinel(w, obj):
    module = sys.modules["dataclasses"]
    for name in ("MISSING", "KW_ONLY", "_FIELD", "_FIELD_CLASSVAR", "_FIELD_INITVAR", "_HAS_DEFAULT_FACTORY"):
        if getattr(module, name, None) is obj:
            return _make_attribute, ("dataclasses", name)
    return NotImplemented


def _reduce_asking(w, obj):
    """An instance whose class answers for any attribute: made anew it has none yet, and must not be asked for __setstate__."""
    reduced = obj.__reduce_ex__(5)
    if not isinstance(reduced, tuple) or len(reduced) > 5 or len(reduced) < 3 or reduced[2] is None:
        return reduced
    w.keep.append(reduced)
    return reduced + (None,) * (5 - len(reduced)) + (_set_state,)


def _reduce_weak(w, obj):
    kind = type(obj).__name__
    items = list(obj) if kind == "WeakSet" else list(obj.items())
    w.keep.append(items)
    return _make_weak, (kind, items)


def _reduce_ref(w, ref):
    target = ref()
    return (_make_ref, (target,)) if target is not None and type(ref) is weakref.ref and not ref.__callback__ else NotImplemented


def _is_own(function):
    """A function of the notebook's, or a method of a value of its: not one of a library's."""
    if getattr(function, "__self__", None) is not None:
        return type(function.__self__).__module__ in ("__main__", "builtins", "collections")
    return getattr(function, "__globals__", None) is _space.ns


def _reduce_observed(w, obj):
    """An object with traits (traitlets, widgets) forgets who observes it when it is pickled: they are sent along. What its class
    says is there again by itself."""
    own = sys.modules["traitlets.traitlets"].EventHandler
    told = [(handler, name, kind) for name, kinds in obj._trait_notifiers.items() for kind, handlers in kinds.items()
            for handler in handlers if not isinstance(handler, own)]
    reduced = obj.__reduce_ex__(5) if told else None
    if not isinstance(reduced, tuple) or len(reduced) < 3 or any(part is not None for part in reduced[3:]):
        return NotImplemented
    state = reduced[2], told
    w.keep += [state, reduced]
    return reduced[0], reduced[1], state, None, None, _set_observed


def _reduce_callbacks(w, registry):
    """Matplotlib's table of who is called when something happens to a figure or to axes: it forgets those of the notebook."""
    own = {signal: {cid: f() for cid, f in told.items() if _is_own(f())} for signal, told in registry.callbacks.items()}
    if not any(own.values()):
        return NotImplemented
    function, arguments, state = registry.__reduce_ex__(5)[:3]
    state = dict(state, callbacks={signal: {**told, **own[signal]} for signal, told in state["callbacks"].items()})
    w.keep.append(state)
    return function, arguments, state


def _reduce_stream(w, stream):
    return _std_stream, (stream.name_,)


def _reduce_shell(w, shell):
    return get_ipython, ()


def _check_map(array):
    """What is written into a file that is mapped (np.memmap) reaches the file; into a copy of it, it would not."""
    if array._mmap is not None and array.mode not in ("r", "c"):
        raise pickle.PicklingError("it shows the memory of %s, which is written with it: a copy would not be" % array.filename)


def _lender(array):
    """The bytearray or array.array whose memory a numpy array only shows (np.frombuffer), or None."""
    owner = array.base
    while owner is not None and type(owner) is not bytearray and (type(owner).__module__, type(owner).__name__) != ("array", "array"):
        if type(owner).__name__ == "memmap":
            _check_map(owner)
        owner = owner.obj if type(owner) is memoryview else getattr(owner, "base", None)
    return owner


def _view_arguments(w, array):
    """What makes it as a view of memory that goes by itself: a bytearray's, or what several arrays share. None: of its own."""
    lender = _lender(array) if array.base is not None else None
    if lender is not None:
        memory, start = lender, array.__array_interface__["data"][0] - _address(memoryview(lender))
    else:
        w.arrays.append(array)
        memory, start = w.regions.get(id(array)) or (None, 0) if w.regions else (None, 0)
    return None if memory is None else (memory, array.dtype, array.shape, start, array.strides, array.flags.writeable)


def _reduce_subarray(w, array):
    """Arrays of other classes (np.matrix, np.recarray, np.memmap, the notebook's): they may be views of others too."""
    if type(array).__name__ == "memmap":
        _check_map(array)
    kind, view = type(array), None if array.dtype.hasobject else _view_arguments(w, array)
    own = dict(vars(array)) if kind.__module__ == "__main__" else {}     # which numpy forgets
    if not view and not own:
        return NotImplemented
    made = (_make_subview, (kind, *view)) if view else (_make_subarray, (kind, sys.modules["numpy"].array(array)))
    w.keep += [made, own]
    return (*made, own, None, None, _set_state) if own else made


def _reduce_masked(w, array):
    """numpy.ma: its data and its mask may each be views of others."""
    mask = array._mask if array._mask is not sys.modules["numpy"].ma.nomask else None
    view, of_mask = _view_arguments(w, array), mask is not None and _view_arguments(w, mask)
    if array.dtype.hasobject or not (view or of_mask):
        return NotImplemented
    state = {n: getattr(array, n) for n in ("_fill_value", "_hardmask", "_sharedmask")}
    data = view or array.data.copy()
    w.keep += [data, state]
    return _make_masked, (type(array), data, mask, state)


def _reduce_array(w, array):
    """Plain numpy arrays. Memory that several arrays share goes once, and they as views of it."""
    view = _view_arguments(w, array)
    if array.dtype.hasobject:
        return (_make_object_view, (view[0], array.shape, view[3], array.strides)) if view else NotImplemented
    if view:
        return _make_view, view
    if array.nbytes < IN_BAND:
        return NotImplemented
    if not (array.flags.c_contiguous or array.flags.f_contiguous):
        return _of_contiguous(array)
    if array.dtype.kind in "mM":
        return _reduce_times(array)
    return NotImplemented


def _of_contiguous(array):
    """numpy would copy it into the pickle; its copy, which is the same when read, stays outside."""
    copy = array.copy(order="C")
    return _reduce_times(copy) if copy.dtype.kind in "mM" else copy.__reduce_ex__(5)


def _reduce_times(array):
    """Times aren't known to the buffer protocol, so numpy copies them into the pickle. Whole numbers of 8 bytes are."""
    order = "C" if array.flags.c_contiguous else "F"
    whole = array.view("i8") if order == "C" else array.T.view("i8")
    return _make_times, (pickle.PickleBuffer(whole), array.dtype, array.shape, order)


def _reduce_pandas_block(w, block):
    """pandas keeps count of the blocks that share memory, and copies on write: readers must count the same."""
    refs = getattr(block, "refs", None)
    if refs is None or not refs.has_reference():
        return NotImplemented
    reduced = block.__reduce__()
    if not isinstance(reduced, tuple) or len(reduced) != 2:
        return NotImplemented
    return _make_block, (reduced[0], reduced[1], w.count(refs))


def _reduce_pandas_manager(w, manager):
    """What a Series holds: pickles its only block by itself."""
    refs = getattr(manager.blocks[0], "refs", None)
    if refs is None or not refs.has_reference():
        return NotImplemented
    reduced = manager.__reduce_ex__(5)
    if len(reduced) < 3 or any(part is not None for part in reduced[3:]) or not hasattr(manager, "__setstate__"):
        return NotImplemented
    state = reduced[2], w.count(refs)
    w.keep.append(state)
    return reduced[0], reduced[1], state, None, None, _set_manager


def _reduce_pandas_index(w, index):
    """An index never changes: its memory is its own, whatever column it was made from."""
    data = getattr(index, "_data", None) # a MultiIndex has none: it is made of others
    for owner in (data, getattr(data, "_ndarray", None)):
        if owner is not None:
            w.private.append(owner)
    return NotImplemented


_kinds = {
    types.FunctionType: _reduce_function, types.ModuleType: _reduce_module, types.CellType: _reduce_cell,
    property: _reduce_property, classmethod: _reduce_classmethod, staticmethod: _reduce_classmethod,
    types.MethodType: _reduce_method, types.MappingProxyType: _reduce_mappingproxy, types.CodeType: _reduce_code,
    weakref.WeakKeyDictionary: _reduce_weak, weakref.WeakValueDictionary: _reduce_weak, weakref.WeakSet: _reduce_weak,
    weakref.ref: _reduce_ref,
}


def _find_reducer(kind):
    module, name = kind.__module__, kind.__name__
    if issubclass(kind, type):
        return _reduce_class
    if module == "numpy" and name == "ndarray":
        return _reduce_array
    numpy = sys.modules.get("numpy")
    ndarray = getattr(numpy, "ndarray", None)       # not there yet, where numpy is still being imported
    if ndarray and issubclass(kind, ndarray) and kind.__reduce__ is ndarray.__reduce__ and not module.startswith("pandas"):
        return _reduce_subarray
    if (module, name) in (("numpy.ma", "MaskedArray"), ("numpy.ma.core", "MaskedArray")):
        return _reduce_masked
    if module == "functools" and name == "_lru_cache_wrapper":
        return _reduce_lru
    if module == "typing" and name in ("TypeVar", "ParamSpec"):
        return _reduce_typevar
    if module == "dataclasses" and name in ("_FIELD_BASE", "_MISSING_TYPE", "_KW_ONLY_TYPE",
                                            "_HAS_DEFAULT_FACTORY_CLASS"):
        return _reduce_sentinel
    if module == "pandas.core.internals.blocks":
        return _reduce_pandas_block
    if module == "pandas.core.internals.managers" and name == "SingleBlockManager":
        return _reduce_pandas_manager
    if module.startswith("pandas.core.indexes.") and name.endswith("Index"):
        return _reduce_pandas_index
    if (module, name) in _matrices:
        return _reduce_matrix
    if issubclass(kind, types.ModuleType):
        return _reduce_module
    if module == "matplotlib.cbook" and name == "CallbackRegistry":
        return _reduce_callbacks
    if hasattr(kind, "_add_notifiers") and "traitlets.traitlets" in sys.modules:
        return _reduce_observed
    if kind is Stream:
        return _reduce_stream
    if kind is Shell:
        return _reduce_shell
    if hasattr(kind, "__getattr__") and not hasattr(kind, "__setstate__") and kind.__reduce__ is object.__reduce__:
        return _reduce_asking
    return None

#!/usr/bin/env python3
"""Runs one step of a notebook's pipeline: here, in Kubeflow Pipelines and in Argo alike. Python >= 3.8, no packages.
Started by engine/ (zygote.c, isolated.c), by emitted containers and by `chard verify`.

    step.py run SPEC                 one step in this process
    step.py pod OPTIONS              one step in a pod of KFP or Argo
    step.py zygote --preload a,b     imports a and b, then forks a process per step; JSON lines on descriptor 3
    step.py straight SPEC            all cells in one namespace, with the values seen at checkpoints
    step.py compare SPEC             two straight runs against the pipeline's results; prints JSON

SPEC (run; straight has the first line and `segments`, `parameters`, `metrics`, `env`, `checkpoints` of it):
    {"version": 1, "step": "train", "notebook": "train.ipynb", "cwd": "/abs", "result": "/abs/result/dir",
     "segments":   [{"cell": 7, "line": 1, "source": "...", "replicated": false, "original": "optional: as written",
                     "notebook": "other/prepare.ipynb, if the cell is of another notebook; from cwd"}],
     "path": ["other"],                                   # folders of modules besides cwd; may be left out
     "inputs":     [{"name": "x", "from": "/abs/producer/result", "optional": false, "mutated": false}],
     "parameters": {"N": 5}, "outputs": [{"name": "y", "kind": "data", "optional": false}],
     "metrics": ["acc"], "definitions": ["f", "Net"], "env": {"NAME": "value"},
     "log_limit": 67108864, "fsync": false}                                        # the last line may be left out
Order within a step: env, cwd; parameters; leading replicated segments; parameters again; inputs; the other segments in
the order given. A replicated segment shows nothing. Definitions that are outputs of kind "data" travel by value.

Where notebooks are composed, a cell runs in its own notebook's folder, and every "cell" in what is written below has
"notebook" beside it if it is of another notebook than "notebook" says.

Hidden library state crosses steps like a value, under a name that no variable can have: as input and output
    %random  %numpy.random  %torch  %environ  %cwd  %pandas.options  %matplotlib.rcParams  %numpy.printoptions
    %decimal  %warnings  %locale
(an output whose library was never imported is left "unbound"; an input that is unbound changes nothing).

RESULT directory (made beside its place as RESULT.tmp-PID, renamed into place when whole; an older one is replaced):
    values.bin    pickles and their out-of-band buffers (those of >= 16 KiB, each at a multiple of 4096; the rest in band)
    values.json   {"version": 1, "step": "train", "python": "3.11",
                   "groups": [{"names": ["d", "w"], "pickle": [offset, length], "buffers": [[offset, length], ...],
                               "sha256": hex, "algorithm": "sha256"}],
                   "values": {"x": {"type", "cell"?, "shape"?, "columns"?, "dtypes"?, "length"?, "bytes"?, "head"?}},
                   "unbound": ["extra"], "definitions": {"Net": {"pickle": [offset, length]}},
                   "extras": {"x": sha256 of the group that x came in}}
                  One name: the group's pickle is that value. More: a tuple of the values in the order of `names`.
                  "algorithm" "sha256": sha256 is SHA-256 over the pickle, then the buffers in order. "sha256-gmac" (groups
                  with >= 8 MiB of buffers, where libcrypto is reachable): each buffer is replaced by its 16-byte AES-128-GMAC
                  tag under key "chard.hand-over." and IV "values.bin.1", as additional data. It is not there to keep out an
                  enemy but to tell contents apart, at 8 GB/s where SHA-256 does 2.
                  "definitions": by-value pickles of definitions that values refer to, for readers that lack them.
                  "extras": inputs of this step that are part of an output, and so lie in its group: a reader that has
                  the same input from the same producer takes it from here, so that it stays the same object.
    outputs.ipynb the step's own cells as executed (nbformat 4.5; cell.metadata.chard = {"cell": 7, "seconds": 0.1})
    metrics.json  {"acc": 0.93}
    result.json   {"status": "ok"|"error", "error": {"type", "message", "cell", "line", "traceback", "hint"?,
                   "frames": [{"cell", "line", "function"}]}, "seconds", "peak_rss" (KiB),
                   "mutated": [{"name": "x", "cell": 7 or null}], "notes": ["..."], "cells": [{"cell", "seconds"}]}
                  On an error there are outputs.ipynb and result.json only.
Exit status: 0 ok, 1 the code raised (or was ended by SIGTERM), 2 an output can't be pickled, 3 the environment.

POD: --spec TEXT (several are joined) or --spec-file PATH: as above without cwd, result and "from", but with
    "inputs":     [{"name", "artifact": key of --in, ...}]           a directory with values.json and values.bin
    "outputs":    [{"name", "artifact"?: key of --out, ...}]         likewise: only the group of that name
    "parameters": {"N": {"type": "int", "default": 5, "key"?: name outside, "json"?: a str is JSON}}
    "files":      {"in": [{"path", "artifact", "inside"?: folder in it}], "out": likewise}
                                                                     a directory with `content`, if the file was there
    "artifacts":  {"metrics"?, "report"?, "result"?: key of --out}   JSON; a page of HTML; the whole RESULT directory
--in KEY PATH, --out KEY PATH: where they lie. Parameters: --executor-input JSON (KFP's ExecutorInput; metadata of the
outputs are written to its outputFile), or --parameters PATH (Argo's workflow.parameters.json). The working directory
is the notebook's.

ZYGOTE, on descriptor 3: {"id": 1, "spec": PATH, "log": PATH} -> {"id": 1, "pid": 123}, then {"id": 1, "exit": 0} or
{"id": 1, "signal": 9}, with "max_rss" (KiB), "user", "system" (seconds). {"cancel": 1}: SIGTERM to the step's process
group, SIGKILL after 3 s. End of file: all that it ever started is killed, and it exits.

STRAIGHT: "checkpoints": [{"before_segment": 3, "step": "train", "names": ["x"]}] (before_segment may be the number of
segments: the end). Result directory: outputs.ipynb, result.json, metrics.json as above, and checkpoints.json:
{"checkpoints": [{"step", "names", "result": "checkpoints/0", "places": {"x": {"cell": 7}}, "missing": {"t": "why"}}]}; each
checkpoints/N holds values.bin and values.json. Names that were unbound are in its "unbound".

COMPARE: {"version": 1, "straight": [DIR, DIR], "steps": [{"step": "train", "result": DIR}], "cwd": "/abs",
"notebook": "train.ipynb"} -> {"differences": [{"step", "name", "path", "straight", "pipeline"}],
"nondeterministic": [{"step", "name", "cell", "path"}], "compared": N, "outputs": [{"cell", "step", "straight",
"pipeline"}], "nondeterministic_outputs": [{"cell", "step"}], "skipped": [{"step", "name", "why"}],
"copies": [{"step", "name", "path"}]}. Copies are what was one object in the notebook and arrives as two: it came from
different steps, and nothing changes it from then on (if something did, its value would differ). Exit status 0 if
it could be done, whatever it found.

SPDX-License-Identifier: Apache-2.0
"""
import ast
import builtins
import copyreg
import gc
import io
import json
import linecache
import marshal
import mmap
import os
import pickle
import re
import signal
import sys
import time
import types
import weakref

# Its classes must be found again by whoever unpickles them, and `__main__` belongs to the notebook.
_STARTED = __name__ == "__main__"
_HARNESS = sys.modules[__name__]
sys.modules["_chard_step"] = _HARNESS
__name__ = "_chard_step"
_FILE = (lambda: 0).__code__.co_filename

PAGE = 4096
IN_BAND = 16 << 10          # smaller buffers are copied into the pickle
FAST_DIGEST = 8 << 20       # from here on buffers are told apart by GMAC
STREAM_LIMIT = 1 << 20      # characters of one cell's stream kept in the notebook
DISPLAY_LIMIT = 32 << 20    # characters of one cell's displays
LOG_LIMIT = 64 << 20        # bytes of a step's log, if it is a file
CHECK_LIMIT = 8 << 20       # pickles larger than this aren't looked through for undeclared changes
GRACE = 3.0                 # seconds between SIGTERM and SIGKILL


class Environment(Exception):
    """Something around the step is missing or broken: exit status 3."""


class Unserializable(Exception):
    """An output can't be pickled: exit status 2."""

    def __init__(self, message, name=None, cell=None, hint=None):
        super().__init__(message)
        self.name, self.cell, self.hint = name, cell, hint


class Canceled(BaseException):
    """SIGTERM came: the step is to end."""


# ---------------------------------------------------------------------------------------------------------------------
# The notebook's namespace. Pickles refer to what lives in it; there is one per process.


class Space:
    """The module __main__ of the step, and what pickling must know about it."""

    def __init__(self, step="", definitions=()):
        self.step = step
        self.module = types.ModuleType("__main__")
        self.ns = self.module.__dict__
        self.ns["__builtins__"] = builtins
        self.definitions = set(definitions)
        self.fallback = {}      # definition name -> function that makes it from its by-value pickle
        self.wanted = {}        # globals that functions handed over by value use
        self.class_count = 0


_space = Space()


def _enter_space(space):
    global _space
    _space = space
    sys.modules["__main__"] = space.module
    return space


def _resolve(name, ns=None):
    """The object that a dotted name means in the namespace; None if it doesn't."""
    first, _, rest = name.partition(".")
    obj = (_space.ns if ns is None else ns).get(first)
    for part in rest.split(".") if rest else ():
        obj = getattr(obj, part, None)
    return obj


def _code_print(code, out):
    """Adds to `out` what makes a code object what it is: not its file, lines or the order of sets."""
    out += [code.co_code, code.co_names, code.co_varnames, code.co_freevars, code.co_argcount, code.co_flags]
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            _code_print(const, out)
        else:
            out.append(sorted(map(repr, const)) if isinstance(const, frozenset) else repr(const))


def _fingerprint(obj):
    """A short text that two definitions from the same source share: a reader whose name means another one is found out."""
    import hashlib
    out, seen = [], set()

    def walk(o):
        while hasattr(o, "__wrapped__") and id(o) not in seen:
            seen.add(id(o))
            o = o.__wrapped__
        if id(o) in seen:
            return
        seen.add(id(o))
        o = getattr(o, "__func__", o)
        if isinstance(o, types.FunctionType):
            _code_print(o.__code__, out)
        elif isinstance(o, property):
            for f in (o.fget, o.fset, o.fdel):
                walk(f)
        elif isinstance(o, type):
            out.append([b.__qualname__ for b in o.__bases__])
            for key in sorted(map(str, o.__dict__)):
                value = o.__dict__.get(key)
                if isinstance(value, (types.FunctionType, classmethod, staticmethod, property)):
                    out.append(key)
                    walk(value)
    walk(obj)
    return hashlib.sha256(repr(out).encode("utf-8", "backslashreplace")).hexdigest()[:16]


# ---------------------------------------------------------------------------------------------------------------------
# What pickles call when they are read. Their names are part of the format.


class _Missing(Exception):
    pass


def _load_reference(name, fingerprint):
    """A function or class of the notebook: the replicated one, or else the one that the writer sent along."""
    obj = _resolve(name)
    if obj is not None and _fingerprint(obj) == fingerprint:
        return obj
    first, _, rest = name.partition(".")
    made = _space.fallback.get((first, None))
    if made is None:
        raise _Missing("the notebook's definition of %s isn't there" % name)
    obj = made()
    for part in rest.split(".") if rest else ():
        obj = getattr(obj, part)
    return obj


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
    return _track_class(types.new_class(name, bases, {"metaclass": metaclass}, lambda ns: ns.update(attributes)), key)


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


def _make_weak(kind, items):
    made = getattr(weakref, kind)()
    for item in items:
        if kind == "WeakSet":
            made.add(item)
        else:
            made[item[0]] = item[1]
    return made


def _std_stream(name):
    return getattr(sys, name)


# ---------------------------------------------------------------------------------------------------------------------
# Pickling. One Writer per group of names.


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
        return _load_reference, (qualname, _fingerprint(obj))


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
    return hasattr(value, "__wrapped__") and callable(value)


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
        w.keep += [members, functions]
        return _make_enum, (type(cls), cls.__name__, cls.__bases__, members, attributes, key)
    return _make_class, (type(cls), cls.__name__, cls.__bases__, attributes, key), state, None, None, _set_class


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


def _reduce_weak(w, obj):
    kind = type(obj).__name__
    items = list(obj) if kind == "WeakSet" else list(obj.items())
    w.keep.append(items)
    return _make_weak, (kind, items)


def _reduce_stream(w, stream):
    return _std_stream, (stream.name_,)


def _reduce_shell(w, shell):
    return get_ipython, ()


def _reduce_array(w, array):
    """Plain numpy arrays. Memory that several arrays share goes once, and they as views of it."""
    if array.dtype.hasobject:
        return NotImplemented
    w.arrays.append(array)
    if w.regions and id(array) in w.regions:
        base, offset = w.regions[id(array)]
        return _make_view, (base, array.dtype, array.shape, offset, array.strides, array.flags.writeable)
    return NotImplemented


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
    for owner in (index._data, getattr(index._data, "_ndarray", None)):
        if owner is not None:
            w.private.append(owner)
    return NotImplemented


_kinds = {
    types.FunctionType: _reduce_function, types.ModuleType: _reduce_module, types.CellType: _reduce_cell,
    property: _reduce_property, classmethod: _reduce_classmethod, staticmethod: _reduce_classmethod,
    types.MethodType: _reduce_method, types.MappingProxyType: _reduce_mappingproxy, types.CodeType: _reduce_code,
    weakref.WeakKeyDictionary: _reduce_weak, weakref.WeakValueDictionary: _reduce_weak, weakref.WeakSet: _reduce_weak,
}


def _find_reducer(kind):
    module, name = kind.__module__, kind.__name__
    if issubclass(kind, type):
        return _reduce_class
    if module == "numpy" and name == "ndarray":
        return _reduce_array
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
    if issubclass(kind, types.ModuleType):
        return _reduce_module
    if kind is Stream:
        return _reduce_stream
    if kind is Shell:
        return _reduce_shell
    return None


# ---- sharing ----

_immutable = (str, bytes, int, float, complex, tuple, frozenset, type, types.FunctionType, types.BuiltinFunctionType,
              types.ModuleType, types.CodeType, range, type(None), type(...), re.Pattern)
_immutable_names = {("numpy", "dtype"), ("datetime", "datetime"), ("datetime", "date"), ("datetime", "timedelta"),
                    ("datetime", "timezone"), ("decimal", "Decimal"), ("fractions", "Fraction"), ("uuid", "UUID"),
                    ("pathlib", "PosixPath"), ("pandas", "Timestamp"), ("pandas", "Timedelta")}


def _is_immutable(obj):
    kind = type(obj)
    if isinstance(obj, types.FunctionType):     # by value it has defaults, attributes and cells, each in the memo too
        return not obj.__dict__
    if isinstance(obj, _immutable):
        return True
    if (kind.__module__, kind.__name__) in _immutable_names or kind.__module__ == "numpy.dtypes":
        return True
    enum = sys.modules.get("enum")
    return bool(enum and isinstance(obj, enum.Enum)) or (kind.__module__ == "numpy" and hasattr(kind, "as_integer_ratio"))


def _bounds(array):
    """First and last address (exclusive) of an array's memory."""
    low = array.__array_interface__["data"][0]
    high = low + array.itemsize
    for n, stride in zip(array.shape, array.strides):
        if stride < 0:
            low += (n - 1) * stride
        else:
            high += (n - 1) * stride
    return low, high


def _overlaps(arrays):
    """[(low, high, [array, ...])] for the stretches of memory that more than one array object lies in."""
    if len(arrays) < 2 or all(a.base is None for a in arrays):
        return []
    unique = {id(a): a for a in arrays if a.size and a.itemsize}
    spans = sorted(((*_bounds(a), i) for i, a in unique.items()))
    found, k = [], 0
    while k < len(spans):
        low, high, _ = spans[k]
        members = [unique[spans[k][2]]]
        k += 1
        while k < len(spans) and spans[k][0] < high:
            high = max(high, spans[k][1])
            members.append(unique[spans[k][2]])
            k += 1
        if len(members) > 1:
            found.append((low, high, members))
    return found


def _memory(low, high, members):
    """The stretch as an array of bytes; read-only only if all its members are."""
    import ctypes
    import numpy
    base = numpy.frombuffer((ctypes.c_char * (high - low)).from_address(low), numpy.uint8)
    return base


def _find_regions(overlaps):
    regions = {}
    for low, high, members in overlaps:
        base = _memory(low, high, members)
        for a in members:
            regions[id(a)] = (base, a.__array_interface__["data"][0] - low)
    return regions


class _Pieces:
    """Sets that grow together: who shares with whom."""

    def __init__(self, n):
        self.parent = list(range(n))

    def find(self, i):
        while self.parent[i] != i:
            i = self.parent[i]
        return i

    def join(self, i, j):
        i, j = self.find(i), self.find(j)
        self.parent[max(i, j)] = min(i, j)


def _public_arrays(writer):
    private = {id(p) for p in writer.private}
    return [a for a in writer.arrays if id(a) not in private and id(a.base) not in private]


def _pickle_groups(names, values, explain):
    """Pickles values so that what they share stays shared: [(indices, Writer)]. `explain(i, exception)` raises."""
    writers = []
    for i, value in enumerate(values):
        writers.append(_pickle_one(value, None, lambda e, i=i: explain(i, e)))
    pieces = _Pieces(len(values))
    if len(values) > 1:
        owner = {}
        for i, w in enumerate(writers):
            for key, (_, obj) in w.table.items():
                first = owner.setdefault(key, i)
                if first != i and pieces.find(first) != pieces.find(i) and not _is_immutable(obj):
                    pieces.join(first, i)
    overlaps = []
    if any(w.arrays for w in writers):
        public = [(a, i) for i, w in enumerate(writers) for a in _public_arrays(w)]
        overlaps = _overlaps([a for a, _ in public])
        where = {}
        for a, i in public:
            where.setdefault(id(a), set()).add(i)
        for _, _, members in overlaps:
            owners = sorted(set().union(*(where[id(a)] for a in members)))
            for i in owners[1:]:
                pieces.join(owners[0], i)
    regions = _find_regions(overlaps)
    inside = {i for a in (m for _, _, ms in overlaps for m in ms) for i in where[id(a)]}
    members = {}
    for i in range(len(values)):
        members.setdefault(pieces.find(i), []).append(i)
    groups = []
    for indices in members.values():
        if len(indices) == 1 and indices[0] not in inside:
            groups.append((indices, writers[indices[0]]))
            continue
        together = values[indices[0]] if len(indices) == 1 else tuple(values[i] for i in indices)
        groups.append((indices, _pickle_one(together, regions, lambda e, i=indices[0]: explain(i, e))))
    return groups


def _pickle_one(value, regions, explain, by_value=None):
    try:
        try:
            w = Writer(by_value, regions)
            w.dump(value)
        except RecursionError:
            w = Writer(by_value, regions)
            _deeply(lambda: w.dump(value))
    except Exception as e:
        explain(e)
        raise
    return w


def _deeply(f):
    """Runs f with a stack for 100,000 levels: a chain of objects that long is a value like any other."""
    import threading
    box, limit = [], sys.getrecursionlimit()

    def work():
        try:
            box.append((f(), None))
        except BaseException as e:
            box.append((None, e))
    size = threading.stack_size(1 << 30)
    try:
        sys.setrecursionlimit(max(limit, 400000))
        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    value, error = box[0]
    if error is not None:
        raise error
    return value


def _children(value):
    """(how to get there, value) of what a value is made of, for the message about what can't be pickled."""
    if isinstance(value, dict):
        for k, v in value.items():
            yield "[%s]" % _short(k, 40), v
        for k in value:
            yield ".key(%s)" % _short(k, 40), k
        return
    if isinstance(value, (list, tuple)):
        for i, v in enumerate(value):
            yield "[%d]" % i, v
        return
    if isinstance(value, (set, frozenset)):
        for v in value:
            yield "{%s}" % _short(v, 40), v
        return
    if isinstance(value, types.FunctionType):
        for name, cell in zip(value.__code__.co_freevars, value.__closure__ or ()):
            try:
                yield ".<closure %s>" % name, cell.cell_contents
            except ValueError:
                pass
        for i, v in enumerate(value.__defaults__ or ()):
            yield ".<default %d>" % i, v
        for k, v in (value.__kwdefaults__ or {}).items():
            yield ".<default %s>" % k, v
        yield from ((".%s" % k, v) for k, v in value.__dict__.items())
        return
    if isinstance(value, types.MethodType):
        yield ".__self__", value.__self__
        return
    if type(value).__module__ == "numpy" and type(value).__name__ == "ndarray" and value.dtype.hasobject:
        for i, v in enumerate(value.flat):
            yield ".flat[%d]" % i, v
        return
    if isinstance(value, type):
        yield from ((".%s" % k, v) for k, v in value.__dict__.items() if not k.startswith("__"))
        return
    state = getattr(value, "__dict__", None)
    if isinstance(state, dict):
        yield from ((".%s" % k, v) for k, v in state.items())
    if type(value).__name__ == "partial":
        yield ".func", value.func
        yield ".args", value.args
        yield ".keywords", value.keywords


def _find_culprit(value, path, deadline, depth=0):
    """Follows what can't be pickled down to the innermost object: (path, object)."""
    if depth < 60:
        for k, (step, child) in enumerate(_children(value)):
            if time.monotonic() > deadline or k > 100000:
                break
            if isinstance(child, (str, bytes, int, float, complex, type(None))):
                continue
            try:
                Writer().dump(child)
            except Exception:
                return _find_culprit(child, path + step, deadline, depth + 1)
    return path, value


_ways_out = [
    (("_io.", "tempfile."), "an open file", "hand over its path, and open it in the step that uses it"),
    (("builtins.generator", "builtins.async_generator", "builtins.coroutine", "itertools."), "a generator", "make it a list, or make it again in the step that uses it"),
    (("sqlite3.", "psycopg", "pymysql", "sqlalchemy.engine", "pymongo.", "redis."), "a connection",
     "connect again in the step that uses it"),
    (("_thread.", "threading.", "multiprocessing.", "concurrent.futures", "asyncio.", "_asyncio."), "a thread, lock or process",
     "make it in the step that uses it, or join the cells into one step"),
    (("socket.", "_socket.", "ssl.", "http.client", "urllib3."), "a network connection",
     "connect again in the step that uses it"),
    (("builtins.module",), "a module made at run time", "import it, or put the code into a file beside the notebook"),
    (("builtins.frame", "builtins.traceback"), "a stack frame", "keep its text instead"),
]


def _way_out(value):
    kind = type(value)
    full = "%s.%s" % (kind.__module__, kind.__name__)
    for prefixes, _, way in _ways_out:
        if full.startswith(prefixes):
            return way
    return "make it in the step that uses it, or join the cells into one step"


def _type_name(value):
    kind = type(value)
    return kind.__qualname__ if kind.__module__ in ("builtins", "__main__") else "%s.%s" % (kind.__module__, kind.__qualname__)


def _unserializable(name, value, error, cell, notebook):
    """The message for an output that can't be handed over."""
    path, culprit = name, value
    try:
        path, culprit = _find_culprit(value, name, time.monotonic() + 2.0)
    except RecursionError:
        pass
    bound = ", bound in %s, cell %s," % (cell[0] or notebook, cell[1]) if cell is not None else ""
    if isinstance(error, RecursionError):
        return Unserializable("'%s' (%s)%s is nested too deeply to be handed to another step" % (name, _type_name(value), bound),
                              name, cell, "flatten it, or raise sys.setrecursionlimit in the cell that makes it")
    at = "" if path == name else " at %s, which is a %s," % (path, _type_name(culprit))
    text = "%s" % error
    return Unserializable("'%s' (%s)%s can't be handed to another step:%s %s" % (
        name, _type_name(value), bound, at, text or type(error).__name__), name, cell, _way_out(culprit))


# ---------------------------------------------------------------------------------------------------------------------
# Digests


_GMAC_KEY, _GMAC_IV = b"chard.hand-over.", b"values.bin.1"
_crypto = None


def _libcrypto():
    """The libcrypto that this Python itself uses, through ctypes; False if it has none of its own."""
    global _crypto
    if _crypto is not None:
        return _crypto
    _crypto = False
    try:
        import ctypes
        import _hashlib  # noqa: F401  (loads it)
        with open("/proc/self/maps") as f:
            path = next(line.split(None, 5)[5].strip() for line in f if "libcrypto" in line)
        lib, p, n = ctypes.CDLL(path), ctypes.c_void_p, ctypes.c_int
        for name, result, arguments in (
                ("EVP_CIPHER_CTX_new", p, []), ("EVP_aes_128_gcm", p, []), ("EVP_CIPHER_CTX_free", None, [p]),
                ("EVP_EncryptInit_ex", n, [p, p, p, ctypes.c_char_p, ctypes.c_char_p]),
                ("EVP_EncryptUpdate", n, [p, p, p, p, n]), ("EVP_EncryptFinal_ex", n, [p, p, p]),
                ("EVP_CIPHER_CTX_ctrl", n, [p, n, n, p])):
            f = getattr(lib, name)
            f.restype, f.argtypes = result, arguments
        _crypto = lib
    except Exception:
        pass
    return _crypto


def _address(view):
    """Address of a buffer that may be read-only."""
    import ctypes

    class Py_buffer(ctypes.Structure):
        _fields_ = [("buf", ctypes.c_void_p), ("obj", ctypes.py_object), ("len", ctypes.c_ssize_t),
                    ("itemsize", ctypes.c_ssize_t), ("readonly", ctypes.c_int), ("ndim", ctypes.c_int),
                    ("format", ctypes.c_char_p), ("shape", ctypes.c_void_p), ("strides", ctypes.c_void_p),
                    ("suboffsets", ctypes.c_void_p), ("internal", ctypes.c_void_p)]
    b = Py_buffer()
    ctypes.pythonapi.PyObject_GetBuffer.argtypes = [ctypes.py_object, ctypes.POINTER(Py_buffer), ctypes.c_int]
    ctypes.pythonapi.PyObject_GetBuffer(view, ctypes.byref(b), 0)
    address = b.buf
    ctypes.pythonapi.PyBuffer_Release.argtypes = [ctypes.POINTER(Py_buffer)]
    ctypes.pythonapi.PyBuffer_Release(ctypes.byref(b))
    return address


def _gmac(view):
    """16-byte tag of a buffer: AES-128-GMAC with a known key."""
    import ctypes
    lib, at, left = _libcrypto(), _address(view), view.nbytes
    ctx = lib.EVP_CIPHER_CTX_new()
    n, tag = ctypes.c_int(0), ctypes.create_string_buffer(16)
    good = lib.EVP_EncryptInit_ex(ctx, lib.EVP_aes_128_gcm(), None, _GMAC_KEY, _GMAC_IV)
    while left and good == 1:
        size = min(left, 1 << 24)
        good = lib.EVP_EncryptUpdate(ctx, None, ctypes.byref(n), at, size)
        at, left = at + size, left - size
    good = good == 1 and lib.EVP_EncryptFinal_ex(ctx, tag, ctypes.byref(n)) == 1
    good = good and lib.EVP_CIPHER_CTX_ctrl(ctx, 0x10, 16, tag) == 1
    lib.EVP_CIPHER_CTX_free(ctx)
    if not good:
        raise Environment("libcrypto refuses AES-128-GCM")
    return tag.raw


def _digest_group(chunks, buffers):
    """(hex digest, algorithm) of a group."""
    import hashlib
    h = hashlib.sha256()
    for chunk in chunks:
        h.update(chunk)
    if sum(b.nbytes for b in buffers) < FAST_DIGEST or not _libcrypto():
        for b in buffers:
            h.update(b)
        return h.hexdigest(), "sha256"
    for b in buffers:
        h.update(_gmac(b))
    return h.hexdigest(), "sha256-gmac"


# ---------------------------------------------------------------------------------------------------------------------
# values.bin and values.json


def _write_all(fd, pieces, offset):
    """Writes pieces of memory one behind the other."""
    todo = [memoryview(p).cast("B") for p in pieces if len(p)]
    k = 0
    while k < len(todo):
        batch = todo[k:k + 512]
        n = os.pwritev(fd, batch, offset)
        offset += n
        while n > 0 and k < len(todo):
            if n >= len(todo[k]):
                n -= len(todo[k])
                k += 1
            else:
                todo[k] = todo[k][n:]
                n = 0


def _bytes_view(buffer):
    view = memoryview(buffer)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


def write_bundle(directory, names, values, cells=None, notebook="notebook", extras=None, unbound=(), sync=False,
                 explain=None):
    """Writes values.bin and values.json for `names` bound to `values`. Raises Unserializable, or OSError."""
    cells = cells or {}

    def fail(i, error):
        if isinstance(error, (OSError, MemoryError)) and not isinstance(error, RecursionError):
            raise error
        raise _unserializable(names[i], values[i], error, cells.get(names[i]), notebook) from error
    groups = _pickle_groups(names, values, explain or fail)
    if extras:
        groups = _add_extras(groups, names, values, extras, explain or fail)
    definitions = _pickle_definitions(w for _, w in groups)
    places, end = [], 0
    for _, w in groups:
        w.views = [_bytes_view(b) for b in w.buffers]
        place, end = (end, w.chunks.size()), end + w.chunks.size()
        spans = []
        for v in w.views:
            end = (end + PAGE - 1) // PAGE * PAGE
            spans.append((end, v.nbytes))
            end += v.nbytes
        places.append((place, spans))
    fallback = {}
    for name, w in definitions.items():
        fallback[name] = (end, w.chunks.size())
        end += w.chunks.size()
    digests = _start_digests(groups)
    fd = os.open(os.path.join(directory, "values.bin"), os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        _allocate(fd, end)
        for (_, w), (place, spans) in zip(groups, places):
            _write_all(fd, w.chunks, place[0])
            for v, span in zip(w.views, spans):
                _write_all(fd, [v], span[0])
        for name, w in definitions.items():
            _write_all(fd, w.chunks, fallback[name][0])
        if os.fstat(fd).st_size < end:
            os.ftruncate(fd, end)
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)
    digests = digests()
    manifest = {"version": 1, "step": _space.step, "python": "%d.%d" % sys.version_info[:2], "groups": [], "values": {},
                "unbound": list(unbound)}
    for (indices, w), (place, spans), (digest, algorithm) in zip(groups, places, digests):
        size = place[1] + sum(n for _, n in spans)
        manifest["groups"].append({"names": [w.names[i] if hasattr(w, "names") else names[i] for i in indices],
                                   "pickle": list(place), "buffers": [list(s) for s in spans], "sha256": digest,
                                   "algorithm": algorithm})
        for i in indices:
            if i < len(names):
                manifest["values"][names[i]] = describe(values[i], size if len(indices) == 1 else None,
                                                        cells.get(names[i]))
    if fallback:
        manifest["definitions"] = {name: {"pickle": list(place)} for name, place in fallback.items()}
    if extras:
        manifest["extras"] = {name: where for name, (_, where) in extras.items()
                              if any(name in g["names"] for g in manifest["groups"])}
    _write_json(os.path.join(directory, "values.json"), manifest, sync)
    return manifest


def _allocate(fd, size):
    """Asks for the room at once: half the time of growing the file, and a full disk is told before the copying."""
    if size < 1 << 20:
        return
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError as e:
        import errno
        if e.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise


def _start_digests(groups):
    """Digests are computed on another core while the file is written. Returns a function that gives them."""
    todo = [(w.chunks, w.views) for _, w in groups]
    if sum(v.nbytes for _, views in todo for v in views) < 1 << 20:
        return lambda: [_digest_group(*t) for t in todo]
    import threading
    done, failed = [], []

    def work():
        try:
            done.extend(_digest_group(*t) for t in todo)
        except BaseException as e:
            failed.append(e)
    _libcrypto()
    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def finish():
        thread.join()
        if failed:
            raise failed[0]
        return done
    return finish


def _add_extras(groups, names, values, extras, explain):
    """Joins inputs that are part of an output to its group: {name: (value, producer)}."""
    found = []
    for indices, w in groups:
        memo = w.table
        more = [n for n, (v, _) in extras.items() if n not in names and id(v) in memo and memo[id(v)][1] is v
                and not _is_immutable(v)]
        if more and not any(w.regions or ()):
            together = tuple([values[i] for i in indices] + [extras[n][0] for n in more])
            w = _pickle_one(together, w.regions, lambda e, i=indices[0]: explain(i, e))
            w.names = dict(enumerate(names))
            base = len(names)
            w.names.update({base + k: n for k, n in enumerate(more)})
            indices = list(indices) + [base + k for k in range(len(more))]
        found.append((indices, w))
    return found


def _pickle_definitions(writers):
    """By-value pickles of the definitions that the values refer to, and of those that these refer to."""
    todo, done = {}, {}
    for w in writers:
        todo.update(w.references)
    while todo:
        name, obj = todo.popitem()
        if name in done:
            continue
        try:
            w = _pickle_one(obj, None, lambda e: None, by_value=obj)
        except Exception:
            continue
        if w.buffers:
            continue
        done[name] = w
        todo.update({n: o for n, o in w.references.items() if n not in done})
    return dict(sorted(done.items()))


def _write_json(path, value, sync=False):
    try:
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=False)
    except ValueError:
        data = json.dumps(_plain_json(value), ensure_ascii=False, separators=(",", ":"), default=str)
    data = data.encode("utf-8", "replace")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        _write_all(fd, [data], 0)
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)


def _plain_json(value):
    """NaN and infinities are no JSON: null."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(k): _plain_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_json(v) for v in value]
    return value


class Bundle:
    """A result directory's values, read."""

    def __init__(self, directory):
        self.directory = directory
        try:
            with open(os.path.join(directory, "values.json"), encoding="utf-8") as f:
                self.manifest = json.load(f)
            fd = os.open(os.path.join(directory, "values.bin"), os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, ValueError) as e:
            raise Environment("the values in %s can't be read: %s" % (directory, e)) from e
        try:
            self.size = os.fstat(fd).st_size
            self.fd = fd
            self.memory = memoryview(mmap.mmap(fd, 0, access=mmap.ACCESS_COPY)) if self.size else memoryview(b"")
        except (OSError, ValueError) as e:
            os.close(fd)
            raise Environment("the values in %s can't be mapped: %s" % (directory, e)) from e
        self.groups = {}
        for group in self.manifest["groups"]:
            for name in group["names"]:
                self.groups[name] = group
        self.unbound = set(self.manifest.get("unbound", ()))
        self.loaded = {}
        self.definitions = {}

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def span(self, place):
        offset, length = place
        if offset < 0 or length < 0 or offset + length > self.size:
            raise Environment("%s/values.bin is shorter than its values.json says" % self.directory)
        return self.memory[offset:offset + length]

    def definition(self, name):
        """A definition that the writer sent along, made once per content, for all producers."""
        place = self.manifest["definitions"][name]["pickle"]
        data = bytes(self.span(place))
        key = (name, data)
        if key not in _made_definitions:
            _made_definitions[key] = self._unpickle(data, ())
        return _made_definitions[key]

    def _unpickle(self, data, buffers):
        before = _space.fallback
        _space.fallback = {(name, None): (lambda name=name: self.definition(name))
                           for name in self.manifest.get("definitions", ())}
        try:
            return pickle.loads(data, buffers=buffers)
        finally:
            _space.fallback = before

    def unpickle(self, group):
        return self._unpickle(self.span(group["pickle"]), [self.span(b) for b in group["buffers"]])

    def load(self, group):
        key = group["pickle"][0], group["pickle"][1]
        if key not in self.loaded:
            value = self.unpickle(group)
            self.loaded[key] = dict(zip(group["names"], value if len(group["names"]) > 1 else (value,)))
        return self.loaded[key]

    def get(self, name):
        """The value of a name; KeyError if it was unbound or isn't there."""
        return self.load(self.groups[name])[name]


_made_definitions = {}


# ---- descriptions, for people ----


def _short(value, limit=300):
    """A bounded picture of a value that calls no repr but those of plain types."""
    try:
        text = _picture(value, 3)
    except Exception:
        text = "<%s>" % _type_name(value)
    return text if len(text) <= limit else text[:limit - 1] + "…"


def _picture(v, depth):
    if v is None or isinstance(v, (bool, float, complex)) and type(v).__module__ == "builtins":
        return repr(v)
    if type(v) is int:
        return repr(v) if v.bit_length() < 1000 else "<int of %d bits>" % v.bit_length()
    if type(v) in (str, bytes):
        return repr(v) if len(v) <= 200 else repr(v[:200]) + "…"
    if type(v) in (list, tuple, set, frozenset):
        if depth == 0:
            return "…"
        inner = ", ".join(_picture(x, depth - 1) for x, _ in zip(v, range(10))) + (", …" if len(v) > 10 else "")
        a, b = {list: "[]", tuple: "()", set: "{}", frozenset: "{}"}[type(v)]
        return a + inner + ("," if type(v) is tuple and len(v) == 1 else "") + b
    if type(v) is dict:
        if depth == 0:
            return "{…}"
        return "{" + ", ".join("%s: %s" % (_picture(k, depth - 1), _picture(x, depth - 1))
                               for (k, x), _ in zip(v.items(), range(10))) + (", …" if len(v) > 10 else "") + "}"
    module = type(v).__module__
    if module == "numpy" and hasattr(v, "dtype") and (not hasattr(v, "shape") or v.shape == ()):
        return str(v)
    if isinstance(v, types.FunctionType):
        return "<function %s>" % v.__qualname__
    if isinstance(v, type):
        return "<class %s>" % v.__qualname__
    return "<%s>" % _type_name(v)


def describe(value, size=None, cell=None):
    """What a person wants to see of a value: never fails, never costs much."""
    d = {"type": _type_name(value)}
    if cell is not None:
        d.update(_told_place(cell))
    if size is not None:
        d["bytes"] = size
    try:
        _describe_more(value, d)
    except Exception:
        pass
    return d


def _describe_more(value, d):
    module = type(value).__module__.partition(".")[0]
    if module == "pandas" and hasattr(value, "columns") and hasattr(value, "dtypes"):
        d["shape"] = list(value.shape)
        d["columns"] = [str(c) for c in list(value.columns[:200])]
        d["dtypes"] = [str(t) for t in list(value.dtypes[:200])]
        if value.shape[1] <= 50:
            d["head"] = value.head(5).to_string(max_cols=20, max_colwidth=40)[:4000]
    elif module == "pandas" and hasattr(value, "head"):
        d["shape"], d["dtype"] = list(value.shape), str(value.dtype)
        d["head"] = value.head(5).to_string()[:2000]
    elif module in ("numpy", "scipy", "torch", "tensorflow") and hasattr(value, "shape") and hasattr(value, "dtype"):
        d["shape"], d["dtype"] = [int(n) for n in value.shape], str(value.dtype)
        if module == "numpy" and value.dtype.kind in "biufcSUM":
            flat = value.reshape(-1)[:8] if value.ndim and value.flags.c_contiguous else value.flat[:8] if value.ndim else value
            d["head"] = str(flat) + (" …" if value.size > 8 else "")
    elif module == "sklearn" and hasattr(value, "get_params"):
        d["head"] = repr(value)[:1000]
    else:
        d["head"] = _short(value)
        if isinstance(value, (str, bytes, list, tuple, dict, set, frozenset)):
            d["length"] = len(value)


# ---------------------------------------------------------------------------------------------------------------------
# Hidden library state: {name: (get, set)}; get returns None where the library was never imported.


def _get_random():
    import random
    return random.getstate()


def _set_random(state):
    import random
    random.setstate(state)


def _get_numpy_random():
    np = sys.modules.get("numpy.random")
    return np.get_state() if np else None


def _set_numpy_random(state):
    import numpy
    numpy.random.set_state(state)


def _get_torch():
    torch = sys.modules.get("torch")
    if not torch:
        return None
    state = {"cpu": torch.get_rng_state().numpy()}
    if torch.cuda.is_available() and torch.cuda.is_initialized():
        state["cuda"] = [s.numpy() for s in torch.cuda.get_rng_state_all()]
    return state


def _set_torch(state):
    import torch
    torch.set_rng_state(torch.from_numpy(state["cpu"].copy()))
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([torch.from_numpy(s.copy()) for s in state["cuda"]])


_first_environ = {}


def _get_environ():
    now = dict(os.environ)
    changed = {k: v for k, v in now.items() if _first_environ.get(k) != v}
    return {"set": dict(sorted(changed.items())), "gone": sorted(set(_first_environ) - set(now))}


def _set_environ(state):
    for name in state["gone"]:
        os.environ.pop(name, None)
    os.environ.update(state["set"])


def _get_pandas():
    if "pandas" not in sys.modules:
        return None
    from pandas._config import config
    found = {}
    for name, option in sorted(config._registered_options.items()):
        if name in config._deprecated_options:
            continue
        value = config.get_option(name)
        if value is not option.defval and value != option.defval:
            found[name] = value
    return found


def _set_pandas(state):
    import pandas
    for name, value in state.items():
        pandas.set_option(name, value)


def _get_matplotlib():
    mpl = sys.modules.get("matplotlib")
    if not mpl:
        return None
    return {k: v for k, v in dict.items(mpl.rcParams) if not k.startswith("backend") and k != "interactive"}


def _set_matplotlib(state):
    import matplotlib
    import warnings
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        matplotlib.rcParams.update(state)


def _get_print_options():
    np = sys.modules.get("numpy")
    return np.get_printoptions() if np else None


def _set_print_options(state):
    import numpy
    numpy.set_printoptions(**{k: v for k, v in state.items() if k != "override_repr"})


def _get_decimal():
    decimal = sys.modules.get("decimal")
    return decimal.getcontext() if decimal else None


def _set_decimal(state):
    import decimal
    decimal.setcontext(state)


def _get_warnings():
    import warnings
    return list(warnings.filters)


def _set_warnings(state):
    import warnings
    warnings.filters[:] = state
    getattr(warnings, "_filters_mutated", getattr(warnings, "_filters_mutated_lock_held", lambda: None))()


def _get_locale():
    import locale
    return locale.setlocale(locale.LC_ALL)


def _set_locale(state):
    import locale
    locale.setlocale(locale.LC_ALL, state)


_states = {
    "%random": (_get_random, _set_random),
    "%numpy.random": (_get_numpy_random, _set_numpy_random),
    "%torch": (_get_torch, _set_torch),
    "%environ": (_get_environ, _set_environ),
    "%cwd": (os.getcwd, os.chdir),
    "%sys.path": (lambda: list(sys.path), lambda state: sys.path.__setitem__(slice(None), state)),
    "%pandas.options": (_get_pandas, _set_pandas),
    "%matplotlib.rcParams": (_get_matplotlib, _set_matplotlib),
    "%numpy.printoptions": (_get_print_options, _set_print_options),
    "%decimal": (_get_decimal, _set_decimal),
    "%warnings": (_get_warnings, _set_warnings),
    "%locale": (_get_locale, _set_locale),
}


# ---------------------------------------------------------------------------------------------------------------------
# What the notebook shows


class Recorder:
    """Collects a cell's outputs as nbformat has them."""

    def __init__(self):
        self.outputs = []
        self.display_ids = {}
        self.clear_next = False
        self.count = 0
        self.muted = self.shown = 0
        self.streams = {}

    def begin(self):
        self.outputs, self.count, self.shown, self.streams, self.clear_next = [], self.count + 1, 0, {}, False
        return self.outputs

    def stream(self, name, text):
        if self.muted or not text:
            return
        self._clear()
        last = self.outputs[-1] if self.outputs else None
        if not (last and last["output_type"] == "stream" and last["name"] == name):
            last = {"output_type": "stream", "name": name, "text": _Text()}
            self.outputs.append(last)
        used = self.streams.get(name, 0)
        self.streams[name] = used + len(text)
        last["text"].add(text, max(0, STREAM_LIMIT - used))

    def add(self, output):
        if self.muted:
            return
        self._clear()
        size = sum(len(v) if isinstance(v, str) else 64 for v in output.get("data", {}).values())
        self.shown += size
        if self.shown > DISPLAY_LIMIT and output["output_type"] != "error":
            if self.shown - size <= DISPLAY_LIMIT:
                self.outputs.append({"output_type": "stream", "name": "stderr",
                                     "text": "[chard: this cell showed more than is kept here]\n"})
            return
        self.outputs.append(output)

    def display(self, data, metadata=None, display_id=None, update=False):
        if not data:
            return
        output = {"output_type": "display_data", "data": data, "metadata": metadata or {}}
        if display_id is not None:
            if update or display_id in self.display_ids:
                for old in self.display_ids.get(display_id, ()):
                    old["data"], old["metadata"] = data, metadata or {}
                if update:
                    return
            self.display_ids.setdefault(display_id, []).append(output)
        self.add(output)

    def result(self, data, metadata=None):
        if data:
            self.add({"output_type": "execute_result", "execution_count": self.count, "data": data,
                      "metadata": metadata or {}})

    def clear(self, wait=False):
        if wait:
            self.clear_next = True
        else:
            self._wipe()

    def _clear(self):
        if self.clear_next:
            self.clear_next = False
            self._wipe()

    def _wipe(self):
        del self.outputs[:]
        self.shown, self.streams = 0, {}


class _Text:
    """Text of a stream: its head up to a limit, then only its last lines."""

    def __init__(self):
        self.parts, self.tail, self.dropped = [], "", 0

    def add(self, text, room):
        if room and not self.dropped and not self.tail:
            self.parts.append(text[:room])
            text = text[room:]
        if text:
            self.tail += text
            if len(self.tail) > 1 << 17:
                self.dropped += len(self.tail) - (1 << 16)
                self.tail = self.tail[-(1 << 16):]

    def __str__(self):
        note = "\n[chard: %d characters are left out here]\n" % self.dropped if self.dropped else ""
        return _carriage("".join(self.parts) + note + self.tail)


def _carriage(text):
    """What a terminal leaves of progress bars: the text behind the last carriage return of each line."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] if "\r" in line else line for line in lines)


_recorder = Recorder()
_log = {"limit": LOG_LIMIT, "left": None}


class Stream(io.TextIOBase):
    """sys.stdout and sys.stderr of the step: text goes to the log and is recorded for the executed notebook."""

    def __init__(self, name, fd):
        self.name_, self.fd, self.pending, self.size, self.count, self.tick = name, fd, [], 0, 0, 0.0
        self.owner = os.getpid()
        self.raw_ = None

    name = property(lambda self: "<%s>" % self.name_)
    encoding, errors, newlines, line_buffering = "utf-8", "backslashreplace", None, True
    closed = property(lambda self: False)

    @property
    def buffer(self):
        if self.raw_ is None:
            self.raw_ = _ByteStream(self)
        return self.raw_

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not %s" % type(text).__name__)
        if text:
            if self.owner == os.getpid():
                _recorder.stream(self.name_, text)
            self.put(text)
        return len(text)

    def put(self, text):
        """Into the log: at once, line by line, unless it comes in floods."""
        self.pending.append(text)
        self.size += len(text)
        self.count += 1
        if self.size > 1 << 20:
            self.flush()
        elif "\n" in text or "\r" in text:
            if self.count < 1000:
                self.flush()
            else:
                now = time.monotonic()
                if now - self.tick > 0.2:
                    self.tick, self.count = now, 900
                    self.flush()
                elif len(self.pending) > 2000:
                    self.flush()

    def flush(self):
        if self.pending:
            pending, self.pending, self.size = "".join(self.pending), [], 0
            _write_log(self.fd, pending.encode("utf-8", "backslashreplace"))

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def writable(self):
        return True

    def readable(self):
        return False

    def fileno(self):
        return self.fd

    def isatty(self):
        return False

    def close(self):
        self.flush()

    def reconfigure(self, **kw):
        pass

    def __del__(self):
        pass


class _ByteStream(io.RawIOBase):
    """sys.stdout.buffer"""

    def __init__(self, stream):
        self.stream_ = stream

    def write(self, data):
        self.stream_.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

    def writable(self):
        return True

    def fileno(self):
        return self.stream_.fd

    def flush(self):
        self.stream_.flush()

    def close(self):
        self.stream_.flush()


def _write_log(fd, data):
    """Writes to the log; a file's size is bounded, and a log that can't be written stops nothing."""
    left = _log["left"]
    if left is not None:
        if left <= 0:
            return
        if len(data) > left:
            data = data[:left] + b"\n[chard: the rest of the output is not kept: the log has reached its limit]\n"
        _log["left"] = left - len(data)
    for at in (fd, _log.get("spare", -1)):
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(at, view):]
            return
        except OSError as e:
            import errno
            if e.errno != errno.EBADF:
                return


def _measure_log():
    """A log that is a plain file gets a limit; its descriptor is kept under a number that no one closes by chance."""
    import stat
    try:
        found = os.fstat(1)
        _log["left"] = _log["limit"] - found.st_size if stat.S_ISREG(found.st_mode) else None
        import fcntl
        _log["spare"] = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 100)
    except OSError:
        _log["left"] = None


def _flush_streams():
    for stream in (sys.stdout, sys.stderr, _out, _err):
        try:
            stream.flush()
        except Exception:
            pass


_out, _err = None, None


def _install_streams():
    global _out, _err
    if _out is None:
        _out, _err = Stream("stdout", 1), Stream("stderr", 2)
        os.register_at_fork(before=_flush_streams)
    _out.owner = _err.owner = os.getpid()
    sys.stdout, sys.stderr = _out, _err
    sys.__stdout__, sys.__stderr__ = _out, _err


# ---- mime bundles ----

_methods = (("text/html", "_repr_html_"), ("text/markdown", "_repr_markdown_"), ("image/svg+xml", "_repr_svg_"),
            ("image/png", "_repr_png_"), ("image/jpeg", "_repr_jpeg_"), ("text/latex", "_repr_latex_"),
            ("application/json", "_repr_json_"), ("application/javascript", "_repr_javascript_"))


def _real_method(obj, name):
    if isinstance(obj, type):
        return None
    try:
        if callable(getattr(obj, "_ipython_canary_method_should_not_exist_", None)):
            return None
        method = getattr(obj, name, None)
    except Exception:
        return None
    return method if callable(method) else None


def _is_figure(obj):
    figure = sys.modules.get("matplotlib.figure")
    return figure is not None and isinstance(obj, figure.Figure)


def _figure_png(figure):
    """As the inline backend draws it."""
    data = io.BytesIO()
    if not figure.axes and not figure.lines:
        return None
    if figure.canvas is None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        FigureCanvasAgg(figure)
    figure.canvas.print_figure(data, format="png", facecolor=figure.get_facecolor(), edgecolor=figure.get_edgecolor(),
                               dpi=figure.dpi, bbox_inches="tight")
    return data.getvalue()


def _base64(data):
    import base64
    return base64.b64encode(data).decode("ascii")


def mime_bundle(obj):
    """({mime: data}, {mime: metadata}) of what a notebook shows for an object; ({}, {}) if it shows itself."""
    data, metadata = {}, {}
    shows = _real_method(obj, "_ipython_display_")
    if shows:
        shows()
        return {}, {}
    bundle = _real_method(obj, "_repr_mimebundle_")
    if bundle:
        found = _guarded(obj, lambda: bundle(include=None, exclude=None))
        if isinstance(found, tuple):
            found, metadata = found[0], dict(found[1])
        for mime, value in (found or {}).items():
            data[mime] = _base64(value) if isinstance(value, bytes) else value
    for mime, name in _methods:
        method = _real_method(obj, name) if mime not in data else None
        if method:
            value = _guarded(obj, method)
            if isinstance(value, tuple) and len(value) == 2:
                value, metadata[mime] = value
            if value is not None:
                data[mime] = _base64(value) if isinstance(value, bytes) else value
    if _is_figure(obj) and "image/png" not in data:
        png = _guarded(obj, lambda: _figure_png(obj))
        if png:
            data["image/png"] = _base64(png)
    if "text/plain" not in data:
        text = _guarded(obj, lambda: pretty(obj))
        if text is not None:
            data["text/plain"] = text
    return data, metadata


def _guarded(obj, f):
    """A broken repr is told and shows nothing, as in IPython."""
    try:
        return f()
    except NotImplementedError:
        return None
    except Exception as e:
        sys.stderr.write("%s while showing a %s: %s\n" % (type(e).__name__, _type_name(obj), e))
        return None


def pretty(obj, width=79):
    """text/plain of an object, laid out as IPython does for the usual containers."""
    return _pretty(obj, 0, 0, width, set())


_brackets = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}"), frozenset: ("frozenset({", "})")}


def _pretty(obj, indent, column, width, seen):
    """`indent` is where its further lines begin, `column` where it begins itself."""
    kind = type(obj)
    if kind is float and _shell is not None and _shell.float_format:
        return _shell.float_format % obj
    if kind in (str, int, float, bool, bytes, type(None), complex):
        return repr(obj)
    if kind is dict or kind in _brackets:
        if id(obj) in seen:
            return {dict: "{...}", list: "[...]", tuple: "(...)"}.get(kind, "{...}")
        if not obj:
            return repr(obj)
        seen = seen | {id(obj)}
        a, b = ("{", "}") if kind is dict else _brackets[kind]
        if kind is tuple and len(obj) == 1:
            b = ",)"
        items, n = [], 0
        source = obj
        if kind in (set, frozenset):
            try:
                source = sorted(obj)
            except Exception:
                pass
        for item in source:
            if n >= 1000:
                items.append("...")
                break
            n += 1
            if kind is dict:
                key = _pretty(item, indent + 1, indent + 1, width, seen)
                items.append("%s: %s" % (key, _pretty(obj[item], indent + 1, indent + len(key) + 3, width, seen)))
            else:
                items.append(_pretty(item, indent + len(a), indent + len(a), width, seen))
        line = a + ", ".join(items) + b
        if column + len(line) <= width and "\n" not in line:
            return line
        return a + (",\n" + " " * (indent + len(a))).join(items) + b
    if isinstance(obj, type):
        module = obj.__module__
        return obj.__qualname__ if module in ("builtins", "exceptions") else "%s.%s" % (module, obj.__qualname__)
    if isinstance(obj, types.FunctionType):
        try:
            import inspect
            return "<function %s.%s%s>" % (obj.__module__, obj.__qualname__, inspect.signature(obj))
        except (ValueError, TypeError):
            return repr(obj)
    text = repr(obj)
    return text.replace("\n", "\n" + " " * indent) if indent else text


def display(*objects, include=None, exclude=None, metadata=None, transient=None, display_id=None, raw=False, clear=False,
            **kwargs):
    """IPython's display(): shows objects where the cell stands."""
    if clear:
        _recorder.clear(wait=True)
    _flush_streams()
    if display_id is True:
        display_id = os.urandom(8).hex()
    for obj in objects:
        data, found = (dict(obj), {}) if raw and isinstance(obj, dict) else mime_bundle(obj)
        _keep_mimes(data, include, exclude)
        found.update(metadata or {})
        _recorder.display(data, found, display_id)
        _log_display(data)
    if display_id is not None:
        return DisplayHandle(display_id)
    return None


def _keep_mimes(data, include, exclude):
    for mime in list(data):
        if include and mime not in include or exclude and mime in exclude:
            del data[mime]


def _log_display(data):
    """What was shown goes to the log as text, for those who follow it."""
    text = data.get("text/plain")
    if isinstance(text, str) and not _recorder.muted and sys.stdout is _out:
        _out.put((text if len(text) < 10000 else text[:10000] + "…") + "\n")


def publish_display_data(data, metadata=None, *, transient=None, update=False, **kwargs):
    _recorder.display(dict(data), metadata, (transient or {}).get("display_id"), update)


def update_display(obj, *, display_id, **kwargs):
    data, metadata = mime_bundle(obj)
    _recorder.display(data, metadata, display_id, True)


def clear_output(wait=False):
    _flush_streams()
    _recorder.clear(wait)


class DisplayHandle:
    def __init__(self, display_id=None):
        self.display_id = display_id or os.urandom(8).hex()

    def display(self, obj, **kwargs):
        display(obj, display_id=self.display_id, **kwargs)

    def update(self, obj, **kwargs):
        update_display(obj, display_id=self.display_id)


# ---- matplotlib ----


def _show_figures(*args, **kwargs):
    """plt.show(): as the inline backend, shows all open figures and closes them."""
    helpers = sys.modules.get("matplotlib._pylab_helpers")
    managers = helpers.Gcf.get_all_fig_managers() if helpers else []
    if not managers:
        return
    for manager in managers:
        figure = manager.canvas.figure
        try:
            if figure.axes or figure.lines:
                data, metadata = mime_bundle(figure)
                _recorder.display(data, metadata)
                _log_display(data)
        finally:
            helpers.Gcf.destroy(manager)


class _AfterImport:
    """Changes what some modules bind as soon as they are imported: a finder that lets the others find."""

    def __init__(self):
        self.hooks = {"matplotlib.pyplot": _patch_pyplot, "IPython.core.display_functions": _patch_display,
                      "IPython.core.getipython": _patch_getipython}

    def find_spec(self, name, path=None, target=None):
        hook = self.hooks.get(name)
        if hook is None:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is None or spec.loader is None:
                continue
            inner = spec.loader.exec_module

            def exec_module(module, inner=inner, hook=hook):
                inner(module)
                hook(module)
            try:
                spec.loader.exec_module = exec_module
            except AttributeError:
                pass
            return spec
        return None


def _patch_pyplot(module):
    module.show = _show_figures


def _patch_display(module):
    module.display, module.publish_display_data, module.clear_output = display, publish_display_data, clear_output
    module.update_display, module.DisplayHandle = update_display, DisplayHandle


def _patch_getipython(module):
    module.get_ipython = get_ipython


class _IPythonStandIn:
    """IPython's few names that notebooks import, where the package isn't installed. Asked last."""

    names = ("IPython", "IPython.display", "IPython.core", "IPython.core.display", "IPython.core.getipython",
             "IPython.core.display_functions", "IPython.utils", "IPython.core.magic")

    def find_spec(self, name, path=None, target=None):
        if name not in self.names:
            return None
        from importlib.machinery import ModuleSpec
        return ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        scope = {"display": display, "clear_output": clear_output, "update_display": update_display,
                 "publish_display_data": publish_display_data, "DisplayHandle": DisplayHandle,
                 "get_ipython": get_ipython, "version_info": (8, 0, 0), "__version__": "8.0.0"}
        scope.update({k: v for k, v in globals().items() if isinstance(v, type) and issubclass(v, _Shown)})

        def missing(name):
            if name.startswith("__"):
                raise AttributeError(name)
            raise AttributeError("%s.%s needs the IPython package, which is not installed here" % (module.__name__, name))
        module.__dict__.update(scope, __getattr__=missing, __path__=[])
        if module.__name__ == "IPython.core.magic":
            for kind in ("line", "cell", "line_cell"):
                module.__dict__["register_%s_magic" % kind] = lambda f, kind=kind: (
                    _shell.register_magic_function(f, kind) or f)


class _Shown:
    """Base of the stand-ins for IPython.display's classes: data, and the mime type it is shown as."""
    mime, plain = "text/plain", True

    def __init__(self, data=None, url=None, filename=None, metadata=None, **kwargs):
        if filename is None and url is None and isinstance(data, str) and self.mime.startswith("image/") and (
                os.path.exists(data)):
            filename = data
        if filename is not None:
            with open(filename, "rb") as f:
                data = f.read()
        if isinstance(data, bytes) and not self.mime.startswith("image/") or self.mime == "image/svg+xml" and (
                isinstance(data, bytes)):
            data = data.decode("utf-8", "replace")
        self.data, self.url, self.filename, self.metadata = data, url, filename, metadata or {}

    def _repr_mimebundle_(self, include=None, exclude=None):
        if self.url is not None:
            return {"text/html": '<img src="%s"/>' % self.url, "text/plain": repr(self)}
        return {self.mime: self.data, "text/plain": repr(self)}, {self.mime: self.metadata} if self.metadata else {}

    def __repr__(self):
        return "<IPython.core.display.%s object>" % type(self).__name__


class HTML(_Shown):
    mime = "text/html"

    def __html__(self):
        return self.data


class Markdown(_Shown):
    mime = "text/markdown"


class Latex(_Shown):
    mime = "text/latex"


class Math(Latex):
    def __init__(self, data=None, **kwargs):
        super().__init__("$\\displaystyle %s$" % str(data).strip("$"), **kwargs)


class SVG(_Shown):
    mime = "image/svg+xml"


class JSON(_Shown):
    mime = "application/json"


class Javascript(_Shown):
    mime = "application/javascript"


class Pretty(_Shown):
    pass


class Code(_Shown):
    pass


class Image(_Shown):
    mime = "image/png"

    def __init__(self, data=None, url=None, filename=None, format=None, width=None, height=None, **kwargs):
        name = str(filename or url or (data if isinstance(data, str) else "")).lower()
        if format in ("jpg", "jpeg") or name.endswith((".jpg", ".jpeg")) or isinstance(data, bytes) and data[:2] == b"\xff\xd8":
            self.mime = "image/jpeg"
        if isinstance(data, str) and data.startswith(("http://", "https://")):
            data, url = None, data
        super().__init__(data, url, filename, {k: v for k, v in (("width", width), ("height", height)) if v})


class IFrame(_Shown):
    mime = "text/html"

    def __init__(self, src, width=600, height=400, **kwargs):
        super().__init__('<iframe width="%s" height="%s" src="%s" frameborder="0" allowfullscreen></iframe>' % (
            width, height, src))


# ---------------------------------------------------------------------------------------------------------------------
# IPython without IPython


class SList(list):
    """What `x = !cmd` binds: a list of lines with views .l .n .s .p, as IPython.utils.text.SList."""
    l = list = property(lambda self: self)
    n = nlstr = property(lambda self: "\n".join(self))
    s = spstr = property(lambda self: " ".join(self))

    @property
    def p(self):
        from pathlib import Path
        return [Path(p) for p in self if os.path.exists(p)]
    paths = p

    def grep(self, pattern, prune=False, field=None):
        def target(line):
            if field is None:
                return line
            parts = line.split()
            return parts[field] if -len(parts) <= field < len(parts) else ""
        test = pattern if callable(pattern) else lambda text: re.search(pattern, text, re.IGNORECASE)
        return SList([line for line in self if bool(test(target(line))) != prune])

    def fields(self, *fields):
        if not fields:
            return [line.split() for line in self]
        found = SList()
        for parts in (line.split() for line in self):
            picked = [parts[i] for i in fields if -len(parts) <= i < len(parts)]
            if picked:
                found.append(" ".join(picked))
        return found

    def sort(self, field=None, nums=False):
        def key(line):
            text = line if field is None else (line.split() + [""] * 100)[field]
            if not nums:
                return text
            digits = "".join(c for c in text if c.isdigit())
            return int(digits) if digits else 0
        return SList(sorted(self, key=key))


_dollar = re.compile(r"(.*?)\$(\$?[\w\.]+)(?=([^']*'[^']*')*[^']*$)")


def expand(command, scope):
    """`{expression}` and `$name` in a command line; the line as it is if any of it fails, as in IPython."""
    import string

    def evaluate(name, spec, conversion):
        value = eval(name + (":" + spec if spec else ""), scope)
        value = {"r": repr, "s": str, "a": ascii, None: lambda v: v}[conversion](value)
        return format(value, "")
    try:
        out = []
        for text, name, spec, conversion in string.Formatter().parse(command):
            at = 0
            for m in _dollar.finditer(text):
                out.append(m.group(1))
                if m.group(2).startswith("$"):
                    out.append(m.group(2))
                else:
                    first, _, rest = m.group(2).partition(".")
                    if first not in scope:
                        out.append("$" + m.group(2))
                    else:
                        try:
                            out.append(str(eval(m.group(2), scope)))
                        except Exception:
                            out.append("$" + m.group(2))
                at = m.end()
            out.append(text[at:])
            if name is not None:
                out.append(evaluate(name, spec, conversion))
        return "".join(out)
    except Exception:
        return command


class MagicError(Exception):
    """A magic that can't be given a meaning here."""


class UsageError(MagicError):
    pass


class _Events:
    def __init__(self):
        self.callbacks = {}

    def register(self, event, function):
        self.callbacks.setdefault(event, []).append(function)

    def unregister(self, event, function):
        self.callbacks.get(event, []).remove(function)

    def trigger(self, event, *args):
        for f in list(self.callbacks.get(event, ())):
            try:
                f(*args)
            except TypeError:
                f()


class Shell:
    """The object that get_ipython() gives: what notebooks use of InteractiveShell."""

    def __init__(self):
        self.config, self.events, self.float_format = {}, _Events(), ""
        self.line_magics, self.cell_magics = {}, {}
        self.real, self.execution_count = None, 0
        self.where, self.dirs = "", []

    user_ns = property(lambda self: _space.ns)
    user_global_ns = user_ns
    user_module = property(lambda self: _space.module)
    ns_table = property(lambda self: {"user_global": _space.ns, "user_local": _space.ns, "builtin": builtins.__dict__})

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        real = self.interactive_shell()
        if real is None:
            raise AttributeError("get_ipython().%s needs the IPython package, which is not installed here" % name)
        return getattr(real, name)

    def interactive_shell(self):
        """A real InteractiveShell over the step's namespace, for what only it can do; None without IPython."""
        if self.real is None:
            try:
                from IPython.core.interactiveshell import InteractiveShell
                from traitlets.config import Config
            except Exception:
                return None
            config = Config()
            config.HistoryManager.enabled = False
            kept = sys.displayhook, sys.excepthook, sys.stdout, sys.stderr, sys.modules["__main__"], _space.ns.copy()
            self.real = InteractiveShell.instance(config=config, user_module=_space.module, user_ns=_space.ns)
            sys.displayhook, sys.excepthook, sys.stdout, sys.stderr, sys.modules["__main__"] = kept[:5]
            for name in ("get_ipython", "display", "In", "Out", "_", "__", "___", "_ih", "_oh", "_dh", "exit", "quit"):
                if name in kept[5]:
                    _space.ns[name] = kept[5][name]
                else:
                    _space.ns.pop(name, None)
            builtins.get_ipython, builtins.display = get_ipython, display
        return self.real

    # -- shell commands --

    def var_expand(self, command, depth=0, formatter=None):
        scope = dict(_space.ns)
        frame = sys._getframe(depth + 1)
        while frame is not None and frame.f_code.co_filename == _FILE:
            frame = frame.f_back
        if frame is not None:
            scope.update(frame.f_locals)
        return expand(command, scope)

    def system(self, command):
        """!command: its output is shown as it comes; its status is _exit_code."""
        import subprocess
        if command.rstrip().endswith("&") and not command.rstrip().endswith("&&"):
            raise OSError("Background processes not supported.")
        command = self.var_expand(command)
        if _is_install(command):
            _space.ns["_exit_code"] = 0
            return self.installs(command)
        _flush_streams()
        with subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, bufsize=0) as p:
            _relay(p.stdout, sys.stdout)
        code = p.wait()
        _space.ns["_exit_code"] = code if code >= 0 else 128 - code
        return None

    system_piped = system_raw = system

    def getoutput(self, command, split=True, depth=0):
        """The lines that a command prints."""
        import subprocess
        if command.rstrip().endswith("&"):
            raise OSError("Background processes not supported.")
        command = self.var_expand(command)
        if _is_install(command):
            self.installs(command)
            return SList()
        _flush_streams()
        p = subprocess.run(command, shell=True, executable=os.environ.get("SHELL") or None, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        _space.ns["_exit_code"] = p.returncode
        text = p.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
        if not split:
            return text
        return SList(text.splitlines())

    def installs(self, command):
        sys.stderr.write("[chard: not installed here: %s (a step's environment holds what the notebook requires)]\n"
                         % command.strip())

    # -- magics --

    def run_line_magic(self, name, line, _stack_depth=1):
        f = self.line_magics.get(name) or _line_magics.get(name)
        if f is None and name in self.cell_magics:
            raise UsageError("%%%s is a cell magic: it stands alone on a cell's first line" % name)
        if f is None:
            return self.real_magic(name, line)
        if name not in _no_expand:
            line = self.var_expand(line)
        return f(self, line) if name in _line_magics and name not in self.line_magics else f(line)

    def run_cell_magic(self, name, line, cell):
        f = self.cell_magics.get(name)
        if f is not None:
            return f(self.var_expand(line), cell)
        f = _cell_magics.get(name)
        if f is None:
            return self.real_magic(name, line, cell)
        if name not in _no_expand:
            line = self.var_expand(line)
        return f(self, line, cell)

    def real_magic(self, name, line, cell=None):
        real = self.interactive_shell()
        sign = "%" if cell is None else "%%"
        if real is None or (real.find_line_magic(name) if cell is None else real.find_cell_magic(name)) is None:
            raise MagicError("%s%s isn't a magic that is known here%s. Say it in Python, or tag the cell `skip`" % (
                sign, name, "" if real else " (and the IPython package is not installed)"))
        return real.run_line_magic(name, line) if cell is None else real.run_cell_magic(name, line, cell)

    def magic(self, text):
        name, _, rest = text.partition(" ")
        return self.run_line_magic(name.lstrip("%"), rest.strip())

    def find_magic(self, name, kind="line"):
        table = _line_magics if kind == "line" else _cell_magics
        return (self.line_magics if kind == "line" else self.cell_magics).get(name) or table.get(name)

    def register_magic_function(self, function, magic_kind="line", magic_name=None):
        name = magic_name or function.__name__
        if "line" in magic_kind:
            self.line_magics[name] = function
        if "cell" in magic_kind:
            self.cell_magics[name] = function

    def register_magics(self, *classes):
        real = self.interactive_shell()
        if real is None:
            raise MagicError("magics in classes need the IPython package, which is not installed here")
        real.register_magics(*classes)

    # -- the rest --

    def run_cell(self, source, *args, **kwargs):
        """Runs text as a cell; the answer has .result and .success."""
        answer = types.SimpleNamespace(result=None, error_in_exec=None, error_before_exec=None, success=True)
        try:
            answer.result = _run_source(source, "<run_cell>", True)
        except Exception as e:
            answer.error_in_exec, answer.success = e, False
            _print_error()
        answer.raise_error = lambda: _raise(answer.error_in_exec)
        return answer

    def ex(self, command):
        exec(command, _space.ns)

    def ev(self, expression):
        return eval(expression, _space.ns)

    def push(self, variables, interactive=True):
        if isinstance(variables, dict):
            _space.ns.update(variables)

    def reset(self, *args, **kwargs):
        _reset_names(self, "")

    def set_next_input(self, *args, **kwargs):
        pass

    def set_custom_exc(self, *args, **kwargs):
        pass

    def showtraceback(self, *args, **kwargs):
        _print_error()

    def enable_matplotlib(self, gui=None):
        return None, None

    def enable_gui(self, gui=None):
        pass

    def enable_pylab(self, gui=None, import_all=True, **kwargs):
        _run_source("import numpy\nimport matplotlib\nfrom matplotlib import pylab, mlab, pyplot\nnp = numpy\nplt = pyplot\n"
                    + ("from matplotlib.pylab import *\nfrom numpy import *\n" if import_all else ""), "<pylab>", False)

    def __repr__(self):
        return "<chard step's IPython interface>"


def _raise(error):
    if error is not None:
        raise error


_shell = None


def get_ipython():
    global _shell
    if _shell is None:
        _shell = Shell()
    return _shell


def _is_install(command):
    return re.match(r"\s*(?:python[\d.]*\s+-m\s+)?(?:pip[\d.]*|conda|mamba|uv\s+pip)\s+install\b", command) is not None


def _relay(pipe, stream):
    """A child's output as it comes."""
    import codecs
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    while True:
        data = pipe.read(65536)
        stream.write(decode(data, not data))
        if not data:
            return
        stream.flush()


def _run_source(source, filename, show=False):
    """Runs text in the namespace and returns the value of a last expression."""
    value = None
    tree = ast.parse(source, filename)
    last = tree.body.pop() if show and tree.body and isinstance(tree.body[-1], ast.Expr) else None
    _remember_source(filename, source)
    exec(compile(tree, filename, "exec", dont_inherit=True), _space.ns)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), filename, "eval", dont_inherit=True), _space.ns)
    return value


def _remember_source(filename, source):
    lines = source.splitlines(True)
    linecache.cache[filename] = len(source), None, lines, filename


# -- the table of magics: name -> f(shell, line[, cell]) --

_line_magics, _cell_magics = {}, {}
_no_expand = {"time", "timeit", "prun", "capture", "mprun", "lprun", "memit"}


def _line(*names):
    def register(f):
        _line_magics.update(dict.fromkeys(names, f))
        return f
    return register


def _cell(*names):
    def register(f):
        _cell_magics.update(dict.fromkeys(names, f))
        return f
    return register


def _nothing(shell, line, cell=None):
    """Magics for people at a prompt: they change no value."""


for _name in ("matplotlib", "autoreload", "config", "xmode", "colors", "debug", "pdb", "autosave", "notebook", "history",
              "hist", "logstart", "logstop", "logon", "logoff", "logstate", "doctest_mode", "automagic", "autocall",
              "rehashx", "gui", "unload_ext", "killbgscripts", "tb", "quickref", "magic", "lsmagic", "connect_info",
              "qtconsole", "pastebin", "pprint", "page", "less", "more", "man", "load", "dhist", "watermark",
              "pinfo", "pinfo2", "pdoc", "psource", "pfile", "pdef", "psearch"):
    _line_magics[_name] = _nothing
_extensions = ("autoreload", "tensorboard", "watermark", "nb_black", "lab_black", "jupyter_black", "line_profiler",
               "memory_profiler", "autotime")


@_line("load_ext", "reload_ext")
def _load_extension(shell, line):
    name = line.strip()
    if name in _extensions:
        return
    real = shell.interactive_shell()
    if real is None:
        raise MagicError("%%load_ext %s needs the IPython package, which is not installed here" % name)
    real.extension_manager.load_extension(name)


@_line("pylab")
def _pylab(shell, line):
    shell.enable_pylab(import_all="--no-import-all" not in line)


@_line("precision")
def _precision(shell, line):
    line = line.strip()
    if "%" in line:
        shell.float_format = line
    elif line:
        shell.float_format = "%%.%df" % int(line)
    else:
        shell.float_format = ""
    if "numpy" in sys.modules:
        sys.modules["numpy"].set_printoptions(precision=int(line) if line.isdigit() else 8)
    return shell.float_format or "%r"


@_line("pwd")
def _pwd(shell, line):
    return os.getcwd()


@_line("cd")
def _cd(shell, line):
    target = line.replace("-q", "").strip().strip("'\"") or "~"
    if target == "-":
        target = shell.dirs[-1] if shell.dirs else "."
    shell.dirs.append(os.getcwd())
    os.chdir(os.path.expanduser(target))
    if "-q" not in line:
        print(os.getcwd())


@_line("pushd")
def _pushd(shell, line):
    shell.stack = getattr(shell, "stack", None) or []
    shell.stack.insert(0, os.getcwd())
    _cd(shell, line)
    return shell.stack


@_line("popd")
def _popd(shell, line):
    if not getattr(shell, "stack", None):
        raise UsageError("%popd on empty stack")
    _cd(shell, shell.stack.pop(0))


@_line("dirs")
def _dirs(shell, line):
    return getattr(shell, "stack", None) or []


@_line("env", "set_env")
def _env(shell, line):
    line = line.strip()
    if not line:
        return dict(os.environ)
    name, sign, value = line.partition("=") if "=" in line else line.partition(" ")
    name, value = name.strip(), value.strip()
    if not sign:
        if name not in os.environ:
            raise UsageError("Environment does not have key: %s" % name)
        return os.environ[name]
    os.environ[name] = value
    print("env: %s=%s" % (name, value))


@_line("pip", "conda", "mamba", "uv")
def _pip(shell, line):
    if re.match(r"\s*(pip\s+)?install\b", line):
        return shell.installs("pip " + line)
    import shlex
    return shell.system("%s -m pip %s" % (shlex.quote(sys.executable), line))


@_line("system", "sx", "sc")
@_cell("system", "sx", "!")
def _sx(shell, line, cell=None):
    return shell.getoutput(line + ("\n" + cell if cell else ""))


def _unix_command(name):
    return lambda shell, line: shell.system("%s %s" % ({"ll": "ls -F -o"}.get(name, name), line))


for _name in ("ls", "ll", "cat", "cp", "mv", "rm", "mkdir", "rmdir", "ln"):
    _line_magics[_name] = _unix_command(_name)


@_line("who", "who_ls", "whos")
def _who(shell, line):
    hidden = ("In", "Out", "exit", "quit", "get_ipython", "display")
    names = sorted(n for n in _space.ns if not n.startswith("_") and n not in hidden)
    names = [n for n in names if not line or type(_space.ns[n]).__name__ in line.split()]
    return names


@_line("who")
def _who_prints(shell, line):
    print("\t ".join(_who(shell, line)) or "Interactive namespace is empty.")


@_line("whos")
def _whos(shell, line):
    for name in _who(shell, line):
        print("%-15s %-15s %s" % (name, type(_space.ns[name]).__name__, _short(_space.ns[name], 60)))


@_line("reset", "reset_selective", "clear")
def _reset_names(shell, line):
    pattern = re.sub(r"-\w+", "", line).strip()
    if line.strip() in ("in", "out", "dhist", "array"):
        return
    for name in list(_space.ns):
        if not name.startswith("__") and name not in ("get_ipython", "display", "In", "Out", "exit", "quit") and (
                not pattern or re.search(pattern, name)):
            del _space.ns[name]


@_line("xdel")
def _xdel(shell, line):
    _space.ns.pop(line.strip(), None)


@_line("run")
def _run(shell, line):
    """%run [-i] [-n] FILE [ARGUMENTS]: a script's names are in the notebook's namespace afterwards."""
    import shlex
    words = shlex.split(line)
    options = []
    while words and words[0].startswith("-"):
        options.append(words.pop(0))
    if not words:
        raise UsageError("%run needs a file")
    path = os.path.expanduser(words[0])
    if not os.path.exists(path) and os.path.exists(path + ".py"):
        path += ".py"
    if path.endswith(".ipynb"):
        with open(path, encoding="utf-8") as f:
            cells = [c for c in json.load(f)["cells"] if c["cell_type"] == "code"]
        for i, c in enumerate(cells):
            source = c["source"] if isinstance(c["source"], str) else "".join(c["source"])
            if re.search(r"^\s*[%!]", source, re.M):
                raise MagicError("%%run %s: IPython syntax in the notebook that it runs" % path)
            _run_source(source, "%s, cell %d" % (os.path.basename(path), i), False)
        return
    with open(path, "rb") as f:
        code = compile(f.read(), path, "exec", dont_inherit=True)
    scope = _space.ns if "-i" in options else {"__name__": "__main__", "__builtins__": builtins}
    kept, sys.argv, name = sys.argv, words, scope.get("__name__")
    had_file = scope.get("__file__")
    scope["__name__"], scope["__file__"] = ("__main__" if "-n" not in options else "run"), path
    try:
        exec(code, scope)
    except SystemExit as e:
        if e.code not in (None, 0):
            raise
    finally:
        sys.argv = kept
        scope["__name__"] = name
        if had_file is None:
            scope.pop("__file__", None)
        else:
            scope["__file__"] = had_file
    if scope is not _space.ns:
        _space.ns.update({k: v for k, v in scope.items() if k not in ("__name__", "__builtins__", "__file__")})


@_line("time")
@_cell("time")
def _time(shell, line, cell=None):
    source = line if cell is None else (line + "\n" + cell if line.strip() else cell)
    wall, cpu = time.perf_counter(), os.times()
    try:
        value = _run_source(source, "<timed %s>" % ("cell" if cell else "line"), True)
    finally:
        wall, end = time.perf_counter() - wall, os.times()
        user, system = end[0] - cpu[0], end[1] - cpu[1]
        print("CPU times: user %s, sys: %s, total: %s" % (_duration(user), _duration(system), _duration(user + system)))
        print("Wall time: %s" % _duration(wall))
    if cell is not None and value is not None:
        display(value)
        return None
    return value


def _duration(seconds):
    for unit, factor in (("s", 1), ("ms", 1e3), ("μs", 1e6), ("ns", 1e9)):
        if seconds * factor >= 1 or unit == "ns":
            return "%.3g %s" % (seconds * factor, unit)
    return "0 ns"


@_line("timeit")
@_cell("timeit")
def _timeit(shell, line, cell=None):
    import timeit
    words, n, repeat, quiet, out = line, 0, 7, False, False
    while True:
        m = re.match(r"\s*-(?:([nrp])\s*(\d+)|([oqtc]))(?:\s+|$)", words)
        if not m:
            break
        words = words[m.end():]
        if m.group(1) == "n":
            n = int(m.group(2))
        elif m.group(1) == "r":
            repeat = int(m.group(2))
        quiet, out = quiet or m.group(3) == "q", out or m.group(3) == "o"
    timer = timeit.Timer(words if cell is None else cell, "pass" if cell is None else words or "pass", globals=_space.ns)
    if not n:
        n = timer.autorange()[0]
    runs = [t / n for t in timer.repeat(repeat, n)]
    mean = sum(runs) / len(runs)
    deviation = (sum((t - mean) ** 2 for t in runs) / len(runs)) ** 0.5
    if not quiet:
        print("%s ± %s per loop (mean ± std. dev. of %d runs, %s loops each)" % (
            _duration(mean), _duration(deviation), repeat, format(n, ",")))
    if out:
        return types.SimpleNamespace(loops=n, repeat=repeat, best=min(runs), worst=max(runs), all_runs=runs, average=mean,
                                     stdev=deviation, timings=runs)


@_line("prun")
@_cell("prun")
def _prun(shell, line, cell=None):
    return _run_source(re.sub(r"^(\s*-\w\s+\S+)*\s*", "", line) if cell is None else cell, "<prun>", False)


class CapturedIO:
    """What %%capture NAME binds."""

    def __init__(self, stdout, stderr, outputs):
        self._out, self._err, self.outputs = stdout, stderr, outputs

    stdout = property(lambda self: self._out)
    stderr = property(lambda self: self._err)

    def __str__(self):
        return self._out

    def show(self):
        sys.stdout.write(self._out)
        sys.stderr.write(self._err)
        for output in self.outputs:
            _recorder.display(output["data"], output.get("metadata"))
    __call__ = show


@_cell("capture")
def _capture(shell, line, cell):
    names = [w for w in line.split() if not w.startswith("--")]
    kept = _recorder.outputs, _recorder.shown, _recorder.streams
    _recorder.outputs, _recorder.shown, _recorder.streams = [], 0, {}
    try:
        value = _run_source(cell, shell.where or "<captured cell>", True)
        if value is not None:
            display(value)
        _show_figures()
    finally:
        found = _recorder.outputs
        _recorder.outputs, _recorder.shown, _recorder.streams = kept
        text = {k: "".join(str(o["text"]) for o in found if o["output_type"] == "stream" and o["name"] == k)
                for k in ("stdout", "stderr")}
        shown = [o for o in found if o["output_type"] != "stream"]
        for option, k in (("--no-stdout", "stdout"), ("--no-stderr", "stderr")):
            if option in line.split():
                _recorder.stream(k, text[k])
                text[k] = ""
        if names:
            _space.ns[names[0]] = CapturedIO(text["stdout"], text["stderr"], shown)


def _script(shell, program, cell, line=""):
    import subprocess
    options = {k: v for k, v in re.findall(r"--(out|err)\s+(\w+)", line)}
    raise_error = "--no-raise-error" not in line
    p = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _flush_streams()
    if options:
        out, err = p.communicate(cell.encode())
        for k, data, stream in (("out", out, sys.stdout), ("err", err, sys.stderr)):
            text = data.decode("utf-8", "replace")
            if k in options:
                _space.ns[options[k]] = text
            else:
                stream.write(text)
    else:
        import threading
        threads = [threading.Thread(target=_relay, args=(pipe, stream), daemon=True)
                   for pipe, stream in ((p.stdout, sys.stdout), (p.stderr, sys.stderr))]
        for t in threads:
            t.start()
        try:
            p.stdin.write(cell.encode())
            p.stdin.close()
        except BrokenPipeError:
            pass
        code = p.wait()
        for t in threads:
            t.join(1 if code is not None else None)
    code = p.wait()
    _space.ns["_exit_code"] = code
    if code and raise_error:
        raise subprocess.CalledProcessError(code, program)


def _script_magic(program):
    def run(shell, line, cell):
        import shlex
        words = [w for w in shlex.split(re.sub(r"--(out|err|proc)\s+\w+|--bg|--no-raise-error|--raise-error", "", line))]
        _script(shell, program + words, cell, line)
    return run


for _name, _program in (("bash", ["bash"]), ("sh", ["sh"]), ("perl", ["perl"]), ("ruby", ["ruby"]),
                        ("python", [sys.executable]), ("python3", [sys.executable])):
    _cell_magics[_name] = _script_magic(_program)


@_cell("script")
def _any_script(shell, line, cell):
    import shlex
    words = shlex.split(re.sub(r"--(out|err|proc)\s+\w+|--bg|--no-raise-error", "", line))
    if not words:
        raise UsageError("%%script needs a program")
    _script(shell, words, cell, line)


@_cell("writefile", "file")
def _writefile(shell, line, cell):
    words = line.split()
    append = bool(words) and words[0] in ("-a", "--append")
    name = os.path.expanduser(line.replace(words[0], "", 1).strip() if append else line.strip())
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1]
    if not name:
        raise UsageError("%%writefile needs a file")
    exists = os.path.exists(name)
    print("%s %s" % ("Appending to" if append and exists else "Overwriting" if exists else "Writing", name))
    with open(name, "a" if append else "w", encoding="utf-8") as f:
        f.write(cell)


def _mime_magic(kind):
    return lambda shell, line, cell: display(kind(cell))


for _name, _kind in (("html", HTML), ("HTML", HTML), ("markdown", Markdown), ("latex", Latex), ("svg", SVG), ("SVG", SVG),
                     ("javascript", Javascript), ("js", Javascript)):
    _cell_magics[_name] = _mime_magic(_kind)


@_cell("debug", "pdb")
def _debug_cell(shell, line, cell):
    raise MagicError("%%debug needs a person at a prompt")


# ---------------------------------------------------------------------------------------------------------------------
# Tracebacks


_cell_files = {}        # file name that code was compiled under -> place


def _place_of(segment):
    """Which cell a piece of code is of: (notebook, cell), where None is the spec's own notebook."""
    return segment.get("notebook"), segment["cell"]


def _told_place(place):
    """A place as results tell it."""
    if place is None:
        return {"cell": None}
    return {"cell": place[1], "notebook": place[0]} if place[0] else {"cell": place[1]}


def _cell_file(notebook, place):
    name = "%s, cell %s" % (place[0] or notebook, place[1])
    _cell_files[name] = place
    return name


def _user_frames(tb):
    """The traceback without the harness's own frames at its top."""
    while tb is not None and tb.tb_frame.f_code.co_filename == _FILE:
        tb = tb.tb_next
    return tb


def _strip_harness(error, seen=None):
    seen = set() if seen is None else seen
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        error.__traceback__ = _user_frames(error.__traceback__)
        _strip_harness(error.__cause__, seen)
        error = error.__context__


def _format_error(error):
    """A traceback's text; its places in the notebook read "train.ipynb, cell 7, line 3"."""
    import traceback
    try:
        _strip_harness(error)
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    except Exception as e:
        text = "%s: (its traceback can't be shown: %s)\n" % (type(error).__name__, e)

    def place(m):
        if m.group(2) not in _cell_files:
            return m.group(0)
        where = m.group(4) or ""
        return "%s%s, line %s%s" % (m.group(1), m.group(2), m.group(3), "" if where == ", in <module>" else where)
    return re.sub(r'^([ |+]*)File "([^"\n]*)", line (\d+)(, in .*)?$', place, text, flags=re.M)


def _places(error):
    """[{"cell", "line", "function"}] where an exception went through the notebook, outermost first."""
    places, tb = [], error.__traceback__
    while tb is not None and len(places) < 200:
        code = tb.tb_frame.f_code
        if code.co_filename in _cell_files:
            places.append(dict(_told_place(_cell_files[code.co_filename]), line=tb.tb_lineno, function=code.co_name))
        tb = tb.tb_next
    if isinstance(error, SyntaxError) and error.filename in _cell_files:
        places.append(dict(_told_place(_cell_files[error.filename]), line=error.lineno, function="<module>"))
    return places


def _error_message(error):
    try:
        return str(error)
    except Exception:
        return "<its message can't be shown>"


def _print_error():
    error = sys.exc_info()[1]
    sys.stderr.write(_format_error(error))


# ---------------------------------------------------------------------------------------------------------------------
# Running cells


def _future_flags():
    import __future__
    return {f: getattr(__future__, f).compiler_flag for f in __future__.all_feature_names}


_FUTURE_MASK = 0
_AWAIT = getattr(ast, "PyCF_ALLOW_TOP_LEVEL_AWAIT", 0x2000)
_COROUTINE = 0x80


class Cells:
    """Runs a notebook's cells in the namespace and keeps what they show."""

    def __init__(self, spec):
        self.spec, self.notebook = spec, spec.get("notebook") or "notebook"
        self.flags, self.loop = 0, None
        self.records, self.errors, self.notes = [], None, []
        self.bound = {}                 # name -> place that was seen to bind it last
        self.watched = []
        self.history, self.last = [""], [None, None, None]
        self.results = {}
        self.folder = ""                # of the notebook whose cell ran last, from the main one's

    def prepare(self):
        """The names that every notebook finds, and its sources where tracebacks look for them."""
        global _FUTURE_MASK
        if not _FUTURE_MASK:
            for flag in _future_flags().values():
                _FUTURE_MASK |= flag
        builtins.get_ipython, builtins.display = get_ipython, display
        ns = _space.ns
        ns.update({"In": self.history, "Out": self.results, "get_ipython": get_ipython, "_ih": self.history,
                   "_oh": self.results, "_dh": [os.getcwd()], "_": "", "__": "", "___": "", "exit": builtins.exit,
                   "quit": builtins.quit} if hasattr(builtins, "exit") else {"get_ipython": get_ipython})
        self.last = ["", "", ""]
        for hook in (_AfterImport(),):
            if not any(isinstance(f, _AfterImport) for f in sys.meta_path):
                sys.meta_path.insert(0, hook)
        if not any(isinstance(f, _IPythonStandIn) for f in sys.meta_path):
            sys.meta_path.append(_IPythonStandIn())
        sources = {}
        for segment in self.spec["segments"]:
            lines = sources.setdefault(_place_of(segment), [])
            if segment.get("original") is not None:
                lines[:] = segment["original"].split("\n")
                continue
            text = segment["source"].split("\n")
            at = segment.get("line", 1) - 1
            lines += [""] * (at + len(text) - len(lines))
            lines[at:at + len(text)] = text
        for place, lines in sources.items():
            _remember_source(_cell_file(self.notebook, place), "\n".join(lines) + "\n")

    def watch(self, names):
        self.watched = [(n, id(_space.ns.get(n, self))) for n in names]

    def enter_folder(self, place):
        """The working directory follows from notebook to notebook, as when each is opened by itself."""
        folder = os.path.dirname(place[0] or "")
        if folder == self.folder:
            return
        self.folder = folder
        directory = os.path.normpath(os.path.join(self.spec.get("cwd") or os.getcwd(), folder))
        try:
            os.chdir(directory)
        except OSError as e:
            raise Environment("the notebook's directory %s: %s" % (directory, e.strerror)) from e
        if directory in sys.path:
            sys.path.remove(directory)
        sys.path.insert(0, directory)

    def note_bindings(self, place):
        for i, (name, old) in enumerate(self.watched):
            new = id(_space.ns.get(name, self))
            if new != old:
                self.watched[i] = name, new
                self.bound[name] = place

    def run_replicated(self, segment):
        """A definition brought along: shows nothing, but what it writes goes to the log."""
        _recorder.muted += 1
        try:
            self._run(segment, False)
        finally:
            _recorder.muted -= 1

    def run_cell(self, segments):
        """Runs the segments of one cell; raises what they raise, after recording it."""
        place = _place_of(segments[0])
        self.enter_folder(place)
        outputs = _recorder.begin()
        source = "\n".join(s["source"] for s in segments)
        self.history.append(source)
        _space.ns["_i"] = source
        get_ipython().execution_count = _recorder.count
        get_ipython().where = _cell_file(self.notebook, place)
        record = {"place": place, "source": segments[0].get("original") or source, "count": _recorder.count,
                  "outputs": outputs, "seconds": 0.0}
        self.records.append(record)
        began = time.perf_counter()
        try:
            get_ipython().events.trigger("pre_run_cell", None)
            for segment in segments:
                self._run(segment, segment is segments[-1])
            _show_figures()
            get_ipython().events.trigger("post_run_cell", None)
        except BaseException as error:
            self._failed(error, place)
            raise
        finally:
            _flush_streams()
            record["seconds"] = time.perf_counter() - began
            record["outputs"] = _recorder.outputs
            self.note_bindings(place)

    def _failed(self, error, place):
        try:
            _show_figures()
        except Exception:
            pass
        text = _format_error(error)
        _flush_streams()
        (_err or sys.stderr).put(text) if _err is not None else sys.stderr.write(text)
        _recorder.muted = 0
        _recorder.add({"output_type": "error", "ename": type(error).__name__, "evalue": _error_message(error),
                       "traceback": text.rstrip("\n").split("\n")})
        places = _places(error)
        told = _told_place(place)
        here = [p for p in places if all(p.get(k) == v for k, v in told.items())]
        self.errors = dict(told, type=type(error).__name__, message=_error_message(error),
                           line=here[0]["line"] if here else None, traceback=text, frames=places)
        if isinstance(error, SystemExit):
            self.errors["hint"] = "a cell that calls sys.exit() or exit() ends the notebook there: use an `if` instead"
        if isinstance(error, Canceled):
            self.errors.update(type="Canceled", message="the step was asked to end (SIGTERM)")

    def _run(self, segment, last):
        """Compiles one segment under the notebook's own name and runs it."""
        name = _cell_file(self.notebook, _place_of(segment))
        source, skip = segment["source"], segment.get("line", 1) - 1
        try:
            tree = compile("\n" * skip + source if skip < 10000 else source, name, "exec",
                           ast.PyCF_ONLY_AST | _AWAIT | self.flags, dont_inherit=True)
        except ValueError as e:
            raise SyntaxError(str(e), (name, skip + 1, 1, "")) from None
        expression = None
        if last and tree.body and isinstance(tree.body[-1], ast.Expr):
            expression = ast.Expression(tree.body.pop().value)
        if tree.body:
            self._evaluate(compile(tree, name, "exec", _AWAIT | self.flags, dont_inherit=True))
        if expression is not None:
            value = self._evaluate(compile(expression, name, "eval", _AWAIT | self.flags, dont_inherit=True))
            if value is not None and not _ends_quietly(source):
                self._show(value)

    def _evaluate(self, code):
        self.flags |= code.co_flags & _FUTURE_MASK
        if not code.co_flags & _COROUTINE:
            return eval(code, _space.ns)
        import asyncio
        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        return self.loop.run_until_complete(eval(code, _space.ns))

    def _show(self, value):
        ns = _space.ns
        for i, name in ((2, "___"), (1, "__"), (0, "_")):
            if ns.get(name) is not self.last[i] and name in ns:
                break           # the notebook uses the name itself
        else:
            if value is not self.results:
                self.last = [value, self.last[0], self.last[1]]
                ns["_"], ns["__"], ns["___"] = self.last
        if value is not self.results:
            self.results[_recorder.count] = value
        _flush_streams()
        data, metadata = mime_bundle(value)
        _recorder.result(data, metadata)
        _log_display(data)

    def notebook_json(self):
        cells = []
        for r in self.records:
            cells.append({"cell_type": "code", "id": "cell-%s" % r["place"][1], "execution_count": r["count"],
                          "metadata": {"chard": dict(_told_place(r["place"]), seconds=round(r["seconds"], 6))},
                          "source": r["source"], "outputs": r["outputs"]})
        return {"nbformat": 4, "nbformat_minor": 5, "cells": cells,
                "metadata": {"language_info": {"name": "python", "version": "%d.%d.%d" % sys.version_info[:3]},
                             "chard": {"step": self.spec.get("step", ""), "notebook": self.notebook}}}


def _ends_quietly(source):
    """True if the last thing in a cell, but for comments, is a semicolon."""
    if ";" not in source:
        return False
    import tokenize
    last = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.rstrip()).readline):
            if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.COMMENT, tokenize.INDENT,
                              tokenize.DEDENT):
                continue
            last = token.string
    except (tokenize.TokenError, SyntaxError):
        pass
    return last == ";"


def _by_cell(segments):
    """Own segments in order, those of one cell that follow one another together; replicated ones alone."""
    runs = []
    for segment in segments:
        replicated = bool(segment.get("replicated"))
        if runs and not replicated and runs[-1][0] == _place_of(segment) and not runs[-1][1]:
            runs[-1][2].append(segment)
        else:
            runs.append((_place_of(segment), replicated, [segment]))
    return runs


def _number(value):
    """A metric as a JSON number, or None."""
    if isinstance(value, (bool, int)):
        return value
    try:
        if not isinstance(value, float):
            value = value.item() if hasattr(value, "item") else None
        if isinstance(value, (bool, int)):
            return value
        return value if isinstance(value, float) and value - value == 0 else None
    except Exception:
        return None


def _peak_rss():
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _set_path(spec):
    """Modules lie in the notebook's directory, and in those of the notebooks it is composed of."""
    sys.path[0:1] = [spec["cwd"]] + [os.path.normpath(os.path.join(spec["cwd"], p)) for p in spec.get("path") or []]


def _enter(spec):
    """Environment, directory and signals of a step."""
    os.environ["CHARD_STEP_ID"] = "%s/%d" % (spec.get("step", ""), os.getpid())
    for name, value in (spec.get("env") or {}).items():
        os.environ[name] = str(value)
    os.environ.setdefault("MPLBACKEND", "agg")
    _log["limit"] = spec.get("log_limit") or LOG_LIMIT
    cwd = spec.get("cwd")
    if cwd:
        try:
            os.chdir(cwd)
        except OSError as e:
            raise Environment("the notebook's directory %s: %s" % (cwd, e.strerror)) from e
        _set_path(spec)
    sys.argv = [spec.get("notebook") or "notebook"]
    _first_environ.clear()
    _first_environ.update(os.environ)
    _measure_log()
    _install_streams()

    def on_term(number, frame):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Canceled()
    signal.signal(signal.SIGTERM, on_term)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _read_spec(path):
    try:
        with open(path, encoding="utf-8") as f:
            spec = json.load(f)
    except (OSError, ValueError) as e:
        raise Environment("%s: %s" % (path, e)) from e
    if not isinstance(spec, dict) or spec.get("version") != 1:
        raise Environment("%s: not a specification of version 1" % path)
    return spec


class _Output:
    """A result directory in the making: everything goes to a directory beside it, renamed into place when whole."""

    def __init__(self, path, sync=False):
        self.path, self.sync = os.path.abspath(path), sync
        self.work = "%s.tmp-%d" % (self.path, os.getpid())
        self.owner = os.getpid()

    def __enter__(self):
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            _remove(self.work)
            os.mkdir(self.work)
        except OSError as e:
            raise Environment("the result's place %s: %s" % (self.path, e.strerror)) from e
        return self

    def json(self, name, value):
        _write_json(os.path.join(self.work, name), value, self.sync)

    def drop(self, *names):
        for name in names:
            try:
                os.unlink(os.path.join(self.work, name))
            except OSError:
                pass

    def place(self):
        if os.path.lexists(self.path):
            old = "%s.old-%d" % (self.path, os.getpid())
            os.rename(self.path, old)
            os.rename(self.work, self.path)
            _remove(old)
        else:
            os.rename(self.work, self.path)
        if self.sync:
            fd = os.open(os.path.dirname(self.path), os.O_RDONLY)
            os.fsync(fd)
            os.close(fd)

    def __exit__(self, *exc):
        if os.getpid() == self.owner:
            _remove(self.work)


def _remove(path):
    if not os.path.lexists(path):
        return
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
        return
    import shutil
    shutil.rmtree(path, ignore_errors=True)


# ---- inputs ----


class Inputs:
    """The values that a step starts with, mapped from its producers' results."""

    def __init__(self, wanted):
        self.wanted, self.bundles, self.loaded = wanted, {}, []

    def load(self):
        by_name = {i["name"]: i for i in self.wanted}
        extras = self._extras(by_name)
        for item in self.wanted:
            name = item["name"]
            bundle = extras.get(name) or self._bundle(item["from"])
            if name not in bundle.groups:
                if name in bundle.unbound or item.get("optional"):
                    continue
                raise Environment("%s has no value for %s" % (bundle.directory, name))
            try:
                value = bundle.get(name)
            except Environment:
                raise
            except Exception as e:
                raise Environment("the value of %s can't be read here: %s: %s" % (name, type(e).__name__, e)) from e
            if name.startswith("%"):
                if name not in _states:
                    raise Environment("%s is no library state that is known" % name)
                _states[name][1](value)
            else:
                _space.ns[name] = value
                self.loaded.append((item, bundle, value))
        for name, value in _space.wanted.items():
            _space.ns.setdefault(name, value)
        _space.wanted = {}
        for bundle in self.bundles.values():
            bundle.loaded = {}

    def _bundle(self, directory):
        if directory not in self.bundles:
            self.bundles[directory] = Bundle(directory)
        return self.bundles[directory]

    def _extras(self, by_name):
        """Inputs that lie inside another input from elsewhere: they are taken from there, to stay one object."""
        found = {}
        for item in self.wanted:
            bundle = self._bundle(item["from"])
            for name, digest in bundle.manifest.get("extras", {}).items():
                other = by_name.get(name)
                if other is None or name in found or other["from"] == item["from"]:
                    continue
                source = self._bundle(other["from"]).groups.get(name)
                if source and source["sha256"] == digest and bundle.groups.get(name) is bundle.groups.get(item["name"]):
                    found[name] = bundle
        return found

    def kept(self):
        """{name: (value, digest of its group)} of inputs still bound as they came."""
        return {item["name"]: (value, bundle.groups[item["name"]]["sha256"])
                for item, bundle, value in self.loaded
                if _space.ns.get(item["name"]) is value and not _is_immutable(value)}

    def find_mutated(self, notes):
        """Names of inputs that were not said to change in this step and did."""
        mutated, deadline, done = [], time.monotonic() + 0.5, set()
        declared = {item["name"] for item in self.wanted if item.get("mutated")}
        for item, bundle, value in self.loaded:
            name = item["name"]
            group = bundle.groups[name]
            key = bundle.directory, group["pickle"][0]
            if name in declared or key in done or declared & set(group["names"]):
                continue
            done.add(key)
            if _is_immutable(value) and type(value) is not tuple and len(group["names"]) == 1:
                continue
            members = [v for i, b, v in self.loaded if b is bundle and b.groups[i["name"]] is group]
            names = [i["name"] for i, b, v in self.loaded if b is bundle and b.groups[i["name"]] is group]
            if time.monotonic() > deadline:
                notes.append("not looked for undeclared changes, for want of time: %s" % ", ".join(names))
                continue
            try:
                changed = _group_changed(bundle, group, dict(zip(names, members)), notes)
            except Exception as e:
                notes.append("not looked for undeclared changes (%s: %s): %s" % (type(e).__name__, e, ", ".join(names)))
                continue
            mutated += changed
        return mutated

    def close(self):
        for bundle in self.bundles.values():
            bundle.close()


def _group_changed(bundle, group, values, notes):
    """Names of a group's values that are no longer what the file says."""
    touched = any(_memory_changed(bundle, span) for span in group["buffers"])
    if group["pickle"][1] > CHECK_LIMIT:
        if touched:
            return sorted(values)
        notes.append("too large to look for undeclared changes: %s" % ", ".join(sorted(values)))
        return []
    if not touched and len(values) == len(group["names"]):
        ordered = [values[n] for n in group["names"]]
        now = _pickle_groups([""], [ordered[0] if len(ordered) == 1 else tuple(ordered)], lambda i, e: None)[0][1]
        same = b"".join(bytes(c) for c in now.chunks) == bundle.span(group["pickle"])
        if same and _same_places(bundle, group, now.buffers):
            return []
    # Pickles of equal values may differ in how strings are shared: look at the values themselves.
    original = dict(zip(group["names"], (lambda v: v if len(group["names"]) > 1 else (v,))(_fresh(bundle, group))))
    return sorted(n for n, v in values.items() if differ(original[n], v) is not None)


def _fresh(bundle, group):
    other = Bundle(bundle.directory)
    try:
        return other.unpickle(group)
    finally:
        other.close()


def _same_places(bundle, group, buffers):
    """True if the buffers are still those mapped from the file."""
    if len(buffers) != len(group["buffers"]):
        return False
    base = _address(bundle.memory) if buffers else 0
    return all(_address(b) == base + span[0] and b.nbytes == span[1] for b, span in zip(buffers, group["buffers"]))


def _memory_changed(bundle, span):
    """True if the mapped bytes differ from the file's. A private page that was never written to is still the file's, and
    /proc tells which these are: only the others are compared."""
    offset, length = span
    for start, end in _own_pages(_address(bundle.memory) + offset, length):
        at = offset + start
        end = min(offset + end, offset + length)
        while at < end:
            data = os.pread(bundle.fd, min(1 << 20, end - at), at)
            if not data or bundle.memory[at:at + len(data)] != data:
                return True
            at += len(data)
    return False


def _own_pages(address, length):
    """[(start, end)] relative to address: stretches of pages that were written to."""
    size = mmap.PAGESIZE
    first, count = address // size, (address % size + length + size - 1) // size
    try:
        fd = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return [(0, length)]
    try:
        data = b""
        while len(data) < count * 8:
            more = os.pread(fd, count * 8 - len(data), first * 8 + len(data))
            if not more:
                return [(0, length)]
            data += more
    except OSError:
        return [(0, length)]
    finally:
        os.close(fd)
    if not any(data):
        return []
    found, shift = [], first * size - address
    flags = data[7::8]          # the top byte: bit 63 present, 62 swapped, 61 the file's own page
    for i, flag in enumerate(flags):
        if flag & 0xC0 and not flag & 0x20:
            start, end = max(0, i * size + shift), (i + 1) * size + shift
            if found and found[-1][1] == start:
                found[-1][1] = end
            else:
                found.append([start, end])
    return found


# ---- one step ----


def run_step(path):
    """Runs a step; returns the exit status."""
    began = time.perf_counter()
    try:
        spec = _read_spec(path)
        _enter_space(Space(spec.get("step", ""), spec.get("definitions", ())))
        _enter(spec)
        with _Output(spec["result"], spec.get("fsync", False)) as output:
            return _run_in(spec, output, began)
    except Environment as e:
        _complain(e)
        return 3
    except KeyError as e:
        _complain("%s: the specification lacks %s" % (path, e))
        return 3
    except OSError as e:
        _complain("%s%s" % (e.strerror or e, ": %s" % e.filename if e.filename else ""))
        return 3


def _complain(message):
    text = "chard: %s\n" % message
    try:
        if _err is not None:
            _err.put(text)
            _err.flush()
        else:
            os.write(2, text.encode("utf-8", "replace"))
    except OSError:
        pass


def _set_parameters(spec):
    for name, value in (spec.get("parameters") or {}).items():
        _space.ns[name] = json.loads(json.dumps(value)) if isinstance(value, (list, dict)) else value


def _run_in(spec, output, began):
    cells, inputs = Cells(spec), Inputs(spec.get("inputs") or [])
    asked = [o["name"] for o in spec.get("outputs") or []]
    data = {o["name"].partition(".")[0] for o in spec.get("outputs") or [] if o.get("kind", "data") == "data"}
    _space.definitions -= data
    cells.prepare()
    status, error, mutated, metrics = 0, None, [], {}
    try:
        _run_segments(spec, cells, inputs, asked)
    except Environment:
        raise
    except BaseException as e:
        status, error = 1, cells.errors or _bare_error(e, spec)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:     # else it has come, and may come again
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    gc.disable()
    try:
        if status == 0:
            _note_threads(cells.notes)
            metrics = _metrics(spec, cells.notes)
            status, error = _save(spec, cells, inputs, asked, output)
        if status == 0:
            mutated = _mutated(spec, inputs, cells)
        result = {"status": "error" if status else "ok", "seconds": round(time.perf_counter() - began, 6),
                  "peak_rss": _peak_rss(), "mutated": mutated, "notes": cells.notes,
                  "cells": [dict(_told_place(r["place"]), seconds=round(r["seconds"], 6)) for r in cells.records]}
        if error:
            result["error"] = error
        _write_result(output, cells, metrics, result, status)
    finally:
        gc.enable()
        inputs.close()
        _flush_streams()
        _flush_files()
    return status


def _run_segments(spec, cells, inputs, asked):
    runs = _by_cell(spec["segments"])
    lead = 0
    _set_parameters(spec)
    while lead < len(runs) and runs[lead][1]:
        _run_replicated(cells, runs[lead][2])
        lead += 1
    _set_parameters(spec)
    gc.disable()
    try:
        inputs.load()
    finally:
        gc.enable()
    cells.watch(asked)
    for cell, replicated, segments in runs[lead:]:
        if replicated:
            _run_replicated(cells, segments)
        else:
            cells.run_cell(segments)


def _run_replicated(cells, segments):
    try:
        for segment in segments:
            cells.run_replicated(segment)
    except BaseException as e:
        _recorder.begin()
        cells._failed(e, _place_of(segments[0]))
        cells.records.append({"place": _place_of(segments[0]), "source": segments[0]["source"], "count": None,
                              "outputs": _recorder.outputs, "seconds": 0.0})
        raise
    finally:
        cells.note_bindings(_place_of(segments[0]))


def _bare_error(e, spec):
    text = _format_error(e)
    _complain(text)
    if isinstance(e, Canceled):
        return {"type": "Canceled", "message": "the step was asked to end (SIGTERM)", "cell": None, "line": None, "traceback": text}
    return {"type": type(e).__name__, "message": _error_message(e), "cell": None, "line": None, "traceback": text}


def _metrics(spec, notes):
    found = {}
    for name in spec.get("metrics") or []:
        if name not in _space.ns:
            notes.append("metric %s has no value" % name)
            continue
        found[name] = _number(_space.ns[name])
        if found[name] is None:
            notes.append("metric %s is not a finite number but %s" % (name, _short(_space.ns[name], 60)))
    return found


def _note_threads(notes):
    threading = sys.modules.get("threading")
    if not threading:
        return
    names = [t.name for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon
             and not t.name.startswith("ThreadPoolExecutor")]
    if names:
        notes.append("threads that still ran at the step's end were ended: %s" % ", ".join(names[:10]))


def _collect(names):
    """(names, values) of those that are bound, and the names that aren't."""
    bound, values, unbound = [], [], []
    for name in names:
        if name in _states:
            value = _states[name][0]()
            present = value is not None
        else:
            present = name in _space.ns
            value = _space.ns.get(name)
        if present:
            bound.append(name)
            values.append(value)
        else:
            unbound.append(name)
    return bound, values, unbound


def _save(spec, cells, inputs, asked, output):
    """Writes the values: (exit status, error)."""
    names, values, unbound = _collect(asked)
    optional = {o["name"] for o in spec.get("outputs") or [] if o.get("optional")}
    for name in unbound:
        if name not in optional and not name.startswith("%"):
            cells.notes.append("%s is not bound at the step's end" % name)
    extras = {n: v for n, v in inputs.kept().items() if n not in asked} if values else {}
    try:
        write_bundle(output.work, names, values, cells.bound, cells.notebook, extras, unbound, spec.get("fsync", False))
    except Unserializable as e:
        output.drop("values.bin", "values.json")
        _complain("%s\n  way out: %s" % (e, e.hint))
        error = dict(_told_place(e.cell), type="Unserializable", message=str(e), line=None, traceback="", name=e.name,
                     hint=e.hint)
        return 2, error
    except MemoryError as e:
        output.drop("values.bin", "values.json")
        _complain("out of memory while the outputs were saved")
        return 1, {"type": "MemoryError", "message": "out of memory while the outputs were saved: %s" % e, "cell": None,
                   "line": None, "traceback": ""}
    except OSError as e:
        output.drop("values.bin", "values.json")
        _complain("the outputs can't be written to %s: %s" % (output.path, e.strerror or e))
        return 3, {"type": "Environment", "message": "the outputs can't be written to %s: %s" % (
            output.path, e.strerror or e), "cell": None, "line": None, "traceback": ""}
    return 0, None


def _mutated(spec, inputs, cells):
    names = inputs.find_mutated(cells.notes)
    own = {_place_of(s) for s in spec["segments"] if not s.get("replicated")}
    place = own.pop() if len(own) == 1 else None
    return [dict(_told_place(place), name=n) for n in names]


def _write_result(output, cells, metrics, result, status):
    try:
        output.json("outputs.ipynb", cells.notebook_json())
        if not status:
            output.json("metrics.json", metrics)
        output.json("result.json", result)
    except OSError as e:
        # No room for what was shown: the bare result may still fit.
        output.drop("values.bin", "values.json", "outputs.ipynb", "metrics.json")
        message = "the result can't be written to %s: %s" % (output.path, e.strerror or e)
        result.update(status="error", error=result.get("error") or {
            "type": "Environment", "message": message, "cell": None, "line": None, "traceback": ""})
        output.json("result.json", result)
        output.place()
        raise Environment(message) from e
    output.place()


def _flush_files():
    """What the notebook's open files hold back is written, as when an interpreter ends."""
    kinds = (io.TextIOWrapper, io.BufferedWriter, io.BufferedRandom)
    for obj in gc.get_objects():
        if type(obj) in kinds:
            try:
                if not obj.closed:
                    obj.flush()
            except Exception:
                pass


def _leave(status, report=None):
    """Ends the process without tearing down the interpreter: there is nothing left that anyone waits for."""
    try:
        atexit = sys.modules.get("atexit")
        if atexit and atexit._ncallbacks():
            _end_pools()
            atexit._run_exitfuncs()
    except BaseException:
        pass
    _flush_streams()
    try:
        if report:
            report(status)
    except BaseException:
        pass
    os._exit(status)


def _end_pools():
    """Worker processes that Python itself would end with this one."""
    processes = sys.modules.get("multiprocessing.process")
    util = sys.modules.get("multiprocessing.util")
    if processes:
        threading, start = sys.modules["threading"], processes.BaseProcess.start

        def start_no_more(self):
            while threading.current_thread() is not threading.main_thread():
                time.sleep(1)       # a pool's thread, about to replace the workers that end here
            return start(self)
        processes.BaseProcess.start = start_no_more
        for p in processes.active_children():
            if p.daemon:
                p.terminate()
    if util:    # it would wait for the other children, perhaps for ever
        sys.modules["atexit"].unregister(util._exit_function)


# ---------------------------------------------------------------------------------------------------------------------
# The zygote


_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def _prctl(option, value):
    try:
        import ctypes
        return ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0
    except Exception:
        return False


class _TooLong(BaseException):
    pass


class Zygote:
    """Imports, then forks; never runs a line of a notebook itself."""

    def __init__(self, names, fd=3):
        self.fd, self.names = fd, [n for n in names if n]
        self.buffer, self.children, self.timers = b"", {}, {}
        self.pid, self.ended, self.loading = os.getpid(), False, False
        self.waiting = None         # (pid, descriptor) of the process that waits for a step
        self.doomed = {}            # what canceled steps had started

    def run(self):
        import select
        os.set_inheritable(self.fd, False)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self.wake, wake_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
        self.reports, self.reports_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.reports_pipe = os.fstat(self.reports_in)[:3]
        self.private = (self.fd, self.wake, wake_in, self.reports)
        # While something is imported, ends are told from here; otherwise turn() sees the wake-up.
        signal.signal(signal.SIGCHLD, lambda *a: (self.take_reports(), self.reap()) if self.loading else None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # Ctrl-C is the engine's to understand
        signal.signal(signal.SIGTERM, lambda *a: self.end())
        os.environ.setdefault("MPLBACKEND", "agg")
        self.poll = select.poll()
        self.poll.register(self.fd, select.POLLIN)
        self.poll.register(self.wake, select.POLLIN)
        self.poll.register(self.reports, select.POLLIN)
        _prepare_process()
        self.preload()
        while True:
            self.turn(None)

    def preload(self):
        """Imports what the notebook imports. What fails is passed over: the step that needs it will tell."""
        _install_streams()
        sys.meta_path.insert(0, _AfterImport())
        began = time.monotonic()
        for name in self.names:
            if time.monotonic() - began > 3.0:
                self.settle()
                self.turn(0)        # whoever waits doesn't wait for the rest
            self.loading = True
            self.drop_spare()
            self.load(name)
            self.loading = False
        self.settle()
        self.spare()

    def load(self, name):
        def too_long(number, frame):
            raise _TooLong()
        signal.signal(signal.SIGALRM, too_long)
        signal.setitimer(signal.ITIMER_REAL, 60)
        try:
            __import__(name)
        except (Exception, SystemExit, _TooLong, KeyboardInterrupt) as e:
            sys.stderr.write("chard: import %s: %s: %s\n" % (name, type(e).__name__, e))
            sys.stderr.flush()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            _flush_streams()

    def settle(self):
        """What is loaded now is never looked at by the garbage collector again, in no child: its pages stay shared."""
        gc.collect()
        gc.freeze()
        gc.disable()
        _join_pages()

    def turn(self, timeout):
        if self.timers:
            first = max(0.0, min(self.timers.values()) - time.monotonic())
            timeout = first if timeout is None else min(first, timeout)
        ready = dict(self.poll.poll(None if timeout is None else timeout * 1000 + 1))
        if self.wake in ready:
            try:
                os.read(self.wake, 4096)
            except OSError:
                pass
        if self.reports in ready:
            self.take_reports()
        self.reap()
        self.strike()
        if self.fd in ready:
            try:
                data = os.read(self.fd, 65536)
            except InterruptedError:
                return
            except OSError:
                data = b""
            if not data:
                self.end()
            self.buffer += data
            while b"\n" in self.buffer:
                line, _, self.buffer = self.buffer.partition(b"\n")
                self.request(line)

    def request(self, line):
        try:
            message = json.loads(line)
            if "cancel" in message:
                self.cancel(message["cancel"])
            else:
                self.start(message["id"], message["spec"], message["log"])
        except (ValueError, KeyError, TypeError) as e:
            sys.stderr.write("chard: the zygote doesn't understand %r: %s\n" % (line[:200], e))
            sys.stderr.flush()

    def start(self, ident, spec, log):
        """Gives the step to the process that waits for one, and has another wait, while this one works already."""
        order = json.dumps({"id": ident, "spec": spec, "log": log}).encode() + b"\n"
        pid = self.hand_out(order)
        if pid is None:
            try:
                self.spare()
            except OSError as e:
                self.say({"id": ident, "exit": 3, "error": "fork: %s" % e.strerror})
                return
            pid = self.hand_out(order)
        self.children[pid] = ident
        self.say({"id": ident, "pid": pid})
        if not self.loading:
            try:
                self.spare()
            except OSError:
                pass

    def hand_out(self, order):
        if not self.waiting:
            return None
        pid, end = self.waiting
        self.waiting = None
        try:
            os.write(end, order)
            return pid
        except OSError:
            return None             # it was killed
        finally:
            os.close(end)

    def spare(self):
        """Forks a process that waits for a step. It costs the next step nothing then."""
        _flush_streams()
        theirs, ours = os.pipe2(os.O_CLOEXEC)
        try:
            import warnings
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pid = os.fork()
        except OSError:
            os.close(theirs)
            os.close(ours)
            raise
        if pid == 0:
            os.close(ours)
            self.child(theirs)
        os.close(theirs)
        self.waiting = pid, ours

    def drop_spare(self):
        """More was imported: the one that waits knows nothing of it. It ends when its pipe does."""
        if self.waiting:
            os.close(self.waiting[1])
            self.waiting = None

    def child(self, orders):
        """The new process: becomes a session of its own, waits for its step, runs it, and never comes back."""
        status = 3
        try:
            signal.set_wakeup_fd(-1)
            os.setsid()
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGALRM):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != self.pid:
                os._exit(3)
            for fd in self.private:
                os.close(fd)
            order = b""
            while not order.endswith(b"\n"):
                data = os.read(orders, 65536)
                if not data:
                    os._exit(0)
                order += data
            os.close(orders)
            order = json.loads(order)
            _open_log(order["log"])
            atexit = sys.modules.get("atexit")
            if atexit:
                atexit._clear()
            _reseed()
            gc.enable()
            status = run_step(order["spec"])
            _leave(status, self.report)
        except BaseException:
            try:
                _print_error()
                _flush_streams()
            except BaseException:
                pass
        finally:
            os._exit(status)

    def report(self, status):
        """All is written: the step is over, and nobody has to wait until its memory is taken down."""
        import resource
        own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        if own.ru_maxrss > 1 << 20:
            return                  # so much memory is rather seen to be free before the next one starts
        if os.fstat(self.reports_in)[:3] != self.reports_pipe:
            return                  # the step closed it, and opened something else in its place
        os.write(self.reports_in, b"%d %d %d %.6f %.6f\n" % (
            os.getpid(), status, max(own.ru_maxrss, others.ru_maxrss), own.ru_utime + others.ru_utime,
            own.ru_stime + others.ru_stime))

    def take_reports(self):
        try:
            data = os.read(self.reports, 65536)     # lines this short come whole
        except OSError:
            return
        for line in data.splitlines():
            pid, status, max_rss, user, system = line.split()
            ident = self.children.pop(int(pid), None)
            self.timers.pop(int(pid), None)
            if ident is not None:
                self.say({"id": ident, "exit": int(status), "max_rss": int(max_rss), "user": float(user),
                          "system": float(system)})

    def say(self, message):
        data = json.dumps(message).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self.fd, data):]
        except OSError:
            self.end()

    def reap(self):
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ident = self.children.pop(pid, None)
            if ident is None:
                if self.waiting and self.waiting[0] == pid:
                    self.drop_spare()
                continue            # told already, or a daemon of some step
            self.timers.pop(pid, None)
            answer = {"id": ident}
            if os.WIFSIGNALED(status):
                answer["signal"] = os.WTERMSIG(status)
            else:
                answer["exit"] = os.WEXITSTATUS(status)
            answer.update(max_rss=usage.ru_maxrss, user=usage.ru_utime, system=usage.ru_stime)
            self.say(answer)

    def cancel(self, ident):
        for pid, known in list(self.children.items()):
            if known == ident:
                self.timers.setdefault(pid, time.monotonic() + GRACE)
                for p in _list_tree(pid):
                    _kill(p, signal.SIGTERM)
                _kill(-pid, signal.SIGTERM)
                # The step's process ends by itself; what else it started gets no such trust.
                self.doomed[pid] = _list_tree(pid)

    def strike(self):
        """SIGKILL for those whose time is over, and for what a canceled step left behind."""
        now = time.monotonic()
        for pid, when in list(self.timers.items()):
            if now >= when:
                del self.timers[pid]
                for p in _list_tree(pid):
                    _kill(p, signal.SIGKILL)
                _kill(-pid, signal.SIGKILL)
                _kill(pid, signal.SIGKILL)
        for pid, others in list(self.doomed.items()):
            if pid not in self.children:
                del self.doomed[pid]
                _kill(-pid, signal.SIGKILL)
                for p in others:
                    if p != pid and _marker(p).endswith("/%d" % pid):
                        _kill(p, signal.SIGKILL)

    def end(self):
        """The engine is gone: so goes all that was ever started here. Orphans come to us, for we are their subreaper."""
        if self.ended or os.getpid() != self.pid:
            return
        self.ended = True
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = [p for p in _list_tree(self.pid) if p != self.pid]
            for p in found:
                _kill(p, signal.SIGKILL)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                break
            time.sleep(0.002)
        os._exit(0)


def _join_pages():
    """Has the kernel back the heap by huge pages: a third less to do at each fork. MADV_COLLAPSE, Linux 6.1."""
    try:
        import ctypes
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        size = 2 << 20
        with open("/proc/self/maps") as f:
            lines = f.read().splitlines()
        for line in lines:
            fields = line.split()
            low, high = (int(n, 16) for n in fields[0].split("-"))
            if fields[1] == "rw-p" and (len(fields) < 6 or fields[5] == "[heap]") and high - low >= size:
                for at in range(-(-low // size) * size, high // size * size, size):
                    madvise(at, size, 25)
    except Exception:
        pass


def _kill(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass


def _marker(pid):
    """The CHARD_STEP_ID in a process's environment, if it was exec'd."""
    try:
        with open("/proc/%d/environ" % pid, "rb") as f:
            for entry in f.read().split(b"\0"):
                if entry.startswith(b"CHARD_STEP_ID="):
                    return entry[14:].decode("utf-8", "replace")
        with open("/proc/%d/stat" % pid) as f:
            return "/%s" % f.read().rpartition(")")[2].split()[3]     # its session: the step's, if it made none of its own
    except (OSError, IndexError):
        pass
    return ""


def _parents():
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as f:
                    found[int(name)] = int(f.read().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                pass
    return found


def _list_tree(pid):
    """A process and all that descend from it."""
    parents = _parents()
    found, grown = {pid}, True
    while grown:
        more = {p for p, parent in parents.items() if parent in found and p not in found}
        grown = bool(more)
        found |= more
    return sorted(found)


def _open_log(path):
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError as e:
        raise Environment("%s: %s" % (path, e.strerror)) from e
    null = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((null, 0), (fd, 1), (fd, 2)):
        os.dup2(old, new)
    for old in {fd, null} - {0, 1, 2}:
        os.close(old)
    try:
        sys.stdin = open(0, encoding="utf-8", closefd=False)
    except OSError:
        pass


def _reseed():
    """Each process its own randomness, as each fresh interpreter has: the zygote's was drawn once for all."""
    np = sys.modules.get("numpy.random")
    if np is not None:
        np.seed()


def _prepare_process():
    """The harness's own late imports, so that no child pays for them."""
    import atexit, base64, errno, fcntl, hashlib, stat, threading, tokenize, traceback, warnings  # noqa: F401,E401
    import __future__, ctypes, resource, string, _hashlib  # noqa: F401,E401
    _libcrypto()


# ---------------------------------------------------------------------------------------------------------------------
# Straight: the whole notebook in one namespace


def run_straight(path):
    began = time.perf_counter()
    try:
        spec = _read_spec(path)
        _enter_space(Space("", spec.get("definitions", ())))
        _enter(spec)
        with _Output(spec["result"]) as output:
            return _straight_in(spec, output, began)
    except Environment as e:
        _complain(e)
        return 3
    except OSError as e:
        _complain("%s%s" % (e.strerror or e, ": %s" % e.filename if e.filename else ""))
        return 3


def _straight_in(spec, output, began):
    cells, status, error = Cells(spec), 0, None
    cells.prepare()
    points = sorted(enumerate(spec.get("checkpoints") or []), key=lambda p: p[1]["before_segment"])
    written = []
    _set_parameters(spec)
    cells.watch(sorted({n for _, p in points for n in p["names"]}))
    numbers = {id(s): i for i, s in enumerate(spec["segments"])}
    runs = []
    for segment in spec["segments"]:     # one namespace: nothing is brought along; a checkpoint may split a cell
        at = numbers[id(segment)]
        if runs and _place_of(runs[-1][0]) == _place_of(segment) and not any(p["before_segment"] == at for _, p in points):
            runs[-1].append(segment)
        else:
            runs.append([segment])
    try:
        for segments in runs:
            points = _checkpoints(points, numbers[id(segments[0])], cells, output, written)
            cells.run_cell(segments)
        _checkpoints(points, len(spec["segments"]), cells, output, written)
    except Environment:
        raise
    except BaseException as e:
        status, error = 1, cells.errors or _bare_error(e, spec)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    metrics = _metrics(spec, cells.notes) if not status else {}
    result = {"status": "error" if status else "ok", "seconds": round(time.perf_counter() - began, 6),
              "peak_rss": _peak_rss(), "mutated": [], "notes": cells.notes,
              "cells": [dict(_told_place(r["place"]), seconds=round(r["seconds"], 6)) for r in cells.records]}
    if error:
        result["error"] = error
    output.json("checkpoints.json", {"checkpoints": written})
    _write_result(output, cells, metrics, result, status)
    _flush_files()
    return status


def _checkpoints(points, at, cells, output, written):
    """Writes the checkpoints due before segment `at`; returns the others."""
    while points and points[0][1]["before_segment"] <= at:
        number, point = points[0]
        points = points[1:]
        place = "checkpoints/%d" % number
        directory = os.path.join(output.work, place)
        os.makedirs(directory)
        names, values, unbound = _collect(point["names"])
        missing = {}
        _space.step = "straight/%d" % number
        while True:
            try:
                write_bundle(directory, names, values, cells.bound, cells.notebook, None, unbound)
                break
            except Unserializable as e:
                missing[e.name] = str(e)
                k = names.index(e.name)
                del names[k], values[k]
        written.append({"step": point["step"], "names": point["names"], "result": place, "missing": missing,
                        "places": {n: _told_place(cells.bound[n]) for n in point["names"] if n in cells.bound}})
    return points


# ---------------------------------------------------------------------------------------------------------------------
# Compare: by value and type, never by repr


class _Comparison:
    """Two values side by side. Cycles are met once; what lists and dicts share on one side they must share on the other."""

    def __init__(self):
        self.pairs, self.keep, self.twins = set(), [], ({}, {})
        self.copied = None          # path of the first object that is one on one side and two on the other

    def differ(self, a, b, path):
        """(path, text of a, text of b) of the first difference, or None."""
        if a is b:
            return None
        ka, kb = type(a), type(b)
        if ka is not kb and (ka.__module__, ka.__qualname__) != (kb.__module__, kb.__qualname__):
            return path, _told(a), _told(b)
        if ka in (int, str, bytes, bool, type(None)):
            return None if a == b else (path, _told(a), _told(b))
        if ka is float:
            return None if a == b or a != a and b != b else (path, repr(a), repr(b))
        if ka is complex:
            return self.differ((a.real, a.imag), (b.real, b.imag), path)
        pair = id(a), id(b)
        if pair in self.pairs:
            return None
        self.pairs.add(pair)
        self.keep.append((a, b))
        if ka in (list, dict, set, bytearray):
            one, other = self.twins
            if one.setdefault(id(a), id(b)) != id(b) or other.setdefault(id(b), id(a)) != id(a):
                self.copied = self.copied or path
        special = self.special(a, b)
        if special:
            return special(a, b, path)
        return self.by_state(a, b, path)

    def special(self, a, b):
        kind = type(a)
        if kind in (list, tuple):
            return self.sequences
        if kind is dict:
            return self.dicts
        if kind in (set, frozenset):
            return self.sets
        if kind is bytearray:
            return self.equal
        if kind is types.FunctionType:
            return self.functions
        if isinstance(a, type):
            return self.classes
        if isinstance(a, types.ModuleType):
            return lambda a, b, path: self.differ(a.__name__, b.__name__, path)
        root = kind.__module__.partition(".")[0]
        if root == "numpy" and hasattr(a, "dtype") and hasattr(a, "shape"):
            return self.arrays
        if root == "numpy" and kind.__module__ in ("numpy", "numpy.dtypes") and hasattr(a, "itemsize") and hasattr(a, "fields"):
            return self.equal
        if root == "pandas":
            return self.pandas(a)
        if root == "torch" and hasattr(a, "dtype") and hasattr(a, "detach"):
            return lambda a, b, path: self.differ(
                (str(a.dtype), a.requires_grad, a.detach().cpu().numpy()), (str(b.dtype), b.requires_grad, b.detach().cpu().numpy()), path)
        return None

    def equal(self, a, b, path):
        return None if a == b else (path, _told(a), _told(b))

    def sequences(self, a, b, path):
        for i, (x, y) in enumerate(zip(a, b)):
            found = self.differ(x, y, "%s[%d]" % (path, i))
            if found:
                return found
        if len(a) != len(b):
            return path, "%d items" % len(a), "%d items" % len(b)
        return None

    def dicts(self, a, b, path):
        if len(a) != len(b):
            return path, "%d keys" % len(a), "%d keys" % len(b)
        for x, y in zip(a, b):
            found = self.differ(x, y, "%s key %s" % (path, _short(x, 40)))
            if found:
                return found
            found = self.differ(a[x], b[y], "%s[%s]" % (path, _short(x, 40)))
            if found:
                return found
        return None

    def sets(self, a, b, path):
        if len(a) != len(b):
            return path, "%d items" % len(a), "%d items" % len(b)
        left = [y for y in b if y not in a or not _simple(y)]
        for x in a:
            if _simple(x) and x in b:
                continue
            match = next((i for i, y in enumerate(left) if _Comparison().differ(x, y, "") is None), None)
            if match is None:
                return path, _told(x), "nothing like it"
            del left[match]
        return None

    def functions(self, a, b, path):
        return self.differ(_function_state(a), _function_state(b), path)

    def classes(self, a, b, path):
        if a.__module__ != "__main__" or _fingerprint(a) == _fingerprint(b):
            return None if (a.__module__, a.__qualname__) == (b.__module__, b.__qualname__) else (path, _told(a), _told(b))
        return path, "class %s" % a.__qualname__, "class %s, defined otherwise" % b.__qualname__

    def arrays(self, a, b, path):
        import numpy as np
        if a.dtype != b.dtype or a.shape != b.shape:
            return path, "%s %s" % (a.dtype, list(a.shape)), "%s %s" % (b.dtype, list(b.shape))
        if not isinstance(a, np.ndarray):
            a, b = np.asarray(a), np.asarray(b)
        if isinstance(a, np.ma.MaskedArray):
            found = self.arrays(np.ma.getmaskarray(a), np.ma.getmaskarray(b), path + ".mask")
            return found or self.arrays(np.asarray(a.filled()), np.asarray(b.filled()), path)
        a, b = a.view(np.ndarray), b.view(np.ndarray)
        if a.dtype.hasobject and a.dtype.fields is None:
            for i, (x, y) in enumerate(zip(a.flat, b.flat)):
                found = self.differ(x, y, "%s.flat[%d]" % (path, i))
                if found:
                    return found
            return None
        if a.dtype.fields is not None:
            for name in a.dtype.names:
                found = self.arrays(a[name], b[name], "%s[%r]" % (path, name))
                if found:
                    return found
            return None
        same = a == b
        if a.dtype.kind in "fcmM":
            same |= (a != a) & (b != b)
        if a.dtype.kind == "V":
            return None if a.tobytes() == b.tobytes() else (path, "other bytes", "other bytes")
        if np.all(same):
            return None
        at = tuple(int(i) for i in np.argwhere(~np.atleast_1d(same))[0]) if a.ndim else ()
        return "%s[%s]" % (path, ", ".join(map(str, at))), str(a[at]), str(b[at])

    def pandas(self, a):
        name = type(a).__name__
        if hasattr(a, "_mgr") and name not in ("DataFrame", "Series") and not hasattr(a, "columns"):
            return self.series
        if hasattr(a, "_mgr") and hasattr(a, "columns"):
            return self.frames
        if hasattr(a, "_mgr"):
            return self.series
        if name.endswith("MultiIndex"):
            return lambda a, b, path: self.differ((list(a.names), list(a.levels), [c for c in a.codes]),
                                                  (list(b.names), list(b.levels), [c for c in b.codes]), path)
        if name.endswith("Index"):
            return self.indexes
        if hasattr(a, "isna") and hasattr(a, "dtype"):
            return self.columns
        if name in ("NAType", "NaTType"):
            return self.equal_by_name
        if hasattr(a, "name") and name.endswith("Dtype"):
            return self.dtypes
        return None

    def equal_by_name(self, a, b, path):
        return None

    def dtypes(self, a, b, path):
        return None if a == b else (path, str(a), str(b))

    def columns(self, a, b, path):
        """Extension arrays."""
        import numpy as np
        if a.dtype != b.dtype or len(a) != len(b):
            return path, "%s, %d values" % (a.dtype, len(a)), "%s, %d values" % (b.dtype, len(b))
        na, nb = np.asarray(a.isna()), np.asarray(b.isna())
        found = self.arrays(na, nb, path + ".isna()")
        if found or a.equals(b):
            return found
        for i in np.flatnonzero(~na):
            found = _Comparison().differ(a[i], b[i], "%s[%d]" % (path, i))
            if found:
                return found
        return None

    def indexes(self, a, b, path):
        return self.differ((list(a.names), a.dtype, getattr(a, "freq", None) and str(a.freq), a.array),
                           (list(b.names), b.dtype, getattr(b, "freq", None) and str(b.freq), b.array), path)

    def series(self, a, b, path):
        return (self.differ(a.index, b.index, path + ".index") or self.differ(a.name, b.name, path + ".name")
                or self.differ(a.array, b.array, path) or self.differ(a.attrs, b.attrs, path + ".attrs"))

    def frames(self, a, b, path):
        if a.shape != b.shape:
            return path, "%d × %d" % a.shape, "%d × %d" % b.shape
        found = (self.differ(a.columns, b.columns, path + ".columns") or self.differ(a.index, b.index, path + ".index")
                 or self.differ(dict(a.attrs), dict(b.attrs), path + ".attrs"))
        for i in range(a.shape[1] if not found else 0):
            found = self.differ(a.iloc[:, i].array, b.iloc[:, i].array, "%s[%s]" % (path, _short(a.columns[i], 40)))
            if found:
                return found
        return found

    def by_state(self, a, b, path):
        """Anything else: by what pickle would take it apart into."""
        sa, sb = _state_of(a), _state_of(b)
        if sa is None or sb is None:
            try:
                return None if bool(a == b) else (path, _told(a), _told(b))
            except Exception:
                return path, "can't be compared", "can't be compared"
        if set(sa) != set(sb):
            name = min(set(sa) ^ set(sb), key=str)
            return path + name, "present" if name in sa else "absent", "present" if name in sb else "absent"
        for name in sa:
            found = self.differ(sa[name], sb[name], path + name)
            if found:
                return found
        return None


def _simple(v):
    return type(v) in (int, str, bytes, bool, float, type(None))


def _told(v):
    return ("%s %s" % (_type_name(v), _short(v, 200))) if not isinstance(v, str) else _short(v, 200)


def _function_state(f):
    cells = []
    for cell in f.__closure__ or ():
        try:
            cells.append(cell.cell_contents)
        except ValueError:
            cells.append(None)
    code = []
    _code_print(f.__code__, code)
    return (f.__qualname__, repr(code), f.__defaults__, f.__kwdefaults__, cells,
            {k: v for k, v in f.__dict__.items() if k != "__wrapped__"}, f.__dict__.get("__wrapped__"))


_volatile = ("_abc_impl", "__weakref__")


def _state_of(obj):
    """{name: part} of an object; None if it has no parts that are known."""
    try:
        reduced = obj.__reduce_ex__(4)
    except Exception:
        reduced = None
    if isinstance(reduced, str):
        return {" ": reduced}
    if isinstance(reduced, tuple):
        parts = {".(made by)": reduced[0], ".(from)": reduced[1]}
        state = reduced[2] if len(reduced) > 2 else None
        if isinstance(state, tuple) and len(state) == 2 and isinstance(state[1], dict) and (
                state[0] is None or isinstance(state[0], dict)):
            state = {**(state[0] or {}), **state[1]}
        if isinstance(state, dict):
            parts.update((".%s" % k, v) for k, v in state.items() if k not in _volatile)
        elif state is not None:
            parts[".(state)"] = state
        if len(reduced) > 3 and reduced[3] is not None:
            parts[".(items)"] = list(reduced[3])
        if len(reduced) > 4 and reduced[4] is not None:
            parts[".(entries)"] = list(reduced[4])
        return parts
    state = getattr(obj, "__dict__", None)
    if isinstance(state, dict):
        return {".%s" % k: v for k, v in state.items()}
    if isinstance(obj, (property, classmethod, staticmethod)):
        return {".f": getattr(obj, "__func__", None) or obj.fget}
    if isinstance(obj, types.CellType):
        try:
            return {".contents": obj.cell_contents}
        except ValueError:
            return {}
    return None


def differ(a, b, path="", copies=None):
    """The first difference, or None. Objects that are one on one side and equal copies on the other are no difference;
    the path of the first goes to `copies`."""
    comparison = _Comparison()
    try:
        found = comparison.differ(a, b, path)
    except RecursionError:
        comparison = _Comparison()
        found = _deeply(lambda: comparison.differ(a, b, path))
    if comparison.copied and not found and copies is not None:
        copies.append(comparison.copied)
    return found


def run_compare(path):
    try:
        spec = _read_spec(path)
        _enter_space(Space("compare"))
        cwd = spec.get("cwd")
        if cwd:
            os.chdir(cwd)
            _set_path(spec)
        os.environ.setdefault("MPLBACKEND", "agg")
        answer = _compare_in(spec)
    except Environment as e:
        _complain(e)
        return 3
    except OSError as e:
        _complain("%s%s" % (e.strerror or e, ": %s" % e.filename if e.filename else ""))
        return 3
    data = json.dumps(_plain_json(answer), ensure_ascii=False, default=str).encode("utf-8", "replace") + b"\n"
    _write_stdout(data)
    return 0


def _write_stdout(data):
    view = memoryview(data)
    while view:
        view = view[os.write(1, view):]


def _load_json(directory, name):
    try:
        with open(os.path.join(directory, name), encoding="utf-8") as f:
            return json.load(f)
    except (OSError, ValueError) as e:
        raise Environment("%s: %s" % (os.path.join(directory, name), e)) from e


def _compare_in(spec):
    answer = {"differences": [], "nondeterministic": [], "compared": 0, "outputs": [], "nondeterministic_outputs": [],
              "skipped": [], "copies": []}
    straight = spec["straight"]
    steps = {s["step"]: s["result"] for s in spec.get("steps") or []}
    points = [_load_json(d, "checkpoints.json")["checkpoints"] for d in straight]
    for k, point in enumerate(points[0]):
        if point["step"] not in steps:
            continue
        bundles = [Bundle(os.path.join(d, p[k]["result"])) for d, p in zip(straight, points)]
        bundle = Bundle(steps[point["step"]])
        for name in point["names"]:
            _compare_name(answer, point, name, bundles, bundle)
        for b in bundles + [bundle]:
            b.close()
    shown = [_outputs_by_cell(d) for d in straight]
    for step, directory in steps.items():
        for place, outputs in _outputs_by_cell(directory).items():
            told = [s.get(place) for s in shown]
            if len(told) > 1 and told[0] != told[1]:
                answer["nondeterministic_outputs"].append(dict(_told_place(place), step=step))
            elif told and told[0] is not None and told[0] != outputs:
                one, other = _first_unlike(told[0], outputs)
                answer["outputs"].append(dict(_told_place(place), step=step, straight=one, pipeline=other))
    return answer


_absent = object()


def _value_of(bundle, name):
    if name not in bundle.groups:
        return _absent
    return bundle.get(name)


def _compare_name(answer, point, name, bundles, bundle):
    where = {"step": point["step"], "name": name}
    if name in point.get("missing", {}):
        answer["skipped"].append(dict(where, why=point["missing"][name]))
        return
    try:
        values = [_value_of(b, name) for b in bundles]
        value = _value_of(bundle, name)
    except Exception as e:
        answer["skipped"].append(dict(where, why="%s: %s" % (type(e).__name__, e)))
        return
    answer["compared"] += 1
    for other in values[1:]:
        found = _differ_or_absent(values[0], other, name)
        if found:
            place = point.get("places", {}).get(name) or _told_place(None)
            answer["nondeterministic"].append(dict(where, path=found[0], **place))
            return
    copies = []
    found = _differ_or_absent(values[0], value, name, copies)
    answer["copies"] += [dict(where, path=path) for path in copies]
    if found:
        answer["differences"].append(dict(where, path=found[0], straight=found[1], pipeline=found[2]))


def _differ_or_absent(a, b, name, copies=None):
    if a is _absent or b is _absent:
        return None if a is b else (name, "unbound" if a is _absent else _told(a), "unbound" if b is _absent else _told(b))
    return differ(a, b, name, copies)


_noise = [
    (re.compile(r"\b0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"^(CPU times|Wall time):.*$", re.M), r"\1: …"),
    (re.compile(r"[\d.]+ ?(?:ns|µs|μs|us|ms|s)(?: ± [\d.]+ ?(?:ns|µs|μs|us|ms|s))? per loop.*"), "… per loop"),
    (re.compile(r"\d+:\d+(?::\d+)?<[\d:?]+, +[\d.?]+ ?(?:\w+/s|s/\w+)"), "…"),
]


def _outputs_by_cell(directory):
    """{place: what it showed, without what no two runs agree on}"""
    found = {}
    for cell in _load_json(directory, "outputs.ipynb")["cells"]:
        number = _place_of(cell["metadata"]["chard"])
        for output in cell["outputs"]:
            output = {k: v for k, v in output.items() if k not in ("execution_count", "metadata")}
            if output["output_type"] == "execute_result":
                output["output_type"] = "display_data"
            if output["output_type"] == "error":
                output.pop("traceback", None)
            found.setdefault(number, []).append(_quiet(output))
        found.setdefault(number, [])
    return found


def _quiet(value):
    if isinstance(value, str):
        for pattern, text in _noise:
            value = pattern.sub(text, value)
        return value
    if isinstance(value, dict):
        return {k: _quiet(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_quiet(v) for v in value]
    return value


def _first_unlike(a, b):
    for x, y in zip(a, b):
        if x != y:
            return _output_text(x), _output_text(y)
    longer = (a if len(a) > len(b) else b)[min(len(a), len(b))]
    return (_output_text(longer), "nothing") if len(a) > len(b) else ("nothing", _output_text(longer))


def _output_text(output):
    if output["output_type"] == "stream":
        return output["text"][:500]
    if output["output_type"] == "error":
        return "%s: %s" % (output.get("ename"), output.get("evalue"))
    data = output.get("data", {})
    return str(data.get("text/plain", ", ".join(data)))[:500]


# ---------------------------------------------------------------------------------------------------------------------
# A step in a pod: what KFP's launcher and Argo's emissary lay out is brought into the shape that run_step knows, and
# what it leaves into the places where they look for it.


def run_pod(arguments):
    import shutil
    import tempfile
    work, began, status = None, time.perf_counter(), 3
    try:
        pod = _Pod(arguments)
        work = tempfile.mkdtemp(prefix="chard-")
        spec = pod.specification(work)
        pod.fetch_files()
        _enter_space(Space(spec["step"], spec["definitions"]))
        _enter(spec)
        with _Output(spec["result"]) as output:
            status = _run_in(spec, output, began)
        if status == 0:
            pod.deliver(spec["result"], spec["cwd"])
    except Environment as e:
        _complain(e)
        status = 3
    except KeyError as e:
        _complain("the step's specification lacks %s" % e)
        status = 3
    except OSError as e:
        _complain("%s%s" % (e.strerror or e, ": %s" % e.filename if e.filename else ""))
        status = 3
    finally:
        if work:
            shutil.rmtree(work, ignore_errors=True)
    return status


class _Pod:
    def __init__(self, arguments):
        self.inputs, self.outputs, self.parameters, self.executor = {}, {}, {}, {}
        spec, rest = "", list(arguments)
        while rest:
            option, value = rest.pop(0), rest.pop(0) if rest else None
            if value is None:
                raise Environment("step.py pod: %s takes a value" % option)
            if option == "--spec":
                spec += value
            elif option == "--spec-file":
                spec = _read_text(value)
            elif option == "--parameters":
                self.parameters = {p["name"]: p.get("value") for p in _read_json("the parameters", _read_text(value))}
            elif option == "--executor-input":
                self.executor = _read_json("KFP's executor input", value)
                self.parameters = (self.executor.get("inputs") or {}).get("parameterValues") or {}
            elif option in ("--in", "--out") and rest:
                (self.inputs if option == "--in" else self.outputs)[value] = os.path.abspath(rest.pop(0))
            else:
                raise Environment("step.py pod does not know %s" % option)
        self.spec = _read_json("the step's specification", spec)
        if not isinstance(self.spec, dict) or self.spec.get("version") != 1:
            raise Environment("the step's specification is not of version 1")

    def specification(self, work):
        """The same as run_step gets from the engine."""
        spec = dict(self.spec, cwd=os.getcwd(), result=os.path.join(work, "result"))
        spec.setdefault("definitions", [])
        first = {}      # the same group of values from the same producer is read once, so that what it shares stays shared
        spec["inputs"] = []
        for item in self.spec.get("inputs") or []:
            place = self.inputs.get(item["artifact"])
            if place is None:
                if item.get("optional"):
                    continue
                raise Environment("there is no artifact for %s" % item["name"])
            manifest = _load_json(place, "values.json")
            for group in manifest["groups"]:
                if item["name"] in group["names"]:
                    place = first.setdefault((manifest["step"], group["sha256"], tuple(group["names"])), place)
            spec["inputs"].append(dict(item, **{"from": os.path.abspath(place)}))
        spec["parameters"] = {
            name: _pod_parameter(name, p, self.parameters.get(p.get("key", name), _absent))
            for name, p in (self.spec.get("parameters") or {}).items()}
        return spec

    def fetch_files(self):
        """Files that steps before this one wrote, at their places in the notebook's directory."""
        for item in (self.spec.get("files") or {}).get("in") or []:
            content = os.path.join(self.inputs.get(item["artifact"], ""), item.get("inside", ""), "content")
            if os.path.lexists(content):
                _copy_tree(content, item["path"])

    def deliver(self, result, cwd):
        metadata = {}
        values = _load_json(result, "values.json")["values"]
        for item in self.spec.get("outputs") or []:
            if "artifact" in item:
                _split_bundle(result, item["name"], self._place(item["artifact"]))
                metadata[item["artifact"]] = _plain_json(values.get(item["name"]) or {"unbound": True})
        for item in (self.spec.get("files") or {}).get("out") or []:
            place = os.path.join(self._place(item["artifact"]), item.get("inside", ""))
            os.makedirs(place, exist_ok=True)
            _write_json(os.path.join(place, "chard.json"), {"path": item["path"]})
            source = os.path.join(cwd, item["path"])
            if os.path.lexists(source):
                _copy_tree(source, os.path.join(place, "content"))
        special = self.spec.get("artifacts") or {}
        if "metrics" in special:
            metrics = _load_json(result, "metrics.json")
            metadata[special["metrics"]] = {k: v for k, v in metrics.items() if v is not None}
            _write_json(self._place(special["metrics"]), metrics)
        if "report" in special:
            page = _report_page(self.spec, _load_json(result, "outputs.ipynb"), _load_json(result, "result.json"))
            with open(self._place(special["report"]), "w", encoding="utf-8", errors="replace") as f:
                f.write(page)
        if "result" in special:
            import shutil
            shutil.copytree(result, self._place(special["result"]), copy_function=_link_or_copy, dirs_exist_ok=True)
        self._tell_executor(metadata)

    def _place(self, artifact):
        place = self.outputs.get(artifact)
        if place is None:
            raise Environment("there is no place for the artifact %s" % artifact)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        return place

    def _tell_executor(self, metadata):
        """KFP's launcher reads metadata of artifacts from a file (pipeline_spec.proto, ExecutorOutput); null it refuses."""
        outputs = self.executor.get("outputs") or {}
        if not outputs.get("outputFile"):
            return
        told = {}
        for artifact, more in metadata.items():
            more = _metadata_for_kfp(more)
            known = ((outputs.get("artifacts") or {}).get(artifact) or {}).get("artifacts") or [{}]
            told[artifact] = {"artifacts": [dict(known[0], metadata=dict(known[0].get("metadata") or {}, **more))]}
        os.makedirs(os.path.dirname(os.path.abspath(outputs["outputFile"])), exist_ok=True)
        _write_json(outputs["outputFile"], {"artifacts": told})


METADATA_TEXT = 500         # characters of one entry: KFP hands all of them to each reader in one argument of its command


def _metadata_for_kfp(about):
    """Short, without null, which KFP's launcher refuses, and without what it would take for placeholders."""
    about = dict(about)
    types = about.pop("dtypes", None)
    if types and len(types) == len(about.get("columns", ())):
        about["columns"] = ["%s %s" % pair for pair in zip(about["columns"], types)]
    told = {}
    for key, value in about.items():
        if isinstance(value, list) and any(isinstance(v, str) for v in value):
            value = ", ".join(map(str, value))
        if isinstance(value, str):
            value = value.replace("{{", "{ {")
            value = value if len(value) <= METADATA_TEXT else value[:METADATA_TEXT - 1] + "…"
        if value is not None:
            told[key.replace("{{", "{ {")] = value
    return told


def _read_text(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read()
    except (OSError, ValueError) as e:
        raise Environment("%s: %s" % (path, e)) from e


def _read_json(what, text):
    try:
        return json.loads(text)
    except ValueError as e:
        raise Environment("%s is not JSON: %s" % (what, e)) from e


def _copy_tree(source, target):
    import shutil
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    if os.path.isdir(source):
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


def _link_or_copy(source, target):
    import shutil
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
    return target


def _pod_parameter(name, about, value):
    """A parameter's value as the notebook would have it. Argo hands over text; KFP JSON, in which all numbers are
    doubles."""
    kind, default = about["type"], about.get("default")
    if value is _absent:
        return default
    try:
        if kind == "str":
            return _text_parameter(value, about.get("json"))
        if kind == "none" and isinstance(value, str):
            return _literal_or_text(value)
        if isinstance(value, str):
            value = _literal(value)
        if kind == "int" and not isinstance(value, bool) and value == int(value):
            return int(value)
        if kind == "float" and not isinstance(value, bool):
            return float(value)
        if kind == "bool" and isinstance(value, bool):
            return value
        if kind == "none" or isinstance(value, {"list": list, "dict": dict}[kind]):
            value = _whole_numbers(value)
            same = json.dumps(value, sort_keys=True) == json.dumps(_whole_numbers(default), sort_keys=True)
            return default if same else value
    except (KeyError, TypeError, ValueError, SyntaxError):
        pass
    raise Environment("parameter %s takes a value of type %s, not %s" % (name, kind, _short(value, 80)))


def _text_parameter(value, as_json):
    if as_json:
        try:
            value = json.loads(value)
        except ValueError:
            pass
    return value if isinstance(value, str) else json.dumps(value)


def _literal(text):
    """JSON or a Python literal."""
    try:
        return json.loads(text)
    except ValueError:
        return ast.literal_eval(text.strip())


def _literal_or_text(text):
    """The value of a parameter whose default is None, and so tells no type."""
    try:
        return _literal(text) if text else None
    except (TypeError, ValueError, SyntaxError):
        return text


def _whole_numbers(value):
    """Numbers without a fraction as integers: KFP has but one kind of number."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [_whole_numbers(v) for v in value]
    if isinstance(value, dict):
        return {k: _whole_numbers(v) for k, v in value.items()}
    return value


def _split_bundle(result, name, target):
    """Writes a bundle that holds the group of `name` alone; a name that is unbound gets one without groups."""
    manifest = _load_json(result, "values.json")
    os.makedirs(target, exist_ok=True)
    groups = [g for g in manifest["groups"] if name in g["names"]]
    names = {n for g in groups for n in g["names"]}
    part = dict(manifest, groups=groups, unbound=[n for n in manifest.get("unbound", ()) if n == name])
    for key in ("values", "extras"):
        if key in manifest:
            part[key] = {n: v for n, v in manifest[key].items() if n in names}
    source, sink = os.path.join(result, "values.bin"), os.path.join(target, "values.bin")
    if len(groups) == len(manifest["groups"]):
        _remove(sink)
        _link_or_copy(source, sink)
    else:
        _copy_spans(source, sink, part)
    _write_json(os.path.join(target, "values.json"), part)


def _copy_spans(source, sink, manifest):
    """Copies the bytes that the manifest speaks of, and makes it speak of their new places."""
    end, spans = 0, []

    def move(span, aligned):
        nonlocal end
        if aligned:
            end = (end + PAGE - 1) // PAGE * PAGE
        spans.append((span[0], span[1], end))
        end += span[1]
        return [spans[-1][2], span[1]]
    manifest["groups"] = [dict(g, pickle=move(g["pickle"], False), buffers=[move(b, True) for b in g["buffers"]])
                          for g in manifest["groups"]]
    if "definitions" in manifest:
        manifest["definitions"] = {n: {"pickle": move(d["pickle"], False)} for n, d in manifest["definitions"].items()}
    with open(source, "rb") as f, open(sink, "wb") as out:
        for start, length, place in spans:
            f.seek(start)
            out.seek(place)
            while length > 0:
                data = f.read(min(length, 16 << 20))
                if not data:
                    raise Environment("%s is shorter than its values.json says" % source)
                out.write(data)
                length -= len(data)


# ---- the report of one step: a page of its own, for KFP's dashboard ----

_page_style = """body{font:14px/1.45 system-ui,sans-serif;max-width:62em;margin:2em auto;padding:0 1em;color:#222}
h1{font-size:1.3em}pre{background:#f6f6f4;padding:.6em .8em;overflow:auto;border-radius:4px;white-space:pre-wrap}
pre.out{background:none;border-left:3px solid #d8d8d0}pre.error{color:#a00}table{border-collapse:collapse}
td,th{border:1px solid #ddd;padding:.2em .5em;text-align:right}img{max-width:100%}.when{color:#777}"""


def _report_page(spec, notebook, result):
    import html
    title = "%s: %s" % (spec.get("notebook", "notebook"), spec["step"])
    parts = ["<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>%s</title><style>%s</style></head><body>"
             % (html.escape(title), _page_style), "<h1>%s</h1><p class=\"when\">%.2f s</p>" % (html.escape(title), result["seconds"])]
    for cell in notebook["cells"]:
        parts.append("<pre>%s</pre>" % html.escape("".join(cell["source"])))
        parts += [_report_output(o, html.escape) for o in cell.get("outputs", ())]
    return "\n".join(parts + ["</body></html>\n"])


def _report_output(output, escape):
    if output["output_type"] == "stream":
        return "<pre class=\"out\">%s</pre>" % escape(_without_ansi("".join(output["text"])))
    if output["output_type"] == "error":
        return "<pre class=\"out error\">%s</pre>" % escape(_without_ansi("\n".join(output["traceback"])))
    data = {k: "".join(v) if isinstance(v, list) else v for k, v in output.get("data", {}).items()}
    for kind in ("text/html", "image/svg+xml"):
        if kind in data:
            return "<div>%s</div>" % data[kind]
    for kind in ("image/png", "image/jpeg", "image/gif"):
        if kind in data:
            return "<img alt=\"\" src=\"data:%s;base64,%s\">" % (kind, "".join(data[kind].split()))
    return "<pre class=\"out\">%s</pre>" % escape(str(data.get("text/plain", ", ".join(data))))


def _without_ansi(text):
    return re.sub(r"\x1b\[[0-9;?]*[ -/]*[@-~]", "", text)


# ---------------------------------------------------------------------------------------------------------------------


def main(arguments):
    usage = "usage: step.py run SPEC | pod ... | zygote [--preload a,b] | straight SPEC | compare SPEC\n"
    if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(_FILE)):
        sys.path[0] = ""        # the notebook's directory comes here, never ours
    if len(arguments) == 2 and arguments[0] in ("run", "straight", "compare"):
        if arguments[0] != "compare":
            _use_null_input()
        _leave({"run": run_step, "straight": run_straight, "compare": run_compare}[arguments[0]](arguments[1]))
    if arguments[:1] == ["pod"]:
        _use_null_input()
        _leave(run_pod(arguments[1:]))
    if arguments[:1] == ["zygote"] and (len(arguments) == 1 or len(arguments) == 3 and arguments[1] == "--preload"):
        sys.path[0] = os.getcwd()
        Zygote(arguments[2].split(",") if len(arguments) == 3 else []).run()
    sys.stderr.write(usage)
    return 3


def _use_null_input():
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    if null:
        os.close(null)


if _STARTED:
    sys.exit(main(sys.argv[1:]))

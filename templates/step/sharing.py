# Which names share an object: they are handed over together, in one group.
# SPDX-License-Identifier: Apache-2.0

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
        if members[0].dtype.hasobject:
            regions.update(_object_regions(members))
            continue
        base = _memory(low, high, members)
        for a in members:
            regions[id(a)] = (base, a.__array_interface__["data"][0] - low)
    return regions


def _object_regions(members):
    """The same for arrays of objects, whose memory is known through the array that owns it only."""
    import numpy
    owners = {id(o): o for o in map(_owner, members)}
    owner = owners.popitem()[1]
    if owners or not (owner.flags.c_contiguous or owner.flags.f_contiguous) or owner.dtype != numpy.dtype(object):
        return {}
    flat = numpy.lib.stride_tricks.as_strided(owner, (owner.size,), (owner.itemsize,))
    start = owner.__array_interface__["data"][0]
    return {id(a): (flat, a.__array_interface__["data"][0] - start) for a in members if a.dtype == owner.dtype}


def _owner(array):
    import numpy
    while array.base is not None:
        base = array.base if isinstance(array.base, numpy.ndarray) else getattr(array.base, "base", None)   # of as_strided
        if type(base) is not type(array):
            break
        array = base
    return array


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


def _find_culprit(value, path, deadline, depth=0, seen=()):
    """Follows what can't be pickled down to the innermost object: (path, object)."""
    if depth < 60:
        seen = (*seen, id(value))
        for k, (step, child) in enumerate(_children(value)):
            if time.monotonic() > deadline or k > 100000:
                break
            if isinstance(child, (str, bytes, int, float, complex, type(None))) or id(child) in seen:
                continue
            try:
                Writer().dump(child)
            except Exception:
                return _find_culprit(child, path + step, deadline, depth + 1, seen)
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
    (("xgboost.core.QuantileDMatrix", "xgboost.core.ExtMemQuantileDMatrix"), "a matrix without its data",
     "hand over the arrays, and make the matrix in the step that uses it"),
    (("builtins.module",), "a module made at run time", "import it, or put the code into a file beside the notebook"),
    (("builtins.frame", "builtins.traceback"), "a stack frame", "keep its text instead"),
]


def _way_out(*values):
    """For what can't be pickled, or else for what it is a part of."""
    for kind in map(type, values):
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
        name, _type_name(value), bound, at, text or type(error).__name__), name, cell, _way_out(culprit, value))

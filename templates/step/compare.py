# Compare (chard verify): by value and type, never by repr.
# SPDX-License-Identifier: Apache-2.0


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
        if kind is dict or kind is types.MappingProxyType:
            return self.dicts
        if kind in (set, frozenset):
            return self.sets
        if kind is bytearray:
            return self.equal
        if kind is types.FunctionType:
            return self.functions
        if isinstance(a, type):
            return self.classes
        if kind is weakref.ref:
            return lambda a, b, path: self.differ(a(), b(), path)
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
        if _find_reducer(kind) is _reduce_matrix:
            return lambda a, b, path: self.differ(_matrix_parts(a), _matrix_parts(b), path)
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


_of_functools = ("dispatch_cache", "cache_token", "_clear_cache")   # what singledispatch has looked up already


def _function_state(f):
    cells, library = [], f.__code__.co_filename.endswith("functools.py")
    for name, cell in zip(f.__code__.co_freevars, f.__closure__ or ()):
        try:
            cells.append(None if library and name in _of_functools else cell.cell_contents)
        except ValueError:
            cells.append(None)
    code = []
    _code_print(f.__code__, code)
    return (f.__qualname__, repr(code), f.__defaults__, f.__kwdefaults__, cells,
            {k: v for k, v in f.__dict__.items() if k != "__wrapped__" and not (library and k in _of_functools)},
            f.__dict__.get("__wrapped__"))


_volatile = ("_abc_impl", "__weakref__")


def _is_bookkeeping(name, value):
    """What matplotlib counts and keeps by id (): who listens to whom, and which transforms it has yet to work out again, as
    drawing and garbage collection have it. No picture shows it."""
    return name in ("_parents", "_invalid") or (type(value).__module__, type(value).__name__) == ("matplotlib.cbook", "CallbackRegistry")


_cached = ("cached_property", "lazyproperty", "cache_readonly", "reify")


def _is_kept_by_library(kind, name):
    """What a library's class computes when it is first asked for, and keeps: whoever lacks it computes it again. Of the
    notebook's own classes, and those of modules beside it, nobody knows what they keep."""
    descriptor = next((c.__dict__[name] for c in kind.__mro__ if name in c.__dict__), None)
    if type(descriptor).__name__ not in _cached and not name.strip("_").endswith("cache") or kind.__module__ == "__main__":
        return False
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return not file or "site-packages" in file or not os.path.abspath(file).startswith(os.getcwd() + os.sep)


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
        plot = type(obj).__module__.startswith("matplotlib.")
        if isinstance(state, dict):
            parts.update((".%s" % k, v) for k, v in state.items() if k not in _volatile and not (plot and _is_bookkeeping(k, v))
                         and not _is_kept_by_library(type(obj), k))
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
            if name == "%environ":      # imports add variables of their own, which a step has had from its start
                continue
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
    (re.compile(r"^(Over)?[Ww]riting (?=\S)", re.M), "Writing "),     # %%writefile: the first run made the file
    (re.compile(r"\b0x[0-9a-fA-F]{6,}"), "0x…"),
    (re.compile(r"^(CPU times|Wall time):.*$", re.M), r"\1: …"),
    (re.compile(r"[\d.]+ ?(?:ns|µs|μs|us|ms|s)(?: ± [\d.]+ ?(?:ns|µs|μs|us|ms|s))? per loop.*"), "… per loop"),
    (re.compile(r"\d+:\d+(?::\d+)?<[\d:?]+, +[\d.?]+ ?(?:\w+/s|s/\w+)"), "…"),
]


_ids, _words = re.compile(r"""\bid=["']([\w-]{4,})["']"""), re.compile(r"[\w-]{4,}")


def _number_ids(page):
    """HTML and SVG with its ids numbered as they come: libraries count theirs through a whole process (scikit-learn's
    sk-container-id-2), or draw them by chance."""
    numbers = {name: "id-%d" % i for i, name in enumerate(dict.fromkeys(_ids.findall(page))) if not name.isdigit()}
    return _words.sub(lambda m: numbers.get(m[0], m[0]), page) if numbers else page


def _shown_data(data):
    """A page beside what it draws as JSON (Plotly, Vega) is that once more, in whatever order its keys come."""
    drawn = any(k.endswith("+json") for k in data)
    return {k: _number_ids(v) if k in ("text/html", "image/svg+xml") and isinstance(v, str) else v
            for k, v in data.items() if k != "text/html" or not drawn}


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
            if "data" in output:
                output["data"] = _shown_data(output["data"])
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

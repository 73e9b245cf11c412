# Descriptions of values, for people.
# SPDX-License-Identifier: Apache-2.0


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


def _entry(v):
    """A value in a table: what pandas prints, but for the cost; no str of what isn't known to be plain."""
    if type(v) is float:
        return "%.6g" % v
    known = type(v).__module__.partition(".")[0] in ("builtins", "numpy", "pandas", "datetime", "decimal")
    text = (v if type(v) is str else str(v) if known and not hasattr(v, "__len__") else _short(v, 40)).replace("\n", "\\n")
    return text if len(text) <= 40 else text[:39] + "…"


def _aligned(rows):
    """Rows of a table as text. pandas' own way takes 5 ms in a process that has printed nothing yet."""
    texts = [[_entry(v) for v in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*texts)]
    return "\n".join("  ".join(t.rjust(w) for t, w in zip(row, widths)) for row in texts)


def _module_file(kind):
    """The file that defines a class, or what it is a part of: as long as that one stays, the class is what it was."""
    name = getattr(kind, "__module__", None)
    while isinstance(name, str) and name not in ("", "builtins", "__main__"):
        file = getattr(sys.modules.get(name), "__file__", None)
        if file:
            return os.path.abspath(file)
        name = name.rpartition(".")[0]
    return None


def describe(value, size=None, cell=None):
    """What a person wants to see of a value: never fails, never costs much."""
    d = {"type": _type_name(value)}
    module = _module_file(type(value))
    if module:
        d["module"] = module
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
            head = value.iloc[:5, :20]
            d["head"] = _aligned([["", *head.columns]] + [[i, *row] for i, row in zip(
                head.index, head.to_numpy(dtype=object).tolist())])[:4000]
    elif module == "pandas" and hasattr(value, "iloc"):
        d["shape"], d["dtype"] = list(value.shape), str(value.dtype)
        head = value.iloc[:5]
        d["head"] = _aligned(zip(head.index, head.to_numpy(dtype=object).tolist()))[:2000]
    elif module in ("numpy", "scipy", "torch", "tensorflow") and hasattr(value, "shape") and hasattr(value, "dtype"):
        d["shape"], d["dtype"] = [int(n) for n in value.shape], str(value.dtype)
        if module == "numpy" and value.dtype.kind in "biufcSUM":
            flat = value.reshape(-1)[:8] if value.ndim and value.flags.c_contiguous else value.flat[:8] if value.ndim else value
            more = " …" if value.size > 8 else ""
            d["head"] = "[%s]%s" % (" ".join(map(_entry, flat.tolist())), more) if value.ndim else str(value)
    elif module == "sklearn" and hasattr(value, "get_params"):
        d["head"] = repr(value)[:1000]
    else:
        d["head"] = _short(value)
        if isinstance(value, (str, bytes, list, tuple, dict, set, frozenset)):
            d["length"] = len(value)

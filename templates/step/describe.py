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

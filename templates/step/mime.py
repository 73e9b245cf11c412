# What a value looks like to Jupyter: its bundle of MIME types.
# SPDX-License-Identifier: Apache-2.0

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

# Figures that a cell draws, shown at its end as IPython's inline backend does.
# SPDX-License-Identifier: Apache-2.0


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

# Local modules, and what they keep: a list that their functions append to, a setting that a cell assigns. Each step imports
# them anew, so what one step changes there is hidden library state, "%module.NAME" of the module or package at the top.
# SPDX-License-Identifier: Apache-2.0

_MOST = 1 << 20         # bytes of a value that is looked at
_kept_at_first = {}     # name of a local module -> {variable: what tells its value from another}, when its import was done
_importing = [0, []]    # how deep, and what waits for the outermost import's end: importing others is part of it


def _is_local_file(path):
    """Not of the installed packages, nor of Python itself."""
    if not path or not path.endswith(".py") or "site-packages" in path or "dist-packages" in path:
        return False
    return not os.path.abspath(path).startswith((os.path.dirname(os.__file__) + os.sep, sys.prefix + os.sep + "lib"))


class _LocalImports:
    """A finder that finds nothing itself: it has local modules looked at once they are imported."""

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top != name and top not in _kept_at_first and top not in _importing[1]:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is None:
                continue
            if spec.loader is not None and _is_local_file(spec.origin):
                _note_when_done(spec)
            return spec
        return None


def _note_when_done(spec):
    inner, name = spec.loader.exec_module, spec.name

    def exec_module(module):
        _importing[0] += 1
        _importing[1].append(name)
        try:
            inner(module)
        finally:
            _importing[0] -= 1
            if not _importing[0]:
                _note_modules()
    try:
        spec.loader.exec_module = exec_module
    except AttributeError:
        pass


def _note_modules():
    for name in _importing[1]:
        if name in sys.modules:
            _kept_at_first[name] = _module_print(sys.modules[name])
    del _importing[1][:]


def _watch_imports():
    if not any(isinstance(f, _LocalImports) for f in sys.meta_path):
        sys.meta_path.insert(0, _LocalImports())


_code = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type, classmethod, staticmethod, property,
         types.GetSetDescriptorType, types.MemberDescriptorType)


def _module_values(module):
    """{(class or "", name): value} of what a module, and the classes that it defines, have that is no code."""
    spaces = {"": module}
    spaces.update((k, v) for k, v in list(module.__dict__.items())
                  if isinstance(v, type) and v.__module__ == module.__name__)
    return {(space, k): v for space, owner in spaces.items() for k, v in list(owner.__dict__.items())
            if not k.startswith(("__", "_abc_")) and not isinstance(v, _code)}


def _module_print(module):
    return {k: _value_print(v) for k, v in _module_values(module).items()}


def _value_print(value):
    if _is_plain(value):
        return type(value), value
    try:
        if getattr(value, "nbytes", 0) > _MOST or (hasattr(value, "__len__") and len(value) > _MOST // 8):
            return id(value)
        return pickle.dumps(value, 4)
    except Exception:
        return id(value)


def _module_prints():
    return {name: _module_print(sys.modules[name]) for name in list(_kept_at_first) if name in sys.modules}


class ModuleWatch:
    """Which local modules' state a step changes, and where."""

    def __init__(self):
        self.before, self.changes = _module_prints(), []

    def note(self, place):
        """A cell has run."""
        now = _module_prints() if _kept_at_first else {}
        tops = {n.partition(".")[0] for n, p in now.items() if p != self.before.get(n, _kept_at_first[n])}
        self.changes += [("%%module.%s" % top, place) for top in sorted(tops)]
        self.before = now


def _get_module(top):
    found = {}
    for name in sorted(_kept_at_first):
        if name.partition(".")[0] != top or name not in sys.modules:
            continue
        values, before = _module_values(sys.modules[name]), _kept_at_first[name]
        now = _module_print(sys.modules[name])
        changed = {k for k in set(now) | set(before) if now.get(k) != before.get(k)}
        shared = {k for k, told in now.items() if type(told) is bytes}      # values of the notebook may be one with them
        if changed | shared:
            found[name] = {"set": {k: values[k] for k in sorted((changed | shared) & set(values))},
                           "gone": sorted(changed - set(values))}
    return found or None


def _set_module(state):
    import importlib
    for name, kept in state.items():
        module = importlib.import_module(name)
        for space, key in kept["gone"]:
            owner = getattr(module, space) if space else module
            if key in owner.__dict__:
                delattr(owner, key)
        for (space, key), value in kept["set"].items():
            _put(getattr(module, space) if space else module, key, value)


def _put(owner, key, value):
    """Whoever has the old object under a name of their own has the new one then."""
    old = owner.__dict__.get(key)
    setattr(owner, key, value)
    if old is None or _is_plain(old):
        return
    spaces = [_space.ns] + [sys.modules[n].__dict__ for n in list(_kept_at_first) if n in sys.modules]
    for space in spaces:
        for name in [n for n, v in list(space.items()) if v is old]:
            space[name] = value


def _state_of_library(name):
    """(get, set) of a hidden state; None if there is none of that name."""
    if name.startswith("%module."):
        return (lambda: _get_module(name[8:])), _set_module
    return _states.get(name)

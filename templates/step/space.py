# The notebook's namespace. Pickles refer to what lives in it; there is one per process.
# SPDX-License-Identifier: Apache-2.0


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


_class_texts = weakref.WeakKeyDictionary()     # class of the notebook -> digest of the statement that made it


def _class_statements(tree):
    """[(name, digest)] of the classes that a cell defines. What a class's body assigns can't be told from what was
    assigned to the class later, but by its text."""
    import hashlib
    return [(n.name, hashlib.sha256(ast.dump(n).encode("utf-8", "backslashreplace")).digest())
            for n in tree.body if isinstance(n, ast.ClassDef)]


def _note_classes(statements):
    for name, digest in statements:
        made = _space.ns.get(name)
        if isinstance(made, type) and made.__module__ == "__main__":
            _class_texts[made] = digest


_PLAIN = (int, float, complex, bool, str, bytes, type(None))


def _is_plain(value):
    return type(value) in _PLAIN or (type(value) is tuple and all(map(_is_plain, value)))


def _plain_attributes(cls):
    """{qualified name: {attribute: value}} of a class and its bases: what may have been set from outside."""
    found = {}
    for c in cls.__mro__:
        if c.__module__ == "__main__":
            plain = {k: v for k, v in c.__dict__.items() if not k.startswith("__") and _is_plain(v)}
            if plain:
                found[c.__qualname__] = plain
    return found


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
            out.append([b.__qualname__ for b in o.__bases__] + [_class_texts.get(o)])
            for key in sorted(map(str, o.__dict__)):
                value = o.__dict__.get(key)
                if isinstance(value, (types.FunctionType, classmethod, staticmethod, property)):
                    out.append(key)
                    walk(value)
    walk(obj)
    return hashlib.sha256(repr(out).encode("utf-8", "backslashreplace")).hexdigest()[:16]

# Classes that a step has as code: watched for changes that were not declared, since other steps have the code only.
# SPDX-License-Identifier: Apache-2.0

_FEW = 1000     # elements of a class's list or dict that are looked at


class Watched:
    """What the notebook's classes keep, before the step's own cells run."""

    def __init__(self):
        self.before = {}
        for name in _space.definitions:
            made = _space.ns.get(name)
            if isinstance(made, type) and made.__module__ == "__main__":
                self.before[name] = (made, _kept(made))

    def changed(self):
        return sorted(name for name, (made, kept) in self.before.items()
                      if _space.ns.get(name) is made and _kept(made) != kept)


def _kept(cls):
    """{(class, attribute): what tells its value from another} of a class, and of its bases that no name of the notebook
    means: those that one does are watched, or were said to change, under that."""
    found = {}
    for c in cls.__mro__:
        if c.__module__ == "__main__" and (c is cls or _space.ns.get(c.__qualname__) is not c):
            for key, value in list(c.__dict__.items()):
                if not key.startswith(("__", "_abc_")):
                    found[c.__qualname__, key] = _told_apart(value)
    return found


def _told_apart(value):
    if _is_plain(value):
        return type(value), value
    if type(value) in (list, dict, set) and len(value) <= _FEW:
        try:
            return type(value), repr(value) if all(map(_is_plain, value)) and type(value) is not dict else pickle.dumps(value)
        except Exception:
            pass
        return id(value), len(value)
    if hasattr(type(value), "__members__") and hasattr(value, "_value_"):
        return id(value), {k: _told_apart(v) for k, v in _member_state(value).items()}
    return id(value)

# What the rounds of a loop add to: kept as a list of deeds while they run apart, and done in the notebook's order then.
# SPDX-License-Identifier: Apache-2.0


class Whole(BaseException):
    """The loop can't be taken apart after all: it is to run as it stands."""


class Gatherer:
    """Stands for a value that rounds only add to. Takes what is sure to succeed whatever other rounds have added; the
    rest is for the value itself, and so makes the loop run whole."""

    def __init__(self, name, value, tried, rounds):
        self.name_, self.kind_, self.length_ = name, type(value), len(value) if type(value) is list else 0
        self.plain_ = _is_plain(value) or _is_number(value)
        self.array_ = _is_array(value)
        self.tried_, self.rounds_, self.deeds = tried, rounds, []

    def refuse_(self, what):
        raise self.rounds_.whole("%s, of type %s, %s" % (self.name_, self.kind_.__name__, what))

    def do_(self, deed, *args):
        self.deeds.append((deed, args))

    def append(self, value):
        if self.kind_ is not list:
            self.refuse_("is appended to")
        self.do_("append", value)

    def extend(self, values):
        if self.kind_ is not list:
            self.refuse_("is extended")
        self.do_("extend", list(values))

    def add(self, value):
        if self.kind_ is not set:
            self.refuse_("is added to")
        hash(value)
        self.do_("add", value)

    def update(self, values):
        if self.kind_ is dict:
            self.do_("update", dict(values))
        elif self.kind_ is set:
            self.do_("update", set(values))
        else:
            self.refuse_("is updated")

    def __setitem__(self, key, value):
        if self.kind_ is dict:
            hash(key)
        elif self.kind_ is list:
            if not (type(key) is int and 0 <= key < self.length_):
                self.refuse_("is stored into behind its end")
        elif self.array_ and not self.tried_ and _is_place(key) and (_is_plain(value) or _is_number(value) or _is_array(value)):
            value = value.copy() if _is_array(value) else value
        else:
            self.refuse_("is stored into")
        self.do_("__setitem__", key, value)

    def augment_(self, sign, value):
        if self.kind_ is list and sign == "__iadd__":
            self.do_("extend", list(value))
        elif not self.tried_ and self.plain_ and (_is_plain(value) or _is_number(value)):
            self.do_(sign, value)
        elif not self.tried_ and self.array_ and (_is_plain(value) or _is_number(value) or _is_array(value)):
            self.do_(sign, value.copy() if _is_array(value) else value)
        else:
            self.refuse_("is changed by a value of type %s" % type(value).__name__)
        return self


def _augmenter(sign):
    return lambda self, value: self.augment_(sign, value)


for _sign in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor", "lshift", "rshift", "matmul"):
    setattr(Gatherer, "__i%s__" % _sign, _augmenter("__i%s__" % _sign))


def _is_number(value):
    """A number of numpy's."""
    np = sys.modules.get("numpy")
    return np is not None and isinstance(value, np.generic) and not isinstance(value, np.void)


def _is_array(value):
    np = sys.modules.get("numpy")
    return np is not None and type(value) is np.ndarray and not value.dtype.hasobject


def _is_place(key):
    """What an array is stored into at: numbers and slices."""
    if type(key) is tuple:
        return all(map(_is_place, key))
    return key is Ellipsis or type(key) is int or (_is_number(key) and not isinstance(key, float)) or (
        type(key) is slice and all(p is None or type(p) is int for p in (key.start, key.stop, key.step)))


def _do_deeds(value, deeds):
    """The value after them: what `x += y` makes of a number is another."""
    import operator
    for deed, args in deeds:
        if deed.startswith("__i"):
            value = getattr(operator, deed)(value, *args)
        elif deed == "__setitem__":
            value[args[0]] = args[1]
        else:
            getattr(value, deed)(*args)
    return value

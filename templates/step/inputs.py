# A step's inputs: brought into its namespace, and watched for undeclared changes.
# SPDX-License-Identifier: Apache-2.0


class Inputs:
    """The values that a step starts with, mapped from its producers' results."""

    def __init__(self, wanted, owning=False):
        """`owning`: arrays have memory of their own (a.resize ()), not that of the file."""
        self.wanted, self.bundles, self.loaded, self.owning = wanted, {}, [], owning
        self.classes = None
        self.together = {}      # (directory, place of a group of several names) -> {name: value}

    def load(self):
        by_name = {i["name"]: i for i in self.wanted}
        extras = self._extras(by_name)
        for item in self.wanted:
            name = item["name"]
            bundle = extras.get(name) or self._bundle(item["from"])
            if name not in bundle.groups:
                if name in bundle.unbound or item.get("optional"):
                    continue
                raise Environment("%s has no value for %s" % (bundle.directory, name))
            try:
                value = bundle.get(name)
            except Environment:
                raise
            except Exception as e:
                raise Environment("the value of %s can't be read here: %s: %s" % (name, type(e).__name__, e)) from e
            if name.startswith("%"):
                if not _state_of_library(name):
                    raise Environment("%s is no library state that is known" % name)
                _state_of_library(name)[1](value)
            else:
                if self.owning and len(bundle.groups[name]["names"]) == 1 and _find_reducer(type(value)) is _reduce_array:
                    value = value.copy("K")
                _space.ns[name] = value
                self.loaded.append((item, bundle, value))
        for name, value in _space.wanted.items():
            _space.ns.setdefault(name, value)
        _space.wanted = {}
        for bundle in self.bundles.values():
            self.together.update({(bundle.directory, place): values for (place, _), values in bundle.loaded.items()
                                  if len(values) > 1})
            bundle.loaded = {}

    def _bundle(self, directory):
        if directory not in self.bundles:
            self.bundles[directory] = Bundle(directory)
        return self.bundles[directory]

    def _extras(self, by_name):
        """Inputs that lie inside another input from elsewhere: they are taken from there, to stay one object."""
        found = {}
        for item in self.wanted:
            bundle = self._bundle(item["from"])
            for name, digest in bundle.manifest.get("extras", {}).items():
                other = by_name.get(name)
                if other is None or name in found or other["from"] == item["from"]:
                    continue
                source = self._bundle(other["from"]).groups.get(name)
                if source and source["sha256"] == digest and bundle.groups.get(name) is bundle.groups.get(item["name"]):
                    found[name] = bundle
        return found

    def kept(self):
        """{name: (value, digest of its group)} of inputs still bound as they came."""
        return {item["name"]: (value, bundle.groups[item["name"]]["sha256"])
                for item, bundle, value in self.loaded
                if _space.ns.get(item["name"]) is value and not _is_immutable(value)}

    def watch_classes(self):
        self.classes = Watched()

    def changed_classes(self):
        return self.classes.changed() if self.classes else []

    def find_mutated(self, notes, declared=None):
        """Names of inputs, and of definitions, that were not said to change in this step (or `declared`) and did."""
        mutated, deadline, done = self.changed_classes(), time.monotonic() + 0.5, set()
        if declared is None:
            declared = {item["name"] for item in self.wanted if item.get("mutated")}
        for item, bundle, value in self.loaded:
            name = item["name"]
            group = bundle.groups[name]
            key = bundle.directory, group["pickle"][0]
            if name in declared or key in done or declared & set(group["names"]):
                continue
            done.add(key)
            if _is_immutable(value) and not _may_hold(value) and len(group["names"]) == 1:
                continue
            members = [v for i, b, v in self.loaded if b is bundle and b.groups[i["name"]] is group]
            names = [i["name"] for i, b, v in self.loaded if b is bundle and b.groups[i["name"]] is group]
            if time.monotonic() > deadline:
                notes.append("not looked for undeclared changes, for want of time: %s" % ", ".join(names))
                continue
            try:
                changed = _group_changed(bundle, group, dict(zip(names, members)), notes)
            except Exception as e:
                notes.append("not looked for undeclared changes (%s: %s): %s" % (type(e).__name__, e, ", ".join(names)))
                continue
            mutated += changed
        return mutated

    def find_touched(self, notes):
        """{name: input} of values that came in one group with an input which this step was said to change, and that changed with
        it, though nobody said so of them."""
        declared = {item["name"] for item in self.wanted if item.get("mutated")}
        touched, deadline = {}, time.monotonic() + 0.5
        for item, bundle, _ in self.loaded:
            values = self.together.pop((bundle.directory, bundle.groups[item["name"]]["pickle"][0]), {})
            by = next((n for n in values if n in declared), None)
            others = {n: v for n, v in values.items() if n not in declared and (not _is_immutable(v) or _may_hold(v))}
            group = bundle.groups[item["name"]]
            if by is None or not others or time.monotonic() > deadline:
                continue
            if group["pickle"][1] > CHECK_LIMIT or sum(n for _, n in group["buffers"]) > 32 * CHECK_LIMIT:
                continue
            try:
                before = dict(zip(group["names"], _fresh(bundle, group)))
                touched.update({n: by for n, v in others.items() if differ(before[n], v) is not None})
            except Exception as e:
                notes.append("not looked for undeclared changes (%s: %s): %s" % (type(e).__name__, e, ", ".join(sorted(others))))
        return touched

    def close(self):
        for bundle in self.bundles.values():
            bundle.close()


def _may_hold(value):
    """Whether what can't change itself may hold what can: tuples, methods, and functions with cells or defaults."""
    if isinstance(value, types.FunctionType):
        return bool(value.__closure__ or value.__defaults__ or value.__kwdefaults__ or value.__dict__)
    if isinstance(value, (types.MethodType, types.BuiltinMethodType)):
        return not isinstance(value.__self__, (types.ModuleType, type(None)))
    return type(value) is tuple


def _group_changed(bundle, group, values, notes):
    """Names of a group's values that are no longer what the file says."""
    touched = any(_memory_changed(bundle, span) for span in group["buffers"])
    if group["pickle"][1] > CHECK_LIMIT:
        if touched:
            return sorted(values)
        notes.append("too large to look for undeclared changes: %s" % ", ".join(sorted(values)))
        return []
    if not touched and len(values) == len(group["names"]):
        ordered = [values[n] for n in group["names"]]
        now = _pickle_groups([""], [ordered[0] if len(ordered) == 1 else tuple(ordered)], lambda i, e: None)[0][1]
        same = b"".join(bytes(c) for c in now.chunks) == bundle.span(group["pickle"])
        if same and _same_places(bundle, group, now.buffers):
            return []
    # Pickles of equal values may differ in how strings are shared: look at the values themselves.
    original = dict(zip(group["names"], (lambda v: v if len(group["names"]) > 1 else (v,))(_fresh(bundle, group))))
    return sorted(n for n, v in values.items() if differ(original[n], v) is not None)


def _fresh(bundle, group):
    other = Bundle(bundle.directory)
    try:
        return other.unpickle(group)
    finally:
        other.close()


def _same_places(bundle, group, buffers):
    """True if the buffers are still those mapped from the file."""
    if len(buffers) != len(group["buffers"]):
        return False
    base = _address(bundle.memory) if buffers else 0
    return all(_address(b) == base + span[0] and b.nbytes == span[1] for b, span in zip(buffers, group["buffers"]))


def _memory_changed(bundle, span):
    """True if the mapped bytes differ from the file's. A private page that was never written to is still the file's, and
    /proc tells which these are: only the others are compared."""
    offset, length = span
    for start, end in _own_pages(_address(bundle.memory) + offset, length):
        at = offset + start
        end = min(offset + end, offset + length)
        while at < end:
            data = os.pread(bundle.fd, min(1 << 20, end - at), at)
            if not data or bundle.memory[at:at + len(data)] != data:
                return True
            at += len(data)
    return False


def _own_pages(address, length):
    """[(start, end)] relative to address: stretches of pages that were written to."""
    size = mmap.PAGESIZE
    first, count = address // size, (address % size + length + size - 1) // size
    try:
        fd = os.open("/proc/self/pagemap", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return [(0, length)]
    try:
        data = b""
        while len(data) < count * 8:
            more = os.pread(fd, count * 8 - len(data), first * 8 + len(data))
            if not more:
                return [(0, length)]
            data += more
    except OSError:
        return [(0, length)]
    finally:
        os.close(fd)
    if not any(data):
        return []
    found, shift = [], first * size - address
    flags = data[7::8]          # the top byte: bit 63 present, 62 swapped, 61 the file's own page
    for i, flag in enumerate(flags):
        if flag & 0xC0 and not flag & 0x20:
            start, end = max(0, i * size + shift), (i + 1) * size + shift
            if found and found[-1][1] == start:
                found[-1][1] = end
            else:
                found.append([start, end])
    return found

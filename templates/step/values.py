# values.bin and values.json.
# SPDX-License-Identifier: Apache-2.0


def _write_all(fd, pieces, offset):
    """Writes pieces of memory one behind the other."""
    todo = [memoryview(p).cast("B") for p in pieces if len(p)]
    k = 0
    while k < len(todo):
        batch = todo[k:k + 512]
        n = os.pwritev(fd, batch, offset)
        offset += n
        while n > 0 and k < len(todo):
            if n >= len(todo[k]):
                n -= len(todo[k])
                k += 1
            else:
                todo[k] = todo[k][n:]
                n = 0


def _bytes_view(buffer):
    view = memoryview(buffer)
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


def write_bundle(directory, names, values, cells=None, notebook="notebook", extras=None, unbound=(), sync=False,
                 explain=None):
    """Writes values.bin and values.json for `names` bound to `values`. Raises Unserializable, or OSError."""
    cells = cells or {}

    def fail(i, error):
        if isinstance(error, (OSError, MemoryError)) and not isinstance(error, RecursionError):
            raise error
        raise _unserializable(names[i], values[i], error, cells.get(names[i]), notebook) from error
    groups = _pickle_groups(names, values, explain or fail)
    if extras:
        groups = _add_extras(groups, names, values, extras, explain or fail)
    definitions = _pickle_definitions(w for _, w in groups)
    places, end = [], 0
    for _, w in groups:
        w.views = [_bytes_view(b) for b in w.buffers]
        place, end = (end, w.chunks.size()), end + w.chunks.size()
        spans = []
        for v in w.views:
            end = (end + PAGE - 1) // PAGE * PAGE
            spans.append((end, v.nbytes))
            end += v.nbytes
        places.append((place, spans))
    fallback = {}
    for name, w in definitions.items():
        fallback[name] = (end, w.chunks.size())
        end += w.chunks.size()
    digests = _start_digests(groups)
    fd = os.open(os.path.join(directory, "values.bin"), os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        _allocate(fd, end)
        for (_, w), (place, spans) in zip(groups, places):
            _write_all(fd, w.chunks, place[0])
            for v, span in zip(w.views, spans):
                _write_all(fd, [v], span[0])
        for name, w in definitions.items():
            _write_all(fd, w.chunks, fallback[name][0])
        if os.fstat(fd).st_size < end:
            os.ftruncate(fd, end)
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)
    digests = digests()
    manifest = {"version": 1, "step": _space.step, "python": "%d.%d" % sys.version_info[:2], "groups": [], "values": {},
                "unbound": list(unbound)}
    for (indices, w), (place, spans), (digest, algorithm) in zip(groups, places, digests):
        size = place[1] + sum(n for _, n in spans)
        manifest["groups"].append({"names": [w.names[i] if hasattr(w, "names") else names[i] for i in indices],
                                   "pickle": list(place), "buffers": [list(s) for s in spans], "sha256": digest,
                                   "algorithm": algorithm})
        for i in indices:
            if i < len(names):
                manifest["values"][names[i]] = describe(values[i], size if len(indices) == 1 else None,
                                                        cells.get(names[i]))
    if fallback:
        manifest["definitions"] = {name: {"pickle": list(place)} for name, place in fallback.items()}
    if extras:
        manifest["extras"] = {name: where for name, (_, where) in extras.items()
                              if any(name in g["names"] for g in manifest["groups"])}
    _write_json(os.path.join(directory, "values.json"), manifest, sync)
    return manifest


def _allocate(fd, size):
    """Asks for the room at once: half the time of growing the file, and a full disk is told before the copying."""
    if size < 1 << 20:
        return
    try:
        os.posix_fallocate(fd, 0, size)
    except OSError as e:
        import errno
        if e.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            raise


def _start_digests(groups):
    """Digests are computed on another core while the file is written. Returns a function that gives them."""
    todo = [(w.chunks, w.views) for _, w in groups]
    if sum(v.nbytes for _, views in todo for v in views) < 1 << 20:
        return lambda: [_digest_group(*t) for t in todo]
    import threading
    done, failed = [], []

    def work():
        try:
            done.extend(_digest_group(*t) for t in todo)
        except BaseException as e:
            failed.append(e)
    _libcrypto()
    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def finish():
        thread.join()
        if failed:
            raise failed[0]
        return done
    return finish


def _add_extras(groups, names, values, extras, explain):
    """Joins inputs that are part of an output to its group: {name: (value, producer)}."""
    found = []
    for indices, w in groups:
        memo = w.table
        more = [n for n, (v, _) in extras.items() if n not in names and id(v) in memo and memo[id(v)][1] is v
                and not _is_immutable(v)]
        if more and not any(w.regions or ()):
            together = tuple([values[i] for i in indices] + [extras[n][0] for n in more])
            w = _pickle_one(together, w.regions, lambda e, i=indices[0]: explain(i, e))
            w.names = dict(enumerate(names))
            base = len(names)
            w.names.update({base + k: n for k, n in enumerate(more)})
            indices = list(indices) + [base + k for k in range(len(more))]
        found.append((indices, w))
    return found


def _pickle_definitions(writers):
    """By-value pickles of the definitions that the values refer to, and of those that these refer to."""
    todo, done = {}, {}
    for w in writers:
        todo.update(w.references)
    while todo:
        name, obj = todo.popitem()
        if name in done:
            continue
        try:
            w = _pickle_one(obj, None, lambda e: None, by_value=obj)
        except Exception:
            continue
        if w.buffers:
            continue
        done[name] = w
        todo.update({n: o for n, o in w.references.items() if n not in done})
    return dict(sorted(done.items()))


def _write_json(path, value, sync=False):
    try:
        data = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str, allow_nan=False)
    except ValueError:
        data = json.dumps(_plain_json(value), ensure_ascii=False, separators=(",", ":"), default=str)
    data = data.encode("utf-8", "replace")
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        _write_all(fd, [data], 0)
        if sync:
            os.fsync(fd)
    finally:
        os.close(fd)


def _plain_json(value):
    """NaN and infinities are no JSON: null."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {str(k): _plain_json(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain_json(v) for v in value]
    return value


class Bundle:
    """A result directory's values, read."""

    def __init__(self, directory):
        self.directory = directory
        try:
            with open(os.path.join(directory, "values.json"), encoding="utf-8") as f:
                self.manifest = json.load(f)
            fd = os.open(os.path.join(directory, "values.bin"), os.O_RDONLY | os.O_CLOEXEC)
        except (OSError, ValueError) as e:
            raise Environment("the values in %s can't be read: %s" % (directory, e)) from e
        try:
            self.size = os.fstat(fd).st_size
            self.fd = fd
            self.memory = memoryview(mmap.mmap(fd, 0, access=mmap.ACCESS_COPY)) if self.size else memoryview(b"")
        except (OSError, ValueError) as e:
            os.close(fd)
            raise Environment("the values in %s can't be mapped: %s" % (directory, e)) from e
        self.groups = {}
        for group in self.manifest["groups"]:
            for name in group["names"]:
                self.groups[name] = group
        self.unbound = set(self.manifest.get("unbound", ()))
        self.loaded = {}
        self.definitions = {}

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def span(self, place):
        offset, length = place
        if offset < 0 or length < 0 or offset + length > self.size:
            raise Environment("%s/values.bin is shorter than its values.json says" % self.directory)
        return self.memory[offset:offset + length]

    def definition(self, name):
        """A definition that the writer sent along, made once per content, for all producers."""
        place = self.manifest["definitions"][name]["pickle"]
        data = bytes(self.span(place))
        key = (name, data)
        if key not in _made_definitions:
            _made_definitions[key] = self._unpickle(data, ())
        return _made_definitions[key]

    def _unpickle(self, data, buffers):
        before = _space.fallback
        _space.fallback = {(name, None): (lambda name=name: self.definition(name))
                           for name in self.manifest.get("definitions", ())}
        try:
            return pickle.loads(data, buffers=buffers)
        finally:
            _space.fallback = before

    def unpickle(self, group):
        return self._unpickle(self.span(group["pickle"]), [self.span(b) for b in group["buffers"]])

    def load(self, group):
        key = group["pickle"][0], group["pickle"][1]
        if key not in self.loaded:
            value = self.unpickle(group)
            self.loaded[key] = dict(zip(group["names"], value if len(group["names"]) > 1 else (value,)))
        return self.loaded[key]

    def get(self, name):
        """The value of a name; KeyError if it was unbound or isn't there."""
        return self.load(self.groups[name])[name]


_made_definitions = {}

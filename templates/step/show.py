# What the notebook shows.
# SPDX-License-Identifier: Apache-2.0


class Recorder:
    """Collects a cell's outputs as nbformat has them."""

    def __init__(self):
        self.outputs = []
        self.display_ids = {}
        self.clear_next = False
        self.count = 0
        self.muted = self.shown = 0
        self.streams = {}

    def begin(self):
        self.outputs, self.count, self.shown, self.streams, self.clear_next = [], self.count + 1, 0, {}, False
        return self.outputs

    def stream(self, name, text):
        if self.muted or not text:
            return
        self._clear()
        last = self.outputs[-1] if self.outputs else None
        if not (last and last["output_type"] == "stream" and last["name"] == name):
            last = {"output_type": "stream", "name": name, "text": _Text()}
            self.outputs.append(last)
        used = self.streams.get(name, 0)
        self.streams[name] = used + len(text)
        last["text"].add(text, max(0, STREAM_LIMIT - used))

    def add(self, output):
        if self.muted:
            return
        self._clear()
        size = sum(len(v) if isinstance(v, str) else 64 for v in output.get("data", {}).values())
        self.shown += size
        if self.shown > DISPLAY_LIMIT and output["output_type"] != "error":
            if self.shown - size <= DISPLAY_LIMIT:
                self.outputs.append({"output_type": "stream", "name": "stderr",
                                     "text": "[chard: this cell showed more than is kept here]\n"})
            return
        self.outputs.append(output)

    def display(self, data, metadata=None, display_id=None, update=False):
        if not data:
            return
        output = {"output_type": "display_data", "data": data, "metadata": metadata or {}}
        if display_id is not None:
            if update or display_id in self.display_ids:
                for old in self.display_ids.get(display_id, ()):
                    old["data"], old["metadata"] = data, metadata or {}
                if update:
                    return
            self.display_ids.setdefault(display_id, []).append(output)
        self.add(output)

    def result(self, data, metadata=None):
        if data:
            self.add({"output_type": "execute_result", "execution_count": self.count, "data": data,
                      "metadata": metadata or {}})

    def clear(self, wait=False):
        if wait:
            self.clear_next = True
        else:
            self._wipe()

    def _clear(self):
        if self.clear_next:
            self.clear_next = False
            self._wipe()

    def _wipe(self):
        del self.outputs[:]
        self.shown, self.streams = 0, {}


class _Text:
    """Text of a stream: its head up to a limit, then only its last lines."""

    def __init__(self):
        self.parts, self.tail, self.dropped = [], "", 0

    def add(self, text, room):
        if room and not self.dropped and not self.tail:
            self.parts.append(text[:room])
            text = text[room:]
        if text:
            self.tail += text
            if len(self.tail) > 1 << 17:
                self.dropped += len(self.tail) - (1 << 16)
                self.tail = self.tail[-(1 << 16):]

    def __str__(self):
        note = "\n[chard: %d characters are left out here]\n" % self.dropped if self.dropped else ""
        return _carriage("".join(self.parts) + note + self.tail)


def _carriage(text):
    """What a terminal leaves of progress bars: the text behind the last carriage return of each line."""
    if "\r" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(line.rstrip("\r").rsplit("\r", 1)[-1] if "\r" in line else line for line in lines)


_recorder = Recorder()
_log = {"limit": LOG_LIMIT, "left": None}


class Stream(io.TextIOBase):
    """sys.stdout and sys.stderr of the step: text goes to the log and is recorded for the executed notebook."""

    def __init__(self, name, fd):
        self.name_, self.fd, self.pending, self.size, self.count, self.tick = name, fd, [], 0, 0, 0.0
        self.owner = os.getpid()
        self.raw_ = None

    name = property(lambda self: "<%s>" % self.name_)
    encoding, errors, newlines, line_buffering = "utf-8", "backslashreplace", None, True
    closed = property(lambda self: False)

    @property
    def buffer(self):
        if self.raw_ is None:
            self.raw_ = _ByteStream(self)
        return self.raw_

    def write(self, text):
        if not isinstance(text, str):
            raise TypeError("write() argument must be str, not %s" % type(text).__name__)
        if text:
            if self.owner == os.getpid():
                _recorder.stream(self.name_, text)
            self.put(text)
        return len(text)

    def put(self, text):
        """Into the log: at once, line by line, unless it comes in floods."""
        self.pending.append(text)
        self.size += len(text)
        self.count += 1
        if self.size > 1 << 20:
            self.flush()
        elif "\n" in text or "\r" in text:
            if self.count < 1000:
                self.flush()
            else:
                now = time.monotonic()
                if now - self.tick > 0.2:
                    self.tick, self.count = now, 900
                    self.flush()
                elif len(self.pending) > 2000:
                    self.flush()

    def flush(self):
        if self.pending:
            pending, self.pending, self.size = "".join(self.pending), [], 0
            _write_log(self.fd, pending.encode("utf-8", "backslashreplace"))

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def writable(self):
        return True

    def readable(self):
        return False

    def fileno(self):
        return self.fd

    def isatty(self):
        return False

    def close(self):
        self.flush()

    def reconfigure(self, **kw):
        pass

    def __del__(self):
        pass


class _ByteStream(io.RawIOBase):
    """sys.stdout.buffer"""

    def __init__(self, stream):
        self.stream_ = stream

    def write(self, data):
        self.stream_.write(bytes(data).decode("utf-8", "backslashreplace"))
        return len(data)

    def writable(self):
        return True

    def fileno(self):
        return self.stream_.fd

    def flush(self):
        self.stream_.flush()

    def close(self):
        self.stream_.flush()


def _write_log(fd, data):
    """Writes to the log; a file's size is bounded, and a log that can't be written stops nothing."""
    left = _log["left"]
    if left is not None:
        if left <= 0:
            return
        if len(data) > left:
            data = data[:left] + b"\n[chard: the rest of the output is not kept: the log has reached its limit]\n"
        _log["left"] = left - len(data)
    for at in (fd, _log.get("spare", -1)):
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(at, view):]
            return
        except OSError as e:
            import errno
            if e.errno != errno.EBADF:
                return


def _measure_log():
    """A log that is a plain file gets a limit; its descriptor is kept under a number that no one closes by chance."""
    import stat
    try:
        found = os.fstat(1)
        _log["left"] = _log["limit"] - found.st_size if stat.S_ISREG(found.st_mode) else None
        import fcntl
        _log["spare"] = fcntl.fcntl(1, fcntl.F_DUPFD_CLOEXEC, 100)
    except OSError:
        _log["left"] = None


def _release_log():
    spare = _log.pop("spare", None)
    if spare is not None:
        os.close(spare)


def _flush_streams():
    for stream in (sys.stdout, sys.stderr, _out, _err):
        try:
            stream.flush()
        except Exception:
            pass


_out, _err = None, None


def _install_streams():
    global _out, _err
    if _out is None:
        _out, _err = Stream("stdout", 1), Stream("stderr", 2)
        os.register_at_fork(before=_flush_streams)
    _out.owner = _err.owner = os.getpid()
    sys.stdout, sys.stderr = _out, _err
    sys.__stdout__, sys.__stderr__ = _out, _err

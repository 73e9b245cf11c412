# The zygote: has the imports loaded, and forks a process per step.
# SPDX-License-Identifier: Apache-2.0

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36


def _prctl(option, value):
    try:
        import ctypes
        return ctypes.CDLL(None).prctl(option, value, 0, 0, 0) == 0
    except Exception:
        return False


class _TooLong(BaseException):
    pass


def _drop_orphans():
    """Modules whose package isn't there any more, since its import failed: they would be no attributes of the next one."""
    for name in list(sys.modules):
        package = name.rpartition(".")[0]
        while package and package in sys.modules:
            package = package.rpartition(".")[0]
        if package:
            del sys.modules[name]


class Zygote:
    """Imports, then forks; never runs a line of a notebook itself."""

    def __init__(self, names, fd=3):
        self.fd, self.names = fd, [n for n in names if n]
        self.buffer, self.children, self.timers = b"", {}, {}
        self.pid, self.ended, self.loading = os.getpid(), False, False
        self.waiting = None         # (pid, descriptor) of the process that waits for a step
        self.doomed = {}            # what canceled steps had started

    def run(self):
        import select
        os.set_inheritable(self.fd, False)
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self.wake, wake_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(wake_in, warn_on_full_buffer=False)
        self.reports, self.reports_in = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self.reports_pipe = os.fstat(self.reports_in)[:3]
        self.private = (self.fd, self.wake, wake_in, self.reports)
        # While something is imported, ends are told from here; otherwise turn() sees the wake-up.
        signal.signal(signal.SIGCHLD, lambda *a: (self.take_reports(), self.reap()) if self.loading else None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)    # Ctrl-C is the engine's to understand
        signal.signal(signal.SIGTERM, lambda *a: self.end())
        os.environ.setdefault("MPLBACKEND", "agg")
        self.poll = select.poll()
        self.poll.register(self.fd, select.POLLIN)
        self.poll.register(self.wake, select.POLLIN)
        self.poll.register(self.reports, select.POLLIN)
        gc.disable()        # while importing there is little garbage to find, and much to look through
        _prepare_process()
        self.preload()
        while True:
            self.turn(None)

    def preload(self):
        """Imports what the notebook imports. What fails is passed over: the step that needs it will tell."""
        _install_streams()
        sys.meta_path.insert(0, _AfterImport())
        _watch_imports()
        began = time.monotonic()
        for name in self.names:
            if time.monotonic() - began > 3.0:
                self.settle()
                self.turn(0)        # whoever waits doesn't wait for the rest
            self.loading = True
            self.drop_spare()
            self.load(name)
            self.loading = False
        self.settle()
        self.spare()

    def load(self, name):
        def too_long(number, frame):
            raise _TooLong()
        signal.signal(signal.SIGALRM, too_long)
        signal.setitimer(signal.ITIMER_REAL, 60)
        try:
            __import__(name)
        except (Exception, SystemExit, _TooLong, KeyboardInterrupt) as e:
            sys.stderr.write("chard: import %s: %s: %s\n" % (name, type(e).__name__, e))
            sys.stderr.flush()
            _drop_orphans()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            _flush_streams()

    def settle(self):
        """What is loaded now is never looked at by the garbage collector again, in no child: its pages stay shared."""
        gc.freeze()

    def turn(self, timeout):
        if self.timers:
            first = max(0.0, min(self.timers.values()) - time.monotonic())
            timeout = first if timeout is None else min(first, timeout)
        ready = dict(self.poll.poll(None if timeout is None else timeout * 1000 + 1))
        if self.wake in ready:
            try:
                os.read(self.wake, 4096)
            except OSError:
                pass
        if self.reports in ready:
            self.take_reports()
        self.reap()
        self.strike()
        if self.fd in ready:
            try:
                data = os.read(self.fd, 65536)
            except InterruptedError:
                return
            except OSError:
                data = b""
            if not data:
                self.end()
            self.buffer += data
            while b"\n" in self.buffer:
                line, _, self.buffer = self.buffer.partition(b"\n")
                self.request(line)

    def request(self, line):
        try:
            message = json.loads(line)
            if "cancel" in message:
                self.cancel(message["cancel"])
            else:
                self.start(message["id"], message["spec"], message["log"])
        except (ValueError, KeyError, TypeError) as e:
            sys.stderr.write("chard: the zygote doesn't understand %r: %s\n" % (line[:200], e))
            sys.stderr.flush()

    def start(self, ident, spec, log):
        """Gives the step to the process that waits for one, and has another wait, while this one works already."""
        order = json.dumps({"id": ident, "spec": spec, "log": log}).encode() + b"\n"
        pid = self.hand_out(order)
        if pid is None:
            try:
                self.spare()
            except OSError as e:
                self.say({"id": ident, "exit": 3, "error": "fork: %s" % e.strerror})
                return
            pid = self.hand_out(order)
        self.children[pid] = ident
        self.say({"id": ident, "pid": pid})
        if not self.loading:
            try:
                self.spare()
            except OSError:
                pass

    def hand_out(self, order):
        if not self.waiting:
            return None
        pid, end = self.waiting
        self.waiting = None
        try:
            os.write(end, order)
            return pid
        except OSError:
            return None             # it was killed
        finally:
            os.close(end)

    def spare(self):
        """Forks a process that waits for a step. It costs the next step nothing then."""
        _flush_streams()
        theirs, ours = os.pipe2(os.O_CLOEXEC)
        try:
            import warnings
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                pid = os.fork()
        except OSError:
            os.close(theirs)
            os.close(ours)
            raise
        if pid == 0:
            os.close(ours)
            self.child(theirs)
        os.close(theirs)
        self.waiting = pid, ours

    def drop_spare(self):
        """More was imported: the one that waits knows nothing of it. It ends when its pipe does."""
        if self.waiting:
            (_, end), self.waiting = self.waiting, None
            os.close(end)           # at once SIGCHLD tells, maybe right here, that it has ended

    def child(self, orders):
        """The new process: becomes a session of its own, waits for its step, runs it, and never comes back."""
        status = 3
        try:
            signal.set_wakeup_fd(-1)
            os.setsid()
            for number in (signal.SIGCHLD, signal.SIGTERM, signal.SIGALRM):
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, ())
            _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != self.pid:
                os._exit(3)
            for fd in self.private:
                os.close(fd)
            _reseed()
            _volunteer()
            _rehearse()
            order = b""
            while not order.endswith(b"\n"):
                data = os.read(orders, 65536)
                if not data:
                    os._exit(0)
                order += data
            os.close(orders)
            order = json.loads(order)
            _open_log(order["log"])
            atexit = sys.modules.get("atexit")
            if atexit:
                atexit._clear()
            gc.enable()
            status = run_step(order["spec"])
            _leave(status, self.report)
        except BaseException:
            try:
                _print_error()
                _flush_streams()
            except BaseException:
                pass
        finally:
            os._exit(status)

    def report(self, status):
        """All is written: the step is over, and nobody has to wait until its memory is taken down."""
        import resource
        own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
        if own.ru_maxrss > 1 << 20:
            return                  # so much memory is rather seen to be free before the next one starts
        if os.fstat(self.reports_in)[:3] != self.reports_pipe:
            return                  # the step closed it, and opened something else in its place
        os.write(self.reports_in, b"%d %d %d %.6f %.6f\n" % (
            os.getpid(), status, max(own.ru_maxrss, others.ru_maxrss), own.ru_utime + others.ru_utime,
            own.ru_stime + others.ru_stime))

    def take_reports(self):
        try:
            data = os.read(self.reports, 65536)     # lines this short come whole
        except OSError:
            return
        for line in data.splitlines():
            pid, status, max_rss, user, system = line.split()
            ident = self.children.pop(int(pid), None)
            self.timers.pop(int(pid), None)
            if ident is not None:
                self.say({"id": ident, "exit": int(status), "max_rss": int(max_rss), "user": float(user),
                          "system": float(system)})

    def say(self, message):
        data = json.dumps(message).encode() + b"\n"
        try:
            while data:
                data = data[os.write(self.fd, data):]
        except OSError:
            self.end()

    def reap(self):
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            ident = self.children.pop(pid, None)
            if ident is None:
                if self.waiting and self.waiting[0] == pid:
                    self.drop_spare()
                continue            # told already, or a daemon of some step
            self.timers.pop(pid, None)
            answer = {"id": ident}
            if os.WIFSIGNALED(status):
                answer["signal"] = os.WTERMSIG(status)
            else:
                answer["exit"] = os.WEXITSTATUS(status)
            answer.update(max_rss=usage.ru_maxrss, user=usage.ru_utime, system=usage.ru_stime)
            self.say(answer)

    def cancel(self, ident):
        for pid, known in list(self.children.items()):
            if known == ident:
                self.timers.setdefault(pid, time.monotonic() + GRACE)
                for p in _list_tree(pid):
                    _kill(p, signal.SIGTERM)
                _kill(-pid, signal.SIGTERM)
                # The step's process ends by itself; what else it started gets no such trust.
                self.doomed[pid] = _list_tree(pid)

    def strike(self):
        """SIGKILL for those whose time is over, and for what a canceled step left behind."""
        now = time.monotonic()
        for pid, when in list(self.timers.items()):
            if now >= when:
                del self.timers[pid]
                for p in _list_tree(pid):
                    _kill(p, signal.SIGKILL)
                _kill(-pid, signal.SIGKILL)
                _kill(pid, signal.SIGKILL)
        for pid, others in list(self.doomed.items()):
            if pid not in self.children:
                del self.doomed[pid]
                _kill(-pid, signal.SIGKILL)
                for p in others:
                    if p != pid and _marker(p).endswith("/%d" % pid):
                        _kill(p, signal.SIGKILL)

    def end(self):
        """The engine is gone: so goes all that was ever started here. Orphans come to us, for we are their subreaper."""
        if self.ended or os.getpid() != self.pid:
            return
        self.ended = True
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            found = [p for p in _list_tree(self.pid) if p != self.pid]
            for p in found:
                _kill(p, signal.SIGKILL)
            try:
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
            except ChildProcessError:
                break
            time.sleep(0.002)
        os._exit(0)


def _kill(pid, number):
    try:
        os.kill(pid, number)
    except OSError:
        pass


def _marker(pid):
    """The CHARD_STEP_ID in a process's environment, if it was exec'd."""
    try:
        with open("/proc/%d/environ" % pid, "rb") as f:
            for entry in f.read().split(b"\0"):
                if entry.startswith(b"CHARD_STEP_ID="):
                    return entry[14:].decode("utf-8", "replace")
        with open("/proc/%d/stat" % pid) as f:
            return "/%s" % f.read().rpartition(")")[2].split()[3]     # its session: the step's, if it made none of its own
    except (OSError, IndexError):
        pass
    return ""


def _parents():
    found = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open("/proc/%s/stat" % name) as f:
                    found[int(name)] = int(f.read().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):
                pass
    return found


def _list_tree(pid):
    """A process and all that descend from it."""
    parents = _parents()
    found, grown = {pid}, True
    while grown:
        more = {p for p, parent in parents.items() if parent in found and p not in found}
        grown = bool(more)
        found |= more
    return sorted(found)


def _open_log(path):
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    except OSError as e:
        raise Environment("%s: %s" % (path, e.strerror)) from e
    null = os.open(os.devnull, os.O_RDONLY)
    for old, new in ((null, 0), (fd, 1), (fd, 2)):
        os.dup2(old, new)
    for old in {fd, null} - {0, 1, 2}:
        os.close(old)
    try:
        sys.stdin = open(0, encoding="utf-8", closefd=False)
    except OSError:
        pass


def _volunteer():
    """Where memory runs out the kernel is to end this step, and not the zygote, with which all others would end."""
    try:
        fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
        os.write(fd, b"500")
        os.close(fd)
    except OSError:
        pass


def _reseed():
    """Each process its own randomness, as each fresh interpreter has: the zygote's was drawn once for all."""
    np = sys.modules.get("numpy.random")
    if np is not None:
        np.seed()


def _rehearse():
    """What every step does, done to no effect by the process that waits for one, while nobody waits for it: a page that
    is shared with the zygote is copied when it is first written to, and to use an object is to write to its count."""
    global _recorder
    spec = {"cwd": os.getcwd(), "segments": [{"cell": 0, "line": 1, "source": "_ = 0"}]}
    try:
        _enter_space(Space())
        _enter(spec)
        cells = Cells(spec)
        cells.prepare()
        cells.run_cell(spec["segments"])
        values = [json.loads(json.dumps({"name": [0, 0.5, None]}))]
        np = sys.modules.get("numpy")
        if np is not None and hasattr(np, "zeros"):
            values.append(np.zeros(3))
        for (_, writer), value in zip(_pickle_groups(["a", "b"][:len(values)], values, None), values):
            _digest_group(writer.chunks, writer.buffers)
            pickle.loads(b"".join(writer.chunks), buffers=writer.buffers)
            json.dumps(describe(value))
    except Exception:
        pass    # the step itself will tell what is wrong
    _recorder = Recorder()
    _release_log()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _prepare_process():
    """The harness's own late imports, so that no child pays for them."""
    import atexit, base64, errno, fcntl, hashlib, stat, threading, tokenize, traceback, warnings  # noqa: F401,E401
    import __future__, ctypes, resource, string, _hashlib  # noqa: F401,E401
    _libcrypto()

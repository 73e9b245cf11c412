# Running cells one after the other, and where a step works.
# SPDX-License-Identifier: Apache-2.0


def _future_flags():
    import __future__
    return {f: getattr(__future__, f).compiler_flag for f in __future__.all_feature_names}


_FUTURE_MASK = 0
_AWAIT = getattr(ast, "PyCF_ALLOW_TOP_LEVEL_AWAIT", 0x2000)
_COROUTINE = 0x80


_TASKS = frozenset(("create_task", "ensure_future", "get_running_loop"))   # of cells that need a loop, which Jupyter always has


def _makes_tasks(code):
    return not _TASKS.isdisjoint(code.co_names) or any(_makes_tasks(c) for c in code.co_consts if isinstance(c, types.CodeType))


async def _within_loop(code):
    return eval(code, _space.ns)


class Cells:
    """Runs a notebook's cells in the namespace and keeps what they show."""

    def __init__(self, spec):
        self.spec, self.notebook = spec, spec.get("notebook") or "notebook"
        self.flags, self.loop = 0, None
        self.records, self.errors, self.notes = [], None, []
        self.bound = {}                 # name -> place that was seen to bind it last
        self.watched = []
        self.modules = None             # ModuleWatch
        self.history, self.last = [""], [None, None, None]
        self.results = {}
        self.rounds = None              # of a loop that is taken apart
        self.folder = ""                # of the notebook whose cell ran last, from the main one's

    def prepare(self):
        """The names that every notebook finds, and its sources where tracebacks look for them."""
        global _FUTURE_MASK
        if not _FUTURE_MASK:
            for flag in _future_flags().values():
                _FUTURE_MASK |= flag
        builtins.get_ipython, builtins.display = get_ipython, display
        ns = _space.ns
        ns.update({"In": self.history, "Out": self.results, "get_ipython": get_ipython, "_ih": self.history,
                   "_oh": self.results, "_dh": [os.getcwd()], "_": "", "__": "", "___": "", "exit": builtins.exit,
                   "quit": builtins.quit} if hasattr(builtins, "exit") else {"get_ipython": get_ipython})
        self.last = ["", "", ""]
        for hook in (_AfterImport(),):
            if not any(isinstance(f, _AfterImport) for f in sys.meta_path):
                sys.meta_path.insert(0, hook)
        _watch_imports()
        if not any(isinstance(f, _IPythonStandIn) for f in sys.meta_path):
            sys.meta_path.append(_IPythonStandIn())
        sources = {}
        for segment in self.spec["segments"]:
            lines = sources.setdefault(_place_of(segment), [])
            if segment.get("original") is not None:
                lines[:] = segment["original"].split("\n")
                continue
            text = segment["source"].split("\n")
            at = segment.get("line", 1) - 1
            lines += [""] * (at + len(text) - len(lines))
            lines[at:at + len(text)] = text
        for place, lines in sources.items():
            _remember_source(_cell_file(self.notebook, place), "\n".join(lines) + "\n")

    def watch(self, names):
        self.watched = [(n, id(_space.ns.get(n, self))) for n in names]

    def enter_folder(self, place):
        """The working directory follows from notebook to notebook, as when each is opened by itself. Where a pod runs, there is
        no notebook, and its folder only if something else of it is there."""
        folder = os.path.dirname(place[0] or "")
        if folder == self.folder:
            return
        self.folder = folder
        directory = os.path.normpath(os.path.join(self.spec.get("cwd") or os.getcwd(), folder))
        try:
            os.makedirs(directory, exist_ok=True)
            os.chdir(directory)
        except OSError as e:
            raise Environment("the notebook's directory %s: %s" % (directory, e.strerror)) from e
        if directory in sys.path:
            sys.path.remove(directory)
        sys.path.insert(0, directory)

    def note_bindings(self, place):
        for i, (name, old) in enumerate(self.watched):
            new = id(_space.ns.get(name, self))
            if new != old:
                self.watched[i] = name, new
                self.bound[name] = place

    def run_replicated(self, segment):
        """A definition brought along: shows nothing, but what it writes goes to the log."""
        _recorder.muted += 1
        try:
            self._run(segment, False)
        finally:
            _recorder.muted -= 1

    def run_cell(self, segments):
        """Runs the segments of one cell; raises what they raise, after recording it."""
        place = _place_of(segments[0])
        self.enter_folder(place)
        outputs = _recorder.begin()
        source = "\n".join(s["source"] for s in segments)
        self.history.append(source)
        _space.ns["_i"] = source
        get_ipython().execution_count = _recorder.count
        get_ipython().where = _cell_file(self.notebook, place)
        record = {"place": place, "source": segments[0].get("original") or source, "count": _recorder.count,
                  "outputs": outputs, "seconds": 0.0}
        self.records.append(record)
        began = time.perf_counter()
        try:
            get_ipython().events.trigger("pre_run_cell", None)
            for segment in segments:
                self._run(segment, segment is segments[-1])
            _show_figures()
            get_ipython().end_capture()
            get_ipython().events.trigger("post_run_cell", None)
        except Stop:
            raise
        except BaseException as error:
            get_ipython().end_capture()
            self._failed(error, place)
            raise
        finally:
            _flush_streams()
            record["seconds"] = time.perf_counter() - began
            record["outputs"] = _recorder.outputs
            self.note_bindings(place)
            if self.modules:
                self.modules.note(place)

    def _failed(self, error, place, log=True):
        if isinstance(error, RoundFailed):
            self.errors = error.told
            _err.put(error.told["traceback"])
            return
        try:
            _show_figures()
        except Exception:
            pass
        text = _format_error(error)
        _flush_streams()
        if log:
            (_err or sys.stderr).put(text) if _err is not None else sys.stderr.write(text)
        _recorder.muted = 0
        _recorder.add({"output_type": "error", "ename": type(error).__name__, "evalue": _error_message(error),
                       "traceback": text.rstrip("\n").split("\n")})
        places = _places(error)
        told = _told_place(place)
        here = [p for p in places if all(p.get(k) == v for k, v in told.items())]
        self.errors = dict(told, type=type(error).__name__, message=_error_message(error),
                           line=here[0]["line"] if here else None, traceback=text, frames=places)
        if isinstance(error, SystemExit):
            self.errors["hint"] = "a cell that calls sys.exit() or exit() ends the notebook there: use an `if` instead"
        if isinstance(error, Canceled):
            self.errors.update(type="Canceled", message="the step was asked to end (SIGTERM)")

    def _run(self, segment, last):
        """Compiles one segment under the notebook's own name and runs it."""
        self._idle()
        name = _cell_file(self.notebook, _place_of(segment))
        source, skip = segment["source"], segment.get("line", 1) - 1
        try:
            tree = compile("\n" * skip + source if skip < 10000 else source, name, "exec",
                           ast.PyCF_ONLY_AST | _AWAIT | self.flags, dont_inherit=True)
        except ValueError as e:
            raise SyntaxError(str(e), (name, skip + 1, 1, "")) from None
        loop = self.rounds.find(segment, tree) if self.rounds else None
        if loop is not None:
            before, after = tree.body[:loop], tree.body[loop + 1:]
            self._run_tree(ast.Module(before, []), name, source, False)
            self.rounds.run(tree.body[loop], name, self._evaluate)
            tree = ast.Module(after, [])
        self._run_tree(tree, name, source, last)

    def _run_tree(self, tree, name, source, last):
        classes, expression = _class_statements(tree), None
        if last and tree.body and isinstance(tree.body[-1], ast.Expr):
            expression = ast.Expression(tree.body.pop().value)
        if tree.body:
            self._evaluate(compile(tree, name, "exec", _AWAIT | self.flags, dont_inherit=True))
            _note_classes(classes)
        if expression is not None:
            value = self._evaluate(compile(expression, name, "eval", _AWAIT | self.flags, dont_inherit=True))
            if value is not None and not _ends_quietly(source):
                self._show(value)

    def _evaluate(self, code):
        self.flags |= code.co_flags & _FUTURE_MASK
        if not code.co_flags & _COROUTINE:
            if not _makes_tasks(code):
                return eval(code, _space.ns)
            return self._in_loop(_within_loop(code))
        return self._in_loop(eval(code, _space.ns))

    def _in_loop(self, running):
        import asyncio
        if self.loop is None:
            self.loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self.loop)
        return self.loop.run_until_complete(running)

    def _idle(self):
        """Between cells Jupyter's loop goes on: tasks come as far as they get without waiting."""
        asyncio = sys.modules.get("asyncio")
        for _ in range(10):
            if self.loop is None or not asyncio.all_tasks(self.loop):
                break
            self._in_loop(asyncio.sleep(0))

    def _show(self, value):
        ns = _space.ns
        for i, name in ((2, "___"), (1, "__"), (0, "_")):
            if ns.get(name) is not self.last[i] and name in ns:
                break           # the notebook uses the name itself
        else:
            if value is not self.results:
                self.last = [value, self.last[0], self.last[1]]
                ns["_"], ns["__"], ns["___"] = self.last
        if value is not self.results:
            self.results[_recorder.count] = value
        _flush_streams()
        data, metadata = mime_bundle(value)
        _recorder.result(data, metadata)
        _log_display(data)

    def notebook_json(self):
        cells = []
        for r in self.records:
            cells.append({"cell_type": "code", "id": "cell-%s" % r["place"][1], "execution_count": r["count"],
                          "metadata": {"chard": dict(_told_place(r["place"]), seconds=round(r["seconds"], 6))},
                          "source": r["source"], "outputs": r["outputs"]})
        return {"nbformat": 4, "nbformat_minor": 5, "cells": cells,
                "metadata": {"language_info": {"name": "python", "version": "%d.%d.%d" % sys.version_info[:3]},
                             "chard": {"step": self.spec.get("step", ""), "notebook": self.notebook}}}


def _ends_quietly(source):
    """True if the last thing in a cell, but for comments, is a semicolon."""
    if ";" not in source:
        return False
    import tokenize
    last = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(source.rstrip()).readline):
            if token.type in (tokenize.NL, tokenize.NEWLINE, tokenize.ENDMARKER, tokenize.COMMENT, tokenize.INDENT,
                              tokenize.DEDENT):
                continue
            last = token.string
    except (tokenize.TokenError, SyntaxError):
        pass
    return last == ";"


def _by_cell(segments):
    """Own segments in order, those of one cell that follow one another together; replicated ones alone."""
    runs = []
    for segment in segments:
        replicated = bool(segment.get("replicated"))
        if runs and not replicated and runs[-1][0] == _place_of(segment) and not runs[-1][1]:
            runs[-1][2].append(segment)
        else:
            runs.append((_place_of(segment), replicated, [segment]))
    return runs


def _number(value):
    """A metric as a JSON number, or None."""
    if isinstance(value, (bool, int)):
        return value
    try:
        if not isinstance(value, float):
            value = value.item() if hasattr(value, "item") else None
        if isinstance(value, (bool, int)):
            return value
        return value if isinstance(value, float) and value - value == 0 else None
    except Exception:
        return None


def _peak_rss():
    import resource
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _set_path(spec):
    """Modules lie in the notebook's directory, and in those of the notebooks it is composed of."""
    sys.path[0:1] = [spec["cwd"]] + [os.path.normpath(os.path.join(spec["cwd"], p)) for p in spec.get("path") or []]


def _enter(spec):
    """Environment, directory and signals of a step."""
    os.environ["CHARD_STEP_ID"] = "%s/%d" % (spec.get("step", ""), os.getpid())
    for name, value in (spec.get("env") or {}).items():
        os.environ[name] = str(value)
    os.environ.setdefault("MPLBACKEND", "agg")
    _log["limit"] = spec.get("log_limit") or LOG_LIMIT
    cwd = spec.get("cwd")
    if cwd:
        try:
            os.chdir(cwd)
        except OSError as e:
            raise Environment("the notebook's directory %s: %s" % (cwd, e.strerror)) from e
        _set_path(spec)
    sys.argv = [spec.get("notebook") or "notebook"]
    _first_environ.clear()
    _first_environ.update(os.environ)
    _measure_log()
    _install_streams()

    def on_term(number, frame):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Canceled()
    signal.signal(signal.SIGTERM, on_term)
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _read_spec(path):
    try:
        with open(path, encoding="utf-8") as f:
            spec = json.load(f)
    except (OSError, ValueError) as e:
        raise Environment("%s: %s" % (path, e)) from e
    if not isinstance(spec, dict) or spec.get("version") != 1:
        raise Environment("%s: not a specification of version 1" % path)
    return spec


class _Output:
    """A result directory in the making: everything goes to a directory beside it, renamed into place when whole."""

    def __init__(self, path, sync=False):
        self.path, self.sync = os.path.abspath(path), sync
        self.work = "%s.tmp-%d" % (self.path, os.getpid())
        self.owner = os.getpid()

    def __enter__(self):
        try:
            os.makedirs(os.path.dirname(self.path), exist_ok=True)
            _remove(self.work)
            os.mkdir(self.work)
        except OSError as e:
            raise Environment("the result's place %s: %s" % (self.path, e.strerror)) from e
        return self

    def json(self, name, value):
        _write_json(os.path.join(self.work, name), value, self.sync)

    def drop(self, *names):
        for name in names:
            try:
                os.unlink(os.path.join(self.work, name))
            except OSError:
                pass

    def place(self):
        if os.path.lexists(self.path):
            old = "%s.old-%d" % (self.path, os.getpid())
            os.rename(self.path, old)
            os.rename(self.work, self.path)
            _remove(old)
        else:
            os.rename(self.work, self.path)
        if self.sync:
            fd = os.open(os.path.dirname(self.path), os.O_RDONLY)
            os.fsync(fd)
            os.close(fd)

    def __exit__(self, *exc):
        if os.getpid() == self.owner:
            _remove(self.work)


def _remove(path):
    if not os.path.lexists(path):
        return
    if os.path.islink(path) or not os.path.isdir(path):
        os.unlink(path)
        return
    import shutil
    shutil.rmtree(path, ignore_errors=True)

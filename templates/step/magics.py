# IPython without IPython: its magics, each a function in one of two tables.
# SPDX-License-Identifier: Apache-2.0

_no_expand = {"time", "timeit", "prun", "capture", "mprun", "lprun", "memit"}


def _line(*names):
    def register(f):
        _line_magics.update(dict.fromkeys(names, f))
        return f
    return register


def _cell(*names):
    def register(f):
        _cell_magics.update(dict.fromkeys(names, f))
        return f
    return register


def _nothing(shell, line, cell=None):
    """Magics for people at a prompt: they change no value."""


for _name in ("matplotlib", "autoreload", "config", "xmode", "colors", "debug", "pdb", "autosave", "notebook", "history",
              "hist", "logstart", "logstop", "logon", "logoff", "logstate", "doctest_mode", "automagic", "autocall",
              "rehashx", "gui", "unload_ext", "killbgscripts", "tb", "quickref", "magic", "lsmagic", "connect_info",
              "qtconsole", "pastebin", "pprint", "page", "less", "more", "man", "load", "dhist", "watermark",
              "pinfo", "pinfo2", "pdoc", "psource", "pfile", "pdef", "psearch"):
    _line_magics[_name] = _nothing
_extensions = ("autoreload", "tensorboard", "watermark", "nb_black", "lab_black", "jupyter_black", "line_profiler",
               "memory_profiler", "autotime")


@_line("load_ext", "reload_ext")
def _load_extension(shell, line):
    name = line.strip()
    if name in _extensions:
        return
    real = shell.interactive_shell()
    if real is None:
        raise MagicError("%%load_ext %s needs the IPython package, which is not installed here" % name)
    real.extension_manager.load_extension(name)


@_line("pylab")
def _pylab(shell, line):
    shell.enable_pylab(import_all="--no-import-all" not in line)


@_line("precision")
def _precision(shell, line):
    line = line.strip()
    if "%" in line:
        shell.float_format = line
    elif line:
        shell.float_format = "%%.%df" % int(line)
    else:
        shell.float_format = ""
    if "numpy" in sys.modules:
        sys.modules["numpy"].set_printoptions(precision=int(line) if line.isdigit() else 8)
    return shell.float_format or "%r"


@_line("pwd")
def _pwd(shell, line):
    return os.getcwd()


@_line("cd")
def _cd(shell, line):
    target = line.replace("-q", "").strip().strip("'\"") or "~"
    if target == "-":
        target = shell.dirs[-1] if shell.dirs else "."
    shell.dirs.append(os.getcwd())
    os.chdir(os.path.expanduser(target))
    if "-q" not in line:
        print(os.getcwd())


@_line("pushd")
def _pushd(shell, line):
    shell.stack = getattr(shell, "stack", None) or []
    shell.stack.insert(0, os.getcwd())
    _cd(shell, line)
    return shell.stack


@_line("popd")
def _popd(shell, line):
    if not getattr(shell, "stack", None):
        raise UsageError("%popd on empty stack")
    _cd(shell, shell.stack.pop(0))


@_line("dirs")
def _dirs(shell, line):
    return getattr(shell, "stack", None) or []


@_line("env", "set_env")
def _env(shell, line):
    line = line.strip()
    if not line:
        return dict(os.environ)
    name, sign, value = line.partition("=") if "=" in line else line.partition(" ")
    name, value = name.strip(), value.strip()
    if not sign:
        if name not in os.environ:
            raise UsageError("Environment does not have key: %s" % name)
        return os.environ[name]
    os.environ[name] = value
    print("env: %s=%s" % (name, value))


@_line("pip", "conda", "mamba", "uv")
def _pip(shell, line):
    if re.match(r"\s*(pip\s+)?install\b", line):
        return shell.installs("pip " + line)
    import shlex
    return shell.system("%s -m pip %s" % (shlex.quote(sys.executable), line))


@_line("system", "sx", "sc")
@_cell("system", "sx", "!")
def _sx(shell, line, cell=None):
    return shell.getoutput(line + ("\n" + cell if cell else ""))


def _unix_command(name):
    return lambda shell, line: shell.system("%s %s" % ({"ll": "ls -F -o"}.get(name, name), line))


for _name in ("ls", "ll", "cat", "cp", "mv", "rm", "mkdir", "rmdir", "ln"):
    _line_magics[_name] = _unix_command(_name)


@_line("who", "who_ls", "whos")
def _who(shell, line):
    hidden = ("In", "Out", "exit", "quit", "get_ipython", "display")
    names = sorted(n for n in _space.ns if not n.startswith("_") and n not in hidden)
    names = [n for n in names if not line or type(_space.ns[n]).__name__ in line.split()]
    return names


@_line("who")
def _who_prints(shell, line):
    print("\t ".join(_who(shell, line)) or "Interactive namespace is empty.")


@_line("whos")
def _whos(shell, line):
    for name in _who(shell, line):
        print("%-15s %-15s %s" % (name, type(_space.ns[name]).__name__, _short(_space.ns[name], 60)))


@_line("reset", "reset_selective", "clear")
def _reset_names(shell, line):
    pattern = re.sub(r"-\w+", "", line).strip()
    if line.strip() in ("in", "out", "dhist", "array"):
        return
    for name in list(_space.ns):
        if not name.startswith("__") and name not in ("get_ipython", "display", "In", "Out", "exit", "quit") and (
                not pattern or re.search(pattern, name)):
            del _space.ns[name]


@_line("xdel")
def _xdel(shell, line):
    _space.ns.pop(line.strip(), None)


def _plain_python(source, path):
    """A cell's text with its IPython syntax as calls, by IPython itself; a cell without any needs none."""
    if not re.search(r"^\s*[%!?]|[=?]\s*[%!]|\?\s*$", source, re.M):
        return source
    try:
        from IPython.core.inputtransformer2 import TransformerManager
    except ImportError:
        raise MagicError("%%run %s: it holds IPython syntax, and IPython isn't installed" % path) from None
    return TransformerManager().transform_cell(source)


@_line("run")
def _run(shell, line):
    """%run [-i] [-n] FILE [ARGUMENTS]: a script's names are in the notebook's namespace afterwards."""
    import shlex
    words = shlex.split(line)
    options = []
    while words and words[0].startswith("-"):
        options.append(words.pop(0))
    if not words:
        raise UsageError("%run needs a file")
    path = os.path.expanduser(words[0])
    if not os.path.exists(path) and os.path.exists(path + ".py"):
        path += ".py"
    if path.endswith(".ipynb"):
        with open(path, encoding="utf-8") as f:
            cells = [c for c in json.load(f)["cells"] if c["cell_type"] == "code"]
        for i, c in enumerate(cells):
            source = c["source"] if isinstance(c["source"], str) else "".join(c["source"])
            _run_source(_plain_python(source, path), "%s, cell %d" % (os.path.basename(path), i), False)
        return
    with open(path, "rb") as f:
        code = compile(f.read(), path, "exec", dont_inherit=True)
    scope = _space.ns if "-i" in options else {"__name__": "__main__", "__builtins__": builtins}
    kept, sys.argv, name = sys.argv, words, scope.get("__name__")
    had_file = scope.get("__file__")
    scope["__name__"], scope["__file__"] = ("__main__" if "-n" not in options else "run"), path
    try:
        exec(code, scope)
    except SystemExit as e:
        if e.code not in (None, 0):
            raise
    finally:
        sys.argv = kept
        scope["__name__"] = name
        if had_file is None:
            scope.pop("__file__", None)
        else:
            scope["__file__"] = had_file
    if scope is not _space.ns:
        _space.ns.update({k: v for k, v in scope.items() if k not in ("__name__", "__builtins__", "__file__")})


@_line("time")
@_cell("time")
def _time(shell, line, cell=None):
    source = line if cell is None else (line + "\n" + cell if line.strip() else cell)
    wall, cpu = time.perf_counter(), os.times()
    try:
        value = _run_source(source, "<timed %s>" % ("cell" if cell else "line"), True)
    finally:
        wall, end = time.perf_counter() - wall, os.times()
        user, system = end[0] - cpu[0], end[1] - cpu[1]
        print("CPU times: user %s, sys: %s, total: %s" % (_duration(user), _duration(system), _duration(user + system)))
        print("Wall time: %s" % _duration(wall))
    if cell is not None and value is not None:
        display(value)
        return None
    return value


def _duration(seconds):
    for unit, factor in (("s", 1), ("ms", 1e3), ("μs", 1e6), ("ns", 1e9)):
        if seconds * factor >= 1 or unit == "ns":
            return "%.3g %s" % (seconds * factor, unit)
    return "0 ns"


@_line("timeit")
@_cell("timeit")
def _timeit(shell, line, cell=None):
    import timeit
    words, n, repeat, quiet, out = line, 0, 7, False, False
    while True:
        m = re.match(r"\s*-(?:([nrp])\s*(\d+)|([oqtc]))(?:\s+|$)", words)
        if not m:
            break
        words = words[m.end():]
        if m.group(1) == "n":
            n = int(m.group(2))
        elif m.group(1) == "r":
            repeat = int(m.group(2))
        quiet, out = quiet or m.group(3) == "q", out or m.group(3) == "o"
    timer = timeit.Timer(words if cell is None else cell, "pass" if cell is None else words or "pass", globals=_space.ns)
    if not n:
        n = timer.autorange()[0]
    runs = [t / n for t in timer.repeat(repeat, n)]
    mean = sum(runs) / len(runs)
    deviation = (sum((t - mean) ** 2 for t in runs) / len(runs)) ** 0.5
    if not quiet:
        print("%s ± %s per loop (mean ± std. dev. of %d runs, %s loops each)" % (
            _duration(mean), _duration(deviation), repeat, format(n, ",")))
    if out:
        return types.SimpleNamespace(loops=n, repeat=repeat, best=min(runs), worst=max(runs), all_runs=runs, average=mean,
                                     stdev=deviation, timings=runs)


@_line("prun")
@_cell("prun")
def _prun(shell, line, cell=None):
    return _run_source(re.sub(r"^(\s*-\w\s+\S+)*\s*", "", line) if cell is None else cell, "<prun>", False)


class CapturedIO:
    """What %%capture NAME binds."""

    def __init__(self, stdout, stderr, outputs):
        self._out, self._err, self.outputs = stdout, stderr, outputs

    stdout = property(lambda self: self._out)
    stderr = property(lambda self: self._err)

    def __str__(self):
        return self._out

    def show(self):
        sys.stdout.write(self._out)
        sys.stderr.write(self._err)
        for output in self.outputs:
            _recorder.display(output["data"], output.get("metadata"))
    __call__ = show


class _Capturing:
    """What is shown from here to end() is not shown but bound to the name that the line of %%capture gives, if any."""

    def __init__(self, line):
        self.words = line.split()
        self.kept = _recorder.outputs, _recorder.shown, _recorder.streams
        _recorder.outputs, _recorder.shown, _recorder.streams = [], 0, {}

    def end(self):
        _flush_streams()
        found = _recorder.outputs
        _recorder.outputs, _recorder.shown, _recorder.streams = self.kept
        text = {k: "".join(str(o["text"]) for o in found if o["output_type"] == "stream" and o["name"] == k)
                for k in ("stdout", "stderr")}
        shown = [o for o in found if o["output_type"] != "stream"]
        for option, k in (("--no-stdout", "stdout"), ("--no-stderr", "stderr")):
            if option in self.words:
                _recorder.stream(k, text[k])
                text[k] = ""
        if "--no-display" in self.words:
            for output in shown:
                _recorder.add(output)
            shown = []
        names = [w for w in self.words if not w.startswith("--")]
        if names:
            _space.ns[names[0]] = CapturedIO(text["stdout"], text["stderr"], shown)


@_cell("capture")
def _capture(shell, line, cell):
    capturing = _Capturing(line)
    try:
        value = _run_source(cell, shell.where or "<captured cell>", True)
        if value is not None:
            display(value)
        _show_figures()
    finally:
        capturing.end()


def _script(shell, program, cell, line=""):
    import subprocess
    options = {k: v for k, v in re.findall(r"--(out|err)[\s=]+(\w+)", line)}
    raise_error = "--no-raise-error" not in line
    p = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _flush_streams()
    if options:
        out, err = p.communicate(cell.encode())
        for k, data, stream in (("out", out, sys.stdout), ("err", err, sys.stderr)):
            text = data.decode("utf-8", "replace")
            if k in options:
                _space.ns[options[k]] = text
            else:
                stream.write(text)
    else:
        import threading
        threads = [threading.Thread(target=_relay, args=(pipe, stream), daemon=True)
                   for pipe, stream in ((p.stdout, sys.stdout), (p.stderr, sys.stderr))]
        for t in threads:
            t.start()
        try:
            p.stdin.write(cell.encode())
            p.stdin.close()
        except BrokenPipeError:
            pass
        code = p.wait()
        for t in threads:
            t.join(1 if code is not None else None)
    code = p.wait()
    _space.ns["_exit_code"] = code
    if code and raise_error:
        raise subprocess.CalledProcessError(code, program)


def _script_magic(program):
    def run(shell, line, cell):
        import shlex
        words = [w for w in shlex.split(re.sub(r"--(out|err|proc)[\s=]+\w+|--bg|--no-raise-error|--raise-error", "", line))]
        _script(shell, program + words, cell, line)
    return run


for _name, _program in (("bash", ["bash"]), ("sh", ["sh"]), ("perl", ["perl"]), ("ruby", ["ruby"]),
                        ("python", [sys.executable]), ("python3", [sys.executable])):
    _cell_magics[_name] = _script_magic(_program)


@_cell("script")
def _any_script(shell, line, cell):
    import shlex
    words = shlex.split(re.sub(r"--(out|err|proc)[\s=]+\w+|--bg|--no-raise-error", "", line))
    if not words:
        raise UsageError("%%script needs a program")
    _script(shell, words, cell, line)


@_cell("writefile", "file")
def _writefile(shell, line, cell):
    words = line.split()
    append = bool(words) and words[0] in ("-a", "--append")
    name = os.path.expanduser(line.replace(words[0], "", 1).strip() if append else line.strip())
    if len(name) > 1 and name[0] == name[-1] and name[0] in "'\"":
        name = name[1:-1]
    if not name:
        raise UsageError("%%writefile needs a file")
    exists = os.path.exists(name)
    print("%s %s" % ("Appending to" if append and exists else "Overwriting" if exists else "Writing", name))
    with open(name, "a" if append else "w", encoding="utf-8") as f:
        f.write(cell)


def _mime_magic(kind):
    return lambda shell, line, cell: display(kind(cell))


for _name, _kind in (("html", HTML), ("HTML", HTML), ("markdown", Markdown), ("latex", Latex), ("svg", SVG), ("SVG", SVG),
                     ("javascript", Javascript), ("js", Javascript)):
    _cell_magics[_name] = _mime_magic(_kind)


@_cell("debug", "pdb")
def _debug_cell(shell, line, cell):
    raise MagicError("%%debug needs a person at a prompt")

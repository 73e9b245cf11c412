# IPython without IPython: the shell that get_ipython() gives, system commands and events.
# SPDX-License-Identifier: Apache-2.0


class SList(list):
    """What `x = !cmd` binds: a list of lines with views .l .n .s .p, as IPython.utils.text.SList."""
    l = list = property(lambda self: self)
    n = nlstr = property(lambda self: "\n".join(self))
    s = spstr = property(lambda self: " ".join(self))

    @property
    def p(self):
        from pathlib import Path
        return [Path(p) for p in self if os.path.exists(p)]
    paths = p

    def grep(self, pattern, prune=False, field=None):
        def target(line):
            if field is None:
                return line
            parts = line.split()
            return parts[field] if -len(parts) <= field < len(parts) else ""
        test = pattern if callable(pattern) else lambda text: re.search(pattern, text, re.IGNORECASE)
        return SList([line for line in self if bool(test(target(line))) != prune])

    def fields(self, *fields):
        if not fields:
            return [line.split() for line in self]
        found = SList()
        for parts in (line.split() for line in self):
            picked = [parts[i] for i in fields if -len(parts) <= i < len(parts)]
            if picked:
                found.append(" ".join(picked))
        return found

    def sort(self, field=None, nums=False):
        def key(line):
            text = line if field is None else (line.split() + [""] * 100)[field]
            if not nums:
                return text
            digits = "".join(c for c in text if c.isdigit())
            return int(digits) if digits else 0
        return SList(sorted(self, key=key))


_dollar = re.compile(r"(.*?)\$(\$?[\w\.]+)(?=([^']*'[^']*')*[^']*$)")


def expand(command, scope):
    """`{expression}` and `$name` in a command line; the line as it is if any of it fails, as in IPython."""
    import string

    def evaluate(name, spec, conversion):
        value = eval(name + (":" + spec if spec else ""), scope)
        value = {"r": repr, "s": str, "a": ascii, None: lambda v: v}[conversion](value)
        return format(value, "")
    try:
        out = []
        for text, name, spec, conversion in string.Formatter().parse(command):
            at = 0
            for m in _dollar.finditer(text):
                out.append(m.group(1))
                if m.group(2).startswith("$"):
                    out.append(m.group(2))
                else:
                    first, _, rest = m.group(2).partition(".")
                    if first not in scope:
                        out.append("$" + m.group(2))
                    else:
                        try:
                            out.append(str(eval(m.group(2), scope)))
                        except Exception:
                            out.append("$" + m.group(2))
                at = m.end()
            out.append(text[at:])
            if name is not None:
                out.append(evaluate(name, spec, conversion))
        return "".join(out)
    except Exception:
        return command


class MagicError(Exception):
    """A magic that can't be given a meaning here."""


class UsageError(MagicError):
    pass


class _Events:
    def __init__(self):
        self.callbacks = {}

    def register(self, event, function):
        self.callbacks.setdefault(event, []).append(function)

    def unregister(self, event, function):
        self.callbacks.get(event, []).remove(function)

    def trigger(self, event, *args):
        for f in list(self.callbacks.get(event, ())):
            try:
                f(*args)
            except TypeError:
                f()


class Shell:
    """The object that get_ipython() gives: what notebooks use of InteractiveShell."""

    def __init__(self):
        self.config, self.events, self.float_format = {}, _Events(), ""
        self.line_magics, self.cell_magics = {}, {}
        self.real, self.execution_count = None, 0
        self.where, self.dirs = "", []
        self.capturing = None

    user_ns = property(lambda self: _space.ns)
    user_global_ns = user_ns
    user_module = property(lambda self: _space.module)
    ns_table = property(lambda self: {"user_global": _space.ns, "user_local": _space.ns, "builtin": builtins.__dict__})

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        real = self.interactive_shell()
        if real is None:
            raise AttributeError("get_ipython().%s needs the IPython package, which is not installed here" % name)
        return getattr(real, name)

    def interactive_shell(self):
        """A real InteractiveShell over the step's namespace, for what only it can do; None without IPython."""
        if self.real is None:
            try:
                from IPython.core.interactiveshell import InteractiveShell
                from traitlets.config import Config
            except Exception:
                return None
            config = Config()
            config.HistoryManager.enabled = False
            kept = sys.displayhook, sys.excepthook, sys.stdout, sys.stderr, sys.modules["__main__"], _space.ns.copy()
            self.real = InteractiveShell.instance(config=config, user_module=_space.module, user_ns=_space.ns)
            sys.displayhook, sys.excepthook, sys.stdout, sys.stderr, sys.modules["__main__"] = kept[:5]
            for name in ("get_ipython", "display", "In", "Out", "_", "__", "___", "_ih", "_oh", "_dh", "exit", "quit"):
                if name in kept[5]:
                    _space.ns[name] = kept[5][name]
                else:
                    _space.ns.pop(name, None)
            builtins.get_ipython, builtins.display = get_ipython, display
        return self.real

    # -- shell commands --

    def var_expand(self, command, depth=0, formatter=None):
        scope = dict(_space.ns)
        frame = sys._getframe(depth + 1)
        while frame is not None and frame.f_code.co_filename == _FILE:
            frame = frame.f_back
        if frame is not None:
            scope.update(frame.f_locals)
        return expand(command, scope)

    def system(self, command):
        """!command: its output is shown as it comes; its status is _exit_code."""
        import subprocess
        if command.rstrip().endswith("&") and not command.rstrip().endswith("&&"):
            raise OSError("Background processes not supported.")
        command = self.var_expand(command)
        if _is_install(command):
            _space.ns["_exit_code"] = 0
            return self.installs(command)
        _flush_streams()
        with subprocess.Popen(["/bin/sh", "-c", command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, bufsize=0) as p:
            _relay(p.stdout, sys.stdout)
        code = p.wait()
        _space.ns["_exit_code"] = code if code >= 0 else 128 - code
        return None

    system_piped = system_raw = system

    def getoutput(self, command, split=True, depth=0):
        """The lines that a command prints."""
        import subprocess
        if command.rstrip().endswith("&"):
            raise OSError("Background processes not supported.")
        command = self.var_expand(command)
        if _is_install(command):
            self.installs(command)
            return SList()
        _flush_streams()
        p = subprocess.run(command, shell=True, executable=os.environ.get("SHELL") or None, stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        _space.ns["_exit_code"] = p.returncode
        text = p.stdout.decode("utf-8", "replace").replace("\r\n", "\n")
        if not split:
            return text
        return SList(text.splitlines())

    def installs(self, command):
        sys.stderr.write("[chard: not installed here: %s (a step's environment holds what the notebook requires)]\n"
                         % command.strip())

    # -- magics --

    def run_line_magic(self, name, line, _stack_depth=1):
        f = self.line_magics.get(name) or _line_magics.get(name)
        if f is None and name in self.cell_magics:
            raise UsageError("%%%s is a cell magic: it stands alone on a cell's first line" % name)
        if f is None:
            return self.real_magic(name, line)
        if name not in _no_expand:
            line = self.var_expand(line)
        return f(self, line) if name in _line_magics and name not in self.line_magics else f(line)

    def begin_capture(self, line):
        """%%capture: to the end of the cell."""
        self.capturing = _Capturing(self.var_expand(line))

    def end_capture(self):
        capturing, self.capturing = self.capturing, None
        if capturing:
            capturing.end()

    def run_cell_magic(self, name, line, cell):
        f = self.cell_magics.get(name)
        if f is not None:
            return f(self.var_expand(line), cell)
        f = _cell_magics.get(name)
        if f is None:
            return self.real_magic(name, line, cell)
        if name not in _no_expand:
            line = self.var_expand(line)
        return f(self, line, cell)

    def real_magic(self, name, line, cell=None):
        real = self.interactive_shell()
        sign = "%" if cell is None else "%%"
        if real is None or (real.find_line_magic(name) if cell is None else real.find_cell_magic(name)) is None:
            raise MagicError("%s%s isn't a magic that is known here%s. Say it in Python, or tag the cell `skip`" % (
                sign, name, "" if real else " (and the IPython package is not installed)"))
        return real.run_line_magic(name, line) if cell is None else real.run_cell_magic(name, line, cell)

    def magic(self, text):
        name, _, rest = text.partition(" ")
        return self.run_line_magic(name.lstrip("%"), rest.strip())

    def find_magic(self, name, kind="line"):
        table = _line_magics if kind == "line" else _cell_magics
        return (self.line_magics if kind == "line" else self.cell_magics).get(name) or table.get(name)

    def register_magic_function(self, function, magic_kind="line", magic_name=None):
        name = magic_name or function.__name__
        if "line" in magic_kind:
            self.line_magics[name] = function
        if "cell" in magic_kind:
            self.cell_magics[name] = function

    def register_magics(self, *classes):
        real = self.interactive_shell()
        if real is None:
            raise MagicError("magics in classes need the IPython package, which is not installed here")
        real.register_magics(*classes)

    # -- the rest --

    def run_cell(self, source, *args, **kwargs):
        """Runs text as a cell; the answer has .result and .success."""
        answer = types.SimpleNamespace(result=None, error_in_exec=None, error_before_exec=None, success=True)
        try:
            answer.result = _run_source(source, "<run_cell>", True)
        except Exception as e:
            answer.error_in_exec, answer.success = e, False
            _print_error()
        answer.raise_error = lambda: _raise(answer.error_in_exec)
        return answer

    def ex(self, command):
        exec(command, _space.ns)

    def ev(self, expression):
        return eval(expression, _space.ns)

    def push(self, variables, interactive=True):
        if isinstance(variables, dict):
            _space.ns.update(variables)

    def reset(self, *args, **kwargs):
        _reset_names(self, "")

    def set_next_input(self, *args, **kwargs):
        pass

    def set_custom_exc(self, *args, **kwargs):
        pass

    def showtraceback(self, *args, **kwargs):
        _print_error()

    def enable_matplotlib(self, gui=None):
        return None, None

    def enable_gui(self, gui=None):
        pass

    def enable_pylab(self, gui=None, import_all=True, **kwargs):
        _run_source("import numpy\nimport matplotlib\nfrom matplotlib import pylab, mlab, pyplot\nnp = numpy\nplt = pyplot\n"
                    + ("from matplotlib.pylab import *\nfrom numpy import *\n" if import_all else ""), "<pylab>", False)

    def __repr__(self):
        return "<chard step's IPython interface>"


def _raise(error):
    if error is not None:
        raise error


_shell = None


def get_ipython():
    global _shell
    if _shell is None:
        _shell = Shell()
    return _shell


def _is_install(command):
    return re.match(r"\s*(?:python[\d.]*\s+-m\s+)?(?:pip[\d.]*|conda|mamba|uv\s+pip)\s+install\b", command) is not None


def _relay(pipe, stream):
    """A child's output as it comes."""
    import codecs
    decode = codecs.getincrementaldecoder("utf-8")("replace").decode
    while True:
        data = pipe.read(65536)
        stream.write(decode(data, not data))
        if not data:
            return
        stream.flush()


def _run_source(source, filename, show=False):
    """Runs text in the namespace and returns the value of a last expression."""
    value = None
    tree = ast.parse(source, filename)
    last = tree.body.pop() if show and tree.body and isinstance(tree.body[-1], ast.Expr) else None
    _remember_source(filename, source)
    exec(compile(tree, filename, "exec", dont_inherit=True), _space.ns)
    if last is not None:
        value = eval(compile(ast.Expression(last.value), filename, "eval", dont_inherit=True), _space.ns)
    return value


def _remember_source(filename, source):
    lines = source.splitlines(True)
    linecache.cache[filename] = len(source), None, lines, filename


# -- the table of magics: name -> f(shell, line[, cell]) --

_line_magics, _cell_magics = {}, {}

"""What chard-kernel asks of an IPython kernel inside it; runs there as the module chard_helper, which is no file and shows
in no namespace. helper.h tells how it is called. Any IPython since 7: no syntax newer than Python 3.6.
SPDX-License-Identifier: Apache-2.0
"""
import ast
import importlib.util
import json
import os
import sys

from IPython import get_ipython
from IPython.core.error import UsageError


# Classes whose values no pickle can hold.
NEVER_TRAVELS = {"generator", "coroutine", "async_generator", "_io.TextIOWrapper", "_io.BufferedReader",
                 "_io.BufferedWriter", "_io.BufferedRandom", "_io.FileIO", "_thread.lock", "_thread.RLock",
                 "sqlite3.Connection", "sqlite3.Cursor", "socket.socket"}
watched = None      # the Watch, unless that is switched off

# What ipykernel puts into its environment, for its own output.
IPYKERNEL_SETS = ("TERM", "CLICOLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "PAGER", "GIT_PAGER", "MPLBACKEND")


class Answer:
    """A result that arrives as JSON: user_expressions are shown, and this is how it shows itself."""

    def __init__(self, value):
        self.value = value

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"application/json": self.value, "text/plain": ""}


class Watch:
    """What the session's cells bound, cell by cell from the first on. The compiler takes it for what the notebook's cells
    bind as long as the notebook begins with the same cells, so what makes the two differ ends it: a cell that failed or
    that isn't to be remembered. Of values only the type is looked at, and no code of theirs is run."""

    def __init__(self):
        self.shell, self.cells, self.ids, self.hidden = get_ipython(), [], None, set()
        if self.shell.execution_count == 1:
            self.ids = self.look()
            self.shell.events.register("post_run_cell", self.after)

    def look(self):
        """This stands between a cell and its reply, and IPython makes several names with an underscore a cell: those that were
        seen are left out by the set, not one by one."""
        values = self.shell.user_ns
        names = values.keys() - self.hidden
        self.hidden.update(name for name in names if name.startswith("_"))
        return {name: id(values[name]) for name in names - self.hidden}

    def end(self):
        if self.ids is not None:
            self.shell.events.unregister("post_run_cell", self.after)
            self.ids = None

    def after(self, result):
        try:
            self.note(result)
        except Exception:
            self.end()

    def note(self, result):
        source, names = result.info.raw_cell, self.shell.user_ns
        if self.ids is None or not source or source.isspace():
            return
        if not result.info.store_history or not result.success or len(names) > 5000 or len(self.cells) >= 2000:
            self.end()
            return
        now = self.look()
        types = {name: type_of(names[name]) for name, where in now.items()
                 if self.ids.get(name) != where}
        self.cells.append({"source": source, "values": {n: {"type": t} for n, t in types.items() if t},
                           "unserializable": [n for n, t in types.items() if t in NEVER_TRAVELS]})
        self.ids = now


def type_of(value):
    """The name of its class as step.py tells it; None for classes that the notebook makes or that ipykernel puts in the
    place of Python's own, and for what the text says better: modules, functions, classes."""
    kind = type(value)
    module = type.__dict__["__module__"].__get__(kind)
    name = type.__dict__["__qualname__"].__get__(kind)
    if module == "builtins":
        return None if name in ("module", "function", "type", "builtin_function_or_method") else name
    if not isinstance(module, str) or module.partition(".")[0] in ("__main__", "ipykernel", "IPython"):
        return None
    return "%s.%s" % (module, name)


def watch(_):
    global watched
    watched = Watch()


def begin(source):
    """A cell begins whose parts will be run one by one without entering the history: the cell enters it now."""
    shell = get_ipython()
    number = shell.execution_count
    shell.history_manager.store_inputs(number, shell.transform_cell(source), source)
    if shell.displayhook.prompt_count < number:  # since 9.? a cell counts when it begins, and Out is one less
        shell.execution_count = number + 1
        compiler = shell.compile
        compiler.cache = lambda code, count=0, raw_code=None: type(compiler).cache(compiler, code, number, raw_code)
    return Answer({"count": number, "notebook": shell.user_ns.get("__vsc_ipynb_file__"),
                   "cells": watched and watched.cells})


def count(source):
    """A cell begins that isn't to enter the history."""
    notebook = get_ipython().user_ns.get("__vsc_ipynb_file__")
    return Answer({"notebook": notebook, "cells": watched and watched.cells})


def end(number):
    """The cell has ended."""
    shell = get_ipython()
    shell.execution_count = number + 1
    vars(shell.compile).pop("cache", None)


def load(wanted):
    """Reads a value of a past run, by the harness that wrote it, into a variable of the session."""
    try:
        return Answer(load_value(wanted))
    except Exception as e:
        return Answer({"error": "%s can't be read here: %s: %s; it may need what the notebook defines or imports"
                                % (wanted["name"], type(e).__name__, e)})


def harness(path):
    """step.py as the module that it takes itself for when values are unpickled."""
    if "_chard_step" not in sys.modules:
        spec = importlib.util.spec_from_file_location("_chard_step", path)
        sys.modules["_chard_step"] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules["_chard_step"])
        enter_session(sys.modules["_chard_step"])
    return sys.modules["_chard_step"]


def enter_session(step):
    """The session's namespace takes the place of a step's. What a session's environment began with isn't a change of it,
    nor is what ipykernel sets."""
    shell = get_ipython()
    step._space.step, step._space.module, step._space.ns = "session", shell.user_module, shell.user_ns
    try:
        with open("/proc/self/environ", "rb") as f:
            pairs = [os.fsdecode(p).partition("=") for p in f.read().split(b"\0") if p]
    except OSError:
        pairs = []
    step._first_environ.update({name: value for name, _, value in pairs})
    step._first_environ.update({name: os.environ[name] for name in IPYKERNEL_SETS if name in os.environ})


def note_classes(step, names):
    """A class is told from another of its name by the statement that made it: here the last one of that name."""
    wanted = {n for n in names if isinstance(get_ipython().user_ns.get(n), type)}
    for source in reversed(get_ipython().history_manager.input_hist_parsed):
        if not wanted:
            break
        if not any("class " + n in source for n in wanted):
            continue
        try:
            found = dict(step._class_statements(ast.parse(source)))
        except SyntaxError:
            continue
        step._note_classes([(n, found[n]) for n in wanted if n in found])
        wanted -= set(found)


def save(wanted):
    """Writes the values that a step starts with, as the steps before it would, into a directory that is made for them."""
    step = harness(wanted["harness"])
    try:
        return Answer(save_values(step, wanted))
    except step.Unserializable as e:
        return Answer({"error": "%s; way out: %s"
                       % (str(e).replace("another step", "step %s" % wanted["step"]), e.hint)})
    except Exception as e:
        return Answer({"error": "the session's values can't be written: %s: %s" % (type(e).__name__, e)})


def save_values(step, wanted):
    missing, parameters = missing_inputs(step, wanted), {}
    if missing:
        return {"error": "step %s needs what this session doesn't have: %s. Execute the cells that make it, or leave out "
                         "--from-session" % (wanted["step"], ", ".join(missing))}
    for name in wanted["parameters"]:
        if name in get_ipython().user_ns:
            parameters[name] = parameter_text(name, get_ipython().user_ns[name])
    step._space.definitions = set(wanted["definitions"])
    note_classes(step, wanted["definitions"])
    names, values, unbound = step._collect([i["name"] for i in wanted["inputs"]])
    os.mkdir(wanted["to"], 0o700)
    step.write_bundle(wanted["to"], names, values, unbound=unbound)
    step._write_json(os.path.join(wanted["to"], "result.json"), {"status": "ok"})
    return {"parameters": parameters}


def missing_inputs(step, wanted):
    return ["%s (%s)" % (i["name"], i["where"]) for i in wanted["inputs"]
            if not i["optional"] and i["name"] not in get_ipython().user_ns and i["name"] not in step._states]


def parameter_text(name, value):
    """A parameter's value as `chard run -p` reads it."""
    if isinstance(value, str):
        return value
    try:
        plain = json.loads(json.dumps(value)) == value
    except (TypeError, ValueError):
        plain = False
    if not plain:
        raise ValueError("parameter %s is of type %s here, not a number, text, list or dict; say which it shall be with "
                         "-p %s=VALUE, in a session where it is unset" % (name, type(value).__name__, name))
    return json.dumps(value)


def load_value(wanted):
    bundle = harness(wanted["harness"]).Bundle(wanted["from"])
    if wanted["name"] not in bundle.groups:
        names = ", ".join(n for n in sorted(bundle.groups) if not n.startswith("%"))
        return {"error": "it has left %s, not %s: a step leaves what later ones read"
                % (names or "nothing", wanted["name"])}
    if not wanted["variable"].isidentifier():
        return {"error": "%s is no name for a variable" % wanted["variable"]}
    value = bundle.get(wanted["name"])
    if watched:
        watched.end()
    get_ipython().user_ns[wanted["variable"]] = value
    shape = getattr(value, "shape", None)
    length = " of %d" % len(value) if isinstance(value, (list, dict, tuple, set, str)) else ""
    return {"told": type(value).__name__ + (" %s" % (shape,) if isinstance(shape, tuple) else length)}


def chard(line, cell=None):
    """%chard at a place where Chard can't take it."""
    raise UsageError("a %chard line must begin at the cell's left edge, outside of blocks and of other cell magics")


if "chard" not in get_ipython().magics_manager.magics["line"]:
    get_ipython().register_magic_function(chard, "line_cell", "chard")

"""What chard-kernel asks of an IPython kernel inside it; runs there as the module chard_helper, which is no file and shows
in no namespace. helper.h tells how it is called. Any IPython since 7: no syntax newer than Python 3.6.
SPDX-License-Identifier: Apache-2.0
"""
import importlib.util
import sys

from IPython import get_ipython
from IPython.core.error import UsageError


class Answer:
    """A result that arrives as JSON: user_expressions are shown, and this is how it shows itself."""

    def __init__(self, value):
        self.value = value

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"application/json": self.value, "text/plain": ""}


def begin(source):
    """A cell begins whose parts will be run one by one without entering the history: the cell enters it now."""
    shell = get_ipython()
    number = shell.execution_count
    shell.history_manager.store_inputs(number, shell.transform_cell(source), source)
    if shell.displayhook.prompt_count < number:  # since 9.? a cell counts when it begins, and Out is one less
        shell.execution_count = number + 1
        compiler = shell.compile
        compiler.cache = lambda code, count=0, raw_code=None: type(compiler).cache(compiler, code, number, raw_code)
    return Answer({"count": number, "notebook": shell.user_ns.get("__vsc_ipynb_file__")})


def count(source):
    """A cell begins that isn't to enter the history."""
    return Answer({"notebook": get_ipython().user_ns.get("__vsc_ipynb_file__")})


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
    return sys.modules["_chard_step"]


def load_value(wanted):
    bundle = harness(wanted["harness"]).Bundle(wanted["from"])
    if wanted["name"] not in bundle.groups:
        names = ", ".join(n for n in sorted(bundle.groups) if not n.startswith("%"))
        return {"error": "it left no %s; there is: %s" % (wanted["name"], names or "nothing")}
    if not wanted["variable"].isidentifier():
        return {"error": "%s is no name for a variable" % wanted["variable"]}
    value = bundle.get(wanted["name"])
    get_ipython().user_ns[wanted["variable"]] = value
    shape = getattr(value, "shape", None)
    length = " of %d" % len(value) if isinstance(value, (list, dict, tuple, set, str)) else ""
    return {"told": type(value).__name__ + (" %s" % (shape,) if isinstance(shape, tuple) else length)}


def chard(line, cell=None):
    """%chard at a place where Chard can't take it."""
    raise UsageError("a %chard line must begin at the cell's left edge, outside of blocks and of other cell magics")


if "chard" not in get_ipython().magics_manager.magics["line"]:
    get_ipython().register_magic_function(chard, "line_cell", "chard")

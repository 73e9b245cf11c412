"""What chard-kernel asks of an IPython kernel inside it; runs there as the module chard_helper, which is no file and shows
in no namespace. helper.h tells how it is called. Any IPython since 7: no syntax newer than Python 3.6.
SPDX-License-Identifier: Apache-2.0
"""
from IPython import get_ipython


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

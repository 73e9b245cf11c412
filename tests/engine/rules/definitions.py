# SPDX-License-Identifier: Apache-2.0
"""Definitions made of values that a step works out are that step's own work, not to be repeated ahead of it."""

# %%
rows = [i * i for i in range(5)]

# %%
if (count := len(rows)) > 3:
    label = f"{count} rows"
else:
    label = "few rows"

# %%
def first(of=rows[1:]):
    return of[0]


class Table:
    width = len(rows)

# %%
rows.append(count)

# %%
print(label, first(), Table.width, Table().width, rows)

# %%
import functools


def counted(f):
    calls = 0

    @functools.wraps(f)
    def wrapper(*arguments):
        nonlocal calls
        calls += 1
        return f(*arguments), calls
    return wrapper


@counted
def double(x):
    return 2 * x

# %%
a = double(1)

# %%
print(a, double(2), double.__name__)

# %%
from functools import singledispatch

@singledispatch
def kind(x):
    return "object"

# %%
@kind.register
def _(x: int):
    return "int"

# %%
kinds = [kind(1), kind("a")]

# %%
@kind.register(str)
def _of_text(x):
    return "text"

# %%
print(kinds, kind("a"))

# %%
from collections import defaultdict

# %%
places = defaultdict(list)
places["a"].append(1)

# %%
places["b"]

# %%
print(places)

# %%
import enum
import os
from collections import namedtuple
from typing import Dict, List

# %%
class Color(enum.Enum):
    RED = 1


Pair = namedtuple("Pair", "a b")
Row = Dict[str, List[int]]

# %%
# What is repeated is the definition, and not what stands on a line with it.
size = len(os.environ); color = Color.RED; pair = Pair(size - size, "b")

# %%
print(color is Color.RED, Row, pair.b)

# %%
# An element of what the process has is a value, no name for a type: it travels.
os.environ["CHARD_MODE"] = "one"
mode = os.environ["CHARD_MODE"]
os.environ["CHARD_MODE"] = "two"

# %%
print(mode)

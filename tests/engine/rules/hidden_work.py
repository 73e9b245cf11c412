# SPDX-License-Identifier: Apache-2.0
"""What only shows in how Python works: properties' setters, fields of dataclasses, loggers, code in text, modules that a
cell writes, attributes that pandas was told of."""

# %%
import logging
import sys
from collections import defaultdict
from dataclasses import dataclass, field
import numpy as np
import pandas as pd

# %%
@dataclass
class Point:
    x: int
    tags: list = field(default_factory=list)


class Kept:
    shared = []


class Scaled:
    def __init__(self):
        self._v = 1

    @property
    def v(self):
        return self._v

    @v.setter
    def v(self, value):
        self._v = value * SCALE

# %%
SCALE = 3
scaled = Scaled()

# %%
point = Point(1)
by_name = defaultdict(list)
by_name["q"].append(point)
kept = Kept()

# %%
point.tags.append("t")
kept.shared.append(1)

# %%
scaled.v = 4

# %%
print(point, dict(by_name), Kept.shared, kept.shared, scaled.v)

# %%
log = logging.getLogger("rules")
log.addHandler(logging.StreamHandler(sys.stdout))
log.setLevel("INFO")

# %%
log.info("heard")

# %%
a = 1
b = 2

# %%
total = eval("a + b")

# %%
exec("a = 10\nb += 5")

# %%
print(total, a, b)

# %%
code = "a" + " * 2"

# %%
print(eval(code))

# %%
%%writefile written_by_a_cell.py
VALUE = 41

# %%
import written_by_a_cell

# %%
print(written_by_a_cell.VALUE)

# %%
asked = []

def number():
    asked.append(len(asked))
    return asked[-1]

# %%
numbers = defaultdict(number)

# %%
first = numbers["x"]

# %%
second = numbers["y"]

# %%
print(first, second, asked, dict(numbers))

# %%
def doubled(x):
    asked.append("doubled")
    return 2 * x

# %%
vectorized = np.vectorize(doubled, otypes=[int])

@np.vectorize
def tripled(x):
    asked.append("tripled")
    return 3.0 * x

# %%
twice = vectorized(np.arange(2))

# %%
thrice = tripled([1, 2])

# %%
print(twice, thrice, asked)

# %%
@pd.api.extensions.register_series_accessor("spread")
class Spread:
    def __init__(self, series):
        self.series = series

    def __call__(self):
        asked.append("spread")
        return int(self.series.max() - self.series.min())

    def widen(self):
        self.series[:] = self.series * 2

# %%
series = pd.Series([1, 4])

# %%
narrow = series.spread()

# %%
series.spread.widen()

# %%
print(narrow, series.spread(), asked[-2:])

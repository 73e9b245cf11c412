# SPDX-License-Identifier: Apache-2.0
"""Parts that values get without their class saying how: fields of dataclasses and named tuples, descriptors, cached properties,
maps that look into other dicts, iterators made of iterators, what stands in a table's cells."""

# %%
import itertools
import types
import weakref
from collections import ChainMap, namedtuple
from dataclasses import dataclass, field, replace
from functools import cached_property, singledispatch

import numpy as np
import pandas as pd

# %%
seen = []
Pair = namedtuple("Pair", "n xs")


class Heard:
    def __set_name__(self, owner, name):
        self.name = "_" + name

    def __get__(self, obj, cls=None):
        seen.append("get")
        return getattr(obj, self.name)

    def __set__(self, obj, value):
        seen.append("set")
        setattr(obj, self.name, value)

    def __delete__(self, obj):
        seen.append("delete")


@dataclass
class Bag:
    items: list = field(default_factory=list)

    def __post_init__(self):
        seen.append(len(self.items))


class Thing:
    heard = Heard()

    @cached_property
    def found(self):
        seen.append("found")
        return [1]


@singledispatch
def told(x):
    return "any"

# %%
a, inner = Bag(), {"x": 1}
b = Bag(a.items)
thing = Thing()
pair = Pair(1, [])

# %%
b.items.append(3)
thing.heard = 5

# %%
c = replace(a)
c.items.append(4)
heard = thing.heard
pair._replace(n=2).xs.append("p")

# %%
del thing.heard
thing.found.append(2)

# %%
print(a, b, pair, heard, thing.found, seen)

# %%
look = ChainMap({}, inner)
proxy = weakref.proxy(thing)
shown = types.MappingProxyType(inner)

# %%
look["y"] = 2
look.maps[1]["z"] = 3

# %%
proxy.found.append(3)

# %%
print(inner, dict(look), dict(shown), thing.found)
del proxy, shown

# %%
numbers = iter(range(8))

# %%
head = list(itertools.islice(numbers, 3))

# %%
print(head, list(numbers))

# %%
cell = [1]
table = pd.DataFrame({"c": [cell, [2]], "k": [2, 1]})

# %%
table.sort_values("k")["c"].iloc[1].append("sorted")

# %%
table.copy().loc[0, "c"].append("copied")
for row in table.itertuples():
    row.c.append(row.k)

# %%
table["c"].apply(lambda x: x.append("applied"))

# %%
print(cell, table, sep="\n")

# %%
line = np.arange(6)
windows = np.lib.stride_tricks.sliding_window_view(line, 2, writeable=True)
bits = np.random.PCG64(3)
one, other = np.random.Generator(bits), np.random.Generator(bits)

# %%
windows[0, 0] = 100
x = one.random()

# %%
y = other.random()

# %%
print(line, x, y, one.random())

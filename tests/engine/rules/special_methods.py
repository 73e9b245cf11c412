# SPDX-License-Identifier: Apache-2.0
"""Operators, len (), loops, tests and printing run methods that nothing names: what those read and change counts."""

# %%
scale = sum(range(4))
seen = []

# %%
class Vector:
    made = []

    def __init__(self, *parts):
        self.parts = list(parts)

    def __add__(self, other):
        Vector.made.append("sum")
        return Vector(*[a + b + scale for a, b in zip(self.parts, other.parts)])

    def __iadd__(self, number):
        self.parts = [p + number for p in self.parts]
        return self

    def __neg__(self):
        return Vector(*[-p * scale for p in self.parts])

    def __eq__(self, other):
        return sum(self.parts) + scale == other

    def __len__(self):
        seen.append("len")
        return len(self.parts)

    def __getitem__(self, i):
        return self.parts[i] * scale

    def __setitem__(self, i, value):
        self.parts[i] = value

    def __contains__(self, value):
        return value * scale in self.parts

    def __repr__(self):
        return "Vector%s scaled %d" % (self.parts, scale)


class Countdown:
    def __init__(self, start):
        self.left = start

    def __iter__(self):
        return self

    def __next__(self):
        if self.left <= 0:
            raise StopIteration
        self.left -= 1
        return self.left * scale

    def __bool__(self):
        return self.left > scale - 3

    def __enter__(self):
        self.left += 1
        return self

    def __exit__(self, *error):
        seen.append("exit")

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return scale


class Loader:
    def __init__(self, data):
        self.data = data

    def __iter__(self):
        for i in range(len(self.data)):
            yield self.data[i]

# %%
v, w = Vector(1, 2), Vector(3, 4)
down = Countdown(9)

# %%
total = v + w
print(len(total), total)

# %%
v += 5

# %%
v[1] = 7

# %%
print((-v).parts, v == 18, w == 13, 2 in w, v[0])

# %%
first = next(down)

# %%
for number in down:
    if number < 30:
        break

# %%
with down as same:
    print(same.left, down.anything)

# %%
print("truth" if down else "none", [x for x in Loader(v)])

# %%
print(f"{w}", sorted([w[0], w[1]]), Vector.made, seen)
w

# %%
class Plugin:
    known = {}

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        Plugin.known[cls.__name__] = len(cls.__mro__)

# %%
class Reader(Plugin):
    pass

# %%
class Writer(Reader):
    pass

# %%
print(sorted(Plugin.known.items()))

# %%
watched = []

class Watched:
    def __setattr__(self, name, value):
        watched.append(name)
        object.__setattr__(self, name, value)

# %%
seen = Watched()

# %%
seen.x = 1
setattr(seen, "y", 2)

# %%
print(watched, seen.x, seen.y)

# %%
ways = [1]

# %%
ways.__iadd__([2]).append(3)

# %%
ways.__delitem__(0)

# %%
print(ways, ways.__getitem__(0))

# %%
kept = [1]

# %%
also = kept
del kept

# %%
also.append(2)
print(also)

# %%
import json

# %%
class Plot:
    def __init__(self, x):
        self.x = x

    def _ipython_display_(self):
        print(json.dumps(self.x), seen_by_plots)

# %%
seen_by_plots = [1] * 3

# %%
Plot([1, 2])

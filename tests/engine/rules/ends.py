# form: untagged
# SPDX-License-Identifier: Apache-2.0
"""Ends of values: weak references die, functions are told, __del__ runs of what a list or dictionary no longer has."""

# %%
import weakref

# %%
class Thing:
    def __init__(self, name):
        self.name = name

class Listed:
    all = weakref.WeakSet()

    def __init__(self):
        Listed.all.add(self)

class Ending(Thing):
    def __del__(self):
        gone.append(self.name)

gone = []

# %%
thing = Thing("thing")

# %%
reference = weakref.ref(thing)

# %%
other = thing

# %%
del thing

# %%
print(reference().name)

# %%
other = None

# %%
print(reference())

# %%
cached = Thing("cached")
cache = weakref.WeakValueDictionary()

# %%
cache["cached"] = cached

# %%
print(len(cache))

# %%
cached = 5

# %%
print(len(cache))

# %%
first, second = Listed(), Listed()

# %%
print(len(Listed.all))

# %%
del first

# %%
print(len(Listed.all))

# %%
watched = [Thing("a"), Thing("b")]

# %%
for each in watched:
    weakref.finalize(each, gone.append, each.name)
del each

# %%
watched.pop(0);

# %%
print(gone)

# %%
endings = {name: Ending(name) for name in "xyz"}

# %%
del endings["x"]

# %%
print(gone)

# %%
endings = None

# %%
print(gone)

# SPDX-License-Identifier: Apache-2.0
"""A definition that no step owns is repeated ahead of a step; what it is made of, be it the step's own, comes with it."""

# %%
class Part:
    size = 1


parts = [Part()]

# %%
def grow(p: Part, by=Part.size):
    p.size += by
    return p

# %%
print(grow(parts[0]).size, parts[0].size)

# %%
from typing import Generic, NamedTuple, TypeVar

T = TypeVar("T")

# %%
def kept(rows=[]):
    return rows

class Point(NamedTuple):
    x: int
    tags: list = []

class Stack(Generic[T]):
    def __init__(self):
        self.items = []

    def push(self, item):
        self.items.append(item)

# %%
rows, point, stack = kept(), Point(1), Stack[int]()

# %%
rows.append("r")
point.tags.append("t")
stack.push(4)

# %%
print(rows, kept(), point, Point(5), stack.items)

# %%
import weakref

# %%
class Owner:
    parent = None

# %%
owner, owned = Owner(), Owner()

# %%
owned.parent = weakref.ref(owner)

# %%
print(owned.parent() is owner)

# %%
class Node:
    all = weakref.WeakSet()

    def __init__(self, name, parent=None):
        self.name, self.parent, self.children = name, parent and weakref.ref(parent), []
        Node.all.add(self)
        if parent:
            parent.children.append(self)

# %%
root = Node("root")

# %%
child = Node("child", root)

# %%
root.name = "top"

# %%
print(child.parent().name, [c.name for c in root.children])

# %%
print(sorted(node.name for node in Node.all))

# %%
from dataclasses import dataclass, field

# %%
common = []

@dataclass
class Keeping:
    items: list = field(default_factory=lambda: common)
    made: list = field(default_factory=list)

# %%
keeping, again = Keeping(), Keeping()

# %%
keeping.items.append("common")
keeping.made.append("own")

# %%
print(common, again)

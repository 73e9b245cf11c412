# SPDX-License-Identifier: Apache-2.0
"""copy.copy and .copy () keep the parts, copy.deepcopy copies them too; a slice of a list has the same elements."""

# %%
import copy

# %%
class Node:
    def __init__(self):
        self.items = [1]
        self.same = self.items

    def poke(self):
        self.items.append(2)
        return len(self.items)

# %%
node = Node()
settings = {"x": [1, 2], "y": {"z": [3]}}

# %%
shallow = settings.copy()
twin = copy.copy(node)
deep = copy.deepcopy(node)
some = [settings["x"]][:1]

# %%
shallow["x"].append(3)

# %%
n = twin.poke()

# %%
m = deep.poke()

# %%
print(settings, shallow, some)

# %%
print(node.items, twin.items, deep.items, deep.same, n, m)

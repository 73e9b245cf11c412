# SPDX-License-Identifier: Apache-2.0
"""Parts of two values that are one object, and who asks whether they are; methods that copying calls, and asking a class for an
element."""

# %%
import copy

# %%
table = {"x": [1], "y": [2]}
other = {"x": table["x"]}
mark = object()
alias = mark

# %%
other["z"] = 3

# %%
held = [mark]

# %%
def same(a, b):
    return a is b

print(table["x"] is other["x"], same(table["y"], other["x"]), table["x"] is not other["z"])

# %%
print(held[0] is alias, mark is alias)

# %%
part = [1]
first = [part]
second = [part]

# %%
second.append(5)

# %%
equal = first[0] is second[0]
print(equal)

# %%
told = []

class Copied:
    def __copy__(self):
        told.append("copy")
        return Copied()

    def __deepcopy__(self, memo):
        told.append("deep")
        return Copied()

    def __class_getitem__(cls, key):
        told.append(key)
        return cls

copied = Copied()

# %%
again = copy.copy(copied)

# %%
deep = copy.deepcopy([copied])

# %%
kind = Copied[int]

# %%
print(len(told))

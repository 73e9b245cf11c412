# SPDX-License-Identifier: Apache-2.0
"""Methods and partial objects as values: whoever calls them, wherever, changes what they are bound to."""

# %%
import functools, operator

# %%
rows = []
acc = [0]
ops = {"add": rows.append, "len": rows.__len__}
push = rows.append

# %%
push(1)

# %%
ops["add"](2)

# %%
list(map(functools.partial(acc.append), [1, 2]))

# %%
print(rows, acc)

# %%
getattr(rows, "append")(7)

# %%
print(rows)

# %%
class Box:
    def __init__(self): self.items = []
    def put(self, x): self.items.append(x)
box = Box()
put = box.put

# %%
put(3)

# %%
print(box.items)

# %%
p = functools.partial(put, 5)

# %%
p()

# %%
print(box.items)

# %%
for f in [rows.append, box.put]:
    f(9)

# %%
print(rows, box.items)

# %%
sorted([3, 1], key=rows.append and (lambda v: rows.append(v) or v))

# %%
print(rows)

# %%
rows.append(100)

# %%
push(101)
print(rows)

# %%
fill = functools.partial(setattr, box, "items")

# %%
fill([8])

# %%
print(box.items)

# %%
def add(target, *, into=None):
    into.append(target)
q = functools.partial(add, into=acc)

# %%
q(77)

# %%
print(acc)

# %%
m = operator.methodcaller("append", 5)

# %%
m(acc)

# %%
print(acc)

# SPDX-License-Identifier: Apache-2.0
"""What a value held before another was put in its place: it was one with a name's value as long as it was there."""

# %%
class Box:
    made = 0

    def __init__(self, v):
        self.v = v

# %%
n = [[4], [6]]
a = Box(n)

# %%
Box.made += 1

# %%
a.tag = "t"

# %%
d = a.v
a.v = [0]
n.append(11)

# %%
print(n, d, d is n, a.v, Box.made, a.tag)

# %%
row = {"items": n}
other = row

# %%
row["note"] = 1

# %%
kept = other["items"]
row["items"] = []
n.append(12)

# %%
print(kept, kept is n, row, other is row)

# SPDX-License-Identifier: Apache-2.0
"""An array of objects, and a table's column of them, keeps the objects themselves; so do its copies and views."""

# %%
import numpy as np
import pandas as pd

# %%
class Box:
    def __init__(self, v):
        self.v = v

    def __repr__(self):
        return "Box(%r)" % self.v

# %%
one, two, three = Box(1), Box(2), Box(3)
rows = [[1], [2, 3]]

# %%
scalar = np.array(one, dtype=object)
many = np.array([one, two])
ragged = np.array(rows, dtype="object")
column = pd.Series([three, one])

# %%
flat = scalar.ravel()
copied = many.copy()
part = many[1:]

# %%
one.v = 10

# %%
part[0].v = 20
rows[0].append(7)

# %%
column[0].v = 30

# %%
print(scalar, many, flat, copied, part, ragged)

# %%
print(one, two, three, list(column))

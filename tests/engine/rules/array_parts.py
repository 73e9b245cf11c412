# SPDX-License-Identifier: Apache-2.0
"""Rows and views of arrays, of numbers and of objects: whoever changes one, changes all that lie in the same memory."""

# %%
import numpy as np

# %%
m = np.zeros((2, 3))
row = m[0]
cells = [r for r in m]
it = next(iter(m))
for last in m:
    pass
d = m[None]
n = m[..., 0]
flip = m.T[1]

# %%
m[0, 0] = 5

# %%
print(row, cells, it)

# %%
m += 1

# %%
print(last, d, n, flip)

# %%
last[:] = 9
print(m)

# %%
print(m, d)

# %%
class B:
    pass
d = np.array([1, [2], None, "x"], dtype=object)
e = d[1:]
m = d.reshape(2, 2)
r = d[::-1]

# %%
e[0] = 7

# %%
m[1, 1] = [8]
print(d, r)

# %%
r[0].append(9)
r[3] = "first"

# %%
print(d, e, m, r)

# %%
from array import array

# %%
lent, also = bytearray(range(16)), array("d", [1.0, 2.0, 3.0])
shown, wide = np.frombuffer(lent, dtype=np.uint8)[2:], np.frombuffer(also)

# %%
lent[2] = 99
also[0] = 42.0

# %%
print(shown[:3], wide)
shown[1] = 77
wide[1] = -1.0

# %%
print(lent, also)

# %%
grown = np.arange(100000)

# %%
grown.resize((10,), refcheck=False)

# %%
print(grown)

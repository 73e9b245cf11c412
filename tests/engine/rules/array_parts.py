# SPDX-License-Identifier: Apache-2.0
"""Rows and views of arrays, of numbers and of objects, of numpy's other classes and the notebook's: whoever changes one, changes
all that lie in the same memory."""

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

# %%
ma = np.ma.array([1, 2, 3], mask=[0, 1, 0])

# %%
dd = ma.data

# %%
dd[0] = 77

# %%
print(ma)

# %%
mk = ma.mask

# %%
mk[2] = True

# %%
print(ma, ma.sum())

# %%
a = np.arange(4.0).reshape(2, 2)

# %%
mat = np.asmatrix(a)

# %%
mat[0, 0] = 50

# %%
print(a, mat * mat)

# %%
r = np.rec.array([(1, 2.0), (3, 4.0)], dtype=[("x", "i4"), ("y", "f8")])

# %%
first = r[:1]

# %%
first.x[0] = 9

# %%
print(r)

# %%
class Tagged(np.ndarray):
    pass

# %%
tg = a.view(Tagged)

# %%
tg[1] = -1

# %%
print(a, type(tg).__name__, mat)

# %%
m1 = np.ma.masked_array(a, mask=a < 0)

# %%
m1[0, 1] = 8

# %%
print(a, m1)

# %%
part = m1[0]

# %%
part[0] = np.ma.masked

# %%
print(m1, part)

# %%
m2 = np.ma.masked_array(np.arange(3), copy=False)

# %%
m2[1] = np.ma.masked

# %%
print(m2, m2.mask)

# %%
g1 = np.random.default_rng(1)

# %%
bg = g1.bit_generator

# %%
bg.random_raw();

# %%
print(g1.random())

# %%
ch = np.char.array(["a", "bb"])

# %%
hd = ch[:1]

# %%
hd[0] = "q"

# %%
print(ch)

# %%
class Info(np.ndarray):
    def __new__(cls, data, info=None):
        obj = np.asarray(data).view(cls)
        obj.info = info
        return obj
    def __array_finalize__(self, obj):
        if obj is not None: self.info = getattr(obj, "info", None)

# %%
x = Info([1, 2, 3], info={"unit": "m"})

# %%
print(x, x.info, type(x).__name__)

# %%
y = x[1:]

# %%
y[0] = 20

# %%
y.info["unit"] = "km"

# %%
print(x, x.info, y, y.info is x.info)

# %%
big = Info(np.arange(5000.0), info="big")

# %%
half = big[::2]

# %%
half *= 0

# %%
print(big.sum(), big.info, half.info)

# %%
base = np.arange(10000.0)
mat = np.asmatrix(base)
ma = np.ma.masked_array(base, mask=base < 10)

# %%
base[50] = -7

# %%
print(mat[0, 50], ma[50], ma.sum(), ma.mask.sum())

# %%
ma[60] = np.ma.masked
ma.fill_value = 3

# %%
print(ma.filled()[60], ma.fill_value, base[60], ma.sharedmask, ma.hardmask)

# %%
import scipy.sparse as sp

# %%
data = np.array([1.0, 2.0]); ind = np.array([0, 1]); ptr = np.array([0, 1, 2])
m = sp.csr_matrix((data, ind, ptr), shape=(2, 2))

# %%
data[0] = 10

# %%
print(m.toarray())

# %%
m2 = sp.csr_matrix(m)

# %%
m2.data[1] = 20

# %%
print(m.toarray())

# %%
mt = m.T

# %%
mt.data *= 2

# %%
print(m.toarray())

# %%
co = m.tocoo(copy=False)

# %%
co.data[:] = 3

# %%
print(m.toarray())

# %%
m.setdiag(8)

# %%
print(m.toarray())

# %%
li = sp.lil_matrix((2, 2))

# %%
li[0, 1] = 4

# %%
print(li.toarray())

# %%
m.eliminate_zeros()

# SPDX-License-Identifier: Apache-2.0
"""What %timeit binds is its own; what it reads and changes isn't. A module that is imported again is the same."""

# %%
import numpy as np
np.random.seed(1)
x = 1
xs = [(1, 2)]
a = [3]

# %%
import numpy as np
from numpy import random as rnd

# %%
%timeit -n1 -r1 x = 2

# %%
%%timeit -n1 -r1 b = list(a)
x = [v * 2 for v in b if v in b]
for q in x:
    zs = lambda: q + b[0]
    zs()

# %%
print(x, np.random.rand())

# %%
%timeit -n1 -r1 for X, y in xs: pass
if a:
    %timeit -n2 -r1 a.append(x)

# %%
%time for X, y in xs: pass

# %%
print(X, y, a, rnd.rand())

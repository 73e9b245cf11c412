# SPDX-License-Identifier: Apache-2.0
"""A step that reads a name before and after a cell of constants binds it anew."""

# %%
import numpy as np

# %%
a = int (np.arange (5).sum ())
n = 3

# %%
a *= n
print (a)

# %%
print (type (a), a + 1)
kept = [a]

# %%
a = (1, 2)

# %%
print (type (a), kept, a)

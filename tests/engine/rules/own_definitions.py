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

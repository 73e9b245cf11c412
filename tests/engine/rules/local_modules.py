# SPDX-License-Identifier: Apache-2.0
"""What modules of the notebook's own keep: steps import them anew, and are handed what earlier cells changed there."""

# %%
%%writefile kept_a.py
rows = []
limit = 1


class Counter:
    count = 0


def total():
    return sum(rows) + limit

# %%
%%writefile kept_b.py
import kept_a
VALUE = kept_a.limit + 40

# %%
import kept_a as ka
from kept_a import rows
mine = ka.rows

# %%
rows.append(1)
ka.limit = len("abc")
ka.Counter.count += 1

# %%
mine.append(2)
del ka.rows[0]

# %%
def note(x):
    ka.rows.append(x)

note(5)

# %%
print(rows, mine, ka.rows, rows is ka.rows, ka.total(), ka.Counter.count)

# %%
import kept_b
print(kept_b.VALUE)

# SPDX-License-Identifier: Apache-2.0
"""Names that a loop or a condition may bind: the old value where it never did, and none where nobody looks."""

# %%
empty = []
row = start = 1
kept, dropped, counted = "kept", "dropped", "counted"

def current():
    return row, kept

# %%
for row in empty:
    start += row
if empty:
    kept = "changed"

# %%
print(current())

# %%
for row in [4, 5]:
    start += row
for dropped in empty:
    pass
for counted in range(3):
    if counted == 1:
        break

# %%
for row in empty:
    pass
print(row, start, counted)

# %%
while start > 1000:
    row, start = 0, 0
try:
    row = int("not a number")
except ValueError:
    pass

# %%
seen = lambda: (row, start)
for start in filter(None, [0, 0]):
    kept = start

# %%
print(seen(), kept)
for other in empty:
    print(other)
del dropped

# %%
for i, other in enumerate(empty):
    pass
for dropped in empty:
    pass
print([dropped for dropped in range(2)], any(row for row in range(2)))

# %%
exec("print(row, kept)")

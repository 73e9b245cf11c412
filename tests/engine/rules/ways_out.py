# SPDX-License-Identifier: Apache-2.0
"""What break, continue, return and exceptions leave: names keep what they had there, whatever stands behind."""

# %%
import contextlib

# %%
near, far, ready = [], [], True

# %%
while True:
    best = near
    if ready:
        break
    best = far

# %%
best.append(1)

# %%
print(near, far)

# %%
for _ in range(3):
    best = far
    if not ready:
        best = near
        continue
    if ready:
        break
    best = None

# %%
best.append(2)

# %%
print(near, far)

# %%
def choose():
    global best
    best = near
    if ready:
        return
    best = far

choose()

# %%
best.append(3)

# %%
print(near, far)

# %%
def first_of(kinds):
    while kinds:
        found = kinds[0]
        if ready:
            break
        found = []
    return found

first_of([far]).append(4)

# %%
print(near, far)

# %%
def risky(x):
    return int(x)

# %%
spare, other = [], []

# %%
try:
    at = spare
    risky("x")
    at = other
except ValueError:
    pass

# %%
at.append(1)

# %%
print(spare)

# %%
print(other)

# %%
with contextlib.suppress(ValueError):
    at = other
    risky("y")
    at = spare

# %%
at.append(2)

# %%
print(spare)

# %%
print(other)

# %%
class Box:
    pass

box, one, two, three = Box(), [], [], []

# %%
def fill(box):
    box.held = one
    if ready:
        return
    box.held = two

fill(box)

# %%
box.held.append(1)

# %%
print(one)

# %%
for i in range(3):
    box.held = three
    if i == 1:
        break
    box.held = two

# %%
box.held.append(2)

# %%
print(three)

# %%
print(two)

# %%
class Full(Exception):
    def __init__(self, rows):
        self.rows = rows

held = []

# %%
def check(rows):
    raise Full(rows)

try:
    check(held)
except Full as full:
    over = full.rows

# %%
over.append(1)

# %%
print(held)

# SPDX-License-Identifier: Apache-2.0
"""What break, continue and return leave: names keep what they had there, whatever stands behind."""

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

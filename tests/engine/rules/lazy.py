# form: untagged
# SPDX-License-Identifier: Apache-2.0
"""What computes only as it is read: generators, generator expressions and map change things where they are moved on, not where
they are made."""

# %%
import contextlib
import itertools

# %%
log = []
calls = 0

def numbers():
    global calls
    for i in range(3):
        calls += 1
        log.append(i)
        yield i

given = numbers()

# %%
before = list(log), calls

# %%
next(given)

# %%
between = list(log), calls

# %%
rest = list(given)

# %%
print(before, between, rest, log, calls)

# %%
seen = set()
unique = (x for x in [1, 1, 2] if not (x in seen or seen.add(x)))

# %%
unseen = len(seen)

# %%
values = list(unique)

# %%
print(unseen, values, seen)

# %%
doubled = []

def double(x):
    doubled.append(x)
    return 2 * x

lazy = map(double, [1, 2])

# %%
undone = len(doubled)

# %%
done = list(lazy)

# %%
print(undone, done, doubled)

# %%
@contextlib.contextmanager
def opened(where):
    where.append("in")
    yield where
    where.append("out")

trace = []
context = opened(trace)
context.__enter__()

# %%
inside = list(trace)

# %%
context.__exit__(None, None, None)

# %%
print(inside, trace)

# %%
source = iter(range(5))
left, right = itertools.tee(source)

# %%
first = next(left)

# %%
rest = list(right)

# %%
print(first, rest, list(left), list(source))

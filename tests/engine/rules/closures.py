# SPDX-License-Identifier: Apache-2.0
"""Functions that keep what they were made with: counters, caches, decorators, registries; generators; walrus and f-strings."""

# %%
import functools
from collections import defaultdict, Counter

# %%
calls = Counter()
cache = {}

# %%
def counted(f):
    @functools.wraps(f)
    def wrapper(*a, **k):
        calls[f.__name__] += 1
        return f(*a, **k)
    return wrapper

def memo(f):
    @functools.wraps(f)
    def inner(n):
        if n not in cache:
            cache[n] = f(n)
        return cache[n]
    return inner

# %%
@counted
def greet(name):
    return "hi " + name

@memo
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)

# %%
print(greet("a"), greet("b"))

# %%
print(fib(20), len(cache))

# %%
print(calls, sorted(cache)[:3])

# %%
def make_counter():
    n = 0
    def inc(k=1):
        nonlocal n
        n += k
        return n
    return inc

c1 = make_counter()
c2 = make_counter()

# %%
c1(); c1(5)

# %%
c2()

# %%
print(c1(), c2())

# %%
handlers = defaultdict(list)

def on(event):
    def register(f):
        handlers[event].append(f)
        return f
    return register

# %%
log = []

@on("start")
def started():
    log.append("started")

@on("stop")
def stopped():
    log.append("stopped")

# %%
def fire(event):
    for h in handlers[event]:
        h()

# %%
fire("start")

# %%
fire("stop")
print(log)

# %%
total = 0
def add(x):
    global total
    total += x
    return total

# %%
add(3)

# %%
list(map(add, [1, 2, 3]))
print(total)

# %%
squares = (i * i for i in range(5))
first = next(squares)
rest = list(squares)

# %%
print(first, rest)

# %%
if (m := len(rest)) > 3:
    label = f"{m=} {first!r:>4} {calls['greet']:03d}"
else:
    label = "short"

# %%
print(label)

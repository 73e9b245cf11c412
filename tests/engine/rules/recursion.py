# SPDX-License-Identifier: Apache-2.0
"""Functions that call themselves with other values than they were called with, loops that reach a value in a late round,
calls deep within calls."""

# %%
import functools

# %%
log = []

def countdown(n, out):
    out.append(n)
    if n:
        countdown(n - 1, log)

# %%
first = []
countdown(2, first)

# %%
print(first, log)

# %%
left, middle, right = [3, 2, 1], [], []

# %%
def hanoi(n, source, target, spare):
    if n:
        hanoi(n - 1, source, spare, target)
        target.append(source.pop())
        hanoi(n - 1, spare, target, source)

# %%
hanoi(3, left, right, middle)

# %%
print(middle)

# %%
print(left, right)

# %%
a, b, c, d = [1], [], [], []

# %%
def turn(n, w, x, y, z):
    if n:
        w.append(n)
        turn(n - 1, x, y, z, w)

# %%
turn(3, a, b, c, d)

# %%
print(c)

# %%
print(d, a)

# %%
made = []

def build(n):
    if n == 0:
        return made
    got = build(n - 1)
    got.append(n)
    return got

# %%
size = len(build(3))

# %%
print(made)

# %%
def walk(items, visit):
    for item in items:
        if isinstance(item, list):
            walk(item, lambda x: deep.append(x))
        else:
            visit(item)

deep, flat = [], []

# %%
walk([1, [2, 3], 4], flat.append)

# %%
print(flat)

# %%
print(deep)

# %%
def even(n, mine, other):
    if n:
        mine.append(n)
        odd(n - 1, other, mine)

def odd(n, mine, other):
    if n:
        mine.append(-n)
        even(n - 1, other, spare)

evens, odds, spare = [], [], []

# %%
even(5, evens, odds)

# %%
print(evens, odds)

# %%
print(spare)

# %%
class Node:
    def __init__(self, value, behind=None):
        self.value = value
        self.behind = behind

    def double(self):
        self.value *= 2
        if self.behind:
            self.behind.double()

# %%
last = Node(1)
third = Node(2, last)
second = Node(3, third)
head = Node(4, second)

# %%
head.double()

# %%
print(last.value)

# %%
print(third.value)

# %%
at = head
while at:
    at.value += 1
    at = at.behind

# %%
print(last.value, second.value)

# %%
def raise_all(node, by):
    while node is not None:
        node.value += by
        node = node.behind

raise_all(head, 10)

# %%
print(last.value, third.value)

# %%
p, q, r, s = [], [], [], []

# %%
one, two, three, four = p, q, r, s
for i in range(4):
    one.append(i)
    one, two, three, four = two, three, four, one

# %%
print(r)

# %%
print(s, p)

# %%
def told(word):
    def wrap(f):
        @functools.wraps(f)
        def inner(*a):
            words.append(word)
            return f(*a)
        return inner
    return wrap

words, rows = [], []

# %%
@told("a")
@told("b")
@told("c")
def add(x):
    rows.append(x)

# %%
add(1)

# %%
print(rows)

# %%
print(words)

# %%
def day(date):
    return date % 10

def fits(dates, *conditions):
    return [d for d in dates if all(condition(d) for condition in conditions)]

def known(date):
    return not fits([date], lambda d: d > 40)

def told(date):
    return len(fits([date, date + 1], lambda d: known(day(d))))

# %%
print(fits([11, 42, 55], lambda d: fits([d], lambda e: told(e) == 2), known))

# SPDX-License-Identifier: Apache-2.0
"""What classes and functions keep: class methods, type (x), x.__dict__, super (), singletons."""

# %%
class P:
    n = 0
    names = []
    def __init__(self): P.n += 1; type(self).names.append(P.n)
    @classmethod
    def bump(cls): cls.n += 10
    @staticmethod
    def clear(): P.names.clear()

# %%
x = P()

# %%
y = P()

# %%
print(P.n, P.names)

# %%
x.bump()

# %%
print(P.n)

# %%
P.clear()

# %%
print(P.names)

# %%
setattr(P, "n", 3)

# %%
print(P.n)

# %%
x.__class__.n = 4

# %%
print(P.n)

# %%
x.__dict__["z"] = 5

# %%
print(x.z)

# %%
vars(x)["w"] = 6

# %%
print(x.w)

# %%
def f(): pass
f.calls = 0

# %%
f.calls += 1

# %%
print(f.calls)

# %%
def g(acc=[]):
    acc.append(1)
    return acc

# %%
g()

# %%
print(g())

# %%
h = g

# %%
h()

# %%
print(g.__defaults__)

# %%
class Counted:
    made = []

    def __init__(self, name):
        Counted.made.append(name)
        self.name = name


class Named(Counted):
    def __init__(self, name):
        super().__init__(name)
        self.title = name.title()

# %%
first = Named("a")

# %%
second = Named("b")

# %%
print(Counted.made, first.title)

# %%
class Once:
    kept = None

    def __new__(cls):
        if cls.kept is None:
            cls.kept = super().__new__(cls)
            cls.kept.items = []
        return cls.kept

# %%
one = Once()

# %%
Once().items.append(1)

# %%
print(one.items, one is Once())

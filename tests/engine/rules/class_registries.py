# SPDX-License-Identifier: Apache-2.0
"""Classes that are heard of when they are made: metaclasses, __init_subclass__, decorators that register."""

# %%
import functools

# %%
registry = {}
class Meta(type):
    def __init__(cls, name, bases, ns):
        super().__init__(name, bases, ns)
        registry[name] = len(registry)
    def __call__(cls, *a, **k):
        registry["called"] = registry.get("called", 0) + 1
        return super().__call__(*a, **k)

# %%
class A(metaclass=Meta):
    pass

# %%
class B(A):
    pass

# %%
b = B()

# %%
print(sorted(registry.items()))

# %%
known = []
def register(cls):
    known.append(cls.__name__)
    return cls

# %%
@register
class C:
    def go(self): return 1

# %%
c = C()
print(c.go())

# %%
print(known)

# %%
class Base:
    reg = []
    def __init_subclass__(cls, **k):
        Base.reg.append(cls.__name__)

# %%
class D(Base):
    kept = []

# %%
D.kept.append(1)
d = D()

# %%
print(Base.reg, D.kept, d.kept)

# %%
class E(D):
    pass

# %%
print(Base.reg)

# %%
class Kinds(type):
    known = {}

    def __new__(meta, name, bases, body):
        made = super().__new__(meta, name, bases, body)
        Kinds.known[name] = made
        return made

class Kind(metaclass=Kinds):
    size = 1

# %%
Kind.size = 5

# %%
print(Kinds.known["Kind"].size, Kind().size)

# SPDX-License-Identifier: Apache-2.0
"""What classes keep: attributes of a class changed through it, through an instance, a class method, type (self) or super ();
methods that work on what a base keeps; classes whose instances lie in files."""

# %%
import json
import os
import pickle

import numpy as np

# %%
log = []

class Base:
    made = 0
    names = []

    def __init__(self, name):
        self.name = name
        self.notes = []
        type(self).made += 1
        log.append(name)

    def note(self, text):
        self.notes.append(text)
        return self

    @classmethod
    def named(cls, name):
        cls.names.append(name)
        return cls(name)

    @classmethod
    def forget(cls):
        cls.made = 0

    @staticmethod
    def tell(where, text):
        where.append(text)

# %%
SCALE = 2

class Derived(Base):
    def __init__(self, name):
        super().__init__(name)
        self.count = 0

    def note(self, text):
        self.count += 1
        return super().note(text * SCALE)

    @classmethod
    def named(cls, name):
        made = super().named(name.upper())
        log.append("derived")
        return made

class Old(Base):
    def note(self, text):
        return Base.note(self, text + "!")

# %%
first = Base("a")
held = {"first": first}

# %%
second = Derived.named("b")

# %%
second.note("x")
second.note("y").note("z")

# %%
print(second.notes, second.count, log)

# %%
print(Base.made, Derived.made, Base.names)

# %%
old = Old("o")
old.note("q")

# %%
Base.tell(log, "told")
old.tell(log, "again")

# %%
print(old.notes, log)

# %%
Derived.forget()

# %%
print(Derived.made, Base.made)

# %%
Base.kind = "base"
setattr(Base, "rank", 5)
second.__class__.level = 3

# %%
print(first.kind, held["first"].kind, second.level)
print(second.rank, Derived.rank)

# %%
Base.note = lambda self, text: self.notes.append("other " + text)

# %%
first.note("w")

# %%
print(first.notes, held["first"].notes)

# %%
class Counter:
    n = 0
    def hit(self):
        type(self).n += 1

# %%
c = Counter()
c.hit(); c.hit()

# %%
print(Counter.n, c.n)

# %%
class Kept:
    def __init__(self, v):
        self.v = v

# %%
with open("kept.pickle", "wb") as f:
    pickle.dump(Kept(3), f)

# %%
with open("kept.pickle", "rb") as f:
    kept = pickle.load(f)

# %%
print(kept.v)

# %%
a = np.arange(4.0)
b = np.zeros(4)

# %%
np.multiply(a, 2, a)
np.add(a, 1, out=b)
np.sqrt(b, b)

# %%
print(a, b)

# %%
import enum


class Kind(enum.Enum):
    A = 1
    B = 2, 3

    def __init__(self, *values):
        self.count, self.seen = len(values), []

    def hit(self):
        self.count += 1

# %%
one = Kind.A

# %%
Kind.A.hit()
one.seen.append(5)

# %%
for k in Kind:
    k.hit()
Kind["B"].note = "noted"

# %%
print([(k.name, k.count, k.seen) for k in Kind], Kind.B.note, one is Kind.A, {Kind.A: 1}[one])

# %%
class Answers:
    def __init__(self, target):
        self._target = target

    def __getattr__(self, name):
        return getattr(self._target, name)

# %%
answers = Answers([3, 1, 2])

# %%
answers.append(9)

# %%
print(answers.index(9), answers._target)

# %%
class Settings(dict):
    def __getattr__(self, name):        # KeyError, where Python would like AttributeError
        return self[name]


class Run:
    known = []

    def __init__(self):
        self.rate = settings.rate
        Run.known.append(self)

# %%
settings = Settings(rate=2)
run = Run()

# %%
print(Run.known[0].rate, settings.rate)

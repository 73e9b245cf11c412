# SPDX-License-Identifier: Apache-2.0
"""A training loop as PyTorch has it, of classes of the notebook: an optimiser that holds parameters of a model."""

# %%
import math
import random
from dataclasses import dataclass, field

# %%
random.seed(0)

# %%
class Parameter:
    def __init__(self, data):
        self.data = data
        self.grad = 0.0


class Module:
    def __init__(self):
        self._params = {}
        self.training = True

    def __setattr__(self, k, v):
        if isinstance(v, Parameter):
            self.__dict__.setdefault("_params", {})[k] = v
        object.__setattr__(self, k, v)

    def parameters(self):
        return list(self._params.values())

    def train(self, mode=True):
        self.training = mode
        return self

    def eval(self):
        return self.train(False)

    def __call__(self, *a):
        return self.forward(*a)

# %%
class Linear(Module):
    def __init__(self):
        super().__init__()
        self.w = Parameter(random.random())
        self.b = Parameter(0.0)

    def forward(self, x):
        return self.w.data * x + self.b.data

# %%
class SGD:
    def __init__(self, params, lr):
        self.params = params
        self.lr = lr

    def step(self):
        for p in self.params:
            p.data -= self.lr * p.grad

    def zero_grad(self):
        for p in self.params:
            p.grad = 0.0

# %%
@dataclass
class History:
    losses: list = field(default_factory=list)
    epochs: int = 0

    def log(self, loss):
        self.losses.append(loss)
        self.epochs += 1

# %%
model = Linear()
opt = SGD(model.parameters(), lr=0.05)
history = History()

# %%
data = [(x / 10, 2 * x / 10 + 1 + random.gauss(0, .01)) for x in range(20)]
random.shuffle(data)

# %%
def train_epoch():
    total = 0
    for x, y in data:
        opt.zero_grad()
        out = model(x)
        err = out - y
        model.w.grad += 2 * err * x
        model.b.grad += 2 * err
        opt.step()
        total += err ** 2
    history.log(total / len(data))

# %%
for epoch in range(30):
    train_epoch()

# %%
print(history.epochs, history.losses[-1])

# %%
model.eval()
print(model.training, model(1.0))

# %%
opt.lr = 0.001
train_epoch()
print(model.w.data, model.b.data, random.random())

# %%
print(history)

# %%
import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import Pipeline

# %%
fitted = []
SCALE = [2.0]

class Scaled(BaseEstimator, TransformerMixin):
    def fit(self, X, y=None):
        fitted.append(len(X))
        return self

    def transform(self, X):
        return X * SCALE[0]

# %%
scaled = Pipeline([("scaled", Scaled()), ("again", Scaled())])

# %%
SCALE[0] = 3.0

# %%
out = scaled.fit_transform(np.ones((4, 2)))
alone = Scaled().fit_transform(np.ones((3, 2)))

# %%
print(fitted, out.sum(), alone.sum())

# SPDX-License-Identifier: Apache-2.0
"""What draws from numpy's global generator without saying so: models, splitters and samples that were given no random_state,
alone, within pipelines and searches, and through functions; generators that are passed on."""

# %%
import random

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.model_selection import GridSearchCV, KFold, ShuffleSplit, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

# %%
np.random.seed(7)

# %%
X, y = make_classification(120, n_features=6)

# %%
frame = pd.DataFrame(X).assign(y=y)
part = frame.sample(60)

# %%
Xa, Xb, ya, yb = train_test_split(X, y)

# %%
forest = RandomForestClassifier(4)

# %%
forest.fit(Xa, ya);

# %%
tree_line = make_pipeline(StandardScaler(), DecisionTreeClassifier(max_features=2))

# %%
tree_line.fit(Xa, ya);

# %%
scores = cross_val_score(SGDClassifier(max_iter=5, tol=None), X, y, cv=3)

# %%
search = GridSearchCV(DecisionTreeClassifier(max_features=1), {"max_depth": [1, 2, 3]}, cv=2)

# %%
best = round(search.fit(Xa, ya).best_score_, 3)

# %%
def cluster(x):
    return KMeans(3, n_init=1).fit_predict(x)

# %%
labels = cluster(X)

# %%
folds = [test.tolist() for _, test in KFold(3, shuffle=True).split(X[:9])]

# %%
splits = [test.tolist() for _, test in ShuffleSplit(2, test_size=3).split(X[:9])]

# %%
seeded = RandomForestClassifier(3, random_state=1).fit(Xa, ya)

# %%
copied = clone(forest).fit(Xb, yb)

# %%
print(np.random.rand(), part.index.tolist()[:5], scores.round(3), best, labels[:9].tolist())

# %%
print(forest.predict_proba(X).sum(0), tree_line.predict(X).sum(), folds, splits, copied.predict_proba(X).sum(0))

# %%
print(seeded.predict_proba(X).sum(0), np.random.randint(1000))

# %%
state = np.random.RandomState(3)
dice = random.Random(5)

# %%
Xc, Xd = train_test_split(X, random_state=state)

# %%
more = frame.sample(3, random_state=state)
thrown = [dice.randint(1, 6) for _ in range(5)]

# %%
lines = LogisticRegression().fit(Xc, Xc[:, 0] > 0)
walk = SGDClassifier(max_iter=5, tol=None, random_state=state)

# %%
walk.fit(Xc, Xc[:, 0] > 0);

# %%
print(Xd.sum(), more.index.tolist(), thrown, walk.coef_.round(6).tolist(), state.rand(), dice.random())

# %%
parent = np.random.default_rng(5)
spawned = parent.spawn(2)

# %%
one = spawned[0].normal()

# %%
two = spawned[0].normal()

# %%
print(one, two)

# SPDX-License-Identifier: Apache-2.0
"""LightGBM makes its data when it is first trained on, and callbacks write down how it went."""

# %%
import lightgbm as lgb
import numpy as np

# %%
X = np.random.default_rng(0).random((200, 4))
y = (X.sum(axis=1) > 2).astype(int)
settings = {"objective": "binary", "verbose": -1, "num_threads": 1, "seed": 1}
data = lgb.Dataset(X, y, free_raw_data=False)
valid = lgb.Dataset(X[:50], y[:50], reference=data)

# %%
folds = lgb.cv(settings, data, 5, nfold=3, seed=1)

# %%
history = {}
first = lgb.train(settings, data, 5, valid_sets=[valid], callbacks=[lgb.record_evaluation(history)])

# %%
second = lgb.train(dict(settings, max_depth=2), data, 5, init_model=first)

# %%
print(first.predict(X)[:2], second.predict(X)[:2], folds["valid binary_logloss-mean"][-1], data.num_data(), history)

# %%
import pandas as pd

# %%
levels = pd.MultiIndex.from_product([["x", "y"], [1, 2]], names=["l", "n"])

# %%
by_levels = pd.DataFrame({"v": [1, 2, 3, 4]}, index=levels)

# %%
print(by_levels.unstack(), by_levels.loc["x"], levels.names)

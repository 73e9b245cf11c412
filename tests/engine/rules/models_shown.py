# SPDX-License-Identifier: Apache-2.0
"""Models that are shown: scikit-learn numbers their pictures through a process, and each step has one of its own."""

# %%
import numpy as np
from sklearn.linear_model import LinearRegression, Ridge

# %%
X = np.arange(12.0).reshape(6, 2)
y = X.sum(axis=1)
LinearRegression().fit(X, y)

# %%
model = Ridge()
model.fit(X, y)

# %%
print(model.coef_.round(3))
model

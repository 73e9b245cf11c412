# A chain of ten steps, none of which can run beside another. See ml.py.
# SPDX-License-Identifier: Apache-2.0

# %% tags=["imports"]
import numpy as np
import pandas as pd

# %% tags=["step:load"]
random = np.random.default_rng(0)
sales = pd.DataFrame({"shop": random.integers(0, 500, 200_000), "day": random.integers(0, 365, 200_000),
                      "amount": random.gamma(2.0, 10.0, 200_000)})

# %% tags=["step:clean"]
clean = sales[sales["amount"] > 1]

# %% tags=["step:weeks"]
weeks = clean.assign(week=clean["day"] // 7)

# %% tags=["step:totals"]
totals = weeks.groupby(["shop", "week"])["amount"].sum().reset_index()

# %% tags=["step:wide"]
wide = totals.pivot(index="shop", columns="week", values="amount").fillna(0)

# %% tags=["step:smooth"]
smooth = wide.T.rolling(4).mean().T.dropna(axis=1)

# %% tags=["step:scale"]
scaled = (smooth - smooth.mean()) / smooth.std()

# %% tags=["step:similar"]
similar = np.corrcoef(scaled.to_numpy())

# %% tags=["step:nearest"]
nearest = np.argsort(-similar, axis=1)[:, 1:6]

# %% tags=["step:tell"]
print(nearest[:5])
print(round(float(similar.mean()), 6))

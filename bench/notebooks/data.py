# Large values from step to step: 400 MB of numpy and a DataFrame of five million rows. See ml.py.
# SPDX-License-Identifier: Apache-2.0

# %% tags=["imports"]
import numpy as np
import pandas as pd

# %% tags=["step:make"]
array = np.arange(50_000_000, dtype="float64")
frame = pd.DataFrame({"key": np.arange(5_000_000) % 1000, "value": np.linspace(0.0, 1.0, 5_000_000)})

# %% tags=["step:array"]
total = float(array.sum())

# %% tags=["step:frame"]
groups = frame.groupby("key")["value"].mean()

# %% tags=["step:tell"]
print(total, len(groups))

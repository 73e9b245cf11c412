# %% tags=["step:a", "after:c"]
x = 1

# %% tags=["step:b"]
y = x + 1

# %% tags=["step:c"]
z = y + 1

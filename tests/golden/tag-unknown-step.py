# %% tags=["step:a", "prev:loda"]
x = 1

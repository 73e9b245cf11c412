# %% tags=["parameters"]
n = 2

# %% tags=["step:o"]
print (n)

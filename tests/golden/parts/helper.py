# %% tags=["parameters"]
n = 1

# %% tags=["step:h"]
print (n)

# %% tags=["parameters"]
rate = 0.5
steps = 10 * 3
shape = (2, 3)

# %% tags=["step:a"]
print (rate, steps, shape)

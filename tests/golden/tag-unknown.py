# %% tags=["step:a", "hide-input"]
x = 1

# %% tags=["stpe:b", "prev:a"]
print (x)

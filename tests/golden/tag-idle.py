# %% tags=["step:a"]
names = ["x", "y"]

# %% tags=["step:c"]
#| foreach: names
print (names)

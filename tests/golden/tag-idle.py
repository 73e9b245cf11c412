# %% tags=["step:a"]
names = ["x", "y"]

# %% tags=["step:b", "when:len (names) > 1"]
found = [n.upper () for n in names]

# %% tags=["step:c"]
#| foreach: names
print (found)

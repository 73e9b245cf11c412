# %% tags=["step:a"]
x = [1]

# %% tags=["step:b"]
print (x)

# %% tags=["step:a"]
x.append (2)

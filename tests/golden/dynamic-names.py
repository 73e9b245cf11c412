# %% tags=["step:a"]
exec ("y = 1")
x = 2; globals ()["z"] = 3

# %% tags=["step:b"]
print (y, x)

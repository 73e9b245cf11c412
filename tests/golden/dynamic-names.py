# %% tags=["step:a"]
exec ("y = 1")
x = "z"; globals ()[x.upper ()] = 3

# %% tags=["step:b"]
print (y, x)

# %% tags=["step:a"]
text = "y = %d"
exec (text % 1)
x = "z"; globals ()[x.upper ()] = 3
exec ("made = x * 2")

# %% tags=["step:b"]
print (y, x, made)

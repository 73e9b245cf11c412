# %% tags=["step:a"]
f = open ("data.txt")
squares = (n * n for n in range (3))

# %% tags=["step:b"]
print (f.read ())

# %% tags=["step:c"]
print (sum (squares))

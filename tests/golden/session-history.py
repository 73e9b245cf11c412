# %% tags=["step:load"]
x = [1, 2]
x

# %% tags=["step:load"]
total = sum (_)
print (total)

# %% tags=["step:use"]
print (_[0] + total)
len (Out[1])

# %% tags=["step:use"]
for _ in range (3):
    pass
print (_)

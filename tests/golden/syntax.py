# %% tags=["step:a"]
x = 1

# %% tags=["step:b"]
if x:
	print ("über" x)

# %% tags=["step:a"]
x = 1

# %% tags=["skip"]
rate = 2

# %% tags=["step:b"]
def scaled ():
	return x * rate

print ("결과:", scaled (), missing)

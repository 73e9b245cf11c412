# A pipeline runs at one schedule, which five fields or a word say.

# %% tags=["step:load", "schedule:0 6 * * 1-5"]
x = 1

# %% tags=["step:double", "schedule:@daily"]
y = 2 * x

# %% tags=["step:show", "schedule:0 6 * * mo", "timezone:Mars/Base"]
print (y)

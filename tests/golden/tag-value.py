# %% tags=["step:a", "timeout:soon", "retry:-1", "limit:memory", "limit:cpu:two", "cache:perhaps"]
x = 1

# %% tags=["step:b", "step:c"]
print (x)

# %%
#| secret: db:password
print (x + 1)

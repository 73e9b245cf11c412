# What %chard load brings is the session's.

# %% tags=["step:make"]
value = 1

# %%
%chard load make.value as v --run 20260101-000000-aaaa
print (v, value)

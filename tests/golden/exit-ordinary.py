# %% tags=["parameters"]
address = "me"

# %% tags=["step:early", "exit"]
print (address)

# %% tags=["step:data"]
x = 1

# %% tags=["step:takes", "exit"]
print (x)

# %% tags=["step:read", "exit"]
y = 2

# %% tags=["step:reader"]
print (y)

# %% tags=["step:fine", "exit"]
import json
print (json.dumps (address))

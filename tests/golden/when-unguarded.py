# %% tags=["parameters"]
n = 2
deploy = True

# %% tags=["step:fine", "when:deploy and n > 1"]
import json
def tell (x): return json.dumps (x)
if (deploy and n>1):
    print (tell (n))

# %% tags=["step:always", "when:n > 1"]
if n > 1:
    print (n)
print ("done")

# %% tags=["step:else", "when:deploy"]
if deploy:
    print (1)
else:
    print (2)

# %% tags=["step:other", "when:n > 1"]
if n < 1:
    print (n)

# %% tags=["step:default", "when:deploy"]
def store (f = print (n)): pass
if deploy:
    store ()

# %% tags=["step:binds", "when:deploy"]
from os import path as deploy
if deploy:
    pass

# %% tags=["step:magic", "when:n"]
!ls
if n: pass

# %% tags=["step:read", "when:n > 1"]
y = 3
if n > 1:
    y = 4

# %% tags=["step:reader"]
if n > 1:
    print (y)

# %% tags=["step:call", "when:print (n)"]
if print (n):
    pass

# %% tags=["step:none", "when:n >"]
if n:
    pass

# %% tags=["step:unbound", "when:True in later"]
if True in later:
    pass

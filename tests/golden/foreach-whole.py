# %% tags=["parameters"]
names = ["x", "y"]
last = None

# %% tags=["step:seed"]
import random
random.seed (1)
print (random.random ())

# %% tags=["step:fine", "foreach:names:4"]
found, n = [], 0
for name in names:
    n += 1
    try:
        found.append (name.upper ())
    except ValueError as e:
        continue

# %% tags=["step:before", "foreach:names"]
print (found, n)
for name in names:
    pass

# %% tags=["step:other", "foreach:names"]
for f in found:
    pass

# %% tags=["step:none", "foreach:names"]
total = len (names)

# %% tags=["step:early", "foreach:names"]
for name in names:
    for other in names:
        break
    if name == "x":
        break

# %% tags=["step:earlier", "foreach:names"]
for name in names:
    if name == "x":
        chosen = name
    print (chosen)

# %% tags=["step:looks", "foreach:names"]
lengths = []
for name in names:
    lengths.append (len (lengths))

# %% tags=["step:changes", "foreach:names"]
for name in names:
    found.remove (name.upper ())

# %% tags=["step:draws", "foreach:names"]
drawn = []
for name in names:
    drawn.append (random.random ())

# %% tags=["step:writes", "foreach:names"]
for name in names:
    open (name + ".txt", "w").write (name)

# %% tags=["step:function", "foreach:names"]
seen = []
def see (x):
    seen.append (x)
for name in names:
    see (name)

# %% tags=["step:made", "foreach:rows"]
rows = [{"a": 1}, {"a": 2}]
kept = []
for row in rows:
    kept.append (row)

# %% tags=["step:later"]
rows[0]["a"] = 5
print (kept)

# %% tags=["step:asks", "foreach:names"]
for name in names:
    pass
else:
    print ("all")

# %% tags=["step:wrong", "foreach:names:0"]
for name in names:
    pass

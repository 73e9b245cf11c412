# SPDX-License-Identifier: Apache-2.0
"""The namespace as a dict, exec and eval: items named by constants are names, unknown ones may be any."""

# %%
limit = sum(range(3))
scope = {"z": 1}
rows = [1]

# %%
exec("y = z + 1", scope)

# %%
print(scope["y"])

# %%
for name in ["p", "q"]:
    globals()[name] = name * 2

# %%
print(p, q)

# %%
which = "lim" + "IT".lower()
print(globals()[which], eval(which))

# %%
def more():
    return globals()["limit"] + 1

# %%
print(more())

# %%
exec("rows.append(limit)")

# %%
print(rows)

# %%
vars()["direct"] = 3

# %%
print(direct)

# %%
locals().update(other=[4])

# %%
globals().get("other").append(5)

# %%
print(other, "other" in globals(), "nothing" in globals(), globals().get("missing", "none"))

# %%
exec("alias = rows\ndef made(x):\n    return x + limit")

# %%
alias.append(9)

# %%
print(rows, made(3), eval("[rows, limit][0] is alias"))

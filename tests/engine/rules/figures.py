# SPDX-License-Identifier: Apache-2.0
"""A figure and its axes are one; drawing changes them, whoever draws."""

# %%
import matplotlib
matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

# %%
x = np.linspace(0, 1, 20)

# %%
plt.figure(figsize=(4, 3))
plt.plot(x, x ** 2)

# %%
plt.title("squares")
print(plt.gca().get_title(), len(plt.gca().lines))

# %%
fig, ax = plt.subplots()

# %%
ax.plot(x, np.sin(x), label="sin")

# %%
ax.plot(x, np.cos(x), label="cos")
ax.legend()
print(len(ax.lines))

# %%
ax.set_xlabel("x")
fig.savefig("f.png")

# %%
print(ax.get_xlabel(), len(fig.axes), [l.get_label() for l in ax.lines])

# %%
plt.rcParams["lines.linewidth"] = 3
line, = plt.plot([1, 2])

# %%
print(line.get_linewidth(), plt.rcParams["lines.linewidth"])

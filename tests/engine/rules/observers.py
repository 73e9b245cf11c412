# SPDX-License-Identifier: Apache-2.0
"""Functions that an object calls when it changes: traits that are observed, linked or have methods that are told, callbacks of
figures and axes. Who sets the attribute doesn't name them."""

# %%
import traitlets
import matplotlib.pyplot as plt

# %%
class Slider(traitlets.HasTraits):
    value = traitlets.Int(1)
    size = traitlets.Int(1)

told = []

class Kept(traitlets.HasTraits):
    value = traitlets.Int(0)

    @traitlets.observe("value")
    def _changed(self, change):
        told.append(change["new"])

# %%
slider = Slider()
other = Slider()
third = Slider()
kept = Kept()
seen = []
box = {"slider": third}

# %%
def note(change):
    seen.append(change["new"])

slider.observe(note, "value")

# %%
slider.value = 5

# %%
print(seen)

# %%
link = traitlets.link((slider, "value"), (other, "value"))
traitlets.dlink((other, "size"), (third, "size"))

# %%
other.value = 6

# %%
print(seen, slider.value)

# %%
other.size = 3

# %%
print(box["slider"].size)

# %%
kept.value = 4

# %%
print(told)

# %%
fig, ax = plt.subplots()
events = []

# %%
cid = ax.callbacks.connect("xlim_changed", lambda axes: events.append("limits"))
drawn = fig.canvas.mpl_connect("draw_event", lambda event: events.append(event.name))

# %%
ax.set_xlim(0, 5)

# %%
fig.canvas.draw()

# %%
print(events)
plt.close()

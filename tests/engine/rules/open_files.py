# form: untagged
# SPDX-License-Identifier: Apache-2.0
"""Files that are read by their name while somebody has them open to write: what isn't flushed isn't seen, what comes later is; logs."""

# %%
import logging

# %%
out = open("out.txt", "w")
out.write("one\n");

# %%
print(repr(open("out.txt").read()))

# %%
out.flush()

# %%
print(repr(open("out.txt").read()))

# %%
out.write("two\n");

# %%
out.close()

# %%
print(repr(open("out.txt").read()))

# %%
class Notes:
    def __init__(self, path):
        self.file = open(path, "w")

    def add(self, text):
        self.file.write(text)

# %%
notes = Notes("notes.txt")

# %%
notes.add("n")

# %%
!wc -c < notes.txt

# %%
log = logging.getLogger("to_a_file")
handler = logging.FileHandler("app.log", mode="w")

# %%
log.addHandler(handler)

# %%
log.warning("first")

# %%
log.warning("second")

# %%
with open("app.log") as file:
    print(file.read())

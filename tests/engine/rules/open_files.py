# form: untagged
# SPDX-License-Identifier: Apache-2.0
"""Files that are read by their name while somebody has them open to write: what isn't flushed isn't seen, what comes later is; logs.
Files whose memory values show: what is written into these reaches the file, and what others write is seen there.
Streams in memory that others write to, or read from."""

# %%
import csv
import gzip
import io
import logging
import mmap
import zipfile

import joblib
import numpy as np

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

# %%
np.save("mapped.npy", np.arange(6.0))

# %%
m = np.load("mapped.npy", mmap_mode="r+")

# %%
m[0] = 99

# %%
print(np.load("mapped.npy"))

# %%
part = m[1:3].reshape(2, 1)

# %%
part[:] = 7

# %%
print(np.load("mapped.npy"), m.sum())

# %%
raw = np.memmap("raw.bin", dtype="int32", mode="w+", shape=(4,))

# %%
seen = np.memmap("raw.bin", "int32", "r")

# %%
raw[:] = 3

# %%
print(seen)

# %%
del raw

# %%
print(np.fromfile("raw.bin", dtype="int32"))

# %%
joblib.dump({"w": np.zeros(5)}, "weights.joblib")

# %%
loaded = joblib.load("weights.joblib", mmap_mode="r+")

# %%
weights = loaded["w"]

# %%
weights[:] = 8

# %%
print(joblib.load("weights.joblib"))

# %%
with open("text.bin", "wb") as file:
    file.write(b"hello world")

# %%
with open("text.bin", "r+b") as file:
    text = mmap.mmap(file.fileno(), 0)

# %%
text[0:5] = b"HELLO"

# %%
print(open("text.bin", "rb").read())

# %%
many = [np.lib.format.open_memmap(f"{i}.npy", mode="w+", dtype="int64", shape=(2,)) for i in range(2)]

# %%
for i, each in enumerate(many):
    each[:] = i + 1

# %%
print([np.load(f"{i}.npy") for i in range(2)])

# %%
buf = io.StringIO()

# %%
w = csv.writer(buf)

# %%
before = [buf.getvalue()]

# %%
w.writerow([1, 2])

# %%
print(repr(buf.getvalue()), before)

# %%
dw = csv.DictWriter(buf, ["a"])

# %%
dw.writeheader()

# %%
print(repr(buf.getvalue()))

# %%
bb = io.BytesIO()

# %%
zf = zipfile.ZipFile(bb, "w")

# %%
empty = len(bb.getvalue())

# %%
zf.writestr(zipfile.ZipInfo("a"), "b")

# %%
zf.close()

# %%
print(len(bb.getvalue()), empty)

# %%
gz = gzip.GzipFile(fileobj=(gb := io.BytesIO()), mode="wb", mtime=0)

# %%
first = len(gb.getvalue())

# %%
gz.write(b"abc" * 100)

# %%
gz.close()

# %%
print(len(gb.getvalue()) > first)

# %%
sio = io.StringIO("a\nb\nc\n")

# %%
rd = csv.reader(sio)

# %%
at = sio.tell()

# %%
print(next(rd))

# %%
print(sio.read(), at)

# SPDX-License-Identifier: Apache-2.0
"""Files that steps hand to one another by paths which the program puts together: joined, formatted, from the current
folder, listed, or named to functions of which nobody knows what they do; each use waits for those before it that may be
of the same file."""

# %%
import os
import json
import pickle
import csv
from pathlib import Path
import numpy as np
import pandas as pd
import joblib
import filecmp
import gzip
import linecache
import time
from sklearn.datasets import dump_svmlight_file, load_svmlight_file

# %%
import shutil
import subprocess
import sys
shutil.rmtree("out", ignore_errors=True)
os.makedirs("out")
OUT = Path("out")

# %%
df = pd.DataFrame({"a": [1, 2, 3], "b": list("xyz")})
df.to_csv("out/df.csv", index=False)

# %%
again = pd.read_csv("out/df.csv")
print(again.shape)

# %%
again["c"] = again.a * 2
again.to_csv(OUT / "df.csv", index=False)

# %%
print(pd.read_csv(os.path.join("out", "df.csv")).columns.tolist())

# %%
with open("out/conf.json", "w") as f:
    json.dump({"lr": 0.1}, f)

# %%
with open("out/conf.json") as f:
    conf = json.load(f)
conf["lr"] *= 2

# %%
with open("out/conf.json", "w") as f:
    json.dump(conf, f)

# %%
print(json.load(open("out/conf.json")))

# %%
np.save("out/a.npy", np.arange(5))

# %%
a = np.load("out/a.npy")
a[0] = 9
np.save("out/a.npy", a)

# %%
print(np.load("out/a.npy"))

# %%
joblib.dump({"m": a}, "out/m.joblib")

# %%
m = joblib.load("out/m.joblib")["m"]
m += 1
print(m, a)

# %%
for i in range(3):
    (OUT / f"part{i}.txt").write_text(str(i))

# %%
parts = sorted(p.name for p in OUT.glob("part*.txt"))
print(parts)

# %%
print(sorted(os.listdir("out")))

# %%
with open(OUT / "log.txt", "a") as log:
    log.write("one\n")

# %%
with open(OUT / "log.txt", "a") as log:
    log.write("two\n")

# %%
print((OUT / "log.txt").read_text())

# %%
os.remove("out/part0.txt")

# %%
print(os.path.exists("out/part0.txt"), len(list(OUT.iterdir())))

# %%
os.chdir("out")

# %%
print(os.path.basename(os.getcwd()), os.path.exists("df.csv"))

# %%
open("here.txt", "w").write("h")

# %%
os.chdir("..")
print(open("out/here.txt").read())

# %%
import tarfile
import zipfile

# %%
os.makedirs("packed", exist_ok=True)
with open("packed/a.txt", "w") as f:
    f.write("for archives")

# %%
with zipfile.ZipFile("all.zip", "w") as archive:
    archive.write("packed/a.txt")

# %%
with tarfile.open("all.tar", "w") as archive:
    archive.add("packed/a.txt", arcname="b.txt")

# %%
with zipfile.ZipFile("all.zip") as archive:
    archive.extractall("unpacked")

# %%
with tarfile.open("all.tar") as archive:
    archive.extract("b.txt", "unpacked")

# %%
print(open("unpacked/packed/a.txt").read(), open("unpacked/b.txt").read())

# %%
subprocess.run(["sh", "-c", "echo by a command > commanded.txt"], check=True)
done = subprocess.run([sys.executable, "-c", "open('computed.txt', 'w').write('by another')"], check=True).returncode

# %%
print(Path("commanded.txt").read_text(), Path("computed.txt").read_text())

# %%
Path("modules").mkdir(exist_ok=True)
Path("modules/beside.py").write_text("value = 3\n");

# %%
sys.path.insert(0, "modules")

# %%
import beside

# %%
print(beside.value)

# %%
time.sleep(0.5)
late = ["who writes waits for it: who read too early would be seen"]

# %%
dump_svmlight_file(np.eye(2), np.arange(2) + len(late), "named.svm")

# %%
print(load_svmlight_file("named.svm"))

# %%
with gzip.GzipFile("named.gz", "wb") as packed:
    packed.write(late[0].encode())

# %%
with gzip.GzipFile("named.gz") as packed:
    print(packed.read())

# %%
np.arange(len(late) + 2).tofile("raw.bin")

# %%
print(np.fromfile("raw.bin", dtype="int64"))

# %%
Path("one.txt").write_text(late[0])
Path("two.txt").write_text(late[0])

# %%
print(filecmp.cmp("one.txt", "two.txt", shallow=False), os.access("one.txt", os.R_OK), os.path.lexists("two.txt"))

# %%
os.chmod("two.txt", 0o600 + 0o100 * len(late))

# %%
print(oct(os.stat("two.txt").st_mode & 0o777))

# %%
Path("two.txt").replace("three.txt")

# %%
print(os.path.lexists("two.txt"), linecache.getline("three.txt", 1))

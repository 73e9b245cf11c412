# SPDX-License-Identifier: Apache-2.0
"""State that libraries keep: generators of random numbers, options, the environment, the module path."""

# %%
import os
import sys
import random
import warnings
import numpy as np
import pandas as pd

# %%
np.random.seed(0)
random.seed(0)

# %%
a = np.random.rand(3)

# %%
b = [random.random() for _ in range(2)]

# %%
c = np.random.permutation(5)
random.shuffle(b)

# %%
print(a, b, c)

# %%
rng = np.random.default_rng(7)

# %%
x = rng.normal(size=2)

# %%
y = rng.integers(0, 10, 3)

# %%
print(x, y, rng.random())

# %%
os.environ["MODE"] = "fast"

# %%
mode = os.environ.get("MODE", "slow")
print(mode)

# %%
os.environ["MODE"] = mode.upper()

# %%
print(os.environ["MODE"])

# %%
pd.set_option("display.max_rows", 4)
warnings.filterwarnings("ignore")
np.set_printoptions(precision=2)

# %%
print(pd.DataFrame({"q": range(10)}))
print(np.array([1.23456]))

# %%
pd.options.display.max_rows = 6
print(pd.get_option("display.max_rows"))

# %%
print(pd.Series(range(20)))

# %%
sys.path.insert(0, "lib")

# %%
print(sys.path[0])

# %%
state = random.getstate()
v1 = random.random()

# %%
random.setstate(state)
v2 = random.random()
print(v1 == v2)

# %%
st = np.random.get_state()
w1 = np.random.rand()

# %%
np.random.set_state(st)
print(w1 == np.random.rand())

# %%
r = np.random.RandomState(5)
s = r

# %%
s.rand()

# %%
print(r.rand(), np.random.randint(100))

# %%
from decimal import Decimal, getcontext

# %%
getcontext().prec = 5

# %%
print(Decimal(1) / Decimal(7))

# %%
import decimal

# %%
context = decimal.getcontext()

# %%
context.prec = 5

# %%
third = decimal.Decimal(1) / 3
print(third, context.flags[decimal.Inexact])

# %%
decimal.getcontext().clear_flags()

# %%
print(context.flags[decimal.Inexact], decimal.getcontext().prec)

# %%
import json

# %%
plain = json.dumps
json.dumps = lambda value: "mine"

# %%
print(json.dumps([1]))

# %%
json.dumps = plain

# %%
print(json.dumps([1]))

# %%
pd.set_option("display.max_rows", 7)

# %%
wide = pd.DataFrame(np.arange(60).reshape(20, 3))

# %%
pd.set_option("display.max_columns", len(wide.columns))

# %%
print(wide)

# %%
pd.reset_option("display.max_rows")

# %%
print(wide, pd.get_option("display.max_columns"))

# %%
import calendar
import codecs
import csv
import email.charset
import io
import logging
import mimetypes
import os
import sqlite3
import sys
import time
import zoneinfo
import xml.etree.ElementTree as ET
import matplotlib as mpl
import matplotlib.pyplot as plt

# %%
calendar.setfirstweekday(calendar.SUNDAY)

# %%
mimetypes.add_type("x/y", ".xyz")

# %%
mpl.rc("lines", linewidth=4)

# %%
mpl.colormaps.register(mpl.colormaps["viridis"].copy(), name="mine")

# %%
csv.register_dialect("semi", delimiter=";")

# %%
csv.field_size_limit(999999);

# %%
codecs.register_error("mine", lambda e: ("?", e.end))

# %%
os.environ["TZ"] = "Asia/Tokyo"
time.tzset()

# %%
zoneinfo.reset_tzpath(["/x"])

# %%
email.charset.add_alias("mineal", "utf-8")

# %%
ET.register_namespace("q", "http://q")

# %%
sqlite3.register_adapter(complex, str)

# %%
logging.addLevelName(5, "TRACE")

# %%
os.environ["GONE"] = "2"

# %%
print(os.getenv("GONE"))

# %%
del os.environ["GONE"]

# %%
sys.path.append("added")
sys.path.remove("added")

# %%
mimetypes.suffix_map.update({".q": ".w"})

# %%
print(calendar.month(2024, 1)[:60], mimetypes.guess_type("a.xyz"), plt.rcParams["lines.linewidth"], "mine" in mpl.colormaps)

# %%
print(csv.list_dialects(), list(csv.reader(io.StringIO("a;b"), "semi")), csv.field_size_limit(), "é".encode("ascii", "mine"))

# %%
print(time.strftime("%H", time.localtime(0)), zoneinfo.TZPATH, "mineal" in email.charset.ALIASES)

# %%
print(ET.tostring(ET.Element("{http://q}a")), sqlite3.connect(":memory:").execute("select ?", (1j,)).fetchone())

# %%
print(logging.getLevelName(5), os.getenv("GONE"), "added" in sys.path, mimetypes.suffix_map[".q"])

# %%
get_ipython().run_line_magic("env", "BAR=1")

# %%
print(os.environ.get("BAR"))

# State of the process: patches that were started hold until they are stopped, in whatever runs; so do names put into builtins and
# handlers that change values. DuckDB's default database is in memory: who only asks about the notebook's tables doesn't need it.
# %%
import builtins
import signal
import time
from unittest import mock

import duckdb
import pandas as pd
# %% tags=["step:freeze"]
mock.patch("time.time", return_value=5.0).start()
# %% tags=["step:use"]
now = time.time()
# %% tags=["step:thaw"]
mock.patch.stopall()
# %% tags=["step:later"]
later = time.time()
# %% tags=["step:table"]
table = pd.DataFrame({"a": [1, 2, 3]})
# %% tags=["step:ask"]
large = duckdb.sql("select a from table where a > 1").df()
# %% tags=["step:create"]
duckdb.sql("create table kept as select * from table")
# %% tags=["step:query"]
kept = duckdb.sql("select sum(a) from kept").df()
# %% tags=["step:handle"]
hits = []
signal.signal(signal.SIGUSR1, lambda number, frame: hits.append(number))
# %% tags=["step:raise"]
signal.raise_signal(signal.SIGUSR1)
# %% tags=["step:builtin"]
builtins.answer = 42
# %% tags=["step:last"]
print(answer)

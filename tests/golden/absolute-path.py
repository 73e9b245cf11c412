# %%
import pandas as pd

df = pd.read_csv("/home/ann/measurements.csv")
shared = pd.read_csv("/data/measurements.csv")
scratch = pd.read_csv("/tmp/measurements.csv")
# %%
df.to_csv("~/out.csv")
more = pd.read_csv("/home/ann/measurements.csv")

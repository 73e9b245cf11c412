# %% tags=["notebook:helper"] notebook_path="parts/helper.py"

# %% tags=["notebook:other"] notebook_path="parts/other.py"

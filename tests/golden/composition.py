# %% tags=["notebook:nowhere"]

# %% tags=["notebook:composition"] notebook_path="./composition.py"

# %% tags=["notebook:helper"] notebook_path="parts/helper.py"
# A comment may stand here,
print ("but no code")

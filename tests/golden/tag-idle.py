# A time zone is of a schedule, and no cell has one.

# %% tags=["step:load", "timezone:Europe/Berlin"]
x = 1

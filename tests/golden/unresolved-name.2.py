# %% tags=["step:a"]
if len ("x") > 2:
    print ("só às vezes", gone)

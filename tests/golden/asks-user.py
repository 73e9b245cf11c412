# %%
from getpass import getpass

rounds = int(input("How many rounds? "))
# %%
token = getpass()
print(rounds)

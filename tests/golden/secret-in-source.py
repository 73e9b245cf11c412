# %%
import os

from database import connect, settings

password = "correct4horse7battery"
placeholder_password = "your-password-123"
api_key = os.environ["API_KEY"]
secret_name = "a sentence about 2 or 3 secrets"
# %%
connect(host="db", password="s3cr3t0815x", user="ann12345")
settings["access_token"] = "q7w8e9r0t1z2"
key_id = "AKIA" "IOSFODNN7EXAMPL3"
database = "postgres://ann:t0psecret@db.example.org/sales"
shown = "postgres://user:password@host/name"
!pip install git+https://ann:t0psecret@github.com/ann/probe@v1

# %% tags=["step:a"]
def shout ():
    """
    >>> shout ()
    """

request = """Complete the chat.
>>> user: hello
"""

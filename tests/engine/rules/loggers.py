# SPDX-License-Identifier: Apache-2.0
"""Loggers and warnings: set up between the cells that use them."""

# %%
import logging, sys

# %%
logger = logging.getLogger("q")
logger.addHandler(logging.StreamHandler(sys.stdout))
logger.setLevel(logging.INFO)

# %%
logger.info("one")

# %%
logger.setLevel(logging.WARNING)

# %%
logger.info("two")

# %%
logging.getLogger("q").disabled = True

# %%
logger.warning("three")

# %%
def hear(m): logging.getLogger("q").error(m)

# %%
logging.getLogger("q").disabled = False
hear("four")

# %%
logging.disable(logging.CRITICAL)

# %%
hear("five")

# %%
import warnings
warnings.simplefilter("error")

# %%
try:
    warnings.warn("x")
except UserWarning as e:
    print("caught")

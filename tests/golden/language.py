# ---
# jupyter:
#   kernelspec:
#     display_name: R
#     language: R
#     name: ir
# ---

# %% tags=["step:a"]
x = 1
y <- mean(c(1, 2))
if (y > 1) {

# form: untagged
# SPDX-License-Identifier: Apache-2.0
"""Coroutines run when they are awaited, tasks as soon as nothing else does: not where they are made."""

# %%
import asyncio

# %%
log = []

async def work(x):
    await asyncio.sleep(0)
    log.append(x)
    return [x]

# %%
later = work("later")

# %%
print(log)

# %%
given = await later

# %%
given.append("more")

# %%
print(given, log)

# %%
many = [work(n) for n in range(2)]

# %%
print(log)

# %%
results = await asyncio.gather(*many)

# %%
results[0].append("more")

# %%
print(results, log)

# %%
tasks = [asyncio.create_task(work(name)) for name in "xy"]

# %%
started = len(log)

# %%
done = await asyncio.gather(*tasks)

# %%
print(done, log)

# %%
async def count(n):
    for i in range(n):
        log.append(i)
        yield i

# %%
numbers = count(3)

# %%
first = await numbers.__anext__()

# %%
print(first, log)

# %%
print([number async for number in numbers], log)

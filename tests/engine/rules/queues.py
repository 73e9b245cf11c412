# SPDX-License-Identifier: Apache-2.0
"""What queues, heaps and lists that are extended hold is what comes out of them."""

# %%
import bisect
import heapq
import queue
from collections import ChainMap, deque

# %%
start, near, far, late = [], [], [], []

# %%
todo, seen = deque([start]), []
while todo:
    at = todo.popleft()
    at.append(len(seen))
    seen.append(at)
    if at is start:
        todo.extend([near, far])
        todo.extendleft([late])

# %%
print(start)

# %%
print(near)

# %%
print(far, late)

# %%
first, second, third, fourth = [], [], [], []

# %%
heap = []
heapq.heappush(heap, (1, first))
heapq.heappop(heap)[1].append(1)
heapq.heappush(heap, (2, second))
heapq.heapreplace(heap, (3, third))[1].append(2)
heap[0][1].append(3)
bisect.insort(heap, (4, fourth))
heap[-1][1].append(4)

# %%
print(first, second)

# %%
print(third)

# %%
print(fourth)

# %%
put, mapped = [], []
waiting = queue.Queue()
waiting.put(put)
waiting.get().append(1)
del waiting
ChainMap({"x": mapped})["x"].append(1)

# %%
rows, more = [], [[1], [2]]
rows.extend(more)

# %%
rows[0].append("late")

# %%
print(more)

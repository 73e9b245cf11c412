# Eight steps that train real models on scikit-learn's digits: three that prepare, four that are independent of each
# other, one that compares. As it stands it is also the plain script that the pipeline is measured against.
# SPDX-License-Identifier: Apache-2.0

# %% tags=["imports"]
import numpy as np
import pandas as pd
import matplotlib
matplotlib.use("agg")
import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.metrics import accuracy_score, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

# %% tags=["step:load"]
digits = load_digits()
images, labels = digits.images, digits.target
print(images.shape)

# %% tags=["step:augment"]
moves = [(0, 0), (1, 0), (-1, 0), (0, 1), (0, -1)]
pixels = np.concatenate([np.roll(images, move, axis=(1, 2)).reshape(len(images), -1) for move in moves])
target = np.tile(labels, len(moves))

# %% tags=["step:split"]
train_x, test_x, train_y, test_y = train_test_split(pixels, target, test_size=0.25, random_state=0)
scaler = StandardScaler().fit(train_x)
train_x, test_x = scaler.transform(train_x), scaler.transform(test_x)

# %% tags=["step:forest"]
forest = RandomForestClassifier(n_estimators=80, random_state=0).fit(train_x, train_y)
forest_says = forest.predict(test_x)

# %% tags=["step:vectors"]
vectors = SVC(C=5).fit(train_x, train_y)
vectors_say = vectors.predict(test_x)

# %% tags=["step:trees"]
trees = ExtraTreesClassifier(n_estimators=120, random_state=0).fit(train_x, train_y)
trees_say = trees.predict(test_x)

# %% tags=["step:neighbors"]
neighbors = KNeighborsClassifier(n_neighbors=5, algorithm="kd_tree").fit(train_x, train_y)
neighbors_say = neighbors.predict(test_x)

# %% tags=["step:compare"]
said = {"forest": forest_says, "vectors": vectors_say, "trees": trees_say, "neighbors": neighbors_say}
table = pd.DataFrame({"model": list(said), "accuracy": [accuracy_score(test_y, what) for what in said.values()]})
best = table.sort_values("accuracy").iloc[-1]
figure, axes = plt.subplots()
axes.imshow(confusion_matrix(test_y, said[best["model"]]))
figure.savefig("confusion.png")
plt.close(figure)
print(table)

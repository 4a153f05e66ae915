"""
Add a dataset from a local CSV
==============================

The benchmark takes a CSV file as it is: no code, no address to download from. The file is known by
the checksum of its content, so results stay valid wherever it lies.
"""

# %%
# A file such as you may have. The names of its columns stand in the first line.

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

folder = TemporaryDirectory()
rng = np.random.default_rng(0)
rooms, size = rng.integers(1, 7, 500), rng.uniform(30, 200, 500)
price = 1000 * (20 * rooms + 3 * size + rng.normal(0, 30, 500))
houses = pd.DataFrame({"city": "Granada", "rooms": rooms, "size": size, "price": price.round()})
houses.to_csv(Path(folder.name) / "houses.csv", index=False)


def run(command: str) -> None:
    """Run a command line where the file lies, and print what it says."""
    done = subprocess.run(
        [sys.executable, *command.split()[1:]],
        cwd=folder.name,
        env=os.environ | {"DENOGRAD_RESULTS": "results", "COLUMNS": "90"},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout + done.stderr)


# %%
# Name the file and the column to predict. What cannot be used is refused before anything runs, and
# the message says what to add.

run("python -m experiments dataset=csv dataset.file=houses.csv dataset.target=price")

# %%
# So leave the city out, and choose denoisers and regressors.

run(
    "python -m experiments dataset=csv dataset.file=houses.csv dataset.target=price "
    "dataset.drop=[city] denoiser=[identity,shrink_target,pca] regressor=[ridge,knn]"
)

# %%
# The report has a row per denoiser. `held_out` says whether training on refined rows lowers the
# error on rows that nobody touched.

run("python -m experiments report")

# %%
# Rows in time order are a series: add ``dataset.domain=series``. Two files of one name are told
# apart in tables by ``dataset.name=...``.
#
# A dataset that others are to have too is a class of its own, with its source, licence and
# checksum: a file in ``experiments/datasets/`` and one in ``conf/dataset/``. The files there are
# the best examples; :doc:`/reference/config` shows them all.

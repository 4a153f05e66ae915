"""
Reproduce one table of the paper
================================

The published evaluation is a matrix of datasets × denoisers × regressors. This page runs a small
corner of it, and then makes the main table of the whole from what has been computed and archived.
"""

# %%
# One small run: a synthetic table with noise, two denoisers, one regressor, both protocols. On the
# command line it is the line in quotes.

import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

COMMAND = """\
python -m experiments dataset=friedman dataset.n=600 noise.sigma=0.1 seed=0
    denoiser=[identity,shrink_target,kalman,pca] regressor=[ridge,knn] name=corner
"""
folder = TemporaryDirectory()


def run(command: str) -> str:
    """Run a command line in a folder of its own, and return what it says."""
    done = subprocess.run(
        [sys.executable, *command.split()[1:]],
        cwd=folder.name,
        env=os.environ | {"DENOGRAD_RESULTS": "results", "COLUMNS": "90"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout + done.stderr


print(run(COMMAND))

# %%
# The report prints the main table and writes all others. Imp% is the improvement of the error in
# per cent. `shrink_target` halves the target's deviations, and that is all it takes under
# `published`.

print(run("python -m experiments report --experiment corner"))

# %%
# The whole matrix takes hours of two cores; its records are in the repository, and every published
# table is made from them (``make tables`` writes all). This is Imp% on every table, without added
# noise.

import experiments
from experiments.analysis.view import views
from experiments.report.tables import imp
from experiments.store.archive import NAME, Archive
from experiments.store.long_table import long_table

results = Path(experiments.__file__).parents[1] / "results"
records = Archive.read(results / NAME).listed("paper_tabular")
print(imp.tables(views(long_table(records)))[0].text(90))

# %%
# To compute what is missing from it, or all of it on other data, name the experiment:
#
# .. code-block:: sh
#
#    DENOGRAD_DATA=~/data make reproduce EXPERIMENT=paper_tabular
#
# :doc:`/explanations/protocols` says what the two columns of each dataset mean.

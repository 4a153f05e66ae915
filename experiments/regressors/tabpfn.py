"""A pretrained transformer that is shown the rows."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from denograd.base import DescribesData
from experiments.regressors.base import Array, BaseRegressor

# Rows of a forward pass beside the training rows; it bounds the memory.
_BATCH = 4096


@dataclass(eq=False, repr=False)
class TabPFNRegressor(BaseRegressor):
    """TabPFN v2: the training rows are context for a pretrained transformer, nothing is trained.

    It needs the optional package `tabpfn` and its weights as a local file; nothing is downloaded.
    Where one of them is missing, `why_skip` says so.

    Parameters
    ----------
    max_train_rows : int, default 3000
        Most rows that are shown; of more, a random sample in the order of the rows.
    n_estimators : int, default 1
        Predictions that are averaged, each from other permutations of the columns.
    weights : str, default "tabpfn-v2-regressor.ckpt"
        The weights file. A bare name is looked for in the working directory, then in
        `TABPFN_MODEL_CACHE_DIR` or else the user's cache folder of `tabpfn`.
    random_state : int, optional
        Seed of the sample and of the permutations.
    device : str, optional
        Where to compute; None takes a CUDA device if there is one.

    References
    ----------
    Hollmann, Müller, Purucker, Krishnakumar, Körfer, Hoo, Schirrmeister and Hutter (2025). Accurate
    predictions on small data with a tabular foundation model. Nature 637, 319-326.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"tabular"})
    method: ClassVar[str] = "tabpfn"

    max_train_rows: int = 3000
    n_estimators: int = 1
    weights: str = "tabpfn-v2-regressor.ckpt"
    random_state: int | None = None
    device: str | None = None

    def why_skip(self, dataset: DescribesData) -> str | None:
        """Say why a dataset is left out, also where the package or its weights are not here."""
        return super().why_skip(dataset) or self._what_is_missing()

    def _what_is_missing(self) -> str | None:
        if importlib.util.find_spec("tabpfn") is None:
            return "tabpfn needs the package of that name: pip install 'denograd-repro[tabpfn]'"
        if self._find_weights() is None:
            return (
                f"tabpfn needs the weights file {self.weights!r}: put it into tabpfn's cache "
                "folder or set TABPFN_MODEL_CACHE_DIR to its folder "
                "(https://huggingface.co/Prior-Labs/TabPFN-v2-reg, Apache-2.0 with attribution)"
            )
        return None

    def _find_weights(self) -> Path | None:
        from tabpfn.model_loading import get_cache_dir

        given = Path(self.weights).expanduser()
        # Joined to a folder, an absolute path stays what it is.
        places = (given, get_cache_dir() / given)
        return next((place.resolve() for place in places if place.is_file()), None)

    def _fit(self, X: Array, y: Array, X_val: Array | None, y_val: Array | None) -> None:
        missing = self._what_is_missing()
        if missing:
            raise RuntimeError(missing)
        import torch
        from tabpfn import TabPFNRegressor as Model

        from denograd.training import seeded

        rng = np.random.default_rng(self.random_state)
        if len(X) > self.max_train_rows:
            shown = np.sort(rng.choice(len(X), self.max_train_rows, replace=False))
            X, y = X[shown], y[shown]
        model = Model(
            model_path=self._find_weights(),
            n_estimators=self.n_estimators,
            device=self.device or "auto",
            # Half precision on a GPU would give other predictions than a CPU.
            inference_precision=torch.float32,
            # It would refuse more than 1000 rows on a CPU, where it is slow but right.
            ignore_pretraining_limits=True,
            random_state=int(rng.integers(2**31)),
        )
        # Loading draws from torch's global generator before the weights are read from the file.
        with seeded(self.random_state):
            self.model_ = model.fit(X, y)

    def _predict(self, X: Array) -> ArrayLike:
        batches = (X[start : start + _BATCH] for start in range(0, len(X), _BATCH))
        return np.concatenate([self.model_.predict(batch) for batch in batches])

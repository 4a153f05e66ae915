"""TabPFN: a network that is shown the rows instead of being trained on them."""

import copy
import os
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from denograd.networks._base import Network


class TabPFN(Network):
    """Pretrained transformer that predicts rows from a context of other rows and their targets.

    It has to be shown the context (`set_context`) before it is used. Its weights come from a local
    file and stay as they are; nothing is downloaded. It runs in its differentiable mode with one
    estimator, and gradients reach all rows that take part. Computing time and memory grow with the
    square of their number: on a CPU `tabpfn` warns above 200 rows and refuses above 1000.

    Parameters
    ----------
    n_features : int
        Columns of the table.
    n_targets : int, default 1
        Columns of the output; TabPFN predicts one.
    window : None
        Accepted for the sake of a common signature; only rows of a table are read.
    weights : str, default "tabpfn-v2-regressor.ckpt"
        The weights file. A bare name is looked for in the working directory, then in
        `TABPFN_MODEL_CACHE_DIR` or else the user's cache folder of `tabpfn`.
    context : {"refined", "fitted"}, default "refined"
        Whose prediction is formed from what. "refined": the rows that the network is called with
        are context for each other, with the targets given to `set_context`; so a row's gradient
        also counts what it does to the predictions of others, and the network must always be
        called with all rows, in that order. "fitted": the rows given to `set_context` are the
        context, constant like weights; then rows are independent of each other.
    precision : {"float32", "float64"}, default "float32"
        Of the computation; `tabpfn` hands its result on in single precision either way. Without
        an explicit precision gradients would be noisy.

    References
    ----------
    Hollmann, Müller, Purucker, Krishnakumar, Körfer, Hoo, Schirrmeister and Hutter (2025). Accurate
    predictions on small data with a tabular foundation model. Nature 637, 319-326.
    """

    domains: ClassVar[frozenset[str]] = frozenset({"tabular"})
    context_rows: Tensor | None
    context_targets: Tensor | None

    def __init__(
        self,
        n_features: int,
        n_targets: int = 1,
        window: int | None = None,
        weights: str = "tabpfn-v2-regressor.ckpt",
        context: Literal["refined", "fitted"] = "refined",
        precision: Literal["float32", "float64"] = "float32",
    ) -> None:
        super().__init__(n_features, n_targets, window)
        if n_targets != 1:
            raise ValueError(f"TabPFN predicts one target, got n_targets={n_targets}")
        if context not in ("refined", "fitted"):
            raise ValueError(f"TabPFN: context must be 'refined' or 'fitted', got {context!r}")
        if precision not in ("float32", "float64"):
            raise ValueError(f"TabPFN: precision must be 'float32' or 'float64', got {precision!r}")
        self.rows_are_independent = context == "fitted"
        self._estimator = load_estimator(weights, n_features, getattr(torch, precision))
        # As a submodule it is frozen, moved and saved like the weights of any other network.
        self.transformer: nn.Module = self._estimator.models_[0]
        self.register_buffer("context_rows", None)
        self.register_buffer("context_targets", None)

    def set_context(self, X: Tensor, y: Tensor) -> None:
        """Show the network rows and their targets, in place of training.

        Parameters
        ----------
        X : Tensor of shape (n, n_features)
            At least two rows.
        y : Tensor of shape (n,) or (n, 1)
            Their targets, not all equal.
        """
        self.check_input(X)
        if len(X) < 2 or y.shape not in ((len(X),), (len(X), 1)):
            raise ValueError(
                "TabPFN needs a context of at least two rows with one target each, got shapes "
                f"{tuple(X.shape)} and {tuple(y.shape)}"
            )
        if (y == y.flatten()[0]).all():
            raise ValueError("TabPFN cannot learn from a context whose targets are all equal")
        device = next(self.parameters()).device
        self.context_rows = X.detach().clone().to(device)
        self.context_targets = y.detach().flatten().clone().to(device)

    def forward(self, x: Tensor) -> Tensor:
        """Map rows to predictions, (n, n_features) to (n, 1)."""
        self.check_input(x)
        if self.context_rows is None or self.context_targets is None:
            raise RuntimeError(
                "TabPFN has not been shown any rows: call set_context(X, y) with the rows to learn "
                "from (for context='refined', the rows to refine)"
            )
        shown = len(self.context_targets)
        if not self.rows_are_independent and len(x) != shown:
            raise ValueError(
                f"TabPFN was shown {shown} rows that are context for each other and cannot be "
                f"called with {len(x)} of them: use no batches, or context='fitted'"
            )
        # A copy, since what it keeps of a fit holds on to the graph of `x`.
        estimator = copy.copy(self._estimator)
        estimator.to(x.device)
        rows = self.context_rows.to(x) if self.rows_are_independent else x
        estimator.fit_with_differentiable_input(rows, self.context_targets)
        _, logits, _ = estimator.forward(x, use_inference_mode=True)  # the only mode it allows
        mean: Tensor = estimator.raw_space_bardist_.mean(torch.stack(logits).mean(0))
        return mean.to(x.dtype).reshape(-1, 1)


def load_estimator(weights: str, n_features: int, precision: torch.dtype) -> Any:
    """Load a `tabpfn.TabPFNRegressor` whose output is a differentiable function of its rows.

    Parameters
    ----------
    weights : str
        Path or bare name of the weights file.
    n_features : int
        Columns of the table.
    precision : torch.dtype
        Of the computation.
    """
    try:
        from tabpfn import TabPFNRegressor
        from tabpfn.model_loading import get_cache_dir
    except ModuleNotFoundError as error:
        if error.name != "tabpfn":
            raise
        raise ModuleNotFoundError(
            "the network 'tabpfn' needs the package of that name: "
            "pip install 'denograd-repro[tabpfn]'",
            name="tabpfn",
        ) from error
    estimator = TabPFNRegressor(
        model_path=_find(weights, get_cache_dir()),
        device="cpu",
        n_estimators=1,
        differentiable_input=True,
        inference_precision=precision,
        random_state=0,
        # A hash of every row as one more column would make the output jump with any change of X.
        inference_config={"FINGERPRINT_FEATURE": False},
    )
    # The weights are loaded by the first fit, whose rows do not matter.
    ramp = torch.arange(2.0)
    estimator.fit_with_differentiable_input(ramp.unsqueeze(1).repeat(1, n_features), ramp)
    del estimator.executor_, estimator.ensemble_preprocessor_
    return estimator


def _find(weights: str, cache: Path) -> Path:
    path = Path(weights).expanduser()
    bare = path.name == os.fspath(path)
    for candidate in (path, cache / path) if bare else (path,):
        if candidate.is_file():
            return candidate.resolve()
    places = f"in the working directory or in {cache}" if bare else "there"
    raise FileNotFoundError(
        f"TabPFN: no weights file {weights!r} {places}. Download tabpfn-v2-regressor.ckpt from "
        "https://huggingface.co/Prior-Labs/TabPFN-v2-reg (Apache-2.0 with attribution) to "
        f"{cache}, or set TABPFN_MODEL_CACHE_DIR to its folder, or give its path as weights="
    )

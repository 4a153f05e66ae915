"""A network as a function from samples to predictions, and how it wants them handed over."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

Layout = Literal["rows", "time_first", "channels_first", "flat"]
"""How a batch is handed to the network: rows (B, F), windows (B, W, C), (B, C, W) or (B, W * C)."""


class OutputError(ValueError):
    """A model returned something else than one prediction per sample and target."""


class Predictor:
    """A frozen network as a function from a batch of rows or windows to (batch, n_targets).

    Parameters
    ----------
    model : nn.Module
        The network.
    n_targets : int
        Columns that it has to predict.
    layout : {"rows", "time_first", "channels_first", "flat"}
        How it wants its batch.
    """

    def __init__(self, model: nn.Module, n_targets: int, layout: Layout = "rows") -> None:
        self.model = model
        self.n_targets = n_targets
        self.layout = layout

    @property
    def rows_are_independent(self) -> bool:
        """Whether a prediction depends on its own row alone (not so where rows are context)."""
        return self.declared is not False

    @property
    def declared(self) -> bool | None:
        """What the network says of that itself, if anything."""
        found = getattr(self.model, "rows_are_independent", None)
        return None if found is None else bool(found)

    def __call__(self, batch: Tensor) -> Tensor:
        """Predict a batch.

        Raises
        ------
        OutputError
            When the model returns anything but one prediction per sample and target.
        """
        if self.layout == "channels_first":
            batch = batch.transpose(1, 2)
        elif self.layout == "flat":
            batch = batch.flatten(1)
        # A copy, since a network may write to what it is given.
        prediction = self.model(batch.clone())
        if not isinstance(prediction, Tensor):
            raise OutputError(
                f"The model returns {type(prediction).__name__}; it has to return one tensor of "
                f"predictions, (batch, {self.n_targets})."
            )
        expected = (len(batch), self.n_targets)
        if prediction.shape == expected:
            return prediction
        # Dimensions of one that a last `squeeze` has taken away.
        if prediction.ndim < 2 and 1 in expected and prediction.numel() == max(expected):
            return prediction.reshape(expected)
        raise OutputError(
            f"The model returns shape {tuple(prediction.shape)} for a batch of shape "
            f"{tuple(batch.shape)}; y asks for {expected}."
        )


def window_layouts(
    n_channels: int, window_size: int, flattening: bool, channels_first: bool | None
) -> tuple[Layout, ...]:
    """Layouts of windows to try on a network, in this order."""
    if flattening:
        if channels_first is not None:
            raise ValueError("channels_first has no effect with flattening=True.")
        return ("flat",)
    if channels_first is not None:
        return ("channels_first",) if channels_first else ("time_first",)
    if n_channels == window_size:
        raise ValueError(
            f"Window and channels are both {window_size}, so the model's answer does not tell "
            "which way round it takes them: pass channels_first=True for (batch, channels, time), "
            "False for (batch, time, channels)."
        )
    return ("time_first", "channels_first")

"""What all networks share: facts about them, and checks of what they are given."""

from typing import ClassVar

from torch import Tensor, nn

from denograd.checks import check_count, check_number

_HINTS = {
    "tabular": "it reads the rows of a table, not the windows of a series",
    "series": "it reads the windows of a series, not the rows of a table",
}


class Network(nn.Module):
    """A network from (batch, n_features) or (batch, window, n_features) to (batch, n_targets).

    Parameters
    ----------
    n_features : int
        Columns of the table, or channels of the series.
    n_targets : int, default 1
        Columns of the output.
    window : int, optional
        Time steps of a window; None stands for the rows of a table.

    Attributes
    ----------
    n_steps : int
        Time steps of an input: the window, or 1 for the rows of a table.
    domains : frozenset of str
        What the network reads: "tabular" (rows), "series" (windows), or both.
    rows_are_independent : bool
        Whether, in eval mode, the output of a row depends on that row alone. Where it does not,
        neither batches of rows nor a set of active rows may be used.
    revision : int
        Raised when other results come out of the same settings: those with the network made before
        are not taken for the same any more.
    """

    domains: ClassVar[frozenset[str]]
    revision: ClassVar[int] = 1
    rows_are_independent: bool = True

    def __init__(self, n_features: int, n_targets: int = 1, window: int | None = None) -> None:
        super().__init__()
        check_counts(self, n_features=n_features, n_targets=n_targets)
        domain = "tabular" if window is None else "series"
        if domain not in self.domains:
            (hint,) = (_HINTS[name] for name in self.domains)
            raise ValueError(f"{type(self).__name__} got window={window!r}; {hint}")
        if window is not None:
            check_counts(self, window=window)
        self.n_features = n_features
        self.n_targets = n_targets
        self.window = window
        self.n_steps = window or 1

    def check_input(self, x: Tensor) -> None:
        """Raise a ValueError that names both shapes if `x` is not a batch for this network."""
        row = (self.n_features,) if self.window is None else (self.window, self.n_features)
        if tuple(x.shape[1:]) != row:
            expected = ", ".join(map(str, ("batch", *row)))
            raise ValueError(
                f"{type(self).__name__} expects shape ({expected}), got {tuple(x.shape)}"
            )


def check_counts(owner: object, **counts: object) -> None:
    """Raise a ValueError that names the first of `counts` that is no positive integer."""
    for name, value in counts.items():
        check_count(f"{type(owner).__name__}: {name}", value)


def check_dropout(owner: object, dropout: float) -> None:
    """Raise a ValueError unless `dropout` is a share in [0, 1)."""
    check_number(f"{type(owner).__name__}: dropout", dropout, below=1)

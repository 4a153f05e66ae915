"""What filters share that accept no table."""

from denograd.base import BaseDenoiser, DescribesData


class SeriesOnly(BaseDenoiser):
    """A denoiser that works along time and refuses tables, whose rows have no order."""

    domains = frozenset({"series"})

    def why_skip(self, dataset: DescribesData) -> str | None:
        """Return None for a series, else a sentence that says why not."""
        reason = super().why_skip(dataset)
        if reason is not None and dataset.domain == "tabular":
            reason += " It works along time, and the rows of a table have no order."
        return reason

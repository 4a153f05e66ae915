"""The calibrated step with the noise estimated."""

from denograd.base import DescribesData
from denograd.calibrated import CalibratedDenoiser


class CalibratedSeriesDenoiser(CalibratedDenoiser):
    """`denograd.CalibratedDenoiser` on series; without `noise` a table would stay as it is."""

    domains = frozenset({"series"})

    def why_skip(self, dataset: DescribesData) -> str | None:
        """Return None for a series, else a sentence that says why not."""
        reason = super().why_skip(dataset)
        if reason is not None and dataset.domain == "tabular":
            reason += " The noise of a table cannot be told from what its columns do not explain."
        return reason

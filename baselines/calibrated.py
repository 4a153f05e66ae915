"""The calibrated step with the noise estimated."""

from denograd.base import DescribesData, Domain
from denograd.calibrated import CalibratedDenoiser
from denograd.calibration.levels import Noise
from denograd.calibration.series import HALF_WINDOWS, Combine


class CalibratedSeriesDenoiser(CalibratedDenoiser):
    """`denograd.CalibratedDenoiser` on series; without `noise` a table would stay as it is."""

    domains = frozenset({"series"})

    def __init__(
        self,
        noise: Noise | None = None,
        gross_errors: bool = False,
        domain: Domain = "series",
        combine: Combine = "stacked",
        half_windows: tuple[int, ...] = HALF_WINDOWS,
        random_state: int | None = None,
    ) -> None:
        super().__init__(noise, gross_errors, domain, combine, half_windows, random_state)

    def why_skip(self, dataset: DescribesData) -> str | None:
        """Return None for a series, else a sentence that says why not."""
        reason = super().why_skip(dataset)
        if reason is not None and dataset.domain == "tabular":
            reason += " The noise of a table cannot be told from what its columns do not explain."
        return reason

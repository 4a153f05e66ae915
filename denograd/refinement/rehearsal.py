"""What is tried on two samples before anything is refined."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from denograd.refinement.criterion import Criterion
from denograd.refinement.gradients import sample_gradient
from denograd.refinement.predictor import Layout, OutputError, Predictor


def rehearse(
    model: nn.Module, layouts: Sequence[Layout], criterion: Criterion, x: Tensor, n_targets: int
) -> Layout:
    """Find the first layout that a frozen model accepts, with a gradient for some samples.

    Raises
    ------
    ValueError
        When it accepts none, or does not return one prediction per sample and target.
    """
    y = x.new_zeros(len(x), n_targets)
    refusals = []
    for layout in layouts:
        try:
            sample_gradient(Predictor(model, n_targets, layout), criterion, x, y)
        except OutputError:
            raise
        except Exception as error:
            if len(layouts) == 1:
                raise
            refusals.append(f"{layout}: {error}")
        else:
            return layout
    raise ValueError(f"The model takes windows neither way round ({'; '.join(refusals)}).")

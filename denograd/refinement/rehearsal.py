"""What is tried on some samples before anything is refined, or trained."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from denograd.randomness import Draws
from denograd.refinement.criterion import Criterion
from denograd.refinement.gradients import sample_gradient
from denograd.refinement.predictor import Layout, OutputError, Predictor

SAMPLES = 32
"""Samples among which two are looked for that differ."""


def rehearse(predictors: Sequence[Predictor], criterion: Criterion, samples: Tensor) -> Layout:
    """Find the first layout that a model accepts, with a gradient and predictions for two samples.

    Raises
    ------
    ValueError
        When it accepts none, does not return one prediction per sample and target, or returns
        others for the same sample.
    """
    refusals = []
    for predict in predictors:
        x = samples if predict.declared is False else two_of(samples)
        try:
            with Draws():
                sample_gradient(predict, criterion, x, x.new_zeros(len(x), predict.n_targets))
        except OutputError:
            raise
        except Exception as error:
            if len(predictors) == 1:
                raise
            refusals.append(f"{predict.layout}: {error}")
        else:
            check_predictions(predict, x)
            return predict.layout
    raise ValueError(f"The model takes windows neither way round ({'; '.join(refusals)}).")


def two_of(samples: Tensor) -> Tensor:
    """Two samples that differ, where there are such."""
    others = (samples != samples[0]).flatten(1).any(dim=1).nonzero().flatten().tolist()
    return samples[[0, others[0] if others else -1]]


@torch.no_grad()
def check_predictions(predict: Predictor, x: Tensor) -> None:
    """Refuse a model whose prediction of a sample is not a function of that sample.

    Two samples are predicted together, again, and alone; a model that declares an attribute
    `rows_are_independent` is taken at its word.

    Raises
    ------
    ValueError
        With what the prediction depends on beside the sample.
    """
    if predict.declared is not None:
        return
    with Draws() as draws:
        together, again = predict(x), predict(x)
    if draws.count:
        raise ValueError(
            "The model draws random numbers in evaluation mode, so that its predictions change "
            "from call to call. Use nn.Dropout, or F.dropout(..., training=self.training), and "
            "add noise in training only."
        )
    if _differ(again, together, x):
        raise ValueError(
            "The model predicts other values for the same samples when it is called again: its "
            "output has to depend on its input alone, not on what it saw before."
        )
    try:
        alone = torch.cat([predict(x[:1]), predict(x[1:])])
        why = "" if not _differ(alone, together, x) else "predicts other values for a sample alone"
    except Exception as error:
        why = f"does not take a sample alone ({error})"
    if why:
        raise ValueError(
            f"The model {why} than together with another: in evaluation mode samples must not "
            "depend on each other. Give batch normalisation running statistics "
            "(track_running_stats=True) and standardise data before the model. If rows are meant "
            "to be context for each other, set rows_are_independent = False on the model: it then "
            "sees all of them at once."
        )


def _differ(found: Tensor, expected: Tensor, x: Tensor) -> bool:
    """Whether predictions of two samples differ by more than kernels round differently."""
    rounding = torch.finfo(expected.dtype).eps ** 0.5
    if expected.is_cuda:  # whose convolutions round inputs to ten bits
        rounding = max(rounding, 2e-3)
    spread = (expected[0] - expected[1]).abs()
    # Where terms cancel, what is left is the rounding of the inputs.
    left = 1e3 * torch.finfo(expected.dtype).eps * float(x.abs().max())
    tolerance = 0.01 * spread + rounding * expected.abs().max() + left
    return bool(((found - expected).abs() > tolerance).any())

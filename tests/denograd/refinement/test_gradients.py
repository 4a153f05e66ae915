"""Freezing a model, reading a loss, and gradients with respect to data."""

import copy
import threading
import warnings

import pytest
import torch
from torch import nn

from denograd.refinement.criterion import Criterion
from denograd.refinement.gradients import sample_gradient
from denograd.refinement.model import frozen, model_dtype
from denograd.refinement.predictor import OutputError, Predictor

from ..toys import LastStep, perceptron, plane

CPU = torch.device("cpu")


def criterion(function, n_targets=1, dtype=torch.float64):
    return Criterion(function, n_targets, dtype, CPU)


def odd_model():
    """A model with every kind of state in an unusual setting."""
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 1))
    model.train()
    model[2].eval()
    model[0].weight.requires_grad_(False)
    model[3].weight.grad = torch.ones_like(model[3].weight)
    return model


def state(model):
    return {
        "modes": [module.training for module in model.modules()],
        "flags": [p.requires_grad for p in model.parameters()],
        "storage": [p.data_ptr() for p in model.parameters()],
        "gradients": [None if p.grad is None else p.grad.tolist() for p in model.parameters()],
        "weights": [t.tolist() for t in model.state_dict().values()],
        "dropout": [getattr(m, "dropout", None) for m in model.modules()],
    }


def test_a_frozen_copy_shares_the_weights_and_leaves_the_model_as_it_was():
    model = odd_model()
    before = state(model)
    copied = frozen(model, CPU)
    assert not any(module.training for module in copied.modules())
    assert not any(p.requires_grad for p in copied.parameters())
    assert state(copied)["storage"] == before["storage"]
    copied[1].running_mean.add_(1.0)
    copied.train()(torch.randn(5, 3))
    assert state(model) == before


def test_a_frozen_copy_may_lie_elsewhere():
    model = odd_model()
    before = state(model)
    copied = frozen(model, torch.device("meta"))
    assert {t.device.type for t in copied.state_dict().values()} == {"meta"}
    assert state(model) == before


def test_recurrent_layers_train_without_dropout_where_cudnn_needs_it():
    model = LastStep(2, 3, n_layers=2, dropout=0.4).eval()
    before = state(model)
    copied = frozen(model, CPU, train_recurrent=True)
    assert copied.rnn.training
    assert copied.rnn.dropout == 0.0
    assert not copied.training
    assert not copied.head.training
    assert state(model) == before


def test_a_model_with_weights_that_are_computed_is_copied():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        model = nn.utils.weight_norm(nn.Linear(3, 1))
    x = torch.randn(4, 3)
    expected = model(x)
    assert torch.equal(frozen(model, CPU)(x), expected)
    assert model.weight.requires_grad


def test_a_model_that_cannot_be_copied_is_refused():
    model = perceptron(3)
    model.lock = threading.Lock()
    with pytest.raises(TypeError, match=r"cannot be copied \(.*lock.*copy\.deepcopy can copy"):
        frozen(model, CPU)


def test_model_dtype():
    assert model_dtype(nn.Linear(2, 1).double()) == torch.float64
    assert model_dtype(nn.ReLU()) is None


@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize(
    "loss",
    [
        nn.MSELoss,
        nn.L1Loss,
        nn.HuberLoss,
        lambda reduction: lambda p, t: _own(p, t, reduction),
    ],
    ids=["MSE", "L1", "Huber", "function"],
)
def test_every_reduction_is_the_same_mean(loss, n_targets):
    generator = torch.Generator().manual_seed(1)
    prediction, target = torch.randn(2, 7, n_targets, generator=generator, dtype=torch.float64)
    means = [
        criterion(loss(reduction=reduction), n_targets).mean(prediction, target)
        for reduction in ("mean", "sum", "none")
    ]
    assert means[0].ndim == 0
    torch.testing.assert_close(means[1], means[0])
    torch.testing.assert_close(means[2], means[0])


def _own(prediction, target, reduction):
    loss = (prediction - target).pow(4)
    return {"mean": loss.mean, "sum": loss.sum, "none": lambda: loss}[reduction]()


@pytest.mark.parametrize("loss", [nn.CrossEntropyLoss(), nn.BCEWithLogitsLoss(), nn.NLLLoss()])
def test_losses_for_classes_are_refused(loss):
    with pytest.raises(ValueError, match=f"{type(loss).__name__}.*continuous"):
        criterion(loss)


def test_a_loss_that_mixes_samples_is_refused():
    with pytest.raises(ValueError, match="neither a mean nor a sum"):
        criterion(lambda p, t: (p - t).square().mean().sqrt())


def test_a_loss_that_is_no_tensor_is_refused():
    with pytest.raises(TypeError, match="returns float"):
        criterion(lambda p, t: float((p - t).square().mean()))


def test_a_single_column_may_lack_its_dimension():
    class OneDimension(nn.Module):
        def forward(self, x):
            return x.sum(dim=1)

    assert Predictor(OneDimension(), 1)(torch.ones(4, 2)).shape == (4, 1)
    with pytest.raises(OutputError, match=r"shape \(4,\).*asks for \(4, 2\)"):
        Predictor(OneDimension(), 2)(torch.ones(4, 2))


def test_shapes_that_would_broadcast_are_refused():
    with pytest.raises(OutputError, match=r"shape \(4, 1\).*asks for \(4, 3\)"):
        Predictor(plane([1.0, 2.0]), 3)(torch.ones(4, 2))
    with pytest.raises(OutputError, match="returns tuple"):
        Predictor(nn.LSTM(2, 1, batch_first=True), 1)(torch.ones(4, 3, 2))


@pytest.mark.parametrize("layout", ["time_first", "channels_first", "flat"])
def test_layouts(layout):
    shapes = {"time_first": (5, 4, 2), "channels_first": (5, 2, 4), "flat": (5, 8)}

    class Shape(nn.Module):
        def forward(self, x):
            assert x.shape == shapes[layout]
            return x.flatten(1)[:, :1]

    Predictor(Shape(), 1, layout)(torch.randn(5, 4, 2))


@pytest.mark.parametrize("n_targets", [1, 2])
def test_gradients_against_finite_differences(n_targets):
    model = perceptron(3, n_targets, torch.float64)
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    y = torch.randn(5, n_targets, generator=generator, dtype=torch.float64)
    got = sample_gradient(Predictor(model, n_targets), criterion(nn.MSELoss(), n_targets), x, y)

    def losses(x, y):
        return (model(x) - y).square().mean(dim=1)

    assert torch.autograd.gradcheck(
        losses, (x.clone().requires_grad_(), y.clone().requires_grad_())
    )
    for i in range(len(x)):
        for values, gradient in ((x, got.x), (y, got.y)):
            for j in range(values.shape[1]):
                up, down = values.clone(), values.clone()
                up[i, j] += 1e-6
                down[i, j] -= 1e-6
                pair = [(v, y) if values is x else (x, v) for v in (up, down)]
                slope = (losses(*pair[0])[i] - losses(*pair[1])[i]) / 2e-6
                assert gradient[i, j].item() == pytest.approx(slope.item(), abs=1e-7)
    torch.testing.assert_close(got.residual, (model(x) - y).detach())
    assert got.loss.item() == pytest.approx(losses(x, y).sum().item())


def test_a_detached_model_is_refused():
    class Detached(nn.Module):
        def forward(self, x):
            return x.detach().sum(dim=1)

    with pytest.raises(ValueError, match="no gradient with respect to its input"):
        sample_gradient(
            Predictor(Detached(), 1), criterion(nn.MSELoss()), torch.ones(2, 2), torch.ones(2, 1)
        )


def test_a_loss_without_gradient_in_the_target_is_refused():
    model = copy.deepcopy(plane([1.0, 2.0], dtype=torch.float64))
    loss = criterion(lambda p, t: (p - t.detach()).square().mean())
    x = torch.ones(2, 2, dtype=torch.float64)
    with pytest.raises(ValueError, match="no gradient with respect to the targets"):
        sample_gradient(Predictor(model, 1), loss, x, torch.ones(2, 1, dtype=torch.float64))

"""What a model is asked before anything is refined or trained, and how it may be built."""

import numpy as np
import pytest
import torch
from torch import nn

from denograd import DenoGrad
from denograd.training import backbone, predict, train_network

from ..toys import DATA, assert_same, cheap, perceptron, plane, table

F = nn.functional


class Of(nn.Module):
    """A model of a function of its layers and a batch."""

    def __init__(self, forward, *layers):
        super().__init__()
        self.layers = nn.Sequential(*layers)
        self.function = forward

    def forward(self, x):
        return self.function(self, x)


class Hidden(Of):
    """A model that adds what it predicted before."""

    last = 0.0

    def __init__(self):
        super().__init__(None, nn.LazyLinear(1))

    def forward(self, x):
        out = self.layers(x.flatten(1)) + self.last
        self.last = out.mean().detach()
        return out


def flat(*layers):
    return nn.Sequential(nn.Flatten(), nn.LazyLinear(8), *layers, nn.Linear(8, 1))


REFUSED = {
    "statistics of the batch": (
        lambda: flat(nn.BatchNorm1d(8, track_running_stats=False)),
        r"does not take a sample alone \(Expected more than 1 value.*track_running_stats",
    ),
    "standardised batch": (
        lambda: Of(lambda m, x: m.layers((x - x.mean(0)) / (x.std(0, correction=0) + 1)), flat()),
        "other values for a sample alone .*set rows_are_independent = False",
    ),
    "dropout that is always on": (
        lambda: Of(lambda m, x: F.dropout(m.layers(x), 0.01), flat()),
        r"draws random numbers in evaluation mode.*training=self\.training",
    ),
    "noise": (
        lambda: Of(lambda m, x: m.layers(x + 0.1 * torch.randn_like(x)), flat()),
        "draws random numbers in evaluation mode",
    ),
    "memory": (Hidden, "other values for the same samples when it is called again"),
}


@pytest.fixture(params=DATA)
def domain(request):
    return request.param


def cut(domain):
    return {"is_ts": True, "window_size": 6} if domain == "series" else {}


def built(make, domain):
    """A model whose lazy layers know what they are given."""
    model = make()
    with torch.no_grad():
        model(torch.randn(4, 6, 2) if domain == "series" else torch.randn(4, 3))
    return model


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_what_depends_on_more_than_the_sample_is_refused(monkeypatch, domain, make, message):
    model, before = built(make, domain), torch.get_rng_state()
    with pytest.raises(ValueError, match=message):
        DenoGrad(model, nn.MSELoss(), "cpu").fit(*DATA[domain](), **cut(domain))
    monkeypatch.setattr(backbone, "train_network", None)
    with pytest.raises(ValueError, match=message):
        cheap(model, domain=domain, window_size=6).fit(*DATA[domain]())
    assert torch.equal(torch.get_rng_state(), before)


def test_rows_that_look_alike_at_first_are_not_taken_for_independent():
    X, y = np.repeat(table(2)[0], 5, axis=0), np.zeros(10)
    model = Of(lambda m, x: x.sum(1, keepdim=True) - x.mean())
    with pytest.raises(ValueError, match="for a sample alone"):
        DenoGrad(model, nn.MSELoss(), "cpu").fit(X, y)
    DenoGrad(model, nn.MSELoss(), "cpu").fit(X[:5], y[:5])


@pytest.mark.parametrize("declared", [True, False])
def test_a_model_that_declares_itself_is_taken_at_its_word(declared):
    model = Of(lambda m, x: x.sum(1, keepdim=True) - x.mean())
    model.rows_are_independent = declared
    DenoGrad(model, nn.MSELoss(), "cpu").fit_transform(*table(), max_epochs=2)


@pytest.mark.parametrize(
    "layer",
    [lambda: nn.BatchNorm1d(8), lambda: nn.LayerNorm(8), nn.Dropout, lambda: nn.GroupNorm(2, 8)],
    ids=["batch", "layer", "dropout", "group"],
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_layers_that_rest_in_evaluation_mode_are_welcome(domain, layer, dtype):
    model = built(lambda: flat(layer()), domain).to(dtype)
    DenoGrad(model, nn.MSELoss(), "cpu").fit(*DATA[domain](), **cut(domain))


class Squeezed(nn.Module):
    def __init__(self, n_targets=1):
        super().__init__()
        self.inner = perceptron(3, n_targets, torch.float64)

    def forward(self, x):
        return self.inner(x).squeeze()


class InPlace(Squeezed):
    def forward(self, x):
        x -= 0.5
        return self.inner(x)


class Shifted(Squeezed):
    def forward(self, x):
        return self.inner(x - 0.5)


class Counting(Squeezed):
    """A model whose buffer counts its calls."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.zeros(1))

    def forward(self, x):
        self.calls += 1
        return self.inner(x)


def refine(model, X, y, **arguments):
    return DenoGrad(model, nn.MSELoss(), "cpu").fit_transform(X, y, max_epochs=4, **arguments)


@pytest.mark.parametrize("n_targets", [1, 2])
@pytest.mark.parametrize("batch_size", [1000, 20])
def test_a_last_batch_of_one_row_may_be_squeezed(n_targets, batch_size):
    X, y = table(61)
    y = y if n_targets == 1 else np.column_stack([y, y])
    expected = refine(Squeezed(n_targets).inner, X, y)
    assert_same(refine(Squeezed(n_targets), X, y, batch_size=batch_size), expected, 1e-12)
    one = refine(Squeezed(n_targets), X[60:], y[60:])
    assert_same(one, [part[60:] for part in expected[:2]], 1e-12)


def test_a_squeezed_output_is_trained_and_predicted():
    X, y = table(61)
    train_network(Squeezed(), X, y, X, y, epochs=2, batch_size=60, device="cpu")
    outputs = predict(Squeezed(), X, batch_size=60, device="cpu")
    np.testing.assert_allclose(outputs, predict(Squeezed().inner, X, device="cpu"))


@pytest.mark.parametrize("batch_size", [1000, 20])
def test_a_model_may_write_to_what_it_is_given(batch_size):
    X, y = table()
    before = X.copy()
    expected = refine(Shifted(), X, y, batch_size=batch_size)
    assert_same(refine(InPlace(), X, y, batch_size=batch_size), expected)
    held = torch.tensor(X)
    outputs = [predict(model, held, device="cpu") for model in (InPlace(), Shifted())]
    np.testing.assert_array_equal(*outputs)
    losses = [
        train_network(model, X, y, held, y, epochs=3, device="cpu", random_state=0).validation_loss
        for model in (InPlace(), Shifted())
    ]
    assert losses[0] == losses[1]
    np.testing.assert_array_equal(X, before)
    np.testing.assert_array_equal(held, before)


def test_buffers_that_the_model_updates_stay_as_they_were():
    model = Counting()
    expected = refine(model.inner, *table())
    assert_same(refine(model, *table()), expected)
    predict(model, table()[0], device="cpu")
    assert model.calls == 0


@pytest.mark.parametrize("traced", [False, True])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_torchscript_is_refined_and_trained(traced):
    model = perceptron(3)
    script = torch.jit.trace(model, torch.ones(2, 3)) if traced else torch.jit.script(model)
    assert_same(refine(script, *table()), refine(model, *table()), 1e-6)
    assert_same(cheap(script).fit_resample(*table()), cheap(model).fit_resample(*table()), 1e-5)
    assert all(weight.requires_grad for weight in script.parameters())


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_callers_without_gradients_are_served(mode, domain):
    X, y = DATA[domain]()
    expected = cheap(domain=domain, window_size=6).fit_resample(X, y)
    with mode():
        denoiser = cheap(domain=domain, window_size=6)
        assert_same(denoiser.fit_resample(X, y), expected)
        denoiser.predict_target(X)
        model = plane([1.0, 2.0, 3.0])
        refine(model, *table())
        cheap(model).fit_resample(*table())
    assert_same(denoiser.denoise(X, y), expected)
    refine(model, *table())

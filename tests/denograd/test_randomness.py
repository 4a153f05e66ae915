"""Random numbers that neither come from the global generators nor depend on other threads."""

from itertools import count

import joblib
import numpy as np
import pytest
import torch
from torch import nn

from baselines.dae import DAEDenoiser
from denograd import DenoGrad
from denograd.randomness import seeded
from experiments.regressors.lstm import LSTMRegressor

from .toys import DATA, LastStep, assert_same, cheap, series

F = nn.functional
X = torch.ones(5, 6, 4)
WAYS = {
    "initialisation": lambda: [*nn.LSTM(3, 4).parameters(), nn.init.orthogonal_(torch.empty(4, 4))],
    "uniform": lambda: [torch.rand(3), torch.rand_like(X), torch.empty(3).uniform_()],
    "normal": lambda: [torch.randn(20), torch.randn_like(X), torch.normal(0.0, X)],
    "integers": lambda: [torch.randint(9, (4,)), torch.randint_like(X, 3, 8), torch.randperm(7)],
    "dropout": lambda: [
        F.dropout(X),
        F.alpha_dropout(X),
        F.dropout1d(X),
        F.rrelu(-X, training=True),
    ],
    "fused dropout": lambda: [torch.native_dropout(X, 0.5, True)[0]],
    "attention": lambda: [F.scaled_dot_product_attention(X, X, X, dropout_p=0.5)],
    "recurrent": lambda: [nn.GRU(4, 4, 2, dropout=0.5)(X)[0], nn.LSTM(4, 4, 2, dropout=0.5)(X)[0]],
    "distributions": lambda: [torch.distributions.Beta(1.0, 2.0).sample(), torch.bernoulli(X / 2)],
}


@pytest.mark.parametrize("draw", WAYS.values(), ids=WAYS)
def test_numbers_are_those_of_the_global_generator_with_that_seed(draw):
    with torch.random.fork_rng():
        torch.manual_seed(np.random.SeedSequence(3).generate_state(1, np.uint64).item() >> 1)
        expected = [*draw(), *draw()]
    before = torch.get_rng_state()
    with seeded(3) as draws:
        got = [*draw(), *draw()]
    assert torch.equal(torch.get_rng_state(), before)
    assert draws.count >= 2
    for ours, theirs in zip(got, expected, strict=True):
        assert torch.equal(ours, theirs)


def test_a_generator_that_is_given_is_used():
    given = torch.Generator().manual_seed(1)
    expected = torch.rand(3, generator=given.clone_state())
    with seeded(0) as draws:
        assert torch.equal(torch.rand(3, generator=given), expected)
        F.scaled_dot_product_attention(X, X, X)
    assert draws.count == 0


def test_what_is_built_in_inference_mode_can_be_trained():
    with torch.inference_mode(), seeded(0):
        layer = nn.Linear(2, 1)
    assert not layer.weight.is_inference()


class Restless:
    """Threads that seed and draw from the global generators as long as this is entered."""

    def __enter__(self):
        self.over = False
        self.pool = joblib.Parallel(2, "threading", return_as="generator_unordered")
        self.running = self.pool(joblib.delayed(self.draw)(seed) for seed in range(2))

    def draw(self, seed):
        for number in count():
            torch.manual_seed(seed + number)
            torch.rand(10)
            if self.over:
                return

    def __exit__(self, *error):
        self.over = True
        list(self.running)


def refined(make, domain):
    return make().fit_resample(*DATA[domain]())


def predicted():
    windows = np.random.default_rng(0).normal(size=(60, 5, 2))
    model = LSTMRegressor(epochs=3, random_state=0, device="cpu", dropout=0.5)
    model.fit(windows[:40], windows[:40, -1, 0], windows[40:], windows[40:, -1, 0])
    return model.predict(windows), windows[:, 0, 0]


class Noisy(nn.Module):
    """Draws at random when it is built and when it is trained."""

    def __init__(self, n_features):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(n_features, 8), nn.Dropout(0.3), nn.Linear(8, 1))

    def forward(self, x):
        return self.layers(x + torch.randn_like(x) if self.training else x)


@pytest.mark.parametrize(
    "fit",
    {
        "lstm": lambda: refined(lambda: cheap(domain="series", window_size=6), "series"),
        "folds": lambda: refined(lambda: cheap("ft_transformer", cv=2), "tabular"),
        "factory": lambda: refined(lambda: cheap(lambda f, t, w: Noisy(f)), "tabular"),
        "baseline": lambda: refined(
            lambda: DAEDenoiser(corruption=0.3, epochs=3, random_state=0, device="cpu"), "tabular"
        ),
        "regressor": predicted,
    }.items(),
    ids=lambda item: item[0],
)
def test_threads_give_what_one_gives(fit):
    _, fit = fit
    expected = fit()
    with Restless():
        found = joblib.Parallel(6, "threading")(joblib.delayed(fit)() for _ in range(12))
    for one in found:
        assert_same(one, expected)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_one_model_serves_threads_and_is_left_as_it_was(device):
    if device == "cuda" and not torch.cuda.is_available():
        pytest.skip("there is no CUDA device")
    model = LastStep(2, 8, n_layers=2, dropout=0.5).train().to(device)
    model.head.weight.requires_grad_(False)
    before = {name: value.clone() for name, value in model.state_dict().items()}

    def refine():
        denoiser = DenoGrad(model, nn.MSELoss(), device)
        return denoiser.fit_transform(*series(), is_ts=True, window_size=6, max_epochs=4)

    def states():
        return (
            [module.training for module in model.modules()],
            [weight.requires_grad for weight in model.parameters()],
            sorted(vars(model.rnn)),
        )

    expected, state = refine(), states()
    for one in joblib.Parallel(6, "threading")(joblib.delayed(refine)() for _ in range(12)):
        assert_same(one, expected, 0 if device == "cpu" else 1e-5)
    assert states() == state
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])

"""The faster backward pass of LSTMs against the library's own."""

import pytest
import torch
from torch import nn

from denograd.refinement.model import frozen
from denograd.refinement.recurrent import take_input_gradients_only

CPU = torch.device("cpu")


def lstm(**sizes):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.LSTM(3, 5, **sizes).double().requires_grad_(False)


def batch(seed=1):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(4, 6, 3, generator=generator, dtype=torch.float64).requires_grad_()


def names(tensor):
    """Names of the functions that a tensor was computed by."""
    found, ahead = set(), [tensor.grad_fn]
    while ahead:
        function = ahead.pop()
        if function is not None and function.name() not in found:
            found.add(function.name())
            ahead += [next_function for next_function, _ in function.next_functions]
    return found


@pytest.mark.parametrize("sizes", [{}, {"num_layers": 3}, {"bias": False}], ids=str)
@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize(
    "read",
    [
        lambda output, last: output,
        lambda output, last: output[:, -1],
        lambda output, last: last[0],
        lambda output, last: last[1],
        lambda output, last: torch.cat([output.flatten(), last[0].flatten(), last[1].flatten()]),
    ],
    ids=["states", "one step", "last states", "last cells", "everything"],
)
def test_same_values_and_gradients(sizes, batch_first, read):
    layer, x = lstm(batch_first=batch_first, **sizes), batch()

    def values_and_gradient():
        out = read(*layer(x))
        weights = torch.linspace(-1, 1, out.numel(), dtype=out.dtype).view(out.shape)
        return out.detach(), torch.autograd.grad((out * weights).sum(), x)[0], names(out)

    expected = values_and_gradient()
    take_input_gradients_only([layer])
    got = values_and_gradient()
    torch.testing.assert_close(got[0], expected[0])
    torch.testing.assert_close(got[1], expected[1])
    assert "_LayerBackward" in got[2]
    assert "_LayerBackward" not in expected[2]


def test_gradient_against_finite_differences():
    layer = lstm(num_layers=2, batch_first=True)
    take_input_gradients_only([layer])
    assert torch.autograd.gradcheck(lambda x: layer(x)[0], (batch(),))


def test_calls_it_does_not_cover_run_as_always():
    layer, x = lstm(batch_first=True), batch()
    states = torch.ones(2, 1, 4, 5, dtype=torch.float64).unbind()
    packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([6, 5, 4, 2]), batch_first=True)
    expected = [layer(x, states)[0], layer(packed)[0].data, layer(x[0])[0]]
    take_input_gradients_only([layer])
    got = [layer(x, states)[0], layer(packed)[0].data, layer(x[0])[0]]
    with torch.no_grad():
        assert layer(x)[0].grad_fn is None
    for one, other in zip(got, expected, strict=True):
        assert torch.equal(one, other)
        assert "_LayerBackward" not in names(one)


@pytest.mark.parametrize("layer", [lstm(bidirectional=True), lstm(proj_size=2), nn.GRU(3, 5)])
def test_other_layers_are_left_alone(layer):
    before = dict(vars(layer))
    take_input_gradients_only([layer])
    assert vars(layer) == before


def test_a_frozen_model_on_the_cpu_uses_it():
    model = nn.Sequential(lstm(batch_first=True))
    assert "_LayerBackward" in names(frozen(model, CPU)(batch())[0])
    usual = frozen(model, CPU, train_recurrent=True)
    assert "_LayerBackward" not in names(usual(batch())[0])

"""What single networks and their parts compute, against hand-computed values and torch's own."""

import numpy as np
import pytest
import torch
from torch import nn

from denograd import networks
from denograd.networks._attention import Attention, PreNormBlock, ReGLU
from denograd.networks.dlinear import moving_average_matrix
from denograd.networks.transformer import sinusoids


def test_moving_average_by_hand():
    row = torch.tensor([3.0, 6.0, 0.0, 9.0])
    expected = torch.tensor([(3 + 3 + 6) / 3, (3 + 6 + 0) / 3, (6 + 0 + 9) / 3, (0 + 9 + 9) / 3])
    torch.testing.assert_close(row @ moving_average_matrix(4, 3), expected)


@pytest.mark.parametrize(("window", "kernel_size"), [(24, 25), (5, 25), (30, 7), (6, 1)])
def test_moving_average_repeats_the_edges(window, kernel_size):
    row = np.random.default_rng(0).normal(size=window)
    padded = np.pad(row, kernel_size // 2, mode="edge")
    expected = np.convolve(padded, np.full(kernel_size, 1 / kernel_size), mode="valid")
    average = torch.from_numpy(row) @ moving_average_matrix(window, kernel_size).double()
    np.testing.assert_allclose(average.numpy(), expected, atol=1e-6)


def test_dlinear_forecasts_its_first_channels_by_the_same_maps():
    net = networks.build("dlinear", 3, 2, 4, kernel_size=3)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.zero_()
        net.trend.weight[0, 0] = 1.0  # trend of the first step
        net.remainder.weight[0, 3] = 10.0  # remainder of the last
        net.remainder.bias.fill_(0.5)
    first, second = torch.tensor([3.0, 6.0, 0.0, 9.0]), torch.tensor([1.0, 1.0, 1.0, 1.0])
    by_hand = [4 + 10 * (9 - 6) + 0.5, 1 + 10 * 0 + 0.5]
    output = net(torch.stack((first, second, 100 * first), dim=-1).unsqueeze(0))
    torch.testing.assert_close(output, torch.tensor([by_hand]))
    with pytest.raises(ValueError, match="n_targets can be 3 at most, got 4"):
        networks.build("dlinear", 3, 4, 24)


@pytest.mark.parametrize(("window", "n_left", "n_before"), [(24, 9, 2), (1, 6, 0)])
def test_the_lstm_reads_what_full_convolutions_leave_in_order_of_time(window, n_left, n_before):
    net = networks.build("cnn_lstm", 2, 1, window).eval()
    seen = []
    net.lstm.register_forward_pre_hook(lambda _, inputs: seen.append(*inputs))
    x = torch.randn(1, window, 2)
    net(x)
    x[:, -1] += 1  # from the 24th of 43 filtered steps on, the 12th of 30, the 6th of 19
    net(x)
    assert seen[0].shape == (1, n_left, 6)
    changed = (seen[0] != seen[1]).any(dim=2)[0]
    assert changed.any()
    assert not changed[:n_before].any()


def test_attention_equals_that_of_torch():
    ours, theirs = Attention(8, 2, 0.0), nn.MultiheadAttention(8, 2, batch_first=True)
    with torch.no_grad():
        theirs.in_proj_bias.normal_()
        theirs.in_proj_weight.copy_(torch.cat((ours.query.weight, ours.key_value.weight)))
        ours.query.bias.copy_(theirs.in_proj_bias[:8])
        ours.key_value.bias.copy_(theirs.in_proj_bias[8:])
        theirs.out_proj.load_state_dict(ours.output.state_dict())
    tokens, queries = torch.randn(3, 5, 8), torch.randn(3, 2, 8)
    expected, _ = theirs(queries, tokens, tokens)
    torch.testing.assert_close(ours(tokens, queries), expected)


def test_a_block_equals_the_encoder_layer_of_torch():
    ours = PreNormBlock(8, 2, 6, attention_dropout=0.0, dropout=0.0)
    theirs = nn.TransformerEncoderLayer(
        8, 2, 6, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    attention = ours.attention
    with torch.no_grad():
        theirs.self_attn.in_proj_weight.copy_(
            torch.cat((attention.query.weight, attention.key_value.weight))
        )
        theirs.self_attn.in_proj_bias.copy_(
            torch.cat((attention.query.bias, attention.key_value.bias))
        )
    theirs.self_attn.out_proj.load_state_dict(attention.output.state_dict())
    theirs.linear1.load_state_dict(ours.feed_forward[1].state_dict())
    theirs.linear2.load_state_dict(ours.feed_forward[4].state_dict())
    tokens = torch.randn(3, 5, 8)
    torch.testing.assert_close(ours(tokens), theirs(tokens))


def test_reglu_by_hand():
    values = torch.tensor([[2.0, 3.0, 5.0, -1.0]])
    assert torch.equal(ReGLU()(values), torch.tensor([[10.0, 0.0]]))


@pytest.mark.parametrize("gated", [True, False])
@pytest.mark.parametrize("only", [0, 2, -1])
def test_one_token_alone_comes_out_as_among_all(gated, only):
    block = PreNormBlock(8, 2, 6, attention_dropout=0.0, dropout=0.0, gated=gated)
    tokens = torch.randn(3, 5, 8)
    torch.testing.assert_close(block(tokens, only)[:, 0], block(tokens)[:, only])


def test_ft_transformer_does_not_normalise_the_first_tokens():
    net = networks.build("ft_transformer", 4, n_blocks=3, width=8, n_heads=2)
    assert [isinstance(block.attention_norm, nn.Identity) for block in net.blocks] == [
        True,
        False,
        False,
    ]


def test_ft_transformer_reads_columns_by_their_own_weights():
    net = networks.build("ft_transformer", 3, width=8, n_heads=2).eval()
    x = torch.randn(4, 3)
    assert not torch.allclose(net(x), net(x[:, [1, 0, 2]]))
    with torch.no_grad():
        net.weight.copy_(net.weight[[1, 0, 2]])
        net.bias.copy_(net.bias[[0, 2, 1, 3]])
        moved = net(x[:, [1, 0, 2]])
        net.weight.copy_(net.weight[[1, 0, 2]])
        net.bias.copy_(net.bias[[0, 2, 1, 3]])
    torch.testing.assert_close(net(x), moved)


def test_sinusoids_by_hand():
    expected = torch.tensor(
        [[0.0, 1.0, 0.0, 1.0], [np.sin(1), np.cos(1), np.sin(0.01), np.cos(0.01)]]
    )
    torch.testing.assert_close(sinusoids(2, 4), expected.float())


@pytest.mark.parametrize("name", ["transformer", "xlstm", "lstm", "cnn", "cnn_lstm", "dlinear"])
def test_the_order_of_time_steps_matters(name):
    net = networks.build(name, 3, 1, 8).eval()
    x = torch.randn(4, 8, 3)
    reordered = x[:, [2, 0, 1, 3, 4, 5, 6, 7]]
    assert not torch.allclose(net(x), net(reordered), rtol=1e-3)


def test_one_recurrent_layer_has_nothing_to_drop_and_says_nothing(recwarn):
    networks.build("lstm", 3, 1, 8, n_layers=1)
    assert not recwarn

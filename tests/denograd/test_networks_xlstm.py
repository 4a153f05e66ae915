"""The xLSTM cells: their recurrences step by step, their stability, the authors' package."""

import functools
import itertools
import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from denograd import networks
from denograd.networks._xlstm import Headwise
from denograd.networks._xlstm_cells import mlstm, slstm


def draw(*shape, scale=1.0):
    return scale * torch.randn(*shape, dtype=torch.float64, generator=GENERATOR)


GENERATOR = torch.Generator()


@pytest.fixture(autouse=True)
def _seed():
    GENERATOR.manual_seed(0)


def shake(net, scale=0.3):
    """Move every weight, so that those which start at zero take part."""
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.add_(draw(*parameter.shape, scale=scale).to(parameter.dtype))
    return net


def slstm_arguments(n_steps, n_heads, width, n_rows):
    sources = draw(2, n_steps, n_heads, width, n_rows)
    matrices, recurrent = draw(2, n_heads, 4 * width, width)
    return *sources, matrices, draw(n_heads, 4 * width, 1), recurrent


def mlstm_arguments(n_rows, n_steps, n_heads, width):
    sources = draw(2, n_rows, n_steps, n_heads * width)
    gates = *draw(2, 2 * n_heads, n_heads * width), draw(2 * n_heads)
    return *sources, *draw(2, n_heads, width, width), gates


def test_mlstm_equals_its_recurrence_without_stabiliser():
    mixed, inner, keys, values, gates = mlstm_arguments(2, 6, 2, 4)
    query, source = (x.unflatten(-1, (2, 4)).permute(2, 0, 1, 3) for x in (mixed, inner))
    key, value = query @ keys.unsqueeze(1) * 2, source @ values.unsqueeze(1)  # √4
    i, f = (mixed @ gates[0].t() + inner @ gates[1].t() + gates[2]).permute(2, 0, 1).chunk(2)
    memory, normaliser = torch.zeros(2, 2, 4, 4), torch.zeros(2, 2, 4)
    expected = []
    for t in range(6):
        kept, added = f[..., t, None].sigmoid(), i[..., t, None].exp()
        k = key[:, :, t] / 2  # √4
        memory = kept[..., None] * memory + added[..., None] * torch.einsum(
            "bhv,bhk->bhvk", value[:, :, t], k
        )
        normaliser = kept * normaliser + added * k
        read = torch.einsum("bhvk,bhk->bhv", memory, query[:, :, t])
        divisor = (normaliser * query[:, :, t]).sum(-1, keepdim=True).abs().clamp_min(1)
        expected.append(read / divisor)
    result = mlstm(mixed, inner, keys, values, gates, 1e-5)
    expected = functional.layer_norm(torch.stack(expected, dim=2), (4,))
    torch.testing.assert_close(result, expected)


def test_slstm_equals_its_recurrence_without_stabiliser():
    mixed, normed, matrices, bias, recurrent = slstm_arguments(6, 2, 5, 3)
    cell = weight = hidden = torch.zeros(2, 5, 3, dtype=torch.float64)
    expected = []
    for sources in zip(mixed, mixed, normed, normed, strict=True):
        read = [m @ x for m, x in zip(matrices.chunk(4, dim=1), sources, strict=True)]
        i, f, z, o = (torch.cat(read, dim=1) + bias + recurrent @ hidden).chunk(4, dim=1)
        cell = f.sigmoid() * cell + i.exp() * z.tanh()
        weight = f.sigmoid() * weight + i.exp()
        hidden = o.sigmoid() * cell / weight
        expected.append(hidden)
    for last, wanted in ((False, expected), (True, expected[-1:])):
        result = slstm(mixed, normed, matrices, bias, recurrent, last)
        torch.testing.assert_close(result, torch.stack(wanted))


@pytest.mark.parametrize("size", [1e2, 1e3, 1e4])
@pytest.mark.parametrize("signs", list(itertools.product([-1, 0, 1], repeat=2)), ids=str)
def test_gates_of_any_size_give_finite_outputs_and_gradients(size, signs):
    sign_i, sign_f = signs
    *matrices, gates = mlstm_arguments(2, 8, 2, 4)
    leaves = [leaf.float() for leaf in (*matrices, *gates)]
    leaves[-1][:2] += sign_i * size
    leaves[-1][2:] += sign_f * size
    for leaf in leaves:
        leaf.requires_grad_()
    output = mlstm(*leaves[:4], leaves[4:], 1e-5)
    gradients = torch.autograd.grad(output.sum(), leaves)
    assert all(tensor.isfinite().all() for tensor in (output, *gradients))

    leaves = [leaf.float() for leaf in slstm_arguments(8, 2, 4, 3)]
    leaves[3][:, :4] += sign_i * size
    leaves[3][:, 4:8] += sign_f * size
    output = slstm(*(leaf.requires_grad_() for leaf in leaves))
    gradients = torch.autograd.grad(output.sum(), leaves)
    assert all(tensor.isfinite().all() for tensor in (output, *gradients))


def test_a_zero_query_is_answered_by_zero_however_open_the_gates():
    mixed, inner, keys, values, gates = mlstm_arguments(1, 3, 1, 2)
    mixed = torch.zeros_like(mixed).requires_grad_()
    output = mlstm(mixed, inner, keys, values, (*gates[:2], torch.full_like(gates[2], 1e3)), 1e-5)
    assert torch.equal(output, torch.zeros_like(output))
    assert torch.autograd.grad(output.sum(), mixed)[0].isfinite().all()


@pytest.mark.parametrize("blocks", [("mlstm",), ("slstm",), ("slstm", "mlstm", "slstm")])
def test_the_future_is_not_seen(blocks):
    net = shake(networks.build("xlstm", 3, 1, 6, width=8, n_heads=2, blocks=blocks).double())
    x = draw(1, 6, 8)
    later = x.clone()
    later[:, 4:] += 1
    before, after = net.blocks(x), net.blocks(later)
    torch.testing.assert_close(after[:, :4], before[:, :4])
    assert not torch.allclose(after[:, 4:], before[:, 4:])


def plain_silu_of_convolution(part, x):
    filtered = part.filter(x.transpose(1, 2))[..., : x.shape[1]]
    return functional.silu(filtered.transpose(1, 2))


def plain_mlstm_block(block, x):
    """The block as it is published, memory and normaliser written and read step by step."""

    def by_head(part):
        return part.unflatten(-1, (block.n_heads, -1)).transpose(1, 2)

    def mapped(part, source):
        return source @ torch.block_diag(*part.weight).t()

    inner, gate = block.up(block.norm(x)).chunk(2, dim=-1)
    mixed = plain_silu_of_convolution(block.convolution, inner)
    parts = mapped(block.query, mixed), mapped(block.key, mixed), mapped(block.value, inner)
    i, f = block.gates(torch.cat(parts, dim=-1)).transpose(1, 2).chunk(2, dim=1)
    query, key, value = map(by_head, parts)
    memory = normaliser = 0.0
    answers = []
    for t in range(x.shape[1]):
        kept, added = f[..., t, None].sigmoid(), i[..., t, None].exp()
        k = key[:, :, t] / math.sqrt(key.shape[-1])
        written = torch.einsum("bhv,bhk->bhvk", value[:, :, t], k)
        memory = kept[..., None] * memory + added[..., None] * written
        normaliser = kept * normaliser + added * k
        read = torch.einsum("bhvk,bhk->bhv", memory, query[:, :, t])
        divisor = (normaliser * query[:, :, t]).sum(-1, keepdim=True).abs().clamp_min(1)
        answers.append((read / divisor).flatten(1))
    answer = torch.stack(answers, dim=1)
    normed = block.head_norm(answer.flatten(0, 1)).view_as(answer)
    return x + block.down((normed + block.skip * mixed) * functional.silu(gate))


def plain_slstm_block(block, x):
    """The block as it is published, step by step."""
    normed = block.norm(x)
    mixed = plain_silu_of_convolution(block.convolution, normed)
    sources = mixed, mixed, normed, normed
    of_input = [
        source @ torch.block_diag(*gate.weight).t() + block.bias[g].flatten()
        for g, (gate, source) in enumerate(zip(block.gates, sources, strict=True))
    ]
    recurrent = [torch.block_diag(*matrices) for matrices in block.recurrent]
    cell = weight = hidden = torch.zeros_like(x[:, 0])
    states = []
    for t in range(x.shape[1]):
        i, f, z, o = (of_input[g][:, t] + hidden @ recurrent[g] for g in range(4))
        cell = f.sigmoid() * cell + i.exp() * z.tanh()
        weight = f.sigmoid() * weight + i.exp()
        hidden = o.sigmoid() * cell / weight
        states.append(hidden)
    hidden = torch.stack(states, dim=1)
    x = x + block.head_norm(hidden.flatten(0, 1)).view_as(hidden)
    gate, values = block.up(block.feed_norm(x)).chunk(2, dim=-1)
    return x + block.down(functional.gelu(gate) * values)


def plain_xlstm(net, x):
    states = net.embedding(x)
    for block in net.blocks:
        plain = plain_slstm_block if hasattr(block, "recurrent") else plain_mlstm_block
        states = plain(block, states)
    return net.head(net.norm(states[:, -1]))


@pytest.mark.parametrize(
    "sizes",
    [
        {"width": 64, "n_heads": 4},
        {"width": 6, "n_heads": 2},  # a block of query and key crosses heads
        {"width": 8, "n_heads": 1, "kernel_size": 1},
        {"width": 8, "n_heads": 4, "kernel_size": 9},
        {"width": 8, "n_heads": 2, "blocks": ("slstm", "mlstm", "slstm", "mlstm")},
    ],
    ids=str,
)
@pytest.mark.parametrize("window", [1, 2, 7])
def test_outputs_and_all_gradients_equal_those_of_the_plain_network(sizes, window):
    net = shake(networks.build("xlstm", 3, 2, window, **sizes).double())
    x, direction = draw(5, window, 3).requires_grad_(), draw(5, 2)
    leaves = dict(net.named_parameters()) | {"x": x}
    outputs, gradients = [], []
    for output in (net(x), plain_xlstm(net, x)):
        outputs.append(output)
        gradients.append(
            torch.autograd.grad((output * direction).sum(), [*leaves.values()], allow_unused=True)
        )
    torch.testing.assert_close(*outputs, rtol=1e-12, atol=1e-12)
    for name, ours, plain in zip(leaves, *gradients, strict=True):
        plain = torch.zeros_like(ours) if plain is None else plain
        size = plain.abs().max().item() + 1
        torch.testing.assert_close(
            ours, plain, rtol=0, atol=1e-12 * size, msg=lambda text, name=name: f"{name}: {text}"
        )


def test_gradients_of_the_cells_against_finite_differences():
    *matrices, gates = mlstm_arguments(2, 5, 2, 3)
    leaves = [leaf.requires_grad_() for leaf in (*matrices, *gates)]
    assert torch.autograd.gradcheck(lambda *x: mlstm(*x[:4], x[4:], 1e-5), leaves)
    for shape in ((5, 2, 3, 2), (1, 1, 2, 1)):
        leaves = [leaf.requires_grad_() for leaf in slstm_arguments(*shape)]
        for last in (False, True):
            assert torch.autograd.gradcheck(slstm, [*leaves, last])


@pytest.mark.parametrize("n_groups", [1, 2, 4])
def test_the_matrices_are_the_diagonal_of_the_whole_one(n_groups):
    headwise = Headwise(12, 4)
    whole = torch.block_diag(*headwise.weight)
    assert torch.equal(torch.block_diag(*headwise.matrices(n_groups)), whole)


@pytest.mark.parametrize("block", ["mlstm", "slstm"])
def test_the_last_step_alone_comes_out_as_among_all(block):
    net = shake(networks.build("xlstm", 3, 1, 6, width=8, n_heads=2, blocks=(block,)).double())
    x = draw(4, 6, 8)
    torch.testing.assert_close(net.blocks[0](x, last=True), net.blocks[0](x)[:, -1:])


def authors_stack(net, width, n_heads, n_steps):
    """Build the authors' stack of blocks with the weights of ours."""
    xlstm = pytest.importorskip(
        "xlstm", reason="the oracle is not installed: pip install 'denograd-repro[xlstm]'"
    )
    config = xlstm.xLSTMBlockStackConfig(
        mlstm_block=xlstm.mLSTMBlockConfig(
            mlstm=xlstm.mLSTMLayerConfig(num_heads=n_heads, round_proj_up_to_multiple_of=1)
        ),
        slstm_block=xlstm.sLSTMBlockConfig(
            slstm=xlstm.sLSTMLayerConfig(num_heads=n_heads, backend="vanilla"),
            feedforward=xlstm.FeedForwardConfig(
                proj_factor=(width * 4 // 3) / width, bias=True, round_proj_up_to_multiple_of=1
            ),
        ),
        context_length=n_steps,
        num_blocks=2,
        embedding_dim=width,
        bias=True,
        slstm_at=[1],
    )
    theirs = xlstm.xLSTMBlockStack(config).double()
    m, s = net.blocks
    layer_m, layer_s = theirs.blocks[0].xlstm, theirs.blocks[1].xlstm
    i_gate, f_gate = m.gates.weight.chunk(2)
    i_bias, f_bias = m.gates.bias.chunk(2)
    pairs = [
        (theirs.blocks[0].xlstm_norm.weight, m.norm.weight - 1),
        (layer_m.proj_up.weight, m.up.weight),
        (layer_m.proj_up.bias, m.up.bias),
        (layer_m.conv1d.conv.weight, m.convolution.filter.weight),
        (layer_m.conv1d.conv.bias, m.convolution.filter.bias),
        (layer_m.q_proj.weight, m.query.weight),
        (layer_m.k_proj.weight, m.key.weight),
        (layer_m.v_proj.weight, m.value.weight),
        (layer_m.mlstm_cell.igate.weight, i_gate),
        (layer_m.mlstm_cell.igate.bias, i_bias),
        (layer_m.mlstm_cell.fgate.weight, f_gate),
        (layer_m.mlstm_cell.fgate.bias, f_bias),
        (layer_m.mlstm_cell.outnorm.weight, m.head_norm.weight - 1),
        (layer_m.learnable_skip, m.skip),
        (layer_m.proj_down.weight, m.down.weight),
        (layer_m.proj_down.bias, m.down.bias),
        (theirs.blocks[1].xlstm_norm.weight, s.norm.weight - 1),
        (layer_s.conv1d.conv.weight, s.convolution.filter.weight),
        (layer_s.conv1d.conv.bias, s.convolution.filter.bias),
        # The package hands what it calls the forget gate to the cell as input gate, and vice versa.
        (layer_s.fgate.weight, s.gates[0].weight),
        (layer_s.igate.weight, s.gates[1].weight),
        (layer_s.zgate.weight, s.gates[2].weight),
        (layer_s.ogate.weight, s.gates[3].weight),
        (layer_s.slstm_cell._bias_, s.bias.flatten()),
        (
            layer_s.slstm_cell._recurrent_kernel_,
            s.recurrent.permute(1, 0, 3, 2).flatten(1, 2),
        ),
        (layer_s.group_norm.weight, s.head_norm.weight - 1),
        (theirs.blocks[1].ffn_norm.weight, s.feed_norm.weight - 1),
        (theirs.blocks[1].ffn.proj_up.weight, s.up.weight),
        (theirs.blocks[1].ffn.proj_up.bias, s.up.bias),
        (theirs.blocks[1].ffn.proj_down.weight, s.down.weight),
        (theirs.blocks[1].ffn.proj_down.bias, s.down.bias),
        (theirs.post_blocks_norm.weight, net.norm.weight - 1),
    ]
    constant = [layer_m.q_proj.bias, layer_m.k_proj.bias, layer_m.v_proj.bias]
    assert {id(p) for p in theirs.parameters()} == {id(p) for p in constant} | {
        id(target) for target, _ in pairs
    }
    with torch.no_grad():
        for bias in constant:
            bias.zero_()
        for target, source in pairs:
            target.copy_(source)
    # They add 1e-6 to the divisor of the mLSTM, which would hide smaller differences.
    cell = layer_m.mlstm_cell
    cell.backend_fn = functools.partial(cell.backend_fn, eps=0.0)
    return theirs.eval()


@pytest.mark.parametrize("scale", [0.1, 0.3])
def test_blocks_equal_those_of_the_authors_package(scale):
    width, n_heads, n_steps = 64, 4, 24
    net = shake(networks.build("xlstm", 3, 1, n_steps).double(), scale=scale)
    with torch.no_grad():  # their normalisations have no bias
        for module in net.modules():
            if isinstance(module, nn.LayerNorm | nn.GroupNorm):
                module.bias.zero_()
    theirs = authors_stack(net, width, n_heads, n_steps)
    x = draw(5, n_steps, width).requires_grad_()
    outputs = net.norm(net.blocks(x)), theirs(x)
    direction = draw(*x.shape)
    gradients = [torch.autograd.grad((out * direction).sum(), x)[0] for out in outputs]
    torch.testing.assert_close(*outputs, rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(*gradients, rtol=1e-9, atol=1e-9)

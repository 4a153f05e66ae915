"""What every network promises, checked for each file of `denograd.networks`."""


from denograd import networks


def test_small_networks_have_the_published_sizes():
    mlp = networks.build("mlp", 20)
    assert [tuple(p.shape) for p in mlp.parameters() if p.ndim == 2] == [
        (128, 20),
        (64, 128),
        (32, 64),
        (1, 32),
    ]

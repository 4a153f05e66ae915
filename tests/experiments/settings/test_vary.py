"""One denoiser of a config as many, inside one job."""

import pytest

from experiments.settings.values import ConfigError


def varied(settings_of, vary, *overrides):
    return settings_of("denoiser=[identity,denograd]", f"+vary={vary}", *overrides).denoiser


def test_every_combination_of_values_is_a_variant_in_the_place_of_the_denoiser(settings_of):
    found = varied(settings_of, "{denograd:{nrr:[0.01,0.1],nr_threshold:[0,0.5]}}")

    assert [component.label for component in found] == ["identity", *["denograd"] * 4]
    values = [(c.params["nrr"], c.params["nr_threshold"]) for c in found[1:]]
    assert values == [(0.01, 0.0), (0.01, 0.5), (0.1, 0.0), (0.1, 0.5)]
    assert all(isinstance(gate, float) for _, gate in values)


def test_variants_differ_in_identity_and_in_nothing_but_what_varies(settings_of):
    one, other = varied(settings_of, "{denograd:{nrr:[0.01,0.1]}}")[1:]

    assert one.identity() != other.identity()
    assert one.params | {"nrr": 0.1} == other.params


def test_the_published_value_among_others_is_the_denoiser_itself(settings_of):
    (plain,) = settings_of("denoiser=denograd").denoiser

    assert plain in varied(settings_of, "{denograd:{nrr:[0.001,0.01]}}")


def test_a_list_stands_for_the_variants_of_all_its_items(settings_of):
    vary = "{denograd:[{rule:[normalized]},{rule:[gauss-newton],nrr:[null,0.01]}]}"
    found = varied(settings_of, vary)[1:]

    assert [(c.params["rule"], c.params["nrr"]) for c in found] == [
        ("normalized", 0.01),
        ("gauss-newton", None),
        ("gauss-newton", 0.01),
    ]


def test_a_variant_that_comes_twice_is_kept_once(settings_of):
    assert len(varied(settings_of, "{denograd:[{nrr:[0.01,0.1]},{nrr:[0.1]}]}")) == 3


def test_what_is_varied_is_taken_as_it_is_whatever_the_profile_caps(settings_of):
    found = varied(settings_of, "{denograd:{backbone_epochs:[3,100]}}", "profile=quick")[1:]

    assert [component.params["backbone_epochs"] for component in found] == [3, 100]
    assert all(component.params["patience"] == 5 for component in found)


def test_nothing_varies_by_itself(settings_of):
    assert len(settings_of("denoiser=[identity,denograd]").denoiser) == 2


@pytest.mark.parametrize(
    ("vary", "message"),
    [
        (
            "{denogard:{nrr:[0.1]}}",
            "vary.denogard: no such denoiser here; did you mean 'denograd'?",
        ),
        ("{denograd:{nr:[0.1]}}", "vary.denograd.nr: no such key .* did you mean 'nrr'?"),
        ("{denograd:{random_state:[1]}}", "vary.denograd.random_state: no such key"),
        ("{denograd:{nrr:[]}}", "vary.denograd.nrr: must be a list of one or more values"),
        ("{denograd:{nrr:0.1}}", "vary.denograd.nrr: must be a list of one or more values"),
        ("{denograd:{nrr:[0.1,high]}}", r"vary.denograd.nrr\[1\]: must be a number"),
        ("{denograd:{max_epochs:[0.5]}}", r"vary.denograd.max_epochs\[0\]: must be a whole number"),
        ("{denograd:{}}", "vary.denograd: must map parameters to lists"),
        ("{denograd:[]}", "vary.denograd: an empty list varies nothing"),
        ("{denograd:[{nrr:[0.1]},3]}", r"vary.denograd\[1\]: must map parameters to lists"),
        ("[1]", "vary: must be a mapping"),
    ],
)
def test_a_slip_is_refused_with_its_key(settings_of, vary, message):
    with pytest.raises(ConfigError, match=message.replace("?", r"\?").replace("(", r"\(")):
        varied(settings_of, vary)

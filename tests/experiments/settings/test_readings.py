"""Named bundles of values, and each denoiser once for every form that they want it in."""

import pytest

from experiments.runner.corruption import corrupt
from experiments.runner.keys import cell_key
from experiments.settings.schema import config_dir
from experiments.settings.values import ConfigError

READINGS = sorted(file.stem for file in (config_dir() / "reading").glob("*.yaml"))
EVERY = ["experiment=readings", f"reading=[{','.join(READINGS)}]"]
METHODS = ("denograd", "dae", "dn_resnet", "pca", "wtd", "emd", "kalman", "moving_average")
FILTERS = METHODS[4:]


@pytest.mark.parametrize(
    ("dataset", "twice"),
    [
        ("ett", {"denograd": 3, "dae": 3, "dn_resnet": 2}),
        ("support2", {"denograd": 2, "dae": 3, "dn_resnet": 2, **dict.fromkeys(FILTERS, 2)}),
    ],
)
def test_what_a_reading_does_not_change_is_computed_once(settings_of, dataset, twice):
    settings = settings_of(*EVERY, f"dataset={dataset}")
    identities = [str(component.identity()) for component in settings.denoiser]

    labels = [component.label for component in settings.denoiser]
    assert {label: labels.count(label) for label in METHODS} == dict.fromkeys(METHODS, 1) | twice
    assert len(set(identities)) == len(identities)
    for method in METHODS:
        told = [name for c in settings.denoiser if c.label == method for name in c.readings]
        assert sorted(told) == READINGS


@pytest.mark.parametrize("dataset", ["ett", "support2"])
def test_the_plain_reading_is_what_any_other_run_computes(settings_of, dataset):
    plain = [c for c in settings_of(*EVERY, f"dataset={dataset}").denoiser if "plain" in c.readings]
    alone = settings_of("experiment=readings", "reading=[]", f"dataset={dataset}").denoiser

    assert [c.identity() for c in plain] == [c.identity() for c in alone]


def test_the_readings_of_a_cell_are_a_label_and_no_part_of_its_identity(settings_of):
    small = ("dataset=friedman", "dataset.n=300", "denoiser=[kalman,denograd]")
    settings, alone = settings_of(*small, "reading=[plain,target_in_inputs]"), settings_of(*small)
    corruption = corrupt(settings)

    for one, other in zip(settings.denoiser, alone.denoiser, strict=True):
        key, plain = (cell_key(corruption, "published", c) for c in (one, other))
        assert key.identity == plain.identity
        assert key.labels == plain.labels | {"readings": "plain target_in_inputs"}


@pytest.mark.parametrize(
    ("dataset", "option", "counts"),
    [
        ("ett", "denograd.target_in_inputs=true", True),
        ("friedman", "denograd.target_in_inputs=true", False),
        ("ett", "denograd.target_in_inputs=false", False),
        ("friedman", "kalman.row_order=after_split", True),
        ("ett", "kalman.row_order=after_split", False),
        ("friedman", "kalman.row_order=file", False),
    ],
)
def test_an_option_counts_where_it_changes_something(settings_of, dataset, option, counts):
    name, _, setting = option.partition(".")
    base = (f"dataset={dataset}", f"denoiser={name}")
    (plain,), (component,) = (
        settings_of(*base, *more).denoiser for more in ((), (f"+denoiser.{option}",))
    )
    added = {setting.partition("=")[0]} if counts else set()
    assert component.identity()["params"].keys() - plain.identity()["params"].keys() == added


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("+reading.mine={kalmann:{}}", "reading.mine.kalmann: no such .* did you mean 'kalman'?"),
        ("+reading.mine={kalman:{row_ordre:file}}", "reading.mine.kalman.row_ordre: no such key"),
        ("+reading.mine={kalman:{row_order:shuffled}}", "reading.mine.kalman.row_order: must be"),
        ("+reading.mine={kalman:3}", "reading.mine.kalman: must map parameters to values"),
        ("+reading.mine=3", "reading.mine: must map denoisers to values"),
        ("+denoiser.kalman.row_ordre=file", "denoiser.kalman.row_ordre: no such .*'row_order'?"),
        ("+denoiser.kalman.target_in_inputs=1", "kalman.target_in_inputs: must be true or false"),
        ("+denoiser.pca.row_order=after_split", "pca.row_order: leave it out, PCADenoiser"),
        ("+vary={kalman:{row_order:[last]}}", r"vary.kalman.row_order\[0\]: must be one of"),
    ],
)
def test_a_slip_is_refused_with_its_key(settings_of, override, message):
    with pytest.raises(ConfigError, match=message.replace("?", r"\?")):
        settings_of("denoiser=[kalman,pca]", override)


@pytest.mark.parametrize("values", ["[file,after_split]", "[after_split,file]"])
def test_options_can_be_varied(settings_of, values):
    found = settings_of("denoiser=kalman", f"+vary={{kalman:{{row_order:{values}}}}}").denoiser
    assert {component.options.get("row_order") for component in found} == {None, "after_split"}

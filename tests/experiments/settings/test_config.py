"""Every file in conf/ composes, and every slip is refused with its key."""

import inspect
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
import yaml
from hydra import compose, initialize_config_dir

import baselines
from denograd.estimator import DenoGradDenoiser
from experiments import datasets, noise, regressors
from experiments.datasets.base import Dataset
from experiments.noise.base import Noise
from experiments.regressors.base import BaseRegressor
from experiments.settings.command_line import check_command_line
from experiments.settings.compose import to_settings
from experiments.settings.schema import KINDS, Settings, config_dir, import_target, schema_of
from experiments.settings.values import ConfigError, coerce
from tests.support.discovery import concrete, lacks
from tests.support.sweepers import NEEDS_SWEEPER

CONF = config_dir()
GROUPS = ("dataset", "noise", "denoiser", "regressor", "profile")
MEMBERS = [(g, p.stem) for g in GROUPS for p in sorted((CONF / g).glob("*.yaml"))]
PLUG_INS = {
    "dataset": set(concrete(datasets, Dataset)),
    "noise": set(concrete(noise, Noise)),
    "denoiser": {DenoGradDenoiser, *baselines.discover().values()},
    "regressor": set(concrete(regressors, BaseRegressor)),
}
#: What a member cannot do without, beside its name.
NEEDS = {"csv": ["dataset.file={folder}/csv.csv", "dataset.target=y"]}
EXPERIMENTS = [
    pytest.param(path.stem, marks=[NEEDS_SWEEPER] if path.stem == "tune" else [])
    for path in sorted((CONF / "experiment").glob("*.yaml"))
]


@pytest.mark.parametrize(("group", "member"), MEMBERS)
def test_every_member_composes_and_its_class_can_be_constructed(
    settings_of, group, member, tmp_path
):
    (tmp_path / "csv.csv").write_text("x,y\n1,2\n")
    needs = [need.format(folder=tmp_path) for need in NEEDS.get(member, ())]
    settings = settings_of(f"{group}={member}", *needs)

    found = getattr(settings, group)
    if group == "profile":
        assert found.name == member
        return
    for component in found if isinstance(found, tuple) else [found]:
        assert component.label == member or group == "noise"
        assert isinstance(component.build(), component.cls)
        # The premise of the schema: constructors are annotated, so a wrong type can be told.
        for parameter in inspect.signature(component.cls).parameters.values():
            assert parameter.annotation is not inspect.Parameter.empty, parameter


def spelled_out(group: str, member: str) -> tuple[type, dict[str, Any]]:
    """The class that a file of conf/ names, and the values that it gives."""
    content = yaml.safe_load((CONF / group / f"{member}.yaml").read_text())
    if group in ("denoiser", "regressor"):
        assert list(content) == [member]
        content = content[member]
    if group == "denoiser":
        assert content.pop("kind", "method") in KINDS
    if group == "dataset":
        assert content.pop("name") == (member if member not in NEEDS else "${stem:${.file}}")
    return import_target(content.pop("_target_"), member), content


@pytest.mark.parametrize(("group", "member"), [m for m in MEMBERS if m[0] != "profile"])
def test_every_member_spells_out_what_its_class_takes(group, member):
    """A reader of conf/ sees every knob; a default in code that no file shows is a surprise."""
    cls, values = spelled_out(group, member)
    schema = {name: default for name, (_, default) in schema_of(cls).items()}

    assert set(values) == set(schema)
    if group in ("noise", "regressor"):
        given = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
        defaults = {k: v for k, v in schema.items() if v is not inspect.Parameter.empty}
        assert given.items() >= defaults.items()


@pytest.mark.parametrize("group", PLUG_INS)
def test_every_plug_in_has_a_file_and_every_file_a_plug_in(group):
    named = {spelled_out(group, member)[0] for of, member in MEMBERS if of == group}

    assert named - PLUG_INS[group] == set()
    for cls in PLUG_INS[group] - named:
        file = f"conf/{group}/{cls.__module__.rpartition('.')[2]}.yaml"
        target = f"{cls.__module__}.{cls.__qualname__}"
        write = f"`_target_: {target}` and its parameters, like the files beside it"
        pytest.fail(lacks(cls, file, write))


@pytest.mark.parametrize("group", PLUG_INS)
def test_a_plug_in_without_a_file_is_told_so(group, monkeypatch):
    class Newcomer: ...

    monkeypatch.setitem(PLUG_INS, group, {*PLUG_INS[group], Newcomer})
    said = (
        rf"test_config\.py: Newcomer lacks conf/{group}/test_config\.yaml; write `_target_: tests"
    )
    with pytest.raises(pytest.fail.Exception, match=said):
        test_every_plug_in_has_a_file_and_every_file_a_plug_in(group)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_is_a_valid_sweep(name):
    check_command_line([f"experiment={name}"], multirun=False)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_says_its_command_and_its_name(settings_of, name):
    text = (CONF / "experiment" / f"{name}.yaml").read_text()

    assert f"python -m experiments experiment={name}" in text
    assert settings_of(f"experiment={name}").name == name


def test_settings_are_plain_all_the_way_down(settings_of):
    def walk(value: object) -> None:
        assert type(value).__module__ in ("builtins", "pathlib", "experiments.settings.schema"), (
            value
        )
        if is_dataclass(value):
            for field in fields(value):
                walk(getattr(value, field.name))
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list | tuple):
            for item in value:
                walk(item)

    settings = settings_of()
    walk(settings.dataset)
    walk(settings.denoiser)
    walk(settings.profile)
    assert isinstance(settings, Settings)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("noise.sgima=1", "noise.sgima: no such key in noise; did you mean 'sigma'?"),
        ("+noise.sgima=1", "noise.sgima: no such key in Gaussian; did you mean 'sigma'?"),
        ("+sede=1", "sede: no such key in the config; did you mean 'seed'?"),
        ("+profile.rows=1", "profile.rows: no such key in a profile"),
        ("noise.sigma=much", "noise.sigma: must be a number, not 'much'"),
        ("noise.sigma=-1", "noise: sigma must be a finite number"),
        ("noise.on=Z", "noise.on: must be one of 'X', 'y', 'both', not 'Z'"),
        ("seed=1.5", "seed: must be a whole number, not 1.5"),
        ("seed=-1", "seed: must be at least 0, not -1"),
        ("window_size=0", "window_size: must be at least 1, not 0"),
        ("protocol=held", "protocol: no such protocol 'held'; did you mean 'held_out'?"),
        ("protocol=[]", "protocol: name at least one of published, held_out"),
        ("denoiser=nothing", "denoiser: there is no 'nothing'; "),
        ("denoiser=[pca,kal*]", "denoiser: there is no 'kal*'; did you mean 'kalman'?"),
        ("dataset=fridman", "dataset: there is no 'fridman'; did you mean 'friedman'?"),
        ("denoiser=[]", "denoiser: name at least one, for example"),
        ("denoiser.pca._target_=baselines.pca.No", "denoiser.pca._target_: cannot import"),
        ("denoiser.denograd.rule=5", "denoiser.denograd.rule: must be a string or a mapping, not"),
        ("denoiser.denograd.rule={name:newton}", "denoiser.denograd: There is no rule 'newton'"),
        ("denoiser.denograd.rule={name:global,lamb:1}", "denoiser.denograd: There is no argument"),
        ("noise.sigma=1,2", "noise.sigma: several values need -m"),
        ("seed=[", "seed: '[' cannot be read"),
        ("target=shuffled", "target: must be one of 'as_is', 'permuted', not 'shuffled'"),
        ("dataset=csv", "dataset.file: has no value; add dataset.file=..."),
        ("profile.max_rows=3", "profile.max_rows: must be at least 50, not 3"),
    ],
)
def test_a_slip_is_one_sentence_that_names_the_key(override, message):
    group = override.split(".")
    named = [f"denoiser={group[1]}"] if group[0] == "denoiser" and len(group) > 1 else []

    with pytest.raises(ConfigError) as caught:
        check_command_line([*named, override], multirun=False)

    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_slip_in_any_value_of_a_sweep_is_found_before_it_starts():
    with pytest.raises(ConfigError, match=r"noise.sigma: must be a number, not 'no'"):
        check_command_line(["noise.sigma=0,0.1,no", "seed=0,1"], multirun=True)


def test_a_slip_inside_a_file_is_refused(tmp_path: Path):
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\nnoise:\n  sigm: 0.3\n")
    with initialize_config_dir(str(CONF), version_base="1.3"):
        config = compose(
            "config", overrides=["experiment=mine", f"hydra.searchpath=[file://{tmp_path}]"]
        )

    with pytest.raises(ConfigError, match=r"noise.sigm: no such key in Gaussian"):
        to_settings(config)


def test_the_command_line_overrides_what_an_experiment_sweeps():
    check_command_line(["experiment=quick", "dataset=friedman", "seed=3"], multirun=False)
    with pytest.raises(ConfigError, match=r"dataset: there is no 'nope'"):
        check_command_line(["experiment=quick", "dataset=friedman,nope"], multirun=False)


def test_a_profile_caps_parameters_and_never_raises_them(settings_of):
    caps = "profile.caps={backbone_epochs:3,max_epochs:1000}"
    settings = settings_of("denoiser=denograd", caps)

    assert settings.denoiser[0].params["backbone_epochs"] == 3
    assert settings.denoiser[0].params["max_epochs"] == 150


@pytest.mark.parametrize(
    ("value", "annotation", "expected"),
    [
        (1, float, 1.0),
        (None, int | None, None),
        (3, int | None, 3),
        ([1, 2], list[float], [1.0, 2.0]),
        ([1, 2], tuple[int, ...], [1, 2]),
        ([1, "a"], tuple[int, str], [1, "a"]),
        ("a", Literal["a", "b"], "a"),
        ({"a": 1}, dict[str, float], {"a": 1.0}),
    ],
)
def test_values_become_what_the_annotation_says(value, annotation, expected):
    assert coerce(value, annotation, "key") == expected


@pytest.mark.parametrize(
    ("value", "annotation"),
    [
        (True, int),
        (True, float),
        (1.0, int),
        ("1", int),
        (1, str),
        (None, int),
        ("c", Literal["a", "b"]),
        ([1, "a"], list[int]),
        ([1], tuple[int, str]),
        ("ab", list[str]),
    ],
)
def test_other_values_are_refused(value, annotation):
    with pytest.raises(ConfigError, match=r"^key"):
        coerce(value, annotation, "key")

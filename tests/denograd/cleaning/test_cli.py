"""The command `denograd clean`: what it refines, what it leaves alone, what it says."""

import os
import pkgutil
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from denograd import DenoGradDenoiser
from denograd.cleaning.cli import main
from denograd.cleaning.options import UsageError, command_parser, in_flags
from denograd.networks import available
from denograd.rules import rules
from tests.denograd.cleaning.toys import PUBLISHED, ROOT, SHORT, cells, clean, series, table


class TestTable:
    @pytest.fixture
    def said(self, data: Path, capsys: pytest.CaptureFixture[str]) -> str:
        assert clean(data, "--target", "price", *SHORT[:-1], "--report", "changes.csv") == 0
        return capsys.readouterr().out

    def test_refines_columns_of_numbers_and_leaves_the_others_as_written(
        self, data: Path, said: str
    ) -> None:
        before, after = cells(data), cells(data.with_name("data.cleaned.csv"))
        assert list(after) == list(before)
        assert {n for n in before if before[n] != after[n]} == {"a", "price", "b", "rooms"}
        for name, reason in {
            "number": "counts in equal steps, as row numbers do",
            "label": "not numbers ('row 0' on line 2)",
            "day": "not numbers ('2020-01-01' on line 2)",
            "fixed": "constant",
        }.items():
            assert f"left as it is: {name!r}, {reason}" in said

    def test_gives_what_the_estimator_gives(self, data: Path, said: str) -> None:
        frame = table()
        denoiser = DenoGradDenoiser(backbone_epochs=3, max_epochs=5, random_state=0, device="cpu")
        X, y = denoiser.fit_resample(frame[["a", "b", "rooms"]], frame["price"])
        after = pd.read_csv(data.with_name("data.cleaned.csv"))
        pd.testing.assert_series_equal(after["price"], y)
        pd.testing.assert_frame_equal(after[["a", "b", "rooms"]], X)

    def test_cells_that_rest_stay_as_written(self, data: Path, said: str) -> None:
        before, after = cells(data), cells(data.with_name("data.cleaned.csv"))
        rest = [old == new for old, new in zip(before["rooms"], after["rooms"], strict=True)]
        assert 0 < sum(rest) < len(rest)

    def test_summary_tells_how_far_what_has_moved(self, data: Path, said: str) -> None:
        before, after = table(), pd.read_csv(data.with_name("data.cleaned.csv"))
        change = (after["price"] - before["price"]).abs()
        line = next(line for line in said.splitlines() if "price (target)" in line)
        told = [float(word) for word in line.split()[2:]]
        spread = before["price"].std(ddof=0)
        expected = [change.mean(), change.max(), change.mean() / spread, change.max() / spread]
        assert told == pytest.approx(expected, rel=0.01)
        assert f"moved: {int((change > 0).sum())} of 120 rows" in said
        assert "integers became decimals where they moved (--round-integers): 'rooms'" in said
        assert re.search(r"15 rows at random, set aside, it predicts 'price' with R² -?\d", said)
        assert "refined table: data.cleaned.csv" in re.sub(re.escape(f"{data.parent}/"), "", said)

    def test_report_lists_every_change(self, data: Path, said: str) -> None:
        before, after = table(), pd.read_csv(data.with_name("data.cleaned.csv"))
        report = pd.read_csv("changes.csv")
        for name in ("price", "a", "b", "rooms"):
            lines = report[report["column"] == name]
            moved = (before[name] != after[name]).to_numpy()
            assert list(lines["row"]) == list(np.flatnonzero(moved) + 1)
            np.testing.assert_allclose(lines["before"], before[name][moved])
            np.testing.assert_allclose(lines["after"], after[name][moved])
            change = (after[name] - before[name])[moved]
            np.testing.assert_allclose(lines["change_sd"], change / before[name].std(ddof=0))
        assert set(report["column"]) == {"price", "a", "b", "rooms"}


class TestOptions:
    def test_columns_and_exclude(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        verbose = SHORT[:-1]
        assert clean(data, "--target", "price", "--columns", "a,number", *verbose) == 0
        assert "'b', not asked for" in capsys.readouterr().out
        after = cells(data.with_name("data.cleaned.csv"))
        changed = {name for name, old in cells(data).items() if old != after[name]}
        assert changed == {"number", "a", "price"}

        exclude = ["--exclude", "a", "--exclude", "rooms, fixed", "--output", "other.csv"]
        assert clean(data, "--target", "price", *exclude, *verbose) == 0
        assert "'a', excluded" in capsys.readouterr().out
        after = cells(Path("other.csv"))
        assert {name for name, old in cells(data).items() if old != after[name]} == {"b", "price"}

    def test_a_name_may_hold_a_comma(self, data: Path) -> None:
        table().rename(columns={"a": "a, of b"}).to_csv(data, index=False)
        assert clean(data, "--target", "price", "--columns", "a, of b", *SHORT) == 0

    def test_keep_target(self, data: Path) -> None:
        assert clean(data, "--target", "price", "--keep-target", *SHORT) == 0
        before, after = cells(data), cells(data.with_name("data.cleaned.csv"))
        assert after["price"] == before["price"]
        assert after["a"] != before["a"]

    def test_cross_fitting_and_the_rules_arguments_reach_the_estimator(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        given = ["--rule", "gauss-newton", "--nrr", "0.4", "--threshold", "0.2", "--seed", "3"]
        assert clean(data, "--target", "price", "--cv", "3", *given, *SHORT[:-1]) == 0
        assert "the rows were moved by 3 like it" in capsys.readouterr().out
        denoiser = DenoGradDenoiser(
            rule="gauss-newton", nrr=0.4, nr_threshold=0.2, cv=3, random_state=3,
            backbone_epochs=3, max_epochs=5, device="cpu",
        )  # fmt: skip
        frame = table()
        _, y = denoiser.fit_resample(frame[["a", "b", "rooms"]], frame["price"])
        pd.testing.assert_series_equal(pd.read_csv("data.cleaned.csv")["price"], y)

    def test_equal_seeds_give_equal_files(self, data: Path) -> None:
        for output, seed in (("1.csv", 4), ("2.csv", 4), ("3.csv", 5)):
            assert clean(data, "--target", "price", "--seed", seed, "--output", output, *SHORT) == 0
        one, two, three = (Path(f"{name}.csv").read_bytes() for name in "123")
        assert one == two != three

    def test_quiet_says_nothing(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        arguments = ["--target", "price", "--epochs", "60", "--iterations", "2", "--quiet"]
        assert clean(data, *PUBLISHED, *arguments) == 0
        assert capsys.readouterr() == ("", "")

    def test_picture(self, data: Path) -> None:
        assert clean(data, "--target", "price", "--plot", "picture.png", *SHORT) == 0
        assert Path("picture.png").read_bytes().startswith(b"\x89PNG")

    def test_warnings_of_the_method_are_told_in_flags(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert clean(data, "--target", "price", "--nrr", "1", "--threshold", "0", *SHORT) == 0
        err = capsys.readouterr().err
        assert "denograd: warning: " in err
        assert "step size --nrr is too large for --threshold" in err


class TestProcess:
    def run(self, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "denograd", *arguments],
            cwd=cwd, env=os.environ | {"OMP_NUM_THREADS": "1"}, text=True, capture_output=True,
            timeout=120,
        )  # fmt: skip

    def test_help_is_fast_and_shows_examples(self, tmp_path: Path) -> None:
        code = (
            "import sys\n"
            "from denograd.cleaning.cli import main\n"
            "try:\n"
            "    main(['clean', '--help'])\n"
            "except SystemExit as end:\n"
            "    print('status', end.code)\n"
            "print('heavy', {'torch', 'pandas', 'numpy', 'matplotlib'} & set(sys.modules))\n"
        )
        started = os.times()
        done = subprocess.run(
            [sys.executable, "-c", code], text=True, capture_output=True, cwd=ROOT
        )
        ended = os.times()
        assert ended.children_user - started.children_user < 1
        assert "status 0\nheavy set()" in done.stdout
        assert "denograd clean houses.csv --target price\n" in done.stdout
        assert "exit status:\n  0 when all is done, 1 when some of several" in done.stdout

    def test_a_file_from_end_to_end(self, data: Path) -> None:
        done = self.run("clean", "data.csv", "--target", "price", *SHORT[:-1], cwd=data.parent)
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith("data.csv: 120 rows, 4 of 8 columns refined\n")
        assert done.stdout.endswith("\nrefined table: data.cleaned.csv\n")
        assert "\r" not in done.stderr
        assert Path("data.cleaned.csv").exists()

    def test_a_mistake(self, data: Path) -> None:
        done = self.run("clean", "data.csv", "--target", "rent", cwd=data.parent)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("flag", "names"),
    [("--backbone", available()), ("--rule", tuple(set(rules()) - {"calibrated"}))],
    ids=["backbone", "rule"],
)
def test_choices_are_what_there_is(flag: str, names: tuple[str, ...]) -> None:
    for name in names:
        given = command_parser().parse_args(["clean", "x.csv", "--target", "y", flag, name])
        assert getattr(given, flag.lstrip("-")) == name
    with pytest.raises(UsageError, match=", ".join(f"'{name}'" for name in sorted(names))):
        command_parser().parse_args(["clean", "x.csv", "--target", "y", flag, "base"])


@pytest.mark.parametrize(
    ("message", "said"),
    [
        ("Lower nrr or raise nr_threshold.", "Lower --nrr or raise --threshold."),
        ("set it, or give its path as weights=", "set it"),
        ("window_size=2 of DenoGradDenoiser", "--window=2 of the command"),
        ("unrred", "unrred"),
    ],
)
def test_messages_of_the_library_are_told_in_flags(message: str, said: str) -> None:
    assert in_flags(message) == said


def test_the_script_is_this_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert pkgutil.resolve_name(project["scripts"]["denograd"]) is main


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    from denograd import __version__

    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"denograd {__version__}\n"


@pytest.mark.slow
def test_the_commands_of_the_readme() -> None:
    """They run as they stand, on files of the names that they use."""
    section = (ROOT / "README.md").read_text().partition("### Clean a file\n")[2]
    section = re.split(r"^##", section, maxsplit=1, flags=re.MULTILINE)[0]
    commands = re.findall(r"^denograd (.+)$", section.replace("\\\n", " "), re.MULTILINE)
    assert len(commands) >= 2
    table().to_csv("data.csv", index=False)
    series().to_csv("weather.csv", index=False)
    for command in commands:
        assert main(shlex.split(command)) == 0

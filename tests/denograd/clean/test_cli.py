"""The command `denograd clean`: what it writes, what it leaves alone, what it says."""

import csv
import os
import pkgutil
import re
import shlex
import stat
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from denograd import DenoGradDenoiser
from denograd.clean import cleaning, files
from denograd.clean.cleaning import Changes, Quality, assess
from denograd.clean.cli import main
from denograd.clean.options import UsageError, command_parser
from denograd.networks import available
from denograd.rules import rules

ROOT = Path(__file__).parents[3]
SHORT = ("--epochs", "3", "--iterations", "5", "--device", "cpu", "--quiet")


def table(n_rows: int = 120) -> pd.DataFrame:
    """Labels, dates, row numbers, a constant and integers around three columns of numbers."""
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, n_rows))
    return pd.DataFrame(
        {
            "number": np.arange(1, n_rows + 1),
            "a": a,
            "label": [f"row {i}" for i in range(n_rows)],
            "price": 3 * a - b + rng.normal(scale=0.3, size=n_rows),
            "day": pd.date_range("2020-01-01", periods=n_rows).strftime("%Y-%m-%d"),
            "b": b,
            "rooms": rng.integers(1, 9, n_rows),
            "fixed": 7,
        }
    )


def series(n_rows: int = 90) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    t = np.arange(n_rows)
    return pd.DataFrame(
        {
            "day": pd.date_range("2020-01-01", periods=n_rows).strftime("%Y-%m-%d"),
            "humidity": np.cos(t / 5) + rng.normal(scale=0.2, size=n_rows),
            "temperature": np.sin(t / 5) + rng.normal(scale=0.2, size=n_rows),
        }
    )


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "data.csv"
    table().to_csv(path, index=False)
    return path


def cells(path: Path, separator: str = ",", encoding: str = "utf-8") -> dict[str, list[str]]:
    """The text of every cell, by column."""
    with path.open(newline="", encoding=encoding) as file:
        header, *rows = csv.reader(file, delimiter=separator)
    return dict(zip(header, map(list, zip(*rows, strict=True)), strict=True))


def clean(*arguments: object) -> int:
    return main(["clean", *map(str, arguments)])


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What is said about a command that must end with status 2, one line and no new file."""
    before = sorted(Path().rglob("*"))
    assert main(list(map(str, arguments))) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"denograd: [^\n]+\n", err), err
    assert sorted(Path().rglob("*")) == before
    return err


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
            "number": "row numbers",
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
        assert "integers became decimals where they moved: 'rooms'" in said
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
        assert clean(data, *arguments) == 0
        assert capsys.readouterr() == ("", "")

    def test_picture(self, data: Path) -> None:
        assert clean(data, "--target", "price", "--plot", "picture.png", *SHORT) == 0
        assert Path("picture.png").read_bytes().startswith(b"\x89PNG")

    def test_codes_and_binary_targets_are_pointed_out(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        frame = table()
        frame["flag"] = frame["a"] > 0
        frame["code"] = np.where(frame["b"] > 0, 2, 5)
        frame.to_csv(data, index=False)
        assert clean(data, "--target", "price", *SHORT) == 0
        err = capsys.readouterr().err
        assert "note: 'code' holds only 2 and 5" in err
        assert "--exclude code" in err
        assert cells(data)["flag"] == cells(Path("data.cleaned.csv"))["flag"]
        assert clean(data, "--target", "code", *SHORT, "--force") == 0
        assert "the target 'code' holds only 2 and 5" in capsys.readouterr().err

    def test_values_below_zero_are_pointed_out(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        frame = table()
        frame["a"] -= frame["a"].min()
        frame.to_csv(data, index=False)
        far = ["--nrr", "0.5", "--threshold", "0"]
        assert clean(data, "--target", "price", *far, *SHORT[:-1]) == 0
        out = capsys.readouterr().out
        n_below = int((pd.read_csv("data.cleaned.csv")["a"] < 0).sum())
        assert n_below > 0
        assert f"below zero now, where nothing was before: 'a' ({n_below} rows)" in out

    def test_warnings_of_the_method_are_told_in_flags(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert clean(data, "--target", "price", "--nrr", "1", "--threshold", "0", *SHORT) == 0
        err = capsys.readouterr().err
        assert "denograd: warning: " in err
        assert "step size --nrr is too large for --threshold" in err


class TestSeries:
    @pytest.fixture
    def weather(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        monkeypatch.chdir(tmp_path)
        series().to_csv("weather.csv", index=False)
        return Path("weather.csv")

    def test_refines_target_and_channels(
        self, weather: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        shape = ["--series", "--window", "8", "--horizon", "2", "--backbone", "mlp"]
        plot = ["--plot", "picture.svg"]
        assert clean(weather, "--target", "temperature", *shape, *plot, *SHORT[:-1]) == 0
        out, err = capsys.readouterr()
        assert "the target stays in the first 9 rows" in out
        assert "on the last 10 rows, set aside" in out
        assert "goes back" not in err
        assert "<svg" in Path("picture.svg").read_text()
        frame = series()
        X = frame[["temperature", "humidity"]].to_numpy()
        denoiser = DenoGradDenoiser(
            "mlp", domain="series", window_size=8, horizon=2, backbone_epochs=3, max_epochs=5,
            random_state=0, device="cpu",
        )  # fmt: skip
        X_refined, y_refined = denoiser.fit_resample(X, X[:, 0])
        after = pd.read_csv("weather.cleaned.csv")
        assert list(after) == list(frame)
        assert list(after["day"]) == list(frame["day"])
        np.testing.assert_allclose(after["temperature"], y_refined, rtol=1e-12)
        np.testing.assert_allclose(after["humidity"], X_refined[:, 1], rtol=1e-12)

    def test_the_target_alone_and_one_objective_for_all(self, weather: Path) -> None:
        one = ["--columns", "temperature", "--rule", "global", "--window", "8"]
        assert clean(weather, "--target", "temperature", "--series", *one, *SHORT) == 0
        before, after = cells(weather), cells(Path("weather.cleaned.csv"))
        assert after["humidity"] == before["humidity"]
        assert after["temperature"] != before["temperature"]

    def test_rows_out_of_order_are_pointed_out(
        self, weather: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        series()[::-1].to_csv(weather, index=False)
        arguments = ["--series", "--window", "8", "--backbone", "mlp", *SHORT]
        assert clean(weather, "--target", "temperature", *arguments) == 0
        assert "'day' goes back on line 3 and 88 more" in capsys.readouterr().err

    def test_too_short(self, weather: Path, capsys: pytest.CaptureFixture[str]) -> None:
        shape = ["--target", "temperature", "--series", "--window", "89"]
        said = refusal(capsys, "clean", weather, *shape)
        assert "at least 91 rows, and this one has 90: shorten --window" in said


class TestFormats:
    def written(self, text: str, *arguments: str, encoding: str = "utf-8") -> str:
        Path("x.csv").write_bytes(text.encode(encoding))
        assert clean("x.csv", "--target", "y", *arguments, *SHORT) == 0
        return Path("x.cleaned.csv").read_bytes().decode(encoding)

    def lines(self, frame: pd.DataFrame, **style: str) -> str:
        return frame.to_csv(index=False, **style)

    @pytest.fixture
    def small(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
        monkeypatch.chdir(tmp_path)
        frame = table(20)[["label", "a", "price"]].rename(columns={"price": "y"})
        return frame.round(3)

    @pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
    def test_separators_are_found(self, small: pd.DataFrame, separator: str) -> None:
        text = self.written(self.lines(small, sep=separator))
        after = pd.read_csv(Path("x.cleaned.csv"), sep=separator)
        assert list(after) == ["label", "a", "y"]
        assert text.count(separator) == 2 * 21

    def test_separator_that_is_given(self, small: pd.DataFrame) -> None:
        text = self.written(self.lines(small, sep="~"), "--separator", "~")
        assert text.startswith("label~a~y\nrow 0~")
        text = self.written(self.lines(small, sep="\t"), "--separator", "\\t", "--force")
        assert text.startswith("label\ta\ty\n")

    def test_decimal_commas(self, small: pd.DataFrame) -> None:
        text = self.written(self.lines(small, sep=";", decimal=","), "--decimal", ",")
        assert "." not in text
        after = pd.read_csv(Path("x.cleaned.csv"), sep=";", decimal=",")
        assert 0 < (after["y"] - small["y"]).abs().max() < 1

    def test_points_do_not_group_digits_where_commas_are_decimal(
        self, small: pd.DataFrame, capsys: pytest.CaptureFixture[str]
    ) -> None:
        text = self.lines(small, sep=";", decimal=",")
        Path("x.csv").write_text(text + "row 20;1.234;1,5\n")
        said = refusal(
            capsys, "clean", "x.csv", "--target", "y", "--columns", "a", "--decimal", ","
        )
        assert "the column 'a' cannot be refined: 1 cells are not numbers ('1.234' on line 22)" in (
            said
        )

    def test_line_ends_byte_order_mark_and_encoding(self, small: pd.DataFrame) -> None:
        text = self.written(self.lines(small, lineterminator="\r\n"), encoding="utf-8-sig")
        assert text.count("\r\n") == text.count("\n") == 21
        assert Path("x.cleaned.csv").read_bytes().startswith(b"\xef\xbb\xbflabel")
        small["label"] = "Größe"
        text = self.written(
            self.lines(small), "--encoding", "latin-1", "--force", encoding="latin-1"
        )
        assert text.count("Größe") == 20

    def test_cells_are_not_rewritten(self, small: pd.DataFrame) -> None:
        small["code"] = [f"{i:03d}" for i in range(20)]
        small["text"] = ['a "quoted", cell', "NA", "two\nlines", "1.50"] * 5
        small["empty"] = ""
        self.written(self.lines(small), "--exclude", "code")
        before, after = cells(Path("x.csv")), cells(Path("x.cleaned.csv"))
        for name in ("label", "code", "text", "empty"):
            assert after[name] == before[name]
        assert after["y"] != before["y"]

    def test_row_labels_of_pandas(self, small: pd.DataFrame) -> None:
        small.index = [i * i for i in range(20)]
        self.written(small.to_csv())
        before, after = cells(Path("x.csv")), cells(Path("x.cleaned.csv"))
        assert after[""] == before[""]

    def test_blank_lines_are_no_rows(self, small: pd.DataFrame) -> None:
        text = self.lines(small)
        assert len(self.written(f"\n{text}\n\n").splitlines()) == 21

    def test_blank_lines_of_one_column_are_missing_values(
        self, small: pd.DataFrame, capsys: pytest.CaptureFixture[str]
    ) -> None:
        values = [str(v) for v in small["y"]]
        text = "\n".join(["y", *values[:3], "", *values[3:], "", ""])
        Path("x.csv").write_text(text)
        said = refusal(capsys, "clean", "x.csv", "--target", "y", "--series", "--window", "4")
        assert "missing or infinite values in 'y' (1 of 21, first on line 5)" in said

    def test_what_is_a_number(self) -> None:
        texts = ["1", " -2.5 ", "3e2", "", "NA", "?", "1_000", "0x1F", "1,5", "True", "inf"]
        style = files.CsvStyle(",", ".", "utf-8", "\n")
        source = files.CsvTable(style, {"x": texts}, range(2, 13))
        numbers = source.numbers("x")
        assert list(numbers.values[:3]) == [1.0, -2.5, 300.0]
        assert list(numbers.missing) == [3, 4, 5, 10]
        assert [texts[i] for i in numbers.unreadable] == ["1_000", "0x1F", "1,5", "True"]

    def test_a_typed_table_keeps_index_and_types(self) -> None:
        frame = pd.DataFrame(
            {
                "i": np.array([1, 2, 3], dtype="int8"),
                "n": pd.array([1, None, 3], dtype="Int64"),
                "f": np.array([1.5, 2.5, np.inf], dtype="float32"),
                "flag": [True, False, True],
                "kind": pd.Categorical(["a", None, "b"]),
                7: [1.0, 2.0, 3.0],
            },
            index=pd.Index(["x", "y", "z"], name="key"),
        )
        source = files.ParquetTable(frame)
        assert source.names == ["i", "n", "f", "flag", "kind", "7"]
        found = {name: source.numbers(name) for name in source.names}
        assert [name for name, numbers in found.items() if numbers.whole] == ["i", "n"]
        assert found["n"].missing.tolist() == [1]
        assert found["f"].missing.tolist() == [2]
        assert found["flag"].unreadable.tolist() == [0, 1, 2]
        assert found["kind"].unreadable.tolist() == [0, 2]
        assert (source.sample("kind", 2), source.place(2)) == ("'b'", "row 3")

        refined = {"i": np.array([1.0, 2.0, 2.5]), "7": np.array([1.0, 2.0, 3.0])}
        after = source.with_values({**refined, "f": np.array([1.0, 2.0, 3.0])}).frame
        assert after.index.equals(frame.index)
        assert list(after) == list(frame)
        assert after["i"].tolist() == [1.0, 2.0, 2.5]
        assert after["f"].dtype == "float32"
        for name in ("n", "flag", "kind", 7):
            pd.testing.assert_series_equal(after[name], frame[name])

    def test_parquet_keeps_index_and_types(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytest.importorskip("pyarrow", reason="Parquet files need pyarrow, an optional package")
        monkeypatch.chdir(tmp_path)
        frame = table(60).set_index("label")
        frame["day"] = pd.to_datetime(frame["day"])
        frame["a"] = frame["a"].astype("float32")
        frame["flag"] = frame["b"] > 0
        frame.to_parquet("x.parquet")
        assert clean("x.parquet", "--target", "price", *SHORT) == 0
        after = pd.read_parquet("x.cleaned.parquet")
        assert list(after) == list(frame)
        moved = ["a", "price", "b", "rooms"]
        pd.testing.assert_frame_equal(after.drop(columns=moved), frame.drop(columns=moved))
        assert after["a"].dtype == "float32"
        assert after["rooms"].dtype == "float64"
        assert (after[moved] != frame[moved]).any().all()

    def test_parquet_without_pyarrow(
        self, data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(sys.modules, "pyarrow", None)
        Path("x.parquet").write_bytes(b"PAR1")
        said = refusal(capsys, "clean", "x.parquet", "--target", "y")
        assert "pip install 'denograd-repro[parquet]'" in said


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            ([], "the following arguments are required: command"),
            (["wash"], "invalid choice: 'wash'"),
            (["clean"], "the following arguments are required: file, --target"),
            (["clean", "no.csv", "--target", "price"], "there is no file no.csv"),
            (["clean", ".", "--target", "price"], "is not a file"),
            (["clean", "data.csv"], "required: --target"),
            (["clean", "data.csv", "--target", "prise"], "did you mean 'price'?"),
            (["clean", "data.csv", "--target", "zzz"], "there are 'number', 'a', 'label'"),
            (["clean", "data.csv", "--target", "label"], "not numbers ('row 0' on line 2)"),
            (["clean", "data.csv", "--target", "fixed"], "cannot be refined: constant"),
        ],
    )  # fmt: skip
    def test_command_lines(
        self,
        data: Path,
        capsys: pytest.CaptureFixture[str],
        arguments: list[str],
        reason: str,
    ) -> None:
        assert reason in refusal(capsys, *arguments)

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            ("--columns b,label", "the column 'label' cannot be refined: not numbers"),
            ("--columns a --exclude b", "not allowed with argument"),
            ("--exclude c", "there is no column 'c'"),
            ("--exclude price", "'price' is the target"),
            ("--exclude a,b,rooms", "'price' is the only column of numbers"),
            ("--window 12", "--window and --horizon have an effect with --series only"),
            ("--horizon 2", "have an effect with --series only"),
            ("--series --window 0", "argument --window: '0' is not a whole number of at least 1"),
            ("--nrr fast", "argument --nrr: 'fast' is not a number"),
            ("--nrr 0", "--nrr has to be a finite number above 0"),
            ("--threshold nan", "argument --threshold: 'nan' is not a number"),
            ("--iterations 1.5", "argument --iterations: '1.5' is not a whole number"),
            ("--cv 1", "argument --cv: '1' is not a number of folds, at least 2"),
            ("--cv 500", "--cv=500 folds need at least 500 rows, got 120"),
            ("--seed -1", "argument --seed: '-1' is not a whole number of at least 0"),
            ("--backbone resnet", "argument --backbone: invalid choice: 'resnet'"),
            ("--backbone lstm", "The backbone 'lstm' is for series data; data.csv is tabular"),
            ("--rule global", "The rule 'global' does not refine tabular data"),
            ("--series --rule global --nrr 0.1", "--nrr has no effect under the rule global"),
            ("--device abacus", "there is no device 'abacus' here"),
            ("--separator ::", "'::' is not a single character"),
            ("--separator ;", "there is no column 'price'"),
            ("--encoding utf-16", "data.csv is not utf-16 text"),
            ("--encoding klingon", "there is no encoding 'klingon'"),
            ("--output nowhere/x.csv", "there is no folder nowhere to write x.csv to"),
            ("--output data.csv --force", "data.csv is the file that is read"),
            ("--output link.csv --force", "link.csv is the file that is read"),
            ("--output old.csv", "old.csv exists: name another file, or replace it with --force"),
            ("--report old.csv", "old.csv exists"),
            ("--plot old.png", "old.png exists"),
            ("--output folder --force", "folder is not a file that could be replaced"),
            ("--output x.csv --report ./x.csv", "two of the results would be written to x.csv"),
            ("--output x.parquet", "the result has the format of data.csv, so call it x.csv"),
            ("--plot x.gif", "x.gif has to end in .png, .pdf, .svg"),
        ],
    )  # fmt: skip
    def test_options(
        self, data: Path, capsys: pytest.CaptureFixture[str], options: str, reason: str
    ) -> None:
        Path("link.csv").symlink_to(data)
        Path("old.csv").write_text("mine")
        Path("old.png").write_text("mine")
        Path("folder").mkdir()
        arguments = ["clean", "data.csv", "--target", "price", *shlex.split(options)]
        assert reason in refusal(capsys, *arguments)
        assert Path("old.csv").read_text() == Path("old.png").read_text() == "mine"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("", "data.csv is empty"),
            ("\n\n", "data.csv is empty"),
            ("y,a\n", "data.csv has a header and no rows"),
            ("y,a\n1,2\n3\n", "line 3 of data.csv has 1 cells, the header has 2"),
            ("y,a\n1,2,3\n", "line 2 of data.csv has 3 cells, the header has 2"),
            ('y,a\n1,"2\n3,4\n', "line 3 of data.csv cannot be read: unexpected end of data"),
            ("y,a,y\n1,2,3\n", "names 'y' twice"),
            ("y,a\n1,2\n,3\n4,5\n", "missing or infinite values in 'y' (1 of 3, first on line 3)"),
            (
                "y,a\n1,NA\n3,4\n5,inf\n",
                "'a' (2 of 3, first on line 2): fill them, or drop these rows, "
                "or leave the column out (--exclude a)",
            ),
            ("y,a\n1,2\nx,3\n4,5\n", "'y' cannot be refined: 1 cells are not numbers ('x' on line"),
            ("y,a\n,2\n,3\n", "'y' cannot be refined: empty"),
        ],
    )
    def test_contents(
        self, data: Path, capsys: pytest.CaptureFixture[str], content: str, reason: str
    ) -> None:
        data.write_text(content)
        assert reason in refusal(capsys, "clean", "data.csv", "--target", "y")

    def test_other_files(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        for name, reason in {
            "x.xlsx": "x.xlsx is a spreadsheet: save it as CSV first",
            "x.csv.gz": "x.csv.gz is compressed: unpack it first",
            "x.csv": "x.csv is not utf-8 text: name its encoding",
        }.items():
            Path(name).write_bytes(b"\xff\xfe\x80")
            assert reason in refusal(capsys, "clean", name, "--target", "y")

    def test_many_gaps_are_not_all_listed(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        names = [f"c{i}" for i in range(9)]
        data.write_text(",".join(["y", *names]) + "\n1" + ",1" * 9 + "\n2" + "," * 9 + "\n")
        said = refusal(capsys, "clean", "data.csv", "--target", "y")
        assert "'c4' (1 of 2, first on line 3), 4 more: " in said


class TestFilesAppearWhole:
    def test_force_replaces_and_permissions_are_those_of_the_input(self, data: Path) -> None:
        data.chmod(0o640)
        Path("data.cleaned.csv").write_text("old")
        assert clean(data, "--target", "price", "--force", *SHORT) == 0
        result = Path("data.cleaned.csv")
        assert result.read_text().startswith("number,a,")
        assert stat.S_IMODE(result.stat().st_mode) == 0o640

    @pytest.mark.parametrize("moment", ["refining", "writing", "drawing"])
    def test_interrupted(
        self,
        data: Path,
        capsys: pytest.CaptureFixture[str],
        monkeypatch: pytest.MonkeyPatch,
        moment: str,
    ) -> None:
        def interrupt(*arguments: object) -> None:
            raise KeyboardInterrupt

        def interrupt_writing(self: object, path: Path) -> None:
            path.write_text("number,a\n1,")
            raise KeyboardInterrupt

        if moment == "refining":
            monkeypatch.setattr(cleaning, "refine", interrupt)
        elif moment == "writing":
            monkeypatch.setattr(files.CsvTable, "write", interrupt_writing)
        else:
            monkeypatch.setattr("denograd.clean.plots.save", interrupt)
        Path("data.cleaned.csv").write_text("old")
        before = {path: path.read_bytes() for path in Path().iterdir()}
        arguments = ["--report", "r.csv", "--plot", "p.png", "--force"]
        assert clean(data, "--target", "price", *arguments, *SHORT) == 130
        assert capsys.readouterr().err == "denograd: interrupted, nothing was written\n"
        assert {path: path.read_bytes() for path in Path().iterdir()} == before

    def test_a_file_that_came_up_meanwhile_is_not_replaced(
        self, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refine = cleaning.refine

        def slowly(*arguments: object) -> object:
            Path("data.cleaned.csv").write_text("mine")
            return refine(*arguments)

        monkeypatch.setattr(cleaning, "refine", slowly)
        assert clean(data, "--target", "price", *SHORT) == 2
        assert "data.cleaned.csv exists" in capsys.readouterr().err
        assert sorted(path.name for path in Path().iterdir()) == ["data.cleaned.csv", "data.csv"]
        assert Path("data.cleaned.csv").read_text() == "mine"


class TestQuality:
    def test_by_hand(self) -> None:
        quality = Quality.of(np.array([1.0, 2.0, 3.0, 6.0]), np.array([1.0, 2.0, 4.0, 5.0]))
        assert quality.n_rows == 4
        assert quality.mse == pytest.approx(0.5)
        assert quality.r2 == pytest.approx(1 - 2 / 14)

    @pytest.mark.parametrize("n_rows", [1, 2, 15, 400])
    def test_nothing_beats_the_mean_without_a_reason(self, n_rows: int) -> None:
        y = np.random.default_rng(0).normal(size=n_rows)
        assert not Quality.of(y, np.full(n_rows, y.mean())).beats_mean
        assert not Quality.of(np.ones(n_rows), np.zeros(n_rows)).beats_mean

    @pytest.mark.parametrize("scale", [0.03, 0.1, 0.3, 1.0])
    def test_noise_hardly_ever_beats_the_mean(self, scale: float) -> None:
        y, guess = np.random.default_rng(0).normal(size=(2, 1000, 40))
        lucky = [Quality.of(y[i], scale * guess[i]).beats_mean for i in range(1000)]
        assert np.mean(lucky) < 0.035

    def test_skill_does(self) -> None:
        y, noise = np.random.default_rng(0).normal(size=(2, 1000, 40))
        found = [Quality.of(y[i], 0.6 * (y[i] + 0.8 * noise[i])).beats_mean for i in range(1000)]
        assert np.mean(found) > 0.99

    @pytest.mark.parametrize("domain", ["tabular", "series"])
    def test_is_taken_on_the_rows_of_early_stopping(self, domain: str) -> None:
        frame = series()
        X = frame[["temperature", "humidity"]].to_numpy()
        denoiser = DenoGradDenoiser(
            "mlp", domain=domain, window_size=6, horizon=2, backbone_epochs=4, random_state=0,
            device="cpu",
        )  # fmt: skip
        y = X[:, 0] if domain == "series" else 2 * X[:, 0] + X[:, 1]
        denoiser.fit(X, y)
        quality = assess(denoiser, X, y)
        best = min(denoiser.backbone_.history.validation_loss)
        assert quality is not None
        assert quality.mse == pytest.approx(best * y.var(), rel=1e-4)

    def test_a_backbone_without_skill_is_a_warning(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        frame = table()
        frame["price"] = np.random.default_rng(9).normal(size=len(frame))
        frame.to_csv(data, index=False)
        assert clean(data, "--target", "price", *SHORT) == 0
        err = capsys.readouterr().err
        assert re.search(
            r"warning: the backbone predicts 'price' no better than its mean does \(R² \S+ on 15",
            err,
        )

    def test_changes_of_a_column_that_rests(self) -> None:
        before = pd.DataFrame({"y": [1.0, 2.0, 3.0], "a": [0.0, 0.0, 4.0]})
        after = before.copy()
        after.loc[1, "y"] = 2.5
        changes = Changes(before, after)
        assert changes.n_moved == 1
        assert changes.n_moved_beyond(0.6) == 1
        assert changes.n_moved_beyond(0.7) == 0
        assert changes.by_column().loc["a"].tolist() == [0, 0, 0, 0]
        assert changes.to_frame()["column"].tolist() == ["y"]


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
            "from denograd.clean.cli import main\n"
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
    ("flag", "names"), [("--backbone", available()), ("--rule", tuple(rules()))], ids=str
)
def test_choices_are_what_there_is(flag: str, names: tuple[str, ...]) -> None:
    for name in names:
        given = command_parser().parse_args(["clean", "x.csv", "--target", "y", flag, name])
        assert getattr(given, flag.lstrip("-")) == name
    with pytest.raises(UsageError, match=", ".join(f"'{name}'" for name in sorted(names))):
        command_parser().parse_args(["clean", "x.csv", "--target", "y", flag, "base"])


def test_the_script_is_this_command() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert pkgutil.resolve_name(project["scripts"]["denograd"]) is main


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    from denograd import __version__

    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert capsys.readouterr().out == f"denograd {__version__}\n"


@pytest.mark.slow
def test_the_commands_of_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They run as they stand, on files of the names that they use."""
    monkeypatch.chdir(tmp_path)
    section = (ROOT / "README.md").read_text().partition("### Clean a file\n")[2]
    section = re.split(r"^##", section, maxsplit=1, flags=re.MULTILINE)[0]
    commands = re.findall(r"^denograd (.+)$", section.replace("\\\n", " "), re.MULTILINE)
    assert len(commands) >= 2
    table().to_csv("data.csv", index=False)
    series().to_csv("weather.csv", index=False)
    for command in commands:
        assert main(shlex.split(command)) == 0

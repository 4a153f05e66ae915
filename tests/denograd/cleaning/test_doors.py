"""The doors beside one file and its table: noise told, plug-ins listed, many files, a page."""

import re
from pathlib import Path

import numpy as np
import pytest

from denograd import CalibratedDenoiser, noise
from denograd.cleaning.cli import main
from denograd.networks import available
from denograd.rules import rules
from tests.denograd.cleaning.toys import NOISE, cells, clean, page_tables, refusal, series, table


def test_rules_and_networks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == 0
    listed = re.findall(r"^  (\S+)  +\S", capsys.readouterr().out, re.MULTILINE)
    assert listed == [*sorted(rules()), *available()]


class TestNoise:
    def lines(self, out: str) -> dict[str, list[str]]:
        return {line.split()[0]: line.split()[1:] for line in out.splitlines() if line[:2] == "  "}

    @pytest.mark.parametrize("n_rows", [500, 300])
    def test_of_a_series(self, capsys: pytest.CaptureFixture[str], n_rows: int) -> None:
        frame = series(n_rows)
        frame.to_csv("x.csv", index=False)
        assert main(["noise", "x.csv", "--series"]) == 0
        out = capsys.readouterr().out
        values = frame[["humidity", "temperature"]]
        told = self.lines(out)
        level, error = noise.estimate(values), noise.standard_error(values)
        for name, expected, give in zip(values, level, error, strict=True):
            found = told[name]
            assert float(found[0]) == pytest.approx(expected, rel=0.01)
            assert found[-1] == f"{expected / values[name].std(ddof=0):.0%}"
            if n_rows >= 400:
                assert float(found[1]) == pytest.approx(give, rel=0.01)
        assert ("takes 400 rows" in out) is (n_rows < 400)
        assert "left as it is: 'day'" in out

    def test_of_a_table_with_a_target(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["noise", "data.csv", "--target", "price"]) == 0
        told, frame = self.lines(capsys.readouterr().out), table()
        denoiser = CalibratedDenoiser(random_state=0)
        bounds = denoiser.fit(frame[["a", "b", "rooms"]], frame["price"]).bounds_
        for name, most in zip(["price", "a", "b"], [bounds.y, *bounds.X], strict=False):
            at_most = min(most, frame[name].std(ddof=0))
            assert float(told[name][0]) == pytest.approx(at_most, rel=0.01)

    def test_of_a_table_without_a_target_every_column_is_looked_at(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Price follows from a and b, whichever of the columns is taken for a target."""
        assert main(["noise", "data.csv"]) == 0
        assert float(self.lines(capsys.readouterr().out)["price"][0]) < 1.0

    @pytest.mark.parametrize(
        ("arguments", "reason"),
        [
            (["data.csv", "--target", "prise"], "did you mean 'price'?"),
            (["data.csv", "--exclude", "a,b,price"], "too few columns of numbers"),
            (["short.csv", "--series"], "at least 71 are needed"),
        ],
    )
    def test_refusals(
        self, data: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
    ) -> None:
        series(60).to_csv("short.csv", index=False)
        assert reason in refusal(capsys, "noise", *arguments)


@pytest.mark.parametrize("signal", [0.0, 1.0])
def test_a_standard_error_is_what_another_draw_changes(signal: float) -> None:
    t = np.arange(1600)
    found, errors = [], []
    for seed in range(40):
        values = signal * np.sin(t / 8) + np.random.default_rng(seed).normal(0, 0.3, len(t))
        found.append(noise.estimate(values)[0])
        errors.append(noise.standard_error(values)[0])
    assert np.mean(errors) == pytest.approx(np.std(found), rel=0.35)


class TestManyFiles:
    def test_each_is_cleaned_and_has_a_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("out").mkdir()
        for n in (100, 140):
            table(n).to_csv(f"{n}.csv.gz", index=False)
        files = ["100.csv.gz", "140.csv.gz"]
        assert clean(*files, "--target", "price", "--output", "out", *NOISE[:-1]) == 0
        out, err = capsys.readouterr()
        assert err == ""
        lines = [line.split() for line in out.splitlines()]
        assert lines[0][:2] == ["file", "rows"]
        assert [line[:3] for line in lines[1:]] == [
            [f"{n}.csv.gz", f"{n}", "4"] for n in (100, 140)
        ]
        for name, line in zip(files, lines[1:], strict=True):
            assert clean(name, "--target", "price", *NOISE) == 0
            result = name.replace(".csv", ".cleaned.csv")
            assert line[-1] == f"out/{result}"
            assert Path(result).read_bytes() == Path("out", result).read_bytes()

    def test_the_others_go_on(self, data: Path, capsys: pytest.CaptureFixture[str]) -> None:
        table(90).drop(columns="price").to_csv("other.csv", index=False)
        assert clean("no.csv", "other.csv", data.name, "--target", "price", *NOISE[:-1]) == 1
        out, err = capsys.readouterr()
        assert err.startswith("denograd: no.csv: there is no file no.csv\n")
        assert "denograd: other.csv: there is no column 'price'" in err
        assert [line.endswith("not cleaned") for line in out.splitlines()] == [
            False,
            True,
            True,
            False,
        ]
        assert Path("data.cleaned.csv").exists()

    @pytest.mark.parametrize(
        ("options", "reason"),
        [
            (["--plot", "p.png"], "--plot and --report are of one file"),
            (["--output", "x.csv"], "--output has to be a folder for several files"),
        ],
    )
    def test_refusals(
        self, data: Path, capsys: pytest.CaptureFixture[str], options: list[str], reason: str
    ) -> None:
        given = ["data.csv", "data.csv", "--target", "price", *NOISE, *options]
        assert reason in refusal(capsys, "clean", *given)


def test_a_page_tells_all_and_needs_nothing(data: Path) -> None:
    frame = table().rename(columns={"a": "a<b>&"})
    frame.to_csv(data, index=False)
    assert clean(data, "--target", "price", "--report", "page.html", *NOISE) == 0
    page = Path("page.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "<title>data.csv, cleaned</title>" in page
    assert "a&lt;b&gt;&amp;" in page
    assert "a<b>" not in page
    assert re.findall(r'(?:src|href)="(?!#)', page) == []
    assert page.count("<svg ") == 1
    assert "fixed: constant" in page
    columns, (head, *largest) = page_tables(page)
    shares = {row[0]: row[columns[0].index("share of sd")] for row in columns}
    assert shares["price"] == "0.1"
    assert head == ["row", "column", "before", "after", "change", "change_sd"]
    assert len(largest) == 20
    before, after = cells(data), cells(Path("data.cleaned.csv"))
    for row, name, old, new, *_ in largest:
        assert float(before[name][int(row) - 1]) == pytest.approx(float(old), rel=0.01)
        assert float(after[name][int(row) - 1]) == pytest.approx(float(new), rel=0.01)

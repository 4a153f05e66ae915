"""The calibrated rule in the command: how noise is said, and what is done and told then."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from denograd import CalibratedDenoiser
from denograd.cleaning.files import CleaningError
from denograd.cleaning.method import noise_of
from denograd.cleaning.options import UsageError, command_parser
from tests.denograd.cleaning.toys import cells, clean, refusal, series, table

QUIET = "--quiet"
MEASURED = ["a", "b", "rooms"]


@pytest.fixture
def weather(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pd.DataFrame:
    monkeypatch.chdir(tmp_path)
    frame = series(300)
    frame.to_csv("weather.csv", index=False)
    return frame


def refined(frame: pd.DataFrame, **parameters: object) -> pd.DataFrame:
    """What the class makes of the columns of the weather, the target first."""
    X = frame[["temperature", "humidity"]]
    denoiser = CalibratedDenoiser(domain="series", **parameters)
    return denoiser.fit_resample(X, X["temperature"])[0]


def told(out: str, name: str) -> list[float]:
    """The numbers of a column's line in the summary."""
    line = next(line for line in out.splitlines() if line.startswith(f"  {name}"))
    return [float(word) for word in line.replace("(target)", "").split()[1:]]


class TestSayingTheNoise:
    @pytest.mark.parametrize(
        ("text", "read"),
        [("temp=0.5", ("temp", 0.5)), ("a=b=2", ("a=b", 2.0)), ("10%", ("", 0.1)), ("0%", ("", 0))],
    )
    def test_is_read(self, text: str, read: tuple[str, float]) -> None:
        given = command_parser().parse_args(["clean", "x.csv", "--target", "y", "--noise", text])
        assert given.noise == [pytest.approx(read)]

    @pytest.mark.parametrize("text", ["0.5", "temp=", "temp=warm", "temp=10%", "temp=-1", "inf%"])
    def test_is_refused(self, text: str) -> None:
        with pytest.raises(UsageError, match=f"--noise: '{text}' is neither like temp=0.5, in the"):
            command_parser().parse_args(["clean", "x.csv", "--target", "y", f"--noise={text}"])

    def test_becomes_what_the_class_takes(self) -> None:
        values = pd.DataFrame({"y": [0.0, 2.0], "a": [0.0, 6.0]})
        assert noise_of([], values) is None
        assert noise_of([("", 0.1)], values) == 0.1
        assert noise_of([("", 0.1)], values, every=True) == pytest.approx({"y": 0.1, "a": 0.3})
        assert noise_of([("y", 0.0), ("a", 2.0)], values, every=True) == {"y": 0.0, "a": 2.0}
        with pytest.raises(CleaningError, match="the column 'b' is not refined"):
            noise_of([("b", 1.0)], values)
        with pytest.raises(CleaningError, match=r"0.1 of each .* and a level of 'a': give one"):
            noise_of([("", 0.1), ("a", 1.0)], values)


class TestSeries:
    def test_is_cleaned_by_what_is_estimated(
        self, weather: pd.DataFrame, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert clean("weather.csv", "--target", "temperature", "--series", "--plot", "p.png") == 0
        out, err = capsys.readouterr()
        assert err == ""
        before, after = weather[["temperature", "humidity"]], pd.read_csv("weather.cleaned.csv")
        pd.testing.assert_frame_equal(after[list(before)], refined(weather))
        assert list(after["day"]) == list(weather["day"])
        denoiser = CalibratedDenoiser(domain="series").fit(before, before["temperature"])
        assert "noise: estimated" in out
        for j, name in enumerate(before):
            change = (after[name] - before[name]).abs()
            error = np.sqrt(denoiser.prediction_error_[j])
            expected = [denoiser.noise_.X[j], error, change.mean(), change.max()]
            assert told(out, name) == pytest.approx(expected, rel=0.01)
        assert "set aside" not in out

    @pytest.mark.parametrize(
        ("options", "parameters"),
        [
            ("--noise 20%", {"noise": 0.2}),
            ("--noise temperature=0.3", {"noise": {"temperature": 0.3}}),
            ("--noise temperature=.3 --noise humidity=.1", {"noise": (np.array([0.3, 0.1]), 0.3)}),
            ("--gross-errors", {"gross_errors": True}),
        ],
    )
    def test_options_reach_the_class(
        self, weather: pd.DataFrame, options: str, parameters: dict[str, object]
    ) -> None:
        weather.loc[100, "temperature"] += 9
        weather.to_csv("weather.csv", index=False)
        given = ["--series", *options.split(), QUIET]
        assert clean("weather.csv", "--target", "temperature", *given) == 0
        after = pd.read_csv("weather.cleaned.csv")[["temperature", "humidity"]]
        pd.testing.assert_frame_equal(after, refined(weather, **parameters))

    def test_keeps_the_target(self, weather: pd.DataFrame) -> None:
        given = ["--series", "--keep-target", QUIET]
        assert clean("weather.csv", "--target", "temperature", *given) == 0
        assert (
            cells(Path("weather.cleaned.csv"))["temperature"]
            == (cells(Path("weather.csv"))["temperature"])
        )
        after = pd.read_csv("weather.cleaned.csv")["humidity"]
        pd.testing.assert_series_equal(after, refined(weather)["humidity"])

    def test_without_noise_stays_byte_for_byte(
        self, weather: pd.DataFrame, capsys: pytest.CaptureFixture[str]
    ) -> None:
        given = ["--series", "--noise", "humidity=0.2"]
        assert clean("weather.csv", "--target", "temperature", *given) == 0
        assert "without noise, so as before: 'temperature' (--noise" in capsys.readouterr().out
        before, after = cells(Path("weather.csv")), cells(Path("weather.cleaned.csv"))
        assert {name for name in before if before[name] != after[name]} == {"humidity"}

    def test_more_noise_than_the_predictions_err_is_a_warning(
        self, weather: pd.DataFrame, capsys: pytest.CaptureFixture[str]
    ) -> None:
        given = ["--series", "--noise", "temperature=5", QUIET]
        assert clean("weather.csv", "--target", "temperature", *given) == 0
        said = capsys.readouterr().err
        assert re.fullmatch(
            r"denograd: warning: the noise of 'temperature' is said to be 5, but .* 0\.\d+, .*\n",
            said,
        )

    def test_a_column_that_repeats_another_is_a_warning(
        self, weather: pd.DataFrame, capsys: pytest.CaptureFixture[str]
    ) -> None:
        weather.assign(again=weather["humidity"] + 1).to_csv("weather.csv", index=False)
        assert clean("weather.csv", "--target", "temperature", "--series", QUIET) == 0
        said = capsys.readouterr().err.splitlines()
        assert len(said) == 2
        for line, name in zip(said, ("humidity", "again"), strict=True):
            assert f"noise of '{name}' is estimated at 0." in line
            assert line.endswith(
                "noise included: --exclude columns that repeat it with the same noise"
            )


class TestTable:
    def test_of_unknown_noise_is_told_how_noisy_it_can_be(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = sorted(Path().iterdir())
        assert clean("data.csv", "--target", "price") == 2
        out, err = capsys.readouterr()
        frame = table()
        found = CalibratedDenoiser(random_state=0).fit(frame[MEASURED], frame["price"]).bounds_
        for name, level in zip(["price", *MEASURED], [found.y, *found.X], strict=True):
            line = next(line for line in out.splitlines() if line.startswith(f"  {name}"))
            level, share = min(level, frame[name].std(ddof=0)), line.split()[-1]
            assert float(line.split()[1]) == pytest.approx(level, rel=0.01)
            assert share == f"{level / frame[name].std(ddof=0):.0%}"
        assert "left as it is: 'fixed', constant" in out
        for way in ("--noise price=LEVEL", "--noise 10%", "--method published", "nothing was"):
            assert way in err
        assert err.startswith("denograd: learning what the columns say of each other\ndenograd: a ")
        assert err.count("\n") == 2
        assert sorted(Path().iterdir()) == before

    def test_of_unknown_noise_costs_no_time_where_nothing_is_told(
        self, data: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(CalibratedDenoiser, "fit", None)
        refusal(capsys, "clean", "data.csv", "--target", "price", QUIET)
        assert clean("data.csv", "--target", "price", "--dry-run") == 2
        assert "4 of 8 columns refined" in capsys.readouterr().out

    def test_is_cleaned_by_the_noise_that_is_said(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert clean("data.csv", "--target", "price", "--noise", "10%", "--seed", "3") == 0
        frame, after = table(), pd.read_csv("data.cleaned.csv")
        denoiser = CalibratedDenoiser(noise=0.1, random_state=3)
        X, y = denoiser.fit_resample(frame[MEASURED], frame["price"])
        pd.testing.assert_series_equal(after["price"], y)
        pd.testing.assert_frame_equal(after[["a", "b"]], X[["a", "b"]])
        out = capsys.readouterr().out
        assert "without noise, so as before: 'rooms'" in out
        assert told(out, "price")[0] == pytest.approx(denoiser.noise_.y, rel=0.01)
        assert told(out, "b")[1] == pytest.approx(np.sqrt(denoiser.prediction_error_[1]), rel=0.01)
        assert cells(data)["rooms"] == cells(Path("data.cleaned.csv"))["rooms"]

    def test_more_noise_than_the_calm_rows_hold_is_a_warning(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        frame = table()
        frame.loc[5, "price"] = 1e6
        frame.to_csv(data, index=False)
        assert clean("data.csv", "--target", "price", "--noise", "10%", QUIET) == 0
        said = capsys.readouterr().err
        assert re.fullmatch(r"denograd: warning: the noise of 'price' .*: lower .*\n", said)

    def test_codes_move_where_they_are_asked_for(self, data: Path) -> None:
        asked = ["--columns", "a,rooms", "--noise", "30%", "--round-integers", QUIET]
        assert clean("data.csv", "--target", "price", *asked) == 0
        before, after = cells(data), cells(Path("data.cleaned.csv"))
        assert {n for n in before if before[n] != after[n]} == {"a", "price", "rooms"}
        assert all(cell.isdigit() for cell in after["rooms"])


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("--nrr 0.1", "--nrr belongs to the published rule: add --method published, or leave it"),
        ("--backbone mlp --cv 3", "--backbone, --cv belong to the published rule: add --method"),
        ("--noise 10% --window 8 --series", "--window belongs to the published rule"),
        ("--noise 10% --method published", "--noise and --gross-errors have no effect with"),
        ("--gross-errors --noise 10%", "--gross-errors has an effect with --series only"),
        ("--noise Price=1", "there is no column 'Price': did you mean 'price'?"),
        ("--noise a=1 --noise a=2", "--noise: give each column one level, or one share for all"),
        ("--noise label=1", "--noise: the column 'label' is not refined"),
        ("--noise 10% --noise a=1", "give one share for all, or every level by its column"),
        ("--method published --rule calibrated", "--rule: invalid choice: 'calibrated'"),
        ("--method loud", "argument --method: invalid choice: 'loud'"),
    ],
)
def test_refusals(
    data: Path, capsys: pytest.CaptureFixture[str], options: str, reason: str
) -> None:
    assert reason in refusal(capsys, "clean", "data.csv", "--target", "price", *options.split())


def test_a_series_may_be_too_short(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    series(60).to_csv(data, index=False)
    said = refusal(capsys, "clean", "data.csv", "--target", "temperature", "--series")
    assert "at least 71 are needed" in said
    assert said.endswith(": --method published takes shorter ones\n")

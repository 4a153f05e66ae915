"""`denograd.clean`: a frame refined in Python, as the command does a file."""

from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pytest

import denograd
from denograd import CalibratedDenoiser, DenoGradDenoiser
from denograd.cleaning.cleaned import Cleaned
from denograd.cleaning.columns import sample_rows
from tests.denograd.cleaning.toys import clean, series, table

MEASURED = ["a", "b", "rooms"]


def mixed() -> pd.DataFrame:
    """The usual table with dates, categories, truth values and rows that have names."""
    frame = table()
    frame["day"] = pd.to_datetime(frame["day"])
    frame["kind"] = pd.Categorical(["x", "y"] * 60)
    frame["flag"] = frame["a"] > 0
    frame["notes"] = [None, "text", 3] * 40
    return frame.set_index("label")


def short(**parameters: object) -> DenoGradDenoiser:
    parameters = {"backbone_epochs": 3, "max_epochs": 5, "random_state": 0} | parameters
    return DenoGradDenoiser(**parameters)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def cleaned() -> Cleaned:
    return denograd.clean(mixed(), "price", noise=0.1)


class TestTable:
    def test_gives_what_the_class_gives_and_leaves_the_rest(self, cleaned: Cleaned) -> None:
        frame = mixed()
        denoiser = CalibratedDenoiser(noise=0.1, random_state=0)
        X, y = denoiser.fit_resample(frame[MEASURED], frame["price"])
        moved = ["price", "a", "b"]
        expected = pd.concat([y, X], axis=1)[moved]
        pd.testing.assert_frame_equal(cleaned.frame[moved], expected)
        pd.testing.assert_frame_equal(cleaned.frame.drop(columns=moved), frame.drop(columns=moved))
        assert set(cleaned.left) == {"number", "day", "fixed", "kind", "flag", "notes"}
        assert cleaned.left["kind"] == "not numbers ('x' on row row 0)"

    def test_noise_and_skill_are_those_of_the_denoiser(self, cleaned: Cleaned) -> None:
        denoiser, frame = cleaned.denoiser, mixed()
        assert cleaned.noise["noise"].tolist() == [denoiser.noise_.y, *denoiser.noise_.X]
        spread = frame[["price", *MEASURED]].std(ddof=0)
        assert cleaned.noise["share"].tolist() == pytest.approx([0.1, 0.1, 0.1, 0])
        assert cleaned.noise["at_most"]["price"] == denoiser.bounds_.y
        mse = np.roll(denoiser.prediction_error_, 1)
        assert cleaned.skill["r2"].tolist() == pytest.approx((1 - mse / spread**2).tolist())

    def test_changes_per_column_and_per_row(self, cleaned: Cleaned) -> None:
        change = (cleaned.frame[["price", *MEASURED]] - mixed()[["price", *MEASURED]]).abs()
        assert cleaned.changes.by_column()["mean"].tolist() == pytest.approx(change.mean().tolist())
        deviations = change / cleaned.changes.spread
        rows = cleaned.changes.by_row()
        pd.testing.assert_series_equal(rows["max_sd"], deviations.max(axis=1), check_names=False)
        assert rows["column"].tolist() == deviations.idxmax(axis=1).tolist()
        assert rows["n_moved"].eq(3).all()
        largest = cleaned.tally.top.iloc[0]
        assert largest["row"] == deviations.max(axis=1).idxmax()
        assert abs(largest["change_sd"]) == pytest.approx(deviations.to_numpy().max())

    def test_is_shown(self, cleaned: Cleaned) -> None:
        assert "120 of 120 rows" in str(cleaned)
        assert "--" not in str(cleaned)
        shown = cleaned._repr_html_()
        for part in ("<svg role=", "Largest corrections", "kind: not numbers (&#x27;x&#x27;"):
            assert part in shown
        assert len(cleaned.plot().axes) == 4

    def test_the_frame_given_stays(self) -> None:
        frame = mixed()
        denograd.clean(frame, "price", noise=0.1)
        pd.testing.assert_frame_equal(frame, mixed())

    def test_polars(self, cleaned: Cleaned) -> None:
        frame = pl.from_pandas(mixed().drop(columns="notes").reset_index())
        found = denograd.clean(frame, "price", noise=0.1).frame
        assert isinstance(found, pl.DataFrame)
        assert found.schema == frame.schema
        np.testing.assert_array_equal(found["price"], cleaned.frame["price"])
        assert found.drop("price", "a", "b").equals(frame.drop("price", "a", "b"))

    def test_integers_widen_or_stay(self) -> None:
        frame = mixed().astype({"rooms": "Int16"})
        for whole, dtype in ((False, np.float64), (True, pd.Int16Dtype())):
            cleaned = denograd.clean(frame, "price", noise={"rooms": 2.0}, round_integers=whole)
            assert cleaned.frame["rooms"].dtype == dtype
            assert (cleaned.frame["rooms"] != frame["rooms"]).any()
            assert cleaned.frame["price"].equals(frame["price"])

    def test_rows_with_gaps_are_dropped(self) -> None:
        frame = mixed()
        frame.iloc[[3, 7], frame.columns.get_loc("a")] = np.nan
        cleaned = denograd.clean(frame, "price", noise=0.1, drop_missing=True)
        assert list(cleaned.frame.index) == list(frame.index.delete([3, 7]))


def test_the_command_does_the_same(data: Path) -> None:
    given = ["--noise", "10%", "--keep-target", "--seed", 3, "--quiet", "--report", "r.csv"]
    assert clean(data, "--target", "price,b", *given) == 0
    frame = pd.read_csv(data)
    cleaned = denograd.clean(frame, ["price", "b"], noise=0.1, keep_target=True, random_state=3)
    pd.testing.assert_frame_equal(pd.read_csv("data.cleaned.csv"), cleaned.frame)
    listed = pd.read_csv("r.csv")
    assert list(listed["row"] - 1) == list(cleaned.changes.to_frame()["row"])
    assert set(listed["column"]) == {"a"}


class TestSeveralTargets:
    @pytest.mark.parametrize("denoiser", [short(), CalibratedDenoiser(noise=0.1, random_state=0)])
    def test_each_from_what_is_no_target_and_the_others_by_the_mean(self, denoiser) -> None:
        frame = table()
        cleaned = denograd.clean(frame, ["price", "b"], denoiser=denoiser)
        said = []
        for target in ("price", "b"):
            X, y = denoiser.fit_resample(frame[["a", "rooms"]], frame[target])
            np.testing.assert_allclose(cleaned.frame[target], y)
            said.append(X)
        np.testing.assert_allclose(cleaned.frame[["a", "rooms"]], (said[0] + said[1]) / 2)
        assert list(cleaned.skill.index[:2]) == ["price", "b"]

    def test_a_series_is_refined_once(self) -> None:
        frame = series(200)
        names = ["temperature", "humidity"]
        one = denograd.clean(frame, names[0], domain="series")
        both = denograd.clean(frame, names, domain="series")
        pd.testing.assert_frame_equal(one.frame, both.frame)
        assert one.times.equals(pd.Series(pd.to_datetime(frame["day"]), name="day"))


def test_skill_of_a_backbone_is_on_rows_held_back() -> None:
    cleaned = denograd.clean(table(), "price", denoiser=short())
    assert cleaned.noise is None
    assert cleaned.skill.loc["price", "r2"] == cleaned.denoiser.skill_.r2
    assert "set aside" in cleaned.summary()


def test_learning_from_a_sample_moves_all_rows() -> None:
    frame = table(240)
    frame.loc[239, "b"] = -50.0
    frame["a"] = frame["a"].abs()
    unseen = np.setdiff1d(np.arange(239), sample_rows(240, 100, 0))[0]
    frame.loc[unseen, "a"] = -3.0
    cleaned = denograd.clean(frame, "price", noise=0.1, sample=100)
    assert cleaned.tally.n_rows == cleaned.tally.n_moved == 240
    learnt = cleaned.selection.values
    assert len(learnt) == 100
    X, y = cleaned.denoiser.denoise(frame[MEASURED].astype(float), frame["price"])
    np.testing.assert_array_equal(cleaned.frame["price"], y)
    # Nothing below 0 was learnt from: what is there nevertheless does not become 0.
    assert cleaned.limits.positive == ("a", "rooms")
    assert cleaned.frame["a"][unseen] == max(X["a"][unseen], -3.0)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"frame": np.ones((9, 2))}, TypeError, "name the columns of an array"),
        ({"frame": table().iloc[:0]}, ValueError, "the frame has no rows"),
        ({"target": "prise"}, ValueError, "did you mean 'price'?"),
        ({"target": "label"}, ValueError, "'label' cannot be refined: not numbers ('row 0' on row"),
        ({"noise": None}, ValueError, r"""noise={"price": LEVEL} in the units"""),
        ({"noise": None}, ValueError, "(at most: price 0."),
        ({"noise": {"prize": 1.0}}, ValueError, "did you mean 'price'?"),
        ({"noise": -1.0}, ValueError, "noise has to be"),
        ({"bounds": {"label": (0, 1)}}, ValueError, "bounds: the column 'label' is not refined"),
        ({"exclude": ["a", "b", "rooms"]}, ValueError, 'from (domain="series" for a series'),
        ({"domain": "rows"}, ValueError, "domain has to be"),
        ({"gross_errors": True}, ValueError, "gross_errors has an effect on a series only"),
        ({"denoiser": short()}, ValueError, "are the business of the denoiser given"),
        ({"domain": "series", "sample": 50}, ValueError, "a sample is for a table"),
        ({"sample": 1}, ValueError, "sample has to be"),
    ],
)
def test_refusals(arguments, error, said) -> None:
    arguments = {"frame": table(), "target": "price", "noise": 0.1} | arguments
    with pytest.raises(error) as caught:
        denograd.clean(**arguments)
    assert said in str(caught.value)
    assert "--" not in str(caught.value)


def test_gaps_are_told_in_the_words_of_python() -> None:
    frame = table()
    frame.loc[4, "a"] = np.inf
    with pytest.raises(ValueError, match=r"first on row 4\): fill them, .*\(drop_missing\), or "):
        denograd.clean(frame, "price", noise=0.1)

"""What every family of noise promises, checked for each file in the package and each config."""

import inspect
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import experiments.noise
from experiments.datasets.base import DataTable
from experiments.noise.base import Noise
from tests.support.discovery import concrete
from tests.support.toy_tables import flat_table, rng, series_table

LEVEL_NAMES = {"sigma", "share"}


FAMILIES = concrete(experiments.noise, Noise)
# Drift refuses tables; every other family takes both.
CASES = [
    pytest.param(family, make, id=f"{family.__name__}-{make().domain}")
    for family in FAMILIES
    for make in (flat_table, series_table)
    if not (family.__name__ == "Drift" and make is flat_table)
]


def of(family: type[Noise], level: float, **choices: Any) -> Noise:
    (name,) = LEVEL_NAMES & set(inspect.signature(family).parameters)
    return family(**{name: level}, **choices)


def bits(table: DataTable) -> tuple[bytes, bytes]:
    return table.X.to_numpy().tobytes(), table.y.to_numpy().tobytes()


def test_the_families_are_there() -> None:
    names = {family.__name__ for family in FAMILIES}
    assert names == {"Gaussian", "StudentT", "Impulses", "Heteroscedastic", "Drift"}


@pytest.mark.parametrize(("family", "make"), CASES)
class TestContract:
    def test_level_is_what_was_asked_for(self, family: Any, make: Any) -> None:
        assert of(family, 0.15).level == 0.15
        assert isinstance(family.revision, int)

    def test_the_same_generator_gives_the_same_noise(self, family: Any, make: Any) -> None:
        noise = of(family, 0.3, on="both")
        first, again, other = (noise.corrupt(make(), rng(seed)) for seed in (1, 1, 2))
        assert bits(first) == bits(again)
        assert bits(first) != bits(other)

    def test_the_draw_depends_on_neither_level_nor_what_is_hit(
        self, family: Any, make: Any
    ) -> None:
        table = make()
        everything = of(family, 0.3, on="both").corrupt(table, rng(7))
        part = of(family, 0.3, on="X", columns="continuous").corrupt(table, rng(7))
        same = [c for c in table.X.columns if c not in table.categorical]
        pd.testing.assert_frame_equal(part.X[same], everything.X[same])
        after = []
        for level, on, columns in ((0.3, "both", "all"), (0.0, "y", "continuous")):
            generator = rng(7)
            of(family, level, on=on, columns=columns).corrupt(table, generator)
            after.append(generator.random())
        assert after[0] == after[1]

    def test_a_smaller_level_disturbs_in_the_same_direction(self, family: Any, make: Any) -> None:
        clean = make()
        low, high = (
            (of(family, level).corrupt(clean, rng(3)).X - clean.X).to_numpy()
            for level in (0.2, 0.6)
        )
        hit = low != 0
        assert hit.any()
        np.testing.assert_array_equal(np.sign(low)[hit], np.sign(high)[hit])
        assert (np.abs(high) >= np.abs(low)).all()

    def test_a_constant_column_gets_none(self, family: Any, make: Any) -> None:
        table = make()
        table.X["flat"] = 0.1
        # 60 times 0.1 does not sum to 6 in floating point: the computed spread is not quite 0.
        assert table.X["flat"].to_numpy().std() > 0
        noisy = of(family, 0.9).corrupt(table, rng())
        assert noisy.X["flat"].equals(table.X["flat"])

    def test_columns_that_stand_for_categories_can_be_spared(self, family: Any, make: Any) -> None:
        table = make()
        name = table.X.columns[1]
        table = DataTable(**{**vars(table), "categorical": (name,)})
        assert not of(family, 0.5).corrupt(table, rng()).X[name].equals(table.X[name])
        spared = of(family, 0.5, columns="continuous").corrupt(table, rng())
        assert spared.X[name].equals(table.X[name])
        assert not spared.X.equals(table.X)

    def test_clean_values_and_facts_are_kept(self, family: Any, make: Any) -> None:
        table, untouched = make(), make()
        noisy = of(family, 0.5, on="both").corrupt(table, rng())
        assert bits(table) == bits(untouched)
        assert noisy.X.columns.equals(table.X.columns)
        assert noisy.X.index.equals(table.X.index)
        assert noisy.y.name == table.y.name
        facts = (noisy.domain, noisy.categorical, noisy.fingerprint)
        assert facts == (table.domain, table.categorical, table.fingerprint)

    @pytest.mark.parametrize("on", ["X", "y", "both"])
    def test_on_chooses_in_a_table_and_not_in_a_series(
        self, family: Any, make: Any, on: str
    ) -> None:
        table = make()
        noisy = of(family, 0.5, on=on).corrupt(table, rng())
        if table.domain == "series":
            assert (noisy.X != table.X).any().all(), "every channel"
            np.testing.assert_array_equal(noisy.y, noisy.X.iloc[:, 0])
        else:
            assert noisy.X.equals(table.X) == (on == "y")
            assert noisy.y.equals(table.y) == (on == "X")

    def test_noise_is_in_units_of_the_column(self, family: Any, make: Any) -> None:
        """Other units and another origin of the data give the same noise in those units."""
        table = make()
        X, y = 1000 * table.X + 7, 1000 * table.y + 7
        scaled = DataTable(**{**vars(table), "X": X, "y": y})
        noise = of(family, 0.4, on="both")
        small, large = noise.corrupt(table, rng(2)), noise.corrupt(scaled, rng(2))
        tolerance = {"rtol": 1e-6, "atol": 1e-6}
        np.testing.assert_allclose(large.X - X, 1000 * (small.X - table.X), **tolerance)
        np.testing.assert_allclose(large.y - y, 1000 * (small.y - table.y), **tolerance)


@pytest.mark.parametrize("family", FAMILIES)
@given(
    values=arrays(
        np.float64, (12, 3), elements=st.floats(-1e9, 1e9, allow_subnormal=True, width=64)
    ),
    on=st.sampled_from(["X", "y", "both"]),
    columns=st.sampled_from(["all", "continuous"]),
)
def test_level_zero_changes_no_bit(
    family: type[Noise], values: np.ndarray, on: str, columns: str
) -> None:
    values[0] = -0.0
    frame = pd.DataFrame(values, columns=["a", "b", "y"])
    tables = [DataTable.series(frame, "y", categorical=("a",))]
    if family.__name__ != "Drift":
        tables.append(DataTable.tabular(frame, "y", categorical=("a",)))
    for table in tables:
        noisy = of(family, 0.0, on=on, columns=columns).corrupt(table, rng())
        assert bits(noisy) == bits(table)


@pytest.mark.parametrize("family", FAMILIES)
class TestErrors:
    @pytest.mark.parametrize("level", [-0.1, float("nan"), float("inf")])
    def test_bad_level_is_refused(self, family: type[Noise], level: float) -> None:
        with pytest.raises(ValueError, match=r"(sigma|share) must .*, not"):
            of(family, level)

    def test_bad_choices_are_refused(self, family: type[Noise]) -> None:
        with pytest.raises(ValueError, match="on must be X, y or both, not 'Z'"):
            of(family, 0.1, on="Z")
        with pytest.raises(ValueError, match="columns must be all or continuous, not 'some'"):
            of(family, 0.1, columns="some")

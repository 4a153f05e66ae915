"""What a benchmark came to, in sentences that follow from the rows."""

import pandas as pd
import pytest

from experiments.analysis.outcome import main_view, outcome
from experiments.analysis.view import views
from tests.support.long_tables import benchmark, make


def headlines(long: pd.DataFrame) -> list[str]:
    return [told.headline for told in outcome(views(long))]


def scored(published: dict[str, float], held_out: dict[str, float]) -> pd.DataFrame:
    """Errors after refinement by method, under both protocols; 1 before."""
    controls = ("constant", "identity", "shrink_target")
    return make(
        *(
            {"denoiser": name, "protocol": protocol, "mse_after": error}
            | ({"kind": "control"} if name in controls else {})
            for protocol, of in (("published", published), ("held_out", held_out))
            for name, error in of.items()
        )
    )


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        (
            {"denograd": 0.5, "pca": 0.1, "constant": 0.0},
            "The published score is won without skill.",
        ),
        (
            {"denograd": 0.5, "pca": 0.1, "shrink_target": 0.25},
            "A denoiser without skill beats 1 of 2 methods by the published score.",
        ),
        (
            {"denograd": 0.5, "identity": 1.0},
            "By the published score every method beats those without skill.",
        ),
        ({"denograd": 0.5}, "Nothing without skill was run beside the published score."),
        ({}, "What the published score says was not measured."),
    ],
)
def test_what_the_published_score_says(published: dict[str, float], expected: str) -> None:
    assert headlines(scored(published, {"denograd": 1.0}))[0] == expected


@pytest.mark.parametrize(
    ("held_out", "expected"),
    [
        ({"denograd": 1.2, "pca": 0.995}, "no method helps on average"),
        ({"denograd": 0.9, "pca": 3.0}, "1 of 2 methods helps on average"),
        ({"denograd": 0.9, "pca": 0.8}, "2 of 2 methods help on average"),
    ],
)
def test_what_untouched_rows_say(held_out: dict[str, float], expected: str) -> None:
    _, told, _ = outcome(views(scored({"denograd": 0.5, "pca": 0.1}, held_out)))
    assert told.headline == f"On rows that nobody touched {expected}."
    harmful = sum(error > 1.01 for error in held_out.values())
    assert f"{harmful} of 2 do harm" in told.detail
    assert "pca (best by the published score)" in told.detail or "pca (the best)" in told.detail


@pytest.mark.parametrize(
    ("recovered", "expected"),
    [
        (0.4, "Of 2 that are not told the noise, the calibrated step takes out most."),
        (0.1, "The calibrated step is at place 2 of 2 in taking out noise."),
        (None, "Where the calibrated step stands was not measured."),
    ],
)
def test_where_the_calibrated_step_stands(recovered: float | None, expected: str) -> None:
    of = {"savgol": 0.2, "kalman_known": 0.6} | ({"calibrated": recovered} if recovered else {})
    rows = [
        {"denoiser": name, "kind": "variant", "dataset": dataset, "level": level}
        | {"recovery_y": value, "told": "told the noise" if name == "kalman_known" else None}
        for name, value in of.items()
        for dataset in "ab"
        for level in (0.1, 0.3)
    ]
    long = make(*rows, domain="series", protocol="held_out", recovery_X=float("nan"))
    *_, told = outcome(views(long))
    assert told.headline == expected
    if recovered:
        assert f"y, 4 of dataset × level: calibrated {recovered:.2f}, savgol 0.20" in told.detail


def test_the_main_condition_has_both_protocols_most_shared_datasets_and_noise() -> None:
    long = benchmark(levels=(0.0, 0.1))
    one_protocol = make(*({"dataset": f"d{i}", "noise": "impulses"} for i in range(9)))
    nothing_shared = make(
        *(
            {"dataset": f"d{i}", "noise": "student_t", "denoiser": f"m{i}", "protocol": protocol}
            for i in range(9)
            for protocol in ("published", "held_out")
        )
    )
    every = pd.concat([long, one_protocol, nothing_shared], ignore_index=True)
    condition = main_view(views(every)).condition
    assert (condition.noise, condition.level) == ("gaussian", 0.1)

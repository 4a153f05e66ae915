"""A CSV file of one's own as a dataset: what is read, what is refused, and what it is known by."""

import gzip
from pathlib import Path

import pytest

from experiments.datasets.csv import CSV
from experiments.runner.run import Follower, run_corruption
from experiments.store.store import Store

ROWS = "when,a,price\nmon,1,2\ntue,3,4.5\nwed,5,6\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my.prices.csv"
    path.write_text(ROWS)
    return path


def test_a_table_holds_every_column_that_is_not_dropped(file):
    dataset = CSV(str(file), "price", drop=["when"])
    table = dataset.load()
    assert (dataset.domain, dataset.split, dataset.shape) == ("tabular", "random", (3, 2))
    assert table.X.to_dict("list") == {"a": [1.0, 3.0, 5.0]}
    assert table.y.tolist() == [2.0, 4.5, 6.0]


def test_a_series_has_its_target_first_and_is_split_by_time(file):
    dataset = CSV(str(file), "price", domain="series", drop=["when"])
    assert list(dataset.load().X.columns) == ["price", "a"]
    assert (dataset.domain, dataset.split) == ("series", "chronological")


def test_it_is_known_by_its_content_wherever_it_lies_and_however_packed(file, tmp_path):
    packed = tmp_path / "elsewhere.csv.gz"
    packed.write_bytes(gzip.compress(ROWS.encode()))
    first, moved = (CSV(str(path), "price", drop=["when"]) for path in (file, packed))
    assert first.fingerprint() == moved.fingerprint() == moved.load().fingerprint
    file.write_text(ROWS.replace("4.5", "4.6"))
    assert first.fingerprint() != moved.fingerprint()


@pytest.mark.parametrize(
    ("content", "target", "message"),
    [
        (ROWS, "prize", r"has no column 'prize'; it has \['when', 'a', 'price'\]"),
        (ROWS, "when", "the target 'when' is not of numbers alone"),
        (ROWS, "price", r"not of numbers alone: 'when'; .*'dataset\.drop=\[when\]'"),
        ("at noon,a,y\nx,1,2\n", "y", r"'dataset\.drop=\[\"at noon\"\]'"),
        ("a,b,y\n1,,3\n2,,4\n5,6,inf\n", "y", r"values in 'b' \(2\), 'y' \(1\)"),
        ("", "y", "my.prices.csv cannot be used: No columns"),
    ],
)
def test_what_it_cannot_use_is_refused_by_name_before_a_run(
    file, settings_of, content, target, message
):
    file.write_text(content)
    for refuse in (
        CSV(str(file), target).load,
        lambda: settings_of("dataset=csv", f"dataset.file={file}", f"dataset.target={target}"),
    ):
        with pytest.raises(ValueError, match=message):
            refuse()


def test_a_file_that_is_not_there_is_a_slip(settings_of, tmp_path):
    with pytest.raises(ValueError, match=f"dataset: there is no file {tmp_path}/no.csv"):
        settings_of("dataset=csv", f"dataset.file={tmp_path}/no.csv", "dataset.target=y")


@pytest.mark.parametrize("domain", ["tabular", "series"])
def test_a_copy_of_the_file_computes_nothing_anew(domain, tmp_path, settings_of):
    lines = [f"{i % 7},{i % 11 + i % 7}" for i in range(200)]
    names = ("first", "second")
    for name in names:
        (tmp_path / f"{name}.csv").write_text("\n".join(["a,y", *lines]))
    labels = []
    for name in names:
        settings = settings_of(
            *("denoiser=identity", "regressor=ridge", "dataset=csv", "dataset.target=y"),
            *(f"dataset.domain={domain}", f"dataset.file={tmp_path}/{name}.csv"),
        )
        run_corruption(settings, Follower())
        labels.append(settings.dataset.label)
    assert labels == list(names)
    assert len(list(Store(settings.results).records())) == 4

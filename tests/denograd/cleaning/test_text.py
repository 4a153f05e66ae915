"""Text tables to the byte: what does not move is written as it was read."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from denograd.cleaning import files
from denograd.cleaning.files.records import records, unquoted
from tests.denograd.cleaning.toys import SHORT, clean, refusal, table

CELLS = st.tuples(st.text(alphabet='ab1. ",;\n\r', max_size=6), st.booleans())


def read(text: str) -> files.CsvTable:
    Path("x.csv").write_bytes(text.encode())
    source = files.read_table(Path("x.csv"))
    assert isinstance(source, files.CsvTable)
    return source


def written(source: files.CsvTable) -> str:
    source.write(Path("y.csv"))
    return Path("y.csv").read_bytes().decode()


def as_cell(text: str, quoted: bool) -> str:
    needed = any(character in text for character in '",\n\r')
    return '"{}"'.format(text.replace('"', '""')) if quoted or needed else text


@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=4), min_size=1, max_size=5),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    last=st.booleans(),
)
def test_records_are_those_of_the_csv_module(
    rows: list[list[tuple[str, bool]]], end: str, last: bool
) -> None:
    text = end.join(",".join(as_cell(*cell) for cell in row) for row in rows) + end * last
    found = list(records(text, ","))
    assert "".join(",".join(record.cells) + record.end for record in found) == text
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    for record, cells in zip(found, reader, strict=True):
        assert [unquoted(cell) for cell in record.cells] == cells
        assert record.line == line
        line = reader.line_num + 1


@pytest.mark.parametrize(
    "text",
    [
        '"id";"y"\r\n"a";"1"\r\nb ;2\r\n',
        "\ufeff\n\nid,y\n\na,1\n\nb,2\n\n\n",
        "id,y\na,1\r\nb,2",
        'id,y\n"two\nlines",1\n5" pipe,2\n',
        "y\n1\n\n2\n\n",
    ],
)
def test_what_does_not_move_stays(text: str) -> None:
    source = read(text)
    assert written(source) == text
    values = source.numbers("y").values
    moved = source.with_values({"y": np.where(values == 2, 2.25, values)})
    before, _, after = text.rpartition("2")
    assert written(moved) == f"{before}2.25{after}"


def test_quotes_stay_around_what_moves() -> None:
    source = read('id,"y"\n"1",1\n2,"2"\n')
    assert written(source.with_values({"y": np.array([1.5, 2.5])})) == (
        'id,"y"\n"1",1.5\n2,"2.5"\n'
    )


def test_the_command_keeps_every_other_byte() -> None:
    frame = table()[["label", "a", "price"]]
    text = frame.to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    Path("x.csv").write_bytes(text.encode())
    assert clean("x.csv", "--target", "price", "--keep-target", *SHORT) == 0
    before, after = (
        list(records(t, ",")) for t in (text, Path("x.cleaned.csv").read_bytes().decode())
    )
    assert [(r.cells[0], r.cells[2], r.end) for r in after] == [
        (r.cells[0], r.cells[2], r.end) for r in before
    ]
    assert all(record.cells[1].startswith('"') for record in after)


def test_a_row_is_where_it_begins(capsys: pytest.CaptureFixture[str]) -> None:
    Path("x.csv").write_text('y,"a\nb",c\n1,"two\nlines",2\n3,4,x\n5,"6\n\n7",\n')
    said = refusal(capsys, "clean", "x.csv", "--target", "c")
    assert "('x' on line 5)" in said
    source = files.read_table(Path("x.csv"))
    assert [source.place(row) for row in range(3)] == ["line 3", "line 5", "line 6"]


def test_a_quote_without_an_end() -> None:
    for text, line in (('y,a\n1,2\n3,"4\n5,6\n', 3), ('y,a\n1,"2"3\n', 2)):
        with pytest.raises(files.CleaningError, match=f"line {line} cannot be read: the quotes"):
            read(text)

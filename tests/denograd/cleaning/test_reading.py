"""Text tables as other programs write them: read without an option, or refused with the one."""

import bz2
import gzip
import io
import lzma
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from denograd.cleaning import files
from tests.denograd.cleaning.toys import SHORT, clean, refusal, table

AIR = (
    "Date;Time;CO(GT);T;;\r\n10/03/2004;18.00.00;2,6;13,6;;\r\n10/03/2004;19.00.00;2;13,3;;\r\n"
    "10/03/2004;20.00.00;-200;11,9;;\r\n;;;;;\r\n;;;;;\r\n"
)
READ = {
    "AirQuality": (AIR, "T", [13.6, 13.3, 11.9], ["Date", "Time", "CO(GT)", "T"], 2),
    "separators at the end of rows": ("a;T\n1;1,5;;\n2;2,5;;\n", "T", [1.5, 2.5], ["a", "T"], 2),
    "a column without a name": ("a,b,\n1,2,\n3,4,5\n", "b", [2, 4], ["a", "b", ""], 2),
    "row names": ('"a","T"\n"1",1.5,2\n"2",2.5,3\n', "T", [2, 3], ["", "a", "T"], 2),
    "row names, spaces": ('"a" "T"\n"1" 1.5 2\n"2" 2.5 3\n', "T", [2, 3], ["", "a", "T"], 2),
    "row names, semicolons": ("a;T\n1;1,5;2\n2;2,5;3\n", "T", [2, 3], ["", "a", "T"], 2),
    "spaces": ("a T\n1.5 2\n2.5 3\n", "T", [2, 3], ["a", "T"], 2),
    "spaces in a name": ("outside T\n2\n3\n", "outside T", [2, 3], ["outside T"], 2),
    "separator in line 1": ("sep=;\r\na,b;T\r\n1;2,5\r\n2;3\r\n", "T", [2.5, 3], ["a,b", "T"], 3),
    "unlikely separator in line 1": ("SEP=^\na,b^T\n1^2\n2^3\n", "T", [2, 3], ["a,b", "T"], 3),
    "commas in quotes": ('"a,b,c";T\n"1,5";"2,5"\n"2";"3"\n', "T", [2.5, 3], ["a,b,c", "T"], 2),
    "decimal commas between commas": ('a,T\n"1,5","2,5"\n2,3\n', "T", [2.5, 3], ["a", "T"], 2),
    "text with commas": ("a;T\n1,5;2.5\n2,5;3.5\n", "T", [2.5, 3.5], ["a", "T"], 2),
    "thousands beside points": ('a,T\n"1,500",2.5\n"2,500",3\n', "T", [2.5, 3], ["a", "T"], 2),
}  # fmt: skip
ENCODINGS = {
    "utf-16-le": b"\xff\xfe",
    "utf-16-be": b"\xfe\xff",
    "utf-32-le": b"\xff\xfe\x00\x00",
    "utf-8": b"\xef\xbb\xbf",
}
PACKED = {".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress}


def zipped(**members: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in members.items():
            archive.writestr(f"{name}.csv", text)
    return file.getvalue()


@pytest.mark.parametrize(("text", "name", "values", "names", "line"), READ.values(), ids=READ)
def test_read_and_written_to_the_byte(
    text: str, name: str, values: list[float], names: list[str], line: int
) -> None:
    Path("x.csv").write_bytes(text.encode())
    source = files.read_table(Path("x.csv"))
    assert source.names == names
    np.testing.assert_array_equal(source.numbers(name).values, values)
    assert source.place(0) == f"line {line}"
    source.write(Path("y.csv"))
    assert Path("y.csv").read_bytes() == text.encode()


@pytest.mark.parametrize(("encoding", "mark"), ENCODINGS.items())
def test_byte_order_marks(encoding: str, mark: bytes) -> None:
    raw = mark + "Größe;T\r\n1;2\r\n3;4\r\n".encode(encoding)
    Path("x.csv").write_bytes(raw)
    source = files.read_table(Path("x.csv"))
    assert source.names == ["Größe", "T"]
    source.write(Path("y.csv"))
    assert Path("y.csv").read_bytes() == raw


@pytest.mark.parametrize("suffix", [*PACKED, ".zip"])
def test_compressed_files(suffix: str) -> None:
    text = table()[["label", "a", "price"]].to_csv(index=False)
    pack = PACKED.get(suffix, lambda data: zipped(x=data.decode()))
    Path(f"x.csv{suffix}").write_bytes(pack(text.encode()))
    for given, result in {
        "": f"x.cleaned.csv{suffix}",
        "y.csv": "y.csv",
        "y.csv.gz": "y.csv.gz",
        "y.zip": "y.zip",
    }.items():
        output = ["--output", given] if given else []
        assert clean(f"x.csv{suffix}", "--target", "price", *output, *SHORT) == 0
        after = pd.read_csv(result)
        assert list(after) == ["label", "a", "price"]
        assert len(after) == 120
    with zipfile.ZipFile("y.zip") as archive:
        assert archive.namelist() == ["x.csv"]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.csv.bz2", b"y,a\n", "x.csv.bz2 cannot be unpacked: Invalid data stream"),
        ("x.csv.gz", gzip.compress(b"y,a\n1,2\n", mtime=0)[:-9], "x.csv.gz cannot be unpacked: "),
        ("x.zip", zipped(one="y", two="y"), "x.zip holds one.csv, two.csv: unpack it"),
        ("x.csv", "y,a\n1,2\n".encode("utf-16-le"), "without a mark: --encoding utf-16-le"),
        ("x.csv", b'y;a\n"1,500";3\n"2,250";4\n', "behind its comma: say --decimal , if"),
        ("x.csv", b"# made by hand\ny,a\n1,2\n", "--comment '#' passes over line 1"),
        ("x.csv", b"# made by hand\ny;a\n1;2\n", "is --separator or --comment missing?"),
        ("x.csv", b"y,a\n1,2\n# the end\n", "--comment '#' passes over line 3"),
        ("x.csv", b"y,a\n1,5,2\n2,5,3\n", "cells that hold the separator need quotes"),
        ("x.csv", b"sep=;\n", "there is no header"),
        ("x.csv", b"y,a,,\n1,2,3,4\n", "the header names '' twice"),
        ("x.csv", b"z y a\n1 2\n", "there is no column 'y': there is 'z y a'; is --separator or"),
    ],
)
def test_refused_with_the_option_that_helps(
    capsys: pytest.CaptureFixture[str], name: str, content: bytes, reason: str
) -> None:
    Path(name).write_bytes(content)
    assert reason in refusal(capsys, "clean", name, "--target", "y")


@pytest.mark.parametrize(("decimal", "value"), [(",", 1.5), (".", np.nan)])
def test_the_decimal_that_is_given(decimal: str, value: float) -> None:
    Path("x.csv").write_text('y\n"1,500"\n')
    source = files.read_table(Path("x.csv"), files.CsvStyle(decimal=decimal))
    np.testing.assert_array_equal(source.numbers("y").values, [value])


def test_comments_stay_where_they_are() -> None:
    lines = table()[["a", "price"]].to_csv(index=False).splitlines()
    for at, comment in ((0, '# station "7'), (1, "#"), (9, "#, a, b"), (len(lines) + 3, "# end")):
        lines.insert(at, comment)
    Path("x.csv").write_text("\n".join(lines))
    assert clean("x.csv", "--target", "price", "--comment", "#", *SHORT) == 0
    after = Path("x.cleaned.csv").read_text().splitlines()
    assert [i for i, line in enumerate(after) if line.startswith("#")] == [0, 1, 9, 124]
    assert len(after) == len(lines)


@pytest.mark.parametrize("decimal", [",", None])
def test_the_form_of_air_quality_from_end_to_end(decimal: str | None) -> None:
    frame = table().drop(columns=["fixed"])
    lines = frame.to_csv(index=False, sep=";", decimal=",").splitlines()
    Path("x.csv").write_bytes(";;\r\n".join([*lines, *[";" * 6] * 3, ""]).encode())
    options = [] if decimal is None else ["--decimal", decimal]
    assert clean("x.csv", "--target", "price", *options, *SHORT) == 0
    after = Path("x.cleaned.csv").read_bytes().decode().splitlines()
    assert len(after) == 124
    assert all(line.endswith(";;") for line in after)
    assert after[-3:] == [";" * 8] * 3
    read = pd.read_csv("x.cleaned.csv", sep=";", decimal=",", nrows=120)
    assert 0 < (read["price"] - frame["price"]).abs().max() < 5

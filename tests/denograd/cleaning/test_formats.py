"""Formats of files: read as they are, written as they were."""

from pathlib import Path

import pandas as pd
import pytest

from denograd.cleaning import files
from tests.denograd.cleaning.toys import SHORT, cells, clean, refusal, table


class TestFormats:
    def written(self, text: str, *arguments: str, encoding: str = "utf-8") -> str:
        Path("x.csv").write_bytes(text.encode(encoding))
        assert clean("x.csv", "--target", "y", *arguments, *SHORT) == 0
        return Path("x.cleaned.csv").read_bytes().decode(encoding)

    def lines(self, frame: pd.DataFrame, **style: str) -> str:
        return frame.to_csv(index=False, **style)

    @pytest.fixture
    def small(self) -> pd.DataFrame:
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
        assert "the column 'a' cannot be refined: one cell is no number ('1.234' on line 22)" in (
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
        head, row, rest = self.lines(small).partition("row 1,")
        text = self.written(f"\n{head}\n\n{row}{rest}\n\n")
        assert [i for i, line in enumerate(text.splitlines()) if not line] == [0, 3, 4, 24, 25]

    def test_blank_lines_of_one_column_are_missing_values(
        self, small: pd.DataFrame, capsys: pytest.CaptureFixture[str]
    ) -> None:
        values = [str(v) for v in small["y"]]
        text = "\n".join(["y", *values[:3], "", *values[3:], "", ""])
        Path("x.csv").write_text(text)
        said = refusal(capsys, "clean", "x.csv", "--target", "y", "--series")
        assert "denograd: missing values in 'y' (1 of 21, first on line 5)" in said

    def test_what_is_a_number(self) -> None:
        texts = ["1", " -2.5 ", "3e2", "", "NA", "?", "1_000", "0x1F", "1,5", "True", "inf"]
        source = files.CsvTable({"x": texts}, range(2, 13), (), "", {})
        numbers = source.numbers("x")
        assert list(numbers.values[:3]) == [1.0, -2.5, 300.0]
        assert list(numbers.missing) == [3, 4, 5, 10]
        assert [texts[i] for i in numbers.unreadable] == ["1_000", "0x1F", "1,5", "True"]

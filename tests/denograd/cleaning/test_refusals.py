"""What the command refuses, in one line that says what to do."""

import shlex
from pathlib import Path

import pytest

from tests.denograd.cleaning.toys import PUBLISHED, refusal


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
            ("--backbone lstm", "data.csv is tabular: add --series if rows are time steps, or"),
            ("--series --backbone ft_transformer", "data.csv is series: leave --series out, or"),
            ("--rule global", "not refine tabular data; data.csv is tabular: add --series if rows"),
            ("--series --columns price --keep-target", "nothing to refine beside 'price'"),
            ("--series --cv 2 --window 80", "the rows to learn from hold 0 window(s)"),
            ("--series --cv 2 --window 80", ": shorten --window, or take fewer folds"),
            ("--nrr 1e30 --threshold 0 --epochs 1", "infinite in epoch 2: lower --nrr, or"),
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
        given = [*shlex.split(options), *(() if "--method" in options else PUBLISHED)]
        arguments = ["clean", "data.csv", "--target", "price", *given]
        assert reason in refusal(capsys, *arguments)
        assert Path("old.csv").read_text() == Path("old.png").read_text() == "mine"

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            ("", "data.csv is empty"),
            ("\n\n", "data.csv is empty"),
            ("y,a\n", "data.csv: there is a header and no row below it"),
            ("y,a\n1,2\n3\n", "data.csv: line 3 has 1 cells, the header has 2"),
            ("y,a\n1,2,3\n", "data.csv: line 2 has 3 cells, the header has 2"),
            ('y,a\n1,"2\n3,4\n', "line 2 cannot be read: the quotes around its cell 2 do not end"),
            ("y,a,y\n1,2,3\n", "names 'y' twice"),
            ("y,a\n1,2\n,3\n4,5\n", "denograd: missing values in 'y' (1 of 3, first on line 3)"),
            (
                "y,a\n1,NA\n3,4.5\n5,inf\n7,1\n9,2\n",
                "missing values in 'a' (1 of 5, first on line 2); infinite values in 'a' (1 of 5, "
                "first on line 4): fill them, or drop these rows (--drop-missing), "
                "or leave the column out (--exclude a)",
            ),
            ("y,a\n1,2\nx,3\n4,5\n", "'y' cannot be refined: one cell is no number ('x' on line"),
            ("y,a\n,2\n,3\n", "'y' cannot be refined: empty"),
            ("y,a\n1e300,2\n,3\n", "numbers up to 1e+300, too large to compute with"),
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
            "x.csv.gz": "x.csv.gz cannot be unpacked: Not a gzipped file",
            "x.csv": "x.csv is not utf-8 text: name its encoding",
        }.items():
            Path(name).write_bytes(b"\x80\xfe")
            assert reason in refusal(capsys, "clean", name, "--target", "y")

    def test_many_gaps_are_not_all_listed(
        self, data: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        names = [f"c{i}" for i in range(9)]
        rows = [f"{i}" + 9 * f",{cell}" for i, cell in enumerate([".5", "", "1", "2"])]
        data.write_text("\n".join([",".join(["y", *names]), *rows]))
        said = refusal(capsys, "clean", "data.csv", "--target", "y")
        assert "'c4' (1 of 4, first on line 3), 4 more: " in said

"""Renderings of a small table, character by character."""

import csv
import io

import pytest

from experiments.report.table import Column, Row, Section, Table, TableCell, to_csv
from experiments.words import number, sentence, slug


def plain(
    columns: tuple[Column, ...],
    *rows: tuple[str, ...],
    title: str = "t",
    notes: tuple[str, ...] = (),
) -> Table:
    """A table of texts; the first of each row is its label."""
    found = tuple(Row(label, tuple(map(TableCell, texts))) for label, *texts in rows)
    return Table("t", title, "row", ("g", "c"), columns, (Section("", found),), notes=notes)


@pytest.fixture
def table() -> Table:
    def row(label: str, *cells: TableCell) -> Row:
        return Row(label, cells)

    return Table(
        name="imp",
        title="Imp%: 5 % & more",
        stub="denoiser",
        axes=("dataset", "protocol"),
        columns=(Column("wine", "published"), Column("wine", "held_out"), Column("mean", "ρ̄")),
        sections=(
            Section(
                "",
                (
                    row(
                        "our_method",
                        TableCell("50.1", 50.12345678, 48.0, 52.25, "[48.0, 52.3]"),
                        TableCell("-7.0", -7.0),
                        TableCell("50.1†", 50.1, status="partial"),
                    ),
                ),
            ),
            Section(
                "controls",
                (
                    row(
                        "x|y",
                        TableCell("0.0", 0.0),
                        TableCell("failed", status="failed"),
                        TableCell("–", status="absent"),
                    ),
                ),
            ),
        ),
        context={"noise": "gaussian", "level": "0.1"},
        notes=("first <note>",),
        interval_note="In brackets: intervals.",
    )


def test_markdown(table: Table) -> None:
    assert table.markdown() == (
        "## Imp%: 5 % & more\n"
        "\n"
        "| denoiser   |   wine: published | wine: held_out | mean: ρ̄ |\n"
        "| ---------- | ----------------: | -------------: | ------: |\n"
        "| our_method | 50.1 [48.0, 52.3] |           -7.0 |   50.1† |\n"
        "| *controls* |                   |                |         |\n"
        "| x\\|y       |               0.0 |         failed |       – |\n"
        "\n"
        "- first \\<note>\n"
        "- In brackets: intervals.\n"
    )


def test_latex(table: Table) -> None:
    assert table.latex() == "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            r"\scriptsize",
            r"\caption{Imp\%: 5 \% \& more}",
            r"\label{tab:imp-gaussian-0.1}",
            r"\begin{tabular}{lrrr}",
            r"\toprule",
            r"& \multicolumn{2}{c}{wine} & \multicolumn{1}{c}{mean} \\",
            r"\cmidrule(lr){2-3}\cmidrule(lr){4-4}",
            r"denoiser & published & held\_out & $\bar{\rho}$ \\",
            r"\midrule",
            r"our\_method & 50.1 {[}48.0, 52.3] & $-$7.0 & 50.1$^\dagger$ \\",
            r"\midrule",
            r"\multicolumn{4}{l}{\emph{controls}} \\",
            r"x\textbar{}y & 0.0 & failed & -- \\",
            r"\bottomrule",
            r"\end{tabular}",
            r"\par\medskip\raggedright",
            r"\par first $<$note$>$",
            r"\par In brackets: intervals.",
            r"\end{table}",
            "",
        ]
    )


def test_csv(table: Table) -> None:
    lines = list(csv.DictReader(io.StringIO(table.csv())))
    assert len(lines) == 6
    assert lines[0] == {
        "table": "imp",
        "noise": "gaussian",
        "level": "0.1",
        "denoiser": "our_method",
        "section": "",
        "dataset": "wine",
        "protocol": "published",
        "value": "50.1235",
        "low": "48",
        "high": "52.25",
        "status": "ok",
        "text": "50.1 [48.0, 52.3]",
    }
    assert [line["status"] for line in lines[3:]] == ["ok", "failed", "absent"]
    assert [line["value"] for line in lines[3:]] == ["0", "", ""]


def test_text_has_neither_intervals_nor_their_note(table: Table) -> None:
    assert table.text(100) == (
        "Imp%: 5 % & more\n"
        "\n"
        "            wine                 mean\n"
        "denoiser    published  held_out      ρ̄\n"
        "--------------------------------------\n"
        "our_method       50.1      -7.0  50.1†\n"
        "--------------------------------------\n"
        "controls\n"
        "x|y               0.0    failed      –\n"
        "\n"
        "* first <note>\n"
    )


def test_wide_tables_are_cut_between_groups(table: Table) -> None:
    narrow = table.text(35)
    panels = narrow.split("\n\n")[1:3]
    assert "wine" in panels[0]
    assert "mean" not in panels[0]
    assert "mean" in panels[1]
    assert all("our_method" in panel and "x|y" in panel for panel in panels)
    assert max(len(line) for line in "\n".join(panels).splitlines()) <= 35


def test_a_group_wider_than_its_columns_moves_nothing() -> None:
    table = plain((Column("a very long group", "a"), Column("b", "c")), ("r", "1", "2"))
    heads, titles, rule, values = table.text().split("\n\n")[1].splitlines()
    assert heads.index("b") + 1 == len(titles) == len(values) == len(rule)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "100% & 3$ #1 a_b {c} ~ ^",
            r"100\% \& 3\$ \#1 a\_b \{c\} \textasciitilde{} \textasciicircum{}",
        ),
        ("C:\\temp", r"C:\textbackslash{}temp"),
        ("a-b, -3.5, [-∞]", r"a-b, $-$3.5, {[}$-$$\infty$]"),
        ("χ² and α ≤ 1", r"$\chi^2$ and $\alpha$ $\leq$ 1"),
        ("two\nlines", "two lines"),
    ],
)
def test_latex_escapes(text: str, expected: str) -> None:
    table = plain((Column("", "a"),), ("r", "1"), title=text)
    assert rf"\caption{{{expected}}}" in table.latex()


@pytest.mark.parametrize(
    ("value", "decimals", "expected"),
    [
        (12.345, 1, "12.3"),
        (-0.04, 1, "0.0"),
        (-2350.0, 1, "-2350.0"),
        (-1.234e9, 1, "-1.2e9"),
        (float("-inf"), 1, "-∞"),
        (0.9995, 3, "1.000"),
        (None, 1, "–"),
        (float("nan"), 1, "–"),
    ],
)
def test_number(value: float | None, decimals: int, expected: str) -> None:
    assert number(value, decimals) == expected


def test_rows_must_fill_the_columns() -> None:
    with pytest.raises(ValueError, match="row 'r' of table 't' has 1 cells for 2 columns"):
        plain((Column("", "a"), Column("", "b")), ("r", "1"))


def test_csv_quotes_what_needs_it() -> None:
    assert to_csv([["a,b", 'say "x"'], ["1", "2"]]) == '"a,b","say ""x"""\n1,2\n'


@pytest.mark.parametrize(("text", "expected"), [("a b", "A b"), ("ρ̄ of X", "ρ̄ of X"), ("", "")])
def test_a_sentence_begins_with_a_capital_and_a_symbol_stays(text: str, expected: str) -> None:
    assert sentence(text) == expected


def test_slug() -> None:
    assert slug("gaussian (on=y, columns=all)") == "gaussian-on-y-columns-all"


def test_sentences_stand_below_the_table_and_in_cells_of_the_csv() -> None:
    columns = (Column("", "value"), Column("", "reason", prose=True))
    rows = ("a_b", "1", "50 % of 2"), ("c", "2", "")
    table = plain(columns, *rows, title="Title", notes=("a note",))
    assert table.markdown() == (
        "## Title\n\n"
        "| row | value |\n"
        "| --- | ----: |\n"
        "| a_b |     1 |\n"
        "| c   |     2 |\n\n"
        "- **a_b**: Reason: 50 % of 2.\n\n"
        "- a note\n"
    )
    latex = table.latex()
    assert r"\begin{tabular}{lr}" in latex
    assert latex.endswith(
        "\\end{table}\n{\\scriptsize\\raggedright\n"
        "\\par \\textbf{a\\_b}: Reason: 50 \\% of 2.\n\\par}\n"
    )
    assert table.text().endswith("c        2\n\n* a_b: Reason: 50 % of 2.\n* a note\n")
    assert table.csv().splitlines()[2] == "t,a_b,,,reason,,,,ok,50 % of 2"


def test_a_group_wider_than_the_page_is_cut_too() -> None:
    columns = tuple(Column("Imp%", f"regressor {number}") for number in range(5))
    cells = tuple(TableCell("12.3", 12.3, interval="[-1234.5, 99.9]") for _ in columns)
    table = Table("t", "T", "denoiser", ("a", "b"), columns, (Section("", (Row("pca", cells),)),))

    latex = table.latex()
    assert latex.count(r"\multicolumn{4}{c}{Imp\%}") == 1
    assert latex.count(r"\multicolumn{1}{c}{Imp\%}") == 1
    assert all(latex.count(f"regressor {number}") == 1 for number in range(5))
    lines = [line for line in table.text(52).splitlines() if line.startswith("denoiser")]
    assert lines == [
        "denoiser  regressor 0  regressor 1  regressor 2",
        "denoiser  regressor 3  regressor 4",
    ]


def test_a_mark_is_explained_below_every_table_that_has_it_and_no_other() -> None:
    marked, unmarked = (plain((Column("g", "c"),), (n, "1")).text() for n in ("kalman §", "kalman"))
    assert "scores without signal" in marked
    assert "scores without signal" not in unmarked

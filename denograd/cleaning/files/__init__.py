"""Tables as files: what is not refined comes back as it was written, and files appear whole."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from denograd.cleaning.files.packing import beside
from denograd.cleaning.files.source import CleaningError, Numbers, SourceFile, SourceTable
from denograd.cleaning.files.style import CsvStyle
from denograd.cleaning.files.text import CsvTable
from denograd.cleaning.files.writing import check_outputs, written_together

if TYPE_CHECKING:
    from denograd.cleaning.files.parquet import ParquetParts

__all__ = [
    "PARQUET",
    "CleaningError",
    "CsvStyle",
    "CsvTable",
    "Numbers",
    "SourceFile",
    "SourceTable",
    "beside",
    "check_outputs",
    "read_parts",
    "read_table",
    "written_together",
]

PARQUET = frozenset({".parquet", ".pq"})
_FOREIGN = {
    ".xlsx": "a spreadsheet: save it as CSV",
    ".xls": "a spreadsheet: save it as CSV",
    ".ods": "a spreadsheet: save it as CSV",
}


def read_table(path: Path, style: CsvStyle | None = None) -> SourceFile:
    """Read a table: Parquet by its suffix, else text with a header, compressed or not.

    Parameters
    ----------
    path : Path
        The file.
    style : CsvStyle, optional
        What is known of how a text table is written.

    Raises
    ------
    CleaningError
        When there is no such file, or it is not a table.
    """
    suffix = path.suffix.lower()
    if not path.exists():
        raise CleaningError(f"there is no file {path}")
    if not path.is_file():
        raise CleaningError(f"{path} is not a file")
    if suffix in _FOREIGN:
        raise CleaningError(f"{path} is {_FOREIGN[suffix]} first")
    if suffix in PARQUET:
        return _parquet().ParquetTable.read(path)
    return CsvTable.read(path, style or CsvStyle())


def read_parts(path: Path, style: CsvStyle | None = None) -> SourceFile | ParquetParts:
    """Read a table as `read_table` does, but leave what is Parquet in its file."""
    if path.suffix.lower() in PARQUET and path.is_file():
        return _parquet().ParquetParts.open(path)
    return read_table(path, style)


def _parquet() -> Any:
    try:
        return import_module("denograd.cleaning.files.parquet")
    except ImportError:
        raise CleaningError(
            "Parquet files need pyarrow: pip install 'denograd-repro[parquet]', or give a CSV file"
        ) from None

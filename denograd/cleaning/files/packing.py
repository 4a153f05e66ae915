"""Files that are compressed: unpacked as they are read, packed as they are written."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
import zlib
from pathlib import Path

from denograd.cleaning.files.source import CleaningError

ARCHIVE = ".zip"
_METHODS = {".gz": gzip, ".bz2": bz2, ".xz": lzma}


def unpacked(path: Path) -> bytes:
    """Return what is in a file, unpacked where its suffix says that it is compressed.

    Raises
    ------
    CleaningError
        For a damaged file, and for an archive of more than one.
    """
    raw = path.read_bytes()
    suffix = path.suffix.lower()
    try:
        if suffix == ARCHIVE:
            return _only_member(path, raw)
        return _METHODS[suffix].decompress(raw) if suffix in _METHODS else raw
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise CleaningError(f"{path} cannot be unpacked: {error}") from None


def packed(data: bytes, path: Path) -> bytes:
    """Return what is to be written to a path; equal data give equal bytes."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return gzip.compress(data, mtime=0)
    return _METHODS[suffix].compress(data) if suffix in _METHODS else data


def beside(path: Path, word: str) -> Path:
    """Return the path of a result beside a file: data.csv.gz gives data.WORD.csv.gz.

    A file out of an archive comes back as it is: data.zip gives data.WORD.csv.
    """
    suffix = path.suffix.lower()
    inner = path.with_suffix("") if suffix in _METHODS or suffix == ARCHIVE else path
    kind = inner.suffix or (".csv" if inner != path else "")
    return path.with_name(f"{inner.stem}.{word}{kind}{path.suffix if suffix in _METHODS else ''}")


def _only_member(path: Path, raw: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = [member for member in archive.namelist() if not member.endswith("/")]
        if len(members) != 1:
            found = ", ".join(members[:5]) or "nothing"
            raise CleaningError(f"{path} holds {found}: unpack it, and name one file")
        try:
            return archive.read(members[0])
        except RuntimeError as error:
            raise CleaningError(f"{path} cannot be unpacked: {error}") from None

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


def unpacked(path: Path) -> tuple[bytes, str]:
    """Return what is in a file, unpacked where its suffix says so, and what that is called.

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
        return (
            (_METHODS[suffix].decompress(raw), path.stem)
            if suffix in _METHODS
            else (raw, path.name)
        )
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile) as error:
        raise CleaningError(f"{path} cannot be unpacked: {error}") from None


def packed(data: bytes, path: Path, name: str) -> bytes:
    """Return what is to be written to a path; equal data of one name give equal bytes."""
    suffix = path.suffix.lower()
    if suffix == ARCHIVE:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
        return file.getvalue()
    if suffix == ".gz":
        return gzip.compress(data, mtime=0)
    return _METHODS[suffix].compress(data) if suffix in _METHODS else data


def beside(path: Path, word: str) -> Path:
    """Return the path of a result beside a file: data.csv.gz gives data.WORD.csv.gz."""
    packing = path.suffix if path.suffix.lower() in (*_METHODS, ARCHIVE) else ""
    inner = path.with_suffix("") if packing else path
    kind = inner.suffix or (".csv" if packing else "")
    return path.with_name(f"{inner.stem}.{word}{kind}{packing}")


def _only_member(path: Path, raw: bytes) -> tuple[bytes, str]:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        members = [member for member in archive.namelist() if not member.endswith("/")]
        if len(members) != 1:
            found = ", ".join(members[:5]) or "nothing"
            raise CleaningError(f"{path} holds {found}: unpack it, and name one file")
        try:
            return archive.read(members[0]), members[0]
        except RuntimeError as error:
            raise CleaningError(f"{path} cannot be unpacked: {error}") from None

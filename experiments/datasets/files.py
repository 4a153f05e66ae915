"""Finding the raw files: in a folder of the user's, in the cache, or at their public source."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import os
import secrets
import shutil
import sys
import time
import urllib.request
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tqdm import tqdm

DATA_VARIABLE = "DENOGRAD_DATA"
CACHE_VARIABLE = "DENOGRAD_CACHE"

_CHUNK = 1 << 16
_TIMEOUT_SECONDS = 30.0
_STALE_SECONDS = 24 * 3600.0
_PARTIAL = ".part"


class DataFileError(OSError):
    """A raw file cannot be had; the message says what to do."""


class MissingFileError(DataFileError):
    """A raw file is not here and has to be fetched by hand."""


class ChecksumError(DataFileError):
    """A raw file is damaged or is another version of it."""


class DownloadError(DataFileError):
    """A raw file could not be downloaded."""


@dataclass(frozen=True)
class RawFile:
    """A raw file and where it comes from.

    Attributes
    ----------
    name : str
        File name in the dataset's folder; ``name.gz`` is accepted too.
    sha256 : str or None
        Of the uncompressed content. None if no copy was at hand to compute it from.
    how_to_get : str
        What to tell a person who has to fetch it by hand.
    url : str or None
        Public address of the file or of a zip archive that holds it.
    member : str or None
        Name inside the zip archive at `url`; None means that `url` is the file itself.
    """

    name: str
    sha256: str | None
    how_to_get: str
    url: str | None = None
    member: str | None = None


class Content(NamedTuple):
    """The uncompressed bytes of a raw file and their SHA-256."""

    data: bytes
    sha256: str

    def stream(self) -> BinaryIO:
        """Return the bytes as a file object."""
        return io.BytesIO(self.data)


def data_folder() -> Path | None:
    """Return the folder that ``DENOGRAD_DATA`` names, or None when it is not set.

    Raises
    ------
    MissingFileError
        If the variable names something that is not a folder.
    """
    value = os.environ.get(DATA_VARIABLE)
    if not value:
        return None
    folder = Path(value).expanduser()
    if not folder.is_dir():
        raise MissingFileError(f"{DATA_VARIABLE} is set to {value}, which is not a folder")
    return folder


def cache_folder() -> Path:
    """Return the folder for downloads: ``DENOGRAD_CACHE``, or the user's cache on this platform."""
    if value := os.environ.get(CACHE_VARIABLE):
        return Path(value).expanduser()
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "denograd"
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return (Path(local) if local else Path.home() / "AppData" / "Local") / "denograd" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "denograd"


def find(dataset: str, file: RawFile) -> Path | None:
    """Return where a raw file lies, the user's own folder before the cache, or None."""
    for folder in (data_folder(), cache_folder()):
        for name in (file.name, f"{file.name}.gz"):
            if folder is not None and (path := folder / dataset / name).is_file():
                return path
    return None


def read(dataset: str, file: RawFile) -> Content:
    """Return the content of a raw file, downloading it first where that is needed and possible.

    Parameters
    ----------
    dataset : str
        Name of the dataset, which is also the name of its folder.
    file : RawFile
        The file.

    Returns
    -------
    Content
        Uncompressed, its checksum compared.

    Raises
    ------
    MissingFileError
        If the file is not here and has no public address.
    DownloadError
        If it has one and the download fails.
    ChecksumError
        If the content is not what it should be.
    """
    path = find(dataset, file) or fetch(dataset, file)
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ChecksumError(f"{path} is not a complete gzip file ({error}); get it anew") from error
    digest = hashlib.sha256(data).hexdigest()
    _compare(file, digest, f"{path} is damaged or another version", "Replace it")
    return Content(data, digest)


def fetch(dataset: str, file: RawFile) -> Path:
    """Download a raw file into the cache.

    The file appears under its name only when it is complete and its checksum is right, so a killed
    download is never taken for a file, and jobs that fetch the same file do not disturb each other.

    Parameters
    ----------
    dataset : str
        Name of the dataset, which is also the name of its folder.
    file : RawFile
        The file.

    Returns
    -------
    Path
        Where it now lies.

    Raises
    ------
    MissingFileError
        If the file has no public address.
    DownloadError
        If the address cannot be reached, breaks off, or holds no such file.
    ChecksumError
        If what came is not what it should be; nothing of it is kept.
    """
    if file.url is None:
        raise MissingFileError(
            f"{dataset}: {file.name} is not here and cannot be downloaded by itself. "
            f"{by_hand(dataset, file)}"
        )
    folder = cache_folder() / dataset
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(
            f"{dataset}: cannot make the folder {folder} for {file.name} ({error}); let "
            f"{CACHE_VARIABLE} name a folder that can be written to"
        ) from error
    _remove_stale(folder)
    with _partial(folder, file.name) as content:
        if file.member is None:
            _download(dataset, file, file.url, content)
        else:
            with _partial(folder, "archive") as archive:
                _download(dataset, file, file.url, archive)
                _extract(file, archive, content)
        with content.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        _compare(
            file, digest, f"{file.url} does not hold the expected {file.name}", "Nothing was kept"
        )
        os.replace(content, folder / file.name)
    return folder / file.name


def by_hand(dataset: str, file: RawFile) -> str:
    """Return the sentence that says which file to get from where and where to put it."""
    own = os.environ.get(DATA_VARIABLE)
    place = (Path(own) if own else cache_folder()) / dataset / file.name
    other = "" if own else f", or below a folder of yours that {DATA_VARIABLE} names"
    return f"Get it by hand ({file.how_to_get}) and put it at {place} (or {place.name}.gz){other}."


def _compare(file: RawFile, digest: str, what: str, advice: str) -> None:
    if file.sha256 is not None and digest != file.sha256:
        raise ChecksumError(
            f"{what}: the SHA-256 of its content is {digest}, expected {file.sha256}. {advice}; "
            f"the right one: {file.how_to_get}."
        )


@contextmanager
def _partial(folder: Path, name: str) -> Iterator[Path]:
    """Give a name for an unfinished file that no other job has, and leave nothing behind."""
    path = folder / f".{name}.{os.getpid()}.{secrets.token_hex(4)}{_PARTIAL}"
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def _remove_stale(folder: Path) -> None:
    """Remove what killed downloads left; a younger one may belong to a job that is running."""
    for path in folder.glob(f".*{_PARTIAL}"):
        try:
            if time.time() - path.stat().st_mtime > _STALE_SECONDS:
                path.unlink()
        except FileNotFoundError:
            continue


def _download(dataset: str, file: RawFile, url: str, to: Path) -> None:
    request = urllib.request.Request(url, headers={"User-Agent": "denograd-repro"})
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            length = answer.headers.get("Content-Length")
            expected = int(length) if length else None
            with (
                to.open("wb") as out,
                # disable=None: silent when not on a terminal.
                tqdm(desc=file.name, total=expected, unit="B", unit_scale=1, disable=None) as bar,
            ):
                while chunk := answer.read(_CHUNK):
                    out.write(chunk)
                    bar.update(len(chunk))
                out.flush()
                os.fsync(out.fileno())
        received = to.stat().st_size
        if expected is not None and received != expected:
            raise ConnectionError(f"broke off after {received} of {expected} bytes")
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(
            f"{dataset}: could not download {file.name} from {url} ({error}). Try again, or: "
            f"{by_hand(dataset, file)}"
        ) from error


def _extract(file: RawFile, archive: Path, to: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as opened:
            if file.member not in opened.namelist():
                raise DownloadError(
                    f"the archive at {file.url} has no {file.member}; it holds {opened.namelist()}"
                )
            with opened.open(file.member) as member, to.open("wb") as out:
                shutil.copyfileobj(member, out)
                out.flush()
                os.fsync(out.fileno())
    except zipfile.BadZipFile as error:
        raise DownloadError(f"{file.url} does not hold a whole zip archive ({error})") from error

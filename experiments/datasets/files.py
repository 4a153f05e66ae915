"""Finding the raw files: in a folder of the user's, in the cache, or at their public source."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import io
import lzma
import os
import tempfile
import time
import urllib.request
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pooch
from tqdm import tqdm

from experiments.files import remove_stale

DATA_VARIABLE = "DENOGRAD_DATA"
CACHE_VARIABLE = "DENOGRAD_CACHE"

_CHUNK = 1 << 16
_READ_SECONDS = 30.0
_TOTAL_SECONDS = 1800.0
#: The largest raw file has about a tenth of this; an archive that unpacks to more is refused.
_MAX_BYTES = 1 << 30
#: What reading a damaged archive raises.
_DAMAGE = (
    *(zipfile.BadZipFile, gzip.BadGzipFile, zlib.error, lzma.LZMAError),
    *(EOFError, RuntimeError, ValueError),
)

# What it would print is said here.
pooch.get_logger().setLevel("WARNING")


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
    return Path(os.environ.get(CACHE_VARIABLE) or pooch.os_cache("denograd")).expanduser()


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
    content = content_of(path)
    if file.sha256 not in (None, content.sha256):
        raise ChecksumError(
            f"{path} is damaged or another version: the SHA-256 of its content is "
            f"{content.sha256}, expected {file.sha256}. Replace it; the right one: "
            f"{file.how_to_get}."
        )
    return content


def content_of(path: Path) -> Content:
    """Return the content of a file, uncompressed where its name ends in ``.gz``.

    Raises
    ------
    MissingFileError
        If there is no such file.
    ChecksumError
        If it is no complete gzip file, though its name says so.
    """
    if not path.is_file():
        raise MissingFileError(f"there is no file {path.absolute()}")
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            data = b"".join(_pieces(stream.read, path))
    except _DAMAGE as error:
        raise ChecksumError(f"{path} is not a complete gzip file ({error}); get it anew") from error
    return Content(data, hashlib.sha256(data).hexdigest())


def fetch(dataset: str, file: RawFile) -> Path:
    """Download a raw file into the cache and return where it lies; raises what `read` does.

    The file appears under its name only when it is complete and its checksum is right, so a killed
    download is never taken for a file, and jobs that fetch the same file do not disturb each other.
    """
    if file.url is None:
        raise MissingFileError(
            f"{dataset}: {file.name} is not here and cannot be downloaded by itself. "
            f"{by_hand(dataset, file)}"
        )
    folder = cache_folder() / dataset
    # What killed downloads left; a younger one may belong to a job that is running.
    remove_stale(folder.glob("tmp*"))
    try:
        pooch.retrieve(
            file.url, file.sha256, file.name, folder, downloader=partial(_download, file)
        )
    except DataFileError:
        raise
    except ValueError as error:
        raise ChecksumError(
            f"{file.url} does not hold the expected {file.name}: {error} The right one: "
            f"{file.how_to_get}."
        ) from error
    except (OSError, http.client.HTTPException) as error:
        raise DownloadError(
            f"{dataset}: could not download {file.name} from {file.url} to {folder} ({error}). Try "
            f"again, let {CACHE_VARIABLE} name a folder that can be written to, or: "
            f"{by_hand(dataset, file)}"
        ) from error
    return folder / file.name


def by_hand(dataset: str, file: RawFile) -> str:
    """Return the sentence that says which file to get from where and where to put it."""
    own = os.environ.get(DATA_VARIABLE)
    place = (Path(own) if own else cache_folder()) / dataset / file.name
    other = "" if own else f", or below a folder of yours that {DATA_VARIABLE} names"
    return f"Get it by hand ({file.how_to_get}) and put it at {place} (or {place.name}.gz){other}."


def _pieces(read: Callable[[int], bytes], source: object) -> Iterator[bytes]:
    """What is read, piece by piece; an archive may unpack to more than there is room for."""
    left = _MAX_BYTES
    while piece := read(_CHUNK):
        left -= len(piece)
        if left < 0:
            raise DataFileError(
                f"{source} holds more than {_MAX_BYTES:,} bytes, and no raw file does; get it anew"
            )
        yield piece


def _download(file: RawFile, url: str, to: str, _: object) -> None:
    """Write the file at `url`, or the member of the archive there, to `to`; called by pooch."""
    deadline = time.monotonic() + _TOTAL_SECONDS
    request = urllib.request.Request(url, headers={"User-Agent": "denograd-repro"})
    # Made anew, since pooch's is readable for its owner alone and a cache may be shared.
    os.unlink(to)
    with (
        urllib.request.urlopen(request, timeout=_READ_SECONDS) as answer,
        open(to, "xb") as out,
        tempfile.TemporaryFile(dir=os.path.dirname(to)) if file.member else nullcontext(out) as got,
    ):
        length = int(answer.headers.get("Content-Length") or 0)
        # disable=None: silent when not on a terminal.
        with tqdm(
            desc=file.name, total=length or None, unit="B", unit_scale=True, disable=None
        ) as bar:
            for piece in _pieces(answer.read1, url):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"it took longer than {_TOTAL_SECONDS:g} seconds")
                got.write(piece)
                bar.update(len(piece))
        if length and got.tell() != length:
            raise ConnectionError(f"broke off after {got.tell()} of {length} bytes")
        if file.member:
            _extract(file, got, out)
        out.flush()
        os.fsync(out.fileno())


def _extract(file: RawFile, archive: BinaryIO, out: BinaryIO) -> None:
    assert file.member is not None
    try:
        with zipfile.ZipFile(archive) as opened:
            if file.member not in opened.namelist():
                raise DownloadError(
                    f"the archive at {file.url} has no {file.member}; it holds {opened.namelist()}"
                )
            with opened.open(file.member) as member:
                out.writelines(_pieces(member.read, f"{file.member} of {file.url}"))
    except _DAMAGE as error:
        raise DownloadError(f"{file.url} does not hold a whole zip archive ({error})") from error

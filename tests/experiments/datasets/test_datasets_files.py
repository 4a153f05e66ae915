"""Raw files: looked up, downloaded from a local server, checked, and never left half done."""

import gzip
import hashlib
import io
import os
import socket
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import platformdirs
import pytest

from experiments.datasets import files
from experiments.datasets.files import (
    CACHE_VARIABLE,
    DATA_VARIABLE,
    ChecksumError,
    DataFileError,
    DownloadError,
    MissingFileError,
    RawFile,
)

CONTENT = b"a,b\n1,2\n" * 40_000
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def raw_file(**facts):
    return RawFile(**({"name": "set.csv", "sha256": SHA256, "how_to_get": "ask Ann"} | facts))


class Server:
    """Serves a page on 127.0.0.1 and counts what is asked for.

    It says that the page is as long as `announced`, and with `pause` it sends a byte, sleeps so
    many seconds, and sends the next.
    """

    def __init__(self):
        self.page: bytes | None = None
        self.announced: int | None = None
        self.pause = 0.0
        self.requests: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.requests.append(self.path)
                if owner.page is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(owner.announced or len(owner.page)))
                self.end_headers()
                step = 1 if owner.pause else len(owner.page)
                with suppress(ConnectionError):
                    for start in range(0, len(owner.page), step):
                        self.wfile.write(owner.page[start : start + step])
                        time.sleep(owner.pause)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    def file(self, page=CONTENT, **facts):
        """The raw file that this page holds."""
        self.page = page
        return raw_file(url=f"http://127.0.0.1:{self.http.server_address[1]}/set", **facts)

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server():
    server = Server()
    yield server
    server.close()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv(CACHE_VARIABLE, str(folder))
    monkeypatch.delenv(DATA_VARIABLE, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return folder


@pytest.fixture
def own(tmp_path, monkeypatch):
    folder = tmp_path / "own"
    (folder / "set").mkdir(parents=True)
    monkeypatch.setenv(DATA_VARIABLE, str(folder))
    return folder / "set"


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def damaged(archive: bytes, start: int) -> bytes:
    """What is packed from there on begins with a block of a kind that there is not."""
    return archive[:start] + b"\xff" + archive[start + 1 :]


def left_behind(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    ("name", "stored"), [("set.csv", CONTENT), ("set.csv.gz", gzip.compress(CONTENT))]
)
def test_file_of_the_own_folder_plain_or_packed(own, name, stored):
    (own / name).write_bytes(stored)
    content = files.read("set", raw_file())
    assert content.data == CONTENT
    assert content.sha256 == SHA256
    assert content.stream().read() == CONTENT


def test_own_folder_comes_before_cache_and_cache_before_download(own, cache, server):
    file = server.file()
    (cache / "set").mkdir(parents=True)
    (cache / "set" / "set.csv").write_bytes(CONTENT)
    assert files.find("set", file) == cache / "set" / "set.csv"
    (own / "set.csv").write_bytes(CONTENT)
    assert files.find("set", file) == own / "set.csv"
    assert files.read("set", file).data == CONTENT
    assert server.requests == []


def test_wrong_checksum_names_both_sums_and_keeps_the_users_file(own):
    (own / "set.csv").write_bytes(b"other")
    with pytest.raises(ChecksumError) as caught:
        files.read("set", raw_file())
    for part in (SHA256, hashlib.sha256(b"other").hexdigest(), str(own / "set.csv"), "ask Ann"):
        assert part in str(caught.value)
    assert (own / "set.csv").read_bytes() == b"other"


@pytest.mark.parametrize(
    "stored",
    [gzip.compress(CONTENT)[:-50], b"not gzip at all", damaged(gzip.compress(CONTENT), 10)],
)
def test_damaged_gzip_is_a_clear_error(own, stored):
    (own / "set.csv.gz").write_bytes(stored)
    with pytest.raises(ChecksumError, match=r"set\.csv\.gz is not a complete gzip file"):
        files.read("set", raw_file())


def test_without_a_known_sum_any_content_is_taken(own):
    (own / "set.csv").write_bytes(b"other")
    assert files.read("set", raw_file(sha256=None)).data == b"other"


def test_missing_by_hand_says_what_from_where_and_where_to(cache):
    with pytest.raises(MissingFileError) as caught:
        files.read("set", raw_file())
    for part in ("set.csv", "ask Ann", str(cache / "set" / "set.csv"), DATA_VARIABLE):
        assert part in str(caught.value)
    assert left_behind(cache) == []


def test_missing_by_hand_names_the_own_folder_when_there_is_one(own):
    with pytest.raises(MissingFileError, match="put it at " + str(own / "set.csv")):
        files.read("set", raw_file())


def test_mistyped_own_folder_is_not_ignored(monkeypatch, tmp_path):
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "dtaa"))
    with pytest.raises(MissingFileError, match="dtaa, which is not a folder"):
        files.read("set", raw_file())


@pytest.mark.parametrize(
    ("page", "member"), [(CONTENT, None), (zipped(names=b"x", set_data=CONTENT), "set_data")]
)
def test_download_once_then_from_the_cache(server, cache, page, member):
    file = server.file(page, member=member)
    assert files.read("set", file).data == CONTENT
    assert files.read("set", file).data == CONTENT
    assert server.requests == ["/set"]
    assert left_behind(cache) == [cache / "set" / "set.csv"]
    # Others may read it wherever they may read what else is made there.
    (cache / "other").touch()
    assert (cache / "set" / "set.csv").stat().st_mode == (cache / "other").stat().st_mode


@pytest.mark.parametrize(
    ("page", "member"), [(b"other", None), (zipped(set_data=b"other"), "set_data")]
)
def test_download_with_wrong_checksum_leaves_nothing(server, cache, page, member):
    with pytest.raises(ChecksumError) as caught:
        files.read("set", server.file(page, member=member))
    for part in (SHA256, hashlib.sha256(b"other").hexdigest(), "/set", "ask Ann"):
        assert part in str(caught.value)
    assert left_behind(cache) == []


@pytest.mark.parametrize(
    ("page", "says"),
    [
        (zipped(one=b"1", two=b"2"), r"no set_data; it holds \['one', 'two'\]"),
        (b"<html>moved</html>", "not hold a whole zip archive"),
        (zipped(set_data=CONTENT)[:-30], "not hold a whole zip archive"),
        (damaged(zipped(set_data=CONTENT), 38), "not hold a whole zip archive"),
        # Its list is said to be longer than the file.
        (zipped(set_data=CONTENT)[:-10] + b"\0\0\0\x7f" + bytes(6), "not hold a whole zip archive"),
        # Packed by a method that there is not.
        (zipped(set_data=CONTENT).replace(b"\0\0\x08\0", b"\0\0\x63\0"), "method is not supported"),
    ],
)
def test_archive_without_a_whole_member(server, cache, page, says):
    with pytest.raises(DownloadError, match=f"/set .*{says}"):
        files.read("set", server.file(page, member="set_data"))
    assert left_behind(cache) == []


@pytest.mark.parametrize(
    ("page", "member"), [(CONTENT, None), (zipped(set_data=CONTENT), "set_data")]
)
def test_no_more_is_fetched_or_unpacked_than_a_raw_file_holds(
    server, cache, monkeypatch, page, member
):
    monkeypatch.setattr(files, "_MAX_BYTES", len(CONTENT) - 1)
    with pytest.raises(DataFileError, match="/set holds more than 319,999 bytes"):
        files.read("set", server.file(page, member=member))
    assert left_behind(cache) == []


def test_no_more_is_unpacked_from_the_own_folder(own, monkeypatch):
    monkeypatch.setattr(files, "_MAX_BYTES", len(CONTENT) - 1)
    (own / "set.csv.gz").write_bytes(gzip.compress(CONTENT))
    with pytest.raises(DataFileError, match=r"set\.csv\.gz holds more than 319,999 bytes"):
        files.read("set", raw_file())


def test_download_that_breaks_off_leaves_nothing_and_can_be_repeated(server, cache):
    server.announced = len(CONTENT)
    with pytest.raises(DownloadError, match=f"1000 of {len(CONTENT)} bytes"):
        files.read("set", server.file(CONTENT[:1000]))
    assert left_behind(cache) == []
    assert files.read("set", server.file()).data == CONTENT


def test_download_that_trickles_is_given_up(server, cache, monkeypatch):
    server.pause = 0.05
    monkeypatch.setattr(files, "_TOTAL_SECONDS", 0.2)
    begun = time.monotonic()
    with pytest.raises(DownloadError, match=r"took longer than 0\.2 seconds.*ask Ann"):
        files.read("set", server.file(CONTENT[:100]))
    assert time.monotonic() - begun < 3
    assert left_behind(cache) == []


def test_missing_page_says_what_to_do_by_hand(server, cache):
    with pytest.raises(DownloadError) as caught:
        files.read("set", server.file(None))
    for part in ("404", "/set", "ask Ann", str(cache / "set" / "set.csv")):
        assert part in str(caught.value)
    assert left_behind(cache) == []


def test_unreachable_server_is_a_clear_error(cache):
    with socket.socket() as taken:  # bound but not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/set.csv"
        with pytest.raises(DownloadError, match=r"could not download set\.csv .*ask Ann"):
            files.read("set", raw_file(url=url))
    assert left_behind(cache) == []


def test_interrupt_leaves_nothing(server, cache, monkeypatch):
    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.fetch("set", server.file())
    assert left_behind(cache) == []


def test_what_a_killed_download_left_is_not_a_file_and_goes_after_a_day(server, cache):
    (cache / "set").mkdir(parents=True)
    old, young = (cache / "set" / f"tmp{i}" for i in range(2))
    for path in (old, young):
        path.write_bytes(CONTENT[:10])
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    assert files.read("set", server.file()).data == CONTENT
    assert not old.exists()
    assert young.exists()


def test_jobs_may_fetch_the_same_file_at_once(server, cache):
    file = server.file(zipped(set_data=CONTENT), member="set_data")
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(lambda _: files.read("set", file).data, range(8)))
    assert all(content == CONTENT for content in contents)
    assert left_behind(cache) == [cache / "set" / "set.csv"]


def test_cache_that_cannot_be_made_is_a_clear_error(server, tmp_path, monkeypatch):
    (tmp_path / "occupied").write_text("a file, not a folder")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "occupied"))
    with pytest.raises(DownloadError, match=f"let {CACHE_VARIABLE} name a folder"):
        files.read("set", server.file())


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("stream", "shown"), [(Terminal(), True), (io.StringIO(), False)])
def test_progress_is_shown_on_a_terminal_only(server, monkeypatch, stream, shown):
    monkeypatch.setattr(sys, "stderr", stream)
    files.fetch("set", server.file())
    assert ("set.csv" in stream.getvalue()) == shown


def test_cache_is_where_the_platform_keeps_caches_unless_moved(monkeypatch):
    monkeypatch.delenv(CACHE_VARIABLE)
    assert files.cache_folder() == platformdirs.user_cache_path("denograd")
    monkeypatch.setenv(CACHE_VARIABLE, "~/mine")
    assert files.cache_folder() == Path.home() / "mine"


def test_all_errors_are_of_one_family():
    assert issubclass(DataFileError, OSError)
    for error in (MissingFileError, ChecksumError, DownloadError):
        assert issubclass(error, DataFileError)

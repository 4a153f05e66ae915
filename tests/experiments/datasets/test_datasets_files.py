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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

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


class Server:
    """Serves `pages` on 127.0.0.1 and counts what is asked for; `announced` lies about lengths."""

    def __init__(self):
        self.pages: dict[str, bytes] = {}
        self.announced: dict[str, int] = {}
        self.requests: list[str] = []
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                owner.requests.append(self.path)
                page = owner.pages.get(self.path)
                if page is None:
                    self.send_error(404)
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(owner.announced.get(self.path, len(page))))
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.http.serve_forever, daemon=True)
        self.thread.start()

    def url(self, path):
        return f"http://127.0.0.1:{self.http.server_address[1]}{path}"

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


def raw_file(**facts):
    return RawFile(**({"name": "set.csv", "sha256": SHA256, "how_to_get": "ask Ann"} | facts))


def zipped(**members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def left_behind(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


@pytest.mark.parametrize("packed", [False, True])
def test_file_of_the_own_folder_plain_or_packed(own, packed):
    if packed:
        (own / "set.csv.gz").write_bytes(gzip.compress(CONTENT))
    else:
        (own / "set.csv").write_bytes(CONTENT)
    content = files.read("set", raw_file())
    assert content.data == CONTENT
    assert content.sha256 == SHA256
    assert content.stream().read() == CONTENT


def test_own_folder_comes_before_cache_and_cache_before_download(own, cache, server):
    server.pages["/set.csv"] = CONTENT
    file = raw_file(url=server.url("/set.csv"))
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
    message = str(caught.value)
    assert SHA256 in message
    assert hashlib.sha256(b"other").hexdigest() in message
    assert str(own / "set.csv") in message
    assert "ask Ann" in message
    assert (own / "set.csv").read_bytes() == b"other"


@pytest.mark.parametrize("damaged", [gzip.compress(CONTENT)[:-50], b"not gzip at all"])
def test_damaged_gzip_is_a_clear_error(own, damaged):
    (own / "set.csv.gz").write_bytes(damaged)
    with pytest.raises(ChecksumError, match=r"set\.csv\.gz is not a complete gzip file"):
        files.read("set", raw_file())


def test_without_a_known_sum_any_content_is_taken(own):
    (own / "set.csv").write_bytes(b"other")
    assert files.read("set", raw_file(sha256=None)).data == b"other"


def test_missing_by_hand_says_what_from_where_and_where_to(cache):
    with pytest.raises(MissingFileError) as caught:
        files.read("set", raw_file())
    message = str(caught.value)
    for part in ("set.csv", "ask Ann", str(cache / "set" / "set.csv"), DATA_VARIABLE):
        assert part in message
    assert left_behind(cache) == []


def test_missing_by_hand_names_the_own_folder_when_there_is_one(own):
    with pytest.raises(MissingFileError, match="put it at " + str(own / "set.csv")):
        files.read("set", raw_file())


def test_mistyped_own_folder_is_not_ignored(monkeypatch, tmp_path):
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path / "dtaa"))
    with pytest.raises(MissingFileError, match="dtaa, which is not a folder"):
        files.read("set", raw_file())


def test_download_once_then_from_the_cache(server, cache):
    server.pages["/set.csv"] = CONTENT
    file = raw_file(url=server.url("/set.csv"))
    assert files.read("set", file).data == CONTENT
    assert files.read("set", file).data == CONTENT
    assert server.requests == ["/set.csv"]
    assert left_behind(cache) == [cache / "set" / "set.csv"]


def test_download_takes_the_member_of_an_archive(server, cache):
    server.pages["/set.zip"] = zipped(names=b"x", set_data=CONTENT)
    file = raw_file(url=server.url("/set.zip"), member="set_data")
    assert files.read("set", file).data == CONTENT
    assert left_behind(cache) == [cache / "set" / "set.csv"]


def test_download_with_wrong_checksum_leaves_nothing(server, cache):
    server.pages["/set.csv"] = b"other"
    with pytest.raises(ChecksumError) as caught:
        files.read("set", raw_file(url=server.url("/set.csv")))
    assert SHA256 in str(caught.value)
    assert hashlib.sha256(b"other").hexdigest() in str(caught.value)
    assert left_behind(cache) == []


def test_archive_member_with_wrong_checksum_leaves_nothing(server, cache):
    server.pages["/set.zip"] = zipped(set_data=b"other")
    with pytest.raises(ChecksumError):
        files.read("set", raw_file(url=server.url("/set.zip"), member="set_data"))
    assert left_behind(cache) == []


def test_archive_without_the_member_lists_what_it_has(server, cache):
    server.pages["/set.zip"] = zipped(one=b"1", two=b"2")
    with pytest.raises(DownloadError, match=r"has no set_data; it holds \['one', 'two'\]"):
        files.read("set", raw_file(url=server.url("/set.zip"), member="set_data"))
    assert left_behind(cache) == []


def test_page_that_is_no_archive(server, cache):
    server.pages["/set.zip"] = b"<html>moved</html>"
    with pytest.raises(DownloadError, match="not hold a whole zip archive"):
        files.read("set", raw_file(url=server.url("/set.zip"), member="set_data"))
    assert left_behind(cache) == []


def test_download_that_breaks_off_leaves_nothing_and_can_be_repeated(server, cache):
    server.pages["/set.csv"] = CONTENT[:1000]
    server.announced["/set.csv"] = len(CONTENT)
    file = raw_file(url=server.url("/set.csv"))
    with pytest.raises(DownloadError, match=f"1000 of {len(CONTENT)} bytes"):
        files.read("set", file)
    assert left_behind(cache) == []
    server.pages["/set.csv"] = CONTENT
    assert files.read("set", file).data == CONTENT


def test_missing_page_says_what_to_do_by_hand(server, cache):
    with pytest.raises(DownloadError) as caught:
        files.read("set", raw_file(url=server.url("/gone.csv")))
    for part in ("404", "/gone.csv", "ask Ann", str(cache / "set" / "set.csv")):
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
    server.pages["/set.csv"] = CONTENT

    def interrupt(descriptor):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.fetch("set", raw_file(url=server.url("/set.csv")))
    assert left_behind(cache) == []


def test_what_a_killed_download_left_is_not_a_file_and_goes_after_a_day(server, cache):
    server.pages["/set.csv"] = CONTENT
    file = raw_file(url=server.url("/set.csv"))
    (cache / "set").mkdir(parents=True)
    old, young = (cache / "set" / f".set.csv.{i}.part" for i in range(2))
    for path in (old, young):
        path.write_bytes(CONTENT[:10])
    two_days_ago = time.time() - 2 * 24 * 3600
    os.utime(old, (two_days_ago, two_days_ago))
    assert files.find("set", file) is None
    assert files.read("set", file).data == CONTENT
    assert not old.exists()
    assert young.exists()


def test_jobs_may_fetch_the_same_file_at_once(server, cache):
    server.pages["/set.zip"] = zipped(set_data=CONTENT)
    file = raw_file(url=server.url("/set.zip"), member="set_data")
    with ThreadPoolExecutor(8) as pool:
        contents = list(pool.map(lambda _: files.read("set", file).data, range(8)))
    assert all(content == CONTENT for content in contents)
    assert left_behind(cache) == [cache / "set" / "set.csv"]


def test_cache_that_cannot_be_made_is_a_clear_error(server, tmp_path, monkeypatch):
    (tmp_path / "occupied").write_text("a file, not a folder")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "occupied"))
    with pytest.raises(DownloadError, match=f"let {CACHE_VARIABLE} name a folder"):
        files.read("set", raw_file(url=server.url("/set.csv")))


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_progress_is_shown_on_a_terminal_only(server, cache, monkeypatch):
    server.pages["/set.csv"] = CONTENT
    file = raw_file(url=server.url("/set.csv"))
    for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        files.fetch("set", file)
        assert ("set.csv" in stream.getvalue()) == shown


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {}, "home/.cache/denograd"),
        ("linux", {"XDG_CACHE_HOME": "/elsewhere"}, "/elsewhere/denograd"),
        ("darwin", {}, "home/Library/Caches/denograd"),
        ("win32", {}, "home/AppData/Local/denograd/Cache"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/denograd/Cache"),
        ("linux", {CACHE_VARIABLE: "/mine"}, "/mine"),
    ],
)
def test_cache_is_where_the_platform_keeps_caches(monkeypatch, platform, variables, expected):
    for name in (CACHE_VARIABLE, "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("home"))
    assert files.cache_folder() == Path(expected)


def test_all_errors_are_of_one_family():
    assert issubclass(DataFileError, OSError)
    for error in (MissingFileError, ChecksumError, DownloadError):
        assert issubclass(error, DataFileError)

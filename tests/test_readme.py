"""Every command and snippet of the README runs as it stands there, `make test` itself excepted."""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import denograd
from experiments.datasets import discover, files
from tests.support.surroundings import outside_of_make

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()

# What keeps a whole benchmark short: few rows and epochs, one dataset, but every denoiser.
SHORT = (
    "noise.sigma=0.1 seed=0 profile=quick profile.max_rows=300 regressor=[ridge,knn] "
    "denoiser=[identity,kalman]"
)
SMALL = {
    "quick": "dataset=friedman seed=0 profile.max_rows=300 profile.caps.epochs=3 "
    "profile.caps.backbone_epochs=3",
    "real": f"dataset=daily_climate {SHORT}",
    "paper_tabular": f"dataset=parkinsons {SHORT}",
    "paper_series": f"dataset=daily_climate {SHORT}",
    "ablation_eta": "dataset=friedman seed=0 profile.max_rows=300 profile.caps.backbone_epochs=3",
}


@dataclass(frozen=True)
class Block:
    """A fenced block of the README."""

    heading: str
    language: str
    text: str

    @property
    def lines(self) -> list[str]:
        """Its commands, those that go over several lines joined."""
        return [line for line in self.text.replace("\\\n", " ").splitlines() if line.strip()]

    @property
    def needs_real_data(self) -> bool:
        return "DENOGRAD_DATA=" in self.text


def blocks(language: str) -> list[Block]:
    """The blocks of one language in the order of the page."""
    found, heading = [], ""
    for match in re.finditer(
        r"^#+ ([^\n]*)$|^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL
    ):
        heading = match[1] or heading
        if match[2] == language:
            found.append(Block(heading, match[2], match[3]))
    return found


COMMANDS = blocks("bash")
MAKE = [line for block in COMMANDS for line in block.lines if re.search(r"\bmake\b", line)]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """A shell in which `python` is this interpreter and results go into a folder of their own."""
    folders = [str(Path(sys.executable).parent), os.environ["PATH"]]
    return outside_of_make() | {
        "PATH": os.pathsep.join(folders),
        "DENOGRAD_RESULTS": str(tmp_path / "results"),
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def venv(tmp_path: Path) -> Path:
    """This interpreter's environment as one that make takes for installed."""
    folder = tmp_path / "venv"
    folder.mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (folder / name).symlink_to(Path(sys.prefix) / name)
    (folder / ".installed").touch()
    return folder


def run(command: str, environment: dict[str, str], timeout: int = 300) -> str:
    """Run a command line in the checkout and return what it printed, or fail with that."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=ROOT, env=environment, text=True, timeout=timeout,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def with_real_data(command: str) -> str:
    """Put the folder of this machine in the place of the README's, or skip without the files."""
    folder = os.environ.get("DENOGRAD_DATA", "")
    dataset = re.findall(r"\bdataset=(\w+)", command)[-1]
    for file in discover()[dataset]().files:
        if not folder or files.find(dataset, file) is None:
            pytest.skip(f"DENOGRAD_DATA names no folder with {dataset}/{file.name}")
    return re.sub(r"DENOGRAD_DATA=\S+", f"DENOGRAD_DATA={shlex.quote(folder)}", command)


def test_the_page_has_what_this_file_looks_for() -> None:
    assert len(COMMANDS) >= 6
    assert len(blocks("python")) >= 4
    assert "make test" in MAKE
    assert "make reproduce" in MAKE


@pytest.mark.slow
@pytest.mark.parametrize(
    "block",
    [
        pytest.param(block, marks=[pytest.mark.real_data] if block.needs_real_data else [])
        for block in COMMANDS
        if not re.search(r"\bmake\b", block.text)
    ],
    ids=lambda block: block.lines[0],
)
def test_commands_run(block: Block, environment: dict[str, str]) -> None:
    for line in block.lines:
        run(with_real_data(line) if block.needs_real_data else line, environment)


@pytest.mark.parametrize("line", MAKE)
def test_make_installs_first_and_then_does_what_it_says(
    line: str, environment: dict[str, str], tmp_path: Path
) -> None:
    """What make would do on a machine that has nothing yet."""
    steps = run(f"{line} --dry-run VENV={tmp_path}/new", environment)
    index = re.search(r"TORCH_INDEX=(\S+)", line)
    assert f"-m venv {tmp_path}/new" in steps
    assert "pip install --constraint constraints.txt --editable" in steps
    assert (f"--index-url {index[1]}" in steps) if index else "--index-url" not in steps
    if "make test" in line:
        assert "-m pytest" in steps
    elif "make tables" in line:
        # That it gives what is in git, the tests of the archive say.
        assert "-m experiments report --archive" in steps
    else:
        name = re.search(r"EXPERIMENT=(\w+)", line)
        assert f"-m experiments experiment={name[1] if name else 'quick'}" in steps
        assert "-m experiments report" in steps


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, marks=[pytest.mark.real_data] if "DENOGRAD_DATA" in line else [])
        for line in MAKE
        if "reproduce" in line and "TORCH_INDEX" not in line
    ],
)
def test_make_reproduce_runs_to_a_table_and_a_figure(
    line: str, environment: dict[str, str], venv: Path, tmp_path: Path
) -> None:
    """The command itself, made small by overrides; the environment is there already."""
    name = re.search(r"EXPERIMENT=(\w+)", line)
    small = SMALL[name[1] if name else "quick"]
    command = f"{line} VENV={venv} ARGS={shlex.quote(small)}"
    if "DENOGRAD_DATA" in line:
        command = with_real_data(command)
    printed = run(command, environment, timeout=600)
    made = {path.suffix for path in (tmp_path / "results").rglob("*.*")}
    assert {".md", ".tex", ".png", ".csv"} <= made
    assert "identity" in printed
    assert str(tmp_path / "results") in printed


@pytest.mark.slow
def test_a_failing_run_fails_make_but_is_reported(
    environment: dict[str, str], venv: Path, tmp_path: Path
) -> None:
    """Seven neighbours cannot be found among the rows left: that cell fails, the others do not."""
    small = f"{SMALL['quick']} denoiser=[identity] regressor=[ridge,knn] "
    small += "regressor.knn.n_neighbors=5000"
    done = subprocess.run(
        ["make", "reproduce", f"VENV={venv}", f"ARGS={small}"],
        cwd=ROOT, env=environment, text=True, capture_output=True, timeout=300,
    )  # fmt: skip
    assert done.returncode != 0
    assert list((tmp_path / "results").rglob("*.md")), done.stdout + done.stderr


@pytest.mark.slow
def test_snippets_run_in_the_order_of_the_page(tmp_path: Path) -> None:
    """One session for all: later snippets use what earlier ones made."""
    program = tmp_path / "snippets.py"
    snippets = [block.text for block in blocks("python")]
    program.write_text("\n".join([*snippets, "assert 0.6 < as_it_came < refined - 0.1 < 0.8"]))
    done = subprocess.run(
        [sys.executable, "-W", "error::DeprecationWarning", program],
        cwd=tmp_path, env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("page", sorted(path.name for path in ROOT.glob("*.md")))
def test_links_and_pictures_lead_somewhere(page: str) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", (ROOT / page).read_text())
    missing = [t for t in targets if "://" not in t and not (ROOT / t).exists()]
    assert missing == []


def test_the_changelog_knows_this_version() -> None:
    versions = re.findall(r"^## (\S+),", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert versions[0] == denograd.__version__

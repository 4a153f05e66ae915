"""Commands as a user types them, and settings as they make them."""

from pathlib import Path

import pytest

from tests.experiments.conftest import settings_of  # noqa: F401  a fixture
from tests.support.command import Command


@pytest.fixture
def command(tmp_path: Path) -> Command:
    """The benchmark's commands in a folder of their own."""
    return Command(tmp_path)

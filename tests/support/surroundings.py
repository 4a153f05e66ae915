"""The environment variables that tests give to the commands they run."""

import os

# What make hands down to its children, and what the Makefile would take from there.
_OF_MAKE = {
    "MAKEFLAGS", "MAKELEVEL", "MAKEFILES", "MFLAGS",
    "VENV", "PYTHON", "TORCH_INDEX", "EXPERIMENT", "JOBS", "ARGS",
}  # fmt: skip


def outside_of_make() -> dict[str, str]:
    """Return the variables as they would be if make had not started these tests."""
    return {name: value for name, value in os.environ.items() if name not in _OF_MAKE}

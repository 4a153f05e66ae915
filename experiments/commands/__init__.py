"""The commands, ``python -m experiments [COMMAND]``, one per file.

Without a command the benchmark runs, and what follows is Hydra's. Nothing heavy is imported before
it is known what is wanted: ``--help`` and tab completion stay fast.
"""

from __future__ import annotations

import importlib

#: What may follow ``python -m experiments``; each is a module here with a function `main`.
COMMANDS = ("report", "archive", "status", "data")


def main(arguments: list[str]) -> int:
    """Run the command that the arguments name, and return its exit status."""
    if arguments and arguments[0] in COMMANDS:
        name, *arguments = arguments
    else:
        name = "run"
    module = importlib.import_module(f"{__name__}.{name}")
    status: int = module.main(arguments)
    return status

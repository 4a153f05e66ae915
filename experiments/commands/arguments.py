"""What the parsers of all commands share."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

RESULTS_VARIABLE = "DENOGRAD_RESULTS"
#: Exit status after Ctrl-C.
INTERRUPTED = 130


def results_folder() -> str:
    """The results folder unless it is given; an empty variable says nothing."""
    return os.environ.get(RESULTS_VARIABLE) or "results"


def command_parser(command: str, description: str, examples: str) -> argparse.ArgumentParser:
    """A parser for ``python -m experiments COMMAND``, with examples below its help."""
    return argparse.ArgumentParser(
        prog=f"python -m experiments {command}",
        description=description,
        epilog=examples,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_results(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where the results lie."""
    parser.add_argument(
        "--results",
        type=Path,
        default=Path(results_folder()),
        metavar="DIR",
        help="folder of the records (default: results, or what DENOGRAD_RESULTS says)",
    )

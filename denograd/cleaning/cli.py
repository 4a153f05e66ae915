"""The `denograd` command; what takes long to import is imported when it is needed."""

from __future__ import annotations

import argparse
import io
import sys
import warnings
from collections.abc import Sequence

from denograd.cleaning.options import UsageError, command_parser, in_flags, plug_ins

USAGE_ERROR = 2
INTERRUPTED = 130

_FOR_USERS = (UserWarning, RuntimeWarning)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status.

    Parameters
    ----------
    arguments : sequence of str, optional
        By default those of the process.

    Returns
    -------
    int
        0 when all is done, 1 when some of several files could not be cleaned, 2 when something
        stands in the way, 130 after Ctrl-C. In the last two cases nothing was written of the file
        at hand.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A column's name that the terminal cannot show is no reason to fail.
            stream.reconfigure(errors="replace")
    try:
        return _do(command_parser().parse_args(arguments))
    except UsageError as error:
        _tell(f"denograd: {error}")
        return USAGE_ERROR
    except KeyboardInterrupt:
        _tell("denograd: interrupted, nothing was written")
        return INTERRUPTED


def _do(options: argparse.Namespace) -> int:
    """Do what the command line asks for, or raise a UsageError."""
    if options.command == "rules":
        sys.stdout.write(plug_ins())
        return 0
    from denograd.cleaning.files import CleaningError
    from denograd.cleaning.run import estimate, run

    with warnings.catch_warnings(record=True) as caught:
        try:
            status = (run if options.command == "clean" else estimate)(options, _tell)
        except CleaningError as error:
            raise UsageError(error) from None
        except OSError as error:
            known = error.filename and error.strerror
            raise UsageError(f"{error.filename}: {error.strerror}" if known else error) from None
    meant = [warning for warning in caught if issubclass(warning.category, _FOR_USERS)]
    for text in dict.fromkeys(str(warning.message) for warning in meant):
        _tell(f"denograd: warning: {in_flags(text)}")
    return status


def _tell(message: str) -> None:
    sys.stderr.write(f"{message}\n")

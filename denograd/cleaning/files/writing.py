"""Results that appear whole or not at all, and never in the place of what is there."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from denograd.cleaning.files.source import CleaningError


def check_outputs(source: Path, outputs: Sequence[Path], *, force: bool) -> None:
    """Refuse outputs that cannot be written, or would cost something that is there.

    Parameters
    ----------
    source : Path
        The file that is read; it is never an output, whatever its other names.
    outputs : sequence of Path
        Files that are to be written.
    force : bool
        Whether existing files may be replaced.

    Raises
    ------
    CleaningError
        Naming the file.
    """
    seen: set[Path] = set()
    for path in outputs:
        resolved = path.resolve()
        if resolved == source.resolve() or (path.exists() and path.samefile(source)):
            raise CleaningError(f"{path} is the file that is read: name another one to write to")
        if resolved in seen:
            raise CleaningError(f"two of the results would be written to {path}")
        seen.add(resolved)
        if path.exists() and not path.is_file():
            raise CleaningError(f"{path} is not a file that could be replaced")
        if path.exists() and not force:
            raise CleaningError(f"{path} exists: name another file, or replace it with --force")
        if not resolved.parent.is_dir():
            raise CleaningError(f"there is no folder {path.parent} to write {path.name} to")
        if not os.access(resolved.parent, os.W_OK):
            raise CleaningError(f"the folder {path.parent} of {path.name} is not writable")


@contextmanager
def written_together(source: Path, outputs: Sequence[Path], *, force: bool) -> Iterator[list[Path]]:
    """Hand out temporary files that become the outputs when the block ends, or vanish.

    Parameters
    ----------
    source : Path
        The file that is read; outputs can be read by those who can read it.
    outputs : sequence of Path
        Files to write.
    force : bool
        Whether existing files may be replaced.

    Yields
    ------
    list of Path
        A file to write to for each output, in its folder.
    """
    temporaries: list[Path] = []
    try:
        for path in outputs:
            folder, suffix = path.resolve().parent, path.suffix
            handle, name = tempfile.mkstemp(dir=folder, prefix=f".{path.stem}.", suffix=suffix)
            temporaries.append(Path(name))
            os.close(handle)
        yield temporaries
        for temporary in temporaries:
            shutil.copymode(source, temporary)
            with temporary.open("rb") as file:
                os.fsync(file.fileno())
        check_outputs(source, outputs, force=force)
        for temporary, path in zip(temporaries, outputs, strict=True):
            os.replace(temporary, path.resolve())
    finally:
        for temporary in temporaries:
            temporary.unlink(missing_ok=True)

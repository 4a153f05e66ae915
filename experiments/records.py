"""What a record is, and files that are written whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

Record = dict[str, Any]


class StoreError(RuntimeError):
    """A record, listing or archive cannot be read; the message names the file and what to do."""


def read_json(path: Path) -> Any:
    """Read a JSON file, or raise a StoreError that names it."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path}: cannot be read ({error}); delete it to compute it anew"
        ) from error


def write_json(path: Path, content: Any) -> None:
    """Write a JSON file atomically."""
    write_bytes(path, json.dumps(content, indent=1, allow_nan=False).encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file to a temporary name, flush it to the disk and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise

"""Cache entries that tell when they were damaged: the hash of every file is kept with them.

    if (data := kept(path)) is None:        # a file
        keep(path, data := measure())

    if not is_sound(folder):                # a folder
        with lock(...), atomic_directory(folder) as making:
            ...
            seal(making)

An entry without a seal is one of an earlier version, and trusted.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from macros.store import atomic_write

__all__ = ["SEAL", "is_sound", "keep", "kept", "seal"]

SEAL = ".sha256"


def keep(path: Path, data: bytes | str) -> None:
    """Write an entry that is one file. Its hash is written first: an interruption between the two
    leaves an old entry that no longer fits its hash, never a new one without."""
    data = data.encode() if isinstance(data, str) else data
    atomic_write(path.with_name(path.name + SEAL), hashlib.sha256(data).hexdigest() + "\n")
    atomic_write(path, data)


def kept(path: Path) -> bytes | None:
    """The entry, or None where it is missing or damaged."""
    if not path.is_file():
        return None
    data, stated = path.read_bytes(), path.with_name(path.name + SEAL)
    if stated.is_file() and stated.read_text().strip() != hashlib.sha256(data).hexdigest():
        return None
    return data


def seal(folder: Path) -> None:
    """Keep the hash of every file of the folder in it."""
    (folder / SEAL).write_text(json.dumps(_hashes(folder), indent=0, sort_keys=True) + "\n")


def is_sound(folder: Path) -> bool:
    """Whether the folder is there, and each sealed file is as it was."""
    if not folder.is_dir():
        return False
    stated = folder / SEAL
    if not stated.is_file():
        return True
    try:
        wanted = json.loads(stated.read_text())
        return wanted.items() <= _hashes(folder).items()
    except (ValueError, AttributeError, TypeError):
        return False


def _hashes(folder: Path) -> dict[str, str]:
    """Path within the folder -> SHA-256 of each file."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != SEAL:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            found[path.relative_to(folder).as_posix()] = digest
    return found

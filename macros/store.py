"""Where results are kept: cache folder, content hashes, files that appear whole or not at all.

Every cached or written artefact of the macros and the flow goes through this module, so that
an interrupted run never leaves a half-written file and two runs never share one that is in
the making.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["Busy", "atomic_directory", "atomic_write", "cache_root", "content_hash", "lock"]


class Busy(RuntimeError):
    """Another process holds the lock."""


def cache_root() -> Path:
    """Folder of everything that can be rebuilt: `$SPIKEOUT_CACHE`, or `spikeout` in the user's
    cache folder (`$XDG_CACHE_HOME`, `~/.cache`). It need not exist yet."""
    chosen = os.environ.get("SPIKEOUT_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "spikeout"


def content_hash(*parts: Any) -> str:
    """SHA-256 (hex) of the parts in order: a `Path` counts by the bytes of its file, `bytes` as
    they are, anything else by its canonical JSON."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, Path):
            kind, data = b"file", part.read_bytes()
        elif isinstance(part, bytes):
            kind, data = b"bytes", part
        else:
            kind, data = b"json", json.dumps(part, sort_keys=True).encode()
        digest.update(b"%s %d\n" % (kind, len(data)))
        digest.update(data)
    return digest.hexdigest()


def atomic_write(path: Path, data: bytes | str) -> None:
    """Write `data` to `path` so that a reader sees the old file or the whole new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data.encode() if isinstance(data, str) else data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
        raise


@contextlib.contextmanager
def atomic_directory(path: Path) -> Iterator[Path]:
    """Yield an empty folder beside `path` that becomes `path` when the block ends well (an older
    `path` is replaced) and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        _replace_directory(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold an exclusive lock on the file `path` (made when missing); waits for its holder, or
    without `wait` raises `Busy`. The operating system frees it when the holder dies, so a killed
    run never blocks the next."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise Busy(f"another process holds {path}") from None
        try:
            yield
        finally:  # closing is not enough: a child on its way to exec still has the file open
            fcntl.flock(stream, fcntl.LOCK_UN)


def _replace_directory(source: Path, target: Path) -> None:
    """Rename a folder over another one; the old one steps aside first, since rename(2) replaces
    only empty folders."""
    if not target.exists():
        os.replace(source, target)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent))
    os.replace(target, aside / "old")
    try:
        os.replace(source, target)
    except OSError:
        os.replace(aside / "old", target)
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _umask() -> int:
    """The process's file mode mask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask

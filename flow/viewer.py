"""What `spikeout view` opens: the newest layout of a run, and the colours of its layers."""

from __future__ import annotations

from pathlib import Path

from flow import pdk
from flow.chips import chip_file
from flow.run import run_folder
from rtl.config import load_chip

__all__ = ["layer_colours", "newest_layout"]


def newest_layout(chip: str, tag: str | None, build: Path) -> Path:
    """The GDS of a chip's run (without a tag of its latest one).

    Raises ValueError when there is no such run or it has no GDS yet.
    """
    name = load_chip(chip_file(chip)).name
    folder = run_folder(name, tag or "latest", build)
    if not folder.is_dir():
        raise ValueError(f"{folder} is not there; `spikeout run {chip}` makes it")
    found = sorted(folder.glob(f"final/gds/{name}.gds")) or sorted(folder.glob(f"*-*/{name}.gds"))
    if not found:
        raise ValueError(f"{folder} has no GDS yet; `spikeout run {chip} --resume` goes on")
    return found[-1]


def layer_colours() -> Path | None:
    """KLayout's layer properties of the PDK, None where it has none."""
    tree = pdk.resolve(timing=False)
    path = tree / "libs.tech" / "klayout" / "tech" / f"{tree.name}.lyp"
    return path if path.is_file() else None

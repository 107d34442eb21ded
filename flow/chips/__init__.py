"""The chips of this project, each a YAML file read by `rtl.config.load_chip`."""

from __future__ import annotations

from pathlib import Path

__all__ = ["chip_file", "chip_names"]

FOLDER = Path(__file__).parent


def chip_names() -> list[str]:
    """Names of the chips that stand in this folder."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def chip_file(chip: str) -> Path:
    """The YAML file of a chip: a name from this folder, or a path. ValueError for neither."""
    path = Path(chip)
    if path.suffix in (".yaml", ".yml"):
        return path
    if chip not in chip_names():
        raise ValueError(f"chip must be one of {chip_names()} or a .yaml file, not {chip!r}")
    return FOLDER / f"{chip}.yaml"

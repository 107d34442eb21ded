"""The foundry's own SRAM cells, which a full PDK has and the packaged one has not.

They break the ordinary design rules under marks of their own, so that only the foundry's checkers
accept them. This project finds them and says what is missing; it builds from its own cells.
"""

from __future__ import annotations

from pathlib import Path

__all__ = ["FOUNDRY_CELLS", "missing_files", "require_foundry_cells"]

LIBRARY = "sky130_fd_bd_sram"
FOUNDRY_CELLS = (
    "sram_sp_cell_opt1",
    "openram_sp_cell_opt1_dummy",
    "openram_sp_nand2_dec",
    "openram_sp_nand3_dec",
    "openram_sense_amp",
    "openram_write_driver",
    "openram_sram_dff",
)


def missing_files(pdk: Path) -> list[Path]:
    """Which files of the foundry's cells a sky130A tree lacks."""
    home = pdk / "libs.ref" / LIBRARY
    wanted = (
        home / view / f"{LIBRARY}__{cell}.{view}"
        for cell in FOUNDRY_CELLS
        for view in ("gds", "spice")
    )
    return [path for path in wanted if not path.is_file()]


def require_foundry_cells(pdk: Path) -> None:
    """Raises RuntimeError that names what is missing, or says that nothing is built from them."""
    if missing := missing_files(pdk):
        names = ", ".join(path.name for path in missing[:3])
        raise RuntimeError(
            f"the PDK has no foundry SRAM cells: {len(missing)} files are missing in"
            f" {missing[0].parents[1]}, such as {names}; --cells own needs none"
        )
    raise RuntimeError("macros are built from our own cells only, not from the foundry's yet")

"""What would end place and route late is looked for first, and said in one line."""

from __future__ import annotations

from flow.pnr.design import Design

__all__ = ["preflight"]


def preflight(design: Design, clock: str | None) -> None:
    """Check the cells and the clock of a netlist.

    Raises ValueError naming the cell that has no layout, or the clock port that is not there or
    drives nothing.
    """
    for name in design.masters:
        if design.cell_library.masters[name].is_macro:
            cell = design.cell_library.layout.cell(name)
            if cell is None or cell.bbox().empty():
                raise ValueError(f"macro {name} has a LEF but no GDS")
        else:
            design.cell_library.shapes(name)
    if clock is None:
        return
    net = next((p.net for p in design.ports if p.name == clock and p.direction == "input"), None)
    if net is None:
        raise ValueError(f"clock: {design.name} has no input port {clock}")
    if design.pin_start[net + 1] - design.pin_start[net] < 2:
        raise ValueError(f"clock: nothing hangs on port {clock} of {design.name}")

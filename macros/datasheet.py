"""One page about a macro: its layout, and what its Liberty states, as a PNG."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import klayout.db as kdb
import klayout.lay as lay
import matplotlib.image
import numpy as np
from matplotlib.figure import Figure

from macros.characterize import CORNERS
from macros.shape import MacroShape
from macros.store import atomic_write
from macros.strap_drop import strap_drop_mv
from macros.technology import layers
from macros.verify.extract import read_layout

__all__ = ["Summary", "power", "summary", "write_datasheet"]

_COLOURS = {
    layers.NWELL: 0xE8E4F0,
    layers.DIFF: 0x5FB760,
    layers.POLY: 0xD9534F,
    layers.LI1: 0xC9A227,
    layers.MET1: 0x4F81BD,
    layers.MET2: 0xB65FCF,
    layers.MET3: 0x2FA7A0,
    layers.MET4: 0xE08E45,
}
_PICTURE_PIXELS = 1400
_CLOSE_UP_UM = 24.0


@dataclass(frozen=True)
class Summary:
    """What a Liberty of ours says in short; um2, ns, pJ, nW."""

    area_um2: float
    access_ns: float
    period_ns: float
    read_pj: float
    write_pj: float
    idle_pj: float
    leakage_nw: float


def summary(liberty: str) -> Summary:
    """Read the figures back from Liberty text as macros.characterize writes it."""

    def number(pattern: str) -> float:
        match = re.search(pattern, liberty)
        if match is None:
            raise ValueError(f"this Liberty is none of a macro: it has no {pattern.split()[0]}")
        return float(match[1])

    first = r'cell_{} \("output"\) \{{\s*values \( \\\s*"([^,"]+)'
    states = {"read": "!csb0 & web0", "write": "!csb0 & !web0", "idle": "csb0"}
    halves = {
        state: number(rf'values \("([^"]+)"\);\s*\}}\s*when : "{re.escape(when)}";')
        for state, when in states.items()
    }
    return Summary(
        area_um2=number(r"area : ([^;]+);"),
        access_ns=max(number(first.format(edge)) for edge in ("rise", "fall")),
        period_ns=number(r"min_period : ([^;]+);"),
        read_pj=2 * halves["read"],
        write_pj=2 * halves["write"],
        idle_pj=2 * halves["idle"],
        leakage_nw=number(r"\bcell_leakage_power : ([^;]+);"),
    )


def write_datasheet(png: Path, gds: Path, shape: MacroShape, liberty: Mapping[str, str]) -> None:
    """Draw the page of a macro.

    Parameters
    ----------
    gds: its layout; liberty: corner -> Liberty text.
    """
    rows = {corner: summary(text) for corner, text in liberty.items()}
    if not rows:
        raise ValueError("a datasheet needs the Liberty of at least one corner")
    layout, top = read_layout(gds, shape.name)
    box = top.dbbox()
    view = _view(gds)
    page = Figure(figsize=(11.7, 8.3), dpi=150)
    page.text(0.05, 0.94, shape.name, fontsize=22, weight="bold")
    page.text(
        0.05,
        0.905,
        f"single-port SRAM, {shape.words} words of {shape.bits} bits, SkyWater 130 nm",
        fontsize=11,
    )
    centre = box.center()
    half = min(_CLOSE_UP_UM, box.width(), box.height()) / 2
    close = kdb.DBox(centre.x - half, centre.y - half, centre.x + half, centre.y + half)
    for place, window, title in (
        ((0.05, 0.33, 0.55, 0.54), box, f"{box.width():.1f} x {box.height():.1f} um"),
        ((0.64, 0.40, 0.31, 0.44), close, f"{2 * half:.0f} um of it"),
    ):
        axes = page.add_axes(place)
        axes.imshow(_picture(view, window))
        axes.set_axis_off()
        axes.set_title(title, fontsize=10)
    drops = {
        corner: strap_drop_mv(layout, top, row.read_pj / row.period_ns / CORNERS[corner].volt)
        for corner, row in rows.items()
    }
    _table(page, shape, rows, drops)
    image = io.BytesIO()
    page.savefig(image, format="png", metadata={"Software": None})
    atomic_write(png, image.getvalue())


def _table(
    page: Figure, shape: MacroShape, rows: Mapping[str, Summary], drops: Mapping[str, float]
) -> None:
    area_mm2 = next(iter(rows.values())).area_um2 / 1e6
    lines: dict[str, Callable[[Summary], str]] = {
        "access, clk0 falling to dout0": lambda row: f"{row.access_ns:.2f} ns",
        "least period": lambda row: f"{row.period_ns:.2f} ns",
        "energy per read": lambda row: f"{row.read_pj:.1f} pJ",
        "energy per write": lambda row: f"{row.write_pj:.1f} pJ",
        "energy per idle period": lambda row: f"{row.idle_pj:.1f} pJ",
        "leakage": lambda row: power(row.leakage_nw),
    }
    cells = [[shown(row) for row in rows.values()] for shown in lines.values()]
    cells.append([f"{drops[corner]:.1f} mV" for corner in rows])
    axes = page.add_axes((0.27, 0.08, 0.68, 0.22))
    axes.set_axis_off()
    table = axes.table(
        cellText=cells,
        rowLabels=[*lines, "drop along supply straps"],
        colLabels=list(rows),
        loc="center",
        edges="horizontal",
    )
    table.auto_set_font_size(False)
    table.set_fontsize(9.5)
    table.scale(1, 1.35)
    bits = shape.words * shape.bits
    page.text(
        0.05,
        0.045,
        f"area {area_mm2:.4f} mm2, {bits} bits, {bits / area_mm2 / 1e3:.1f} kbit/mm2, "
        f"{1e6 * area_mm2 / bits:.2f} um2 per bit",
        fontsize=11,
    )


def power(nw: float) -> str:
    """A power with the unit that suits it."""
    return f"{nw:.3g} nW" if nw < 1e3 else f"{nw / 1e3:.3g} uW"


def _view(gds: Path) -> lay.LayoutView:
    """A view of a layout's layers, painted from the well up."""
    view = lay.LayoutView()
    view.load_layout(str(gds), True)
    view.max_hier()
    view.clear_layers()
    for layer, colour in _COLOURS.items():
        shown = lay.LayerProperties()
        shown.source_layer, shown.source_datatype = layer.layer, layer.datatype
        shown.fill_color = shown.frame_color = colour
        shown.dither_pattern = 0 if layer is layers.NWELL else 4
        view.insert_layer(view.end_layers(), shown)
    for option, value in (
        ("background-color", "#ffffff"),
        ("grid-visible", "false"),
        ("text-visible", "false"),
        ("cell-box-visible", "false"),
    ):
        view.set_config(option, value)
    return view


def _picture(view: lay.LayoutView, window: kdb.DBox) -> np.ndarray:
    """Part of a view as an image, array [height, width, colours]."""
    height = max(200, round(_PICTURE_PIXELS * window.height() / window.width()))
    pixels = view.get_pixels_with_options(_PICTURE_PIXELS, height, 0, 0, 0, window)
    return matplotlib.image.imread(io.BytesIO(pixels.to_png_data()))

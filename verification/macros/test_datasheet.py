"""macros.datasheet: figures read back from Liberty, and a page with a picture."""

from __future__ import annotations

from pathlib import Path

import gdstk
import matplotlib.image
import pytest

from macros.characterize import CORNERS, Figures
from macros.characterize.liberty import liberty_text
from macros.characterize.timing import CONSTRAINT_SLEW_NS, LOAD_PF, SLEW_NS
from macros.datasheet import power, summary, write_datasheet
from macros.shape import MacroShape
from macros.technology import layers

SHAPE = MacroShape(64, 16)
PINS = ("clk0", "csb0", "web0", "addr0", "din0")


def text(access_ns: float = 4.0) -> str:
    edges = {"rise": 0.0, "fall": -0.5}
    output = {
        edge: ((access_ns + less,) * len(LOAD_PF),) * len(SLEW_NS) for edge, less in edges.items()
    }
    constraint = {
        edge: ((0.1,) * len(CONSTRAINT_SLEW_NS),) * len(CONSTRAINT_SLEW_NS) for edge in edges
    }
    figures = Figures(
        delay=output,
        slew=output,
        setup=constraint,
        hold=constraint,
        access_ns=access_ns,
        high_ns=2.5,
        low_ns=4.5,
        word_line_gap_ns=0.25,
        read_pj=20.0,
        write_pj=18.0,
        idle_pj=2.0,
        leakage_nw=123.0,
        pin_pf=dict.fromkeys(PINS, 0.01),
    )
    return liberty_text(SHAPE, CORNERS["tt_025C_1v80"], figures, 5000.0)


def test_the_figures_come_back() -> None:
    found = summary(text(access_ns=3.25))
    assert (found.access_ns, found.period_ns, found.area_um2) == (3.25, 7.0, 5000.0)
    assert (found.read_pj, found.write_pj, found.idle_pj) == (20.0, 18.0, 2.0)
    assert found.leakage_nw == 123.0


def test_leakage_has_the_unit_that_suits_it() -> None:
    assert (power(27.94), power(51482.0)) == ("27.9 nW", "51.5 uW")


def test_another_liberty_is_refused() -> None:
    with pytest.raises(ValueError, match="none of a macro"):
        summary("library (x) {}")


def test_the_page_shows_the_layout(tmp_path: Path) -> None:
    library = gdstk.Library()
    cell = library.new_cell(SHAPE.name)
    cell.add(
        gdstk.rectangle((0, 0), (100, 50), layer=layers.MET1.layer, datatype=layers.MET1.datatype)
    )
    for x, net in ((20, "vccd1"), (70, "vssd1")):
        pin, label = layers.MET4_PIN, layers.MET4_LABEL
        cell.add(gdstk.rectangle((x, 0), (x + 2, 50), layer=pin.layer, datatype=pin.datatype))
        cell.add(gdstk.Label(net, (x + 1, 25), layer=label.layer, texttype=label.datatype))
    gds, png = tmp_path / "macro.gds", tmp_path / "sheet.png"
    library.write_gds(gds)
    write_datasheet(png, gds, SHAPE, {"tt_025C_1v80": text()})
    image = matplotlib.image.imread(png)
    assert image.shape[:2] == (1245, 1755)
    blue = (image[..., 2] > image[..., 0] + 0.05).mean()
    assert 0.1 < blue < 0.9  # met1 fills the picture, not the page
    first = png.read_bytes()
    write_datasheet(png, gds, SHAPE, {"tt_025C_1v80": text()})
    assert png.read_bytes() == first

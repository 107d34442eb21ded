"""Reading LEF macros."""

from __future__ import annotations

from pathlib import Path

import pytest

from flow.pnr.cell_library import Library
from flow.pnr.lef import read_lef

MACRO = """VERSION 5.7 ;
MACRO m
  CLASS BLOCK ;
  SIZE 3.5 BY 2.72 ;
  PIN a[0]
    DIRECTION INPUT ;  # a comment
    USE SIGNAL ;
    ANTENNAGATEAREA 0.126 ;
    PORT
      LAYER met3 ;
        RECT 0.1 0.2 0.5 0.9 ;
    END
  END a[0]
  OBS
    LAYER met1 ;
      RECT 0 0 1 1 ;
  END
END m
END LIBRARY
"""


def test_macro(tmp_path: Path) -> None:
    (tmp_path / "m.lef").write_text(MACRO)
    master = read_lef(tmp_path / "m.lef")["m"]
    assert (master.width, master.height, master.is_macro) == (3500, 2720, True)
    pin = master.pins["a[0]"]
    assert (pin.direction, pin.gate_area) == ("input", 0.126)
    assert pin.shapes == [("met3", (100, 200, 500, 900))]
    assert master.obstructions == [("met1", (0, 0, 1000, 1000))]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  SIZE 3.5 BY 2.72 ;\n", "", "macro m has no SIZE"),
        ("RECT 0.1 0.2 0.5 0.9", "POLYGON 0 0 1 0 1 1", "POLYGON is not supported"),
        ("  CLASS BLOCK ;", "  ORIGIN 1 0 ;", "ORIGIN"),
        ("END m\nEND LIBRARY\n", "", "macro m has no END"),
    ],
)
def test_bad_macros_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "m.lef").write_text(MACRO.replace(old, new))
    with pytest.raises(ValueError, match=message):
        read_lef(tmp_path / "m.lef")


def test_cells_fit_the_grid(library: Library) -> None:
    for master in library.masters.values():
        assert master.width % 460 == 0
        assert master.height % 2720 == 0

"""DEF: what is written is read back, and KLayout reads it too."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import numpy as np
import pytest

from flow.pnr.cell_library import Library
from flow.pnr.def_reader import read_def
from flow.pnr.def_writer import write_def
from verification.flow.pnr.conftest import Finished
from verification.flow.pnr.routing_rules import LAYERS


def test_round_trip(finished: Finished, library: Library, tmp_path: Path) -> None:
    path = finished.folder / "random_logic.def"
    design = read_def(path, library)
    write_def(design, tmp_path / "again.def")
    assert (tmp_path / "again.def").read_bytes() == path.read_bytes()
    original = finished.design
    for name in ("master_of", "x", "y", "orient", "pin_start", "pin_instance", "pin_index"):
        assert np.array_equal(getattr(design, name), getattr(original, name)), name
    assert design.ports == original.ports
    assert design.supplies == original.supplies
    assert design.rows == original.rows
    assert np.array_equal(design.routes.wires, original.routes.wires)
    assert np.array_equal(design.routes.vias, original.routes.vias)


def test_klayout_draws_the_same_metal(finished: Finished, library: Library) -> None:
    """An independent reader of the DEF gets the metal that stands in the GDS."""
    assert library.pdk is not None
    root = library.pdk / "libs.ref" / "sky130_fd_sc_hd"
    options = kdb.LoadLayoutOptions()
    config = options.lefdef_config
    config.lef_files = [
        str(next((root / "techlef").glob("*nom*"))),
        str(root / "lef" / "sky130_fd_sc_hd.lef"),
    ]
    config.read_lef_with_def = False
    options.lefdef_config = config
    drawn, gds = kdb.Layout(), kdb.Layout()
    drawn.read(str(finished.folder / "random_logic.def"), options)
    gds.read(str(finished.folder / "random_logic.gds"))
    for name in ("met2", "met3", "met4", "met5"):
        in_gds = kdb.Region(gds.top_cell().begin_shapes_rec(gds.layer(*LAYERS[name]))).merged()
        in_def = kdb.Region()
        for index in drawn.layer_indexes():
            label = drawn.get_info(index).name
            if label in (name, f"{name}.PIN"):
                in_def += kdb.Region(drawn.top_cell().begin_shapes_rec(index))
        assert (in_gds ^ in_def.merged()).is_empty(), name


def test_foreign_via_is_refused(finished: Finished, library: Library, tmp_path: Path) -> None:
    text = (finished.folder / "random_logic.def").read_text()
    (tmp_path / "bad.def").write_text(text.replace(") M1M2\n", ") VIA_X\n"))
    with pytest.raises(ValueError, match="VIA_X"):
        read_def(tmp_path / "bad.def", library)

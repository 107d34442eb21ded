"""A tree with a fault planted in it is refused, and the fault is named."""

from __future__ import annotations

import shutil

import pytest

from flow.pdk import gds
from flow.pdk.names import CORNERS, PdkError, liberty_path, view_path
from flow.pdk.verify import corners, verify


@pytest.fixture
def copy(tree, tmp_path):
    """A tree to break: links, so that nothing is copied until a test writes a file anew."""
    target = tmp_path / "sky130A"
    shutil.copytree(tree, target, copy_function=lambda a, b: shutil.os.link(a, b))
    return target


def _rewrite(path, edit):
    text = path.read_text()
    changed = edit(text)
    assert changed != text
    path.unlink()
    path.write_text(changed)


def test_a_sound_tree_passes(copy):
    verify(copy)


def test_a_macro_without_foreign(copy):
    line = "  FOREIGN sky130_fd_sc_hd__nand2_1 ;\n"
    _rewrite(view_path(copy, "lef"), lambda text: text.replace(line, ""))
    with pytest.raises(PdkError, match="sky130_fd_sc_hd__nand2_1 has no FOREIGN"):
        verify(copy)


def test_an_empty_layout(copy):
    path = view_path(copy, "gds")
    stream = path.read_bytes()
    body = next(b for name, b, _ in gds.structures(stream) if name == "sky130_fd_sc_hd__inv_1")
    head = body.index(b"inv_1") + len("inv_1")
    empty = body[:head] + body[-4:]
    path.unlink()
    path.write_bytes(stream.replace(body, empty))
    with pytest.raises(PdkError, match="1 empty cells: sky130_fd_sc_hd__inv_1"):
        verify(copy)


@pytest.mark.parametrize("view", ["verilog", "spice", "cdl", "lef", "blackbox"])
def test_a_cell_that_is_missing_in_one_view(copy, view):
    _rewrite(view_path(copy, view), lambda text: text.replace("sky130_fd_sc_hd__xor2_1", "other"))
    with pytest.raises(PdkError, match=rf"{view} and GDS differ in .*sky130_fd_sc_hd__xor2_1"):
        verify(copy)


def test_a_model_that_includes_nothing(copy):
    next((copy / "libs.ref/sky130_fd_pr/spice").glob("*nfet_01v8__tt.pm3.spice")).unlink()
    with pytest.raises(PdkError, match=r"includes .*nfet_01v8__tt\.pm3\.spice, which is not there"):
        verify(copy)


def test_a_view_that_is_missing(copy):
    view_path(copy, "techlef").unlink()
    with pytest.raises(PdkError, match=r"has no libs\.ref/.*techlef"):
        verify(copy)


def _liberty(tree, corner, cells, tail="}\n"):
    path = liberty_path(tree, corner)
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    bodies = "".join(f'  cell ("{cell}") {{ area : 1; }}\n' for cell in cells)
    path.write_text(f"library (x) {{\n{bodies}{tail}")


def test_corners_with_the_same_cells(copy):
    for corner in CORNERS:
        _liberty(copy, corner, ["a", "b"])
    assert corners(copy) == dict.fromkeys(CORNERS, 2)


def test_a_corner_that_lacks_a_cell(copy):
    for corner in CORNERS:
        _liberty(copy, corner, ["a", "b"] if corner != "ss_100C_1v60" else ["a"])
    with pytest.raises(PdkError, match="corner ss_100C_1v60 lacks 1 cells, first b"):
        corners(copy)


def test_a_corner_that_is_cut_off(copy):
    for corner in CORNERS:
        _liberty(copy, corner, ["a"], tail="" if corner == "ff_n40C_1v95" else "}\n")
    with pytest.raises(PdkError, match=r"ff_n40C_1v95\.lib is cut off"):
        corners(copy)

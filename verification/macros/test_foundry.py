"""What is missing of the foundry's cells is said; nothing pretends to be built from them."""

from __future__ import annotations

import pytest

from macros.technology.foundry import missing_files, require_foundry_cells


def test_missing_files_are_counted_and_named(tmp_path):
    with pytest.raises(RuntimeError, match=r"14 files are missing .*sram_sp_cell_opt1\.gds"):
        require_foundry_cells(tmp_path)


def test_a_complete_library_is_found(tmp_path):
    for path in missing_files(tmp_path):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert missing_files(tmp_path) == []
    with pytest.raises(RuntimeError, match="our own cells only"):
        require_foundry_cells(tmp_path)

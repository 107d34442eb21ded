"""Reading netlists, and refusing what cannot be built."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flow.pnr.cell_library import Library
from flow.pnr.netlist import read_netlist
from verification.flow.pnr.designs import random_logic

INV = "sky130_fd_sc_hd__inv_1"


def _read(module: dict[str, Any], library: Library, folder: Path) -> Any:
    (folder / "n.json").write_text(json.dumps({"modules": {"top": module}}))
    return read_netlist(folder / "n.json", library)


def _chain() -> dict[str, Any]:
    """a -> inv u1 -> inv u2 -> y"""
    return {
        "ports": {
            "a": {"direction": "input", "bits": [2]},
            "y": {"direction": "output", "bits": [4]},
        },
        "cells": {
            "u1": {"type": INV, "connections": {"A": [2], "Y": [3]}},
            "u2": {"type": INV, "connections": {"A": [3], "Y": [4]}},
        },
        "netnames": {
            "a": {"bits": [2]},
            "mid": {"bits": [3], "hide_name": 0},
            "y": {"bits": [4]},
        },
    }


def test_chain(library: Library, tmp_path: Path) -> None:
    design = _read(_chain(), library, tmp_path)
    assert design.instance_names == ("u1", "u2")
    nets = {
        name: sorted(design.pin_name(*pin) for pin in design.net_pins(net))
        for net, name in enumerate(design.net_names)
    }
    assert nets == {"a": ["a", "u1/A"], "mid": ["u1/Y", "u2/A"], "y": ["u2/Y", "y"]}


def test_every_pin_of_a_large_netlist_arrives(library: Library, tmp_path: Path) -> None:
    module = random_logic(200).module()
    design = _read(module, library, tmp_path)
    connections = sum(len(cell["connections"]) for cell in module["cells"].values())
    bits = sum(len(port["bits"]) for port in module["ports"].values())
    assert len(design.pin_instance) == connections + bits


def test_faults_are_named(library: Library, tmp_path: Path) -> None:
    def fault(change: Any) -> dict[str, Any]:
        module = _chain()
        change(module["cells"])
        return module

    cases = [
        (lambda c: c["u1"].update(type="nonsense"), "cell nonsense of u1 has no LEF"),
        (lambda c: c["u2"]["connections"].update(Y=[3], A=[2]), "net mid needs one driver"),
        (lambda c: c["u1"]["connections"].pop("Y"), "net mid needs one driver, has none"),
        (lambda c: c["u1"]["connections"].pop("A"), "input u1/A has no net"),
        (lambda c: c["u1"]["connections"].update(A=["0"]), "u1/A is tied to 0"),
        (lambda c: c["u1"]["connections"].update(B=[2]), "u1 connects B"),
    ]
    for change, message in cases:
        with pytest.raises(ValueError, match=message):
            _read(fault(change), library, tmp_path)


def test_no_netlist_is_refused(library: Library, tmp_path: Path) -> None:
    (tmp_path / "n.json").write_text("{")
    with pytest.raises(ValueError, match="no yosys JSON"):
        read_netlist(tmp_path / "n.json", library)

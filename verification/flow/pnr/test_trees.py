"""Buffer trees: sizes of groups, equal depth, and what is refused."""

from __future__ import annotations

from collections import Counter

import pytest

from flow.pnr.cell_library import Library
from flow.pnr.design import Design
from flow.pnr.floorplan import Floorplan, make_floorplan
from flow.pnr.netlist import read_netlist
from flow.pnr.trees import buffer_fanout, build_clock_tree
from verification.flow.pnr.designs import shift_register, write_netlist


@pytest.fixture(scope="module")
def chain(library: Library, tmp_path_factory: pytest.TempPathFactory) -> Design:
    """300 flops with a place, as global placement would give them."""
    folder = tmp_path_factory.mktemp("chain")
    design, _ = make_floorplan(
        read_netlist(write_netlist(shift_register(300), folder), library), Floorplan()
    )
    for k in range(300):
        design.x[k], design.y[k] = 10_000 + 5_000 * (k % 20), 10_000 + 8_000 * (k // 20)
    return design


def _fan(design: Design) -> dict[int, tuple[int, list[int]]]:
    """Net -> (driving instance, instances it drives)."""
    result = {}
    for net in range(design.nets):
        driver, sinks = -1, []
        for instance, index in design.net_pins(net):
            if instance >= 0 and design.master(instance).signal_pins[index].direction == "output":
                driver = instance
            elif instance >= 0:
                sinks.append(instance)
        result[net] = (driver, sinks)
    return result


def test_clock_tree_reaches_all_flops_equally_deep(chain: Design) -> None:
    design, metrics = build_clock_tree(chain, "clk")
    fan = _fan(design)
    driven_by = {driver: sinks for driver, sinks in fan.values() if driver >= 0}
    root = next(net for net, name in enumerate(design.net_names) if name == "clk")
    depth: Counter[int] = Counter()

    def walk(sinks: list[int], level: int) -> None:
        assert len(sinks) <= 16
        for sink in sinks:
            if "buf" in design.master(sink).name:
                walk(driven_by[sink], level + 1)
            else:
                depth[level] += 1

    walk(fan[root][1], 0)
    assert depth == {int(metrics["clock__depth"]): 300}


def test_fanout_is_bounded_and_logic_kept(chain: Design) -> None:
    design, metrics = buffer_fanout(chain, limit=20)
    assert metrics["design__fanout__nets"] == 1  # the clock, which nobody kept out
    assert max(len(sinks) for _, sinks in _fan(design).values()) <= 20


def test_kept_nets_stay(chain: Design) -> None:
    clock = [port.net for port in chain.ports if port.name == "clk"]
    design, _ = buffer_fanout(chain, limit=20, keep=clock)
    assert design.instances == chain.instances


def test_missing_clock_is_named(chain: Design) -> None:
    with pytest.raises(ValueError, match="no input port ck"):
        build_clock_tree(chain, "ck")
    with pytest.raises(ValueError, match="no input port q"):
        build_clock_tree(chain, "q")

"""Power of a chip while it computes: activity from simulated inferences, power from OpenSTA.

    verdict = check_power(run, chip, folder)

Real images run with the delays of the typical corner, so glitches count; no trace port is read, as
on a chip at work. OpenSTA gives the power of every instance when its pins are still and when they
toggle once a period; the instance's own toggles say how much of the difference it takes. A macro's
internal power is its accesses times the energies in its Liberty (`macro_power`). Sums by
group (clock, registers, logic, macros) and by block (the module whose register or output a gate
leads to).
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from flow import netlist as netlists
from flow.signoff.activity import Activity, read_activity
from flow.signoff.chip_run import ChipRun
from flow.signoff.macro_power import accesses, macro_energies, macro_watts, sampled_nets
from flow.signoff.opensta import run_corner
from flow.signoff.simulation import inputs, timed_simulator
from flow.signoff.supply_drop import supply_drop, supply_v
from flow.signoff.verdict import NoVerdict, Verdict
from flow.synthesis import registers
from golden.simulator import simulate
from macros.store import atomic_write
from rtl.config import Chip
from verification.rtl import stimulus

__all__ = ["InstancePower", "blocks", "check_power", "run_power"]

SCRIPT = Path(__file__).with_name("power.tcl")
IMAGES = 3
DROP_PERCENT = 5.0
"""Largest drop of the supplies where the flow has no variable IR_DROP_PERCENT."""
POWER = re.compile(r"^%(STILL|BUSY) (\S+) (\S+) (\S+) (.+)$", re.MULTILINE)
OUTPUTS = ("X", "Y", "Q", "Q_N", "HI", "LO", "COUT", "SUM", "GCLK")
"""Names of the output pins of sky130_fd_sc_hd."""


@dataclass(frozen=True)
class InstancePower:
    """Power of one instance in W."""

    internal: float
    switching: float
    leakage: float

    @property
    def total(self) -> float:
        return self.internal + self.switching + self.leakage


def check_power(run: ChipRun, chip: Chip, folder: Path, images: int = IMAGES) -> Verdict:
    """Power and energy of inferences at the typical corner; writes `power.json` to `folder`.

    Clean means: every net that connects two pins has activity, and no group that is there has power
    0. Raises `NoVerdict` when the simulation does not run.
    """
    corner = run.corner_of("tt")
    image, spikes = inputs(run, chip, images)
    energies = macro_energies(run.liberties(corner), run.macros)
    sampled = sampled_nets(run.view("nl"), energies)
    activity = _simulate(run, chip, corner, folder, image, spikes, sampled)
    power, silent = run_power(run, corner, activity, folder)
    memories = [cell for cell in netlists.cells(run.view("nl")) if cell.master in energies]
    for cell in memories:
        watts = macro_watts(cell, energies[cell.master], activity)
        power[cell.name] = replace(power[cell.name], internal=watts)
    golden = simulate(image.network, spikes)
    layers = [spikes, *golden.spikes[:-1]]
    operations = sum(
        int(np.count_nonzero(layer)) * content.n_out
        for layer, content in zip(layers, image.network.layers, strict=True)
    )
    seconds = activity.duration_ps * 1e-12 / images
    groups, by_block = _groups(run, corner, activity, power), _blocks(run, power)
    total = sum(item.total for item in power.values())
    content = {
        "design": run.name,
        "corner": corner,
        "images": images,
        "clock_MHz": 1e3 / run.period_ns,
        "wires": "extracted" if run.timed().spef else "none",
        "seconds_per_inference": seconds,
        "power_W": total,
        "internal_W": sum(item.internal for item in power.values()),
        "switching_W": sum(item.switching for item in power.values()),
        "leakage_W": sum(item.leakage for item in power.values()),
        "energy_per_inference_J": total * seconds,
        "synaptic_operations_per_inference": operations / images,
        "energy_per_synaptic_operation_J": total * seconds * images / operations,
        "group_W": groups,
        "block_W": by_block,
        "macro_periods_per_inference": {
            cell.name: {
                state: count / images
                for state, count in accesses(cell, energies[cell.master], activity).items()
            }
            for cell in memories
        },
        "macro_J_per_period": {name: known.joule for name, known in energies.items()},
        "nets_without_activity": silent,
        "instance_W": {name: item.total for name, item in sorted(power.items())},
    }
    if run.is_routed:
        by_instance = {name: item.total for name, item in power.items()}
        drop = supply_drop(run, corner, by_instance, folder)
        percent = float(run.config.get("IR_DROP_PERCENT", DROP_PERCENT))
        limit_v = percent / 100 * supply_v(corner)
        content["supply_drop"] = {**drop._asdict(), "limit_v": limit_v}
    report = folder / "power.json"
    atomic_write(report, json.dumps(content, indent=1) + "\n")
    return _verdict(content, report)


def _verdict(content: dict, report: Path) -> Verdict:
    powerless = [name for name, watt in content["group_W"].items() if not watt > 0]
    faults = [f"group {name} takes no power" for name in powerless]
    if silent := content["nets_without_activity"]:
        faults.append(f"{len(silent)} nets without activity, first {silent[0]}")
    drop = content.get("supply_drop", {})
    if drop and drop["worst_v"] > drop["limit_v"]:
        faults.append(f"{drop['instance']} sees a drop of {drop['worst_v'] * 1e3:.1f} mV")
    figure = (
        f"{content['power_W'] * 1e3:.3f} mW, {content['energy_per_inference_J'] * 1e9:.1f} nJ per"
        f" inference, {content['energy_per_synaptic_operation_J'] * 1e12:.1f} pJ per synaptic"
        f" operation ({content['corner']}, {content['images']} images)"
    )
    if drop:
        figure += f", supplies drop {drop['worst_v'] * 1e3:.1f} mV"
    metrics = {
        "power__internal__total": content["internal_W"],
        "power__switching__total": content["switching_W"],
        "power__leakage__total": content["leakage_W"],
        "power__total": content["power_W"],
        "signoff__energy__inference": content["energy_per_inference_J"],
        "signoff__energy__synaptic_operation": content["energy_per_synaptic_operation_J"],
        "signoff__unannotated_activity__count": len(silent),
    }
    return Verdict("power", not faults, "; ".join([figure, *faults]), report, metrics)


def _simulate(run, chip, corner, folder, image, spikes, sampled) -> Activity:
    simulator = timed_simulator(run, chip, corner, folder)
    start = stimulus.load(image, trace=False)
    body = stimulus.inferences(image, spikes, trace=False).reshape(-1, 4)
    changes = folder / "activity.vcd"
    changes.parent.mkdir(parents=True, exist_ok=True)
    options = (f"+activity={changes}", f"+from={len(start)}")
    busy = replace(simulator, command=(*simulator.command, *options))
    result = busy.run(np.concatenate([start, body]))
    if not result.passed:
        trouble = (result.unknown or ["an output spike differs"])[0]
        raise NoVerdict(f"the workload does not run: {trouble}")
    try:
        return read_activity(changes, sampled)
    finally:
        changes.unlink()


def run_power(
    run: ChipRun, corner: str, activity: Activity, folder: Path
) -> tuple[dict[str, InstancePower], list[str]]:
    """Instance -> power, and the nets with two pins or more that have no activity."""
    log, _ = run_corner(run.timed(), corner, folder / "power", SCRIPT)
    found: dict[str, dict[str, tuple[float, ...]]] = {"STILL": {}, "BUSY": {}}
    for state, *watts, name in POWER.findall(log):
        found[state][name] = tuple(map(float, watts))
    periods = activity.duration_ps / (run.period_ns * 1e3)
    power, silent = {}, set()
    for cell in netlists.cells(run.view("nl")):
        if cell.name not in found["STILL"] or cell.name not in found["BUSY"]:
            raise NoVerdict(f"OpenSTA gave no power of instance {cell.name}")
        still, busy = found["STILL"][cell.name], found["BUSY"][cell.name]
        outputs = [net for pin, net in cell.pins.items() if is_output(pin)]
        known = [activity.nets[net][0] / periods for net in outputs if net in activity.nets]
        silent |= {net for net in cell.pins.values() if net not in activity.nets}
        rate = sum(known) / len(known) if known else 0.0
        internal, switching = (still[k] + rate * (busy[k] - still[k]) for k in (0, 1))
        power[cell.name] = InstancePower(internal, switching, still[2])
    uses = Counter(net for cell in netlists.cells(run.view("nl")) for net in cell.pins.values())
    return power, sorted(net for net in silent if uses[net] > 1)


def is_output(pin: str) -> bool:
    """Whether a pin of a cell or of a macro drives its net."""
    return pin in OUTPUTS or pin.startswith("dout")


def _groups(
    run: ChipRun, corner: str, activity: Activity, power: Mapping[str, InstancePower]
) -> dict[str, float]:
    """Group -> W; the clock's cells are those whose output toggles twice a period."""
    sequential = {name for path in run.liberties(corner) for name in registers(path)}
    twice = 1.99 * activity.duration_ps / (run.period_ns * 1e3)
    found: dict[str, float] = {}
    for cell in netlists.cells(run.view("nl")):
        if cell.name not in power:
            continue
        if cell.master in run.macros:
            group = "macros"
        elif cell.master in sequential:
            group = "registers"
        elif any(activity.nets.get(cell.pins.get(p, ""), (0, 0))[0] > twice for p in OUTPUTS):
            group = "clock"
        else:
            group = "logic"
        found[group] = found.get(group, 0.0) + power[cell.name].total
    return found


def _blocks(run: ChipRun, power: Mapping[str, InstancePower]) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, block in blocks(run.view("nl"), set(run.macros)).items():
        if name in power:
            found[block] = found.get(block, 0.0) + power[name].total
    return dict(sorted(found.items(), key=lambda item: -item[1]))


def blocks(netlist: Path, macros: set[str]) -> dict[str, str]:
    """Instance -> block: the first part of the hierarchical name of its output net (of the macro
    itself), for a gate with a nameless output that of what most of its loads belong to."""
    cells = {cell.name: cell for cell in netlists.cells(netlist)}
    loads: dict[str, list[str]] = {}
    outputs: dict[str, list[str]] = {}
    for cell in cells.values():
        for pin, net in cell.pins.items():
            if is_output(pin):
                outputs.setdefault(cell.name, []).append(net)
            else:
                loads.setdefault(net, []).append(cell.name)
    found: dict[str, str] = {}
    for name, cell in cells.items():
        named = [name] if cell.master in macros else outputs.get(name, [])
        block = next((net.split(".")[0] for net in named if re.match(r"[a-z]\w*\.", net)), None)
        if block:
            found[name] = block
    waiting = [name for name in cells if name not in found]
    while waiting:
        votes = {
            name: Counter(
                found[load]
                for net in outputs.get(name, ())
                for load in loads.get(net, ())
                if load in found
            )
            for name in waiting
        }
        news = {name: vote.most_common(1)[0][0] for name, vote in votes.items() if vote}
        if not news:
            break
        found |= news
        waiting = [name for name in waiting if name not in found]
    return found | dict.fromkeys(waiting, "top")

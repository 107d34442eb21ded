"""Internal power of a macro: its accesses, counted in the simulation, times their energies in
Liberty.

    sampled = sampled_nets(netlist, energies)      # what the simulation must watch
    macro_watts(cell, energies[cell.master], activity)

Liberty states the energy of each edge of the clock by the state of the control pins (`when`). This
OpenSTA weighs such states by the pins' shares of time, as if they were independent; chip select and
write are not. So they are read together at every rising edge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from flow import netlist as netlists
from flow.pdk import liberty_reader
from flow.signoff.activity import Activity
from flow.signoff.verdict import NoVerdict

__all__ = ["Energies", "accesses", "macro_energies", "macro_watts", "sampled_nets"]


@dataclass(frozen=True)
class Energies:
    """Energy of a clock period of a macro.

    Parameters
    ----------
    clock : its clock pin
    pins : the control pins that the states are told by
    joule : state as Liberty writes it, "!csb0 & web0" -> J per period
    """

    clock: str
    pins: tuple[str, ...]
    joule: Mapping[str, float]


def macro_energies(liberties: Sequence[Path], macros: Mapping[str, object]) -> dict[str, Energies]:
    """Macro -> energies, for those whose clock pin has internal power by state."""
    found = {}
    for path in liberties:
        for cell in liberty_reader.read(path).groups("cell"):
            if cell.name in macros and (energies := _energies(cell)):
                found[cell.name] = energies
    return found


def _energies(cell: liberty_reader.Group) -> Energies | None:
    for pin in cell.groups("pin"):
        if pin.text("clock") != "true":
            continue
        joule: dict[str, float] = {}
        for power in pin.groups("internal_power"):
            state = power.text("when")
            edges = [*power.groups("rise_power"), *power.groups("fall_power")]
            total = sum(edge.numbers("values")[0][0] for edge in edges)
            joule[state] = joule.get(state, 0.0) + total * 1e-12  # V, pF: pJ
        pins = {term.lstrip("!") for state in joule for term in _terms(state)}
        return Energies(pin.name, tuple(sorted(pins)), joule) if joule else None
    return None


def _terms(state: str) -> list[str]:
    """Pins of a product, "!" before those that are 0; `NoVerdict` for another function."""
    terms = [term.strip().replace(" ", "") for term in state.split("&") if term.strip()]
    if not all(term.removeprefix("!").isidentifier() for term in terms):
        raise NoVerdict(f"a macro's Liberty has power when {state!r}, which is no product of pins")
    return terms


def sampled_nets(
    netlist: Path, energies: Mapping[str, Energies]
) -> list[tuple[str, tuple[str, ...]]]:
    """Of every macro instance the net of its clock and those of its control pins."""
    return [
        _nets(cell, energies[cell.master])
        for cell in netlists.cells(netlist)
        if cell.master in energies
    ]


def _nets(cell: netlists.Cell, energies: Energies) -> tuple[str, tuple[str, ...]]:
    return cell.pins[energies.clock], tuple(cell.pins[pin] for pin in energies.pins)


def accesses(cell: netlists.Cell, energies: Energies, activity: Activity) -> dict[str, int]:
    """State -> clock periods that began in it."""
    samples = activity.samples[_nets(cell, energies)]
    found = dict.fromkeys(energies.joule, 0)
    for values, count in samples.items():
        level = dict(zip(energies.pins, values, strict=True))
        for state in found:
            wanted = {term.lstrip("!"): "01"[term[0] != "!"] for term in _terms(state)}
            found[state] += count * all(level[pin] == value for pin, value in wanted.items())
    return found


def macro_watts(cell: netlists.Cell, energies: Energies, activity: Activity) -> float:
    """Mean internal power of a macro instance in W."""
    counts = accesses(cell, energies, activity)
    joule = sum(count * energies.joule[state] for state, count in counts.items())
    return joule / (activity.duration_ps * 1e-12)

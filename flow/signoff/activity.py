"""Switching activity: how often every net of a chip toggles in a VCD.

activity = read_activity(Path("activity.vcd"))
activity.nets["updater.sent[0]"]          # (toggles, ps at 1)
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from flow.signoff.verdict import NoVerdict

__all__ = ["Activity", "read_activity"]

VARIABLE = re.compile(r"\$var\s+\w+\s+(\d+)\s+(\S+)\s+(\\?\S+)\s*(?:\[(\d+):(\d+)\]\s*)?\$end")
Nets: TypeAlias = tuple[str, ...]
Sampler: TypeAlias = tuple[tuple[str, Nets], list[object], Counter[Nets]]
"""Clock and nets by name, the nets' keys in the file, and the values that were seen."""
SCALE = re.compile(r"\$timescale\s+1\s*ps\s+\$end")


@dataclass
class Activity:
    """Toggles (0 to 1 and back, not to or from X) and time at 1 of every net.

    Attributes
    ----------
    duration_ps : from the first to the last change
    nets : net -> (toggles, ps at 1); a bit of a bus is `bus[3]`
    samples : (clock net, sampled nets) -> their values at the clock's rising edges -> how often
    """

    duration_ps: int = 0
    nets: dict[str, tuple[int, int]] = field(default_factory=dict)
    samples: dict[tuple[str, Nets], Counter[Nets]] = field(default_factory=dict)


def read_activity(path: Path, sampled: Iterable[tuple[str, Nets]] = ()) -> Activity:
    """Count the changes in a VCD with a time scale of 1 ps, and at the rising edges of a clock
    what other nets are; `NoVerdict` when it holds none, or not those nets."""
    with path.open(errors="replace") as file:
        head = []
        for line in file:
            head.append(line)
            if "$enddefinitions" in line:
                break
        text = "".join(head)
        if not SCALE.search(text):
            raise NoVerdict(f"{path} is no VCD with a time scale of 1 ps")
        labels = _labels(text)
        keys = {
            name: (code, index) if len(names) > 1 else code
            for code, names in labels.items()
            for index, name in enumerate(names)
        }
        samplers = _samplers(path, keys, sampled)
        first, now, state, toggles, high = _count(
            file, {code: len(names) for code, names in labels.items()}, samplers
        )
    found = Activity(now - first)
    for name, key in keys.items():
        value, since = state.get(key, ("x", now))
        at_one = high.get(key, 0) + (now - since if value == "1" else 0)
        found.nets[name] = (toggles.get(key, 0), at_one)
    found.samples = {nets: counter for pairs in samplers.values() for nets, _, counter in pairs}
    if not found.duration_ps or not any(count for count, _ in found.nets.values()):
        raise NoVerdict(f"{path} holds no activity")
    return found


def _samplers(
    path: Path, keys: Mapping[str, object], sampled: Iterable[tuple[str, Nets]]
) -> dict[object, list[Sampler]]:
    found: dict[object, list[Sampler]] = {}
    for clock, nets in sampled:
        if lost := {clock, *nets} - keys.keys():
            raise NoVerdict(f"{path} has no net {min(lost)}")
        sampler = ((clock, nets), [keys[net] for net in nets], Counter[Nets]())
        found.setdefault(keys[clock], []).append(sampler)
    return found


def _labels(head: str) -> dict[str, list[str]]:
    """Code -> names of its bits, the leftmost first."""
    found = {}
    for width, code, name, left, right in VARIABLE.findall(head):
        plain = name.lstrip("\\")
        if int(width) == 1:
            found[code] = [plain]
        else:
            step = -1 if int(left) >= int(right) else 1
            bits = range(int(left), int(right) + step, step)
            found[code] = [f"{plain}[{bit}]" for bit in bits]
    return found


def _count(
    lines: Iterable[str], widths: Mapping[str, int], samplers: Mapping[object, Sequence[Sampler]]
) -> tuple[int, int, dict, dict, dict]:
    """First and last time, and by code (or code and place in a bus): last value and since when,
    toggles, time at 1."""
    state: dict = {}
    toggles: dict = {}
    high: dict = {}
    first, now = -1, 0

    def change(key: object, value: str) -> None:
        old, since = state.get(key, ("x", now))
        if value == old:
            return
        if old == "1":
            high[key] = high.get(key, 0) + now - since
        if old != "x" and value != "x":
            toggles[key] = toggles.get(key, 0) + 1
        state[key] = (value, now)
        if value == "1" and old == "0":
            for _, others, counter in samplers.get(key, ()):
                counter[tuple(state.get(other, ("x", 0))[0] for other in others)] += 1

    for line in lines:
        kind = line[0]
        if kind in "01xz":
            change(line[1:-1], "x" if kind == "z" else kind)
        elif kind == "#":
            now = int(line[1:])
            first = now if first < 0 else first
        elif kind == "b":
            bits, code = line[1:].split()
            pad = "0" if bits[0] == "1" else bits[0]
            for place, value in enumerate(bits.rjust(widths.get(code, 1), pad)):
                change((code, place), value)
    return max(first, 0), now, state, toggles, high

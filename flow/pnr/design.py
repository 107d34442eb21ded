"""The design as one value: netlist and geometry in compact arrays, replaced stage by stage.

Every stage is a function `stage(design, ...) -> (new design, metrics)`; a design is never changed
in place. All lengths are in nm.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from flow.pnr.cell_library import Library
from flow.pnr.geometry import Rect, placed
from flow.pnr.lef import Master, Pin

__all__ = [
    "EMPTY_ROUTES",
    "FIXED",
    "GROUND",
    "PLACED",
    "POWER",
    "UNPLACED",
    "Design",
    "Port",
    "Routes",
    "Row",
    "Supply",
]

Ints = npt.NDArray[np.int32]

UNPLACED, PLACED, FIXED = range(3)
POWER, GROUND = "VPWR", "VGND"


class Port(NamedTuple):
    """A pin of the chip: `layer` and `rect` are None until the floorplan places it."""

    name: str
    direction: str
    net: int
    layer: int | None = None
    rect: Rect | None = None


class Row(NamedTuple):
    """A run of placement sites; `orient` is N or FS."""

    x: int
    y: int
    sites: int
    orient: int


class Supply(NamedTuple):
    """A rectangle of the power grid: `kind` is "rail", "strap" or "via", `layer` a metal, or for a
    via the metal above its cuts."""

    net: str
    kind: str
    layer: int
    rect: Rect


@dataclass(frozen=True)
class Routes:
    """Signal wiring. `wires` [n, 6]: net, layer, x0, y0, x1, y1 of the centre line; `vias` [n, 4]:
    net, index in `rules.VIAS`, x, y; `patches` [n, 6]: net, layer, rectangle."""

    wires: Ints
    vias: Ints
    patches: Ints


EMPTY_ROUTES = Routes(
    np.zeros((0, 6), np.int32), np.zeros((0, 4), np.int32), np.zeros((0, 6), np.int32)
)


@dataclass(frozen=True)
class Design:
    """Instances [N], nets [M] with their pins in one run of arrays, ports and geometry.

    `master_of` indexes `masters`; `pin_start` [M + 1] delimits the pins of each net in
    `pin_instance` (an instance, or -1 - k for port k) and `pin_index` (position among the signal
    pins of the master, 0 for a port).
    """

    name: str
    cell_library: Library
    masters: tuple[str, ...]
    instance_names: tuple[str, ...]
    master_of: Ints
    x: Ints
    y: Ints
    orient: npt.NDArray[np.int8]
    status: npt.NDArray[np.int8]
    net_names: tuple[str, ...]
    pin_start: Ints
    pin_instance: Ints
    pin_index: Ints
    ports: tuple[Port, ...]
    die: Rect = (0, 0, 0, 0)
    core: Rect = (0, 0, 0, 0)
    rows: tuple[Row, ...] = ()
    supplies: tuple[Supply, ...] = ()
    routes: Routes = field(default=EMPTY_ROUTES)

    @property
    def instances(self) -> int:
        return len(self.instance_names)

    @property
    def nets(self) -> int:
        return len(self.net_names)

    @property
    def net_of_pin(self) -> np.ndarray:
        """Net of every pin, in the order of `pin_instance`."""
        return np.repeat(np.arange(self.nets), np.diff(self.pin_start))

    def master(self, instance: int) -> Master:
        """Master of an instance."""
        return self.cell_library.masters[self.masters[self.master_of[instance]]]

    def master_objects(self) -> list[Master]:
        """The masters in use, as `master_of` numbers them."""
        return [self.cell_library.masters[name] for name in self.masters]

    def net_pins(self, net: int) -> Iterator[tuple[int, int]]:
        """(instance or -1 - port, pin index) of each pin of a net."""
        for k in range(self.pin_start[net], self.pin_start[net + 1]):
            yield int(self.pin_instance[k]), int(self.pin_index[k])

    def pin_values(self, value: Callable[[Pin], Any], port: Any = 0.0) -> np.ndarray:
        """`value`, numbers or tuples of them, of every pin on a net in the order of `pin_instance`;
        `port` for ports."""
        tables = [[value(pin) for pin in master.signal_pins] for master in self.master_objects()]
        first = np.cumsum([0, *map(len, tables)])
        values = np.array([*itertools.chain(*tables), port])
        on_cell = self.pin_instance >= 0
        at = first[self.master_of[np.where(on_cell, self.pin_instance, 0)]] + self.pin_index
        return values[np.where(on_cell, at, -1)]

    def pin_name(self, instance: int, index: int) -> str:
        """`instance/pin`, or the name of a port."""
        if instance < 0:
            return self.ports[-1 - instance].name
        return f"{self.instance_names[instance]}/{self.master(instance).signal_pins[index].name}"

    def box(self, instance: int) -> Rect:
        """Outline of a placed instance."""
        master = self.master(instance)
        return placed(
            (0, 0, master.width, master.height),
            int(self.orient[instance]),
            master.width,
            master.height,
            int(self.x[instance]),
            int(self.y[instance]),
        )

    def sizes(self) -> tuple[Ints, Ints]:
        """Width and height of every instance."""
        masters = self.master_objects()
        widths = np.array([m.width for m in masters], np.int32)
        heights = np.array([m.height for m in masters], np.int32)
        return widths[self.master_of], heights[self.master_of]

    def with_instances(
        self,
        names: list[str],
        master: list[str],
        x: list[int],
        y: list[int],
        orient: list[int],
        status: int,
    ) -> Design:
        """The design with further instances that have no signal net (taps, fillers)."""
        masters = list(dict.fromkeys([*self.masters, *master]))
        number = {name: k for k, name in enumerate(masters)}
        return replace(
            self,
            masters=tuple(masters),
            instance_names=self.instance_names + tuple(names),
            master_of=_append(self.master_of, [number[name] for name in master]),
            x=_append(self.x, x),
            y=_append(self.y, y),
            orient=_append(self.orient, orient),
            status=_append(self.status, [status] * len(names)),
        )


def _append(array: np.ndarray, values: list[int]) -> np.ndarray:
    return np.concatenate([array, np.array(values, array.dtype)])

"""Change the netlist of a design: new cells, other sizes, new nets, pins moved between nets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from flow.pnr.design import EMPTY_ROUTES, PLACED, Design

__all__ = ["Editor"]


class Editor:
    """A design opened for changes; `design()` closes it again. Existing numbers stay valid."""

    def __init__(self, design: Design) -> None:
        self._design = design
        self._masters = list(design.masters)
        self._instances: list[tuple[str, int, int, int]] = []
        self._net_names = list(design.net_names)
        self.pins = [list(design.net_pins(net)) for net in range(design.nets)]
        self._taken = set(design.net_names) | set(design.instance_names)
        self._resized: dict[int, int] = {}

    @property
    def changed(self) -> list[int]:
        """New and resized instances, which have no legal place yet."""
        old = self._design.instances
        return sorted([*self._resized, *range(old, old + len(self._instances))])

    def add_net(self, name: str) -> int:
        """A new net without pins; the name gets a number when it is taken."""
        self._net_names.append(self._free(name))
        self.pins.append([])
        return len(self._net_names) - 1

    def add_cell(self, name: str, master: str, x: int, y: int) -> int:
        """A new instance about (x, y), to be legalised."""
        self._instances.append((self._free(name), self._number(master), x, y))
        return self._design.instances + len(self._instances) - 1

    def add_free_buffer(
        self, name: str, master: str, x: int, y: int
    ) -> tuple[tuple[int, int], int]:
        """A buffer about (x, y): its input pin, still on no net, and the new net it drives."""
        instance = self.add_cell(name, master, x, y)
        net = self.add_net(f"{name}_net")
        source = (instance, 0)
        for index, pin in enumerate(self._design.cell_library.masters[master].signal_pins):
            if pin.direction == "input":
                source = (instance, index)
            else:
                self.pins[net].append((instance, index))
        return source, net

    def resize(self, instance: int, master: str) -> None:
        """Give an existing instance another master with pins of the same names; until `design()`
        its pins keep their numbers."""
        self._resized[instance] = self._number(master)

    def _number(self, master: str) -> int:
        if master not in self._masters:
            self._masters.append(master)
        return self._masters.index(master)

    def _pin_maps(self) -> dict[int, list[int]]:
        """Pin number of each resized instance in its old master -> in its new one."""
        library = self._design.cell_library.masters
        maps = {}
        for instance, number in self._resized.items():
            names = [pin.name for pin in library[self._masters[number]].signal_pins]
            pins = self._design.master(instance).signal_pins
            maps[instance] = [names.index(pin.name) for pin in pins]
        return maps

    def _free(self, name: str) -> str:
        free, number = name, 0
        while free in self._taken:
            number += 1
            free = f"{name}_{number}"
        self._taken.add(free)
        return free

    def design(self) -> Design:
        """The changed design; routes are dropped."""
        old = self._design
        columns = list(zip(*self._instances, strict=True)) or [()] * 4
        added = len(self._instances)

        def joined(array: np.ndarray, values: tuple[int, ...] | list[int]) -> np.ndarray:
            return np.concatenate([array, np.array(values, array.dtype)])

        maps = self._pin_maps()
        flat = [
            (instance, maps[instance][index] if instance in maps else index)
            for pins in self.pins
            for instance, index in pins
        ]
        master_of = old.master_of.copy()
        for instance, number in self._resized.items():
            master_of[instance] = number
        return replace(
            old,
            routes=EMPTY_ROUTES,
            masters=tuple(self._masters),
            instance_names=old.instance_names + tuple(columns[0]),
            master_of=joined(master_of, columns[1]),
            x=joined(old.x, columns[2]),
            y=joined(old.y, columns[3]),
            orient=joined(old.orient, [0] * added),
            status=joined(old.status, [PLACED] * added),
            net_names=tuple(self._net_names),
            pin_start=np.cumsum([0, *(len(pins) for pins in self.pins)]).astype(np.int32),
            pin_instance=np.array([pin[0] for pin in flat], np.int32),
            pin_index=np.array([pin[1] for pin in flat], np.int32),
        )

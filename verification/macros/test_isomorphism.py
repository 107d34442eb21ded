"""Two circuits are told apart, or proven the same net by net."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from macros.verify.flat import Transistor, joined
from macros.verify.isomorphism import Circuit, differences

N, P = "sky130_fd_pr__nfet_01v8", "sky130_fd_pr__pfet_01v8_hvt"
SUPPLY, GROUND = 0, 1


def inverter(given: int, answer: int) -> list[Transistor]:
    return [
        Transistor(N, given, (GROUND, answer), GROUND, 150, 540),
        Transistor(P, given, (SUPPLY, answer), SUPPLY, 150, 420),
    ]


def ring(nets: list[int]) -> list[Transistor]:
    """Each net drives the next, the last the first."""
    pairs = zip(nets, [*nets[1:], nets[0]], strict=True)
    return [device for given, answer in pairs for device in inverter(given, answer)]


def some_circuit(seed: int = 1, nets: int = 40, devices: int = 120) -> Circuit:
    dice = random.Random(seed)
    found = [
        Transistor(
            kind,
            dice.randrange(nets),
            (dice.randrange(nets), dice.randrange(nets)),
            SUPPLY if kind == P else GROUND,
            150,
            dice.choice((420, 540)),
        )
        for kind in dice.choices((N, P), k=devices)
    ]
    return Circuit(joined(found), {SUPPLY: "vccd1", GROUND: "vssd1", 2: "clk0", 3: "din0[0]"}, {})


def renumbered(circuit: Circuit, seed: int = 2) -> Circuit:
    """The same with other net numbers, transistors in another order, ends exchanged."""
    numbers = list(range(100, 100 + max(circuit.nets) + 1))
    dice = random.Random(seed)
    dice.shuffle(numbers)
    devices = [
        replace(
            d,
            gate=numbers[d.gate],
            bulk=numbers[d.bulk],
            ends=(numbers[d.ends[1]], numbers[d.ends[0]]),
        )
        for d in circuit.transistors
    ]
    dice.shuffle(devices)
    return Circuit(devices, {numbers[n]: name.upper() for n, name in circuit.pins.items()}, {})


@pytest.mark.parametrize("seed", range(5))
def test_numbers_and_order_do_not_matter(seed):
    circuit = some_circuit(seed)
    assert differences(circuit, renumbered(circuit, seed + 100)) == []


@pytest.mark.parametrize("field", ["gate", "bulk", "width", "model", "ends"])
@pytest.mark.parametrize("seed", range(4))
def test_one_transistor_that_differs_is_found(field, seed):
    circuit = some_circuit(seed)
    devices = list(circuit.transistors)
    old = devices[7 * seed]
    new = {
        "gate": (old.gate + 5) % 40,
        "bulk": 9,
        "width": old.width + 5,
        "model": P if old.model == N else N,
        "ends": (old.ends[0], (old.ends[1] + 5) % 40),
    }[field]
    devices[7 * seed] = replace(old, **{field: new})
    assert differences(circuit, renumbered(Circuit(devices, circuit.pins, {})))


def test_exchanged_pins_are_found():
    circuit = some_circuit()
    pins = {**circuit.pins, 2: "din0[0]", 3: "clk0"}
    assert differences(circuit, renumbered(Circuit(circuit.transistors, pins, {})))


def test_a_missing_pin_is_named():
    circuit = some_circuit()
    other = Circuit(circuit.transistors, {k: circuit.pins[k] for k in (0, 1, 2)}, {})
    assert "pin din0[0] is only in the layout" in differences(circuit, other)


def test_cells_that_are_alike_are_paired():
    latches = [d for k in range(30) for d in ring([2 + 2 * k, 3 + 2 * k])]
    circuit = Circuit(latches, {SUPPLY: "vccd1", GROUND: "vssd1"}, {})
    assert differences(circuit, renumbered(circuit)) == []


def test_rings_of_another_length_are_found_where_all_nets_look_alike():
    pins = {SUPPLY: "vccd1", GROUND: "vssd1"}
    long = Circuit(ring([2, 3, 4, 5, 6, 7]), pins, {})
    short = Circuit(ring([2, 3, 4]) + ring([5, 6, 7]), pins, {})
    assert differences(long, renumbered(short))
    assert differences(long, renumbered(long)) == []

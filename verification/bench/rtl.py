"""Cycles, cells and speed of the RTL.

Cycles are the chip's own counter; they do not vary. Cells are yosys' generic ones (`synth`).
"""

from __future__ import annotations

import re
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flow.chips import chip_file
from golden import encode, load_network
from golden.digits import digits
from golden.network import Layer, Network, Potential
from rtl.config import Chip, load_chip
from rtl.image import Image, compile_network
from rtl.verilog import verilog, yosys
from verification.rtl import stimulus
from verification.rtl.cocotb_runner import run_digits
from verification.rtl.regression import LEVELS, run_images
from verification.rtl.simulation import Simulator
from verification.rtl.stimulus import Kind, Map, operations

__all__ = ["cells_per_block", "main", "step_cycles"]

DIGITS_NETWORK = Path("golden/networks/digits.nir")
STEPS = 3
SEED = 1


def main() -> None:
    """Print three tables."""
    _print_cycles()
    _print_digits()
    _print_cells()


def step_cycles(
    simulator: Simulator, image: Image, spikes: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Cycles and weight reads of every time step of spikes [batch, steps, n_in]: two arrays
    [batch, steps]. The output spikes are compared with the golden model on the way."""
    addresses = Map(image)
    reads = operations(
        *((Kind.RECORD, addresses.register(name), 0, 0) for name in ("cycles", "weight_reads"))
    )
    body = stimulus.inferences(image, spikes, trace=False)
    batch = len(body)
    waits = np.flatnonzero(body[0, :, 0] == Kind.WAIT)
    parts = np.split(body, waits + 1, axis=1)
    tail = np.broadcast_to(reads, (batch, *reads.shape))
    joined = np.concatenate(
        [piece for part in parts[:-1] for piece in (part, tail)] + [parts[-1]], axis=1
    )
    load = stimulus.load(image, trace=False)
    result = simulator.run(np.concatenate([load, joined.reshape(-1, 4)]))
    if not result.passed:
        raise RuntimeError(f"the chip left the golden model: {result.mismatches[:3]}")
    values = np.array(list(result.values.values())).reshape(batch * len(waits), 2)
    differences = np.diff(values, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    differences %= 1 << image.chip.counter_bits
    shaped = differences.reshape(batch, len(waits), 2)
    return shaped[..., 0], shaped[..., 1]


def one_bit_network(sizes: tuple[int, ...], theta: int) -> Network:
    """Random bipolar layers; theta sets how many hidden neurons fire."""
    random = np.random.default_rng(SEED)
    layers = tuple(
        Layer(
            random.choice([-1, 1], size=pair),
            "bipolar1",
            beta=0,
            theta_high=theta,
            potential=Potential(10, signed=True),
        )
        for pair in pairwise(sizes)
    )
    return Network(layers, steps=STEPS)


def active(count: int, total: int) -> NDArray[np.bool_]:
    """[1, STEPS, total]: exactly `count` spikes in every step, spread at random."""
    random = np.random.default_rng(SEED)
    spikes = np.zeros((1, STEPS, total), dtype=np.bool_)
    for step in range(STEPS):
        spikes[0, step, random.permutation(total)[:count]] = True
    return spikes


def _print_cycles() -> None:
    print(f"{'cycles per time step':34} {'spikes in':>9} {'cycles':>7} {'bar':>7}  OpenSpike")
    for name, sizes, counts in (
        ("openspike256", (256, 256, 256), (0, 26, 256)),
        ("openspike1024", (1024, 1024), (0, 102, 1024)),
    ):
        chip = load_chip(chip_file(name))
        simulator = LEVELS["rtl"](chip, "icarus")
        theta = 6 if name == "openspike256" else 0
        image = compile_network(one_bit_network(sizes, theta), chip)
        for count in counts:
            cycles, _ = step_cycles(simulator, image, active(count, sizes[0]))
            bar, other = _bar(sizes, count)
            shape = "-".join(map(str, sizes))
            print(f"{name + ' ' + shape:34} {count:9} {cycles.max():7} {bar:>7}  {other}")


def _bar(sizes: tuple[int, ...], count: int) -> tuple[str, str]:
    if sizes == (256, 256, 256) and count == 26:
        return "110", "518"
    if sizes == (1024, 1024) and count == 102:
        return "450", "512 (with 8 times the memory width)"
    if sizes == (1024, 1024) and count == 1024:
        return str(int(1024 * 4 * 1.03)), "512 (with 8 times the memory width)"
    return "", ""


def _print_digits() -> None:
    if not DIGITS_NETWORK.is_file():
        print(f"{DIGITS_NETWORK} is missing")
        return
    chip = load_chip(chip_file("digits"))
    network = load_network(DIGITS_NETWORK)
    image = compile_network(network, chip)
    assert network.encoding is not None
    spikes = encode(network.encoding, digits().test_images, network.steps)
    simulator = LEVELS["rtl"](chip, "verilator")
    cycles, reads = step_cycles(simulator, image, spikes)
    total = cycles.sum(axis=1)
    rate = 1e12 / chip.clock_period_ps / total.mean()
    print(
        f"digits: {total.mean():.0f} cycles per inference on average, {total.max()} at worst,"
        f" {reads.sum(axis=1).mean():.0f} weight reads; {rate:.0f} inferences/s at"
        f" {1e6 / chip.clock_period_ps:.0f} MHz"
    )
    start, cpu = time.perf_counter(), time.process_time()
    outcomes = list(run_images(simulator, image, spikes, jobs=2))
    seconds = time.perf_counter() - start
    failed = sum(not outcome.passed for outcome in outcomes)
    print(
        f"regression of {len(outcomes)} images, every value compared: {failed} failed,"
        f" {len(outcomes) / seconds:.0f} inferences/s (bar 100; 2 processes,"
        f" {time.process_time() - cpu:.1f} s CPU in Python)"
    )
    with tempfile.TemporaryDirectory() as folder:
        rate = run_digits(Path(folder), len(spikes))
    print(f"the same through cocotb: {rate:.1f} inferences per CPU second (bar 8)")


def cells_per_block(chip: Chip) -> dict[str, tuple[int, int]]:
    """Block -> (generic cells without macros, flip-flops among them) after yosys `synth`."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, text in verilog(chip).items():
            paths.append(Path(folder, name))
            paths[-1].write_text(text, encoding="utf-8")
        names = " ".join(map(str, paths))
        report = yosys(f"read_verilog {names}\nsynth -top {chip.name}\nstat\n")
    report = report[report.rindex("Printing statistics") :]
    report = report[: report.index("=== design hierarchy ===")] if "hierarchy" in report else report
    table = {}
    for block in re.split(r"^=== (?=\w)", report, flags=re.M)[1:]:
        name = block.split()[0]
        counts = [
            (int(count), kind)
            for count, kind in re.findall(r"^\s+(\d+)\s+(\$_\w+_)\s*$", block, flags=re.M)
        ]
        cells = sum(count for count, _ in counts)
        flops = sum(count for count, kind in counts if "DFF" in kind)
        table[name] = (cells, flops)
    return table


def _print_cells() -> None:
    chip = load_chip(chip_file("digits"))
    table = cells_per_block(chip)
    print(f"{'block of digits':34} {'cells':>7} {'flip-flops':>10}")
    for name, (cells, flops) in table.items():
        print(f"{name:34} {cells:7} {flops:10}")
    cells, flops = (sum(column) for column in zip(*table.values(), strict=True))
    print(f"{'sum (bar: 5000 cells)':34} {cells:7} {flops:10}")

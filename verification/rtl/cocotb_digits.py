"""cocotb bench of the digits chip: all test images, every value of every step, over Wishbone only.

Run by `cocotb_runner.py`, which sets SPIKEOUT_COCOTB_IMAGES and reads the rate from the file that
SPIKEOUT_COCOTB_RATE names.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import cocotb
import numpy as np

from flow.chips import chip_file
from golden import encode, load_network, simulate
from golden.digits import digits
from rtl.config import load_chip
from rtl.driver import Driver
from rtl.image import compile_network
from verification.rtl.cocotb_host import Host

NETWORK = Path(__file__).parents[2] / "golden" / "networks" / "digits.nir"


@cocotb.test()
async def test_images(dut: Any) -> None:
    network = load_network(NETWORK)
    assert network.encoding is not None
    count = int(os.environ["SPIKEOUT_COCOTB_IMAGES"])
    spikes = encode(network.encoding, digits().test_images[:count], network.steps)
    golden = simulate(network, spikes)
    driver = Driver(compile_network(network, load_chip(chip_file("digits"))))
    host = Host(dut)
    await host.reset()
    await host.play(driver.load())
    start = time.process_time()
    for sample in range(count):
        outputs, traces = await host.play(driver.infer_traced(spikes[sample]))
        _same(sample, -1, "output", golden.spikes[-1][sample], outputs)
        for layer, trace in enumerate(traces):
            for name in ("accumulator", "potential", "armed", "spikes"):
                expected = getattr(golden, name)[layer][sample]
                _same(sample, layer, name, expected, getattr(trace, name))
    seconds = time.process_time() - start
    counters = await host.play(driver.counters())
    mask = (1 << driver.image.chip.counter_bits) - 1
    assert counters["synaptic_operations"] == int(golden.synaptic_operations.sum()) & mask
    for layer, fired in enumerate(golden.spikes):
        assert counters[f"spikes {layer}"] == int(fired.sum()) & mask
    Path(os.environ["SPIKEOUT_COCOTB_RATE"]).write_text(str(count / seconds), encoding="utf-8")


@cocotb.test()
async def test_queue_and_counters(dut: Any) -> None:
    """Steps started one behind the other give the same output; counters agree with golden."""
    network = load_network(NETWORK)
    assert network.encoding is not None
    spikes = encode(network.encoding, digits().test_images[:3], network.steps)
    golden = simulate(network, spikes)
    driver = Driver(compile_network(network, load_chip(chip_file("digits"))))
    host = Host(dut)
    await host.reset()
    await host.play(driver.load())
    for sample in range(3):
        await host.play(driver.counters(clear=True))
        outputs = await host.play(driver.infer(spikes[sample]))
        _same(sample, -1, "output", golden.spikes[-1][sample], outputs)
        counters = await host.play(driver.counters())
        assert counters["synaptic_operations"] == golden.synaptic_operations[sample]
        for layer, fired in enumerate(golden.spikes):
            assert counters[f"spikes {layer}"] == fired[sample].sum()


def _same(sample: int, layer: int, name: str, expected: np.ndarray, got: np.ndarray) -> None:
    wrong = np.argwhere(np.asarray(expected) != got)
    if len(wrong):
        step, neuron = wrong[0]
        raise AssertionError(
            f"image {sample} layer {layer} neuron {neuron} step {step}: {name}: expected"
            f" {expected[step, neuron]}, got {got[step, neuron]} ({len(wrong)} differ);"
            f" replay: spikeout regress digits --images 1 --first {sample}"
        )

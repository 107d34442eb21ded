"""LibreLane's own command line knows the flow, through the plugin package."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from verification.flow.conftest import TOY, embedded

pytestmark = [pytest.mark.full, embedded]


def librelane(folder: Path, tree: Path, config: Path, tag: str, last: str) -> Path:
    """Run the stock command; returns the run's folder."""
    command = [sys.executable, "-m", "librelane", "--manual-pdk", "--flow", "Spikeout"]
    command += ["--pdk-root", str(tree.parent), "--pdk", tree.name]
    command += ["--run-tag", tag, "--to", last, str(config)]
    answer = subprocess.run(
        command,
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout[-2000:] + answer.stderr[-2000:]
    return folder / "runs" / tag


def test_the_stock_command_synthesises(tmp_path, timed_tree):
    (tmp_path / "toy.v").write_text(TOY)
    config = tmp_path / "config.json"
    config.write_text(
        json.dumps(
            {
                "DESIGN_NAME": "toy",
                "VERILOG_FILES": ["dir::toy.v"],
                "CLOCK_PORT": "clk",
                "CLOCK_PERIOD": 20,
            }
        )
    )
    run = librelane(tmp_path, timed_tree, config, "first", "Spikeout.SynthesisReport")
    metrics = json.loads((run / "final" / "metrics.json").read_text())
    assert metrics["timing__setup__ws"] > 0
    (tmp_path / "resolved.json").write_bytes((run / "resolved.json").read_bytes())
    again = librelane(tmp_path, timed_tree, tmp_path / "resolved.json", "second", "Verilator.Lint")
    assert list(again.glob("*-verilator-lint/state_out.json"))

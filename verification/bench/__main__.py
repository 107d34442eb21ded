"""`python -m verification.bench [NAME ...]`: the named benchmarks, or all but the slow ones."""

from __future__ import annotations

import importlib
import pkgutil
import sys

from verification import bench

SLOW = {"drc", "pnr"}
"""Benchmarks that take long and are asked for by name."""


def main(names: list[str]) -> None:
    """Run benchmarks by name.

    Raises:
        ValueError: a name is not a benchmark.
    """
    known = [entry.name for entry in pkgutil.iter_modules(bench.__path__) if entry.name[0] != "_"]
    for name in names or [name for name in known if name not in SLOW]:
        if name not in known:
            raise ValueError(f"benchmark must be one of {', '.join(known)}, not {name!r}")
        print(f"== {name}", flush=True)
        importlib.import_module(f"verification.bench.{name}").main()


if __name__ == "__main__":
    main(sys.argv[1:])

"""`netgen` as LibreLane calls it: Debian's program is `netgen-lvs`, another one has the name."""

from __future__ import annotations

import os
import shutil
import sys

__all__ = ["main"]


def main(arguments: list[str]) -> int:
    """Become netgen-lvs; returns only when it is not installed."""
    program = shutil.which("netgen-lvs")
    if program is None:
        print("netgen: netgen-lvs is missing; apt-get install netgen-lvs", file=sys.stderr)
        return 1
    os.execv(program, [program, *arguments])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

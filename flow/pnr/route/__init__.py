"""Detailed routing: grid, search, negotiation, and the shapes that come out.

Compiled code is kept in the user's cache, since the source tree may be read-only; in a folder per
version of the sources, since numba does not notice when a function that was inlined has changed.
"""

from pathlib import Path
from typing import Any

from numba.core import config

from macros.store import cache_root, content_hash

settings: Any = config
if not settings.CACHE_DIR:
    version = content_hash(*sorted(Path(__file__).parent.glob("*.py")))[:12]
    settings.CACHE_DIR = str(cache_root() / "numba" / version)

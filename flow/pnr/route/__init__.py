"""Detailed routing: grid, search, negotiation, and the shapes that come out.

Compiled code is kept in the user's cache, since the source tree may be read-only.
"""

from typing import Any

from numba.core import config

from macros.store import cache_root

settings: Any = config
if not settings.CACHE_DIR:
    settings.CACHE_DIR = str(cache_root() / "numba")

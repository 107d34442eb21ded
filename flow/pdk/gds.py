"""GDSII streams at record level: join many one-cell files into a library, list what is in one.

A stream is a chain of records: length (2 bytes, big endian, with the 4 bytes of header), record
type and data type (1 byte each), data. Joining at this level keeps every drawn polygon of SkyWater
byte for byte, which no reader and writer of geometry can promise.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

__all__ = ["join", "structures"]

HEADER, BGNLIB, LIBNAME, UNITS, ENDLIB = 0x0002, 0x0102, 0x0206, 0x0305, 0x0400
BGNSTR, STRNAME, ENDSTR = 0x0502, 0x0606, 0x0700
DRAWN = {0x0800, 0x0900, 0x0A00, 0x0B00, 0x2D00}
"""Records that begin a boundary, a path, a structure or array reference, or a box."""

EPOCH = struct.pack(">12H", *(1970, 1, 1, 0, 0, 0) * 2)
"""Time stamps of a library written twice must not differ."""


def join(name: str, streams: Iterable[bytes]) -> bytes:
    """Return one library called `name` with the structures of all streams, in order, each once.

    Raises `ValueError` when the streams do not share their units, or when two structures of one
    name differ.
    """
    units: bytes | None = None
    cells: dict[str, bytes] = {}
    for stream in streams:
        found = next(data for kind, data in _records(stream) if kind == UNITS)
        if units not in (None, found):
            raise ValueError(f"GDS streams joined into {name} do not share their units")
        units = found
        for cell, body, _ in structures(stream):
            if cells.setdefault(cell, body) != body:
                raise ValueError(f"GDS cell {cell} is drawn in two ways")
    head = _record(HEADER, struct.pack(">H", 600)) + _record(BGNLIB, EPOCH)
    head += _record(LIBNAME, _text(name)) + _record(UNITS, units or b"")
    return head + b"".join(cells.values()) + _record(ENDLIB, b"")


def structures(stream: bytes) -> Iterator[tuple[str, bytes, int]]:
    """Yield name, records (time stamps set to 1970) and number of drawn shapes of each cell."""
    name, body, shapes = "", bytearray(), 0
    for kind, data in _records(stream):
        if kind == BGNSTR:
            name, body, shapes = "", bytearray(_record(BGNSTR, EPOCH)), 0
            continue
        if not body:
            continue
        if kind == STRNAME:
            name = data.rstrip(b"\0").decode("ascii")
        shapes += kind in DRAWN
        body += _record(kind, data)
        if kind == ENDSTR:
            yield name, bytes(body), shapes
            body = bytearray()


def _records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    position = 0
    while position < len(stream):
        length, kind = struct.unpack_from(">HH", stream, position)
        if length < 4 or position + length > len(stream):
            raise ValueError(f"GDS stream is broken at byte {position}")
        yield kind, stream[position + 4 : position + length]
        if kind == ENDLIB:
            return
        position += length
    raise ValueError("GDS stream ends without ENDLIB")


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack(">HH", len(data) + 4, kind) + data


def _text(value: str) -> bytes:
    data = value.encode("ascii")
    return data + b"\0" * (len(data) % 2)

"""Look at an HDF5 file before anything of it is read.

A small file can claim a tensor of any size, link to itself or to other files, or be cut short.
Here only headers are read; whatever breaks a rule is a ValueError, and no claimed
memory is allocated.
"""

from __future__ import annotations

import math
from pathlib import Path

import h5py

__all__ = ["MAXIMUM_BYTES", "MAXIMUM_NODES", "inspect"]

MAXIMUM_BYTES = 1 << 28
"""All tensors of one file, unpacked: four float32 layers of 4096 x 4096."""
MAXIMUM_NODES = 4096
MAXIMUM_DEPTH = 16
MAXIMUM_TEXTS = 4 * MAXIMUM_NODES
"""Of one tensor: two names for each edge."""


def inspect(path: Path) -> None:
    """Check that the HDF5 file at ``path`` is whole, self-contained, a tree, and of bearable size.

    Raises
    ------
    ValueError: the file breaks a rule
    OSError: there is no such file, or it may not be read
    """
    with path.open("rb"):
        pass
    try:
        with h5py.File(path, "r") as file:
            _Inspection(path).group(file, 0)
    except BrokenRule as error:
        raise ValueError(str(error)) from None
    except Exception as error:  # h5py meets damage with whatever its layers happen to raise
        reason = str(error).split("\n")[0]
        raise ValueError(f"file must be a whole HDF5 file, not {path.name}: {reason}") from None


class BrokenRule(Exception):
    """A rule of ours, as opposed to damage that h5py stumbles over."""


class _Inspection:
    """One walk over a file: the nodes it met and the bytes they claim."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seen: set[int] = set()
        self.total_bytes = 0

    def group(self, group: h5py.Group, depth: int) -> None:
        if depth > MAXIMUM_DEPTH:
            raise BrokenRule(
                f"groups of {self.path.name} must nest at most {MAXIMUM_DEPTH} deep,"
                f" not {group.name}"
            )
        self._meet(group)
        for key in group:
            where = f"{group.name.rstrip('/')}/{key}"
            if not isinstance(group.get(key, getlink=True), h5py.HardLink):
                raise BrokenRule(
                    f"entries of {self.path.name} must be in the file, not a link: {where}"
                )
            entry = group[key]
            if isinstance(entry, h5py.Group):
                self.group(entry, depth + 1)
            elif isinstance(entry, h5py.Dataset):
                self._dataset(entry)
            else:
                raise BrokenRule(
                    f"entries of {self.path.name} must be groups or tensors, not a type: {where}"
                )

    def _dataset(self, dataset: h5py.Dataset) -> None:
        self._meet(dataset)
        if dataset.is_virtual or dataset.external:
            raise BrokenRule(
                f"tensor {dataset.name} of {self.path.name} must be stored in the file"
            )
        if dataset.shape is None:
            raise BrokenRule(
                f"tensor {dataset.name} of {self.path.name} must hold values, not none"
            )
        count = math.prod(map(int, dataset.shape))
        self._claim(dataset, count * dataset.dtype.itemsize)
        if dataset.dtype.kind in "OV":
            self._texts(dataset, count)

    def _texts(self, dataset: h5py.Dataset, count: int) -> None:
        """A text is a length and a place in a heap, 4 and 12 bytes in the file; any number of them
        may share a megabyte, or claim four gigabytes. The lengths are looked at in the file."""
        if h5py.check_string_dtype(dataset.dtype) is None:
            raise BrokenRule(f"tensor {dataset.name} of {self.path.name} must hold numbers or text")
        place = dataset.id.get_offset()
        if count > MAXIMUM_TEXTS or place is None:
            raise BrokenRule(
                f"tensor {dataset.name} of {self.path.name} must hold at most {MAXIMUM_TEXTS}"
                f" texts in one piece, not {count}"
            )
        size = dataset.id.get_type().get_size()
        with self.path.open("rb") as stream:
            stream.seek(place)
            data = stream.read(count * size)
        for start in range(0, len(data), size):
            self._claim(dataset, int.from_bytes(data[start : start + 4], "little"))

    def _claim(self, dataset: h5py.Dataset, size: int) -> None:
        self.total_bytes += size
        if self.total_bytes > MAXIMUM_BYTES:
            raise BrokenRule(
                f"tensors of {self.path.name} must claim at most {MAXIMUM_BYTES} bytes in all,"
                f" not {self.total_bytes} (up to {dataset.name})"
            )

    def _meet(self, node: h5py.HLObject) -> None:
        address = int(h5py.h5o.get_info(node.id).addr)
        if address in self.seen:
            raise BrokenRule(
                f"nodes of {self.path.name} must form a tree; {node.name} is met twice"
            )
        self.seen.add(address)
        if len(self.seen) > MAXIMUM_NODES:
            raise BrokenRule(f"{self.path.name} must have at most {MAXIMUM_NODES} nodes")

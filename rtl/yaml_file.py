"""YAML files from outside: plain values, of bearable size and depth.

A few bytes of YAML can nest without end, or unfold to a gigabyte through aliases. Here the file's
events are looked at, one by one, before any value is built.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

__all__ = ["MAXIMUM_BYTES", "MAXIMUM_DEPTH", "MAXIMUM_SCALAR", "read_yaml"]

MAXIMUM_BYTES = 1 << 16
MAXIMUM_DEPTH = 8
MAXIMUM_SCALAR = 100
"""Characters of one name or value."""


def read_yaml(path: Path) -> Any:
    """The one document in the file.

    Raises ValueError "<file>: ..." for a file that cannot be read, is no YAML, holds tags of other
    languages, aliases or a key twice, or is longer or deeper than the limits above.
    """
    try:
        with path.open("rb") as stream:
            data = stream.read(MAXIMUM_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror})") from None
    if len(data) > MAXIMUM_BYTES:
        raise ValueError(f"{path}: must be at most {MAXIMUM_BYTES} bytes long")
    try:
        text = data.decode("utf-8")
        _inspect(text)
        return yaml.load(text, _Loader)
    except BrokenRule as error:
        raise ValueError(f"{path}: {error}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ValueError(f"{path}: is not YAML ({' '.join(str(error).split())})") from None


class BrokenRule(ValueError):
    """A rule of ours, as opposed to one of YAML."""


def _inspect(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, yaml.SafeLoader):
        line = f"line {event.start_mark.line + 1 if event.start_mark else 0}"
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > MAXIMUM_DEPTH:
            raise BrokenRule(f"{line} must nest at most {MAXIMUM_DEPTH} deep")
        if isinstance(event, yaml.AliasEvent):
            raise BrokenRule(f"{line} must spell its value out, not use an alias (*)")
        if isinstance(event, yaml.ScalarEvent) and len(event.value) > MAXIMUM_SCALAR:
            raise BrokenRule(
                f"{line} must have names and values of at most {MAXIMUM_SCALAR} characters,"
                f" not {len(event.value)}"
            )


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader takes the last of two equal keys; this one refuses them."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
        for name, count in names.items():
            if count > 1:
                raise BrokenRule(f"{name!r} must stand only once, not {count} times")
        return super().construct_mapping(node, deep)

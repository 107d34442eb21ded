"""Pin order files."""

from __future__ import annotations

import pytest

from flow.pnr.sides import read_sides

PORTS = ("clk", "d[10]", "d[2]", "q", "rst")


def test_ports_follow_sides_and_bits(tmp_path):
    path = tmp_path / "pins.cfg"
    path.write_text("#W\nd\\[.*\n\n#NR\nq\nclk\n#E\n.*\n")
    assert read_sides(path, PORTS) == {
        "west": ("d[2]", "d[10]"),
        "north": ("clk", "q"),
        "east": ("rst",),
        "south": (),
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("clk\n", r"pins.cfg:1: expected #N"),
        ("#N\n$3\n", r"pins.cfg:2: expected"),
        ("#N\nnix\n", r"pins.cfg:2: 'nix' matches no port"),
        ("#N\n(\n", r"pins.cfg:2: '\(' is no expression"),
        ("#N\nclk\n", r"names no side for 4 ports, the first is d\[2\]"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, message):
    path = tmp_path / "pins.cfg"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_sides(path, PORTS)

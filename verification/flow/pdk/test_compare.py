"""The comparison of two libraries: exact on equal ones, and it sees each kind of planted error."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from flow.pdk import compare
from flow.pdk.liberty_reader import parse

LIBRARY = """
library ("small") {
  cell ("inv") {
    cell_leakage_power : 0.005;
    leakage_power () { value : 0.005; when : "A"; }
    pin ("A") {
      internal_power () {
        fall_power ("p") { index_1 ("0.1, 1"); values ("0.002, 0.002"); }
        rise_power ("p") { index_1 ("0.1, 1"); values ("-0.001, -0.001"); }
      }
      direction : "input";
      rise_capacitance : 0.002;
      fall_capacitance : 0.002;
    }
    pin ("Y") {
      internal_power () {
        fall_power ("p") { index_1 ("0.1, 1"); index_2 ("0.01, 0.1"); values ("1, 2", "3, 4"); }
        rise_power ("p") { index_1 ("0.1, 1"); index_2 ("0.01, 0.1"); values ("1, 2", "3, 4"); }
        related_pin : "A";
      }
      timing () {
        cell_rise ("d") {
          index_1 ("0.1, 1"); index_2 ("0.01, 0.1"); values ("0.1, 0.4", "0.2, 0.5");
        }
        rise_transition ("d") {
          index_1 ("0.1, 1"); index_2 ("0.01, 0.1"); values ("0.1, 0.4", "0.1, 0.4");
        }
        related_pin : "A";
        timing_sense : "negative_unate";
        timing_type : "combinational";
      }
      timing () {
        rise_constraint ("c") {
          index_1 ("0.1, 1"); index_2 ("0.1, 1"); values ("0.1, 0.2", "0.3, 0.4");
        }
        related_pin : "A";
        timing_type : "setup_rising";
      }
      timing () {
        rise_constraint ("c") {
          index_1 ("0.1, 1"); index_2 ("0.1, 1"); values ("0.5, 0.6", "0.7, 0.8");
        }
        related_pin : "A";
        timing_type : "recovery_rising";
      }
      direction : "output";
    }
  }
}
"""


def found(ours: str, reference: str = LIBRARY) -> list[compare.Comparison]:
    return compare.compare(parse(ours), parse(reference))


def test_equal_libraries_have_no_error() -> None:
    items = found(LIBRARY)
    counts = {q: sum(item.quantity == q for item in items) for q in compare.BARS}
    assert counts == {
        "delay": 4, "transition": 4, "capacitance": 2, "leakage": 1, "constraint": 4, "reset": 4,
        "energy": 4,
    }  # fmt: skip
    assert all(item.difference == pytest.approx(0, abs=1e-12) for item in items)
    assert all(line.met for line in compare.summary(items))


@pytest.mark.parametrize(
    ("quantity", "before", "after"),
    [
        ("delay", '"0.1, 0.4", "0.2, 0.5"', '"0.11, 0.44", "0.22, 0.55"'),
        ("transition", '"0.1, 0.4", "0.1, 0.4"', '"0.11, 0.44", "0.11, 0.44"'),
        ("capacitance", "0.002;", "0.0022;"),
        ("leakage", "power : 0.005;", "power : 0.006;"),
        ("constraint", '"0.1, 0.2", "0.3, 0.4"', '"0.1, 0.2", "0.3, 0.45"'),
        ("energy", '"1, 2", "3, 4"', '"1.2, 2.4", "3.6, 4.8"'),
    ],
)
def test_a_planted_error_misses_its_bar_and_no_other(quantity, before, after) -> None:
    lines = compare.summary(found(LIBRARY.replace(before, after)))
    assert [line.quantity for line in lines if not line.met] == [quantity]


def test_tables_on_other_axes_are_interpolated() -> None:
    """A delay linear in slew and load is the same at any axes within and just beyond."""
    axes = re.sub(
        r'cell_rise \("d"\) \{.*?\}',
        'cell_rise ("d") { index_1 ("0.05, 0.5, 2"); index_2 ("0.02, 0.05, 0.1"); values ('
        + ", ".join(
            '"' + ", ".join(f"{0.1 + s / 9 - 0.1 / 9 + 0.3 * (c - 0.01) / 0.09:.9f}"
                            for c in (0.02, 0.05, 0.1)) + '"'
            for s in (0.05, 0.5, 2)
        )
        + "); }",
        LIBRARY,
        count=1,
        flags=re.DOTALL,
    )  # fmt: skip
    delays = [item for item in found(axes) if item.quantity == "delay"]
    assert len(delays) == 4
    assert all(item.difference == pytest.approx(0, abs=1e-6) for item in delays)


def test_five_picoseconds_are_right_whatever_the_percentage() -> None:
    small = LIBRARY.replace('"0.1, 0.4", "0.2, 0.5"', '"0.001, 0.4", "0.2, 0.5"')
    ours = small.replace('"0.001, 0.4"', '"0.005, 0.4"')
    line = compare.summary(found(ours, small))[0]
    assert line.quantity == "delay"
    assert line.met


def test_libraries_without_a_common_cell() -> None:
    with pytest.raises(ValueError, match="reference must share cells"):
        found(LIBRARY, LIBRARY.replace('"inv"', '"other"'))


def test_reports(tmp_path: Path) -> None:
    items = found(LIBRARY.replace('"0.1, 0.4", "0.2, 0.5"', '"0.11, 0.44", "0.22, 0.55"'))
    assert "inv,delay,%,10,10,0.05" in compare.to_csv(items).splitlines()
    compare.plot(items, tmp_path / "plot.png", "small")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("data", [b"library (", b"\xfd7zXZ\x00broken", b""])
def test_unreadable_reference(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "reference.lib.xz"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"reference\.lib\.xz is no readable Liberty"):
        compare.read(path)

"""The Liberty parser: what it reads, and how it says what it cannot."""

from __future__ import annotations

import pytest

from flow.pdk.liberty_reader import parse, read

TEXT = """
/* a comment { */ library ("lib") {
  time_unit : "1ns";   // another ; one
  capacitive_load_unit (1, "pf");
  define (x, cell, string) ;
  cell ("a") {
    area : 3.75;
    pin (Y) {
      direction : output; function : "(A & !B)";
      timing () {
        related_pin : "A";
        cell_rise ("t") { index_1 ("1, 2"); values ("0.1, 0.2", \\
          "3e-1, 0.4"); }
      }
    }
  }
  cell (b) { }
}
"""


def test_groups_attributes_and_tables():
    library = parse(TEXT)
    assert (library.kind, library.name) == ("library", "lib")
    assert library.text("time_unit") == "1ns"
    assert library.complex["capacitive_load_unit"] == ["1", "pf"]
    assert [cell.name for cell in library.groups("cell")] == ["a", "b"]
    first = next(library.groups("cell"))
    assert first.number("area") == 3.75
    pin = next(first.groups("pin"))
    assert pin.text("function") == "(A & !B)"
    table = next(next(pin.groups("timing")).groups("cell_rise"))
    assert table.numbers("values") == [[0.1, 0.2], [0.3, 0.4]]
    assert table.numbers("index_1") == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("library (a) {\n  cell (b) {\n}\n", "line 4: a name or value is missing before 'the end'"),
        ("library (a) { x : 1 }", "';' is missing before '}'"),
        ("library (a) { } cell", "the library has ended before 'cell'"),
        ('library (a) { x : "1 ; }', "a quote is not closed"),
        ("library a { }", "'\\(' is missing before 'a'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, message):
    with pytest.raises(ValueError, match=message):
        parse(text)


def test_a_file_is_named(tmp_path):
    path = tmp_path / "bad.lib"
    path.write_text("library (a) {")
    with pytest.raises(ValueError, match=r"^bad\.lib: line 1: "):
        read(path)


def test_an_attribute_that_is_no_number():
    cell = next(parse("library (l) { cell (c) { area : big; } }").groups("cell"))
    with pytest.raises(ValueError, match="cell c: area is 'big', no number"):
        cell.number("area")

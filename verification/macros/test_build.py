"""A small macro from OpenRAM to its views: clean, and every planted fault is seen."""

from __future__ import annotations

from pathlib import Path

import klayout.db as kdb
import pytest

from flow.cli import run as spikeout
from flow.pnr.lef import read_lef
from macros import views as room
from macros.generator.build import build, examine, words_per_row
from macros.shape import MacroShape
from macros.technology import layers
from macros.technology.bitcell import HEIGHT, WIDTH, BitCell
from macros.verify.supplies import pieces
from macros.views import MacroMissing, Views, find_views, pack

NAME = "sram_16x8"
SHAPE = MacroShape(16, 8)


@pytest.mark.parametrize(
    ("words", "bits", "per_row"), [(16, 8, 1), (64, 16, 1), (512, 32, 4), (2048, 8, 8)]
)
def test_array_is_nearly_square_with_short_bit_lines(words, bits, per_row):
    assert words_per_row(MacroShape(words, bits)) == per_row


def test_a_macro_that_nobody_built_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path))
    with pytest.raises(MacroMissing, match=r"`spikeout macro build sram_64x16` makes them"):
        find_views("sram_64x16")


def test_a_damaged_archive_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(room, "PREBUILT", tmp_path)
    (tmp_path / f"{NAME}.tar.xz").write_bytes(b"not the archive")
    (tmp_path / f"{NAME}.tar.xz.sha256").write_text("0" * 64)
    with pytest.raises(RuntimeError, match="damaged"):
        find_views(NAME)


def test_an_archive_gives_back_what_was_packed(tmp_path, monkeypatch):
    import hashlib

    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(room, "PREBUILT", tmp_path)
    ends = (".gds", ".lef", ".spice", ".v", "__tt_025C_1v80.lib")
    gds, lef, spice, verilog, lib = (tmp_path / f"{NAME}{end}" for end in ends)
    for path in (gds, lef, spice, verilog, lib):
        path.write_text(f"content of {path.name}")
    views = Views(NAME, gds, lef, spice, verilog, {"tt_025C_1v80": lib})
    data = pack(views)
    assert data == pack(views)
    (tmp_path / f"{NAME}.tar.xz").write_bytes(data)
    (tmp_path / f"{NAME}.tar.xz.sha256").write_text(hashlib.sha256(data).hexdigest())
    found = find_views(NAME)
    assert found.gds.read_text() == f"content of {NAME}.gds"
    assert found.liberty["tt_025C_1v80"].read_text() == f"content of {NAME}__tt_025C_1v80.lib"


@pytest.mark.parametrize("name", ["sram_15x8", "sram_16x7", "sram_4096x8", "ram"])
def test_impossible_shapes_are_one_line(name, capsys):
    assert spikeout(["macro", "build", name]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_unwritable_cache_is_one_line(monkeypatch, capsys):
    monkeypatch.setenv("SPIKEOUT_CACHE", "/proc/nowhere")
    assert spikeout(["macro", "build", NAME, "--no-timing"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_missing_ngspice_is_said_before_anything_is_built(monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(RuntimeError, match="ngspice"):
        build(SHAPE, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_build_leaves_nothing(monkeypatch, tmp_path):
    def interrupt(shape, folder, *_):
        folder.mkdir(parents=True)
        (folder / "half.gds").touch()
        raise KeyboardInterrupt

    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path))
    monkeypatch.setattr("macros.generator.build.place", interrupt)
    with pytest.raises(KeyboardInterrupt):
        build(SHAPE)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".lock"]
    with pytest.raises(MacroMissing):
        find_views(NAME)


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Views:
    """The macro without Liberty, in a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKEOUT_CACHE", str(tmp_path_factory.mktemp("cache")))
        views, evidence = build(SHAPE)
        assert evidence is not None
        assert evidence.clean
        again, nothing = build(SHAPE)
        assert again == views
        assert nothing is None
    return views


@pytest.mark.full
@pytest.mark.parametrize(
    ("shape", "per_row"),
    [(MacroShape(32, 8), 2), (MacroShape(64, 8), 4), (MacroShape(128, 8), 2)],
)
def test_macros_with_several_words_in_a_row_are_clean(shape, per_row, monkeypatch, tmp_path):
    monkeypatch.setenv("SPIKEOUT_CACHE", str(tmp_path))
    monkeypatch.setattr("macros.generator.build.words_per_row", lambda shape: per_row)
    _, evidence = build(shape)
    assert evidence is not None
    assert evidence.clean


@pytest.mark.full
def test_the_views_agree(built):
    evidence = examine(built.gds, built.spice, NAME)
    assert evidence.clean
    assert evidence.devices > 6 * 16 * 8
    master = read_lef(built.lef)[NAME]
    assert (master.width, master.height) == (evidence.width_nm, evidence.height_nm)
    assert {pin.name for pin in master.signal_pins} == {
        *(f"addr0[{k}]" for k in range(4)),
        *(f"{bus}[{k}]" for bus in ("din0", "dout0") for k in range(8)),
        "clk0",
        "csb0",
        "web0",
    }
    for pin in master.signal_pins:
        area = pin.diffusion_area if pin.direction == "output" else pin.gate_area
        assert area > 0, pin.name


@pytest.fixture
def spoiled(built, tmp_path):
    """The layout to spoil, and the function that examines it afterwards."""
    layout = kdb.Layout()
    layout.read(str(built.gds))

    def judge(spice: Path = built.spice):
        layout.write(str(tmp_path / "spoiled.gds"))
        return examine(tmp_path / "spoiled.gds", spice, NAME)

    return layout, layout.cell(NAME), judge


@pytest.mark.full
def test_two_pins_joined_by_a_wire_are_found(built, spoiled):
    layout, top, judge = spoiled
    pins = read_lef(built.lef)[NAME].pins
    first, second = (pins[f"din0[{k}]"].shapes[0] for k in (0, 1))
    layer = layers.MET4 if first[0] == "met4" else layers.MET3
    box = kdb.Box(*first[1]) + kdb.Box(*second[1])
    box.top = box.bottom + 400
    top.shapes(layout.layer(*layer)).insert(box)
    assert judge().differences


@pytest.mark.full
def test_exchanged_labels_are_found(spoiled):
    layout, top, judge = spoiled
    names = {"dout0[0]": "dout0[1]", "dout0[1]": "dout0[0]"}
    for label in (layers.MET3_LABEL, layers.MET4_LABEL):
        for shape in top.shapes(layout.layer(*label)).each():
            if shape.is_text() and shape.text_string in names:
                shape.text_string = names[shape.text_string]
    assert judge().differences


@pytest.mark.full
def test_a_strap_without_its_vias_is_found(spoiled):
    """The substrate still joins the ground; metal does not."""
    layout, top, judge = spoiled
    top.shapes(layout.layer(*layers.VIA3)).clear()
    assert max(pieces(layout, top).values()) > 1
    assert judge().differences


@pytest.mark.full
def test_one_missing_via_is_found(spoiled):
    layout, _, judge = spoiled
    core = layout.cell(f"{NAME}_core")
    via = next(
        instance
        for instance in core.each_inst()
        if not instance.cell.shapes(layout.layer(*layers.VIA)).is_empty()
    )
    via.delete()
    assert judge().differences


@pytest.mark.full
def test_missing_taps_are_found(spoiled):
    """Wells of the array that nothing ties."""
    layout, _, judge = spoiled
    for kind in BitCell:
        layout.cell(kind.value).shapes(layout.layer(*layers.TAP)).clear()
    assert judge().differences


@pytest.mark.full
def test_a_resized_transistor_is_found(spoiled):
    layout, _, judge = spoiled
    cell = layout.cell("sense_amp")
    shape = next(cell.shapes(layout.layer(*layers.DIFF)).each())
    box = shape.bbox()
    box.bottom -= 50
    cell.shapes(layout.layer(*layers.DIFF)).insert(box)
    assert any("nm in the layout" in text for text in judge().differences)


@pytest.mark.full
def test_shorted_word_lines_are_found(spoiled):
    """A met3 wire from one row of bit cells to the next."""
    layout, _, judge = spoiled
    array = layout.cell(f"{NAME}_bitcell_array")
    x, lines = WIDTH // 2, [HEIGHT // 2 + k * HEIGHT for k in (0, 1)]
    for y in lines:
        for layer, half in ((layers.MET2, 140), (layers.VIA2, 100)):
            array.shapes(layout.layer(*layer)).insert(
                kdb.Box(x - half, y - half, x + half, y + half)
            )
    wire = kdb.Box(x - 200, lines[0] - 200, x + 200, lines[1] + 200)
    array.shapes(layout.layer(*layers.MET3)).insert(wire)
    assert judge().differences


@pytest.mark.full
@pytest.mark.parametrize(("one", "other"), [("bl_0", "br_0"), ("bl_0", "bl_1")])
def test_swapped_bit_lines_are_found(built, spoiled, tmp_path, one, other):
    """At one sense amplifier."""
    *_, judge = spoiled
    text = built.spice.read_text()
    start = text.lower().index("xsa_d0")
    end = text.index("\n", text.index("\n", start) + 1)
    line = text[start:end]
    names = {one: other, other: one}
    swapped = " ".join(names.get(word, word) for word in line.split(" "))
    assert swapped != line
    path = tmp_path / "swapped.spice"
    path.write_text(text[:start] + swapped + text[end:])
    assert judge(path).differences


@pytest.mark.full
def test_a_transistor_of_another_width_is_found(built, spoiled, tmp_path):
    *_, judge = spoiled
    text = built.spice.read_text()
    assert "w=1.88 " in text
    path = tmp_path / "other.spice"
    path.write_text(text.replace("w=1.88 ", "w=1.78 ", 1))
    assert judge(path).differences


@pytest.mark.full
def test_a_sliver_of_metal_is_found(spoiled):
    layout, top, judge = spoiled
    top.shapes(layout.layer(*layers.MET4)).insert(kdb.Box(100, 100, 200, 400))
    assert judge().markers

"""The shipped macro keeps what is promised of it."""

from __future__ import annotations

import pytest

from flow.pnr.lef import read_lef
from flow.pnr.rules import COLUMN, TRACK
from macros.datasheet import summary
from macros.generator.build import examine
from macros.shape import MacroShape
from macros.views import find_views
from macros.views.verilog import behavioural_verilog

NAME = "sram_512x32"
CORNERS = {"ff_n40C_1v95", "ss_100C_1v60", "tt_025C_1v80"}


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SPIKEOUT_CACHE", str(tmp_path_factory.mktemp("cache")))
        return find_views(NAME)


def test_every_view_is_shipped(views):
    assert set(views.liberty) == CORNERS
    assert all(path.stat().st_size > 1000 for path in views.files)
    assert views.datasheet is not None
    assert views.verilog.read_text() == behavioural_verilog(MacroShape.from_name(NAME))


def test_area_access_and_period_keep_their_bars(views):
    master = read_lef(views.lef)[NAME]
    area = master.width * master.height / 1e12
    assert area <= 0.21
    slow = summary(views.liberty["ss_100C_1v60"].read_text())
    assert slow.area_um2 == pytest.approx(area * 1e6)
    assert slow.access_ns <= 6
    assert slow.period_ns <= 12


def test_signal_pins_lie_on_the_tracks_of_a_chip(views):
    pins = read_lef(views.lef)[NAME].signal_pins
    assert len(pins) == 3 + 9 + 32 + 32
    for pin in pins:
        for layer, (x0, y0, x1, y1) in pin.shapes:
            if layer == "met4":
                assert ((x0 + x1) // 2 - 230) % COLUMN == 0, pin.name
            else:
                assert layer == "met3"
                assert ((y0 + y1) // 2 - 510) % TRACK == 0, pin.name


@pytest.mark.full
def test_the_shipped_layout_is_clean(views):
    evidence = examine(views.gds, views.spice, NAME)
    assert evidence.clean, (evidence.rules, evidence.differences)
    assert evidence.devices > 6 * 512 * 32

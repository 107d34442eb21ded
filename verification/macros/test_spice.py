"""The ngspice runner and the flattened device models."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import pytest

from flow.pdk import build
from macros.spice import SpiceError, device_models, parse_measures, simulate
from macros.spice import ngspice as runner

INVERTER = """\
.option scale=1.0u
.temp {temperature}
vdd vdd 0 1.8
va a 0 pwl(0 0 1n 0 1.05n 1.8 3n 1.8 3.05n 0)
xn y a 0 0 sky130_fd_pr__nfet_01v8 w=0.65 l=0.15 ad=0.17 as=0.17 pd=1.8 ps=1.8 sa=0.26 sb=0.26
xp y a vdd vdd sky130_fd_pr__pfet_01v8_hvt w=1 l=0.15 ad=0.26 as=0.26 pd=2.5 ps=2.5 sa=0.26 sb=0.26
cl y 0 5f
.control
tran 1p 5n
meas tran fall trig v(a) val=0.9 rise=1 targ v(y) val=0.9 fall=1
meas tran rise trig v(a) val=0.9 fall=1 targ v(y) val=0.9 rise=1
quit 0
.endc
.end
"""


@pytest.fixture(scope="module")
def pdk() -> Path:
    return build.build(timing=False)


def inverter(models: str, temperature: float = 25) -> dict[str, list[float]]:
    return parse_measures(
        simulate(f"* inverter\n{models}\n" + INVERTER.format(temperature=temperature))
    )


def test_rc_delay_is_the_analytic_one() -> None:
    deck = """* rc
v1 a 0 pwl(0 0 1p 0 1.001p 1)
r1 a b 1k
c1 b 0 1p
.control
tran 1p 5n
meas tran half trig v(a) val=0.5 rise=1 targ v(b) val=0.5 rise=1
meas tran never trig v(a) val=0.5 rise=1 targ v(b) val=2 rise=1
quit 0
.endc
.end
"""
    values = parse_measures(simulate(deck))
    assert values["half"][0] == pytest.approx(math.log(2) * 1e-9, rel=2e-3)
    assert "never" not in values


@pytest.mark.parametrize(
    "broken", ["m1 a b c d nosuchmodel w=1 l=1", "x1 a b nosuchsubcircuit", "r1 a b {nothing}"]
)
def test_a_broken_deck_is_named(broken: str) -> None:
    with pytest.raises(SpiceError, match=r"\w"):
        simulate(f"* broken\nv1 a 0 1\n{broken}\n.control\nop\nquit 0\n.endc\n.end\n")


def test_a_hanging_deck_is_stopped() -> None:
    deck = "* slow\nv1 a 0 sin(0 1 1g)\nr1 a 0 1\n.control\ntran 1p 10 0 1p\nquit 0\n.endc\n.end\n"
    with pytest.raises(SpiceError, match="did not end within 1 s"):
        simulate(deck, timeout_s=1)


def test_missing_ngspice_tells_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(SpiceError, match="apt-get install ngspice"):
        runner.simulate("*\n.end\n")


def test_corners_order_as_they_must(pdk: Path) -> None:
    delays = {
        process: inverter(f".include {device_models(pdk, process)}")["rise"][0]
        for process in ("ss", "tt", "ff")
    }
    assert 0 < delays["ff"] < delays["tt"] < delays["ss"] < 1e-10


def test_unknown_process_and_device(pdk: Path) -> None:
    with pytest.raises(ValueError, match=r"Process must be one of .*'typical'"):
        device_models(pdk, "typical")
    with pytest.raises(ValueError, match=r"Device must be one of .*'nfet'"):
        device_models(pdk, "tt", devices=["nfet"])


def test_a_bin_without_its_lengths_is_named(pdk: Path, tmp_path: Path) -> None:
    source = next(pdk.rglob("sky130_fd_pr__nfet_01v8__tt.pm3.spice"))
    stress = next(path for path in pdk.rglob("lod.spice") if path.is_file())
    for path, text in ((source, source.read_text().replace("lmin =", "lmim =")), (stress, "")):
        copy = tmp_path / path.relative_to(pdk)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)
    with pytest.raises(ValueError, match=r"bin \S+ of the models states no lmin"):
        device_models(tmp_path, "tt", ["nfet_01v8"])


@pytest.mark.full
@pytest.mark.parametrize("process", ["tt", "ss", "ff"])
def test_flattened_models_equal_the_library(pdk: Path, process: str) -> None:
    """Same delays as the whole SkyWater library (26 s, 1.8 GB)."""
    library = pdk / "libs.tech" / "ngspice" / "sky130.lib.spice"
    whole = inverter(f'.lib "{library}" {process}')
    ours = inverter(f".include {device_models(pdk, process)}")
    assert ours["rise"] == pytest.approx(whole["rise"], rel=1e-4)
    assert ours["fall"] == pytest.approx(whole["fall"], rel=1e-4)

"""Characterise many cells at a corner: in parallel, each kept by the hash of all it depends on."""

from __future__ import annotations

import json
import lzma
import multiprocessing
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flow.pdk.characterize import combinational, diode, sequential
from flow.pdk.characterize.bench import Bench
from flow.pdk.characterize.cells import (
    LIBRARY,
    SEQUENTIAL,
    WIDE,
    Flop,
    Gater,
    Latch,
    Tristate,
    kind,
)
from flow.pdk.characterize.corners import Corner
from flow.pdk.characterize.extract import extract, load
from flow.pdk.characterize.liberty import abstracts, library
from flow.pdk.characterize.logic import sum_of_products, truth_table
from flow.pdk.characterize.netlist import Netlist
from macros.sealed import keep, kept
from macros.spice import device_models, find_ngspice
from macros.store import cache_root, content_hash, lock

__all__ = ["Failure", "cell_record", "characterize", "netlists", "pack"]

_FORMAT = 6
"""Part of the key of kept results: raise it when a change to the code changes results."""
_OUTPUTS = ("X", "Y", "Z", "Q", "COUT", "SUM", "GCLK", "HI", "LO")

Failure = tuple[str, str]


def characterize(
    pdk: Path,
    corner: Corner,
    cells: Iterable[str],
    jobs: int = 1,
    progress: Callable[[str], None] = lambda cell: None,
) -> tuple[dict[str, dict[str, Any]], list[Failure]]:
    """(cell -> record, failures) of cells at a corner; what is kept from before is not run again.

    A cell that fails is listed with one sentence and does not stop the others.
    """
    find_ngspice()
    names = list(cells)
    tasks = [(pdk, corner, cell) for cell in names]
    records: dict[str, dict[str, Any]] = {}
    failures: list[Failure] = []
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for cell, record, fault in pool.imap_unordered(_work, _heavy_first(tasks)):
            if fault:
                failures.append((cell, fault))
            else:
                records[cell] = record
            progress(cell)
        pool.close()
        pool.join()  # their processor time counts as ours from here on
    return dict(sorted(records.items())), sorted(failures)


def _heavy_first(tasks: list[tuple[Path, Corner, str]]) -> list[tuple[Path, Corner, str]]:
    """Flip-flops take longest: start with them, so that no processor idles at the end."""
    return sorted(tasks, key=lambda task: kind(task[2]) not in SEQUENTIAL)


def _work(task: tuple[Path, Corner, str]) -> tuple[str, dict[str, Any], str]:
    pdk, corner, cell = task
    try:
        return cell, cell_record(pdk, corner, cell), ""
    except (ValueError, RuntimeError, OSError) as error:
        return cell, {}, " ".join(str(error).split())


def cell_record(pdk: Path, corner: Corner, cell: str) -> dict[str, Any]:
    """Characterise one cell, or return what is kept of it."""
    if cell in WIDE:
        corner = corner.wide()
    record = _kept(pdk, corner, cell, "", _measure)
    record["leakage"] = _kept(pdk, corner, cell, "leakage_", _leak)["leakage"]
    if isinstance(SEQUENTIAL.get(kind(cell)), Flop | Latch | Gater):
        record |= _kept(pdk, corner, cell, "constraints_", _constrain)
    return record


def _kept(
    pdk: Path,
    corner: Corner,
    cell: str,
    what: str,
    measure: Callable[[Path, Corner, Netlist], dict[str, Any]],
) -> dict[str, Any]:
    """What `measure` gives, kept by the hash of the netlist, the models and the conditions."""
    netlist = netlists(pdk, cell)
    conditions = {key: value for key, value in asdict(corner).items() if value is not None}
    process = conditions.pop("leakage_process")
    process = process if what == "leakage_" else corner.process
    models = device_models(pdk, process)
    sources = [what, conditions, _FORMAT, _netlist_data(netlist), process, models]
    name = f"{cell}__{corner.name}_{what}{content_hash(*sources)[:16]}.json"
    entry = cache_root() / "liberty" / name
    with lock(entry.with_suffix(".lock")):
        if (data := kept(entry)) is None:
            data = json.dumps(measure(pdk, corner, netlist)).encode()
            keep(entry, data)
    return json.loads(data)


def _measure(pdk: Path, corner: Corner, netlist: Netlist) -> dict[str, Any]:
    family = kind(netlist.name)
    if family == "conb":
        return _tie()
    if family == "diode":
        return diode.characterize(pdk, corner, netlist)
    bench, tables = _bench(pdk, corner, netlist)
    logic = SEQUENTIAL.get(family)
    if logic is None:
        record = combinational.characterize(bench, tables)
        functions = {pin: sum_of_products(bench.inputs, table) for pin, table in tables.items()}
    else:
        record = sequential.characterize(bench, logic)
        functions = {logic.output: "IQ"}
        if isinstance(logic, Tristate):
            functions = {logic.output: f"({logic.data})"}
        elif isinstance(logic, Gater):
            functions = {logic.output: f"({logic.clock}&M0)"}
    return {**record, "functions": functions, "slews": list(corner.slew_ns)}


def _bench(
    pdk: Path, corner: Corner, netlist: Netlist
) -> tuple[Bench, dict[str, dict[tuple[bool, ...], bool]]]:
    """The bench of a cell, and the truth tables of its outputs when it is combinational."""
    outputs = tuple(pin for pin in netlist.signals if pin in _OUTPUTS)
    inputs = tuple(pin for pin in netlist.signals if pin not in _OUTPUTS)
    tables = {}
    if kind(netlist.name) not in SEQUENTIAL:
        tables = {pin: truth_table(netlist, inputs, pin) for pin in outputs}
    return Bench(pdk, netlist, corner, inputs, outputs), tables


def _leak(pdk: Path, corner: Corner, netlist: Netlist) -> dict[str, Any]:
    if not netlist.devices:
        return {"leakage": []}
    if kind(netlist.name) == "diode":
        return {"leakage": diode.leakage(pdk, corner, netlist)}
    bench, tables = _bench(pdk, corner, netlist)
    logic = SEQUENTIAL.get(kind(netlist.name))
    if logic is None:
        return {"leakage": combinational.leakage(bench, tables)}
    return {"leakage": sequential.leakage(bench, logic)}


def _constrain(pdk: Path, corner: Corner, netlist: Netlist) -> dict[str, Any]:
    logic = SEQUENTIAL[kind(netlist.name)]
    assert isinstance(logic, Flop | Latch | Gater)
    return sequential.constraints(_bench(pdk, corner, netlist)[0], logic)


def _tie() -> dict[str, Any]:
    """conb drives its outputs through poly resistors and has neither inputs nor transistors."""
    return {
        "axes": {},
        "timing": [],
        "capacitance": {},
        "input_energy": {},
        "functions": {"HI": "1", "LO": "0"},
    }


_loaded: dict[Path, Any] = {}


def netlists(pdk: Path, cell: str) -> Netlist:
    """The extracted netlist of a cell, kept by the hash of the library's layout and netlists."""
    if kind(cell) == "conb":
        return Netlist(cell, ("HI", "LO", "VPWR", "VGND", "VPB", "VNB"), ())
    root = pdk / "libs.ref" / LIBRARY
    code = [path for path in sorted(Path(__file__).parent.glob("*.py")) if path.stem in _EXTRACTION]
    views = (root / "gds" / f"{LIBRARY}.gds", root / "spice" / f"{LIBRARY}.spice")
    if pdk not in _loaded:
        _loaded[pdk] = (content_hash(*views, *code), None)
    key, views_loaded = _loaded[pdk]
    entry = cache_root() / "liberty" / f"{cell}_{key[:16]}.json"
    if (data := kept(entry)) is not None:
        return _netlist(json.loads(data))
    if views_loaded is None:
        _loaded[pdk] = (key, load(pdk))
    layout, spice = _loaded[pdk][1]
    netlist = (diode.extract if kind(cell) == "diode" else extract)(layout, spice, cell)
    text = json.dumps(_netlist_data(netlist))
    keep(entry, text)
    return _netlist(json.loads(text))


_EXTRACTION = ("raster", "extract", "diode", "netlist", "resistance", "coupling")


def _netlist_data(netlist: Netlist) -> dict[str, Any]:
    data = asdict(netlist)
    pairs = netlist.capacitance_ff.items()
    data["capacitance_ff"] = [[one, other, value] for (one, other), value in pairs]
    return data


def _netlist(data: dict[str, Any]) -> Netlist:
    from flow.pdk.characterize.netlist import Device

    devices = tuple(
        Device(**{**device, "stress_um": tuple(device["stress_um"])}) for device in data["devices"]
    )
    capacitance = {(one, other): value for one, other, value in data["capacitance_ff"]}
    return Netlist(data["name"], tuple(data["ports"]), devices, capacitance)


def pack(pdk: Path, corner: Corner, records: dict[str, dict[str, Any]], note: str) -> bytes:
    """The compressed Liberty of a corner."""
    text = library(corner, records, abstracts(pdk), note)
    return lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME)

"""Render the report: one self-contained page."""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import jinja2
import plotly.offline
from markupsafe import Markup

from flow import doctor
from flow.pnr.cell_library import read_library
from flow.pnr.def_reader import read_def
from flow.pnr.design import Design
from flow.report import charts, overlays
from flow.report.blocks import CLOCK_TREE, FILL, GLUE, MACROS, blocks_of
from flow.report.collect import RunData, TimedPath
from flow.report.function import Function, function_of
from flow.report.geometry import VIEWED, pack_layout, read_layout
from flow.report.openspike import PUBLISHED
from flow.signoff.verdict import Verdict

__all__ = ["design_of", "render"]

FOLDER = Path(__file__).parent
PALETTE = ("#4e79a7", "#f28e2b", "#59a14f", "#e15759", "#76b7b2", "#edc948", "#b07aa1", "#ff9da7")
FIXED_COLOURS = {MACROS: "#8d99a6", CLOCK_TREE: "#7b1fa2", FILL: "#dfe3e8", GLUE: "#b0a090"}
PATHS_LISTED = 20
MARKERS_LISTED = 200


def render(run: RunData) -> str:
    """The page of a run, whatever stage it has reached."""
    design = design_of(run)
    blocks = blocks_of(design) if design is not None else []
    colours = _colours(blocks)
    function = function_of(run)
    figures = _figures(run, design, blocks, colours, function)
    context: dict[str, Any] = {
        "chip": run.chip,
        "subtitle": _subtitle(run),
        "verdict": _verdict(run.verdicts),
        "checks": [_check(verdict, run.folder) for verdict in run.verdicts],
        "cards": list(_cards(run, design)),
        "comparison": list(_comparison(run, design)),
        "layout": "",
        "area": design is not None,
        "area_rows": _area_rows(design, blocks) if design is not None else [],
        "timing_rows": list(_timing_rows(run.metrics)),
        "histograms": [name for name in ("setup", "hold") if name in figures],
        "path_rows": [_path(path) for path in _worst(run.paths)],
        "markers": [_marker(marker) for marker in run.markers[:MARKERS_LISTED]],
        "power_rows": list(_power_rows(run.metrics)),
        "block_power_rows": list(_block_power_rows(run.power)),
        "function": function,
        "tools": [(f.name, f.version or "missing", f.purpose) for f in doctor.examine()],
        "metrics": [(name, _plain(value)) for name, value in sorted(run.metrics.items())],
        "figures": _json(figures),
        "plotly": _packed(plotly.offline.get_plotlyjs().encode()),
        "css": Markup((FOLDER / "report.css").read_text()),
        "viewer_js": Markup((FOLDER / "viewer.js").read_text()),
        "charts_js": Markup((FOLDER / "charts.js").read_text()),
    }
    if design is not None and "gds" in run.views:
        context["layout"] = _packed(pack_layout(read_layout(run.views["gds"])))
        context["chip_json"] = _json(_chip(run, design, blocks, colours))
    context["sections"] = list(_sections(context))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER), autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template("report.html.j2").render(context)


def design_of(run: RunData) -> Design | None:
    """The design of the latest DEF, or None before the floorplan."""
    if "def" not in run.views:
        return None
    tree = Path(run.config["PDK_ROOT"]) / run.config["PDK"]
    library = read_library(tree, run.macro_files("lef"), run.macro_files("gds"))
    return read_def(run.views["def"], library)


def _colours(blocks: Sequence[str]) -> dict[str, str]:
    """Colour of each block, the largest first."""
    names = sorted(set(blocks) - set(FIXED_COLOURS), key=lambda name: (-blocks.count(name), name))
    chosen = {name: PALETTE[k % len(PALETTE)] for k, name in enumerate(names)}
    return chosen | {name: c for name, c in FIXED_COLOURS.items() if name in set(blocks)}


def _chip(
    run: RunData, design: Design, blocks: Sequence[str], colours: Mapping[str, str]
) -> dict[str, Any]:
    """What `viewer.js` needs beside the stream of the layout."""
    number = {name: k for k, name in enumerate(colours)}
    over = [overlays.drc_markers(run.markers)] if run.markers else []
    over += [overlays.timing_paths(run.paths, kind) for kind in ("setup", "hold") if run.paths]
    over += [overlays.clock_tree(design, blocks), overlays.congestion(design)]
    over += [overlays.power_density(design, run.power["instance_W"])] if run.power else []
    over += [overlays.ir_drop(design, run.drop_v)] if run.drop_v else []
    over += [overlays.macro_pins(design)]
    return {
        "die": list(design.die),
        "layers": [
            {"name": name, "colour": colour, "shown": shown}
            for name, (_, colour, shown) in VIEWED.items()
        ],
        "blocks": [{"name": name, "colour": colour} for name, colour in colours.items()],
        "masters": list(design.masters),
        "cells": [
            [
                *map(int, design.box(k)),
                number[blocks[k]],
                design.instance_names[k],
                int(design.master_of[k]),
            ]
            for k in range(design.instances)
        ],
        "overlays": [o for o in over if o.get("items") or o["kind"] == "heat"],
    }


def _figures(
    run: RunData,
    design: Design | None,
    blocks: Sequence[str],
    colours: Mapping[str, str],
    function: Function | None,
) -> dict[str, Any]:
    found = {"time": charts.run_time(run.steps)}
    if design is not None:
        found["area"] = charts.area_sunburst(design, blocks, colours)
    for check in ("setup", "hold"):
        if any(name == check for _, name in run.slacks):
            found[check] = charts.slack_histogram(run.slacks, check)
    if function is not None:
        found["confusion"] = charts.confusion(function.confusion)
    return {name: json.loads(figure) for name, figure in found.items()}


def _subtitle(run: RunData) -> str:
    period = float(run.config.get("CLOCK_PERIOD") or 0)
    clock = f", {1e3 / period:g} MHz" if period else ""
    return f"SkyWater 130 nm, sky130_fd_sc_hd{clock}, run {run.tag}"


def _verdict(verdicts: Sequence[Verdict]) -> dict[str, str]:
    failed = [verdict.name for verdict in verdicts if not verdict.passed]
    if failed:
        return {"kind": "dirty", "text": f"not clean: {', '.join(failed)}"}
    if any(verdict.name == "completeness" for verdict in verdicts):
        return {"kind": "clean", "text": f"signed off: all {len(verdicts)} checks clean"}
    if verdicts:
        return {"kind": "partial", "text": f"{len(verdicts)} checks clean, others have not run"}
    return {"kind": "partial", "text": "not signed off yet"}


def _check(verdict: Verdict, folder: Path) -> tuple[str, str, str, str]:
    file = verdict.file
    if file is not None and file.is_relative_to(folder):
        file = file.relative_to(folder)
    word = "clean" if verdict.passed else "failed"
    return verdict.name, word, verdict.figure, "" if file is None else str(file)


def _cards(run: RunData, design: Design | None) -> Iterable[tuple[str, str]]:
    metrics = run.metrics
    if design is not None:
        width, height = design.die[2] / 1e3, design.die[3] / 1e3
        yield f"{width * height / 1e6:.4f} mm²", f"die, {width:.0f} × {height:.0f} µm"
    if "design__instance__count__stdcell" in metrics:
        yield f"{int(metrics['design__instance__count__stdcell']):,}", "standard cells"
    if "route__wirelength" in metrics:
        yield f"{float(metrics['route__wirelength']) / 1e3:.1f} mm", "wire"
    for name, label in (
        ("timing__setup__ws", "worst setup slack"),
        ("timing__hold__ws", "worst hold slack"),
    ):
        if name in metrics:
            yield f"{float(metrics[name]):+.3f} ns", label
    if stand_ins := int(metrics.get("design__macro_placeholder__count", 0)):
        yield str(stand_ins), "macro with PLACEHOLDER views: stated, not measured"
    if "power__total" in metrics:
        yield f"{float(metrics['power__total']) * 1e3:.2f} mW", "power"


def _comparison(run: RunData, design: Design | None) -> Iterable[tuple[str, str, str, str, str]]:
    """Rows beside the published figures; a quantity that this run has not measured says so."""
    ours: dict[str, tuple[str, str]] = {}
    if design is not None:
        x0, y0, x1, y1 = design.die
        ours["area"] = (f"{(x1 - x0) * (y1 - y0) / 1e12:.4f} mm²", "die of the layout")
    period = float(run.config.get("CLOCK_PERIOD") or 0)
    slack = run.metrics.get("timing__setup__ws")
    if period and slack is not None:
        ours["clock"] = (
            f"{1e3 / period:g} MHz, {1e3 / (period - float(slack)):.1f} MHz possible",
            "setup slack of the slowest corner",
        )
    if run.steps:
        seconds = sum(step.seconds for step in run.steps)
        ours["pnr_time"] = (f"{seconds / 60:.1f} min", "wall time of all steps of the run")
    if run.power:
        energy = float(run.power["energy_per_synaptic_operation_J"])
        simulated = f"{run.power['images']} images simulated with delays at {run.power['corner']}"
        ours["efficiency"] = (
            f"{1e-9 / energy:.3g} GSOPS/W ({energy * 1e12:.3g} pJ per synaptic operation)",
            f"power by OpenSTA, {simulated}",
        )
        ours["energy"] = (f"{1e9 * float(run.power['energy_per_inference_J']):.4g} nJ", simulated)
        microseconds = 1e6 * float(run.power["seconds_per_inference"])
        ours["inference"] = (f"{microseconds:.4g} µs, all time steps and layers", simulated)
    gates = next((v for v in run.verdicts if v.name in ("gates", "simulation")), None)
    if gates is not None:
        ours["gate_simulation"] = (gates.figure, "netlist against the golden model")
    labels = {
        "area": "die area",
        "clock": "clock",
        "inference": "time per inference",
        "efficiency": "efficiency",
        "energy": "energy per inference",
        "pnr_time": "run time of the flow",
        "gate_simulation": "gates against network",
    }
    for name, label in labels.items():
        figure, how = ours.get(name, ("not measured in this run", ""))
        yield label, PUBLISHED[name].figure, PUBLISHED[name].source, figure, how


def _area_rows(design: Design, blocks: Sequence[str]) -> list[tuple[str, str, str, str]]:
    areas: dict[str, list[int]] = {}
    for k, block in enumerate(blocks):
        master = design.master(k)
        entry = areas.setdefault(block, [0, 0])
        entry[0] += 1
        entry[1] += master.width * master.height
    total = sum(area for _, area in areas.values())
    rows = sorted(areas.items(), key=lambda row: -row[1][1])
    return [
        (name, f"{count:,}", f"{area / 1e6:,.0f}", f"{area / total:.1%}")
        for name, (count, area) in rows
    ]


def _timing_rows(metrics: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    prefix = "timing__setup__ws__corner:"
    for name in sorted(metrics):
        if name.startswith(prefix):
            corner = name.removeprefix(prefix)
            names = (
                name,
                f"timing__hold__ws__corner:{corner}",
                f"clock__skew__worst_setup__corner:{corner}",
            )
            yield corner, *(_figure(metrics.get(key)) for key in names)


def _figure(value: Any) -> str:
    return "" if value is None else f"{float(value):+.3f}"


def _worst(paths: Sequence[TimedPath]) -> list[TimedPath]:
    return sorted(paths, key=lambda path: path.slack_ns)[:PATHS_LISTED]


def _path(path: TimedPath) -> dict[str, Any]:
    places = [(x, y) for *_, x, y in path.points if x is not None and y is not None]
    box = ""
    if places:
        xs, ys = [x for x, _ in places], [y for _, y in places]
        box = f"{min(xs)},{min(ys)},{max(xs)},{max(ys)}"
    return {
        "slack": f"{path.slack_ns:+.3f}",
        "kind": path.kind,
        "corner": path.corner,
        "start": path.points[0][0],
        "end": path.points[-1][0],
        "pins": len(path.points),
        "box": box,
    }


def _marker(marker: Mapping[str, Any]) -> dict[str, str]:
    x0, y0, x1, y1 = marker["box"]
    return {
        "rule": marker["rule"],
        "zoom": f"{x0},{y0},{x1},{y1}",
        "place": f"{(x0 + x1) / 2e3:.3f}, {(y0 + y1) / 2e3:.3f}",
    }


def _power_rows(metrics: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    for name, value in sorted(metrics.items()):
        if name.startswith(("power__", "energy__", "ir__")):
            yield name, _plain(value)


def _block_power_rows(power: Mapping[str, Any]) -> Iterable[tuple[str, str, str]]:
    """Block, mW and share; then the same by kind of cell."""
    total = float(power.get("power_W", 0)) or 1.0
    for kind in ("block_W", "group_W"):
        for name, watt in sorted(power.get(kind, {}).items(), key=lambda row: -row[1]):
            title = name if kind == "block_W" else f"all {name}"
            yield title, f"{1e3 * watt:.3f}", f"{watt / total:.1%}"


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _sections(context: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    yield "summary", "Summary"
    for anchor, title, key in (
        ("layout-view", "Layout", "layout"),
        ("area", "Area", "area"),
        ("timing", "Timing", "timing_rows"),
        ("drc", "DRC", "markers"),
        ("power", "Power", "power_rows"),
        ("function", "Function", "function"),
    ):
        if context[key]:
            yield anchor, title
    yield "run", "Run"


def _packed(data: bytes) -> Markup:
    return Markup(base64.b64encode(zlib.compress(data, 9)).decode())


def _json(value: Any) -> Markup:
    """JSON that may stand in a script element."""
    text = json.dumps(value, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c"))

"""The charts of the report, as Plotly figures in JSON."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import plotly.graph_objects as go

from flow.pnr.design import Design
from flow.report.collect import Step

__all__ = ["area_sunburst", "confusion", "run_time", "slack_histogram"]

LAYOUT: dict[str, Any] = {
    "margin": {"l": 50, "r": 15, "t": 40, "b": 45},
    "height": 380,
    "font": {"family": "system-ui, sans-serif", "size": 12},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
}
MASTERS_SHOWN = 12  # per block; the others are one sector


def area_sunburst(design: Design, blocks: Sequence[str], colours: Mapping[str, str]) -> str:
    """Area by block and by master within it, um2 and counts."""
    areas: dict[str, Counter[str]] = defaultdict(Counter)
    counts: Counter[tuple[str, str]] = Counter()
    for k, block in enumerate(blocks):
        master = design.master(k)
        name = master.name.removeprefix("sky130_fd_sc_hd__")
        areas[block][name] += master.width * master.height
        counts[block, name] += 1
    ids, labels, parents, values, texts, colour = [], [], [], [], [], []

    def add(ident: str, label: str, parent: str, area: int, count: int, block: str) -> None:
        ids.append(ident)
        labels.append(label)
        parents.append(parent)
        values.append(area / 1e6)
        texts.append(f"{count} instances")
        colour.append(colours.get(block, "#cccccc"))

    for block, masters in areas.items():
        number = sum(counts[block, name] for name in masters)
        add(block, block, "", masters.total(), number, block)
        shown = masters.most_common(MASTERS_SHOWN)
        for name, area in shown:
            add(f"{block}/{name}", name, block, area, counts[block, name], block)
        rest = masters.total() - sum(area for _, area in shown)
        if rest:
            others = number - sum(counts[block, name] for name, _ in shown)
            add(f"{block}/others", "others", block, rest, others, block)
    figure = go.Figure(
        go.Sunburst(
            ids=ids,
            labels=labels,
            parents=parents,
            values=values,
            text=texts,
            branchvalues="total",
            marker={"colors": colour},
            hovertemplate="%{label}<br>%{value:.1f} µm²<br>%{text}<extra></extra>",
            textinfo="label+percent root",
        )
    )
    return _json(figure, height=480, margin={"l": 0, "r": 0, "t": 10, "b": 10})


def slack_histogram(slacks: Mapping[tuple[str, str], Sequence[float]], check: str) -> str:
    """Slack of all endpoints of one check, a trace per corner."""
    figure = go.Figure()
    for (corner, name), values in slacks.items():
        if name == check:
            figure.add_histogram(x=values, name=corner, nbinsx=60, opacity=0.6)
    figure.add_vline(x=0, line_color="#c00000", line_width=2)
    return _json(
        figure,
        barmode="overlay",
        title=f"{check} slack of all endpoints",
        xaxis_title="slack (ns)",
        yaxis_title="endpoints",
        legend={"orientation": "h", "y": -0.2},
    )


def run_time(steps: Sequence[Step]) -> str:
    """Wall time of each step that took any."""
    shown = [step for step in steps if step.seconds >= 0.05]
    figure = go.Figure(
        go.Bar(
            x=[step.seconds for step in shown],
            y=[f"{step.number:02d} {step.name}" for step in shown],
            orientation="h",
            marker_color="#2f7fd1",
            hovertemplate="%{y}<br>%{x:.1f} s<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", tickfont_size=11)
    return _json(
        figure,
        height=80 + 18 * len(shown),
        xaxis_title="seconds",
        margin={"l": 230, "r": 15, "t": 10, "b": 45},
    )


def confusion(matrix: Sequence[Sequence[int]]) -> str:
    """Decided class over true class, counts [classes, classes]."""
    classes = [str(k) for k in range(len(matrix))]
    figure = go.Figure(
        go.Heatmap(
            z=[list(map(int, row)) for row in matrix],
            x=classes,
            y=classes,
            colorscale="Blues",
            showscale=False,
            texttemplate="%{z}",
            hovertemplate="true %{y}, decided %{x}: %{z}<extra></extra>",
        )
    )
    figure.update_yaxes(autorange="reversed", title="true class", tickvals=classes)
    figure.update_xaxes(title="decided class", tickvals=classes)
    return _json(figure, height=420, margin={"l": 50, "r": 10, "t": 10, "b": 45})


def _json(figure: go.Figure, **layout: Any) -> str:
    figure.update_layout(template="plotly_white", **(LAYOUT | layout))
    return figure.to_json()

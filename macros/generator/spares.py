"""The spare row and column that the foundry's array needs, hidden from the macro's users.

Straps and ends of that array alternate, so that its rows and columns must be odd in number; OpenRAM
has spares to make them so. Here the spare address bit, the spare data input and the spare write
enable are tied to ground, and the spare output stays open: the macro has the pins of any other.
"""

from __future__ import annotations

import re

from macros.shape import MacroShape
from macros.verify.supplies import GROUND

__all__ = ["hide_spares", "spare_pins"]

ENABLE = "spare_wen0"


def spare_pins(shape: MacroShape) -> dict[str, str | None]:
    """Each spare pin with the supply that it is tied to, None where it stays open."""
    return {
        f"addr0[{shape.address_bits}]": GROUND,
        f"din0[{shape.bits}]": GROUND,
        ENABLE: GROUND,
        f"dout0[{shape.bits}]": None,
    }


def hide_spares(netlist: str, shape: MacroShape) -> str:
    """OpenRAM's netlist, and around it a subcircuit of the macro's name without the spare pins.

    OpenRAM names the only spare write enable with an index within the macro and without one at its
    pin, and leaves them apart. Raises RuntimeError when the netlist has no such macro.
    """
    inner, spare = f"{shape.name}_spared", spare_pins(shape)
    text = re.sub(rf"(?im)^(\.(?:subckt|ends)\s+){shape.name}$", rf"\1{inner}", netlist)
    text = text.replace(f"{ENABLE}[0]", ENABLE)
    header = re.search(rf"(?im)^\.subckt\s+{inner}\n((?:\+.*\n)+)", text)
    if header is None:
        raise RuntimeError(f"OpenRAM's netlist has no subcircuit {shape.name}")
    pins = header[1].replace("+", " ").split()
    outer = " ".join(pin for pin in pins if pin not in spare)
    nets = " ".join(spare.get(pin, pin) or "open" for pin in pins)
    return f"{text}\n.SUBCKT {shape.name} {outer}\nXspared {nets} {inner}\n.ENDS {shape.name}\n"

"""How a denoiser is drawn: one colour and one marker each, in every figure and on the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from zlib import crc32

from experiments.analysis.view import View

#: Colours stand out on white and on the page at night (3 to 1 at least); markers tell apart what
#: colours do not.
OF_METHODS = {
    "denograd": ("#0072B2", "o"),
    "calibrated": ("#D81B60", "*"),
    "dae": ("#D55E00", "s"),
    "dn_resnet": ("#009E73", "D"),
    "emd": ("#C26DA0", "^"),
    "factor_analysis": ("#A0522D", ">"),
    "kalman": ("#BF8400", "v"),
    "lowess": ("#00A0A0", "p"),
    "moving_average": ("#2E9BD6", "P"),
    "pca": ("#8E63C7", "X"),
    "ppca": ("#6C7FD8", "h"),
    "savgol": ("#4E9A06", "d"),
    "wtd": ("#7F8B00", "<"),
}
OF_CONTROLS = {"identity": "o", "constant": "s", "predicted_target": "D", "shrink_target": "^"}
CONTROL_COLOUR = "#777777"
COLOURS, MARKERS = (tuple(of) for of in zip(*OF_METHODS.values(), strict=True))


@dataclass(frozen=True)
class Symbol:
    """How a denoiser is drawn: methods filled, variants half filled, controls hollow."""

    colour: str
    marker: str
    fill: Literal["full", "left", "none"]


def symbol_of(name: str, kind: str) -> Symbol:
    """The symbol of a method, of its variants, or of a control, by the name of the original.

    One that has no place above gets what its name draws.
    """
    number = crc32(name.encode())
    marker = MARKERS[number // len(COLOURS) % len(MARKERS)]
    if kind == "control":
        return Symbol(CONTROL_COLOUR, OF_CONTROLS.get(name, marker), "none")
    colour, marker = OF_METHODS.get(name, (COLOURS[number % len(COLOURS)], marker))
    return Symbol(colour, marker, "full" if kind == "method" else "left")


def symbols(view: View) -> dict[str, Symbol]:
    """The symbol of every denoiser of a view by its label: methods, variants, then controls."""
    rows = view.rows.drop_duplicates("denoiser").set_index("denoiser")
    # A control may share its seeds with a method, and is none of its variants.
    original = rows["method"].mask(rows["kind"] == "control", rows["denoiser_name"])
    names = (*view.methods, *view.controls)
    return {name: symbol_of(str(original[name]), str(rows["kind"][name])) for name in names}

"""How everything is drawn: line styles, fonts, and all colours but those that `colours` shares with exported files.

Many colours are those of Okabe and Ito 2008 ("Color Universal Design"), and all are told apart with any common colour
blindness; lines differ in style and surfaces in lightness as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from gpu_ablate.case.setup import MR_BRIGHTEST, Setup
from gpu_ablate.colours import FLUID as FLUID
from gpu_ablate.colours import INVADED_SKIN as INVADED_SKIN
from gpu_ablate.colours import ISOTHERM
from gpu_ablate.colours import PROBE as PROBE
from gpu_ablate.colours import RISK as RISK
from gpu_ablate.colours import ROLE as ROLE
from gpu_ablate.colours import SKIN as SKIN
from gpu_ablate.colours import TISSUE_TINTS as TISSUE_TINTS
from gpu_ablate.colours import TUMOUR as TUMOUR
from gpu_ablate.colours import VESSEL as VESSEL
from gpu_ablate.colours import ZONE as ZONE
from gpu_ablate.outcome.bone import in_bone
from gpu_ablate.units import BODY_C

RESIDUAL = "#FFE11A"
SKIN_INK = "#8A4A4A"
SENSOR = "#2B2B2B"
GAS = "#FFFFFF"
ICE = "#8CC7F0"
ICE_OPACITY = 0.45
BONE = "#E9DFC3"
BONE_TINTS = ("#EFE9D6", "#DDD2B4")
"""Spongy bone and cortex in slices."""
BEYOND = "#F6F6F6"
"""What lies beyond the box of the model."""
INK = "#1A1A1A"
FAINT = "#8A8A8A"
PAPER = "#FFFFFF"
TUMOUR_ON_DARK, ZONE_ON_DARK = "#FF8AD8", "#3DF0B4"
"""Outlines on ultrasound and CT."""
SIMULATED, OBSERVED = "#0072B2", "#D55E00"
SIMULATED_ON_DARK, OBSERVED_ON_DARK = "#56B4E9", "#FFB000"
OBSERVED_LINE = (0, (5, 2))
"""A simulated zone is outlined in blue, one that was seen in dashed orange."""

OK = "#00704F"
WARNING = "#B25E00"
BROKEN = "#A3141F"
STATUS = {"ok": OK, "warning": WARNING, "broken": BROKEN}
STATUS_MARK = {"ok": "✓", "warning": "!", "broken": "✕"}

SERIES = ("#0072B2", "#D55E00", "#009E73", "#AA3377", "#56B4E9", "#E69F00")
"""Curves that have no meaning of their own (probes, sensors), in order."""

Bands = tuple[tuple[float, str], ...]
"""Colour of everything below each bound [mm] and above the one before."""

MARGIN_BANDS: Bands = ((0.0, BROKEN), (5.0, "#E69F00"), (10.0, "#9AD0F5"), (float("inf"), "#0072B2"))
"""Signed margin [mm]: colour of everything below this bound and above the one before."""

APART_BANDS: Bands = (
    (-10.0, "#542788"),
    (-5.0, "#998EC3"),
    (-2.5, "#D8DAEB"),
    (2.5, "#F7F7F7"),
    (5.0, "#FEE0B6"),
    (10.0, "#F1A340"),
    (float("inf"), "#B35806"),
)
"""How far an observed surface lies outside of the simulated one [mm], negative inside: purple to orange (ColorBrewer
PuOr, Harrower and Brewer 2003), white where they agree as well as good simulators do."""


@dataclass(frozen=True)
class Isotherm:
    """How one temperature [°C] is drawn: a line in slices and, if `outlined`, its outline in 3D."""

    temperature_c: float
    colour: str
    line: str
    outlined: bool


HEAT = (
    Isotherm(43.0, ISOTHERM["above_43c"], ":", True),
    Isotherm(54.0, ISOTHERM["above_54c"], "--", False),
    Isotherm(60.0, ISOTHERM["above_60c"], "-", True),
)
"""43 °C: threshold of thermal dose and skin comfort; 54 and 60 °C: coagulation in minutes and at once."""

COLD = (
    Isotherm(0.0, ISOTHERM["below_0c"], ":", True),
    Isotherm(-20.0, ISOTHERM["below_m20c"], "--", True),
    Isotherm(-40.0, ISOTHERM["below_m40c"], "-", True),
)
"""0 °C: the edge of the ice as imaging shows it; -20 and -40 °C: what kills in two cycles and at once."""


@dataclass(frozen=True)
class Wash:
    """Colours of temperatures in a movie: a matplotlib map from `low_c` to `high_c`, whose opacity grows to `opacity`
    until `fades_c` away from body temperature [°C]."""

    colours: str
    low_c: float
    high_c: float
    fades_c: float
    opacity: float


HEAT_WASH = Wash("inferno_r", BODY_C, 110.0, 20.0, 0.75)
COLD_WASH = Wash("YlGnBu_r", -140.0, BODY_C, 50.0, 0.8)

ZONE_OPACITY = 0.20
ISOTHERM_OPACITY = 0.06
SKIN_OPACITY = 0.35
FLUID_OPACITY = 0.35
SOLID_OPACITY = 0.6
BONE_OPACITY = 0.16
VEIL_OPACITY = 0.15
KILLED_OPACITY = 0.25
NOW_OPACITY = 0.15
"""In the interactive view, face on: skin and bone around everything; killed tissue; an isotherm at one time."""
VEIL = 0.3
"""Share of its opacity that skin or fluid keeps where the camera looks through it."""

LOOK = {
    "font.size": 11.0,
    "axes.titlesize": 12.0,
    "axes.titleweight": "bold",
    "axes.edgecolor": FAINT,
    "text.color": INK,
    "axes.labelcolor": INK,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}
"""matplotlib settings of every picture but its font."""

DPI = 104


BONE_WINDOW, SOFT_WINDOW = (300.0, 1500.0), (40.0, 400.0)
"""Level and width [HU] of common CT windows for bone and for soft tissue."""


def window(setup: Setup) -> tuple[float, float]:
    """Level and width of the window of the image that slices are drawn on: of a CT [HU] that for bone where a target
    lies in it, or without a target where the scene has some."""
    if setup.modality == "MR":
        return MR_BRIGHTEST / 2.0, float(MR_BRIGHTEST)
    targets = [region for region in setup.regions if region.role == "target"]
    return BONE_WINDOW if any(in_bone(region) for region in targets or setup.regions) else SOFT_WINDOW


def isotherm_label(isotherm: Isotherm) -> str:
    """Text of the legend, for example "43 °C"."""
    return f"{isotherm.temperature_c:g} °C".replace("-", "−")


def through(veil: str, opacity: float, behind: str) -> str:
    """The colour of `behind` seen through a veil of this opacity."""
    from matplotlib.colors import to_hex, to_rgb

    return to_hex([opacity * v + (1 - opacity) * b for v, b in zip(to_rgb(veil), to_rgb(behind), strict=True)])


def shell(colour: str, opacity: float) -> str:
    """The colour of a translucent closed surface on paper: its front over its back."""
    return through(colour, opacity, through(colour, opacity, PAPER))

"""What has a colour of its own wherever it is shown, in pictures and in files for other programs.

Zones and isotherms have colours of Okabe and Ito 2008 ("Color Universal Design"), told apart with any common colour
blindness, and shades between them; the others are chosen here to differ from them in lightness.
"""

from __future__ import annotations

TUMOUR = "#AA3377"
SKIN = "#DDA0A0"
INVADED_SKIN = "#C46A9E"
FLUID = "#7CC4FF"
RISK = "#F0C808"
VESSEL = "#3B6FB6"
PROBE = "#2B2B2B"
ZONE = "#009E73"

ROLE = {
    "target": TUMOUR,
    "skin": SKIN,
    "involved_skin": INVADED_SKIN,
    "risk": RISK,
    "nerve": RISK,
    "vessel": VESSEL,
    "isolation": FLUID,
}

TISSUE_TINTS = ("#D9D9D9", "#B3B3B3", "#C9C4BB", "#A0A8AD", "#E6E6E6", "#8F8F8F")
"""Greys for tissue without a role, in the order of their labels."""

ISOTHERM = {
    "above_42c": "#F0E442",
    "above_43c": "#E69F00",
    "above_45c": "#E08A00",
    "above_50c": "#DA7400",
    "above_54c": "#D55E00",
    "above_60c": "#8F0000",
    "below_0c": "#0072B2",
    "below_m20c": "#56B4E9",
    "below_m30c": "#4466B0",
    "below_m40c": "#332288",
    "ice_inset_5mm": "#8CC7F0",
    "ice_inset_10mm": "#A9B8DD",
}
"""Zones by their names in metrics.json; the endpoint's is ZONE."""


def rgb(colour: str) -> tuple[float, float, float]:
    """Red, green and blue from 0 to 1 of "#RRGGBB"."""
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue

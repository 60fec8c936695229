"""How wide a zone becomes, before anything is computed: a rule of thumb from the energy alone.

Tissue of a zone has to be warmed from its temperature at the start to 60 °C. Only a share of the energy that leaves the
antenna counts for that: the rest heats the core far beyond 60 °C, boils water, or goes into tissue further out and
along the shaft. The share and the shape are fitted to published zones of 2.45 GHz antennas; found by the rule against
published short axis, with 0.75 of the generator's power net where a paper names the generator's:

- breast cancer in vivo, 40 W (from memory, not re-read), 2.15 min: 21.5 mm against 22.3 ± 4.1 and 25.1 ± 4.1 mm (Zhou
  2014, Eur J Radiol 83:1771)
- pig liver ex vivo at 20 °C, cooled shaft, the ends of 60-90 W and 5-25 min: 27 and 53 mm against 30 and 61 mm (Kuang
  2006; taken as its least and largest energy)

and against this program's own 16 G antenna, a single hold at 37 °C in 1.5 mm voxels, width of the killed zone (CEM43
240 min) after a minute of rest: tumour 60 W 28 s 14.9 against 18.4 mm, gland 60 W 120 s 24.2 against 33.0, fat 40 W
120 s 21.1 against 20.3, liver 60 W 120 s 24.2 against 26.5 and 300 s 32.8 against 34.1.

So about ± 30 % is to be expected, and more where blood flow limits the zone, which the rule knows nothing of. At
915 MHz it is far too wide: udder ex vivo, 25 W, 10 min: 26 mm against 13.4 ± 1.4 mm (Tanaka 2013).
"""

from __future__ import annotations

import math

KILLING_C = 60.0
"""Temperature to which a zone has to be warmed [°C]."""

HEAT_CAPACITY = 3.7e6
"""Of soft tissue [J m⁻³ K⁻¹] (Hasgall 2022: liver 3.8, breast gland 3.1, muscle 3.7)."""

USEFUL_SHARE = 1.0 / 6.0
"""Share of the net energy that counts (fitted here, see above)."""

SLENDERNESS = 0.7
"""Short over long axis of a zone (0.53 to 0.82 published for 2.45 GHz antennas, PMC3721053)."""

LEAST_RISE = 5.0
"""A rise to KILLING_C below this counts as this [K]."""


def zone_energy(volume: float, start_c: float) -> float:
    """Energy E that leaves the antenna for a zone [m³] by the same rule, E = 6 ρc (60 °C - T0) V [J]."""
    return volume * HEAT_CAPACITY * max(KILLING_C - start_c, LEAST_RISE) / USEFUL_SHARE


def ball_energy(width: float, start_c: float) -> float:
    """Energy for the zone of one station with a short axis [m]: `short_axis` turned round [J]."""
    return zone_energy(math.pi * width**3 / (6.0 * SLENDERNESS), start_c)


def short_axis(energy: float, start_c: float, length: float = 0.0) -> float:
    """Short axis d [m] of the zone of a station, as a rule of thumb (± 30 %).

    An ellipsoid of revolution of volume V = E/(6 ρc (60 °C - T0)) with a short axis of 0.7 of its long one,
    d = (6 · 0.7 V/π)^(1/3); along a pull at most a cylinder of its length, d = (4 V/(π L))^(1/2).

    Parameters
    ----------
    energy : that leaves the antenna E [J]
    start_c : temperature of the tissue at the start T0 [°C]
    length : that the antenna is pulled meanwhile L [m]
    """
    volume = energy / zone_energy(1.0, start_c)
    ball = math.cbrt(6.0 * SLENDERNESS * volume / math.pi)
    return min(ball, math.sqrt(4.0 * volume / (math.pi * length))) if length > 0.0 else ball


ICE_ACROSS, ICE_FREEZE, ICE_ACTIVE = 34e-3, 720.0, 35e-3
"""A 17 G probe with a freezing part of 35 mm, two cycles of 12 min at full output, alone in muscle and bone: this
program finds ice of 33 to 36 by 49 mm [m], [s], [m]."""

ICE_GROWTH = 0.38
"""Power of the time by which ice grows: from 29.5 to 34.4 mm between 10 and 15 min, computed."""

ICE_SHORT = 0.4
"""Power of the length by which a shorter freezing part makes thinner ice; a part of 10 mm makes 19 mm in 10 min,
computed in bone."""

ICE_BEYOND = 0.42
"""How far the ice is longer than the freezing part, as a share of its width, fitted to the same."""


def ice_across(freeze: float, active_length: float) -> float:
    """Width [m] of the ice around one cryoprobe, as a rule of thumb (± 30 %): 34 mm · (t/12 min)^0.38, less by
    (L/35 mm)^0.4 where the freezing part is shorter.

    It is for thin argon probes alone in tissue; neighbours make it wider, large vessels thinner.

    Parameters
    ----------
    freeze : longest freeze at full output t [s]
    active_length : of the freezing part L [m]
    """
    shorter = min(1.0, (active_length / ICE_ACTIVE) ** ICE_SHORT)
    return ICE_ACROSS * (freeze / ICE_FREEZE) ** ICE_GROWTH * shorter

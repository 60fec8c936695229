"""What happens inside a cryoprobe: the cryogen's temperature over time and the film between it and the wall. SI, °C.

Heat passes from the tissue at the wall, T_w, to the cryogen, T_c: q = h (T_w - T_c) [W m⁻²]. That this describes single
and interacting probes, and that the result depends on h far more than on T_c: Etheridge et al. 2013, J Biomech Eng
135:021002 (abstract). They find that h varies along the probe; here it is one number.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

FILM_PRESETS = {"nominal": 6000.0, "device_figure": 3e4, "conservative": 1500.0}
"""Heat transfer coefficient at full output [W m⁻² K⁻¹]: the largest unknown of a cryoprobe.

No value of a device is at hand, and two bodies of data disagree by more than a factor of ten. Single probes of 2.4 mm
in agar at 39 °C (Littrup et al. 2009, J Vasc Interv Radiol 20:1343, abstract) come out with about 1200, fitted by eye,
near `conservative`. Ice figures of 1.47 mm needles in public planning tools lie at the conduction limit, 2e4 and more:
`device_figure`. `nominal` is chosen between them. For a 1.47 mm probe in gel of 21 °C, 10 minutes, the diameter at
-40 °C is 5.4, 10.5 and 14.4 mm with 1500, 6000 and no film at all (computed)."""


def cryogen_temperature(start_c: float, target_c: float, tau: float, time: ArrayLike) -> NDArray[np.float64]:
    """Temperature of the cryogen some time after it was switched: T = T_set + (T_0 - T_set) exp(-t/τ) [°C].

    It changes by no more than |T_0 - T_set|/τ per second, fastest at the start.

    Parameters
    ----------
    start_c, target_c : T_0 at the switch and T_set once saturated [°C]
    tau : time constant τ, above 0 [s]
    time : since the switch, from 0 on, any shape [s]

    Source: the form is chosen here; it meets the consensus of 2018 (Chin J Interv Imaging Ther 15(12)), by which argon
    probes reach -140 °C in 30-60 s and saturate at -140 to -160 °C, with τ of 10 to 20 s.
    """
    return np.asarray(target_c + (start_c - target_c) * np.exp(-np.asarray(time, float) / tau))


def time_to_reach(start_c: float, target_c: float, tau: float, reached_c: float) -> float:
    """When the cryogen has come to a temperature, t = τ ln((T_0 - T_set)/(T - T_set)) [s]; inf if it never does.

    The inverse of `cryogen_temperature`; 0 for what lies on the other side of the start.
    """
    left = (reached_c - target_c) / (start_c - target_c)
    if left <= 0.0:
        return math.inf
    return max(0.0, -tau * math.log(left))


def film(h: float, output: float) -> float:
    """Heat transfer coefficient at an output from 0 to 1: h_eff = output · h [W m⁻² K⁻¹].

    Output is the share of the time in which the cryogen flows (duty cycle), and this the average over time; how the
    wall's temperature swings within a cycle is not seen. Below 0.5 it is an extrapolation.

    Source: chosen here. Shah et al. 2016 (PMC4850244, abstract) found ice with no core below -40 °C, or of hourglass
    shape, with low outputs of 20-100 %, and advise 70-100 %.
    """
    return output * h


def wall_temperature(cryogen_c: float, power: float, h: float, area: float) -> float:
    """Temperature of the probe's wall that a power drawn through it implies: T_w = T_c + P/(h A) [°C].

    power : drawn from the tissue, positive when it freezes [W];  h : of the film [W m⁻² K⁻¹];  area : of the wall [m²]

    Source: Newton's law of cooling.
    """
    return cryogen_c + power / (h * area)

"""What is remembered of freezing: how long, how often and how fast each cell became cold and thawed."""

from __future__ import annotations

from gpu_ablate.case.case import History
from gpu_ablate.units import BODY_C

FROZEN_C, LETHAL_TWICE_C, LETHAL_C = 0.0, -20.0, -40.0
"""Ice edge; what kills if it is reached in two cycles; what kills at once [°C]."""

REWARMED_C = -18.0
"""A cell that was colder than -20 °C counts as rewarmed above it from here [°C]: on a needle's axis the solver's steps
swing by 1 to 2 K about the course."""

PASSAGE_C = (-5.0, -20.0)
"""Between these temperatures cooling and thawing are timed [°C]."""


def cold_histories() -> tuple[History, ...]:
    """Fields of a plan that freezes.

    A further cycle is counted in two ways: after the cell was warmer than REWARMED_C, and ("thawed") than 0 °C.
    """
    frozen, twice, lethal = (edge - BODY_C for edge in (FROZEN_C, LETHAL_TWICE_C, LETHAL_C))
    rewarmed = REWARMED_C - BODY_C
    warm, cold = (edge - BODY_C for edge in PASSAGE_C)
    return (
        History("time_below_0c", "time", cold=frozen),
        History("time_below_m20c", "time", cold=twice),
        History("time_below_m40c", "time", cold=lethal),
        History("cycles_m20c", "cycles", cold=twice, warm=rewarmed),
        History("cycles_m20c_thawed", "cycles", cold=twice, warm=frozen),
        History("cycles_m40c", "cycles", cold=lethal, warm=rewarmed),
        History("cycles_m40c_thawed", "cycles", cold=lethal, warm=frozen),
        History("cooling_rate", "cooling"),
        History("thaw_rate", "thawing"),
        History("passage", "passage", cold=cold, warm=warm),
    )

"""The film coefficient of a cryoprobe from one figure of its own table: length and width of its ice after some time."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from scipy.optimize import brentq

from gpu_ablate.case.build import build_case
from gpu_ablate.errors import RunError, SceneError
from gpu_ablate.outcome.zones import measure_parts, probe_frame, zone_field, zone_parts
from gpu_ablate.scene.schema import Scene
from gpu_ablate.simulation import simulate
from gpu_ablate.spec.device import CryoDevice

LEAST_H, MOST_H = 200.0, 1e5
"""Film coefficients between which one is looked for [W m⁻² K⁻¹]; above the upper end conduction alone counts."""

CLOSE = 0.03
"""The logarithm of the film coefficient is found within this."""

SPACING_MM = 1.5
AROUND_MM = 22.0
"""So much of the medium lies around the ice [mm], its faces insulated."""


@dataclass(frozen=True)
class IceFigure:
    """A figure of a device's table: size along and across the needle [mm] of what is colder than `isotherm_c` after
    `time_s` of freezing at full output in a medium (a tissue of the library) that began at `start_c` [°C]."""

    length_mm: float
    width_mm: float
    time_s: float
    medium: str
    start_c: float
    isotherm_c: float = 0.0


@dataclass(frozen=True)
class FilmFit:
    """Film coefficient that gives the figure's width [W m⁻² K⁻¹], and the size that it gives [mm]."""

    h_w_m2k: float
    length_mm: float
    width_mm: float


def fit_film(device: CryoDevice, figure: IceFigure, backend: str, tell: Callable[[float, float], None]) -> FilmFit:
    """The film coefficient with which a device makes ice as wide as a figure says.

    The width decides: it follows the film, the length mostly the freezing part. So compare the length that comes out.

    Parameters
    ----------
    backend : a name that `choose_backend` returned
    tell : called with the film coefficient and width [mm] of each trial

    Raises
    ------
    SceneError
        No film coefficient makes ice of this width.
    RunError
        A trial went wrong.
    """
    sizes: dict[float, tuple[float, float]] = {}

    def excess(log_h: float) -> float:
        if log_h not in sizes:
            h = math.exp(log_h)
            sizes[log_h] = ice_of(device, figure, h, backend)
            tell(h, sizes[log_h][1])
        return sizes[log_h][1] - figure.width_mm

    low, high = math.log(LEAST_H), math.log(MOST_H)
    if excess(high) < 0.0:
        raise _error(device, figure, f"at the conduction limit it is {sizes[high][1]:.1f} mm wide")
    if excess(low) > 0.0:
        raise _error(device, figure, f"with next to no film ({LEAST_H:g} W/m²K) it is {sizes[low][1]:.1f} mm wide")
    best = float(brentq(excess, low, high, xtol=CLOSE))
    excess(best)
    return FilmFit(math.exp(best), *sizes[best])


def ice_of(device: CryoDevice, figure: IceFigure, h_w_m2k: float, backend: str) -> tuple[float, float]:
    """Length and mean width [mm] of a device's ice with some film coefficient; 0 without any.

    Raises
    ------
    RunError
        The run went wrong.
    """
    result = simulate(build_case(_scene(device, figure, h_w_m2k)), backend)
    if result.status == "interrupted":
        raise KeyboardInterrupt
    if result.status == "failed":
        raise RunError(str(result.run["failure"]))
    name = f"below_{figure.isotherm_c:g}c_now".replace("-", "m")
    phi, body = zone_field(result, name), result.setup.phase_mask("body")
    assert phi is not None  # what freezes keeps its extremes
    size = measure_parts(zone_parts(phi, body, result.setup.grid), result.setup.grid.cell_volume, probe_frame(result))
    along, across = size["along_probe_mm"], size["across_probe_mm"]
    if not isinstance(along, float) or not isinstance(across, list):
        return 0.0, 0.0
    return along, sum(across) / len(across)


def _scene(device: CryoDevice, figure: IceFigure, h_w_m2k: float) -> Scene:
    """The needle along z, in a block of the medium."""
    half = 0.5 * figure.width_mm + AROUND_MM
    end = device.active_from_mm.value + device.active_length_mm.value
    overhang = max(0.5 * (figure.length_mm - device.active_length_mm.value), 0.5 * figure.width_mm)
    own = {**device.model_dump(exclude_none=True, exclude={"name", "film_preset"}), "film_h_w_m2k": h_w_m2k}
    content = {
        "schema_version": 1,
        "domain": {
            "spacing_mm": SPACING_MM,
            "min_mm": [-half, -half, -overhang - AROUND_MM],
            "max_mm": [half, half, end + overhang + AROUND_MM],
            "background": figure.medium,
        },
        "initial": {"temperature_c": figure.start_c},
        "boundary": {"default": "insulated"},
        "device": {"fitted": own},
        "probe": [
            {
                "name": "A",
                "device": "fitted",
                "tip_mm": [0.3, 0.2, 0.0],
                "shaft_direction": [0.0, 0.0, 1.0],
                "steps": [{"action": "freeze", "duration_s": figure.time_s}],
            }
        ],
        "run": {"record_every_s": figure.time_s, "trace_every_s": figure.time_s, "endpoint": "ice"},
    }
    return Scene.model_validate(content, context={"tables": {}})


def _error(device: CryoDevice, figure: IceFigure, limit: str) -> SceneError:
    return SceneError(
        f"{device.name}: no film coefficient makes ice {figure.width_mm:g} mm wide after {figure.time_s:g} s in "
        f"{figure.medium} of {figure.start_c:g} °C: {limit}\n"
        "  remedy: look at the medium, its temperature, the time, and whether the figure is of one needle at 0 °C"
    )

"""Where the power of a library antenna goes in a homogeneous tissue at 37 °C."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.antennas import SPACING, WINDOW, coaxial_antenna
from gpu_ablate.errors import SceneError
from gpu_ablate.physics.maxwell import AntennaField, solve
from gpu_ablate.physics.maxwell_geometry import Spacing, complex_permittivity, graded_grid
from gpu_ablate.physics.maxwell_system import Discretisation, discretise
from gpu_ablate.spec.device import Device
from gpu_ablate.spec.tissue import Tissue

Array = NDArray[np.float64]

BESIDE = 10e-3
"""Power nearer to the axis than this [m] decides where the middle of the heat lies."""

BEHIND = 20e-3
"""Power that is absorbed further than this [m] behind the middle of the heat runs up the shaft."""


@dataclass(frozen=True)
class Powers:
    """Where one watt at the generator goes [W], and two numbers on the shape of the heat.

    cable : lost in cable and needle's metal; reflected : by the antenna; needle : absorbed in its dielectrics and
    water; absorbed : by tissue in the window; escaped : beyond it
    heat_centre : from the tip [m], half of the power within BESIDE of the axis is absorbed on either side;
    behind : share of the absorbed power further than BEHIND behind it
    """

    cable: float
    reflected: float
    needle: float
    absorbed: float
    escaped: float
    heat_centre: float
    behind: float


def discretised(device: Device, spacing: Spacing = SPACING) -> Discretisation:
    """A device's antenna on its grid, ready to be solved in one tissue after the other."""
    antenna = coaxial_antenna(device, WINDOW.end)
    return discretise(antenna, graded_grid(antenna, WINDOW, spacing))


def field_in(system: Discretisation, tissue: Tissue) -> AntennaField:
    """The field of an antenna wholly in one tissue at 37 °C, for one watt that arrives at it.

    Raises
    ------
    SceneError
        The tissue has no dielectric values at the antenna's frequency.
    """
    frequency = system.antenna.frequency
    band = f"{frequency * 1e-6:g}"
    permittivity = getattr(tissue, f"relative_permittivity_{band}", None)
    conductivity = getattr(tissue, f"conductivity_s_m_{band}", None)
    if permittivity is None or conductivity is None:
        raise SceneError(
            f'tissue "{tissue.name}" has no dielectric values at {band} MHz, at which this antenna works\n'
            "  remedy: choose a tissue that has them, for example breast_tumour or liver"
        )
    return solve(system, complex_permittivity(permittivity.value, conductivity.value, frequency))


def medium_power(field: AntennaField) -> Array:
    """Power absorbed by tissue in each cell (nz, nr) [W]; 0 in the needle."""
    return np.where(field.piece < 0, field.absorbed, 0.0)


def heat_centre(field: AntennaField) -> float:
    """Middle of the heat along the axis [m] (see `Powers`)."""
    slices = medium_power(field)[:, field.grid.radii < BESIDE].sum(axis=1)
    below = np.append(0.0, np.cumsum(slices))
    return float(np.interp(0.5 * below[-1], below, field.grid.z))


def powers(field: AntennaField, cable_efficiency: float) -> Powers:
    """Where one watt at the generator goes, from the field for one watt at the antenna."""
    tissue = medium_power(field)
    absorbed, centre = float(tissue.sum()), heat_centre(field)
    return Powers(
        cable=1.0 - cable_efficiency,
        reflected=cable_efficiency * field.reflected,
        needle=cable_efficiency * (float(field.absorbed.sum()) - absorbed),
        absorbed=cable_efficiency * absorbed,
        escaped=cable_efficiency * field.escaped,
        heat_centre=centre,
        behind=float(tissue[field.grid.heights > centre + BEHIND].sum()) / absorbed,
    )


def enclosing(field: AntennaField, share: float) -> float:
    """Power density [W m⁻³] for one watt at the antenna, above which lies this share of the absorbed power."""
    tissue = medium_power(field).ravel()
    density = (medium_power(field) / field.grid.volumes).ravel()
    order = np.argsort(density)[::-1]
    reached = np.cumsum(tissue[order])
    return float(density[order[np.searchsorted(reached, share * reached[-1])]])

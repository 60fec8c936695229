"""Where the power of a library antenna goes in a homogeneous tissue at 37 °C."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gpu_ablate.errors import SceneError
from gpu_ablate.physics.maxwell import AntennaField, solve
from gpu_ablate.physics.maxwell_geometry import complex_permittivity
from gpu_ablate.physics.maxwell_system import Discretisation
from gpu_ablate.spec.tissue import Tissue

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


def field_in(system: Discretisation, tissue: Tissue) -> AntennaField:
    """The field of an antenna wholly in one tissue at 37 °C, for one watt that arrives at it.

    Raises
    ------
    SceneError
        The tissue has no dielectric values at the antenna's frequency.
    """
    frequency_mhz = system.antenna.frequency * 1e-6
    values = tissue.dielectric(frequency_mhz)
    if values is None:
        raise SceneError(
            f'tissue "{tissue.name}" has no dielectric values at {frequency_mhz:g} MHz, at which this antenna works\n'
            "  remedy: choose a tissue that has them, for example breast_tumour or liver"
        )
    return solve(system, complex_permittivity(*values, system.antenna.frequency))


def heat_centre(field: AntennaField) -> float:
    """Middle of the heat along the axis [m] (see `Powers`)."""
    slices = field.in_medium[:, field.grid.radii < BESIDE].sum(axis=1)
    below = np.append(0.0, np.cumsum(slices))
    return float(np.interp(0.5 * below[-1], below, field.grid.z))


def powers(field: AntennaField, cable_efficiency: float) -> Powers:
    """Where one watt at the generator goes, from the field for one watt at the antenna."""
    tissue = field.in_medium
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
    tissue = field.in_medium.ravel()
    density = (field.in_medium / field.grid.volumes).ravel()
    order = np.argsort(density)[::-1]
    reached = np.cumsum(tissue[order])
    return float(density[order[np.searchsorted(reached, share * reached[-1])]])

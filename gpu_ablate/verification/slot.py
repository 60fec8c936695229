"""B1: a slot antenna in a cylinder of liver, the solved field and the heat that it brings (COMSOL's tutorial).

Powers and power density are compared with an independent solution of Maxwell's equations (three grids, extrapolated:
9.35 W; the tutorial itself prints 9.36 W). Temperatures are compared with Pennes' equation solved about the axis on the
antenna's own graded grid, with the field straight from `physics.maxwell`; both take what lies within the needle for
tissue that conducts and is perfused, and is not heated. With an insulated needle, as in the tutorial, the axisymmetric
solution is up to 0.4 °C hotter at r = 5 mm and up to 0.1 °C at r = 10 mm.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RegularGridInterpolator

from gpu_ablate.case.antennas import coaxial_antenna
from gpu_ablate.case.build import build_case
from gpu_ablate.engine.reference import Reference
from gpu_ablate.engine.sources import Emission, HeatSources
from gpu_ablate.library.load import antenna, tissue
from gpu_ablate.physics.analytic import Medium
from gpu_ablate.physics.axial_field import AxialField
from gpu_ablate.physics.maxwell import solve
from gpu_ablate.physics.maxwell_geometry import AxialGrid, Spacing, Window, complex_permittivity, graded_grid
from gpu_ablate.physics.maxwell_system import discretise
from gpu_ablate.scene.load import load_scene
from gpu_ablate.units import BODY_C, MM
from gpu_ablate.verification.axial_heat import axial_heat
from gpu_ablate.verification.check import Check, absolute, relative
from gpu_ablate.verification.runner import SCENES, Run, Runner

Array = NDArray[np.float64]

POWER = 10.0
"""At the antenna [W]."""

TIP = 9.5 * MM
"""Where the catheter's tip is above the bottom of the cylinder [m]."""

CYLINDER = Window(30 * MM, -TIP, 80 * MM - TIP)
"""Of liver, in the antenna's frame."""

FINE = Spacing(finest=0.03e-3, growth=1.2, coarsest=0.7e-3)
"""Cells of the axisymmetric solution; a grid twice as fine changes temperatures at r >= 5 mm by up to 0.02 °C."""

STEP = 1.0
"""Of the axisymmetric solution in time [s]; half of it changes temperatures at r >= 5 mm by < 0.001 °C."""

TIMES = (60.0, 300.0, 600.0)

BESIDE = {8: 2.07e5, 10: 9.49e5, 12: 1.78e6, 14: 2.13e6, 16: 2.79e6, 18: 2.94e6, 20: 2.62e6, 25: 1.92e6, 30: 1.34e6,
          40: 5.72e5, 50: 2.28e5}  # fmt: skip
OUTWARDS = {1.2: 8.55e6, 2: 3.96e6, 3: 2.08e6, 5: 8.28e5, 7.5: 3.44e5, 10: 1.66e5}
"""Power density [W m⁻³] of the independent solution at r = 2.5 mm by z, and at z = 16 mm by r [mm], where above 1e5."""


@dataclass(frozen=True)
class Deposit:
    """What the engine heats by at the start: power in the liver and reflected [W], the field that it places, and the
    watts that it gives it; σ of the liver [S m⁻¹]."""

    absorbed: float
    reflected: float
    field: AxialField
    watts: float
    conductivity: float


def slot(runner: Runner) -> Iterator[Check]:
    """B1: powers within 1 % and 0.003, power density within 5 %, temperatures at r >= 5 mm within 1.5 °C."""
    found = _deposit()
    yield relative("absorbed in the liver", 9.35, found.absorbed, "W", 1.0)
    yield absolute("reflected share", 0.0165, found.reflected / POWER, "", 0.003)
    for places, table in (("r = 2.5, z = {:g} mm", BESIDE), ("r = {:g}, z = 16 mm", OUTWARDS)):
        for at, expected in table.items():
            r, z = (2.5, at) if table is BESIDE else (at, 16.0)
            half_square = found.field.half_square(np.array(r * MM), np.array(z * MM - TIP))
            density = found.conductivity * found.watts * float(half_square)
            yield relative(f"Q at {places.format(at)}", expected, density, "W/m³", 5.0)
    run = runner.run("slot_in_liver")
    grid, rises = axisymmetric(run.medium, FINE, STEP)
    for time, rise in zip(TIMES, rises, strict=True):
        for r, z in (*((r, 20) for r in (5, 10, 15, 20)), *((5, z) for z in (10, 15, 25, 30, 40, 60))):
            yield _temperature(run, grid, rise, time, r, z)


def _deposit() -> Deposit:
    case = build_case(load_scene(SCENES / "slot_in_liver.toml"))
    engine = Reference(case)
    sources = HeatSources(case, engine)
    (probe,) = case.setup.probes
    sources.update(0.0, {probe.name: Emission(POWER, probe.tip, probe.direction)})
    assert engine.source is not None
    shape = sources.antennas[probe.name].shape()
    liver = case.setup.labels == [region.name for region in case.setup.regions].index("liver")
    absorbed = float(engine.source[liver].sum()) * case.setup.grid.cell_volume
    flow = sources.flows[probe.name]
    return Deposit(absorbed, flow.reflected, shape.field, flow.absorbed / engine.place(probe.name, shape), _liver()[1])


def _liver() -> tuple[float, float]:
    """ε' and σ [S m⁻¹] of the scene's liver."""
    found = tissue("medium", load_scene(SCENES / "slot_in_liver.toml").tissue).dielectric(
        antenna("microwave_slot_2450").frequency_mhz.value
    )
    assert found is not None
    return found


def axisymmetric(medium: Medium, spacing: Spacing, step: float) -> tuple[AxialGrid, list[Array]]:
    """Rise of the liver's temperature at TIMES on a grid of its own [K]."""
    coaxial = coaxial_antenna(antenna("microwave_slot_2450"), CYLINDER.end)
    system = discretise(coaxial, graded_grid(coaxial, CYLINDER, spacing))
    field = solve(system, complex_permittivity(*_liver(), coaxial.frequency))
    density = POWER * field.in_medium / field.grid.volumes
    return field.grid, axial_heat(medium, field.grid, density, TIMES, step)


def _temperature(run: Run, grid: AxialGrid, rise: Array, time: float, r_mm: float, z_mm: float) -> Check:
    """At the cell nearest to a place, compared at its middle."""
    cell = run.near(r_mm, 0.0, z_mm)
    r, z = float(np.hypot(*cell.centre[:2])), cell.centre[2] - TIP
    at = RegularGridInterpolator((grid.heights, grid.radii), rise)
    expected = BODY_C + at((z, r)).item()
    place = f"T at r = {r / MM:g}, z = {cell.centre[2] / MM:g} mm, {time:g} s"
    return absolute(place, expected, run.temperature(cell, time), "°C", 1.5)

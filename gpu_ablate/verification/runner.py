"""Compute the scenes of the verification cases and read cells of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.build import build_case
from gpu_ablate.case.case import Case
from gpu_ablate.case.grid import Grid, Vector
from gpu_ablate.errors import RunError
from gpu_ablate.library.load import tissue
from gpu_ablate.physics.analytic import Medium
from gpu_ablate.physics.analytic_freezing import TwoPhase
from gpu_ablate.physics.bioheat import BLOOD_DENSITY, BLOOD_HEAT_CAPACITY
from gpu_ablate.result.result import Result
from gpu_ablate.scene.load import load_scene
from gpu_ablate.scene.schema import Scene
from gpu_ablate.simulation import simulate
from gpu_ablate.spec.tissue import LinearFreezing, Tissue
from gpu_ablate.units import MM

Array = NDArray[np.float64]

SCENES = Path(__file__).parent / "scenes"


@dataclass(frozen=True)
class Cell:
    """A cell of the grid: its index (k, j, i) and its centre (x, y, z) [m]."""

    index: tuple[int, int, int]
    centre: Vector


@dataclass(frozen=True)
class Run:
    """A scene that was computed. Closed forms are evaluated at centres of cells, so that nothing is interpolated."""

    scene: Scene
    result: Result

    @property
    def grid(self) -> Grid:
        """The solver grid."""
        return self.result.setup.grid

    @property
    def tissue(self) -> Tissue:
        """The tissue "medium"."""
        return tissue("medium", self.scene.tissue)

    @property
    def medium(self) -> Medium:
        """The tissue "medium", unfrozen."""
        medium = self.tissue
        return Medium(
            medium.conductivity_w_mk.value,
            medium.density_kg_m3.value * medium.heat_capacity_j_kgk.value,
            medium.perfusion_1_s.value * BLOOD_DENSITY * BLOOD_HEAT_CAPACITY,
        )

    @property
    def phases(self) -> TwoPhase:
        """The tissue "medium", frozen and unfrozen; blood does not flow in ice."""
        medium = self.tissue
        assert medium.frozen_conductivity_w_mk
        assert medium.frozen_heat_capacity_j_kgk
        assert medium.latent_heat_j_m3
        capacity = medium.density_kg_m3.value * medium.frozen_heat_capacity_j_kgk.value
        frozen = Medium(medium.frozen_conductivity_w_mk.value, capacity)
        return TwoPhase(frozen, self.medium, medium.latent_heat_j_m3.value)

    def near(self, *point_mm: float) -> Cell:
        """The cell that holds a point (x, y, z) [mm]."""
        x, y, z = point_mm
        k, j, i = self.grid.cell_at((x * MM, y * MM, z * MM))
        along_x, along_y, along_z = self.grid.axes()
        return Cell((k, j, i), (float(along_x[i]), float(along_y[j]), float(along_z[k])))

    def temperature(self, cell: Cell, time_s: float) -> float:
        """Temperature of a cell at a recorded time [°C]."""
        return float(self.result.temperature(time_s)[cell.index])

    def ice_cells(self, time_s: float) -> float:
        """Ice at a recorded time, counted in cells: the sum of their frozen shares."""
        law = self.tissue.freezing
        assert isinstance(law, LinearFreezing)
        temperature = self.result.temperature(time_s).astype(np.float64)
        body = self.result.setup.phase_mask("body")
        share = np.clip((law.from_c - temperature) / (law.from_c - law.to_c), 0.0, 1.0)
        return float(share[body].sum())


class Runner:
    """Computes scenes on one backend and keeps a description of their grids.

    backend : a name that `choose_backend` returned
    """

    def __init__(self, backend: str) -> None:
        self.backend = backend
        self.grids: list[str] = []

    def run(self, scene: str, *changes: str, alter: Callable[[Case], Case] | None = None) -> Run:
        """Compute a scene of this package.

        scene : name of its file;  changes : `key.path=value` each;  alter : what a scene cannot say

        Raises
        ------
        RunError
            The run went wrong.
        KeyboardInterrupt
            Ctrl-C came while it was computed.
        """
        loaded = load_scene(SCENES / f"{scene}.toml", changes)
        case = build_case(loaded)
        result = simulate(alter(case) if alter else case, self.backend)
        if result.status == "interrupted":
            raise KeyboardInterrupt
        if result.status == "failed":
            raise RunError(str(result.run["failure"]))
        nz, ny, nx = case.setup.grid.shape
        how = case.run.accuracy + (", float64" if case.run.precision == "float64" else "")
        grid = f"{nx} x {ny} x {nz} of {case.setup.grid.spacing / MM:g} mm ({how})"
        if grid not in self.grids:
            self.grids.append(grid)
        return Run(loaded, result)

"""Antennas while a run goes on: solved in what surrounds them, and again when that has changed.

The surroundings are the azimuthal means of ε'(T) and σ(T) in rings about the needle's axis, those of gas included. At
the start, and wherever the antenna has moved into other surroundings, the run waits for the solution; where they have
changed by heating it is asked for in one super-step, on a worker thread, and used some super-steps later. So what comes
out does not depend on how fast anything is computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from gpu_ablate.case.antennas import discretised
from gpu_ablate.case.case import Antenna
from gpu_ablate.engine.backend import Member
from gpu_ablate.engine.deposit import AntennaShape, Frame, Rings, Surroundings
from gpu_ablate.physics.axial_field import AxialField, axial_field
from gpu_ablate.physics.maxwell import MEDIUM, solve
from gpu_ablate.physics.maxwell_geometry import complex_permittivity

Array = NDArray[np.float64]
Indices = NDArray[np.int64]

RING_CELLS = 0.5
"""Width of the rings in cells: near the needle tissue dries within less than a voxel. Of thinner ones some, further out
where a cell is sampled once, would hold no sample."""

CHANGED = 0.05
"""A change of ε' or σ near the antenna that asks for a new solution: the mean of what the rings have changed by, each
weighted by |E|² and its volume, as each counts in what the antenna reflects (perturbation theory: δΓ ~ ∫ δε E·E dV;
Pozar 2012, Microwave Engineering, 4th ed., 6.7)."""

NEAR_RADIUS, NEAR_LENGTH = 10e-3, 30e-3
"""Rings within this distance of the needle, and within half this length of its heat centre, are near it [m]."""

LATER = 3
"""A solution is used so many super-steps after it was asked for: about as long as it takes to compute."""

WORKER = ThreadPoolExecutor(1, "antenna")
"""Solves while the backend steps."""


@dataclass(frozen=True, eq=False)
class Means:
    """Azimuthal means in rings (rows, columns): ε', σ [S m⁻¹], and the share of each ring that lies in the box."""

    permittivity: Array
    conductivity: Array
    share: Array

    def change(self, before: Means, weights: Array) -> float:
        """Mean change of ε' or of σ, whichever is more, relative to its mean before; weights (rows, columns)."""
        return max(
            float((weights * np.abs(now - then)).sum() / (weights * then).sum()) if then.any() else 1.0
            for now, then in (
                (self.permittivity, before.permittivity),
                (self.conductivity, before.conductivity),
            )
        )


def means(around: Surroundings) -> Means:
    """Means of what was summed; a ring that lies wholly outside of the box is as the nearest one that does not, and one
    without any sample as the nearest one that has some."""
    held = around.inside > 0.0
    permittivity, conductivity = np.ones(held.shape), np.zeros(held.shape)
    whole = around.inside + around.outside
    share = around.inside / np.where(whole > 0.0, whole, 1.0)
    if held.any():
        np.divide(around.permittivity, around.inside, out=permittivity, where=held)
        np.divide(around.conductivity, around.inside, out=conductivity, where=held)
        nearest = tuple(distance_transform_edt(~held, return_distances=False, return_indices=True))
        permittivity, conductivity = permittivity[nearest], conductivity[nearest]
    if (whole > 0.0).any():
        share = share[tuple(distance_transform_edt(whole == 0.0, return_distances=False, return_indices=True))]
    return Means(permittivity, conductivity, share)


@dataclass(frozen=True, eq=False)
class Solution:
    """An antenna solved in its surroundings; where each watt that arrives at it goes [W].

    field : |E|²/2 about its axis; reflected : into the line; needle : lost in the needle and its coolant; tissue :
    absorbed in the box; escaped : through the window's walls, or absorbed beyond the box. Their sum is 1.
    """

    field: AxialField
    reflected: float
    needle: float
    tissue: float
    escaped: float


@dataclass(frozen=True)
class AntennaRings:
    """The rings about an antenna in which its surroundings are averaged, and those of them that are near."""

    antenna: Antenna
    width: float

    @cached_property
    def all(self) -> Rings:
        """Of the whole window."""
        window, radius = self.antenna.window, self.antenna.radius
        rows, columns = (int(np.ceil(x / self.width)) + 1 for x in (window.end - window.start, window.radius - radius))
        return Rings(radius, self.width, window.start, rows, columns)

    @cached_property
    def near(self) -> Rings:
        """Near the heat centre."""
        rows, columns = self.near_slices
        z_first = self.all.z_first + rows.start * self.width
        return Rings(self.all.r_min, self.width, z_first, rows.stop - rows.start, columns.stop)

    @cached_property
    def near_slices(self) -> tuple[slice, slice]:
        """Where the near rings are among all."""
        ends = self.antenna.emission_offset - self.all.z_first + np.array([-0.5, 0.5]) * NEAR_LENGTH
        first, last = np.clip(np.rint(ends / self.width).astype(int), 0, self.all.rows).tolist()
        return slice(first, max(last, first + 1)), slice(0, max(1, round(NEAR_RADIUS / self.width)))

    def nearest(self, around: Means) -> Means:
        """The near rings of all."""
        part = self.near_slices
        return Means(around.permittivity[part], around.conductivity[part], around.share[part])

    def weights(self, field: AxialField) -> Array:
        """|E|²/2 times the volume of each near ring, up to a factor."""
        r = self.near.r_min + self.near.width * np.arange(self.near.columns)
        z = self.near.z_first + self.near.width * np.arange(self.near.rows)
        return np.asarray(r * field.half_square(*np.meshgrid(r, z)))

    def at_cells(self, values: Array) -> Array:
        """Values on the rings (rows, columns) at the cells of the antenna's own grid, linear between rings."""
        (row, up), (column, out) = self._between
        low = values[row][:, column] * (1.0 - out) + values[row][:, column + 1] * out
        high = values[row + 1][:, column] * (1.0 - out) + values[row + 1][:, column + 1] * out
        return np.asarray(low * (1.0 - up) + high * up)

    @cached_property
    def _between(self) -> tuple[tuple[Indices, Array], tuple[Indices, Array]]:
        """Lower ring and way to the next one, along z of each row of the antenna's cells and along r of each column."""
        grid, rings = discretised(self.antenna.coaxial, self.antenna.spacing).grid, self.all
        along = np.clip((grid.heights - rings.z_first) / rings.width, 0.0, rings.rows - 1.001)
        across = np.clip((grid.radii - rings.r_min) / rings.width, 0.0, rings.columns - 1.001)
        row, column = along.astype(np.int64), across.astype(np.int64)
        return (row, (along - row)[:, None]), (column, across - column)


@lru_cache(maxsize=32)
def _solved(
    rings: AntennaRings, permittivity: bytes, conductivity: bytes
) -> tuple[AxialField, Array, dict[str, float]]:
    """Field of an antenna in means given as bytes; the power that the medium takes in each of its cells, and where
    the rest goes."""
    antenna, shape = rings.antenna, (rings.all.rows, rings.all.columns)
    epsilon, sigma = (rings.at_cells(np.frombuffer(v).reshape(shape)) for v in (permittivity, conductivity))
    field = solve(
        discretised(antenna.coaxial, antenna.spacing), complex_permittivity(epsilon, sigma, antenna.coaxial.frequency)
    )
    powers = {
        "reflected": field.reflected,
        "needle": sum(power for name, power in field.absorbed_in.items() if name != MEDIUM),
        "escaped": field.escaped,
    }
    return axial_field(field, antenna.radius), field.in_medium, powers


def solution(rings: AntennaRings, around: Means) -> Solution:
    """An antenna in its surroundings; known ones are not solved again."""
    field, taken, powers = _solved(rings, around.permittivity.tobytes(), around.conductivity.tobytes())
    tissue = float((taken * rings.at_cells(around.share)).sum())
    beyond = float(taken.sum()) - tissue
    return Solution(field, powers["reflected"], powers["needle"], tissue, powers["escaped"] + beyond)


class LiveAntenna:
    """One antenna of a run: where it radiated last, its solution there, and one that is being computed.

    Attributes
    ----------
    waited : super-steps since a solution was asked for; solves : how often it was solved
    """

    def __init__(self, antenna: Antenna, backend: Member, spacing: float) -> None:
        self.backend = backend
        self.rings = AntennaRings(antenna, RING_CELLS * spacing)
        self.frame: Frame | None = None
        self.around: Means | None = None
        self.solution: Solution | None = None
        self.asked: tuple[Means, Future[Solution]] | None = None
        self.waited = 0
        self.solves = 0

    def update(self, frame: Frame) -> Solution:
        """The solution to radiate with in a super-step that begins now."""
        if self.asked is not None and frame == self.frame:
            self.waited += 1
            if self.waited == LATER:
                self.around, pending = self.asked
                self.solution, self.asked = pending.result(), None
            assert self.solution is not None
            return self.solution
        moved = self.solution is None or frame != self.frame
        self.frame, self.asked = frame, None
        if moved:
            self._move_to(frame)
        elif self._has_changed(means(self.backend.surroundings(frame, self.rings.near))):
            around = means(self.backend.surroundings(frame, self.rings.all))
            self.solves += 1
            self.asked, self.waited = (around, WORKER.submit(solution, self.rings, around)), 0
        assert self.solution is not None
        return self.solution

    def _move_to(self, frame: Frame) -> None:
        """Wait for a solution in new surroundings; among the same ones only the box may cut off another part."""
        around = means(self.backend.surroundings(frame, self.rings.all))
        if self.around is None or self._has_changed(self.rings.nearest(around)):
            self.solves += 1
            self.around = around
        else:
            self.around = replace(self.around, share=around.share)
        self.solution = solution(self.rings, self.around)

    def _has_changed(self, near: Means) -> bool:
        assert self.around is not None
        assert self.solution is not None
        return near.change(self.rings.nearest(self.around), self.rings.weights(self.solution.field)) > CHANGED

    def shape(self) -> AntennaShape:
        """Its field where it is."""
        assert self.solution is not None
        assert self.frame is not None
        return AntennaShape(self.solution.field, self.frame)

    def state(self) -> dict[str, Any]:
        """Where it is and how often it was solved, as plain values; {} before it has radiated."""
        if self.frame is None:
            return {}
        return {"tip": self.frame.tip, "direction": self.frame.direction, "waited": self.waited, "solves": self.solves}

    def save(self) -> dict[str, Array]:
        """The surroundings in which it is solved, and those in which it is being solved."""
        known = {"around": self.around, "asked": self.asked[0] if self.asked else None}
        return {name: np.stack((m.permittivity, m.conductivity, m.share)) for name, m in known.items() if m is not None}

    def restore(self, state: Mapping[str, Any], saved: Mapping[str, Array]) -> None:
        """Be as when `state` and `save` were taken."""
        if not state:
            return
        (x, y, z), (u, v, w) = state["tip"], state["direction"]
        self.frame, self.waited, self.solves = Frame((x, y, z), (u, v, w)), state["waited"], state["solves"]
        self.around = Means(*saved["around"])
        self.solution = solution(self.rings, self.around)
        if "asked" in saved:
            asked = Means(*saved["asked"])
            self.asked = asked, WORKER.submit(solution, self.rings, asked)

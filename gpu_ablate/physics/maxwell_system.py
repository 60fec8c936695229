"""The linear system of the axisymmetric Maxwell solver: all that depends on the antenna and the grid alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.errors import SceneError
from gpu_ablate.physics.dielectric import VACUUM_PERMEABILITY, VACUUM_PERMITTIVITY
from gpu_ablate.physics.maxwell_elements import (
    axial_matrices,
    dissection,
    element_nodes,
    element_products,
    layered,
    radial_matrices,
)
from gpu_ablate.physics.maxwell_geometry import AxialGrid, CoaxialAntenna, complex_permittivity

Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Indices = NDArray[np.intp]

VACUUM_IMPEDANCE = math.sqrt(VACUUM_PERMEABILITY / VACUUM_PERMITTIVITY)
"""√(μ0/ε0) [Ω]."""


@dataclass(frozen=True)
class Feed:
    """The coaxial line on the plane where it arrives: whatever comes back leaves as the line's own wave.

    ∂u/∂z = jk (2 u_in - u), exact for the line's TEM wave. Source: Jin 2014 (waveguide ports).

    nodes : on the plane (m,); mass : ∫ N_a N_b / r dr (m, m) [-]; permittivity : of the line's dielectric [-]
    """

    nodes: Indices
    mass: Array
    permittivity: float

    @property
    def impedance(self) -> float:
        """Impedance of the line [Ω]: √(μ0/ε0ε) ln(b/a) / 2π."""
        return VACUUM_IMPEDANCE / math.sqrt(self.permittivity) * float(self.mass.sum()) / (2.0 * math.pi)

    @property
    def incident(self) -> float:
        """u of a wave that carries one watt [A]: the current 2πu is √(2P/Z)."""
        return math.sqrt(2.0 / self.impedance) / (2.0 * math.pi)

    def source(self, wavenumber: float) -> ComplexArray:
        """Right side on the nodes (m,) [A m⁻¹]: 2jk/ε u_in ∫ N_a / r dr, for k0 [m⁻¹]."""
        return np.asarray(2j * wavenumber / math.sqrt(self.permittivity) * self.incident * self.mass.sum(axis=1))

    def reflection(self, u: ComplexArray) -> complex:
        """Γ of the voltage on the plane, from u on all nodes (flat): the part that has the shape of the line's wave."""
        weights = self.mass.sum(axis=1)
        return complex(1.0 - weights @ u[self.nodes] / (weights.sum() * self.incident))


@dataclass(frozen=True)
class Discretisation:
    """Antenna and grid made into a system that lacks only the medium.

    Arrays on cells have the shape of `grid` and `layers` cells more at each wall; nodes are flat indices on that grid.

    piece : the ring in each cell or -1 for the medium; own : permittivity of the rings, 1 elsewhere;
    free : nodes where u is unknown (nz + 1, nr + 1);
    live : cells that are not metal, c of them; nodes (c, 4), stiffness [m⁻¹] and mass [m] (c, 4, 4) of their elements;
    order : node of each unknown (n,); used : element entries between unknowns (c·16,), and `slot` their places in
    the matrix, whose pattern by columns is rows, starts; feed_entries : what the feed adds to the matrix
    """

    antenna: CoaxialAntenna
    grid: AxialGrid
    layers: int
    feed: Feed
    piece: Indices
    own: ComplexArray
    free: NDArray[np.bool_]
    live: NDArray[np.bool_]
    nodes: Indices
    stiffness: ComplexArray
    mass: ComplexArray
    order: Indices
    used: NDArray[np.bool_]
    slot: Indices
    rows: NDArray[np.int32]
    starts: NDArray[np.int32]
    feed_entries: ComplexArray

    @property
    def window(self) -> tuple[slice, slice]:
        """Where the window's cells, or its nodes, lie among those of the grid with layers."""
        return slice(self.layers, -self.layers), slice(0, -self.layers)


def discretise(antenna: CoaxialAntenna, grid: AxialGrid) -> Discretisation:
    """Prepare an antenna on a grid, such as one from `graded_grid`, for `solve`.

    Raises SceneError if the line that feeds the antenna is not a lossless dielectric between two conductors.
    """
    wide, across, along = layered(grid)
    layers = len(wide.r) - len(grid.r)
    piece = np.pad(grid.paint(antenna.rings), ((layers, layers), (0, layers)), mode="edge")
    conducts = np.array([*(ring.conducts for ring in antenna.rings), False])
    behind = (wide.heights > antenna.feed)[:, None] & (wide.radii < antenna.line_outer)
    live = ~(conducts[piece] | behind)
    permittivity = [
        1.0 if ring.conducts else complex_permittivity(ring.relative_permittivity, ring.conductivity, antenna.frequency)
        for ring in antenna.rings
    ]
    own = np.array([*permittivity, 1.0], dtype=np.complex128)[piece]

    mass_z, stiff_z = axial_matrices(wide.z, along)
    mass_r, stiff_r = radial_matrices(wide.r, across)
    stiffness = (element_products(mass_z, stiff_r) + element_products(stiff_z, mass_r))[live]
    nodes = element_nodes(wide.shape)[live]

    free = np.zeros((len(wide.z), len(wide.r)), dtype=bool)
    free.ravel()[nodes] = True
    free[:, 0] = False
    order = dissection(*free.shape)
    order = order[free.ravel()[order]]
    unknown = np.full(free.size, -1)
    unknown[order] = np.arange(len(order))
    row, column = np.repeat(unknown[nodes], 4, axis=1).ravel(), np.tile(unknown[nodes], (1, 4)).ravel()
    used = (row >= 0) & (column >= 0)
    places, slot = np.unique(column[used] * len(order) + row[used], return_inverse=True)
    starts = np.searchsorted(places, len(order) * np.arange(len(order) + 1))

    feed = _feed(antenna, wide, own, live, mass_r.real)
    at = unknown[feed.nodes]
    between = np.abs(np.subtract.outer(np.arange(len(at)), np.arange(len(at)))) <= 1
    feed_entries = np.zeros(len(places), dtype=np.complex128)
    feed_places = np.searchsorted(places, (at[None, :] * len(order) + at[:, None])[between])
    feed_entries[feed_places] = 1j * antenna.wavenumber / math.sqrt(feed.permittivity) * feed.mass.T[between]
    return Discretisation(
        antenna=antenna,
        grid=grid,
        layers=layers,
        feed=feed,
        piece=piece,
        own=own,
        free=free,
        live=live,
        nodes=nodes,
        stiffness=stiffness,
        mass=element_products(mass_z, mass_r)[live],
        order=order,
        used=used,
        slot=slot,
        rows=(places % len(order)).astype(np.int32),
        starts=starts.astype(np.int32),
        feed_entries=feed_entries,
    )


def _feed(antenna: CoaxialAntenna, wide: AxialGrid, own: ComplexArray, live: NDArray[np.bool_], mass: Array) -> Feed:
    """The line at the feed, from the permittivity and liveness of the cells and the radial masses (nr, 2, 2) [-]."""
    row = int(np.argmin(np.abs(wide.z - antenna.feed)))
    first, last = (int(np.argmin(np.abs(wide.r - edge))) for edge in (antenna.line_inner, antenna.line_outer))
    line = own[row - 1, first:last]
    sound = live[row - 1, first:last].all() and not live[row - 1, [first - 1, last]].any()
    if not sound or (line != line[0]).any() or line[0].imag != 0.0:
        raise SceneError(
            f"antenna: no line between r = {antenna.line_inner} and {antenna.line_outer} m at z = {antenna.feed} m\n"
            "  remedy: there must be one dielectric without loss between two conductors just below the feed"
        )
    matrix = np.zeros((last - first + 1, last - first + 1))
    for cell in range(last - first):
        matrix[cell : cell + 2, cell : cell + 2] += mass[first + cell]
    return Feed(row * len(wide.r) + np.arange(first, last + 1), matrix, float(line[0].real))

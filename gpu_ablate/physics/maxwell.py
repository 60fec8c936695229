"""The field of a coaxial antenna in a lossy medium: axisymmetric finite elements in the frequency domain.

The equation, its weak form, the elements and the absorbing layers are described in `maxwell_elements`, the antenna and
the grid in `maxwell_geometry`; `maxwell_system.discretise` does once what depends on these alone. `solve` takes a
medium, a complex permittivity per cell, and returns the field for one watt that arrives on the line.

Powers, none of them found as the rest of the others:

- reflected |Γ|², Γ from the part of u on the plane of the feed that has the shape of the line's own wave;
- absorbed ∫ σ|E|²/2 dV of each cell in the window, by the same element integrals as the equation;
- escaped ½ Re ∮ (E × H*)·dA out of the walls of the window, from the fluxes that its cells leave on the walls' nodes.

Their sum is 1 but for rounding and for higher modes at the feed, since the elements conserve power (Galerkin). It tells
whether the system was built and solved rightly; whether the grid is fine enough only a finer grid can tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu
from threadpoolctl import ThreadpoolController

from gpu_ablate.errors import RunError, SceneError
from gpu_ablate.physics.dielectric import VACUUM_PERMITTIVITY
from gpu_ablate.physics.maxwell_geometry import AxialGrid, CoaxialAntenna
from gpu_ablate.physics.maxwell_system import Discretisation

Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

MEDIUM = "medium"
"""Name under which `AntennaField.absorbed_in` gives what lies outside of the antenna."""

RESIDUAL_LIMIT = 1e-8
"""Largest residual of the linear system, as a share of its right side; about 1e-12 is found."""


@dataclass(frozen=True)
class AntennaField:
    """The field in the window for one watt that arrives at the feed; arrays on cells are (nz, nr).

    piece : the ring in each cell, -1 for the medium;
    permittivity : of the medium and the rings [-], without meaning in metal;
    half_square : |E|²/2 [V² m⁻²], mean over each cell, 0 in metal; times a local σ it is the power density;
    u : r H_φ on the nodes (nz + 1, nr + 1) [A], 0 in metal; reflection : Γ of the voltage at the feed;
    escaped : power out of the walls [W]
    """

    antenna: CoaxialAntenna
    grid: AxialGrid
    piece: NDArray[np.intp]
    permittivity: ComplexArray
    half_square: Array
    u: ComplexArray
    reflection: complex
    escaped: float

    @cached_property
    def absorbed(self) -> Array:
        """Power absorbed in each cell [W]."""
        conductivity = -self.permittivity.imag * self.antenna.angular_frequency * VACUUM_PERMITTIVITY
        return conductivity * self.half_square * self.grid.volumes

    @cached_property
    def in_medium(self) -> Array:
        """Power that the medium absorbs in each cell (nz, nr) [W]; 0 in the antenna."""
        return np.where(self.piece < 0, self.absorbed, 0.0)

    @property
    def absorbed_in(self) -> dict[str, float]:
        """Power absorbed in the medium and in the rings of each name [W]."""
        powers = {MEDIUM: float(self.in_medium.sum())}
        for index, ring in enumerate(self.antenna.rings):
            powers[ring.name] = powers.get(ring.name, 0.0) + float(self.absorbed[self.piece == index].sum())
        return powers

    @property
    def reflected(self) -> float:
        """Power reflected into the line [W]: |Γ|²."""
        return abs(self.reflection) ** 2

    @property
    def imbalance(self) -> float:
        """What the powers add up to beyond the watt that arrives [W]."""
        return self.reflected + float(self.absorbed.sum()) + self.escaped - 1.0

    @property
    def electric(self) -> tuple[ComplexArray, ComplexArray]:
        """E_r and E_z in the middle of each cell (nz, nr) [V m⁻¹]; 0 in metal."""
        factor = 1j * self.antenna.angular_frequency * VACUUM_PERMITTIVITY * self.permittivity
        along, across = np.diff(self.u, axis=0), np.diff(self.u, axis=1)
        middle = np.sqrt(0.5 * (self.grid.r[1:] ** 2 + self.grid.r[:-1] ** 2))
        d_z = 0.5 * (along[:, 1:] + along[:, :-1]) / np.diff(self.grid.z)[:, None]
        d_q = 0.5 * (across[1:] + across[:-1]) / np.diff(self.grid.r**2)
        field = self.half_square > 0.0
        return np.where(field, -d_z / (factor * middle), 0.0), np.where(field, 2.0 * d_q / factor, 0.0)


def solve(system: Discretisation, medium: ArrayLike) -> AntennaField:
    """The field of an antenna in a medium of complex relative permittivity ε' - jσ/(ωε0).

    medium : one value or one per cell of the window (nz, nr), ignored in cells of the antenna; beyond a wall it goes on
    as at the wall. One watt arrives at the feed; what comes back into the line is not reflected again.

    Raises SceneError if the medium gains power or has no positive ε', RunError if the system cannot be solved.
    """
    permittivity = _permittivity(system, medium)
    value = permittivity[system.live][:, None, None]
    elements = system.stiffness / value - system.antenna.wavenumber**2 * system.mass
    u = _unknowns(system, elements)

    here = u[system.nodes]
    square = np.einsum("ca,cab,cb->c", here.conj(), system.stiffness, here).real
    half_square = np.zeros(system.live.shape)
    # |E|² = |∇u|² / |ωε0 ε r|², dV = 2πr dr dz
    omega_epsilon = system.antenna.angular_frequency * VACUUM_PERMITTIVITY * np.abs(permittivity[system.live])
    half_square[system.live] = math.pi * square / omega_epsilon**2
    window = system.window
    return AntennaField(
        antenna=system.antenna,
        grid=system.grid,
        piece=system.piece[window],
        permittivity=permittivity[window],
        half_square=half_square[window] / system.grid.volumes,
        u=u.reshape(system.free.shape)[window],
        reflection=system.feed.reflection(u),
        escaped=_escaped(system, elements, u),
    )


def _permittivity(system: Discretisation, medium: ArrayLike) -> ComplexArray:
    """Permittivity of all cells, those of the layers included: of the rings where there are any."""
    layers = system.layers
    inside = np.broadcast_to(np.asarray(medium, dtype=np.complex128), system.grid.shape)
    whole = np.pad(inside, ((layers, layers), (0, layers)), mode="edge")
    medium_cells = system.live & (system.piece < 0)
    values = whole[medium_cells]
    if not (np.isfinite(values).all() and (values.real > 0.0).all() and (values.imag <= 0.0).all()):
        raise SceneError(
            "medium around the antenna: a permittivity is not finite, not positive, or gains power\n"
            "  remedy: give ε' - jσ/(ωε0) with ε' > 0 and σ >= 0 in every cell"
        )
    return np.where(medium_cells, whole, system.own)


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()


def _unknowns(system: Discretisation, elements: ComplexArray) -> ComplexArray:
    """u on all nodes (flat) [A] from the element matrices (c, 4, 4): sparse LU in the order of the unknowns."""
    entries = elements.ravel()[system.used]
    data = np.bincount(system.slot, entries.real) + 1j * np.bincount(system.slot, entries.imag) + system.feed_entries
    matrix = csc_matrix((data, system.rows, system.starts))
    u = np.zeros(system.free.size, dtype=np.complex128)
    u[system.feed.nodes] = system.feed.source(system.antenna.wavenumber)
    source = u[system.order]
    with _threads().limit(limits=1, user_api="blas"):  # its blocks are small: more threads only wait for each other
        factors = splu(matrix, permc_spec="NATURAL", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    solution = factors.solve(source)
    left = np.asarray(matrix @ solution) - source
    residual = float(np.abs(left).max() / np.abs(source).max())
    if not residual < RESIDUAL_LIMIT:
        raise RunError(
            f"antenna: the field could not be solved (residual {residual:.1e}, at most {RESIDUAL_LIMIT:.0e})\n"
            "  remedy: look for a closed cavity without loss in the antenna, or change the grid a little"
        )
    u[:] = 0.0
    u[system.order] = solution
    return u


def _escaped(system: Discretisation, elements: ComplexArray, u: ComplexArray) -> float:
    """Power out of the walls of the window [W].

    The window's cells alone leave on each node of a wall ∮ v ∂u/∂n / (ε r) ds for its test function v; with
    S·n = -½ Im(∂u/∂n u* / ε) / (ωε0 r²) the flow is -π/(ωε0) Im Σ flux u*.
    """
    inside = np.zeros(system.live.shape, dtype=bool)
    inside[system.window] = True
    cells = inside[system.live]
    nodes = system.nodes[cells]
    flux = np.einsum("cab,cb->ca", elements[cells], u[nodes]).ravel()
    power = np.bincount(nodes.ravel(), (flux * u[nodes].ravel().conj()).imag, u.size)
    wall = np.zeros(system.free.shape, dtype=bool)
    edges = wall[system.window]
    edges[[0, -1]] = edges[:, -1] = True
    wall.ravel()[system.feed.nodes] = False
    return -math.pi / (system.antenna.angular_frequency * VACUUM_PERMITTIVITY) * float(power[wall.ravel()].sum())

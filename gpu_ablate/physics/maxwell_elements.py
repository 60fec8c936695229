"""Element matrices of the axisymmetric Maxwell solver on a tensor grid with absorbing layers, and an elimination order.

With u = r H_φ [A] and fields that go as exp(+jωt), Maxwell's equations without azimuthal variation become

    ∇·(∇u / (ε r)) + k0² u / r = 0,    E_r = -∂u/∂z / (jωε0 ε r),    E_z = ∂u/∂r / (jωε0 ε r)

and in weak form, for each test function v that is zero on the axis,

    ∬ [∇u·∇v / (ε r) - k0² u v / r] dr dz = ∮ v ∂u/∂n / (ε r) ds.

The right side is zero on a perfect conductor, whose tangential E is ∂u/∂n: the conductors are simply left out.

Elements are bilinear in (r², z): they hold both ends of what a field does near the axis, u = const (the wave in a
coaxial line) and u ~ r². Products of u and v are integrated half consistently and half lumped, which makes the error
of the wavelength on an even grid of fourth order instead of second (Ainsworth and Wajid 2010).

Sources: Jin 2014, The Finite Element Method in Electromagnetics, 3rd ed. (weak form, axisymmetric fields, perfectly
matched layers); Ainsworth and Wajid 2010, SIAM J Numer Anal 48:346 (blended integration); Chew and Weedon 1994, Microw
Opt Technol Lett 7:599 (layers as stretched coordinates); George 1973, SIAM J Numer Anal 10:345 (nested dissection).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.physics.maxwell_geometry import AxialGrid

Array = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Indices = NDArray[np.intp]

LAYER_DEPTH = 20e-3
"""Depth of the absorbing layer outside each wall [m]."""

LAYER_GROWTH = 1.15
"""Each cell of a layer is longer than the one before by this factor; the first is like the longest in the window."""

LAYER_STRENGTH = 12.0
"""Imaginary stretch A at the layer's outer end; it rises with the square of the depth. With 12 a plane wave that meets
the layer head on is reflected by less than 0.01 of its field in media of ε' 1 to 57 at 2.45 GHz and 2 to 57 at 915 MHz
(0.04 in air). From 6 to 25 the powers of a slot antenna in fat, a quarter of which leaves, agree within 0.001 W/W."""

LEAF = 4
"""Blocks of up to LEAF × LEAF nodes are eliminated as they are."""

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(5)


@dataclass(frozen=True)
class Layer:
    """Absorbing layers before `start` and behind `end` [m], of given depths d [m] (0: none), stretch 1 - jA (t/d)²."""

    start: float
    end: float
    before: float
    behind: float

    def stretch(self, x: Array) -> ComplexArray:
        """dx̃/dx at x [m]."""
        depth = self._depth(x - self.end, self.behind) + self._depth(self.start - x, self.before)
        return np.asarray(1.0 - 1j * LAYER_STRENGTH * depth**2)

    def stretched(self, x: Array) -> ComplexArray:
        """x̃ [m] at x behind `start`."""
        return np.asarray(x - 1j * LAYER_STRENGTH * self.behind / 3.0 * self._depth(x - self.end, self.behind) ** 3)

    @staticmethod
    def _depth(beyond: Array, thickness: float) -> Array:
        """Depth t/d in a layer, 0 outside of it."""
        return np.maximum(beyond, 0.0) / thickness if thickness > 0.0 else np.zeros_like(beyond)


def layered(grid: AxialGrid) -> tuple[AxialGrid, Layer, Layer]:
    """The grid with equally many cells more at each of its three walls, and the layers along r and along z."""
    longest = max(np.diff(grid.r).max(), np.diff(grid.z).max())
    cells = math.ceil(math.log1p(LAYER_DEPTH * (LAYER_GROWTH - 1.0) / longest) / math.log(LAYER_GROWTH))
    steps = np.cumsum(LAYER_GROWTH ** np.arange(cells))
    steps *= LAYER_DEPTH / steps[-1]
    wide = AxialGrid(np.r_[grid.r, grid.r[-1] + steps], np.r_[grid.z[0] - steps[::-1], grid.z, grid.z[-1] + steps])
    return wide, Layer(0.0, grid.r[-1], 0.0, LAYER_DEPTH), Layer(grid.z[0], grid.z[-1], LAYER_DEPTH, LAYER_DEPTH)


def axial_matrices(z: Array, layer: Layer) -> tuple[ComplexArray, ComplexArray]:
    """∫ N_a N_b s dz [m] (blended) and ∫ N_a' N_b' / s dz [m⁻¹] of linear functions on each cell (n, 2, 2)."""
    at, weight, shape, slope = _rule(z)
    stretch = layer.stretch(at)
    mass = np.einsum("cq,cqa,cqb->cab", weight * stretch, shape, shape)
    return _blended(mass), np.einsum("cq,ca,cb->cab", weight / stretch, slope, slope)


def radial_matrices(r: Array, layer: Layer) -> tuple[ComplexArray, ComplexArray]:
    """∫ N_a N_b s/r̃ dr [-] (blended) and ∫ N_a' N_b' / (r̃ s) dr [m⁻²] of functions linear in q = r² (n, 2, 2).

    dr = dq/2r and d/dr = 2r d/dq, so that nothing is singular on the axis except the terms of a node on it, where u is
    zero.
    """
    at, weight, shape, slope = _rule(r**2)
    radius = np.sqrt(at)
    stretch, stretched = layer.stretch(radius), layer.stretched(radius)
    mass = np.einsum("cq,cqa,cqb->cab", weight * stretch / (2.0 * radius * stretched), shape, shape)
    return _blended(mass), np.einsum("cq,ca,cb->cab", weight * 2.0 * radius / (stretched * stretch), slope, slope)


def _rule(x: Array) -> tuple[Array, Array, Array, Array]:
    """Gauss points (n, q) of each cell, weights (n, q), the two linear functions there (n, q, 2), slopes (n, 2)."""
    low, size = x[:-1, None], np.diff(x)[:, None]
    share = 0.5 * (1.0 + POINTS)
    shape = np.broadcast_to(np.stack([1.0 - share, share], axis=-1), (len(size), len(share), 2))
    return low + size * share, 0.5 * size * WEIGHTS, shape, np.array([-1.0, 1.0]) / size


def _blended(mass: ComplexArray) -> ComplexArray:
    """The mean of consistent and lumped matrices (n, 2, 2)."""
    return np.asarray(0.5 * (mass + mass.sum(axis=2)[:, :, None] * np.eye(2)))


def element_products(along: ComplexArray, across: ComplexArray) -> ComplexArray:
    """Matrices of the bilinear elements (nz, nr, 4, 4) from those along z (nz, 2, 2) and across, r (nr, 2, 2)."""
    cells = len(along), len(across)
    return np.asarray(np.einsum("zab,rcd->zracbd", along, across).reshape(*cells, 4, 4))


def element_nodes(shape: tuple[int, int]) -> Indices:
    """Flat indices of the four nodes of each cell (nz, nr, 4), in the order of `element_products`."""
    rows, columns = shape[0] + 1, shape[1] + 1
    node = np.arange(rows * columns).reshape(rows, columns)
    return np.stack([node[:-1, :-1], node[:-1, 1:], node[1:, :-1], node[1:, 1:]], axis=-1)


def dissection(rows: int, columns: int) -> Indices:
    """An order of the rows × columns nodes in which elimination fills little: both halves first, then the cut."""
    node = np.arange(rows * columns).reshape(rows, columns)

    def ordered(block: Indices) -> list[Indices]:
        if max(block.shape) <= LEAF:
            return [block.ravel()]
        long = block if block.shape[0] >= block.shape[1] else block.T
        middle = len(long) // 2
        return [*ordered(long[:middle]), *ordered(long[middle + 1 :]), long[middle]]

    return np.concatenate(ordered(node))

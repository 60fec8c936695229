"""Heat spreading on the 7-point lattice: the temperature of a cell per heat put into another one, exactly.

G solves 6 G(x) - Σ G(neighbours of x) = δ(x) in unbounded space, with cells of edge 1. In cells of edge Δx and
conductivity k, heat Q [W] put into a cell raises another by G Q/(k Δx) [K]. Far away G tends to 1/(4πr).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ive

Array = NDArray[np.float64]

NEAR = 20
"""Offsets up to this come from the integral, farther ones from the series, which errs less than 1e-9 there [cells]."""

LATEST = 1e8
"""Time up to which the integral is done by quadrature; what follows it is (4πt)^(-3/2) to 1e-9 of the whole."""


def lattice_green(dx: ArrayLike, dy: ArrayLike, dz: ArrayLike) -> Array:
    """G at whole offsets of cells, any shape, broadcast together.

    G(l, m, n) = ∫_0^∞ e^(-6t) I_l(2t) I_m(2t) I_n(2t) dt.

    Source: Economou 2006, Green's Functions in Quantum Physics, 5.3 (the cubic lattice)
    """
    offsets = np.abs(np.stack(np.broadcast_arrays(dx, dy, dz))).astype(np.int64)
    near = offsets.max(axis=0) <= NEAR
    values = np.empty(near.shape)
    values[near] = _near()[tuple(offsets[:, near])]
    values[~near] = _far(offsets[:, ~near].astype(np.float64))
    return values


@cache
def _near() -> Array:
    """G at all offsets 0 .. NEAR, (NEAR + 1,)*3.

    Gauss-Legendre over each decade of time; the orders enter only through their products, so the table is one
    contraction over time.
    """
    nodes, node_weights = np.polynomial.legendre.leggauss(48)
    edges = np.concatenate([[0.0], 10.0 ** np.arange(-1.0, np.log10(LATEST) + 1.0)])
    half = 0.5 * np.diff(edges)[:, None]
    time = (edges[:-1, None] + half * (1.0 + nodes)).ravel()
    weight = (half * node_weights).ravel()
    bessel = ive(np.arange(NEAR + 1)[:, None], 2.0 * time)
    table = np.einsum("lt,mt,nt->lmn", bessel * weight, bessel, bessel, optimize=True)
    return np.asarray(table + 2.0 * (4.0 * np.pi) ** -1.5 / np.sqrt(LATEST))


def _far(offsets: Array) -> Array:
    """G at offsets (3, n) far from 0.

    1/(4πr) + (5 s_4 - 3)/(32π r³) + (1155 s_4² - 1512 s_6 + 630 s_4 - 181)/(512π r⁵), s_p = Σ x_i^p / r^p: the
    inverse transform of 1/Σ(2 - 2 cos κ_i), expanded in powers of κ to κ².
    """
    squares = offsets**2
    r2 = squares.sum(axis=0)
    s4 = (squares**2).sum(axis=0) / r2**2
    s6 = (squares**3).sum(axis=0) / r2**3
    second = (5.0 * s4 - 3.0) / (32.0 * r2)
    third = (1155.0 * s4**2 - 1512.0 * s6 + 630.0 * s4 - 181.0) / (512.0 * r2**2)
    return np.asarray((0.25 + second + third) / (np.pi * np.sqrt(r2)))

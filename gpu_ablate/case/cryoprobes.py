"""Cryoprobes as exchange rows: the freezing part of each needle; the rest of its shaft is insulated."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gpu_ablate.case.case import Cryogen, Cryoprobe
from gpu_ablate.case.grid import Grid
from gpu_ablate.case.needle import exchange_rows, segment_nodes
from gpu_ablate.case.probes import along
from gpu_ablate.case.setup import Probe
from gpu_ablate.errors import SceneError
from gpu_ablate.spec.device import CryoDevice
from gpu_ablate.units import BODY_C, MM

Array = NDArray[np.float64]

LEAST_LOSS = 0.005
"""A probe of which less lies outside the box or in gas is not worth a note."""

MAIN_SHARE = 0.5
"""Cells that hold less of a probe's wall than this times the mean over the wall are not where it lies: slivers beside
it and beyond the ends of an oblique one would decide when it is free."""

DRAWN = "probe.{}_j"
"""Term of a cryoprobe's exchange in a backend's sums, by the name of its probe."""


@dataclass(frozen=True)
class CryoRows:
    """A cryoprobe with its rows (see `Exchange`).

    cells : of the rows, flat indices; `probe` has the main ones
    lost : share of its freezing part that lies outside the box or in gas and exchanges nothing
    """

    name: str
    probe: Cryoprobe
    cells: NDArray[np.int64]
    radius: float
    weights: Array
    series: Array
    lost: float


def cryo_rows(probe: Probe, device: CryoDevice, grid: Grid, gas: NDArray[np.bool_]) -> CryoRows:
    """The exchange of a cryoprobe.

    gas : (nz, ny, nx) cells that are not solved

    Raises
    ------
    SceneError
        None of its freezing part lies in tissue.
    """
    start, length = device.active_from_mm.value * MM, device.active_length_mm.value * MM
    ends = (along(probe.tip, probe.direction, start), along(probe.tip, probe.direction, start + length))
    nodes = segment_nodes(grid, *ends, probe.radius)
    weights, series = exchange_rows(grid, nodes, length, probe.radius)
    solved = ~gas.flat[nodes.cells]
    if not solved.any():
        raise SceneError(
            f'probe "{probe.name}": its freezing part, {device.active_length_mm.value:g} mm from '
            f"{device.active_from_mm.value:g} mm behind the tip, lies outside of the tissue\n"
            "  remedy: move tip_mm, turn the shaft, or enlarge [domain]"
        )
    warm = None
    if device.thaw_temperature_c is not None and device.thaw_time_constant_s is not None:
        warm = Cryogen(device.thaw_temperature_c.value - BODY_C, device.thaw_time_constant_s.value)
    found = Cryoprobe(
        h=device.film_h_w_m2k.value,
        area=2.0 * math.pi * probe.radius * length,
        cells=_main_cells(nodes.cells[solved], nodes.shares[solved]),
        freeze=Cryogen(device.freeze_temperature_c.value - BODY_C, device.freeze_time_constant_s.value),
        thaw=warm,
    )
    lost = 1.0 - float(nodes.shares[solved].sum())
    return CryoRows(probe.name, found, nodes.cells[solved], probe.radius, weights[solved], series[solved], lost)


def _main_cells(cells: NDArray[np.int64], shares: Array) -> NDArray[np.int64]:
    """The cells that hold much of the wall, at least `MAIN_SHARE` of the share that a point of the wall finds."""
    return cells[shares >= MAIN_SHARE * float((shares**2).sum() / shares.sum())]


def cryo_notes(probes: list[CryoRows]) -> list[str]:
    """Which probes leave the box or the tissue, and by how much."""
    return [
        f'{100.0 * rows.lost:.0f} % of the freezing part of probe "{rows.name}" lies outside the box or in gas and '
        "freezes nothing."
        for rows in probes
        if rows.lost >= LEAST_LOSS
    ]

"""Outlines of isotherms as a camera sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from gpu_ablate.case.grid import Grid
from gpu_ablate.render import style
from gpu_ablate.render.camera import Camera


def hottest_behind(
    temperature: NDArray[np.float32], grid: Grid, camera: Camera, across: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]]:
    """Highest temperature on each line of sight.

    Parameters
    ----------
    temperature : (nz, ny, nx) [°C]; outside the grid there is nothing
    across : half the width of what is seen [m]

    Returns
    -------
    right, up : (n,), (m,) from the middle of the picture [m], a cell apart
    hottest : (m, n) [°C], -inf where a line misses the grid
    """
    step = grid.spacing
    right = np.arange(-across, across + step, step)
    up = np.arange(-camera.height / 2, camera.height / 2 + step, step)
    corners = np.array([grid.origin, grid.upper])
    depths = [np.array([x, y, z]) - camera.focus for x in corners[:, 0] for y in corners[:, 1] for z in corners[:, 2]]
    depth = [float(corner @ camera.towards) for corner in depths]
    middle = camera.focus + right[None, :, None] * camera.right + up[:, None, None] * camera.up
    hottest = np.full((len(up), len(right)), -np.inf, dtype=np.float32)
    for along in np.arange(min(depth), max(depth) + step, step):
        index = (middle + along * camera.towards - np.asarray(grid.origin)) / step - 0.5
        layer = map_coordinates(temperature, index[..., ::-1].transpose(2, 0, 1), order=1, cval=-np.inf)
        np.maximum(hottest, layer, out=hottest)
    return right, up, hottest


def draw_isotherms(
    axes: Any,
    temperature: NDArray[np.floating],
    isotherms: list[style.Isotherm],
    grid: Grid,
    camera: Camera,
    across: float,
) -> None:
    """Outline everything beyond each isotherm, in the camera's plane [m]; all of heat, or all of cold."""
    from matplotlib.patheffects import withStroke

    sign = -1.0 if any(isotherm in style.COLD for isotherm in isotherms) else 1.0
    right, up, farthest = hottest_behind(sign * temperature, grid, camera, across)
    farthest = np.where(np.isfinite(farthest), farthest, (sign * temperature).min())
    for isotherm in isotherms:
        level = sign * isotherm.temperature_c
        if farthest.min() < level < farthest.max():
            drawn = axes.contour(right, up, farthest, [level], colors=isotherm.colour,
                                 linewidths=2.2, linestyles=isotherm.line)  # fmt: skip
            drawn.set_path_effects([withStroke(linewidth=4.0, foreground="white")])

"""Refuse a grid that does not fit in memory before anything of its size is made."""

from __future__ import annotations

import os
from pathlib import Path

from gpu_ablate.case.grid import Grid
from gpu_ablate.errors import SceneError
from gpu_ablate.scene.schema import Scene
from gpu_ablate.units import MM

BYTES_PER_CELL = 160
"""Peak of building, solving with all histories of heat and measuring, per cell (measured: see docs/numerics.md)."""

COLD_BYTES_PER_CELL = 40
"""And of what is remembered of freezing: ten fields of four bytes."""


def available_bytes() -> int:
    """Memory that can still be had [bytes]."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def require_memory(scene: Scene, grid: Grid) -> None:
    """Raise a SceneError with the estimate if the grid cannot fit."""
    need, have = grid.cells * (BYTES_PER_CELL + COLD_BYTES_PER_CELL * scene.freezes()), available_bytes()
    if need <= have:
        return
    coarser = grid.spacing / MM * (need / have) ** (1.0 / 3.0) * 1.05
    nz, ny, nx = grid.shape
    raise SceneError(
        f"{scene.path}: [domain] spacing_mm = {grid.spacing / MM:g}: the grid of {nx} x {ny} x {nz} cells needs about "
        f"{need / 1e9:.1f} GB, {have / 1e9:.1f} GB are available\n"
        f"  remedy: spacing_mm = {coarser:.2g} or more, or a smaller box"
    )
